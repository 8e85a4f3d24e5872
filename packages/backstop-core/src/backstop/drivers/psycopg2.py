"""The session of a psycopg2 connection.

It makes plain cursors of its own, whatever cursor class or connection class the application
chose, and reads text with psycopg2's own casters, whatever the application registered.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, cast
from weakref import ref

import psycopg2
from psycopg2 import extensions

from backstop.drivers import libpq
from backstop.session import Sink, Source, TransactionStatus

_COPY_BUFFER = 1 << 20

_STATUS = {
    extensions.TRANSACTION_STATUS_IDLE: TransactionStatus.IDLE,
    extensions.TRANSACTION_STATUS_INTRANS: TransactionStatus.IN_TRANSACTION,
    extensions.TRANSACTION_STATUS_INERROR: TransactionStatus.FAILED,
}


class Psycopg2Session:
    """A :class:`backstop.session.Session` on one psycopg2 connection.

    A connection that holds its own session shall not be kept alive by it (``keeps=False``).
    """

    def __init__(self, connection: Any, *, keeps: bool = True) -> None:
        self._find = (lambda: connection) if keeps else ref(connection)
        self.in_block = False
        self._lost: Exception | None = None

    @classmethod
    def open(cls, dsn: str, database: str | None = None) -> Psycopg2Session:
        """Connect; ConnectionFailed says why without repeating the DSN."""
        try:
            return cls(psycopg2.connect(dsn, dbname=database, application_name="backstop"))
        except psycopg2.OperationalError as error:
            raise libpq.not_accepted(error) from None
        except psycopg2.ProgrammingError:
            raise libpq.malformed() from None

    @property
    def connection(self) -> object:
        """The psycopg2 connection itself."""
        return self._connection

    @property
    def _connection(self) -> extensions.connection:
        return cast("extensions.connection", self._find())

    @property
    def autocommit(self) -> bool:
        """Whether psycopg2 leaves transactions to the statements."""
        return bool(self._connection.autocommit) and not self.in_block

    @property
    def standard_strings(self) -> bool:
        """Whether a backslash in '…' is a plain character: the server tells of every change."""
        if self._connection.closed:
            return True
        return self._connection.get_parameter_status("standard_conforming_strings") != "off"

    def status(self) -> TransactionStatus:
        """Return libpq's view of the transaction; unusable when closed or busy."""
        if self._connection.closed:
            return TransactionStatus.UNUSABLE
        status = self._connection.get_transaction_status()
        return _STATUS.get(status, TransactionStatus.UNUSABLE)

    def execute(self, sql: str) -> int:
        """Run statements and return the rows that the last touched, -1 where that is unknown."""
        with self._cursor() as cursor:
            cursor.execute(libpq.MARK + sql)
            return cursor.rowcount

    def fetch(self, sql: str) -> list[tuple[str | None, ...]]:
        """Return the rows of a query whose columns are all of type text."""
        with self._cursor() as cursor:
            extensions.register_type(extensions.UNICODE, cursor)
            cursor.execute(libpq.MARK + sql)
            return cursor.fetchall()

    def copy_out(self, sql: str, sink: Sink) -> int:
        """Run a COPY … TO STDOUT into ``sink`` and return its number of rows."""
        with self._cursor() as cursor:
            cursor.copy_expert(libpq.MARK + sql, sink)
            return cursor.rowcount

    def copy_in(self, sql: str, source: Source) -> int:
        """Run a COPY … FROM STDIN from ``source`` and return its number of rows."""
        watched = _WatchedSource(source)
        with self._cursor() as cursor:
            try:
                cursor.copy_expert(libpq.MARK + sql, cast("Any", watched), _COPY_BUFFER)
            except psycopg2.Error:
                if watched.error is not None:
                    raise watched.error from None
                raise
            return cursor.rowcount

    def commit(self) -> None:
        """Commit the transaction in hand."""
        # By class, here and below: a subclass's own method would take it for the application's.
        extensions.connection.commit(self._connection)

    def rollback(self) -> None:
        """Roll the transaction in hand back."""
        extensions.connection.rollback(self._connection)

    def close(self) -> None:
        """Close the connection."""
        extensions.connection.close(self._connection)

    def beside(self, connect_timeout: float, database: str | None = None) -> Psycopg2Session:
        """Open another connection of Backstop's own, in autocommit, to the same server."""
        other = {} if database is None else {"dbname": database}
        try:
            dsn = extensions.make_dsn(
                **{
                    **_login(extensions.ConnectionInfo(self._connection)),
                    **other,
                    "application_name": "backstop",
                    "connect_timeout": libpq.timeout(connect_timeout),
                }
            )
            # By class: a factory of the application's, or a wrapper that a tracing tool has put
            # round psycopg2.connect, would take it for one of the application's connections.
            connection = extensions.connection(dsn)
        except psycopg2.Error as error:
            raise libpq.no_second(error) from None
        connection.autocommit = True
        return Psycopg2Session(connection)

    def notices(self) -> list[str]:
        """Return the notices in psycopg2's own list; none where the application chose another."""
        kept = self._connection.notices
        return list(kept) if isinstance(kept, list) else []

    def keep_notices(self, notices: list[str]) -> None:
        """Put psycopg2's list back, where it is one."""
        kept = self._connection.notices
        if isinstance(kept, list):
            kept[:] = notices

    def sqlstate(self, error: BaseException) -> str | None:
        """Return the SQLSTATE of a psycopg2 error, None for any other error."""
        return error.pgcode if isinstance(error, psycopg2.Error) else None

    def lost(self) -> Exception | None:
        """Return, once, the error under which the connection closed while it was asked."""
        error, self._lost = self._lost, None
        return error

    @contextmanager
    def _cursor(self) -> Iterator[extensions.cursor]:
        # By class: a subclass's cursor() may choose another class or count its calls.
        make = extensions.connection.cursor
        try:
            with make(self._connection, cursor_factory=extensions.cursor) as cursor:
                yield cursor
        except Exception as error:
            told = self._told(error)
            if self._connection.closed and self._lost is None:
                self._lost = told
            if told is error:
                raise
            raise told from error

    def _told(self, error: Exception) -> Exception:
        """Return an error as psycopg2 tells of lost connections, which in a COPY it does not."""
        if self._connection.closed and type(error) is psycopg2.DatabaseError:
            return psycopg2.OperationalError(
                "server closed the connection unexpectedly, while rows were copied"
            )
        return error


class _WatchedSource:
    """Remembers what the source raised: psycopg2 turns it into a QueryCanceled, Ctrl-C included."""

    def __init__(self, source: Source) -> None:
        self.error: BaseException | None = None
        self._source = source

    def read(self, size: int = -1, /) -> bytes:
        try:
            return self._source.read(size)
        except BaseException as error:
            self.error = error
            raise


def _login(info: extensions.ConnectionInfo) -> dict[str, Any]:
    """Return the parameters that lead to the same server, in the same role."""
    parameters: dict[str, Any] = dict(info.dsn_parameters)
    # They leave the password out, wherever it came from.
    parameters["password"] = info.password or None
    if any("," in parameters.get(name, "") for name in ("host", "hostaddr")):
        # Of several servers, the one that answered: another may be a replica that lags behind.
        parameters.update(host=info.host, port=info.port, hostaddr=None)
    return parameters
