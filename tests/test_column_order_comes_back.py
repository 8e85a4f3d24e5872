"""Children whose columns stand in an order that their parents alone don't give them."""

from __future__ import annotations

import pytest

pytestmark = pytest.mark.proof

# A parent that came later, columns that parents got later, and both at once.
ORDERS = {
    "columns of a parent": """
CREATE TABLE parent (id int PRIMARY KEY, word text DEFAULT 'w', CONSTRAINT positive CHECK (id > 0));
CREATE TABLE child (own int DEFAULT 7 NOT NULL, word text DEFAULT 'mine') INHERITS (parent);
ALTER TABLE parent ADD late text NOT NULL DEFAULT 'l' CHECK (late <> '');
ALTER TABLE parent ALTER late SET STORAGE EXTERNAL;
ALTER TABLE parent ADD computed int GENERATED ALWAYS AS (id * 2) STORED;
INSERT INTO child (id) SELECT generate_series(1, 5);
""",
    "a parent": """
CREATE TABLE parent (id int NOT NULL, word text COLLATE "C", CONSTRAINT positive CHECK (id > 0));
CREATE TABLE child (own int DEFAULT 7, word text COLLATE "C", id int NOT NULL,
    CONSTRAINT positive CHECK (id > 0), CONSTRAINT fine CHECK (own IS NOT NULL));
ALTER TABLE child INHERIT parent;
CREATE INDEX ON child (word, own);
INSERT INTO child (id, word) SELECT g, 'w' || g FROM generate_series(1, 5) AS g;
""",
    "two parents": """
CREATE TABLE parent (id int, word text);
CREATE TABLE second (size numeric(6, 2), id int DEFAULT 4);
CREATE TABLE child (own int) INHERITS (parent);
ALTER TABLE child ADD size numeric(6, 2), ADD "Last One" text;
ALTER TABLE child INHERIT second;
ALTER TABLE second ADD late date;
CREATE TABLE grandchild (tail text) INHERITS (child);
ALTER TABLE parent ADD latest int[];
INSERT INTO child VALUES (1, 'w', 2, 3.5, 'l', '2026-01-01', '{1}');
INSERT INTO grandchild VALUES (1, 'w', 2, 3.5, 'l', '2026-01-01', 't', '{2}');
""",
}


@pytest.mark.parametrize(
    "sql",
    [
        "DROP TABLE child CASCADE",
        "DROP TABLE parent CASCADE",
        "ALTER TABLE child DROP own",
        "ALTER TABLE child ALTER own TYPE text",
    ],
)
@pytest.mark.parametrize("order", ORDERS)
def test_columns_keep_their_places(order, sql, connect, comes_back):
    setup = connect()
    setup.autocommit = True
    setup.cursor().execute(ORDERS[order])
    comes_back(sql)


def test_a_foreign_child_keeps_its_columns_places(connect, comes_back):
    setup = connect()
    setup.autocommit = True
    setup.cursor().execute(
        "CREATE FOREIGN DATA WRAPPER nothing; CREATE SERVER far FOREIGN DATA WRAPPER nothing;"
        "CREATE TABLE parent (id int); CREATE FOREIGN TABLE child (own int OPTIONS (a 'b'))"
        " INHERITS (parent) SERVER far OPTIONS (c 'd'); ALTER TABLE parent ADD late int"
    )
    comes_back("DROP FOREIGN TABLE child")
