"""Schemas, types, domains and functions come back as they were; members of extensions are known."""

from __future__ import annotations

import pytest

from backstop.drivers import session_for
from backstop.postgres.model.reading import read_model
from testing.recreating import assert_comes_back, objects_of, run

SHOP = "CREATE SCHEMA shop;"

SCRIPTS = {
    "schemas": """
        CREATE SCHEMA shop; CREATE SCHEMA "Straße "" x"; CREATE SCHEMA "select";
    """,
    "enums": """
        CREATE TYPE shop.state AS ENUM ('new', 'it''s \\ paid', 'sent');
        ALTER TYPE shop.state ADD VALUE 'packed' BEFORE 'sent';
        CREATE TYPE shop.nothing AS ENUM ();
    """,
    "composite types": """
        CREATE TYPE shop.state AS ENUM ('new');
        CREATE TYPE shop.line AS (id integer, name varchar(20) COLLATE "C", "how Much" numeric(8,2),
                                  state shop.state[]);
        CREATE TYPE shop.lines AS (all_of shop.line[], one shop.line);
        CREATE TYPE shop.nothing AS ();
        ALTER TYPE shop.line DROP ATTRIBUTE id;
        ALTER TYPE shop.line ADD ATTRIBUTE later date;
    """,
    "ranges": """
        CREATE TYPE shop.floats AS RANGE (SUBTYPE = float8, SUBTYPE_DIFF = float8mi);
        CREATE TYPE shop.words AS RANGE (SUBTYPE = text, COLLATION = "C",
                                         SUBTYPE_OPCLASS = pg_catalog.text_pattern_ops);
        CREATE TYPE shop.spans AS (f shop.floats, w shop.words);
        CREATE FUNCTION shop.between(a time, b time) RETURNS float8 LANGUAGE sql IMMUTABLE
            AS 'SELECT EXTRACT(EPOCH FROM (a - b))::pg_catalog.float8';
        CREATE TYPE shop.times AS RANGE (SUBTYPE = time, SUBTYPE_DIFF = shop.between);
    """,
    "domains": """
        CREATE FUNCTION shop.fine(text) RETURNS boolean LANGUAGE sql IMMUTABLE AS 'SELECT true';
        CREATE DOMAIN shop.mail AS varchar(200) COLLATE "C" DEFAULT 'no@where' NOT NULL
            CONSTRAINT has_at CHECK (VALUE LIKE '%@%') CHECK (shop.fine(VALUE));
        CREATE DOMAIN shop.work AS shop.mail CHECK (length(VALUE) > 3);
        ALTER DOMAIN shop.work ADD CONSTRAINT "Not yet" CHECK (VALUE <> 'x') NOT VALID;
        CREATE DOMAIN shop.many AS integer[] CHECK (VALUE[1] > 0);
        CREATE TYPE shop.person AS (mail shop.work);
        CREATE DOMAIN shop.somebody AS shop.person CHECK ((VALUE).mail IS NOT NULL);
    """,
    "functions": """
        CREATE TYPE shop.line AS (id integer);
        CREATE FUNCTION shop.f(a integer, b text DEFAULT 'x''y', VARIADIC c numeric[] DEFAULT '{}')
            RETURNS TABLE (d integer, e shop.line) LANGUAGE plpgsql STABLE STRICT SECURITY DEFINER
            COST 7 ROWS 9 PARALLEL SAFE SET search_path = shop, pg_temp SET work_mem = '8MB'
            AS $x$ BEGIN RETURN; -- ü
            END $x$;
        CREATE FUNCTION shop.f(text) RETURNS text LANGUAGE sql LEAKPROOF IMMUTABLE
            AS 'SELECT shop.g($1)';
        CREATE FUNCTION shop.g(INOUT a text, OUT b integer) LANGUAGE sql AS 'SELECT $1, 1';
        CREATE FUNCTION shop.f() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END';
        CREATE FUNCTION shop."Row"(shop.line) RETURNS SETOF shop.line LANGUAGE sql AS 'SELECT $1';
        CREATE FUNCTION shop.rank() RETURNS bigint LANGUAGE internal WINDOW AS 'window_rank';
        CREATE PROCEDURE shop.p(a integer, INOUT b integer) LANGUAGE plpgsql AS 'BEGIN END';
        CREATE PROCEDURE shop.p(a text) LANGUAGE plpgsql AS 'BEGIN END';
        ALTER FUNCTION shop.f(text) DEPENDS ON EXTENSION plpgsql;
    """,
}

NEWER_SCRIPTS = {
    "multiranges": (
        140000,
        """
        CREATE TYPE shop.floats AS RANGE (SUBTYPE = float8, MULTIRANGE_TYPE_NAME = shop."Many");
        CREATE FUNCTION shop.f(shop."Many") RETURNS integer LANGUAGE sql AS 'SELECT 1';
        """,
    ),
    "bodies that are parsed": (
        140000,
        """
        CREATE FUNCTION shop.z() RETURNS integer LANGUAGE sql RETURN 1;
        CREATE FUNCTION shop.a() RETURNS integer LANGUAGE sql
            BEGIN ATOMIC SELECT 1; SELECT shop.z(); END;
        CREATE PROCEDURE shop.p(a integer, OUT b integer) LANGUAGE plpgsql AS 'BEGIN END';
        CREATE PROCEDURE shop.p(a integer, b integer) LANGUAGE plpgsql AS 'BEGIN END';
        """,
    ),
    "names of NOT NULL": (
        170000,
        """
        CREATE DOMAIN shop.a AS integer CONSTRAINT there NOT NULL;
        CREATE DOMAIN shop.b AS integer NOT NULL;
        """,
    ),
}

BASE_TYPES = """
    CREATE TYPE shop.word;
    CREATE FUNCTION shop.word_in(cstring) RETURNS shop.word LANGUAGE internal IMMUTABLE STRICT
        AS 'textin';
    CREATE FUNCTION shop.word_out(shop.word) RETURNS cstring LANGUAGE internal IMMUTABLE STRICT
        AS 'textout';
    CREATE TYPE shop.word (INPUT = shop.word_in, OUTPUT = shop.word_out, LIKE = pg_catalog.text,
        CATEGORY = 'W', PREFERRED = true, DEFAULT = 'it''s', DELIMITER = ';', COLLATABLE = true,
        STORAGE = main);
    CREATE TYPE shop.number;
    CREATE FUNCTION shop.number_in(cstring) RETURNS shop.number LANGUAGE internal IMMUTABLE STRICT
        AS 'int4in';
    CREATE FUNCTION shop.number_out(shop.number) RETURNS cstring LANGUAGE internal IMMUTABLE STRICT
        AS 'int4out';
    CREATE FUNCTION shop.number_receive(internal) RETURNS shop.number
        LANGUAGE internal IMMUTABLE STRICT AS 'int4recv';
    CREATE FUNCTION shop.number_send(shop.number) RETURNS bytea LANGUAGE internal IMMUTABLE STRICT
        AS 'int4send';
    CREATE TYPE shop.number (INPUT = shop.number_in, OUTPUT = shop.number_out,
        RECEIVE = shop.number_receive, SEND = shop.number_send, INTERNALLENGTH = 4,
        PASSEDBYVALUE, ALIGNMENT = int4);
    CREATE TYPE shop.days;
    CREATE FUNCTION shop.whole(shop.days) RETURNS shop.days LANGUAGE internal IMMUTABLE STRICT
        AS 'daterange_canonical';
    CREATE TYPE shop.days AS RANGE (SUBTYPE = date, CANONICAL = shop.whole,
        SUBTYPE_DIFF = daterange_subdiff);
    CREATE TYPE shop.never;
    CREATE TYPE shop.user_of AS (w shop.word[], n shop.number, d shop.days);
"""


@pytest.mark.parametrize("what", SCRIPTS)
def test_what_was_dropped_comes_back(connect, dsn, what):
    given = "" if "CREATE SCHEMA" in SCRIPTS[what] else SHOP
    assert_comes_back(connect(), dsn, SCRIPTS[what], given)


@pytest.mark.parametrize("what", NEWER_SCRIPTS)
def test_what_newer_servers_have_comes_back(connect, dsn, what):
    since, script = NEWER_SCRIPTS[what]
    connection = connect()
    if connection.server_version < since:
        pytest.skip(f"this server is older than {since}")
    assert_comes_back(connection, dsn, script, SHOP)


def test_types_that_their_own_functions_need_come_back(connect, dsn):
    assert_comes_back(connect(), dsn, BASE_TYPES, SHOP, cascade=True)


def test_members_of_an_extension_are_told_from_what_uses_them(connect):
    connection = connect()
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT name FROM pg_available_extensions WHERE name IN ('citext', 'vector')"
        )
        (name,) = cursor.fetchall()[0]
    script = f"""
        CREATE EXTENSION {name} WITH SCHEMA shop;
        CREATE DOMAIN shop.mine AS shop.{name};
        CREATE FUNCTION shop.f(shop.mine[]) RETURNS shop.{name} LANGUAGE sql AS 'SELECT NULL';
    """
    run(connection, SHOP, script)
    with connection:
        objects = read_model(session_for(connection)).objects
    kinds = ("function", "type", "shell type", "domain", "operator class", "schema", "extension")
    mine = {item.identity for item in objects.values() if item.kind in kinds and not item.is_member}
    assert mine == {
        "schema public",
        "schema shop",
        "extension plpgsql",
        f"extension {name}",
        "domain shop.mine",
        "function shop.f(shop.mine[])",
    }
    assert objects[f"type shop.{name}"].within == f"extension {name}"
    assert f"membership of type shop.{name} in extension {name}" in objects


@pytest.mark.parametrize("what", SCRIPTS)
def test_two_readings_of_the_same_database_are_equal(connect, what):
    connection = connect()
    run(connection, "CREATE SCHEMA IF NOT EXISTS shop", SCRIPTS[what].replace(SHOP, ""))
    assert objects_of(connection) == objects_of(connection)


@pytest.mark.parametrize(
    "change",
    [
        "ALTER TYPE shop.state RENAME VALUE 'new' TO 'old'",
        "ALTER TYPE shop.state ADD VALUE 'first' BEFORE 'new'",
        "ALTER TYPE shop.line ALTER ATTRIBUTE name TYPE varchar(21)",
        "ALTER DOMAIN shop.mail SET DEFAULT 'x'",
        "ALTER DOMAIN shop.mail DROP NOT NULL",
        "ALTER DOMAIN shop.mail DROP CONSTRAINT has_at",
        "ALTER FUNCTION shop.f(text) VOLATILE",
        "ALTER SCHEMA shop RENAME TO store",
    ],
)
def test_a_change_is_seen(connect, change):
    connection = connect()
    run(
        connection,
        SHOP,
        "CREATE TYPE shop.state AS ENUM ('new'); CREATE TYPE shop.line AS (name varchar(20))",
        "CREATE DOMAIN shop.mail AS text DEFAULT '' NOT NULL CONSTRAINT has_at CHECK (VALUE <> '')",
        "CREATE FUNCTION shop.f(text) RETURNS text LANGUAGE sql IMMUTABLE AS 'SELECT $1'",
    )
    before = objects_of(connection)
    run(connection, change)
    assert objects_of(connection) != before


def test_a_label_added_later_takes_nothing_away_and_a_removed_attribute_does(connect):
    connection = connect()
    run(
        connection,
        SHOP,
        "CREATE TYPE shop.state AS ENUM ('new'); CREATE TYPE shop.line AS (id integer, name text)",
    )
    before = {item.identity: item for item in objects_of(connection)}
    run(
        connection,
        "ALTER TYPE shop.state ADD VALUE 'first' BEFORE 'new'",
        "ALTER TYPE shop.line DROP ATTRIBUTE id",
    )
    after = {item.identity: item for item in objects_of(connection)}
    assert after["type shop.state"].keeps(before["type shop.state"])
    assert not after["type shop.line"].keeps(before["type shop.line"])
    assert before["type shop.line"].keeps(after["type shop.line"])


def test_what_is_temporary_or_comes_with_something_else_is_no_object(connect):
    connection = connect()
    run(connection, SHOP)
    before = objects_of(connection)
    run(
        connection,
        "CREATE TEMP TABLE passing (id integer)",
        "CREATE TYPE pg_temp.passing_state AS ENUM ('new')",
        "CREATE FUNCTION pg_temp.f() RETURNS integer LANGUAGE sql AS 'SELECT 1'",
        "CREATE TABLE shop.orders (id integer)",
        "CREATE VIEW shop.orders_view AS SELECT 1 AS one",
    )
    assert objects_of(connection) == before
