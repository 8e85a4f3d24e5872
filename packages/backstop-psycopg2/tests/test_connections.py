"""The guarded connection itself: what it takes, what it forwards, what it lets go of."""

from __future__ import annotations

import gc
import importlib.util
import pickle
import threading
import weakref
from typing import TYPE_CHECKING, Any

import psycopg2
import pytest
from psycopg2 import extensions, extras

import backstop

if TYPE_CHECKING:
    from testing.guarded import Guarded
    from testing.postgres import Connect


def test_it_passes_for_the_connection(guarded: Guarded) -> None:
    connection = guarded()
    assert isinstance(connection, extensions.connection)
    assert isinstance(connection, backstop.GuardedConnection)
    assert connection.dsn == connection.__wrapped__.dsn
    assert connection.info.dbname == connection.__wrapped__.info.dbname
    assert weakref.ref(connection)() is connection
    with pytest.raises(AttributeError):
        connection.execute  # noqa: B018


def test_attributes_reach_the_connection(guarded: Guarded) -> None:
    connection: Any = guarded(autocommit=False)
    connection.autocommit = True
    assert connection.__wrapped__.autocommit is True
    connection.set_session(readonly=True, autocommit=False)
    assert connection.__wrapped__.readonly is True
    connection.set_client_encoding("LATIN1")
    assert connection.encoding == "LATIN1"


def test_guarding_twice_gives_the_same_guard(connect: Connect, store: str) -> None:
    raw = connect()
    first = backstop.guard(raw, storage=store, actor="a")
    assert backstop.guard(raw, storage=store, actor="a") is first
    assert backstop.guard(first, storage=store, actor="a") is first
    with pytest.raises(backstop.ConfigurationError, match="guarded already"):
        backstop.guard(raw, storage=store, actor="b")


def test_settings_come_from_the_environment(
    connect: Connect, store: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("BACKSTOP_STORAGE", store)
    monkeypatch.setenv("BACKSTOP_ACTOR", "service")
    monkeypatch.setenv("BACKSTOP_MODE", "block")
    connection = backstop.guard(connect())
    with pytest.raises(PermissionError):
        connection.cursor().execute("DROP TABLE anything")


def closed(connect: Connect) -> Any:
    connection = connect()
    connection.close()
    return connection


def asynchronous(connect: Connect) -> Any:
    return connect(async_=1)


def replication(connect: Connect) -> Any:
    return connect(connection_factory=extras.LogicalReplicationConnection)


@pytest.mark.parametrize(
    ("make", "said"),
    [
        (closed, "conn is closed"),
        (asynchronous, "conn is asynchronous"),
        (replication, "conn is a replication connection"),
        (lambda connect: "postgresql://user:s3cr3t@host/db", "conn is a builtins.str"),
        (lambda connect: None, "conn is a builtins.NoneType"),
        (lambda connect: connect().cursor(), "conn is a psycopg2.extensions.cursor"),
    ],
)
def test_wrong_connections(connect: Connect, store: str, make: Any, said: str) -> None:
    with pytest.raises(backstop.UnsupportedConnection, match=said) as raised:
        backstop.guard(make(connect), storage=store, actor="a")
    assert isinstance(raised.value, TypeError)
    assert "s3cr3t" not in str(raised.value)


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({"mode": "protcet"}, "mode is 'protcet'"),
        ({"actor": " "}, "actor is missing"),
        ({"storage": "s3:/typo"}, "storage"),
        ({"storage": "ftp://host/x"}, "storage"),
        ({"snapshot_at": "low"}, "snapshot_at is 'low'"),
        ({"on_snapshot_failure": "ignore"}, "on_snapshot_failure is 'ignore'"),
        ({"lock_timeout": 0}, "lock_timeout is 0"),
        ({"snapshot_timeout": "soon"}, "snapshot_timeout is 'soon'"),
        ({"protected_columns": "email"}, "protected_columns is 'email'"),
    ],
)
def test_wrong_settings(connect: Connect, store: str, settings: Any, said: str) -> None:
    with pytest.raises(backstop.ConfigurationError, match=said):
        backstop.guard(connect(), **{"storage": store, "actor": "a", **settings})


@pytest.mark.parametrize("name", ["storage", "actor"])
def test_missing_settings(
    connect: Connect, store: str, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv(f"BACKSTOP_{name.upper()}", raising=False)
    settings: dict[str, Any] = {"storage": store, "actor": "a"}
    del settings[name]
    with pytest.raises(backstop.ConfigurationError, match=f"{name} is missing.*BACKSTOP_"):
        backstop.guard(connect(), **settings)


def test_a_guard_keeps_no_connection_alive(dsn: str, store: str) -> None:
    raw = psycopg2.connect(dsn)
    connection = backstop.guard(raw, storage=store, actor="a")
    connection.cursor().execute("SELECT 1")
    seen = weakref.ref(raw), weakref.ref(connection)
    del raw, connection
    gc.collect()
    assert [one() for one in seen] == [None, None]


def test_a_lost_connection_raises_the_drivers_error(guarded: Guarded, connect: Connect) -> None:
    connection = guarded(autocommit=False, on_snapshot_failure="log")
    cursor = connection.cursor()
    cursor.execute("CREATE TABLE t AS SELECT 1 AS a")
    connection.commit()
    admin = connect().cursor()
    admin.execute("SELECT pg_terminate_backend(%s, 5000)", (connection.info.backend_pid,))
    with pytest.raises(psycopg2.OperationalError):
        cursor.execute("DELETE FROM t")
    assert connection.closed


def test_threads_take_turns(guarded: Guarded, store: str) -> None:
    connection = guarded()
    connection.cursor().execute("CREATE TABLE t AS SELECT generate_series(1, 100) AS a")
    failures: list[BaseException] = []

    def work() -> None:
        try:
            for _ in range(5):
                connection.cursor().execute("UPDATE t SET a = a + 1")
        except BaseException as error:
            failures.append(error)

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []
    summaries = backstop.snapshots.list(store)
    assert len(summaries) == 20
    assert {(one.rows, one.fate.value) for one in summaries} == {(100, "committed")}


def test_errors_travel(guarded: Guarded) -> None:
    with pytest.raises(backstop.StatementBlocked) as raised:
        guarded(mode="block").cursor().execute("DROP TABLE t")
    again = pickle.loads(pickle.dumps(raised.value))
    assert (str(again), again.result) == (str(raised.value), raised.value.result)


@pytest.mark.parametrize("name", ["guard", "protect_engine", "restore", "GuardedConnection"])
def test_no_module_hides_what_is_loaded_on_first_use(name: str) -> None:
    # Importing a submodule sets it on the package, where a function of that name would be.
    assert importlib.util.find_spec(f"backstop.{name}") is None
    assert callable(getattr(backstop, name))


@pytest.mark.usefixtures("orders")
@pytest.mark.parametrize("autocommit", [True, False])
@pytest.mark.parametrize("sql", ["DELETE FROM orders", "UPDATE orders SET total = 0"])
def test_a_with_block_that_fails_undoes_what_was_saved(
    guarded: Guarded, connect: Connect, autocommit: bool, sql: str
) -> None:
    connection = guarded(autocommit=autocommit)

    def run_and_fail() -> None:
        with connection, connection.cursor() as cursor:
            cursor.execute("SELECT * FROM orders")
            cursor.execute(sql)
            raise LookupError

    with pytest.raises(LookupError):
        run_and_fail()
    with connect().cursor() as cursor:
        cursor.execute("SELECT count(*) FROM orders WHERE total > 0")
        assert cursor.fetchone() == (7,)
    assert connection.autocommit is autocommit
    assert connection.info.transaction_status == extensions.TRANSACTION_STATUS_IDLE


def test_a_statement_that_the_driver_refuses_begins_no_transaction(guarded: Guarded) -> None:
    connection = guarded(autocommit=False)
    with pytest.raises(TypeError):
        connection.cursor().execute("SELECT * FROM orders WHERE id = %s", 1)
    connection.autocommit = True
