"""No way round: what destroys by anything that an engine hands out is refused in mode block.

The server's log is the judge, however the connection came under guard.
"""

from __future__ import annotations

import contextlib
import logging
from typing import TYPE_CHECKING, Any, Callable

import psycopg
import psycopg2
import pytest
import sqlalchemy
from psycopg2 import extras
from sqlalchemy import Column, Integer, MetaData, Table, event, text
from sqlalchemy.orm import Session, declarative_base
from sqlalchemy.pool import NullPool, StaticPool

import backstop
from testing.server_log import ServerLog

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sqlalchemy import Connection, Engine

    from testing.postgres import Connect, Server

    Route = Callable[[Connection], Any]

DELETE = "DELETE FROM orders"
LARGE = 4711

metadata = MetaData()
orders = Table("orders", metadata, Column("id", Integer, primary_key=True))


class Order(declarative_base()):  # type: ignore[misc]
    __table__ = orders


def raw(connection: Connection) -> Any:
    return connection.connection


def driver(connection: Connection) -> Any:
    return connection.connection.driver_connection


def from_raw_connection(connection: Connection) -> None:
    with contextlib.closing(connection.engine.raw_connection()) as proxied:
        proxied.cursor().execute(DELETE)


def from_the_pool(connection: Connection) -> None:
    with contextlib.closing(connection.engine.pool.connect()) as proxied:
        proxied.cursor().execute(DELETE)


def detached(connection: Connection) -> None:
    with contextlib.closing(connection.engine.raw_connection()) as proxied:
        proxied.detach()
        proxied.cursor().execute(DELETE)


def listening(connection: Connection) -> None:
    @event.listens_for(connection.engine, "before_cursor_execute")
    def execute(conn: Any, cursor: Any, *rest: Any) -> None:
        cursor.execute(DELETE)

    try:
        connection.execute(text("SELECT 1"))
    finally:
        event.remove(connection.engine, "before_cursor_execute", execute)


def at_checkout(connection: Connection) -> None:
    @event.listens_for(connection.engine, "checkout")
    def execute(dbapi_connection: Any, *rest: Any) -> None:
        dbapi_connection.cursor().execute(DELETE)

    try:
        connection.engine.raw_connection()
    finally:
        event.remove(connection.engine, "checkout", execute)


def at_connect(connection: Connection) -> None:
    @event.listens_for(connection.engine, "connect")
    def execute(dbapi_connection: Any, *rest: Any) -> None:
        dbapi_connection.cursor().execute(DELETE)

    try:
        connection.engine.pool.recreate().connect()
    finally:
        event.remove(connection.engine, "connect", execute)


def in_two_phases(connection: Connection) -> None:
    connection.rollback()
    with connection.begin_twophase("gtrid"):
        connection.execute(text(DELETE))


def in_savepoint(connection: Connection) -> None:
    with connection.begin_nested():
        connection.execute(text(DELETE))


def in_autocommit(connection: Connection) -> None:
    engine = connection.engine.execution_options(isolation_level="AUTOCOMMIT")
    with engine.connect() as other:
        other.execute(text(DELETE))


def in_session(connection: Connection) -> None:
    with Session(connection) as session:
        session.query(Order).delete()


def by_mapper(connection: Connection) -> None:
    with Session(connection.engine) as session:
        session.connection().connection.cursor().execute(DELETE)


# What destroys, by a connection of SQLAlchemy's.
ROUTES: dict[str, Route] = {
    "execute": lambda c: c.execute(text(DELETE)),
    "scalar": lambda c: c.scalar(text(f"{DELETE} RETURNING id")),
    "scalars": lambda c: c.scalars(text(f"{DELETE} RETURNING id")),
    "many": lambda c: c.execute(text(f"{DELETE} WHERE :a"), [{"a": True}] * 2),
    "exec_driver_sql": lambda c: c.exec_driver_sql(DELETE),
    "no parameters": lambda c: c.execution_options(no_parameters=True).exec_driver_sql(DELETE),
    "stream_results": lambda c: c.execution_options(stream_results=True).execute(
        text(f"SELECT 1; {DELETE}")
    ),
    "drop_all": lambda c: metadata.drop_all(c),
    "in two phases": in_two_phases,
    "in a savepoint": in_savepoint,
    "in autocommit": in_autocommit,
    "in a session": in_session,
    "a session's connection": by_mapper,
    "raw_connection()": from_raw_connection,
    "pool.connect()": from_the_pool,
    "connection.connection": lambda c: raw(c).cursor().execute(DELETE),
    "dbapi_connection": lambda c: raw(c).dbapi_connection.cursor().execute(DELETE),
    "driver_connection": lambda c: driver(c).cursor().execute(DELETE),
    "the pool's record": lambda c: (
        raw(c)._connection_record.dbapi_connection.cursor().execute(DELETE)
    ),
    "a result's cursor": lambda c: c.execute(text("SELECT 1")).cursor.execute(DELETE),  # type: ignore[union-attr]
    "a cursor's connection": lambda c: raw(c).cursor().connection.cursor().execute(DELETE),
    "detached": detached,
    "a listener's cursor": listening,
    "at checkout": at_checkout,
    "at connect": at_connect,
}
BY_PSYCOPG2: dict[str, Route] = {
    "callproc": lambda c: raw(c).cursor().callproc("wipe"),
    "copy_expert": lambda c: (
        raw(c).cursor().copy_expert(f"COPY ({DELETE} RETURNING id) TO STDOUT", None)
    ),
    "another cursor class": lambda c: (
        raw(c).cursor(cursor_factory=extras.DictCursor).execute(DELETE)
    ),
    "execute_values": lambda c: extras.execute_values(
        raw(c).cursor(), f"WITH gone AS ({DELETE}) INSERT INTO other VALUES %s", [(1,)]
    ),
    "lobject": lambda c: raw(c).lobject(LARGE, "rw").unlink(),
    "driver_connection.lobject": lambda c: driver(c).lobject(LARGE, "n").unlink(),
}
BY_PSYCOPG: dict[str, Route] = {
    "connection.execute": lambda c: raw(c).execute(DELETE),
    "copy": lambda c: raw(c).cursor().copy(f"COPY ({DELETE} RETURNING id) TO STDOUT").__enter__(),
    "stream": lambda c: list(raw(c).cursor().stream(f"{DELETE} RETURNING id")),
    "pipeline": lambda c: in_pipeline(driver(c)),
    "client cursor": lambda c: psycopg.ClientCursor(driver(c)).execute(DELETE),
    "lo_unlink": lambda c: raw(c).execute(f"SELECT lo_unlink({LARGE})"),
}
EVERY = [
    *(("psycopg2", name) for name in (*ROUTES, *BY_PSYCOPG2)),
    *(("psycopg", name) for name in (*ROUTES, *BY_PSYCOPG)),
]


def in_pipeline(connection: Any) -> None:
    with connection.pipeline():
        connection.execute("SELECT 1")
        connection.execute(DELETE)


class Made:
    """Engines under guard, in every way in which a connection can come to have one."""

    def __init__(self, dsn: str, driver: str, store: str) -> None:
        self._dsn = dsn
        self._driver = driver
        self._url = dsn.replace("postgresql://", f"postgresql+{driver}://", 1)
        self._store = store
        self.engines: list[Engine] = []

    def protected(self, **arguments: Any) -> Connection:
        return self._guard(self._make(**arguments)).connect()

    def static(self) -> Connection:
        return self.protected(poolclass=StaticPool)

    def unpooled(self) -> Connection:
        return self.protected(poolclass=NullPool)

    def second(self) -> Connection:
        return self._guard(self._make(), in_place=False).connect()

    def opened_by_the_application(self) -> Connection:
        connect: Any = {"psycopg2": psycopg2, "psycopg": psycopg}[self._driver].connect
        return self.protected(creator=lambda: connect(self._dsn))

    def opened_by_a_listener(self) -> Connection:
        engine = self._make()
        event.listen(engine, "do_connect", lambda dialect, rec, args, kwargs: dialect.dbapi.connect(
            *args, **kwargs
        ))  # fmt: skip
        return self._guard(engine).connect()

    def pooled_before(self) -> Connection:
        engine = self._make()
        engine.connect().close()
        return self._guard(engine).connect()

    def checked_out_before(self) -> Connection:
        connection = self._make().connect()
        self._guard(connection.engine)
        return connection

    def of_an_option_engine(self) -> Connection:
        derived = self._make().execution_options(logging_token="x")
        self._guard(self.engines[-1])
        return derived.connect()

    def _make(self, **arguments: Any) -> Engine:
        self.engines.append(sqlalchemy.create_engine(self._url, **arguments))
        return self.engines[-1]

    def _guard(self, engine: Engine, **arguments: Any) -> Engine:
        guarded = backstop.protect_engine(engine, self._store, "tester", "block", **arguments)
        self.engines.append(guarded)
        return guarded


WAYS = {name: way for name, way in vars(Made).items() if not name.startswith("_")}


@pytest.fixture(autouse=True)
def tables(connect: Connect, orders: None) -> None:
    with connect() as connection:
        connection.cursor().execute(
            "CREATE TABLE other (id int);"
            "CREATE FUNCTION wipe() RETURNS void LANGUAGE sql AS 'DELETE FROM orders';"
            f"SELECT lo_from_bytea({LARGE}, 'content')"
        )
    connection.close()


@contextlib.contextmanager
def made(dsn: str, driver: str, store: str, way: str) -> Iterator[Connection]:
    engines = Made(dsn, driver, store)
    try:
        with WAYS[way](engines) as connection:
            yield connection
    finally:
        for engine in engines.engines:
            engine.dispose()


def refused(connection: Connection, driver: str, name: str) -> None:
    route = {**ROUTES, **(BY_PSYCOPG2 if driver == "psycopg2" else BY_PSYCOPG)}[name]
    with pytest.raises(backstop.StatementBlocked):
        route(connection)
    # It is as usable as before.
    assert connection.scalar(text("SELECT count(*) FROM orders")) == 7
    connection.rollback()


@pytest.mark.parametrize(("driver", "name"), EVERY)
def test_nothing_gets_past_the_guard(
    dsn: str, store: str, postgres_server: Server, driver: str, name: str
) -> None:
    log = ServerLog(postgres_server, dsn)
    with made(dsn, driver, store, "protected") as connection:
        refused(connection, driver, name)
    sent = " ".join(log.sent())
    assert "count(*)" in sent
    for word in ("DELETE", "DROP", "COPY", "wipe", '"lo_unlink', "SELECT lo_unlink"):
        assert word not in sent


@pytest.mark.parametrize("driver", ["psycopg2", "psycopg"])
@pytest.mark.parametrize("way", WAYS)
def test_however_the_connection_came_to_be(
    dsn: str, store: str, postgres_server: Server, driver: str, way: str
) -> None:
    log = ServerLog(postgres_server, dsn)
    with made(dsn, driver, store, way) as connection:
        for name in ("execute", "connection.connection", "driver_connection", "a result's cursor"):
            refused(connection, driver, name)
        if driver == "psycopg2":
            for name in ("lobject", "another cursor class"):
                refused(connection, driver, name)
    assert "DELETE" not in " ".join(log.sent())


@pytest.mark.parametrize("driver", ["psycopg2", "psycopg"])
def test_a_statement_is_judged_once(
    dsn: str, store: str, driver: str, caplog: pytest.LogCaptureFixture
) -> None:
    url = dsn.replace("postgresql://", f"postgresql+{driver}://", 1)
    engine = backstop.protect_engine(sqlalchemy.create_engine(url), store, "a", "monitor")
    caplog.set_level(logging.INFO, "backstop.statement")
    with engine.begin() as connection:
        caplog.clear()
        connection.execute(text(DELETE))
        connection.execute(text("UPDATE orders SET total = 1"), execution_options={
            "backstop_actor": "b"
        })  # fmt: skip
        found = [one.__dict__["backstop"] for one in caplog.records]
    engine.dispose()
    assert [one["db.operation.name"] for one in found] == ["DELETE", "UPDATE"]
    assert [one["backstop.actor"] for one in found] == ["a", "b"]
