"""Cursors of every kind keep working, and their results are untouched by what the guard reads."""

from __future__ import annotations

import io
import logging
from typing import TYPE_CHECKING, Any

import psycopg2
import pytest
from psycopg2 import extensions, extras

import backstop
from testing.server_log import ServerLog

if TYPE_CHECKING:
    from testing.guarded import Guarded
    from testing.postgres import Connect, Server

pytestmark = pytest.mark.usefixtures("orders")

FIRST = "SELECT id, total FROM orders ORDER BY id LIMIT 1"
DELETE = "DELETE FROM orders RETURNING id"


@pytest.mark.parametrize(
    ("factory", "row"),
    [
        (extensions.cursor, (1, 1)),
        (extras.DictCursor, [1, 1]),
        (extras.RealDictCursor, {"id": 1, "total": 1}),
        (extras.NamedTupleCursor, (1, 1)),
    ],
)
@pytest.mark.parametrize("name", [None, "portal"])
@pytest.mark.parametrize("given", ["argument", "attribute"])
def test_cursor_classes(
    guarded: Guarded, factory: type[extensions.cursor], row: Any, name: str | None, given: str
) -> None:
    connection: Any = guarded(autocommit=False)
    if given == "attribute":
        connection.cursor_factory = factory
        cursor = connection.cursor(name)
    else:
        cursor = connection.cursor(name, cursor_factory=factory)
    assert isinstance(cursor, factory)
    assert cursor.connection is connection
    cursor.execute(FIRST)
    assert cursor.fetchone() == row
    cursor.close()
    plain = connection.cursor(cursor_factory=factory)
    plain.execute(DELETE)
    assert len(plain.fetchall()) == 7


def test_logging_connection_and_cursor(guarded: Guarded, connect: Connect, store: str) -> None:
    raw = connect(connection_factory=extras.LoggingConnection)
    written = io.StringIO()
    raw.initialize(written)  # type: ignore[attr-defined]
    connection = backstop.guard(raw, storage=store, actor="tester")
    with connection, connection.cursor() as cursor:
        cursor.execute("DELETE FROM orders")
        assert cursor.rowcount == 7
    assert written.getvalue() == "DELETE FROM orders\n"
    (snapshot,) = backstop.snapshots.list(store)
    assert snapshot.rows == 7


def test_a_cursor_class_that_rewrites_its_text_is_judged_by_what_it_sends(guarded: Guarded) -> None:
    class Rewriting(extensions.cursor):
        def execute(self, query: Any, vars: Any = None) -> None:  # noqa: A002
            super().execute(str(query).replace("SELECT 1", "DELETE FROM orders"), vars)

    cursor = guarded(mode="block").cursor(cursor_factory=Rewriting)
    with pytest.raises(PermissionError):
        cursor.execute("SELECT 1")


@pytest.mark.parametrize("sql", [DELETE, "UPDATE orders SET total = total RETURNING id", FIRST])
def test_results_are_those_of_an_unguarded_cursor(
    guarded: Guarded, connect: Connect, sql: str
) -> None:
    plain = connect()
    expected = plain.cursor()
    expected.execute(sql)
    wanted = expected.description, expected.rowcount, expected.statusmessage, expected.query
    rows = expected.fetchall()
    plain.rollback()
    connection = guarded(autocommit=False)
    cursor = connection.cursor()
    cursor.execute(sql)
    assert (cursor.description, cursor.rowcount, cursor.statusmessage, cursor.query) == wanted
    assert cursor.fetchall() == rows


def test_rows_of_another_cursor_wait_to_be_fetched(guarded: Guarded) -> None:
    connection = guarded(autocommit=False)
    reader, named = connection.cursor(), connection.cursor("portal")
    reader.execute("SELECT id FROM orders ORDER BY id")
    named.execute("SELECT id FROM orders ORDER BY id")
    assert (reader.fetchone(), named.fetchone()) == ((1,), (1,))
    connection.cursor().execute("DELETE FROM orders")
    assert (len(reader.fetchall()), len(named.fetchall())) == (6, 6)


def test_notices_are_the_applications_own(guarded: Guarded) -> None:
    connection = guarded(autocommit=False)
    cursor = connection.cursor()
    cursor.execute("DO $$ BEGIN RAISE NOTICE 'hello'; END $$")
    cursor.execute("DELETE FROM orders")
    assert [str(notice).strip() for notice in connection.notices] == ["NOTICE:  hello"]


def test_errors_are_the_drivers_own(guarded: Guarded) -> None:
    connection = guarded(on_snapshot_failure="log")
    cursor = connection.cursor()
    with pytest.raises(psycopg2.errors.UndefinedTable) as raised:
        cursor.execute("DELETE FROM no_such_table")
    assert raised.value.pgcode == "42P01"
    assert connection.get_transaction_status() == extensions.TRANSACTION_STATUS_IDLE
    with pytest.raises(psycopg2.errors.SyntaxError):
        cursor.execute("DELETE FORM orders")


def test_several_statements_in_one_text(guarded: Guarded, store: str) -> None:
    connection = guarded(autocommit=False)
    cursor = connection.cursor()
    cursor.execute("CREATE TABLE a (id int); INSERT INTO orders VALUES (8, 8)")
    cursor.execute("DELETE FROM orders WHERE id = 8; DELETE FROM orders; SELECT 'last'")
    assert cursor.fetchall() == [("last",)]
    connection.commit()
    (snapshot,) = backstop.snapshots.list(store)
    assert (snapshot.rows, snapshot.fate.value) == (8, "committed")


def test_callproc_is_judged(guarded: Guarded, caplog: pytest.LogCaptureFixture) -> None:
    connection = guarded(mode="monitor")
    cursor = connection.cursor()
    cursor.execute("CREATE FUNCTION double(n int) RETURNS int LANGUAGE sql AS 'SELECT n * 2'")
    caplog.set_level(logging.INFO, "backstop.statement")
    cursor.callproc("double", [21])
    assert cursor.fetchall() == [(42,)]
    assert len([one for one in caplog.records if one.name == "backstop.statement"]) == 1


def test_copy(guarded: Guarded, store: str) -> None:
    cursor = guarded(mode="block").cursor()
    cursor.copy_from(io.StringIO("8\t8\n9\t9\n"), "orders")
    assert cursor.rowcount == 2
    written = io.StringIO()
    cursor.copy_to(written, "orders")
    assert len(written.getvalue().splitlines()) == 9
    written = io.StringIO()
    cursor.copy_expert("COPY (SELECT 1) TO STDOUT", written)
    assert written.getvalue() == "1\n"
    with pytest.raises(PermissionError):
        cursor.copy_expert("COPY (DELETE FROM orders RETURNING *) TO STDOUT", io.StringIO())


def test_every_route_is_recorded(
    guarded: Guarded, caplog: pytest.LogCaptureFixture, postgres_server: Server, dsn: str
) -> None:
    log = ServerLog(postgres_server, dsn)
    connection = guarded(mode="monitor")
    caplog.set_level(logging.INFO, "backstop.statement")
    cursor = connection.cursor()
    cursor.execute("SELECT 1")
    cursor.executemany("INSERT INTO orders VALUES (%s, 0)", [(8,)])
    cursor.callproc("lower", ["X"])
    cursor.copy_from(io.StringIO("9\t9\n"), "orders")
    cursor.copy_to(io.StringIO(), "orders")
    cursor.copy_expert("COPY orders TO STDOUT", io.StringIO())
    extras.execute_values(cursor, "INSERT INTO orders VALUES %s", [(10, 1)])
    extras.execute_batch(cursor, "DELETE FROM orders WHERE id = %s", [(10,)])
    cursor.connection.cursor().execute("TRUNCATE orders")
    recorded = [one for one in caplog.records if one.name == "backstop.statement"]
    assert len(recorded) == len(log.sent()) == 9
