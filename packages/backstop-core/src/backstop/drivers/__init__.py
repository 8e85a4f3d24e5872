"""Sessions by driver; a driver is imported only for a connection of its own in hand."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol

from backstop.errors import MissingDistribution, UnsupportedConnection

if TYPE_CHECKING:
    from backstop.session import Session
    from backstop.statement import Statement

__all__ = ["Reader", "connect", "reader_of", "session_for"]


class Reader(Protocol):
    """Reads a driver's arguments as statements; None for what the driver will refuse."""

    def single(self, cursor: Any, query: Any, parameters: Any) -> Statement | None:
        """Return the statement of a cursor's execute()."""

    def many(self, cursor: Any, query: Any, sets: list[Any]) -> Statement | None:
        """Return the statement of a cursor's executemany()."""


def reader_of(driver: str) -> Reader:
    """Return the reader for a driver's cursors, by the name of its module."""
    if driver == "psycopg2":
        from backstop.drivers import psycopg2_statements

        return psycopg2_statements
    from backstop.drivers import text_statements

    return text_statements


def session_for(connection: object) -> Session:
    """Return a session on an open driver connection.

    Raises UnsupportedConnection, naming what is supported, for any other object.
    """
    if any(base.__module__.startswith("psycopg2") for base in type(connection).__mro__):
        from backstop.drivers.psycopg2 import Psycopg2Session

        return Psycopg2Session(connection)
    raise UnsupportedConnection(
        f"conn is a {type(connection).__module__}.{type(connection).__qualname__}; "
        "Backstop takes an open psycopg2 connection (psycopg2.connect(…))."
    )


def connect(dsn: str, database: str | None = None) -> Session:
    """Open a connection of Backstop's own, to another database of the DSN's server if one is named.

    Raises MissingDistribution when no driver is installed, naming what to install, and
    ConnectionFailed when the server doesn't accept the connection.
    """
    try:
        from backstop.drivers.psycopg2 import Psycopg2Session
    except ImportError:
        raise MissingDistribution(
            "A DSN needs a PostgreSQL driver: install backstop-psycopg2[binary]."
        ) from None
    return Psycopg2Session.open(dsn, database)
