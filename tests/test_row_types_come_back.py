"""Types that are made of columns: their values in other tables lose what the type loses."""

from __future__ import annotations

import pytest

import backstop
from testing.dumps import dump

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


def test_a_type_that_nothing_lets_go_of_is_left_with_a_clear_error(shop, guarded, store, dsn):
    shop.execute("CREATE TYPE shop.span AS RANGE (subtype = shop.address)")
    shop.execute("CREATE TABLE shop.spans (during shop.span)")
    guarded().cursor().execute("ALTER TYPE shop.address DROP ATTRIBUTE zip CASCADE")
    snapshot = backstop.snapshots.list(store)[-1]
    before = dump(dsn)
    with pytest.raises(backstop.RestoreFailed, match="Nothing was changed"):
        backstop.restore(snapshot.id, storage=store, dsn=dsn)
    assert dump(dsn) == before
