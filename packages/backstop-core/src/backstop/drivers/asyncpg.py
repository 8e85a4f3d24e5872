"""The session of an asyncpg connection, which is used within a bridge.

It speaks by the connection's protocol, below whatever a guard puts in that one's place, and keeps
for itself what asyncpg doesn't tell: whether the transaction has failed. A COPY is one wait.
"""

from __future__ import annotations

import asyncio
import posixpath
from collections.abc import AsyncIterator, Awaitable, Iterator
from contextlib import contextmanager
from typing import Any, Callable

import asyncpg

from backstop.drivers import libpq
from backstop.drivers.awaiting import Bridge
from backstop.drivers.numbered import with_literals
from backstop.session import Sink, Source, TransactionStatus
from backstop.syntax.statements import split

_COPY_BUFFER = 1 << 17
# After these the server has ended the transaction, if it was asked for anything.
_FAILURES = (asyncpg.PostgresError, asyncio.CancelledError, asyncio.TimeoutError)
_NOT_ACCEPTED = (
    *(asyncpg.PostgresError, asyncpg.InterfaceError),
    *(OSError, asyncio.TimeoutError),
)


class AsyncpgSession:
    """A :class:`backstop.session.Session` on one asyncpg connection.

    Nobody else may use the connection meanwhile.
    """

    # asyncpg begins no transaction of its own.
    autocommit = True

    def __init__(self, connection: Any, bridge: Bridge) -> None:
        self.in_block = False
        self._connection = connection
        self._protocol = connection._protocol
        self._bridge = bridge
        self._failed = False
        self._lost: Exception | None = None
        self._names = 0

    @property
    def connection(self) -> object:
        """The asyncpg connection itself."""
        return self._connection

    @property
    def standard_strings(self) -> bool:
        """Whether a backslash in '…' is a plain character: the server tells of every change."""
        settings = self._protocol.get_settings()
        return getattr(settings, "standard_conforming_strings", "on") != "off"

    def status(self) -> TransactionStatus:
        """Return the transaction's state, by what the server has answered so far."""
        if not self._protocol.is_connected():
            return TransactionStatus.UNUSABLE
        if not self._protocol.is_in_transaction():
            return TransactionStatus.IDLE
        return TransactionStatus.FAILED if self._failed else TransactionStatus.IN_TRANSACTION

    def send(self, make: Callable[[Any], Awaitable[Any]], *, runs: bool = True) -> Any:
        """Wait for what ``make`` does on the protocol, and follow what becomes of the transaction.

        ``runs`` says that it makes the server do something, which it refuses in a failed
        transaction.
        """
        try:
            answer = self._bridge.wait(make(self._protocol))
        except _FAILURES:
            self._failed = self._protocol.is_in_transaction()
            raise
        if runs:
            self._failed = False
        return answer

    def execute(self, sql: str) -> int:
        """Run statements and return the rows that the last touched, -1 where that is unknown."""
        with self._own():
            return rows_of(self.send(lambda protocol: protocol.query(libpq.MARK + sql, None)))

    def fetch(self, sql: str) -> list[tuple[str | None, ...]]:
        """Return the rows of a query whose columns are all of type text."""
        *before, last = _statements(sql)
        for text in before:
            self.execute(text)
        return [tuple(row) for row in self.ask(last, (), ignore_custom_codec=True)]

    def ask(self, sql: str, values: Any, *, ignore_custom_codec: bool = False) -> list[Any]:
        """Return the rows of one query with values for its $1, $2 and so on."""
        self._names += 1
        name = f"__backstop_{self._names}__"
        with self._own():
            state = self.send(
                lambda protocol: protocol.prepare(
                    name,
                    libpq.MARK + sql,
                    None,
                    ignore_custom_codec=ignore_custom_codec,
                    record_class=asyncpg.Record,
                ),
                runs=False,
            )
            state._init_types()
            state._init_codecs()
            rows: list[Any] = self.send(
                lambda protocol: protocol.bind_execute(state, values, "", 0, False, None)
            )
            self.send(lambda protocol: protocol.close_statement(state, None), runs=False)
            return rows

    def copy_out(self, sql: str, sink: Sink) -> int:
        """Run a COPY … TO STDOUT into ``sink`` and return its number of rows."""

        async def take(data: bytes) -> None:
            sink.write(bytes(data))

        with self._own():
            return rows_of(
                self.send(lambda protocol: protocol.copy_out(libpq.MARK + sql, take, None))
            )

    def copy_in(self, sql: str, source: Source) -> int:
        """Run a COPY … FROM STDIN from ``source`` and return its number of rows."""

        async def read() -> AsyncIterator[bytes]:
            while data := source.read(_COPY_BUFFER):
                yield data

        with self._own():
            return rows_of(
                self.send(
                    lambda protocol: protocol.copy_in(
                        libpq.MARK + sql, read(), None, None, None, None
                    )
                )
            )

    def commit(self) -> None:
        """Commit the transaction in hand."""
        if self._protocol.is_in_transaction():
            self.execute("COMMIT")

    def rollback(self) -> None:
        """Roll the transaction in hand back."""
        if self._protocol.is_in_transaction():
            self.execute("ROLLBACK")

    def close(self) -> None:
        """Close the connection."""
        self._bridge.wait(self._connection.close())

    def beside(self, connect_timeout: float, database: str | None = None) -> AsyncpgSession:
        """Open another connection of Backstop's own, in autocommit, to the same server."""
        address, login = self._connection._addr, self._connection._params
        # asyncpg looks for a socket by its folder and port.
        host, port = (
            (posixpath.dirname(address), address.rpartition(".")[2])
            if isinstance(address, str)
            else address[:2]
        )
        try:
            connection = self._bridge.wait(
                asyncpg.connect(
                    host=host,
                    port=int(port),
                    user=login.user,
                    password=login.password,
                    database=database or login.database,
                    ssl=login.ssl,
                    timeout=connect_timeout,
                    server_settings={"application_name": "backstop"},
                )
            )
        except _NOT_ACCEPTED as error:
            raise libpq.no_second(error) from None
        return AsyncpgSession(connection, self._bridge)

    def notices(self) -> list[str]:
        """Return nothing: asyncpg hands each notice to the application's listeners."""
        return []

    def keep_notices(self, notices: list[str]) -> None:
        """Leave everything as it is: there is no list."""

    def sqlstate(self, error: BaseException) -> str | None:
        """Return the SQLSTATE of an asyncpg error, None for any other error."""
        return error.sqlstate if isinstance(error, asyncpg.PostgresError) else None

    def lost(self) -> Exception | None:
        """Return, once, the error under which the connection closed while it was asked."""
        error, self._lost = self._lost, None
        return error

    @contextmanager
    def _own(self) -> Iterator[None]:
        listeners, self._connection._log_listeners = self._connection._log_listeners, set()
        try:
            yield
        except Exception as error:
            if not self._protocol.is_connected() and self._lost is None:
                self._lost = error
            raise
        finally:
            self._connection._log_listeners = listeners


def rows_of(status: Any) -> int:
    """Return the count at the end of a command's tag, -1 where it has none."""
    last = status.rpartition(" ")[2] if isinstance(status, str) else ""
    return int(last) if last.isdigit() else -1


def rendered(session: AsyncpgSession, state: Any, values: Any) -> str:
    """Return the text of a prepared statement with its values as literals.

    The server itself writes them, so that a value of whatever type is the same again.
    """
    types = [parameter.oid for parameter in state._get_parameters()]
    if not types:
        return str(state.query)
    oids = ", ".join(map(str, types))
    names = session.fetch(
        "SELECT o.oid::pg_catalog.regtype::pg_catalog.text"
        f" FROM pg_catalog.unnest(ARRAY[{oids}]::pg_catalog.oid[]) WITH ORDINALITY AS o(oid, place)"
        " ORDER BY o.place"
    )
    casts = [name for (name,) in names]
    columns = ", ".join(
        f"pg_catalog.quote_nullable((${number}::{name})::pg_catalog.text)"
        for number, name in enumerate(casts, 1)
    )
    (row,) = session.ask(f"SELECT {columns}", values)
    return with_literals(state.query, [f"({literal}::{name})" for literal, name in zip(row, casts)])


def _statements(sql: str) -> list[str]:
    if ";" not in sql:
        return [sql]
    return [one.text for one in split(sql)]
