"""Triggers that partitions have from their table stay silent while a restore writes rows.

Before version 15 the server takes them for its own.
"""

from __future__ import annotations

import pytest

pytestmark = pytest.mark.proof

MEASURED = """
CREATE TABLE log (line text);
CREATE FUNCTION note() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
    INSERT INTO log VALUES (TG_OP || ' in ' || TG_TABLE_NAME); RETURN NULL; END $$;
CREATE TABLE measured (id int PRIMARY KEY, value int) PARTITION BY RANGE (id);
CREATE TABLE measured_low PARTITION OF measured FOR VALUES FROM (0) TO (10);
CREATE TABLE measured_rest PARTITION OF measured DEFAULT;
INSERT INTO measured SELECT g, g FROM generate_series(1, 20) AS g;
CREATE TRIGGER note AFTER INSERT ON measured FOR EACH ROW EXECUTE FUNCTION note();
"""


@pytest.mark.parametrize(
    "sql",
    [
        "DELETE FROM measured WHERE id > 5",
        "DELETE FROM measured_low WHERE id > 5",
        "TRUNCATE measured_rest",
    ],
)
def test_rows_come_back_without_a_word_of_the_triggers(sql, connect, comes_back):
    setup = connect()
    setup.autocommit = True
    setup.cursor().execute(MEASURED)
    comes_back(sql)
