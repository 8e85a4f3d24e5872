"""Sessions by driver; a driver is imported only for a connection of its own in hand."""

from __future__ import annotations

from typing import TYPE_CHECKING

from backstop.errors import MissingDistribution, UnsupportedConnection

if TYPE_CHECKING:
    from backstop.session import Session

__all__ = ["connect", "session_for"]


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


def connect(dsn: str) -> Session:
    """Open a connection of Backstop's own.

    Raises MissingDistribution when no driver is installed, naming what to install, and
    ConnectionFailed when the server doesn't accept the connection.
    """
    try:
        from backstop.drivers.psycopg2 import Psycopg2Session
    except ImportError:
        raise MissingDistribution(
            "A DSN needs a PostgreSQL driver: install backstop-psycopg2[binary]."
        ) from None
    return Psycopg2Session.open(dsn)
