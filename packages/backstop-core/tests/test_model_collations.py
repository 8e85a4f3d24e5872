"""Collations and conversions come back as they were."""

from __future__ import annotations

import pytest

from testing.recreating import assert_comes_back, objects_of, run

SHOP = "CREATE SCHEMA shop;"

SCRIPTS = {
    "libc": (
        130000,
        """
        CREATE COLLATION shop.plain (LC_COLLATE = 'C', LC_CTYPE = 'POSIX');
        CREATE COLLATION shop."same Again" FROM pg_catalog."C";
        CREATE DOMAIN shop.word AS text COLLATE shop.plain;
        """,
    ),
    "icu": (
        130000,
        """
        CREATE COLLATION shop.german (PROVIDER = icu, LOCALE = 'de-u-co-phonebk');
        CREATE COLLATION shop.careless (PROVIDER = icu, LOCALE = 'und', DETERMINISTIC = false);
        CREATE TYPE shop.line AS (name text COLLATE shop.careless);
        """,
    ),
    "icu with rules": (
        160000,
        """
        CREATE COLLATION shop.ruled (PROVIDER = icu, LOCALE = 'und',
            RULES = '&V << w <<< W &ü < ''-''');
        """,
    ),
    "builtin": (
        170000,
        """
        CREATE COLLATION shop.fast (PROVIDER = builtin, LOCALE = 'C');
        CREATE COLLATION shop.fastest (PROVIDER = builtin, LOCALE = 'C.UTF-8');
        """,
    ),
    "conversions": (
        130000,
        """
        CREATE DEFAULT CONVERSION shop.usual FOR 'LATIN1' TO 'UTF8' FROM iso8859_1_to_utf8;
        CREATE CONVERSION shop."other Way" FOR 'UTF8' TO 'LATIN1' FROM utf8_to_iso8859_1;
        """,
    ),
}


def require_icu(connection):
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM pg_catalog.pg_collation WHERE collname = 'und-x-icu'")
        if not cursor.fetchone()[0]:
            pytest.skip("this server is built without ICU")


def created(connection, what):
    since, script = SCRIPTS[what]
    if connection.server_version < since:
        pytest.skip(f"this server is older than {since}")
    if "icu" in what:
        require_icu(connection)
    return script


@pytest.mark.parametrize("what", SCRIPTS)
def test_what_was_dropped_comes_back(connect, dsn, what):
    connection = connect()
    assert_comes_back(connection, dsn, created(connection, what), SHOP)


@pytest.mark.parametrize("what", SCRIPTS)
def test_two_readings_of_the_same_database_are_equal(connect, what):
    connection = connect()
    run(connection, SHOP, created(connection, what))
    assert objects_of(connection) == objects_of(connection)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("LC_COLLATE = 'C', LC_CTYPE = 'C'", "LC_COLLATE = 'C', LC_CTYPE = 'POSIX'"),
        ("PROVIDER = icu, LOCALE = 'de'", "PROVIDER = icu, LOCALE = 'fr'"),
        (
            "PROVIDER = icu, LOCALE = 'de'",
            "PROVIDER = icu, LOCALE = 'de', DETERMINISTIC = false",
        ),
    ],
)
def test_a_change_is_seen(connect, one, other):
    connection = connect()
    if "icu" in one:
        require_icu(connection)
    run(connection, SHOP, f"CREATE COLLATION shop.c ({one})")
    before = {item.identity: item.compared for item in objects_of(connection)}
    run(connection, "DROP COLLATION shop.c", f"CREATE COLLATION shop.c ({other})")
    assert {item.identity: item.compared for item in objects_of(connection)} != before
