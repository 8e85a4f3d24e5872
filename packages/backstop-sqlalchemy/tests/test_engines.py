"""Putting engines under guard: what is taken, what is refused, what stays as it was."""

from __future__ import annotations

import gc
import logging
import weakref
from typing import TYPE_CHECKING, Any

import pytest
import sqlalchemy
from sqlalchemy import inspect, text
from sqlalchemy.pool import NullPool

import backstop
from backstop.sqlalchemy import protect_engine, unprotect_engine

if TYPE_CHECKING:
    from sqlalchemy import Engine


def test_the_engine_itself_is_returned(make_engine: Any, store: str) -> None:
    engine = make_engine()
    assert backstop.protect_engine(engine=engine, storage=store, actor="a") is engine


def test_guarding_twice_changes_nothing(make_engine: Any, store: str, orders: None) -> None:
    engine = make_engine()
    for _ in range(2):
        protect_engine(engine, storage=store, actor="a")
    protect_engine(engine.execution_options(isolation_level="AUTOCOMMIT"), store, "a")
    with engine.begin() as connection:
        connection.execute(text("DELETE FROM orders"))
    assert len(backstop.snapshots.list(store)) == 1
    with pytest.raises(backstop.ConfigurationError, match="guarded already"):
        protect_engine(engine, storage=store, actor="b")


def test_open_connections_and_option_engines_are_guarded(
    make_engine: Any, store: str, orders: None
) -> None:
    engine = make_engine()
    derived = engine.execution_options(logging_token="x")
    with engine.connect() as connection:
        connection.execute(text("SELECT 1"))
        protect_engine(engine, storage=store, actor="a", mode="block")
        with pytest.raises(PermissionError):
            connection.execute(text("DELETE FROM orders"))
    with derived.connect() as connection, pytest.raises(PermissionError):
        connection.execute(text("DELETE FROM orders"))


def test_unprotecting_leaves_the_engine_as_it_was(
    make_engine: Any, store: str, orders: None
) -> None:
    engine = make_engine()
    before = dict(vars(engine.dialect))
    protect_engine(engine, storage=store, actor="a", mode="block")
    assert unprotect_engine(engine) is engine
    assert unprotect_engine(engine) is engine
    after = {name: value for name, value in vars(engine.dialect).items() if name in before}
    assert set(vars(engine.dialect)) <= {*before, "dispatch", "_has_events"}
    assert {name for name in before if before[name] is not after[name]} <= {"_has_events"}
    with engine.begin() as connection:
        connection.execute(text("DELETE FROM orders"))
    protect_engine(engine, storage=store, actor="b", mode="block")
    with engine.begin() as connection, pytest.raises(PermissionError):
        connection.execute(text("DELETE FROM orders"))


@pytest.mark.parametrize("pool", [None, NullPool])
def test_a_guard_keeps_no_connection_alive(make_engine: Any, store: str, pool: Any) -> None:
    engine = make_engine(poolclass=pool)
    protect_engine(engine, storage=store, actor="a")
    with engine.connect() as connection:
        connection.execute(text("SELECT 1"))
        driver_connection: Any = connection.connection.dbapi_connection
        seen = weakref.ref(driver_connection)
        del driver_connection
    engine.dispose()
    gc.collect()
    assert seen() is None


def test_a_guard_keeps_no_engine_alive(dsn: str, store: str) -> None:
    engine = sqlalchemy.create_engine(dsn.replace("postgresql:", "postgresql+psycopg2:", 1))
    protect_engine(engine, storage=store, actor="a")
    with engine.connect() as connection:
        connection.execute(text("SELECT 1"))
    engine.dispose()
    seen = weakref.ref(engine)
    del engine, connection
    gc.collect()
    assert seen() is None


def test_an_engine_is_used_like_any_other(make_engine: Any, store: str, orders: None) -> None:
    engine = protect_engine(make_engine(), storage=store, actor="a")
    assert inspect(engine).get_table_names() == ["orders"]
    assert engine.url.drivername == "postgresql+psycopg2"
    raw = engine.raw_connection()
    raw.cursor().execute("SELECT 1")
    raw.close()


@pytest.mark.parametrize(
    ("make", "said"),
    [
        (lambda make: "postgresql://user:s3cr3t@host/db", "engine is a builtins.str: give an"),
        (lambda make: None, "engine is a builtins.NoneType"),
        (lambda make: make().connect(), "engine is a sqlalchemy.engine.base.Connection"),
    ],
)
def test_wrong_engines(make_engine: Any, store: str, make: Any, said: str) -> None:
    with pytest.raises(backstop.UnsupportedConnection, match=said) as raised:
        protect_engine(make(make_engine), storage=store, actor="a")
    assert isinstance(raised.value, TypeError)
    assert "s3cr3t" not in str(raised.value)


def test_wrong_settings(make_engine: Any, store: str) -> None:
    with pytest.raises(backstop.ConfigurationError, match="mode is 'protcet'"):
        protect_engine(make_engine(), storage=store, actor="a", mode="protcet")
    with pytest.raises(backstop.ConfigurationError, match="protected_columns is 'email'"):
        protect_engine(make_engine(), storage=store, actor="a", protected_columns="email")


@pytest.fixture
def sqlite() -> Any:
    engine = sqlalchemy.create_engine("sqlite://")
    with engine.begin() as connection:
        connection.execute(text("CREATE TABLE orders (id int)"))
        connection.execute(text("INSERT INTO orders VALUES (1), (2)"))
    yield engine
    engine.dispose()


def test_protect_says_what_it_can_save(sqlite: Engine, store: str) -> None:
    with pytest.raises(backstop.ConfigurationError, match="not on sqlite through"):
        protect_engine(sqlite, storage=store, actor="a")
    with sqlite.begin() as connection:
        connection.execute(text("DELETE FROM orders"))


def test_other_databases_are_monitored_by_text(
    sqlite: Engine, store: str, caplog: pytest.LogCaptureFixture
) -> None:
    protect_engine(sqlite, storage=store, actor="a", mode="monitor")
    caplog.set_level(logging.INFO, "backstop.statement")
    with sqlite.begin() as connection:
        connection.execute(text("DELETE FROM orders WHERE id = :id"), {"id": 1})
        assert connection.execute(text("DELETE FROM orders")).rowcount == 1
    found = [one.__dict__["backstop"] for one in caplog.records]
    assert [one["backstop.risk.level"] for one in found] == ["LOW", "CRITICAL"]
    assert {one["db.system.name"] for one in found} == {"sqlite"}


def test_other_databases_are_blocked_by_text(
    sqlite: Engine, store: str, caplog: pytest.LogCaptureFixture
) -> None:
    protect_engine(sqlite, storage=store, actor="a", mode="block")
    with sqlite.begin() as connection:
        connection.execute(text("INSERT INTO orders VALUES (:id)"), [{"id": 3}, {"id": 4}])
        with pytest.raises(PermissionError, match="no snapshot can be taken here"):
            connection.execute(text("DELETE FROM orders"))
        assert connection.scalar(text("SELECT count(*) FROM orders")) == 4
        with backstop.allow(reason="ticket 4711"):
            connection.execute(text("DELETE FROM orders"))
    assert "SNAPSHOT FAILED" in caplog.text
    assert backstop.snapshots.list(store) == []


@pytest.mark.parametrize("driver", ["psycopg2", "psycopg"])
def test_a_second_engine_leaves_the_first_as_it_is(
    dsn: str, store: str, orders: None, driver: str
) -> None:
    url = dsn.replace("postgresql://", f"postgresql+{driver}://", 1)
    engine = sqlalchemy.create_engine(url, isolation_level="AUTOCOMMIT")
    seen: list[str] = []
    sqlalchemy.event.listen(engine, "before_cursor_execute", lambda *given: seen.append(given[2]))
    second = protect_engine(engine, store, "a", "block", in_place=False)
    other = protect_engine(second, store, "b", "monitor", in_place=False)
    assert engine not in (second, other)
    assert len({engine.pool, second.pool, other.pool}) == 3
    for _ in range(2):
        with second.connect() as connection:
            with pytest.raises(PermissionError):
                connection.execute(text("DELETE FROM orders"))
            with pytest.raises(PermissionError):
                connection.connection.cursor().execute("DELETE FROM orders")
            assert connection.scalar(text("SELECT count(*) FROM orders")) == 7
        second.dispose()
    assert seen[-2:] == ["DELETE FROM orders", "SELECT count(*) FROM orders"]
    for plain in (other, engine):
        with plain.connect() as connection:
            connection.connection.cursor().execute("DELETE FROM orders WHERE id = 1")
            connection.execute(text("UPDATE orders SET total = 0"))
    unprotect_engine(second)
    unprotect_engine(other)
    assert not {"connect", "do_execute", "backstop_hooks"} & vars(engine.dialect).keys()
    for one in (engine, second, other):
        one.dispose()


@pytest.mark.parametrize("driver", ["psycopg2", "psycopg"])
def test_unprotecting_frees_every_connection(
    dsn: str, store: str, orders: None, driver: str
) -> None:
    url = dsn.replace("postgresql://", f"postgresql+{driver}://", 1)
    engine = sqlalchemy.create_engine(url)
    with engine.connect() as before:
        protect_engine(engine, store, "a", "block")
        with engine.connect() as after, engine.connect() as later:
            for connection in (before, after, later):
                with pytest.raises(PermissionError):
                    connection.connection.cursor().execute("DELETE FROM orders")
            unprotect_engine(engine)
            for connection in (before, after):
                connection.connection.cursor().execute("DELETE FROM orders WHERE true")
                connection.connection.rollback()
            protect_engine(engine, store, "b", "block")
            for connection in (before, after, later):
                with pytest.raises(PermissionError):
                    connection.execute(text("DELETE FROM orders"))
    with engine.connect() as connection, pytest.raises(PermissionError):
        connection.execute(text("DELETE FROM orders"))
    engine.dispose()
