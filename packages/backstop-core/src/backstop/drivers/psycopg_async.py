"""The session of an asynchronous psycopg 3 connection, which is used within a bridge.

What it sends are the generators that a synchronous connection sends; only the wait differs. A COPY
is one generator, as a step over the bridge costs more than a row does.
"""

from __future__ import annotations

import contextlib
from collections.abc import Generator
from typing import Any, cast

import psycopg
from psycopg import generators, pq, rows

from backstop.drivers import libpq
from backstop.drivers.awaiting import Bridge
from backstop.drivers.psycopg import Answer, PsycopgSession
from backstop.session import Sink, Source

# A larger one would wait for ever for its place.
_COPY_BUFFER = 1 << 16


class AsyncPsycopgSession(PsycopgSession):
    """A :class:`backstop.session.Session` on one asynchronous psycopg 3 connection.

    Whoever uses it has the connection's lock, or has the connection alone.
    """

    def __init__(self, connection: Any, bridge: Bridge) -> None:
        super().__init__(connection, holds_lock=True)
        self._bridge = bridge

    def copy_out(self, sql: str, sink: Sink) -> int:
        """Run a COPY … TO STDOUT into ``sink`` and return its number of rows."""
        pgconn = self._connection.pgconn

        def copy() -> Generator[Any, Any, Any]:
            while isinstance(data := (yield from generators.copy_from(pgconn)), memoryview):
                sink.write(bytes(data))
            return data

        cursor = self._cursor()
        with self._alone():
            self._wait(cursor._start_copy_gen(libpq.MARK + sql))
            try:
                return _rows(self._wait(copy()))
            except BaseException:
                self._leave_copy()
                raise

    def copy_in(self, sql: str, source: Source) -> int:
        """Run a COPY … FROM STDIN from ``source`` and return its number of rows."""
        pgconn = self._connection.pgconn

        def copy() -> Generator[Any, Any, Any]:
            try:
                while data := source.read(_COPY_BUFFER):
                    yield from generators.copy_to(pgconn, data)
            except BaseException:
                with contextlib.suppress(psycopg.Error):
                    yield from generators.copy_end(pgconn, b"the source of the data failed")
                raise
            result = yield from generators.copy_end(pgconn, None)
            return result

        cursor = self._cursor()
        with self._alone():
            self._wait(cursor._start_copy_gen(libpq.MARK + sql))
            return _rows(self._wait(copy()))

    def close(self) -> None:
        """Close the connection."""
        self._bridge.wait(cast("Any", self._connection).close())

    def beside(self, connect_timeout: float, database: str | None = None) -> AsyncPsycopgSession:
        """Open another connection of Backstop's own, in autocommit, to the same server."""
        login = self._login(connect_timeout, database)
        try:
            connection = self._bridge.wait(
                psycopg.AsyncConnection.connect(autocommit=True, **login)
            )
        except psycopg.Error as error:
            raise libpq.no_second(error) from None
        return AsyncPsycopgSession(connection, self._bridge)

    def _leave_copy(self) -> None:
        """Have the server end a COPY whose data nobody takes."""
        connection = cast("Any", self._connection)
        pgconn = connection.pgconn

        def rest() -> Generator[Any, Any, None]:
            while isinstance((yield from generators.copy_from(pgconn)), memoryview):
                pass

        if pgconn.transaction_status == pq.TransactionStatus.ACTIVE:
            self._bridge.wait(connection._try_cancel(timeout=5.0))
            with contextlib.suppress(psycopg.errors.QueryCanceled):
                self._wait(rest())

    def _wait(self, generator: Generator[Any, Any, Answer]) -> Answer:
        connection = cast("psycopg.AsyncConnection[Any]", self._connection)
        answer: Answer = self._bridge.wait(psycopg.AsyncConnection.wait(connection, generator))
        return answer

    def _cursor(self) -> psycopg.Cursor[Any]:
        connection = cast("psycopg.AsyncConnection[Any]", self._connection)
        cursor: Any = psycopg.AsyncCursor(connection, row_factory=rows.tuple_row)
        return cast("psycopg.Cursor[Any]", cursor)


def _rows(result: Any) -> int:
    touched = result.command_tuples
    return -1 if touched is None else int(touched)
