"""Tables of every shape: keys of all kinds and none, dropped columns, partitions, inheritance."""

from __future__ import annotations

import pytest

import backstop

pytestmark = pytest.mark.proof

NAMES = """
CREATE SCHEMA "A.b ""c"" %s {x}";
SET search_path = "A.b ""c"" %s {x}";
CREATE TABLE "Ünï 🐘 ""q"" \\ %(a)s" (
    "ID" int PRIMARY KEY, "select" text, "100%" int, " lead" int, "$1" text, ":name" text,
    "tableoid " int, "xmin_" int, "old" text, "new" text, "a.b" text, "'" text
);
INSERT INTO "Ünï 🐘 ""q"" \\ %(a)s"
    SELECT g, 's', g, g, 'd', 'n', g, g, 'o', 'n', 'p', 'q' FROM generate_series(1, 6) AS g;
CREATE TABLE "TABLE" AS SELECT * FROM "Ünï 🐘 ""q"" \\ %(a)s";
SET search_path = public;
"""
NAMED = '"A.b ""c"" %s {x}"."Ünï 🐘 ""q"" \\ %(a)s"'
KEYLESS_NAMED = '"A.b ""c"" %s {x}"."TABLE"'
LONG = "n" * 63

ALTERED = """
CREATE TABLE altered (gone_first int, id int {key}, gone text, v text, w numeric, gone_last int);
INSERT INTO altered SELECT g, g, 'gone', 'v' || g, g, 7 FROM generate_series(1, 9) AS g;
ALTER TABLE altered DROP gone_first, DROP gone, DROP gone_last;
ALTER TABLE altered ADD late text DEFAULT 'filled', ADD twice numeric
    GENERATED ALWAYS AS (w * 2) STORED, ADD number int GENERATED ALWAYS AS IDENTITY;
INSERT INTO altered VALUES (100, 'new', 1, NULL);
"""
ALTERED_KEYED = ALTERED.format(key="PRIMARY KEY")
ALTERED_KEYLESS = ALTERED.format(key="")

DUPLICATES = """
CREATE TABLE twin (a int, b text);
INSERT INTO twin SELECT 1, 'x' FROM generate_series(1, 4);
INSERT INTO twin SELECT 2, 'x' FROM generate_series(1, 3);
INSERT INTO twin VALUES (NULL, NULL), (NULL, NULL), (3, 'y');
CREATE TABLE nothing ();
INSERT INTO nothing SELECT FROM generate_series(1, 5);
CREATE TABLE constant (one int GENERATED ALWAYS AS (1) STORED);
INSERT INTO constant SELECT FROM generate_series(1, 3);
"""

KINDS = """
CREATE UNLOGGED TABLE unlogged (id serial PRIMARY KEY, v text);
INSERT INTO unlogged (v) SELECT 'v' || g FROM generate_series(1, 9) AS g;
CREATE TABLE always (id bigint GENERATED ALWAYS AS IDENTITY, v int, UNIQUE (v));
INSERT INTO always (v) SELECT g FROM generate_series(1, 9) AS g;
CREATE TABLE computed (
    base int, double int GENERATED ALWAYS AS (base * 2) STORED PRIMARY KEY,
    label text GENERATED ALWAYS AS ('n' || base) STORED UNIQUE
);
INSERT INTO computed SELECT generate_series(1, 9);
CREATE TABLE composite (a text, b date, c int, PRIMARY KEY (c, a, b));
INSERT INTO composite SELECT 't' || g, date '2026-01-01' + g, g % 3 FROM generate_series(1, 9) AS g;
CREATE TABLE nullable_unique (a int UNIQUE, b int);
INSERT INTO nullable_unique VALUES (1, 1), (2, 1), (NULL, 1), (NULL, 1), (NULL, 2);
CREATE TABLE lasting (a int NOT NULL, b int);
INSERT INTO lasting SELECT -g, g FROM generate_series(1, 5) AS g;
ALTER TABLE lasting ADD CHECK (a > 0) NOT VALID;
"""

# An UPDATE that shifts unique values succeeds in the order of the rows, and a restore that went
# the same way would run into the rows that it has not yet moved.
UNIQUE = """
CREATE TABLE seat (id int PRIMARY KEY, n int UNIQUE, who text);
INSERT INTO seat SELECT 10 - g, 10 - g, 'w' || g FROM generate_series(1, 9) AS g;
CREATE TABLE late_seat (id int PRIMARY KEY, n int UNIQUE DEFERRABLE, m int);
ALTER TABLE late_seat ADD EXCLUDE (m WITH =) DEFERRABLE INITIALLY DEFERRED;
INSERT INTO late_seat SELECT g, g, g FROM generate_series(1, 9) AS g;
CREATE TABLE booking (id int PRIMARY KEY, during int4range, EXCLUDE USING gist (during WITH &&));
INSERT INTO booking SELECT g, int4range((9 - g) * 2, (9 - g) * 2 + 2)
    FROM generate_series(1, 9) AS g;
CREATE TABLE login (id int PRIMARY KEY, email text, active boolean, alias text);
CREATE UNIQUE INDEX ON login (lower(email)) WHERE active;
CREATE UNIQUE INDEX ON login ((alias || '@x'));
INSERT INTO login SELECT g, 'U' || (10 - g) || '@x', g % 3 > 0, 'a' || g
    FROM generate_series(1, 9) AS g;
CREATE TABLE bare (n int UNIQUE NOT NULL, m int);
INSERT INTO bare SELECT 10 - g, g FROM generate_series(1, 9) AS g;
"""

# The second partition has its columns in another order, and a dropped one between them.
PARTITIONS = """
CREATE TABLE sale (id int, region text, amount int, note text) PARTITION BY LIST (region);
CREATE TABLE sale_north PARTITION OF sale FOR VALUES IN ('north');
CREATE TABLE sale_south (note text, gone int, amount int, region text, id int);
ALTER TABLE sale_south DROP gone;
ALTER TABLE sale ATTACH PARTITION sale_south FOR VALUES IN ('south');
CREATE TABLE sale_rest PARTITION OF sale DEFAULT PARTITION BY HASH (id);
CREATE TABLE sale_rest_0 PARTITION OF sale_rest FOR VALUES WITH (MODULUS 2, REMAINDER 0);
CREATE TABLE sale_rest_1 PARTITION OF sale_rest FOR VALUES WITH (MODULUS 2, REMAINDER 1);
INSERT INTO sale SELECT g, (array['north', 'south', 'east', 'west'])[1 + g % 4], g, 'n' || g
    FROM generate_series(1, 40) AS g;
"""
PARTITIONS_KEYED = PARTITIONS + "ALTER TABLE sale ADD PRIMARY KEY (id, region);"

INHERITED = """
CREATE TABLE thing (id int PRIMARY KEY, name text);
CREATE TABLE marked (mark int, name text);
CREATE TABLE chair (legs int, PRIMARY KEY (id)) INHERITS (thing, marked);
CREATE TABLE stool (round boolean) INHERITS (chair);
INSERT INTO thing VALUES (1, 'thing'), (2, 'twice');
INSERT INTO chair VALUES (2, 'twice', 5, 4), (3, 'chair', 6, 3);
INSERT INTO stool VALUES (3, 'stool', 7, 3, true), (3, 'stool', 7, 3, true);
INSERT INTO marked VALUES (8, 'marked');
"""


@pytest.mark.parametrize(
    ("schema", "sql"),
    [
        (NAMES, f"DELETE FROM {NAMED}"),
        (NAMES, f'DELETE FROM {NAMED} AS "O" WHERE "O"."ID" > 2 AND "O"."100%" < 6'),
        (NAMES, f'UPDATE {NAMED} SET "100%" = NULL, "select" = E\'\\n\' WHERE "ID" = 2'),
        (NAMES, f'UPDATE {NAMED} SET "ID" = "ID" + 100, "\'" = \'"\''),
        (NAMES, f'UPDATE {KEYLESS_NAMED} SET "$1" = "old" WHERE " lead" > 3'),
        (NAMES, f"TRUNCATE {NAMED}, {KEYLESS_NAMED}"),
        (f'CREATE TABLE "{LONG}" ("{LONG}" int PRIMARY KEY, v int);'
         f'INSERT INTO "{LONG}" VALUES (1, 1)', f'UPDATE "{LONG}" SET v = 2'),
        (ALTERED_KEYED, "DELETE FROM altered WHERE id > 4"),
        (ALTERED_KEYED, "UPDATE altered SET w = 0, late = NULL WHERE id > 4"),
        (ALTERED_KEYLESS, "DELETE FROM altered"),
        (ALTERED_KEYLESS, "UPDATE altered SET w = w + 1, id = 0 WHERE id > 4"),
        (ALTERED_KEYLESS, "TRUNCATE altered"),
        (DUPLICATES, "DELETE FROM twin WHERE a = 1"),
        (DUPLICATES, "DELETE FROM twin WHERE ctid = '(0,2)'"),
        (DUPLICATES, "DELETE FROM twin p USING twin q WHERE p.ctid < q.ctid AND p::text = q::text"),
        (DUPLICATES, "UPDATE twin SET a = 2 WHERE a = 1"),
        (DUPLICATES, "UPDATE twin SET a = 1 WHERE ctid IN "
                     "(SELECT ctid FROM twin WHERE a = 2 LIMIT 2)"),
        (DUPLICATES, "UPDATE twin SET a = NULL, b = NULL"),
        (DUPLICATES, "DELETE FROM nothing"),
        (DUPLICATES, "DELETE FROM nothing WHERE ctid < '(0,3)'"),
        (DUPLICATES, "DELETE FROM constant"),
        (KINDS, "DELETE FROM unlogged WHERE id < 5"),
        (KINDS, "UPDATE unlogged SET v = 'x'"),
        (KINDS, "TRUNCATE unlogged"),
        (KINDS, "DELETE FROM always WHERE v > 2"),
        (KINDS, "UPDATE always SET v = v + 100"),
        (KINDS, "DELETE FROM computed WHERE base > 3"),
        (KINDS, "UPDATE computed SET base = base + 100 WHERE double < 8"),
        (KINDS, "UPDATE composite SET b = b + 1"),
        (KINDS, "UPDATE composite SET a = a || 'x' WHERE c = 1"),
        (KINDS, "DELETE FROM composite WHERE (c, a) > (1, 't2')"),
        (KINDS, "UPDATE nullable_unique SET b = 9 WHERE b = 1"),
        (KINDS, "UPDATE nullable_unique SET a = NULL"),
        (KINDS, "DELETE FROM nullable_unique WHERE b = 1"),
        (KINDS, "DELETE FROM lasting WHERE b > 2"),
        (KINDS, "UPDATE lasting SET a = b"),
        (UNIQUE, "UPDATE seat SET n = n + 1"),
        (UNIQUE, "UPDATE seat SET n = n + 1 WHERE n > 4"),
        (UNIQUE, "UPDATE seat SET id = id + 1"),
        (UNIQUE, "UPDATE seat SET id = id + 1, n = n + 1, who = 'x' WHERE id > 4"),
        (UNIQUE, "UPDATE late_seat SET n = 10 - n"),
        (UNIQUE, "UPDATE late_seat SET m = 10 - m WHERE id < 3 OR id > 7"),
        (UNIQUE, "UPDATE booking SET during = int4range(lower(during) + 1, upper(during) + 1)"),
        (UNIQUE, "DELETE FROM booking WHERE during && '[3,9)'"),
        (UNIQUE, "UPDATE login SET email = 'u' || (id + 1) || '@x', active = true WHERE id > 8"),
        (UNIQUE, "UPDATE login SET alias = 'a' || (10 + id), email = upper(email)"),
        (UNIQUE, "UPDATE login SET active = false"),
        (UNIQUE, "UPDATE bare SET n = n + 1"),
        (UNIQUE, "UPDATE bare SET n = n + 1, m = 0 WHERE n > 4"),
        *((schema, sql) for schema in (PARTITIONS, PARTITIONS_KEYED) for sql in (
            "UPDATE sale SET region = 'south' WHERE region = 'north'",
            "UPDATE sale SET region = CASE region WHEN 'south' THEN 'west' ELSE 'south' END",
            "UPDATE sale SET id = id + 1000 WHERE region > 'n'",
            "UPDATE sale_rest SET note = NULL",
            "UPDATE sale_south SET amount = 0 WHERE id > 10",
            "DELETE FROM sale WHERE amount % 3 = 0",
            "DELETE FROM sale_rest_1",
            "TRUNCATE sale_rest",
        )),
        (INHERITED, "DELETE FROM thing WHERE id > 1"),
        (INHERITED, "DELETE FROM thing"),
        (INHERITED, "DELETE FROM ONLY chair"),
        (INHERITED, "UPDATE thing SET name = 'x'"),
        (INHERITED, "UPDATE thing SET id = id + 10 WHERE name = 'twice'"),
        (INHERITED, "UPDATE marked SET mark = 0, name = 'm'"),
        (INHERITED, "UPDATE ONLY thing SET name = 'x'"),
        (INHERITED, "TRUNCATE ONLY chair"),
        (INHERITED, "TRUNCATE marked"),
    ],
)  # fmt: skip
def test_rows_of_every_shape_come_back(schema, sql, connect, comes_back):
    connection = connect()
    connection.autocommit = True
    connection.cursor().execute(schema)
    comes_back(sql)


def test_an_identity_that_was_drawn_anew_comes_back(connect, guarded, store, dsn):
    """Its sequence goes on from where it is, as sequences do, so rows are compared."""
    connection = connect()
    connection.autocommit = True
    cursor = connection.cursor()
    cursor.execute(ALTERED_KEYED)
    rows = "SELECT altered::text FROM altered ORDER BY id"
    cursor.execute(rows)
    before = cursor.fetchall()
    db = guarded(snapshot_at="LOW")
    db.cursor().execute("UPDATE altered SET number = DEFAULT, v = '' WHERE id IN (4, 5)")
    (snapshot,) = backstop.snapshots.list(store)
    assert backstop.restore(snapshot.id, storage=store, dsn=dsn).complete
    cursor.execute(rows)
    assert cursor.fetchall() == before
