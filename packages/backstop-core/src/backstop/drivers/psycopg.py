"""The session of a synchronous psycopg 3 connection.

It makes plain cursors of its own, whatever classes and row factories the application chose, and
reads text from the server's answer itself, whatever the application registered. Its waits go by
psycopg's class, so that no guard of a connection takes them for the application's.
"""

from __future__ import annotations

from collections.abc import Generator, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from typing import Any, TypeVar, cast

import psycopg
from psycopg import pq, rows

from backstop.drivers import libpq
from backstop.session import Sink, Source, TransactionStatus

Answer = TypeVar("Answer")

_COPY_BUFFER = 1 << 17

_STATUS = {
    pq.TransactionStatus.IDLE: TransactionStatus.IDLE,
    pq.TransactionStatus.INTRANS: TransactionStatus.IN_TRANSACTION,
    pq.TransactionStatus.INERROR: TransactionStatus.FAILED,
}


class PsycopgSession:
    """A :class:`backstop.session.Session` on one psycopg 3 connection.

    ``holds_lock`` says that whoever uses the session has the connection's lock already. It must
    not be used in pipeline mode.
    """

    def __init__(self, connection: Any, *, holds_lock: bool = False) -> None:
        self._connection = cast("psycopg.Connection[Any]", connection)
        self._holds_lock = holds_lock
        self.in_block = False
        self._lost: Exception | None = None

    @classmethod
    def open(cls, dsn: str, database: str | None = None) -> PsycopgSession:
        """Connect; ConnectionFailed says why without repeating the DSN."""
        try:
            return cls(
                psycopg.Connection.connect(dsn, dbname=database, application_name="backstop")
            )
        except psycopg.OperationalError as error:
            raise libpq.not_accepted(error) from None
        except psycopg.Error:
            raise libpq.malformed() from None

    @property
    def connection(self) -> object:
        """The psycopg connection itself."""
        return self._connection

    @property
    def autocommit(self) -> bool:
        """Whether psycopg leaves transactions to the statements."""
        return self._connection.autocommit

    @property
    def standard_strings(self) -> bool:
        """Whether a backslash in '…' is a plain character: the server tells of every change."""
        if self._connection.closed:
            return True
        return self._connection.pgconn.parameter_status(b"standard_conforming_strings") != b"off"

    def status(self) -> TransactionStatus:
        """Return libpq's view of the transaction; unusable when closed or busy."""
        status = pq.TransactionStatus(self._connection.pgconn.transaction_status)
        return _STATUS.get(status, TransactionStatus.UNUSABLE)

    def execute(self, sql: str) -> int:
        """Run statements and return the rows that the last touched, -1 where that is unknown."""
        return self._run(sql).rowcount

    def fetch(self, sql: str) -> list[tuple[str | None, ...]]:
        """Return the rows of a query whose columns are all of type text."""
        result = self._run(sql).pgresult
        if result is None:
            return []
        encoding = self._connection.info.encoding
        columns = range(result.nfields)
        return [
            tuple(_decoded(result.get_value(row, column), encoding) for column in columns)
            for row in range(result.ntuples)
        ]

    def copy_out(self, sql: str, sink: Sink) -> int:
        """Run a COPY … TO STDOUT into ``sink`` and return its number of rows."""
        with self._copying(sql) as (cursor, copy):
            for data in copy:
                sink.write(bytes(data))
        return cursor.rowcount

    def copy_in(self, sql: str, source: Source) -> int:
        """Run a COPY … FROM STDIN from ``source`` and return its number of rows."""
        with self._copying(sql) as (cursor, copy):
            while data := source.read(_COPY_BUFFER):
                copy.write(data)
        # The answer to the end of the data counts only once it is chosen.
        cursor._select_current_result(0)
        return cursor.rowcount

    def commit(self) -> None:
        """Commit the transaction in hand."""
        self._end("COMMIT")

    def rollback(self) -> None:
        """Roll the transaction in hand back."""
        self._end("ROLLBACK")

    def close(self) -> None:
        """Close the connection."""
        self._connection.close()

    def beside(self, connect_timeout: float, database: str | None = None) -> PsycopgSession:
        """Open another connection of Backstop's own, in autocommit, to the same server."""
        login = self._login(connect_timeout, database)
        try:
            # By class: a connection class of the application's, or a wrapper that a tracing tool
            # has put round psycopg.connect, would take it for one of the application's.
            connection = psycopg.Connection.connect(autocommit=True, **login)
        except psycopg.Error as error:
            raise libpq.no_second(error) from None
        return PsycopgSession(connection)

    def notices(self) -> list[str]:
        """Return nothing: psycopg 3 keeps no notices, it hands each to the application's handlers.

        None of ours gets there.
        """
        return []

    def keep_notices(self, notices: list[str]) -> None:
        """Leave everything as it is: there is no list."""

    def sqlstate(self, error: BaseException) -> str | None:
        """Return the SQLSTATE of a psycopg error, None for any other error."""
        return error.sqlstate if isinstance(error, psycopg.Error) else None

    def lost(self) -> Exception | None:
        """Return, once, the error under which the connection closed while it was asked."""
        error, self._lost = self._lost, None
        return error

    def _login(self, connect_timeout: float, database: str | None) -> dict[str, Any]:
        """Return the parameters that lead to the same server, in the same role."""
        info = self._connection.info
        other = {} if database is None else {"dbname": database}
        return {
            **info.get_parameters(),
            # They leave the password out, wherever it came from.
            "password": info.password or None,
            **other,
            "application_name": "backstop",
            "connect_timeout": libpq.timeout(connect_timeout),
        }

    def _run(self, sql: str) -> psycopg.Cursor[Any]:
        """Run statements and return a cursor on the last one's answer."""
        cursor = self._cursor()
        with self._alone():
            self._wait(cursor._execute_gen(libpq.MARK + sql, prepare=False))
        while cursor.nextset():
            pass
        return cursor

    @contextmanager
    def _copying(self, sql: str) -> Iterator[tuple[psycopg.Cursor[Any], psycopg.Copy]]:
        cursor = self._cursor()
        with self._alone():
            self._wait(cursor._start_copy_gen(libpq.MARK + sql))
            with psycopg.Copy(cursor) as copy:
                yield cursor, copy

    def _end(self, sql: str) -> None:
        if self.status() is not TransactionStatus.IDLE:
            self._run(sql)

    @contextmanager
    def _alone(self) -> Iterator[None]:
        """Keep other threads from the connection, and its handlers from notices of ours."""
        lock: AbstractContextManager[Any] = self._connection.lock
        pgconn = self._connection.pgconn
        with nullcontext() if self._holds_lock else lock:
            handler, pgconn.notice_handler = pgconn.notice_handler, None
            try:
                yield
            except Exception as error:
                if self._connection.closed and self._lost is None:
                    self._lost = error
                raise
            finally:
                pgconn.notice_handler = handler

    def _wait(self, generator: Generator[Any, Any, Answer]) -> Answer:
        # By class, so that no guard of the connection takes it for the application's.
        return psycopg.Connection.wait(self._connection, generator)

    def _cursor(self) -> psycopg.Cursor[Any]:
        # By class: the connection's cursor() would make one of the application's choice.
        return psycopg.Cursor(self._connection, row_factory=rows.tuple_row)


def _decoded(value: bytes | None, encoding: str) -> str | None:
    return None if value is None else value.decode(encoding)
