"""Which adapter guards a connection: that of the driver which made it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeVar, overload

from backstop.drivers import driver_of, unsupported
from backstop.levels import Mode
from backstop.settings import Options, StorageArgument

if TYPE_CHECKING:
    import psycopg
    from psycopg2 import extensions
    from typing_extensions import Unpack

    from backstop.psycopg2 import GuardedConnection

    Connection = TypeVar("Connection", bound=psycopg.Connection[Any])


@overload
def guard(
    conn: extensions.connection,
    storage: StorageArgument | None = None,
    actor: str | None = None,
    mode: str | Mode | None = None,
    **options: Unpack[Options],
) -> GuardedConnection: ...
@overload
def guard(
    conn: Connection,
    storage: StorageArgument | None = None,
    actor: str | None = None,
    mode: str | Mode | None = None,
    **options: Unpack[Options],
) -> Connection: ...
def guard(
    conn: Any,
    storage: StorageArgument | None = None,
    actor: str | None = None,
    mode: str | Mode | None = None,
    **options: Unpack[Options],
) -> Any:
    """Put a connection of psycopg2 or psycopg 3 under guard and return it.

    ``storage``, ``actor`` and ``mode`` may come from ``BACKSTOP_STORAGE``, ``BACKSTOP_ACTOR`` and
    ``BACKSTOP_MODE``; ``mode`` is ``protect`` (the default), ``monitor`` or ``block``.
    ``options`` are those of :class:`backstop.settings.Options`: what is snapshotted, what a failed
    snapshot does, limits and thresholds. Nothing is contacted.

    A psycopg2 connection is wrapped, and what is returned is guarded; a psycopg 3 connection is
    guarded in place and returned itself. Guarding a connection twice with the same settings
    returns the same guard.

    Raises UnsupportedConnection (a TypeError) for anything but an open, synchronous, ordinary
    connection, and ConfigurationError for a wrong setting or a second, different guard.
    """
    driver = driver_of(conn)
    if driver == "psycopg2":
        from backstop.psycopg2 import entrances as by_psycopg2

        return by_psycopg2.guard(conn, storage, actor, mode, **options)
    if driver == "psycopg":
        from backstop.psycopg import connection as by_psycopg

        return by_psycopg.guard(conn, storage, actor, mode, **options)
    raise unsupported(conn)
