"""Types that are made of columns: their values in other tables lose what the type loses."""

from __future__ import annotations

import re

import pytest

import backstop

pytestmark = pytest.mark.proof

SHOP = """
CREATE SCHEMA shop;
CREATE TYPE shop.address AS (street text, zip text, city text);
CREATE TABLE shop.customers (
    id int PRIMARY KEY, name text, credit numeric(8, 2), home shop.address, note text DEFAULT 'x'
);
INSERT INTO shop.customers
    SELECT g, 'n' || g, g, ROW('s' || g, 'z' || g, 'c' || g)::shop.address, 'note ' || g
    FROM generate_series(1, 20) AS g;
CREATE TABLE shop.copies (
    id int PRIMARY KEY, was shop.customers, many shop.customers[], places shop.address[]
);
INSERT INTO shop.copies SELECT c.id, c, ARRAY[c, NULL, c], ARRAY[c.home] FROM shop.customers AS c;
CREATE TABLE shop.keyless (was shop.customers);
INSERT INTO shop.keyless SELECT c FROM shop.customers AS c, generate_series(1, 2);
CREATE TABLE shop.refers (id int REFERENCES shop.copies);
INSERT INTO shop.refers VALUES (1);
CREATE VIEW shop.paid AS SELECT id, name FROM shop.customers;
CREATE DOMAIN shop.place AS shop.address CHECK ((VALUE).city <> '');
CREATE TABLE shop.stock (number int, p shop.paid, l shop.paid[], d shop.place);
INSERT INTO shop.stock
    SELECT id, p, ARRAY[p], ROW('a', 'b', 'c')::shop.address FROM shop.paid AS p;
CREATE TABLE shop.typed OF shop.address (street PRIMARY KEY);
INSERT INTO shop.typed VALUES ('a', 'b', 'c');
CREATE TABLE shop.parts (id int, at shop.address) PARTITION BY RANGE (id);
CREATE TABLE shop.parts_1 PARTITION OF shop.parts FOR VALUES FROM (0) TO (10);
CREATE TABLE shop.parts_2 PARTITION OF shop.parts DEFAULT;
INSERT INTO shop.parts
    SELECT g, ROW('s', 'z', 'c' || g)::shop.address FROM generate_series(1, 20) AS g;
CREATE FUNCTION shop.name_of(c shop.customers) RETURNS text LANGUAGE sql IMMUTABLE
    AS 'SELECT c.name';
"""


@pytest.fixture(autouse=True)
def shop(connect):
    connection = connect()
    connection.autocommit = True
    connection.cursor().execute(SHOP)
    return connection.cursor()


@pytest.mark.parametrize(
    "sql",
    [
        "ALTER TABLE shop.customers DROP COLUMN credit",
        "ALTER TABLE shop.customers DROP COLUMN credit, DROP COLUMN name CASCADE",
        "ALTER TYPE shop.address DROP ATTRIBUTE zip CASCADE",
        "ALTER TABLE shop.copies DROP COLUMN many",
        "DROP TYPE shop.address CASCADE",
        "DROP DOMAIN shop.place CASCADE",
        "DROP VIEW shop.paid CASCADE",
        "CREATE OR REPLACE VIEW shop.paid AS SELECT id, name, 1 AS one FROM shop.customers",
        "DROP TABLE shop.customers CASCADE",
    ],
)
def test_what_a_row_type_loses_comes_back_wherever_it_is_used(sql, comes_back):
    comes_back(sql)


def test_values_that_were_edited_since_keep_the_edit_and_get_the_lost_field_back(
    shop, guarded, store, dsn
):
    guarded().cursor().execute("ALTER TABLE shop.customers DROP COLUMN credit")
    (snapshot,) = backstop.snapshots.list(store)
    shop.execute(
        "UPDATE shop.copies SET was.name = 'edited' WHERE id = 2;"
        "UPDATE shop.copies SET many[1].name = 'edited' WHERE id = 3;"
        "INSERT INTO shop.copies VALUES (99, ROW(99, 'new', NULL, NULL)::shop.customers)"
    )
    assert backstop.restore(snapshot.id, storage=store, dsn=dsn).complete
    shop.execute("SELECT (was).name, (was).credit, (many[3]).credit FROM shop.copies WHERE id = 2")
    assert shop.fetchone() == ("edited", 2, 2)
    # Elements of an array are nothing that could be told apart: what was written since stays.
    shop.execute("SELECT (many[1]).name, (many[1]).credit FROM shop.copies WHERE id = 3")
    assert shop.fetchone() == ("edited", None)
    shop.execute("SELECT was::text FROM shop.copies WHERE id = 99")
    assert shop.fetchone() == ("(99,new,,,)",)


RANGES = """
CREATE TYPE shop.pair AS (a int, b int);
CREATE FUNCTION shop.between(shop.pair, shop.pair) RETURNS float8 LANGUAGE sql IMMUTABLE
    AS 'SELECT 1';
CREATE TYPE shop.span AS RANGE (subtype = shop.pair, subtype_diff = shop.between);
CREATE DOMAIN shop."Period" AS shop.span CHECK (NOT isempty(VALUE));
CREATE TABLE shop.spans (
    id int PRIMARY KEY, during shop.span, period shop."Period", many shop.span[],
    CONSTRAINT apart EXCLUDE USING gist (during WITH &&) WHERE (id < 5)
);
CREATE INDEX ON shop.spans USING gist (during);
INSERT INTO shop.spans SELECT g, value, value, ARRAY[value, NULL] FROM (
    SELECT g, shop.span((g, g * 10)::shop.pair, (g, g * 10 + 5)::shop.pair, '[]') AS value
    FROM generate_series(1, 8) AS g) AS made;
INSERT INTO shop.spans VALUES
    (11, 'empty', NULL, '{}'), (12, NULL, NULL, NULL), (13, '(,)', '(,)', '{"(,)",empty}'),
    (14, shop.span(NULL, (1, 2)::shop.pair, '(]'), shop.span((3, 4)::shop.pair, NULL), NULL),
    (15, shop.span((1, 9)::shop.pair, (2, 3)::shop.pair), NULL,
     ARRAY[[shop.span((1, 9)::shop.pair, (2, 3)::shop.pair)], [NULL::shop.span]]);
CREATE TYPE shop.holder AS ("During" shop.span, number int, pair shop.pair);
CREATE DOMAIN shop.held AS shop.holder;
CREATE TABLE shop.holds AS SELECT id, ROW(during, id, lower(during))::shop.held AS h,
    ARRAY[s]::shop.spans[] AS s FROM shop.spans AS s;
ALTER TABLE shop.holds ADD PRIMARY KEY (id);
INSERT INTO shop.holds VALUES (31, NULL, NULL),
    (32, ROW(NULL, NULL, NULL), ARRAY[NULL]::shop.spans[]);
CREATE TABLE shop.keyless AS SELECT during, many FROM shop.spans, generate_series(1, 2);
"""

MULTIRANGES = """
CREATE DOMAIN shop.periods AS shop.span_multirange;
CREATE TABLE shop.multi (id int PRIMARY KEY, all_of shop.span_multirange, p shop.periods[]);
INSERT INTO shop.multi
    SELECT id, shop.span_multirange(during), ARRAY[shop.span_multirange(during)]::shop.periods[]
    FROM shop.spans;
INSERT INTO shop.multi VALUES (21, '{}', '{NULL}'), (22, shop.span_multirange(
    shop.span((1, 1)::shop.pair, (1, 2)::shop.pair), shop.span((4, 1)::shop.pair, NULL)), '{}');
"""


NAMES = """
CREATE SCHEMA "Other";
CREATE TABLE shop.rows (id int, lost int);
CREATE TYPE shop."Rows" AS RANGE (subtype = shop.rows, multirange_type_name = "Other"."Many");
CREATE DOMAIN shop.row AS shop.rows;
CREATE TYPE shop.old AS RANGE (subtype = shop.row, multirange_type_name = shop.olds);
ALTER TYPE shop.old RENAME TO new;
ALTER TYPE shop.olds RENAME TO news;
REVOKE USAGE ON TYPE shop.new FROM PUBLIC;
CREATE TYPE shop.nested AS RANGE (subtype = shop.new);
CREATE TABLE shop.named (
    r shop."Rows" DEFAULT '(,)', m "Other"."Many", n shop.news, d shop.nested,
    e boolean GENERATED ALWAYS AS (isempty(r)) STORED
);
INSERT INTO shop.named
    SELECT r, shop."Many"(r), shop.olds(n), shop.nested(n, NULL) FROM (
        SELECT shop."Rows"(ROW(1, 2), ROW(3, 4)) AS r, shop.old(ROW(1, 2), ROW(3, 4)) AS n) AS made;
CREATE VIEW shop.seen AS SELECT lower(r) AS bound, unnest(m) AS part FROM shop.named;
"""


@pytest.fixture
def spans(shop):
    """Give a cursor on a database with ranges over a composite type, in columns of all kinds."""
    shop.execute("DROP SCHEMA shop CASCADE; CREATE SCHEMA shop")
    shop.execute(RANGES)
    if shop.connection.server_version >= 140000:
        shop.execute(MULTIRANGES)
    return shop


@pytest.mark.parametrize(
    "sql",
    [
        "ALTER TYPE shop.pair DROP ATTRIBUTE b CASCADE",
        "ALTER TYPE shop.pair DROP ATTRIBUTE a",
        "ALTER TYPE shop.pair DROP ATTRIBUTE a, DROP ATTRIBUTE b",
        "DROP TYPE shop.span CASCADE",
        "DROP TYPE shop.pair CASCADE",
    ],
)
def test_what_the_bounds_of_ranges_lose_comes_back(sql, spans, comes_back):
    comes_back(sql)


def test_ranges_of_rows_and_of_ranges_with_names_of_all_sorts_come_back(shop, comes_back):
    if shop.connection.server_version < 140000:
        pytest.skip("this server has no multiranges")
    shop.execute(NAMES)
    comes_back("ALTER TABLE shop.rows DROP COLUMN lost")


def test_ranges_that_were_edited_since_keep_the_edit(spans, guarded, store, dsn):
    guarded().cursor().execute("ALTER TYPE shop.pair DROP ATTRIBUTE b")
    (snapshot,) = backstop.snapshots.list(store)
    spans.execute(
        "UPDATE shop.spans SET during = shop.span(ROW(70)::shop.pair, NULL, '()'),"
        "    many = ARRAY[during, 'empty'] WHERE id = 7;"
        "UPDATE shop.spans SET period = shop.span(ROW(1)::shop.pair, ROW(4)::shop.pair, '(]')"
        "    WHERE id = 8;"
        "INSERT INTO shop.spans VALUES (99, 'empty', NULL, '{}'), (98, '(,)', NULL, NULL);"
        'UPDATE shop.holds SET h = ROW((h)."During", 70, NULL)::shop.held WHERE id = 7'
    )
    assert backstop.restore(snapshot.id, storage=store, dsn=dsn).complete
    spans.execute(
        "SELECT id, during::text, period::text, many::text FROM shop.spans WHERE id > 6"
        " AND id NOT BETWEEN 11 AND 15 ORDER BY id"
    )
    assert spans.fetchall() == [
        (7, '("(70,)",)', '["(7,70)","(7,75)"]', '{"[\\"(7,)\\",\\"(7,)\\"]",empty}'),
        (
            8,
            '["(8,80)","(8,85)"]',
            '("(1,)","(4,)"]',
            '{"[\\"(8,80)\\",\\"(8,85)\\"]",NULL}',
        ),
        (98, "(,)", None, None),
        (99, "empty", None, "{}"),
    ]
    spans.execute("SELECT h::text FROM shop.holds WHERE id IN (7, 8) ORDER BY id")
    assert spans.fetchall() == [
        ('("[""(7,)"",""(7,)""]",70,)',),
        ('("[""(8,80)"",""(8,85)""]",8,"(8,80)")',),
    ]


def test_multiranges_that_were_edited_since_keep_the_edit(spans, guarded, store, dsn):
    if spans.connection.server_version < 140000:
        pytest.skip("this server has no multiranges")
    guarded().cursor().execute("ALTER TYPE shop.pair DROP ATTRIBUTE b")
    (snapshot,) = backstop.snapshots.list(store)
    spans.execute(
        "UPDATE shop.multi SET all_of = all_of + shop.span_multirange("
        "    shop.span(ROW(90)::shop.pair, NULL)) WHERE id = 1;"
        "UPDATE shop.multi SET p = ARRAY['{}', all_of]::shop.periods[] WHERE id = 2"
    )
    assert backstop.restore(snapshot.id, storage=store, dsn=dsn).complete
    spans.execute("SELECT all_of::text, p::text FROM shop.multi WHERE id IN (1, 2, 22) ORDER BY id")
    assert spans.fetchall() == [
        (
            '{["(1,)","(1,)"],["(90,)",)}',
            '{"{[\\"(1,10)\\",\\"(1,15)\\"]}"}',
        ),
        (
            '{["(2,20)","(2,25)"]}',
            '{"{}","{[\\"(2,)\\",\\"(2,)\\"]}"}',
        ),
        ('{["(1,1)","(1,2)"),["(4,1)",)}', "{}"),
    ]


@pytest.mark.parametrize(
    "edited",
    [
        "many || many",
        "ARRAY[ARRAY[many, many], ARRAY[many, many]]",
        "ARRAY[ARRAY[ARRAY[ARRAY[many]]]]",
        "('[0:1][2:2]=' || many::text)::shop.span[]",
        "('[-3:-2]=' || ARRAY[shop.span(ROW(1)::shop.pair, ROW(2)::shop.pair), NULL]::text)"
        "::shop.span[]",
    ],
)
def test_ranges_in_arrays_that_were_edited_since_keep_their_places(
    edited, spans, guarded, store, dsn
):
    guarded().cursor().execute("ALTER TYPE shop.pair DROP ATTRIBUTE b")
    snapshot = backstop.snapshots.list(store)[-1]
    spans.execute(f"UPDATE shop.spans SET many = {edited} WHERE id = 15")
    spans.execute("SELECT many::text FROM shop.spans WHERE id = 15")
    (without,) = spans.fetchone()
    assert backstop.restore(snapshot.id, storage=store, dsn=dsn).complete
    spans.execute("SELECT many::text FROM shop.spans WHERE id = 15")
    # What was written since has one attribute, as it had then.
    assert spans.fetchone() == (re.sub(r"\((\d+)\)", r"(\1,)", without),)
