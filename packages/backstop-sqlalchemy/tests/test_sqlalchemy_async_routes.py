"""No way round, asynchronously: what destroys by a driver's connection is refused in mode block.

The server's log is the judge. A public callable of asyncpg that is in no table fails.
"""

from __future__ import annotations

import asyncio
import contextlib
from typing import TYPE_CHECKING, Any, Callable

import asyncpg
import psycopg
import pytest
from asyncpg.cursor import Cursor
from asyncpg.prepared_stmt import PreparedStatement
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession, create_async_engine

import backstop
from testing.server_log import ServerLog

if TYPE_CHECKING:
    from collections.abc import Awaitable

    from testing.postgres import Server

    Route = Callable[[Any], Awaitable[Any]]

pytestmark = pytest.mark.usefixtures("orders")

DELETE = "DELETE FROM orders"
RETURNING = f"{DELETE} RETURNING id"
COPY = f"COPY ({RETURNING}) TO STDOUT"


async def driver(connection: Any) -> Any:
    return (await connection.get_raw_connection()).driver_connection


def on(do: Callable[[Any], Awaitable[Any]]) -> Route:
    """Give a route by the driver's own connection."""

    async def run(connection: Any) -> None:
        await do(await driver(connection))

    return run


async def taken(rows: Any) -> None:
    async for _ in rows:
        pass


async def in_session(connection: Any) -> None:
    async with AsyncSession(connection.engine) as session:
        await session.execute(text(DELETE))


async def cursor_of_the_adapter(connection: Any) -> None:
    adapter = await connection.get_raw_connection()
    await connection.run_sync(lambda _: adapter.cursor().execute(DELETE))


async def streamed(connection: Any) -> None:
    await taken(await connection.stream(text(f"{RETURNING}")))


async def ignored(data: bytes) -> None:
    pass


BY_SQLALCHEMY: dict[str, Route] = {
    "execute": lambda c: c.execute(text(DELETE)),
    "many": lambda c: c.execute(text(f"{DELETE} WHERE true OR id = :a"), [{"a": 0}, {"a": 1}]),
    "exec_driver_sql": lambda c: c.exec_driver_sql(DELETE),
    "stream": streamed,
    "session": in_session,
    "adapter's cursor": cursor_of_the_adapter,
}


async def prepared(c: Any, do: Callable[[Any], Any]) -> None:
    await do(await c.prepare(RETURNING))


async def in_transaction(c: Any) -> None:
    async with c.transaction():
        await c.execute(DELETE)


async def by_cursor(c: Any) -> None:
    async with c.transaction():
        await c.cursor(RETURNING)


async def iterated(c: Any) -> None:
    async with c.transaction():
        await taken(c.cursor(RETURNING))


async def by_prepared_cursor(c: Any) -> None:
    async with c.transaction():
        await (await c.prepare(RETURNING)).cursor()


# None: it sends nothing that it is given.
ASYNCPG: dict[str, Route | None] = {
    "execute": lambda c: c.execute(DELETE),
    "executemany": lambda c: c.executemany(f"{DELETE} WHERE true OR id = $1", [(0,), (1,)]),
    "fetch": lambda c: c.fetch(RETURNING),
    "fetchmany": lambda c: c.fetchmany(
        f"{DELETE} WHERE true OR id = $1 RETURNING id", [(0,), (1,)]
    ),
    "fetchrow": lambda c: c.fetchrow(RETURNING),
    "fetchval": lambda c: c.fetchval(RETURNING),
    "cursor": by_cursor,
    "prepare": lambda c: prepared(c, lambda one: one.fetch()),
    "transaction": in_transaction,
    "copy_from_query": lambda c: c.copy_from_query(RETURNING, output=ignored),
    "copy_from_table": None,
    "copy_to_table": None,
    "copy_records_to_table": None,
    "add_listener": None,
    "add_log_listener": None,
    "add_query_logger": None,
    "add_termination_listener": None,
    "close": None,
    "get_listeners": None,
    "get_log_listeners": None,
    "get_query_loggers": None,
    "get_termination_listeners": None,
    "get_reset_query": None,
    "get_server_pid": None,
    "get_server_version": None,
    "get_settings": None,
    "is_closed": None,
    "is_in_transaction": None,
    "query_logger": None,
    "reload_schema_state": None,
    "remove_listener": None,
    "remove_log_listener": None,
    "remove_query_logger": None,
    "remove_termination_listener": None,
    "reset": None,
    "reset_query": None,
    "reset_type_codec": None,
    "set_builtin_type_codec": None,
    "set_type_codec": None,
    "terminate": None,
}
STATEMENT: dict[str, Route | None] = {
    "cursor": by_prepared_cursor,
    "executemany": lambda c: prepared(c, lambda one: one.executemany([(), ()])),
    "explain": lambda c: prepared(c, lambda one: one.explain(analyze=True)),
    "fetch": lambda c: prepared(c, lambda one: one.fetch()),
    "fetchmany": lambda c: prepared(c, lambda one: one.fetchmany([()])),
    "fetchrow": lambda c: prepared(c, lambda one: one.fetchrow()),
    "fetchval": lambda c: prepared(c, lambda one: one.fetchval()),
    "get_attributes": None,
    "get_name": None,
    "get_parameters": None,
    "get_query": None,
    "get_statusmsg": None,
    "is_closed": None,
}
BY_ASYNCPG: dict[str, Route] = {
    **{name: on(do) for name, do in ASYNCPG.items() if do is not None},
    **{f"prepared.{name}": on(do) for name, do in STATEMENT.items() if do is not None},
    "iterated": on(iterated),
    "several": on(lambda c: c.execute(f"SELECT 1; {DELETE}")),
    "from a program": on(lambda c: c.execute("COPY orders FROM PROGRAM 'true'")),
}


async def copied(c: Any) -> None:
    async with c.cursor().copy(COPY) as copy:
        await taken(copy)


async def in_pipeline(c: Any) -> None:
    async with c.pipeline():
        await c.execute("SELECT 1")
        await c.execute(DELETE)


async def in_block(c: Any) -> None:
    async with c.transaction():
        await c.execute(DELETE)


async def server_cursor(c: Any) -> None:
    async with c.cursor("named") as cursor:
        await cursor.execute(f"SELECT 1; {DELETE}")


BY_PSYCOPG: dict[str, Route] = {
    "connection.execute": on(lambda c: c.execute(DELETE)),
    "cursor.execute": on(lambda c: c.cursor().execute(DELETE)),
    "executemany": on(
        lambda c: c.cursor().executemany(f"{DELETE} WHERE true OR id = %s", [(0,), (1,)])
    ),
    "copy": on(copied),
    "cursor.stream": on(lambda c: taken(c.cursor().stream(RETURNING))),
    "pipeline": on(in_pipeline),
    "transaction": on(in_block),
    "named cursor": on(server_cursor),
    "client cursor": on(lambda c: psycopg.AsyncClientCursor(c).execute(DELETE)),
    "raw cursor": on(
        lambda c: psycopg.AsyncRawCursor(c).execute(f"{DELETE} WHERE true OR id = $1", [0])
    ),
    "wait": on(lambda c: c.wait(c.cursor()._execute_gen(DELETE))),
}
EVERY = [
    *(("asyncpg", name) for name in (*BY_SQLALCHEMY, *BY_ASYNCPG)),
    *(("psycopg_async", name) for name in (*BY_SQLALCHEMY, *BY_PSYCOPG)),
]


def public(kind: type) -> set[str]:
    return {
        name for name in dir(kind) if not name.startswith("_") and callable(getattr(kind, name))
    }


def test_every_public_callable_of_asyncpg_is_in_a_table() -> None:
    assert public(asyncpg.Connection) <= ASYNCPG.keys()
    assert public(PreparedStatement) <= STATEMENT.keys()
    # They go on with what has been judged.
    assert public(Cursor) == {"fetch", "fetchrow", "forward"}


@pytest.mark.parametrize(("kind", "name"), EVERY)
def test_nothing_gets_past_the_guard(
    dsn: str, store: str, postgres_server: Server, kind: str, name: str
) -> None:
    log = ServerLog(postgres_server, dsn)
    routes = {**BY_SQLALCHEMY, **(BY_ASYNCPG if kind == "asyncpg" else BY_PSYCOPG)}

    async def work() -> None:
        engine = create_async_engine(dsn.replace("postgresql:", f"postgresql+{kind}:", 1))
        backstop.protect_engine(engine, store, "tester", "block")
        async with engine.connect() as connection:
            with pytest.raises(backstop.StatementBlocked):
                await routes[name](connection)
            # It is as usable as before.
            assert await connection.scalar(text("SELECT count(*) FROM orders")) == 7
        await engine.dispose()

    asyncio.run(work())
    sent = " ".join(log.sent())
    assert "count(*)" in sent
    for word in ("DELETE", "DROP", "COPY"):
        assert word not in sent


@pytest.mark.parametrize("kind", ["asyncpg", "psycopg_async"])
def test_connections_from_before_the_guard_are_guarded(dsn: str, store: str, kind: str) -> None:
    async def work() -> None:
        engine = create_async_engine(dsn.replace("postgresql:", f"postgresql+{kind}:", 1))
        async with engine.connect():
            pass
        async with engine.connect() as connection:
            own = await driver(connection)
            backstop.protect_engine(engine, store, "tester", "block")
            for _ in range(2):
                with pytest.raises(backstop.StatementBlocked):
                    await own.execute(DELETE)
            backstop.sqlalchemy.unprotect_engine(engine)
            await own.execute(f"{DELETE} WHERE id = 1")
        await engine.dispose()

    asyncio.run(work())


@pytest.mark.parametrize("kind", ["asyncpg", "psycopg_async"])
def test_the_event_loop_goes_on_while_rows_are_saved(
    dsn: str, store: str, connect: Any, kind: str
) -> None:
    with contextlib.closing(connect()) as setup, setup:
        setup.cursor().execute(
            "CREATE TABLE big AS"
            " SELECT g, repeat(md5(g::text), 20) FROM generate_series(1, 50000) AS g"
        )
    ticks = 0

    async def tick() -> None:
        nonlocal ticks
        while True:
            ticks += 1
            await asyncio.sleep(0.001)

    async def work() -> None:
        engine = create_async_engine(dsn.replace("postgresql:", f"postgresql+{kind}:", 1))
        backstop.protect_engine(engine, store, "tester", on_snapshot_failure="raise")
        async with engine.begin() as connection:
            await connection.execute(text("SELECT 1"))
            ticking = asyncio.ensure_future(tick())
            await connection.execute(text("DELETE FROM big"))
            ticking.cancel()
        await engine.dispose()

    asyncio.run(work())
    assert [one.rows for one in backstop.snapshots.list(store)] == [50000]
    assert ticks > 20
