"""Sessions by driver; a driver is imported only for a connection of its own in hand."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol

from backstop.errors import MissingDistribution, UnsupportedConnection

if TYPE_CHECKING:
    from backstop.session import Session
    from backstop.statement import Statement

__all__ = [
    "WITH_SESSION",
    "Reader",
    "connect",
    "driver_of",
    "reader_of",
    "session_for",
    "unsupported",
]

WITH_SESSION = frozenset({"psycopg2", "psycopg", "asyncpg", "pg8000"})
"""The drivers, by their modules, whose connections core can ask and save."""


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
    if driver == "psycopg":
        from backstop.drivers import psycopg_statements

        return psycopg_statements
    from backstop.drivers import text_statements

    return text_statements


def session_for(connection: object) -> Session:
    """Return a session on an open driver connection.

    Raises UnsupportedConnection, naming what is supported, for any other object.
    """
    driver = driver_of(connection)
    if driver == "psycopg2":
        from backstop.drivers.psycopg2 import Psycopg2Session

        return Psycopg2Session(connection)
    if driver == "psycopg":
        from backstop.drivers.psycopg import PsycopgSession

        return PsycopgSession(connection)
    raise unsupported(connection)


def driver_of(connection: object) -> str | None:
    """Return the module of the driver that a connection is of, None for one of no known driver."""
    # Of a proxy, the class that it passes for.
    classes = connection.__class__.__mro__
    names = [(base.__module__.partition(".")[0], base.__name__) for base in classes]
    if any(module == "psycopg2" for module, _ in names):
        return "psycopg2"
    return "psycopg" if ("psycopg", "Connection") in names else None


def unsupported(connection: object) -> UnsupportedConnection:
    """Return the error for what is no connection of a known driver; it says what is supported."""
    kind = type(connection)
    found = f"conn is a {kind.__module__}.{kind.__qualname__}"
    if any(base.__name__ == "AsyncConnection" for base in kind.__mro__):
        return UnsupportedConnection(
            f"{found}: this version guards asynchronous connections under SQLAlchemy only. "
            "Send what needs a guard through psycopg.connect(…), or through an engine of "
            "create_async_engine(…) and backstop.protect_engine(engine)."
        )
    return UnsupportedConnection(
        f"{found}: Backstop guards an open connection of psycopg2, as psycopg2.connect(…) returns "
        "it, or of psycopg 3, as psycopg.connect(…) does; an SQLAlchemy engine is guarded by "
        "backstop.protect_engine(engine)."
    )


def connect(dsn: str, database: str | None = None) -> Session:
    """Open a connection of Backstop's own, to another database of the DSN's server if one is named.

    Raises MissingDistribution when no driver is installed, naming what to install, and
    ConnectionFailed when the server doesn't accept the connection.
    """
    try:
        from backstop.drivers.psycopg2 import Psycopg2Session
    except ImportError:
        pass
    else:
        return Psycopg2Session.open(dsn, database)
    try:
        from backstop.drivers.psycopg import PsycopgSession
    except ImportError:
        raise MissingDistribution(
            "A DSN needs a PostgreSQL driver: install backstop-psycopg2[binary], "
            "or psycopg[binary]."
        ) from None
    return PsycopgSession.open(dsn, database)
