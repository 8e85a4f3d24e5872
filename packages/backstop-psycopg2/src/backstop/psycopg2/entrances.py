"""How a connection comes under guard: one that is open, or one that is being opened."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Any

import psycopg2
from psycopg2 import extensions, extras

from backstop.errors import ConfigurationError, UnsupportedConnection
from backstop.guarding import Guard
from backstop.levels import Mode
from backstop.psycopg2.connection import GuardedConnection
from backstop.psycopg2.proxy import ConnectionProxy
from backstop.psycopg2.registry import guard_of, remember, unwrapped
from backstop.psycopg2.subclass import GuardConnection, guarded_connection_class
from backstop.psycopg2.unwrapping import patch
from backstop.settings import Options, StorageArgument, build_settings

if TYPE_CHECKING:
    from typing_extensions import Unpack

_REPLICATION = (extras.LogicalReplicationConnection, extras.PhysicalReplicationConnection)
_guarding = threading.Lock()


def guard(
    conn: Any,
    storage: StorageArgument | None = None,
    actor: str | None = None,
    mode: str | Mode | None = None,
    **options: Unpack[Options],
) -> GuardedConnection:
    """Put a psycopg2 connection under guard and return it.

    ``storage``, ``actor`` and ``mode`` may come from ``BACKSTOP_STORAGE``, ``BACKSTOP_ACTOR`` and
    ``BACKSTOP_MODE``; ``mode`` is ``protect`` (the default), ``monitor`` or ``block``.
    ``options`` are those of :class:`backstop.settings.Options`: what is snapshotted, what a failed
    snapshot does, limits and thresholds. Nothing is contacted.

    Guarding a connection twice with the same settings returns the same guard.

    Raises UnsupportedConnection (a TypeError) for anything but an open, synchronous, ordinary
    psycopg2 connection, and ConfigurationError for a wrong setting or a second, different guard.
    """
    settings = build_settings(storage, actor, mode, **options)
    raw = unwrapped(conn)
    _check(raw)
    with _guarding:
        found = guard_of(raw)
        if found is None:
            patch()
            found = ConnectionProxy(raw, settings)
            remember(raw, found)
        elif found.backstop_settings != settings:
            raise ConfigurationError(
                "conn is guarded already, with other settings. Use the guard that there is, "
                "or guard another connection."
            )
        return found


def connect(
    dsn: str | None = None,
    connection_factory: type[extensions.connection] | None = None,
    cursor_factory: Any = None,
    *,
    storage: StorageArgument | None = None,
    actor: str | None = None,
    mode: str | Mode | None = None,
    **arguments: Any,
) -> GuardedConnection:
    """Open a connection as `psycopg2.connect` does, under guard from the start.

    It is a real subclass of ``connection_factory`` (``psycopg2.extensions.connection`` unless
    given), so that code in C takes it. The settings are those of `guard`, as keyword arguments;
    any other argument is psycopg2's.

    Raises UnsupportedConnection and ConfigurationError as `guard` does, before it connects.
    """
    options: Any = {name: arguments.pop(name) for name in _OPTIONS if name in arguments}
    guarded: GuardedConnection = psycopg2.connect(
        dsn,
        connection_factory=_factory(
            connection_factory or extensions.connection,
            Guard(build_settings(storage, actor, mode, **options)),
        ),
        cursor_factory=cursor_factory,
        **arguments,
    )
    return guarded


def connection_factory(
    storage: StorageArgument | None = None,
    actor: str | None = None,
    mode: str | Mode | None = None,
    *,
    base: type[extensions.connection] = extensions.connection,
    **options: Unpack[Options],
) -> type[GuardedConnection]:
    """Return a connection class for `psycopg2.connect`, pools and frameworks.

    ::

        psycopg2.connect(dsn, connection_factory=connection_factory(storage=…, actor=…))

    It is a subclass of ``base``, and its connections are guarded from the start. The settings are
    those of `guard`.
    """
    return _factory(base, Guard(build_settings(storage, actor, mode, **options)))


_OPTIONS = tuple(Options.__annotations__)


def _factory(base: Any, guard: Guard) -> type[GuardConnection]:
    if not (isinstance(base, type) and issubclass(base, extensions.connection)):
        raise UnsupportedConnection(
            f"the connection class is {base!r}: give a subclass of "
            "psycopg2.extensions.connection, or guard what it returns by backstop.guard(…)."
        )
    if issubclass(base, _REPLICATION):
        raise UnsupportedConnection(_REPLICATES)
    if issubclass(base, GuardConnection):
        raise ConfigurationError(
            f"{base.__name__} is guarded already. Give the class that it was made of."
        )
    return guarded_connection_class(base, guard)


_REPLICATES = "conn is a replication connection, which takes no SQL: give an ordinary one."


def _check(conn: Any) -> None:
    if not isinstance(conn, extensions.connection):
        raise UnsupportedConnection(
            f"conn is a {type(conn).__module__}.{type(conn).__qualname__}: "
            "give an open psycopg2 connection, as psycopg2.connect(…) returns it."
        )
    if conn.closed:
        raise UnsupportedConnection("conn is closed: give an open psycopg2 connection.")
    if conn.async_:
        raise UnsupportedConnection(
            "conn is asynchronous: Backstop needs to read before a statement runs. "
            "Connect without async_=1."
        )
    if isinstance(conn, _REPLICATION):
        raise UnsupportedConnection(_REPLICATES)
