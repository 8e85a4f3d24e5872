"""Languages and transforms come back as they were."""

from __future__ import annotations

import pytest

from testing.recreating import assert_comes_back, objects_of, run

SHOP = "CREATE SCHEMA shop; CREATE TYPE shop.pair AS (a integer, b integer);"

FUNCTIONS = """
    CREATE FUNCTION shop."Handler"() RETURNS language_handler LANGUAGE c
        AS '$libdir/plpgsql', 'plpgsql_call_handler';
    CREATE FUNCTION shop.inline(internal) RETURNS void LANGUAGE c STRICT
        AS '$libdir/plpgsql', 'plpgsql_inline_handler';
    CREATE FUNCTION shop.validator(oid) RETURNS void LANGUAGE c STRICT
        AS '$libdir/plpgsql', 'plpgsql_validator';
"""
SCRIPTS = {
    "trusted languages": FUNCTIONS
    + """
        CREATE TRUSTED LANGUAGE "pl Shop" HANDLER shop."Handler" INLINE shop.inline
            VALIDATOR shop.validator;
        CREATE FUNCTION shop.one() RETURNS integer LANGUAGE "pl Shop" AS 'BEGIN RETURN 1; END';
        CREATE PROCEDURE shop.two() LANGUAGE "pl Shop" AS 'BEGIN END';
    """,
    "untrusted languages": FUNCTIONS
    + """
        CREATE LANGUAGE shopu HANDLER shop."Handler";
        CREATE LANGUAGE shopi HANDLER shop."Handler" INLINE shop.inline;
        CREATE LANGUAGE shopv HANDLER shop."Handler" VALIDATOR shop.validator;
    """,
    "transforms": FUNCTIONS
    + """
        CREATE TRUSTED LANGUAGE plshop HANDLER shop."Handler";
        CREATE FUNCTION shop.to_pair(internal) RETURNS shop.pair LANGUAGE internal IMMUTABLE STRICT
            AS 'record_recv';
        CREATE FUNCTION shop.from_pair(internal) RETURNS internal LANGUAGE internal
            IMMUTABLE STRICT AS 'prsd_lextype';
        CREATE TRANSFORM FOR shop.pair LANGUAGE plshop (FROM SQL WITH FUNCTION
            shop.from_pair(internal), TO SQL WITH FUNCTION shop.to_pair(internal));
        CREATE TRANSFORM FOR shop.pair LANGUAGE sql (FROM SQL WITH FUNCTION
            pg_catalog.prsd_lextype(internal));
        CREATE TRANSFORM FOR integer LANGUAGE plshop (TO SQL WITH FUNCTION
            pg_catalog.int4recv(internal));
        CREATE FUNCTION shop.f(shop.pair) RETURNS integer LANGUAGE plshop
            TRANSFORM FOR TYPE shop.pair AS 'BEGIN RETURN 1; END';
    """,
}


@pytest.mark.parametrize("what", SCRIPTS)
def test_what_was_dropped_comes_back(connect, dsn, what):
    assert_comes_back(connect(), dsn, SCRIPTS[what], SHOP)


@pytest.mark.parametrize("what", SCRIPTS)
def test_two_readings_of_the_same_database_are_equal(connect, what):
    connection = connect()
    run(connection, SHOP, SCRIPTS[what])
    assert objects_of(connection) == objects_of(connection)


def test_languages_of_extensions_come_back_with_these(connect):
    connection = connect()
    with connection.cursor() as cursor:
        cursor.execute("SELECT lanname FROM pg_catalog.pg_language WHERE lanispl")
        assert cursor.fetchall() == [("plpgsql",)]
    assert [item.identity for item in objects_of(connection) if item.kind == "language"] == []


@pytest.mark.parametrize(
    ("made", "replaced"),
    [
        ("TRUSTED LANGUAGE plshop", "LANGUAGE plshop"),
        ("LANGUAGE plshop", "TRUSTED LANGUAGE plshop"),
        ("TRUSTED LANGUAGE plshop INLINE shop.inline", "TRUSTED LANGUAGE plshop"),
    ],
)
def test_a_replaced_language_is_replaced_back(connect, made, replaced):
    connection = connect()
    run(connection, SHOP, FUNCTIONS, _language(made))
    before = {item.identity: item for item in objects_of(connection)}
    run(connection, _language(replaced))
    after = {item.identity: item for item in objects_of(connection)}
    changed = [item for name, item in before.items() if not after[name].is_like(item)]
    assert [item.identity for item in changed] == ["language plshop"]
    run(connection, *changed[0].ddl)
    again = {item.identity: item for item in objects_of(connection)}
    assert all(again[name].is_like(item) for name, item in before.items())


def _language(words: str) -> str:
    name, inline, function = words.partition(" INLINE ")
    return f'CREATE OR REPLACE {name} HANDLER shop."Handler"{inline}{function}'
