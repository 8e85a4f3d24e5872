"""What core may ask of a database connection, whatever the driver.

A session never touches a cursor of the application's. It speaks on the application's own
connection, so that it sees uncommitted rows, and it must send nothing in a failed transaction.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing, contextmanager
from enum import Enum
from typing import Protocol


class TransactionStatus(Enum):
    """The state of a connection's transaction, as the server last reported it."""

    IDLE = "idle"
    IN_TRANSACTION = "in transaction"
    FAILED = "failed"
    UNUSABLE = "unusable"


class Sink(Protocol):
    """Takes the bytes of a COPY … TO STDOUT, in order."""

    def write(self, data: bytes, /) -> object:
        """Take the next bytes."""


class Source(Protocol):
    """Gives the bytes of a COPY … FROM STDIN; an empty answer ends it."""

    def read(self, size: int = -1, /) -> bytes:
        """Give at most ``size`` bytes."""


class Session(Protocol):
    """One driver connection, seen with the few verbs that core needs.

    Errors of the driver pass through unchanged; ``sqlstate`` reads the SQLSTATE from them.
    """

    @property
    def connection(self) -> object:
        """The driver's own connection."""

    in_block: bool
    """Whether the driver begins a transaction although autocommit is on (``with connection``)."""

    @property
    def autocommit(self) -> bool:
        """Whether a statement outside of an explicit transaction commits by itself."""

    @property
    def standard_strings(self) -> bool:
        """Whether a backslash in '…' is a plain character (``standard_conforming_strings``)."""

    def status(self) -> TransactionStatus:
        """Return the transaction's state without asking the server."""

    def execute(self, sql: str) -> int:
        """Run statements and return the rows that the last touched, -1 where that is unknown."""

    def fetch(self, sql: str) -> list[tuple[str | None, ...]]:
        """Return the rows of a query whose columns are all of type text."""

    def copy_out(self, sql: str, sink: Sink) -> int:
        """Run a COPY … TO STDOUT into ``sink`` and return its number of rows."""

    def copy_in(self, sql: str, source: Source) -> int:
        """Run a COPY … FROM STDIN from ``source`` and return its number of rows."""

    def commit(self) -> None:
        """Commit the transaction in hand."""

    def rollback(self) -> None:
        """Roll the transaction in hand back."""

    def close(self) -> None:
        """Close the connection."""

    def beside(self, connect_timeout: float, database: str | None = None) -> Session:
        """Open another connection of Backstop's own, in autocommit, to the same server.

        It logs in as this one did, with its host, role and password, and to the same database
        unless another one is named; what has been SET since isn't known there, nor is what isn't
        committed. ``connect_timeout`` is in seconds.
        Raises ConnectionFailed, without the password in its message, when the server doesn't
        accept it. Whoever opens it closes it: see :func:`beside`.
        """

    def notices(self) -> list[str]:
        """Return the server's notices that the driver keeps for the application."""

    def keep_notices(self, notices: list[str]) -> None:
        """Let the driver keep these notices, and none that came since."""

    def sqlstate(self, error: BaseException) -> str | None:
        """Return the SQLSTATE of a driver's error, None for any other error."""

    def lost(self) -> Exception | None:
        """Return, once, the error under which the connection closed while core asked."""


@contextmanager
def beside(
    session: Session, connect_timeout: float, database: str | None = None
) -> Iterator[Session]:
    """Open a second connection beside one in hand, and close it whatever the block does."""
    with closing(session.beside(connect_timeout, database)) as second:
        yield second
