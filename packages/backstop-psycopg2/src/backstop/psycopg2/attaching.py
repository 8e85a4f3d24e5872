"""Connections that a pool or a framework opens and keeps, under a guard that all of them share.

Where the framework can be told which class to connect with, that is a guarded subclass; what is
open already is wrapped, and cursors that are made of it by others are guarded, too.
"""

from __future__ import annotations

from typing import Any

from psycopg2 import extensions, extras

from backstop.drivers.psycopg2 import Psycopg2Session
from backstop.errors import UnsupportedConnection
from backstop.guarding import Guard, GuardedSession
from backstop.psycopg2.connection import GuardedConnection
from backstop.psycopg2.cursor import GuardCursor
from backstop.psycopg2.cursor_classes import guarded_class
from backstop.psycopg2.proxy import ConnectionProxy
from backstop.psycopg2.registry import guard_of, remember, unwrapped
from backstop.psycopg2.subclass import GuardConnection, guarded_connection_class
from backstop.psycopg2.unwrapping import patch
from backstop.released import Released

_OTHERS = (
    *(GuardConnection, extras.LogicalReplicationConnection),
    extras.PhysicalReplicationConnection,
)


class Attachment:
    """Puts psycopg2 connections under one guard, and lets go of them."""

    def __init__(self, guard: Guard) -> None:
        self._guard = guard
        self._classes: dict[Any, type[GuardConnection]] = {}

    def factory(self, base: Any) -> Any:
        """Return the class to connect with in place of ``base``, which may be None.

        What can't be made a subclass of is returned as it is; its connections are wrapped.
        """
        base = base or extensions.connection
        if not (isinstance(base, type) and issubclass(base, extensions.connection)):
            return base
        if issubclass(base, _OTHERS):
            return base
        found = self._classes.get(base)
        if found is None:
            found = self._classes[base] = guarded_connection_class(base, self._guard)
        return found

    def take(self, connection: Any) -> GuardedConnection:
        """Put a connection under guard, and return what stands for it from now on.

        Raises UnsupportedConnection for anything but an ordinary psycopg2 connection, and
        ConfigurationError for one that has another guard.
        """
        raw = unwrapped(connection)
        found = guard_of(raw)
        if found is None:
            return self._wrapped(raw)
        if isinstance(found.backstop_session, Released):
            session = Psycopg2Session(raw, keeps=found is not raw)
            _replace(found, GuardedSession(self._guard, session), self._guard)
        else:
            self._guard.require_same(found.backstop_settings)
        return found

    def release(self, connection: Any) -> None:
        """Let whatever goes by a connection pass from now on."""
        found = guard_of(unwrapped(connection))
        if found is not None:
            _replace(found, Released())

    @staticmethod
    def guards(cursor: Any) -> bool:
        """Whether the statements of a cursor pass a guard."""
        return isinstance(cursor, GuardCursor) and cursor._backstop_connection is not None

    def _wrapped(self, raw: Any) -> GuardedConnection:
        if not isinstance(raw, extensions.connection) or raw.async_:
            raise UnsupportedConnection(
                f"conn is a {type(raw).__module__}.{type(raw).__qualname__}: "
                "Backstop guards ordinary, synchronous connections of psycopg2."
            )
        patch()
        proxy = ConnectionProxy(raw, self._guard.settings, self._guard.on(raw))
        remember(raw, proxy)
        # Whoever holds the driver's own connection makes guarded cursors as well.
        factory: Any = raw.cursor_factory
        if factory is None:
            factory = extensions.cursor
        if isinstance(factory, type) and issubclass(factory, extensions.cursor):
            made: Any = guarded_class
            raw.cursor_factory = made(factory)
        return proxy


def _replace(guarded: Any, session: Any, guard: Guard | None = None) -> None:
    if type(guarded) is ConnectionProxy:
        object.__setattr__(guarded, "_backstop_session", session)
        if guard is not None:
            object.__setattr__(guarded, "_settings", guard.settings)
        return
    guarded._backstop_session = session
    if guard is not None:
        guarded._backstop_guard = guard
