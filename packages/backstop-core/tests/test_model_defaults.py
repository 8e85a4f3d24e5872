"""Default privileges come back exactly as they were, whatever stands in their place by then."""

from __future__ import annotations

import os

import pytest

from testing.dumps import dump
from testing.recreating import assert_comes_back, objects_of, run

KEEPER = f'"backstop test keeper {os.getpid()}"'
CLERK = f"backstop_test_clerk_{os.getpid()}"
SHOP = 'CREATE SCHEMA shop; CREATE SCHEMA "Other shop"'

SCRIPTS = {
    "everywhere": f"""
        ALTER DEFAULT PRIVILEGES FOR ROLE {KEEPER} GRANT SELECT, INSERT ON TABLES TO {CLERK};
        ALTER DEFAULT PRIVILEGES FOR ROLE {KEEPER} GRANT USAGE ON SEQUENCES TO {CLERK}
            WITH GRANT OPTION;
        ALTER DEFAULT PRIVILEGES FOR ROLE {KEEPER} REVOKE EXECUTE ON FUNCTIONS FROM PUBLIC;
        ALTER DEFAULT PRIVILEGES FOR ROLE {KEEPER} REVOKE ALL ON TYPES FROM PUBLIC, {KEEPER};
        ALTER DEFAULT PRIVILEGES FOR ROLE {KEEPER} GRANT CREATE ON SCHEMAS TO PUBLIC;
        ALTER DEFAULT PRIVILEGES FOR ROLE {CLERK} REVOKE DELETE ON TABLES FROM {CLERK};
        ALTER DEFAULT PRIVILEGES GRANT SELECT ON TABLES TO {KEEPER};
    """,
    "in a schema": f"""
        ALTER DEFAULT PRIVILEGES FOR ROLE {KEEPER} IN SCHEMA shop, "Other shop"
            GRANT ALL ON TABLES TO {CLERK};
        ALTER DEFAULT PRIVILEGES FOR ROLE {KEEPER} IN SCHEMA shop
            GRANT EXECUTE ON FUNCTIONS TO PUBLIC;
        ALTER DEFAULT PRIVILEGES FOR ROLE {KEEPER} IN SCHEMA shop
            GRANT SELECT ON SEQUENCES TO {CLERK}, {KEEPER} WITH GRANT OPTION;
    """,
    "both": f"""
        ALTER DEFAULT PRIVILEGES FOR ROLE {KEEPER} REVOKE ALL ON TABLES FROM {KEEPER};
        ALTER DEFAULT PRIVILEGES FOR ROLE {KEEPER} IN SCHEMA shop GRANT SELECT ON TABLES TO PUBLIC;
    """,
}


@pytest.fixture
def connection(connect):
    opened = connect()
    run(opened, f"CREATE ROLE {KEEPER}", f"CREATE ROLE {CLERK}", SHOP)
    yield opened
    opened.rollback()
    # Of both at once the server looks for the same entry twice, and fails.
    run(opened, f"DROP OWNED BY {KEEPER}", f"DROP OWNED BY {CLERK}")
    run(opened, f"DROP ROLE {KEEPER}, {CLERK}")


@pytest.mark.parametrize("what", SCRIPTS)
def test_what_was_taken_back_comes_back(connection, dsn, what):
    assert_comes_back(connection, dsn, SCRIPTS[what])


def test_privileges_on_large_objects_come_back(connection, dsn):
    if connection.server_version < 180000:
        pytest.skip("this server has no default privileges on large objects")
    script = f"ALTER DEFAULT PRIVILEGES FOR ROLE {KEEPER} GRANT SELECT ON LARGE OBJECTS TO {CLERK}"
    assert_comes_back(connection, dsn, script)


@pytest.mark.parametrize("what", SCRIPTS)
def test_two_readings_of_the_same_database_are_equal(connection, what):
    run(connection, SCRIPTS[what])
    assert objects_of(connection) == objects_of(connection)


@pytest.mark.parametrize(
    "change",
    [
        f"ALTER DEFAULT PRIVILEGES FOR ROLE {KEEPER} GRANT ALL ON TABLES TO {CLERK}, PUBLIC",
        f"ALTER DEFAULT PRIVILEGES FOR ROLE {KEEPER} GRANT INSERT ON TABLES TO {CLERK} "
        "WITH GRANT OPTION",
        f"ALTER DEFAULT PRIVILEGES FOR ROLE {KEEPER} REVOKE ALL ON TABLES FROM {KEEPER}",
    ],
    ids=["more", "with grant option", "none"],
)
def test_a_change_is_seen_and_taken_back(connection, dsn, change):
    run(connection, SCRIPTS["everywhere"])
    before = {item.identity: item for item in objects_of(connection)}
    full = dump(dsn)
    run(connection, change)
    now = {item.identity: item for item in objects_of(connection)}
    (changed,) = (identity for identity, item in now.items() if item.ddl != before[identity].ddl)
    run(connection, *now[changed].drop, *before[changed].ddl)
    # Before version 18, pg_dump lists default privileges in the order of their OIDs.
    assert sorted(dump(dsn).split("\n\n\n")) == sorted(full.split("\n\n\n"))
