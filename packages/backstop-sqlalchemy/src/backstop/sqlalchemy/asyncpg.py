"""Guarding an asyncpg connection at its protocol: whatever it sends goes by that.

Connections, prepared statements and cursors all call the few methods that stand for messages to the
server. In their place stand ones that pass the guard, which runs within a bridge.
"""

from __future__ import annotations

from typing import Any, Callable

from backstop.drivers.asyncpg import AsyncpgSession, rendered, rows_of
from backstop.drivers.awaiting import Bridge
from backstop.guarding import Guard, GuardedSession
from backstop.sqlalchemy.passing import passed
from backstop.statement import Statement


class Attachment:
    """Puts asyncpg connections under one guard, in place, and lets go of them."""

    def __init__(self, guard: Guard, bridge: Bridge) -> None:
        self._guard = guard
        self._bridge = bridge

    def take(self, adapter: Any) -> Any:
        """Put the connection under guard that SQLAlchemy's adapter stands for.

        Raises ConfigurationError for one that has another guard.
        """
        connection = _own(adapter.driver_connection)
        found = connection._protocol
        if not isinstance(found, GuardedProtocol):
            connection._protocol = GuardedProtocol(connection, self._guard, self._bridge)
        else:
            self._guard.require_same(found.settings)
        return adapter

    def release(self, adapter: Any) -> None:
        """Give the connection its own protocol back."""
        connection = _own(adapter.driver_connection)
        if isinstance(connection._protocol, GuardedProtocol):
            connection._protocol = connection._protocol.plain


class GuardedProtocol:
    """Stands for a connection's protocol; what isn't a message with SQL is that one's own."""

    def __init__(self, connection: Any, guard: Guard, bridge: Bridge) -> None:
        self.plain = connection._protocol
        self.settings = guard.settings
        self._session = AsyncpgSession(connection, bridge)
        self._guarded = GuardedSession(guard, self._session)
        self._bridge = bridge

    def __getattr__(self, name: str) -> Any:
        return getattr(self.plain, name)

    async def query(self, query: str, timeout: Any) -> Any:
        """Run texts without values, one or several."""
        return await self._pass(
            Statement(query, lambda: query), lambda plain: plain.query(query, timeout), rows_of
        )

    async def prepare(self, *args: Any, **kwargs: Any) -> Any:
        """Have the server read a text; it runs later."""
        return await self._bridge.spawn(
            lambda: self._session.send(lambda plain: plain.prepare(*args, **kwargs), runs=False)
        )

    async def bind_execute(
        self,
        state: Any,
        args: Any,
        portal_name: str,
        limit: int,
        return_extra: bool,
        timeout: Any,
    ) -> Any:
        """Run a prepared statement; a limit leaves the rest of its rows for later."""
        statement = Statement(state.query, lambda: rendered(self._session, state, args))
        answer = await self._pass(
            statement,
            # Its tag, which is among the extra, says how many rows it has touched.
            lambda plain: plain.bind_execute(state, args, portal_name, limit, True, timeout),
            lambda extra: rows_of(extra[1]) if isinstance(extra[1], str) else rows_of(None),
        )
        return answer if return_extra else answer[0]

    async def bind_execute_many(
        self, state: Any, args: Any, portal_name: str, timeout: Any, return_rows: bool
    ) -> Any:
        """Run a prepared statement with one set of values after the other."""
        sets = list(args)
        statement = Statement(
            state.query,
            lambda: ";\n".join(rendered(self._session, state, one) for one in sets),
            len(sets),
        )
        return await self._pass(
            statement,
            lambda plain: plain.bind_execute_many(state, sets, portal_name, timeout, return_rows),
        )

    async def bind(self, state: Any, args: Any, portal_name: str, timeout: Any) -> Any:
        """Bind a prepared statement for a cursor, which runs it later and piece by piece."""
        statement = Statement(state.query, lambda: rendered(self._session, state, args), once=True)
        return await self._pass(
            statement, lambda plain: plain.bind(state, args, portal_name, timeout)
        )

    async def execute(self, *args: Any, **kwargs: Any) -> Any:
        """Take rows of what was bound."""
        return await self._bridge.spawn(
            lambda: self._session.send(lambda plain: plain.execute(*args, **kwargs))
        )

    async def copy_out(self, copy_stmt: str, *args: Any, **kwargs: Any) -> Any:
        """Run a COPY to the application."""
        return await self._pass(
            Statement(copy_stmt, lambda: copy_stmt, once=True),
            lambda plain: plain.copy_out(copy_stmt, *args, **kwargs),
            rows_of,
        )

    async def copy_in(self, copy_stmt: str, *args: Any, **kwargs: Any) -> Any:
        """Run a COPY from the application."""
        return await self._pass(
            Statement(copy_stmt, lambda: copy_stmt, once=True),
            lambda plain: plain.copy_in(copy_stmt, *args, **kwargs),
            rows_of,
        )

    async def close(self, *args: Any, **kwargs: Any) -> None:
        """Close; what wasn't committed is rolled back by the server."""
        await self.plain.close(*args, **kwargs)
        self._guarded.finish(lambda: None, committed=False)

    def abort(self) -> None:
        """Close at once; what wasn't committed is rolled back by the server."""
        self.plain.abort()
        self._guarded.finish(lambda: None, committed=False)

    async def _pass(
        self,
        statement: Statement,
        make: Callable[[Any], Any],
        rows: Callable[[Any], int] | None = None,
    ) -> Any:
        answers: list[Any] = []

        def run() -> Any:
            answers[:] = [self._session.send(make)]
            return answers[0]

        def rowcount() -> int | None:
            return rows(answers[0]) if rows is not None and answers else None

        return await self._bridge.spawn(passed, self._guarded, statement, run, rowcount)


def _own(connection: Any) -> Any:
    """Return the connection that one of an asyncpg pool stands for."""
    return getattr(connection, "_con", None) or connection
