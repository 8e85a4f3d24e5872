"""What a table computes for new rows may run code: defaults, checks, domains, indexes and the like.

No text tells; the catalog does. Code that deletes is looked for wherever a write leads to it.
"""

from __future__ import annotations

import logging

import pytest

import backstop

pytestmark = pytest.mark.proof

TABLES = {
    "a default": "CREATE TABLE line (a int, b int DEFAULT wipe())",
    "a check of a column": "CREATE TABLE line (a int CHECK (wipe() > 0))",
    "a check of a table": "CREATE TABLE line (a int, CHECK (a > 0 AND wipe() > 0))",
    "a check by an operator": "CREATE TABLE line (a int CHECK (a <~> a))",
    "a generated column": (
        "CREATE TABLE line (a int, b int GENERATED ALWAYS AS (constantly(a)) STORED)"
    ),
    "an index": "CREATE TABLE line (a int); CREATE INDEX ON line (constantly(a))",
    "a partial index": (
        "CREATE TABLE line (a int); CREATE INDEX ON line (a) WHERE constantly(a) > 0"
    ),
    "a domain": "CREATE TABLE line (a checked)",
    "a domain over a domain": "CREATE DOMAIN outside AS checked; CREATE TABLE line (a outside)",
    "an array of a domain": "CREATE TABLE line (a int, b checked[] DEFAULT ARRAY[1])",
    "a domain's default": "CREATE DOMAIN d AS int DEFAULT wipe(); CREATE TABLE line (a int, b d)",
    "a trigger's condition": (
        "CREATE TABLE line (a int);"
        "CREATE FUNCTION quiet() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END';"
        "CREATE TRIGGER t BEFORE INSERT OR UPDATE ON line FOR EACH ROW WHEN (wipe() > 0) "
        "EXECUTE FUNCTION quiet()"
    ),
    "an operator of a trigger's condition": (
        "CREATE TABLE line (a int);"
        "CREATE FUNCTION quiet() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END';"
        "CREATE TRIGGER t AFTER INSERT ON line FOR EACH ROW WHEN (NEW.a <~> NEW.a) "
        "EXECUTE FUNCTION quiet()"
    ),
    "a partition key": (
        "CREATE TABLE line (a int) PARTITION BY RANGE (constantly(a));"
        "CREATE TABLE part PARTITION OF line DEFAULT"
    ),
    "a partition's check": (
        "CREATE TABLE line (a int) PARTITION BY RANGE (a);"
        "CREATE TABLE part PARTITION OF line (CHECK (wipe() > 0)) DEFAULT"
    ),
    "a view's table": (
        "CREATE TABLE base (a int CHECK (wipe() > 0)); CREATE VIEW line AS TABLE base"
    ),
    "a trigger's table": (
        "CREATE TABLE log (a int DEFAULT wipe()); CREATE TABLE line (a int);"
        "CREATE FUNCTION noting() RETURNS trigger LANGUAGE plpgsql AS "
        "'BEGIN INSERT INTO log DEFAULT VALUES; RETURN NEW; END';"
        "CREATE TRIGGER t BEFORE INSERT ON line FOR EACH ROW EXECUTE FUNCTION noting()"
    ),
}
ON_UPDATE = [
    *("a check of a column", "a generated column", "a domain", "a partition's check"),
    "a trigger's condition",
]
HARMLESS = {
    "a default": "CREATE TABLE line (a int, b int DEFAULT one())",
    "a check": "CREATE TABLE line (a int CHECK (one() > 0))",
    "an index": "CREATE TABLE line (a int); CREATE INDEX ON line (one())",
    "a domain": "CREATE DOMAIN d AS int CHECK (VALUE > 0); CREATE TABLE line (a d)",
    "a sequence": "CREATE TABLE line (a int, b serial, c timestamptz DEFAULT now())",
}


@pytest.fixture
def shop(connect):
    """A cursor, in autocommit, of a database with a table of 2,000 rows and what empties it."""
    connection = connect()
    connection.autocommit = True
    connection.cursor().execute(
        """
        CREATE TABLE item (id int);
        INSERT INTO item SELECT generate_series(1, 2000);
        CREATE FUNCTION one() RETURNS int IMMUTABLE LANGUAGE sql AS 'SELECT 1';
        CREATE FUNCTION wipe() RETURNS int LANGUAGE plpgsql AS
            'BEGIN DELETE FROM public.item; RETURN 1; END';
        CREATE FUNCTION constantly(int) RETURNS int IMMUTABLE LANGUAGE plpgsql AS
            'BEGIN IF $1 > 4 THEN RETURN public.wipe(); END IF; RETURN 1; END';
        CREATE FUNCTION scoped() RETURNS int LANGUAGE plpgsql AS
            'BEGIN DELETE FROM item WHERE id > 3; RETURN 1; END';
        CREATE FUNCTION compared(int, int) RETURNS boolean LANGUAGE plpgsql AS
            'BEGIN RETURN public.wipe() > 0; END';
        CREATE OPERATOR <~> (FUNCTION = compared, LEFTARG = int, RIGHTARG = int);
        CREATE DOMAIN checked AS int CHECK (wipe() > 0);
        """
    )
    return connection.cursor()


def left(cursor):
    cursor.execute("SELECT count(*) FROM item")
    return cursor.fetchone()[0]


def saved(store):
    """The rows of the table of 2,000 that are in the store."""
    return sum(
        table.rows or 0
        for one in backstop.snapshots.list(store)
        for table in backstop.snapshots.show(one.id, store).manifest.tables
        if table.name == "item"
    )


@pytest.mark.parametrize("name", TABLES)
def test_an_insert_is_saved_from_what_it_leads_to(name, shop, guarded, store):
    shop.execute(TABLES[name])
    guarded().cursor().execute("INSERT INTO line (a) VALUES (5)")
    assert (left(shop), saved(store)) == (0, 2000)


@pytest.mark.parametrize("name", ON_UPDATE)
def test_an_update_is_saved_from_what_it_leads_to(name, shop, guarded, store):
    shop.execute(TABLES[name])
    shop.execute("INSERT INTO line (a) VALUES (1); TRUNCATE item")
    shop.execute("INSERT INTO item SELECT generate_series(1, 2000)")
    guarded().cursor().execute("UPDATE line SET a = 6 WHERE a = 1")
    assert saved(store) == 2000 - left(shop)


@pytest.mark.parametrize("name", TABLES)
def test_block_refuses_it(name, shop, guarded):
    shop.execute(TABLES[name])
    with pytest.raises(backstop.StatementBlocked, match="leads to"):
        guarded(mode="block").cursor().execute("INSERT INTO line (a) VALUES (5)")
    assert left(shop) == 2000


@pytest.mark.parametrize(
    "table",
    [
        "CREATE TABLE line (a int, b int DEFAULT scoped())",
        "CREATE TABLE line (a int CHECK (scoped() > 0))",
        "CREATE TABLE line (a int);"
        "CREATE FUNCTION t() RETURNS trigger LANGUAGE plpgsql AS "
        "'BEGIN PERFORM scoped(); RETURN NEW; END';"
        "CREATE TRIGGER t BEFORE INSERT ON line FOR EACH ROW EXECUTE FUNCTION t()",
    ],
)
def test_what_deletes_by_a_condition_is_measured_by_a_run(table, shop, guarded, store, dsn):
    shop.execute(table)
    guarded().cursor().execute("INSERT INTO line (a) VALUES (5)")
    assert left(shop) == 3
    backstop.restore(backstop.snapshots.list(store)[-1].id, storage=store, dsn=dsn)
    assert left(shop) == 2000


@pytest.mark.parametrize("name", HARMLESS)
def test_what_has_no_effects_leaves_a_write_as_it_is(name, shop, guarded, caplog):
    shop.execute(HARMLESS[name])
    with caplog.at_level(logging.DEBUG, "backstop.statement"):
        guarded().cursor().execute("INSERT INTO line (a) VALUES (5)")
    (record,) = (one for one in caplog.records if one.name == "backstop.statement")
    event = record.backstop
    assert (event["backstop.risk.level"], event["backstop.action"]) == ("LOW", "run")


@pytest.mark.parametrize("sql", ["SELECT 5::outside", "SELECT CAST(5 AS outside)"])
def test_a_domain_over_a_domain_has_its_checks(sql, shop, guarded):
    shop.execute("CREATE DOMAIN outside AS checked")
    with pytest.raises(backstop.StatementBlocked):
        guarded(mode="block").cursor().execute(sql)


@pytest.mark.parametrize(
    "query",
    ["SELECT wipe() AS n", "SELECT n FROM seen", "SELECT 1 <~> 1 AS n", "SELECT scoped() AS n"],
)
@pytest.mark.parametrize("word", ["", "CONCURRENTLY "])
def test_a_materialized_view_that_is_filled_again_is_looked_up(word, query, shop, guarded, store):
    shop.execute(
        "CREATE VIEW seen AS SELECT wipe() AS n;"
        f"CREATE MATERIALIZED VIEW filled AS {query}; CREATE UNIQUE INDEX ON filled (n);"
        "TRUNCATE item; INSERT INTO item SELECT generate_series(1, 2000)"
    )
    refresh = f"REFRESH MATERIALIZED VIEW {word}filled"
    if "scoped" not in query:
        with pytest.raises(backstop.StatementBlocked, match=r"REFRESH on public\.filled leads to"):
            guarded(mode="block").cursor().execute(refresh)
        assert left(shop) == 2000
    guarded().cursor().execute(refresh)
    assert left(shop) < 4
    assert saved(store) == 2000
