"""Access methods come back as they were."""

from __future__ import annotations

from testing.recreating import assert_comes_back, objects_of, run

METHODS = """
    CREATE FUNCTION shop."Handler"(internal) RETURNS table_am_handler LANGUAGE internal
        AS 'heap_tableam_handler';
    CREATE ACCESS METHOD own TYPE TABLE HANDLER shop."Handler";
    CREATE ACCESS METHOD "a Heap" TYPE TABLE HANDLER heap_tableam_handler;
    CREATE ACCESS METHOD tree TYPE INDEX HANDLER bthandler;
    CREATE OPERATOR FAMILY shop.whole USING tree;
"""


def test_what_was_dropped_comes_back(connect, dsn):
    assert_comes_back(connect(), dsn, METHODS, "CREATE SCHEMA shop;")


def test_two_readings_of_the_same_database_are_equal(connect):
    connection = connect()
    run(connection, "CREATE SCHEMA shop;", METHODS)
    assert objects_of(connection) == objects_of(connection)
