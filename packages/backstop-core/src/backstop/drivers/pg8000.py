"""The session of a pg8000 connection.

It calls the methods by which pg8000's cursors speak to the server, by their class, so that no guard
in their place takes them for the application's.
"""

from __future__ import annotations

import socket
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import Any

import pg8000.core
import pg8000.dbapi
from pg8000.converters import make_params

from backstop.drivers import libpq
from backstop.drivers.numbered import quoted, with_literals
from backstop.session import Sink, Source, TransactionStatus

_COPY_BUFFER = 1 << 17
_COPY_FAIL = b"f"

_STATUS = {
    b"I": TransactionStatus.IDLE,
    b"T": TransactionStatus.IN_TRANSACTION,
    b"E": TransactionStatus.FAILED,
}

_plain: Any = pg8000.core.CoreConnection


class Pg8000Session:
    """A :class:`backstop.session.Session` on one pg8000 connection."""

    # pg8000's cursors begin a transaction by a statement of their own.
    autocommit = True

    def __init__(self, connection: Any) -> None:
        self.in_block = False
        self._connection = connection
        self._lost: Exception | None = None

    @property
    def connection(self) -> object:
        """The pg8000 connection itself."""
        return self._connection

    @property
    def standard_strings(self) -> bool:
        """Whether a backslash in '…' is a plain character: the server tells of every change."""
        return bool(self._connection.parameter_statuses.get("standard_conforming_strings") != "off")

    def status(self) -> TransactionStatus:
        """Return the transaction's state, as the server last reported it."""
        if self._connection._usock is None:
            return TransactionStatus.UNUSABLE
        # None until the server has been asked for something.
        status = self._connection._transaction_status or b"I"
        return _STATUS.get(bytes(status), TransactionStatus.UNUSABLE)

    def execute(self, sql: str) -> int:
        """Run statements and return the rows that the last touched, -1 where that is unknown."""
        return self._run(sql).last

    def fetch(self, sql: str) -> list[tuple[str | None, ...]]:
        """Return the rows of a query whose columns are all of type text."""
        types = self._connection.pg_types
        kept = types.get(_TEXT)
        types[_TEXT] = str
        try:
            return [tuple(row) for row in self._run(sql).rows or ()]
        finally:
            if kept is None:
                del types[_TEXT]
            else:
                types[_TEXT] = kept

    def copy_out(self, sql: str, sink: Sink) -> int:
        """Run a COPY … TO STDOUT into ``sink`` and return its number of rows."""
        watched = _WatchedSink(sink)
        with self._own():
            context = _plain.execute_unnamed(self._connection, libpq.MARK + sql, stream=watched)
        if watched.error is not None:
            raise watched.error
        return int(context.row_count)

    def copy_in(self, sql: str, source: Source) -> int:
        """Run a COPY … FROM STDIN from ``source`` and return its number of rows."""
        watched = _WatchedSource(source, self._connection)
        with self._own():
            try:
                context = _plain.execute_unnamed(self._connection, libpq.MARK + sql, stream=watched)
            except pg8000.dbapi.Error:
                if watched.error is not None:
                    raise watched.error from None
                raise
        return int(context.row_count)

    def commit(self) -> None:
        """Commit the transaction in hand."""
        if self.status() is not TransactionStatus.IDLE:
            self._run("COMMIT")

    def rollback(self) -> None:
        """Roll the transaction in hand back."""
        if self.status() is not TransactionStatus.IDLE:
            self._run("ROLLBACK")

    def close(self) -> None:
        """Close the connection."""
        _plain.close(self._connection)

    def beside(self, connect_timeout: float, database: str | None = None) -> Pg8000Session:
        """Open another connection of Backstop's own, in autocommit, to the same server."""
        own = self._connection
        family, peer = own._usock.family, own._usock.getpeername()
        place: dict[str, Any] = (
            {"unix_sock": peer}
            if family == getattr(socket, "AF_UNIX", None)
            else {"host": peer[0], "port": peer[1]}
        )
        if hasattr(own._usock, "context"):
            place["ssl_context"] = own._usock.context
        try:
            connection = pg8000.dbapi.Connection(
                own.user.decode(),
                database=database or self._database(),
                password=own.password,
                timeout=connect_timeout,
                application_name="backstop",
                **place,
            )
        except (pg8000.dbapi.Error, OSError) as error:
            raise libpq.no_second(error) from None
        return Pg8000Session(connection)

    def notices(self) -> list[Any]:
        """Return the notices in pg8000's own list."""
        return list(self._connection.notices)

    def keep_notices(self, notices: list[Any]) -> None:
        """Put pg8000's list back."""
        self._connection.notices.clear()
        self._connection.notices.extend(notices)

    def sqlstate(self, error: BaseException) -> str | None:
        """Return the SQLSTATE of a pg8000 error, None for any other error."""
        said = error.args[0] if isinstance(error, pg8000.dbapi.Error) and error.args else None
        return said.get("C") if isinstance(said, dict) else None

    def lost(self) -> Exception | None:
        """Return, once, the error under which the connection closed while it was asked."""
        error, self._lost = self._lost, None
        return error

    def _database(self) -> str | None:
        ((name,),) = self.fetch("SELECT pg_catalog.current_database()::pg_catalog.text")
        return name

    def _run(self, sql: str) -> _LastCount:
        context = _LastCount(libpq.MARK + sql)
        connection = self._connection
        with self._own():
            _plain.send_QUERY(connection, libpq.MARK + sql)
            connection._sock.flush()
            _plain.handle_messages(connection, context)
        return context

    @contextmanager
    def _own(self) -> Iterator[None]:
        try:
            yield
        except Exception as error:
            # What the server has said leaves the connection as it is.
            if self.sqlstate(error) is None and self._lost is None:
                self._lost = error
            raise


_TEXT = 25


class _LastCount(pg8000.core.Context):  # type: ignore[misc]
    """Keeps the count of the last command, where pg8000 adds them all up."""

    last = -1

    @property
    def row_count(self) -> int:
        return -1

    @row_count.setter
    def row_count(self, count: int) -> None:
        self.last = count


class _WatchedSink:
    """Takes all data, and remembers under what the sink has failed: the answer has to be read."""

    def __init__(self, sink: Sink) -> None:
        self.error: BaseException | None = None
        self._sink = sink

    def write(self, data: bytes) -> None:
        if self.error is None:
            try:
                self._sink.write(bytes(data))
            except BaseException as error:
                self.error = error


class _WatchedSource:
    """Gives the data of a source, and tells the server where that fails."""

    def __init__(self, source: Source, connection: Any) -> None:
        self.error: BaseException | None = None
        self._source = source
        self._connection = connection

    def __iter__(self) -> Iterator[bytes]:
        try:
            while data := self._source.read(_COPY_BUFFER):
                yield data
        except BaseException as error:
            self.error = error
            _plain._send_message(self._connection, _COPY_FAIL, b"the source failed\0")


def rendered(session: Pg8000Session, text: str, values: Iterable[Any], oids: Iterable[int]) -> str:
    """Return the text with its values as literals: pg8000 sends text and type for each."""
    connection: Any = session.connection
    literals = list(map(quoted, make_params(connection.py_types, values)))
    if not literals:
        return text
    named = {place: oid for place, oid in enumerate(oids) if oid is not None and oid > 0}
    if named:
        known = ", ".join(map(str, named.values()))
        names = session.fetch(
            "SELECT o.oid::pg_catalog.regtype::pg_catalog.text"
            f" FROM pg_catalog.unnest(ARRAY[{known}]::pg_catalog.oid[])"
            " WITH ORDINALITY AS o(oid, place) ORDER BY o.place"
        )
        for place, (name,) in zip(named, names):
            literals[place] = f"({literals[place]}::{name})"
    return with_literals(text, literals)
