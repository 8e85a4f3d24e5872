"""Event triggers and publications come back as they were."""

from __future__ import annotations

import pytest

from testing.recreating import assert_comes_back, objects_of, run

GIVEN = """
    CREATE SCHEMA shop;
    CREATE SCHEMA "Other shop";
    CREATE TABLE shop.orders (id integer PRIMARY KEY, total integer, note text,
                              twice integer GENERATED ALWAYS AS (total * 2) STORED);
    CREATE TABLE shop.old_orders () INHERITS (shop.orders);
    CREATE TABLE shop."Parts of" (id integer, part integer) PARTITION BY LIST (part);
    CREATE TABLE shop.part PARTITION OF shop."Parts of" DEFAULT;
    CREATE FUNCTION shop.act() RETURNS event_trigger LANGUAGE plpgsql AS 'BEGIN END';
"""

SCRIPTS = {
    "event triggers": (
        130000,
        """
        CREATE EVENT TRIGGER "on Drop" ON sql_drop WHEN TAG IN ('DROP TABLE', 'DROP VIEW')
            EXECUTE FUNCTION shop.act();
        CREATE EVENT TRIGGER started ON ddl_command_start EXECUTE FUNCTION shop.act();
        ALTER EVENT TRIGGER started DISABLE;
        CREATE EVENT TRIGGER rewritten ON table_rewrite EXECUTE FUNCTION shop.act();
        ALTER EVENT TRIGGER rewritten ENABLE ALWAYS;
        CREATE EVENT TRIGGER ended ON ddl_command_end EXECUTE FUNCTION shop.act();
        ALTER EVENT TRIGGER ended ENABLE REPLICA;
        """,
    ),
    "publications": (
        130000,
        """
        CREATE PUBLICATION nothing WITH (publish = '');
        CREATE PUBLICATION everything FOR ALL TABLES WITH (publish = 'insert, truncate');
        CREATE PUBLICATION "some Tables" FOR TABLE ONLY shop.orders, shop."Parts of"
            WITH (publish_via_partition_root = true);
        CREATE PUBLICATION again FOR TABLE shop.orders;
        """,
    ),
    "publications with filters": (
        150000,
        """
        CREATE PUBLICATION filtered FOR TABLE ONLY shop.orders (id, note) WHERE (id > 3),
            ONLY shop.old_orders WHERE (note = 'x' OR total > 3);
        CREATE PUBLICATION schemas FOR TABLES IN SCHEMA shop, "Other shop";
        CREATE PUBLICATION mixed FOR TABLES IN SCHEMA "Other shop", TABLE ONLY shop.orders;
        """,
    ),
    "generated columns": (
        180000,
        """
        CREATE PUBLICATION generated FOR TABLE ONLY shop.orders
            WITH (publish_generated_columns = stored);
        CREATE PUBLICATION listed FOR TABLE ONLY shop.orders (id, twice);
        """,
    ),
    "triggers on login": (
        170000,
        "CREATE EVENT TRIGGER entered ON login EXECUTE FUNCTION shop.act()",
    ),
}


def created(connection, what):
    since, script = SCRIPTS[what]
    if connection.server_version < since:
        pytest.skip(f"this server is older than {since}")
    return script


@pytest.mark.parametrize("what", SCRIPTS)
def test_what_was_dropped_comes_back(connect, dsn, what):
    connection = connect()
    assert_comes_back(connection, dsn, created(connection, what), GIVEN)


@pytest.mark.parametrize("what", SCRIPTS)
def test_two_readings_of_the_same_database_are_equal(connect, what):
    connection = connect()
    run(connection, GIVEN, created(connection, what))
    assert objects_of(connection) == objects_of(connection)


@pytest.mark.parametrize(
    "change",
    [
        "ALTER EVENT TRIGGER dropped DISABLE",
        "ALTER PUBLICATION few SET (publish = 'insert')",
        "ALTER PUBLICATION few DROP TABLE ONLY shop.orders",
        "ALTER PUBLICATION few ADD TABLE ONLY shop.part",
        "ALTER PUBLICATION few RENAME TO other",
    ],
)
def test_a_change_is_seen(connect, change):
    connection = connect()
    run(
        connection,
        GIVEN,
        "CREATE EVENT TRIGGER dropped ON sql_drop EXECUTE FUNCTION shop.act()",
        "CREATE PUBLICATION few FOR TABLE ONLY shop.orders",
    )
    before = objects_of(connection)
    run(connection, change)
    assert objects_of(connection) != before


def test_each_published_table_is_an_object_of_its_own(connect):
    connection = connect()
    run(connection, GIVEN, "CREATE PUBLICATION two FOR TABLE ONLY shop.orders, ONLY shop.part")
    found = [item for item in objects_of(connection) if item.kind == "published table"]
    assert [item.identity for item in found] == [
        "table shop.orders in publication two",
        "table shop.part in publication two",
    ]
    assert [item.drop for item in found] == [
        ("ALTER PUBLICATION two DROP TABLE ONLY shop.orders",),
        ("ALTER PUBLICATION two DROP TABLE ONLY shop.part",),
    ]
