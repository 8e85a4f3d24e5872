"""A guarded psycopg 3 connection behaves as before, and says what it can't guard."""

from __future__ import annotations

import gc
import logging
import sqlite3
import subprocess
import sys
import threading
import weakref
from typing import TYPE_CHECKING, Any, Callable

import psycopg
import pytest
from psycopg import rows

import backstop
from backstop.psycopg import GuardedConnection
from testing.dumps import dump

if TYPE_CHECKING:
    from psycopg import Connection

    ByPsycopg = Callable[..., Connection[Any]]

pytestmark = pytest.mark.usefixtures("orders")


class Own(psycopg.Connection[Any]):
    """A connection class of the application's."""

    note = "mine"

    def wait(self, gen: Any, *args: Any, **kwargs: Any) -> Any:
        self.__dict__["waits"] = self.__dict__.get("waits", 0) + 1
        return super().wait(gen, *args, **kwargs)


def test_it_stays_the_connection_that_it_was(by_psycopg: ByPsycopg) -> None:
    connection = by_psycopg()
    assert isinstance(connection, psycopg.Connection)
    assert isinstance(connection, GuardedConnection)
    assert type(connection.cursor()) is psycopg.Cursor
    assert connection.cursor().connection is connection
    assert weakref.ref(connection)() is connection
    with connection.transaction() as transaction:
        assert transaction.connection is connection


def test_a_class_of_the_application_keeps_its_methods(by_psycopg: ByPsycopg) -> None:
    connection: Any = by_psycopg(connection_class=Own)
    assert isinstance(connection, Own)
    assert isinstance(connection, GuardedConnection)
    connection.execute("SELECT 1")
    assert connection.note == "mine"
    assert connection.waits > 0


def test_a_connection_opened_by_a_guarded_one_is_as_its_class_was(
    by_psycopg: ByPsycopg, dsn: str
) -> None:
    for base in (psycopg.Connection, Own):
        connection: Any = by_psycopg(connection_class=base)
        with connection.connect(dsn) as other:
            assert type(other) is base
            other.execute("SELECT 1")


def test_guarding_twice_gives_the_same_guard(dsn: str, store: str) -> None:
    with psycopg.connect(dsn) as connection:
        backstop.guard(connection, storage=store, actor="a")
        session = connection.backstop_session
        assert backstop.guard(connection, storage=store, actor="a") is connection
        assert connection.backstop_session is session
        with pytest.raises(backstop.ConfigurationError, match="guarded already"):
            backstop.guard(connection, storage=store, actor="b")


def test_a_dropped_connection_is_let_go(dsn: str, store: str) -> None:
    connection = backstop.guard(psycopg.connect(dsn), storage=store, actor="a")
    connection.execute("SELECT 1")
    gone = weakref.ref(connection)
    connection.close()
    del connection
    gc.collect()
    assert gone() is None


def test_what_cannot_be_guarded_is_named(dsn: str, store: str) -> None:
    closed = psycopg.connect(dsn)
    closed.close()
    with pytest.raises(TypeError, match="closed"):
        backstop.guard(closed, storage=store, actor="a")
    refused = pytest.raises(TypeError, match="replication")
    with psycopg.connect(dsn, replication="database") as connection, refused:
        backstop.guard(connection, storage=store, actor="a")
    asynchronous = psycopg.AsyncConnection.__new__(psycopg.AsyncConnection)
    with pytest.raises(TypeError, match=r"under SQLAlchemy only.*psycopg\.connect"):
        backstop.guard(asynchronous, storage=store, actor="a")
    other: Any = sqlite3.connect(":memory:")
    with pytest.raises(backstop.UnsupportedConnection) as raised:
        backstop.guard(other, storage=store, actor="a")
    other.close()
    for word in ("sqlite3.Connection", "psycopg2.connect", "psycopg.connect", "protect_engine"):
        assert word in str(raised.value)


def test_reads_are_as_before(by_psycopg: ByPsycopg) -> None:
    connection = by_psycopg(autocommit=False)
    with connection.cursor(row_factory=rows.dict_row) as cursor:
        cursor.execute("SELECT id FROM orders WHERE id <= %s ORDER BY 1", [2])
        assert cursor.rowcount == 2
        assert cursor.fetchall() == [{"id": 1}, {"id": 2}]
    with connection.cursor("named", scrollable=True) as server:
        server.execute("SELECT id FROM orders ORDER BY id")
        assert server.fetchmany(2) == [(1,), (2,)]
        server.scroll(0, "absolute")
        assert [one for (one,) in server] == [1, 2, 3, 4, 5, 6, 7]
    stream = connection.cursor().stream("SELECT id FROM orders ORDER BY id")
    assert next(stream) == (1,)
    stream.close()
    with connection.cursor().copy("COPY orders TO STDOUT") as copy:
        copy.set_types(["int4", "numeric"])
        assert sum(one for one, _ in copy.rows()) == 28
    with connection.pipeline() as pipeline:
        first = connection.execute("SELECT 1")
        second = connection.execute("SELECT %s", ["2"])
        pipeline.sync()
        assert (first.fetchone(), second.fetchone()) == ((1,), ("2",))


@pytest.mark.parametrize("mode", ["monitor", "protect", "block"])
def test_writes_are_as_before(by_psycopg: ByPsycopg, mode: str) -> None:
    connection = by_psycopg(mode=mode)
    cursor = connection.cursor()
    with cursor.copy("COPY orders FROM STDIN") as copy:
        copy.write_row((8, 8))
        copy.write("9\t9\n")
    assert cursor.rowcount == 2
    cursor.executemany("INSERT INTO orders VALUES (%s, 0)", ((one,) for one in range(10, 13)))
    assert cursor.rowcount == 3
    cursor.executemany(
        "UPDATE orders SET total = 1 WHERE id = %s RETURNING id", [(1,), (2,)], returning=True
    )
    assert cursor.fetchone() == (1,)
    assert cursor.nextset()
    assert cursor.fetchone() == (2,)
    with connection.pipeline():
        for one in range(13, 16):
            connection.execute("INSERT INTO orders VALUES (%s, 0)", [one])
    assert connection.execute("SELECT count(*) FROM orders").fetchone() == (15,)


def test_what_is_held_reads_as_if_it_came(by_psycopg: ByPsycopg) -> None:
    connection = by_psycopg(snapshot_at="LOW")
    cursor = connection.cursor(row_factory=rows.dict_row)
    stream = cursor.stream("DELETE FROM orders WHERE id < 3 RETURNING id")
    assert next(stream) == {"id": 1}
    assert cursor.description[0].name == "id"
    assert list(stream) == [{"id": 2}]
    for binary in (False, True):
        form = "(FORMAT binary)" if binary else ""
        text = "COPY (UPDATE orders SET total = 0 WHERE id > %s RETURNING id) TO STDOUT " + form
        with cursor.copy(text, [5]) as copy:
            copy.set_types(["int4"])
            assert list(copy.rows()) == [(6,), (7,)]
        assert cursor.rowcount == 2
    with cursor.copy("COPY (DELETE FROM orders RETURNING id) TO STDOUT") as copy:
        assert bytes(copy.read()) == b"3\n"
    assert connection.execute("SELECT count(*) FROM orders").fetchone() == (0,)
    with cursor.copy("COPY (SELECT 1) TO STDOUT") as copy:
        assert [bytes(data) for data in copy] == [b"1\n"]
    with pytest.raises(psycopg.ProgrammingError, match="didn't produce a result"):
        list(cursor.stream("DELETE FROM orders"))


def test_a_large_held_copy_is_complete(by_psycopg: ByPsycopg) -> None:
    connection = by_psycopg()
    connection.execute(
        "CREATE TABLE wide AS SELECT repeat('x', 1000) FROM generate_series(1, 3000)"
    )
    with connection.cursor().copy("COPY (DELETE FROM wide RETURNING *) TO STDOUT") as copy:
        assert sum(len(data) for data in copy) == 3000 * 1001


@pytest.mark.parametrize("autocommit", [True, False])
@pytest.mark.parametrize("does", ["DELETE FROM orders", "EXECUTE 'DELETE FROM ' || 'orders'"])
def test_a_copy_with_a_trigger_takes_its_data_once(
    by_psycopg: ByPsycopg, does: str, autocommit: bool
) -> None:
    connection = by_psycopg(autocommit=autocommit, on_snapshot_failure="log")
    connection.execute(
        "CREATE TABLE added (id int);"
        "CREATE FUNCTION clear() RETURNS trigger LANGUAGE plpgsql AS "
        f"$$BEGIN {does}; RETURN NULL; END$$;"
        "CREATE TRIGGER clear AFTER INSERT ON added EXECUTE FUNCTION clear()"
    )
    with connection.cursor().copy("COPY added FROM STDIN") as copy:
        for one in range(3):
            copy.write_row((one,))
    assert connection.execute("SELECT count(*) FROM added").fetchone() == (3,)


def test_an_error_is_psycopgs_own(by_psycopg: ByPsycopg) -> None:
    connection = by_psycopg()
    with pytest.raises(psycopg.ProgrammingError, match="placeholders"):
        connection.execute("SELECT %s", [])
    with pytest.raises(TypeError):
        connection.execute("SELECT %s", 1)  # type: ignore[arg-type]
    with pytest.raises(psycopg.errors.UndefinedTable):
        connection.execute("DELETE FROM nowhere")
    cursor = connection.cursor()
    cursor.close()
    with pytest.raises(psycopg.InterfaceError, match="cursor is closed"):
        cursor.execute("DELETE FROM orders")
    with pytest.raises(psycopg.NotSupportedError), connection.pipeline():
        connection.cursor().copy("COPY orders TO STDOUT").__enter__()
    assert connection.execute("SELECT count(*) FROM orders").fetchone() == (7,)


def test_no_parameter_reaches_a_log_or_the_store(
    by_psycopg: ByPsycopg, store: str, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG, "backstop")
    connection = by_psycopg(snapshot_at="LOW", on_snapshot_failure="log")
    connection.execute("CREATE TABLE notes (note text)")
    secret = "s3cr3t-value"
    connection.execute("INSERT INTO notes VALUES (%s)", [secret])
    for cursor, mark in (
        (connection.cursor(), "%s"),
        (psycopg.ClientCursor(connection), "%s"),
        (psycopg.RawCursor(connection), "$1"),
    ):
        cursor.execute(f"DELETE FROM notes WHERE note <> {mark}", [secret])
        with pytest.raises(psycopg.Error):
            cursor.execute(f"DELETE FROM notes WHERE note::int = {mark}", [secret])
    assert caplog.text
    assert secret not in caplog.text
    assert secret not in repr(backstop.snapshots.list(store))


def test_notices_are_the_applications_alone(by_psycopg: ByPsycopg) -> None:
    connection = by_psycopg()
    heard: list[str | None] = []
    connection.add_notice_handler(lambda notice: heard.append(notice.message_primary))
    connection.execute("DO $$BEGIN RAISE NOTICE 'hello'; END$$")
    connection.execute("DROP TABLE IF EXISTS nowhere")
    connection.execute("DELETE FROM orders")
    assert "hello" in heard
    assert {str(one) for one in heard} <= {"hello", 'table "nowhere" does not exist, skipping'}


def test_threads_take_turns(by_psycopg: ByPsycopg) -> None:
    connection = by_psycopg(snapshot_at="LOW")
    failures: list[BaseException] = []

    def work(first: int) -> None:
        try:
            for one in range(first, first + 5):
                connection.execute("INSERT INTO orders VALUES (%s, 0)", [one])
                connection.execute("DELETE FROM orders WHERE id = %s", [one])
        except BaseException as error:
            failures.append(error)

    threads = [threading.Thread(target=work, args=(100 * number,)) for number in range(1, 4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []
    assert connection.execute("SELECT count(*) FROM orders").fetchone() == (7,)


def test_psycopg_alone_is_enough(dsn: str, store: str) -> None:
    before = dump(dsn)
    script = """
import sys
sys.modules["psycopg2"] = None
import backstop, psycopg
dsn, store = sys.argv[1:]
with psycopg.connect(dsn) as connection:
    backstop.guard(connection, storage=store, actor="a").execute("DROP TABLE orders")
report = backstop.restore(backstop.snapshots.list(store)[-1].id, storage=store, dsn=dsn)
assert report.complete
"""
    subprocess.run([sys.executable, "-c", script, dsn, store], check=True)
    assert dump(dsn) == before


def streamed(connection: Connection[Any], sql: str) -> list[Any]:
    return list(connection.cursor().stream(sql))


def piped(connection: Connection[Any], sql: str) -> list[Any]:
    with connection.pipeline():
        connection.execute("SELECT 1")
        return connection.execute(sql).fetchall()


@pytest.mark.parametrize("autocommit", [True, False])
@pytest.mark.parametrize("route", [streamed, piped])
def test_what_only_a_run_shows_is_seen_on_every_route(
    by_psycopg: ByPsycopg,
    route: Callable[[Connection[Any], str], list[Any]],
    autocommit: bool,
) -> None:
    connection = by_psycopg(mode="block", rehearse=True, autocommit=autocommit)
    # A language of another name stands for every one that nobody can read.
    connection.execute(
        "CREATE LANGUAGE secret HANDLER plpgsql_call_handler;"
        "CREATE FUNCTION wipe() RETURNS int LANGUAGE secret AS "
        "$$BEGIN DELETE FROM orders; RETURN 1; END$$;"
        "CREATE FUNCTION add() RETURNS int LANGUAGE secret AS "
        "$$BEGIN INSERT INTO orders VALUES (8, 8); RETURN 1; END$$"
    )
    connection.commit()
    with pytest.raises(backstop.StatementBlocked, match="nothing of it is left"):
        route(connection, "SELECT wipe()")
    assert route(connection, "SELECT add()") == [(1,)]
    assert connection.execute("SELECT count(*) FROM orders").fetchone() == (8,)
    with backstop.allow(reason="meant"):
        assert route(connection, "SELECT wipe()") == [(1,)]
    assert connection.execute("SELECT count(*) FROM orders").fetchone() == (0,)
