"""The guarded connection: a proxy of a psycopg2 connection that hands out guarded cursors."""

from __future__ import annotations

import threading
from types import TracebackType
from typing import TYPE_CHECKING, Any
from weakref import WeakValueDictionary

import wrapt
from psycopg2 import extensions, extras

from backstop.errors import ConfigurationError, UnsupportedConnection
from backstop.guarding import Guard, GuardedSession
from backstop.levels import Mode
from backstop.psycopg2.cursor import GuardCursor, guarded_class
from backstop.settings import Options, Settings, StorageArgument, build_settings

_guarded: WeakValueDictionary[int, GuardedConnection] = WeakValueDictionary()
_guarding = threading.Lock()


if TYPE_CHECKING:
    from typing_extensions import Unpack

    class _Proxy(extensions.connection):
        """What a type checker sees: everything that a connection has."""

        __wrapped__: extensions.connection

        def __init__(self, wrapped: extensions.connection) -> None: ...
else:
    _Proxy = wrapt.ObjectProxy


class GuardedConnection(_Proxy):
    """A psycopg2 connection under guard; everything else is the wrapped connection's.

    ``backstop_session`` is core's view of the connection.
    """

    def __init__(self, connection: extensions.connection, settings: Settings) -> None:
        super().__init__(connection)
        self._self_settings = settings
        self._self_session = Guard(settings).on(connection)

    @property
    def backstop_session(self) -> GuardedSession:
        """The session through which statements of this connection pass."""
        return self._self_session

    @property
    def backstop_settings(self) -> Settings:
        """What this guard was told to do."""
        return self._self_settings

    def cursor(  # type: ignore[override]
        self, name: Any = None, cursor_factory: Any = None, *args: Any, **kwargs: Any
    ) -> GuardCursor:
        """Return a guarded cursor of the class that the connection would have made."""
        raw = self.__wrapped__
        factory = cursor_factory or raw.cursor_factory
        if factory is None and type(raw).cursor is extensions.connection.cursor:
            factory = extensions.cursor
        if not isinstance(factory, type):
            # A function, or a connection class of its own mind: only a cursor shows what it makes.
            chosen: dict[str, Any] = {} if factory is None else {"cursor_factory": factory}
            factory = type(raw.cursor(**chosen))
        # By name: a connection class of its own, such as LoggingConnection, sets a default for it.
        chosen_class = guarded_class(factory)
        if args:
            cursor = raw.cursor(name, chosen_class, *args, **kwargs)
        else:
            cursor = raw.cursor(name, cursor_factory=chosen_class, **kwargs)
        cursor.backstop_connection = self
        return cursor

    def commit(self) -> None:
        """Commit, and record the fate of what was snapshotted."""
        self._self_session.finish(self.__wrapped__.commit, committed=True)

    def rollback(self) -> None:
        """Roll back, and record the fate of what was snapshotted."""
        self._self_session.finish(self.__wrapped__.rollback, committed=False)

    def close(self) -> None:
        """Close; what wasn't committed is rolled back by the server."""
        self._self_session.finish(self.__wrapped__.close, committed=False)

    def reset(self) -> None:
        """Reset the connection, which rolls back."""
        self._self_session.finish(self.__wrapped__.reset, committed=False)

    def tpc_prepare(self) -> None:
        """Prepare: the transaction's fate is decided elsewhere from here on."""
        self.__wrapped__.tpc_prepare()
        self._self_session.forget()

    def tpc_commit(self, *args: Any) -> None:
        """Commit a transaction of two phases."""
        self._self_session.finish(lambda: self.__wrapped__.tpc_commit(*args), committed=True)

    def tpc_rollback(self, *args: Any) -> None:
        """Roll back a transaction of two phases."""
        self._self_session.finish(lambda: self.__wrapped__.tpc_rollback(*args), committed=False)

    def __enter__(self) -> GuardedConnection:
        self.__wrapped__.__enter__()
        self._self_session.enter()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._self_session.leave(
            lambda: self.__wrapped__.__exit__(kind, error, traceback), committed=kind is None
        )


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
    raw = conn.__wrapped__ if type(conn) is GuardedConnection else conn
    _check(raw)
    with _guarding:
        found = _guarded.get(id(raw))
        if found is None:
            found = _guarded[id(raw)] = GuardedConnection(raw, settings)
        elif found.backstop_settings != settings:
            raise ConfigurationError(
                "conn is guarded already, with other settings. Use the guard that there is, "
                "or guard another connection."
            )
        return found


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
    if isinstance(
        conn, (extras.LogicalReplicationConnection, extras.PhysicalReplicationConnection)
    ):
        raise UnsupportedConnection(
            "conn is a replication connection, which takes no SQL: give an ordinary one."
        )
