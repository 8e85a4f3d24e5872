"""Putting Django's connections under guard, those that are open and those to come."""

from __future__ import annotations

import gc
import threading
from collections.abc import Iterator
from contextlib import suppress
from functools import wraps
from itertools import chain
from typing import Any

from django.db import connections
from django.db.backends.base.base import BaseDatabaseWrapper

from backstop.django.actors import requests_actor
from backstop.django.databases import remember_names
from backstop.django.wrapper import ConnectionGuard
from backstop.errors import ConfigurationError

_reversed = list.__reversed__
_ATTRIBUTE = "backstop_guard"
_OPENS = "get_new_connection"


class Wrappers(list[Any]):
    """Execute wrappers, with the guard inside of all of them.

    It doesn't stand in the list itself: ``connection.execute_wrapper()`` takes the last one off
    again, which would be the guard where the connection was opened inside of its block.
    """

    def __init__(self, wrappers: list[Any], guard: ConnectionGuard) -> None:
        super().__init__(wrappers)
        self.guard = guard

    def __reversed__(self) -> Iterator[Any]:
        # Django composes them from the inside out, for every statement.
        wrappers = _reversed(self)
        if self.guard.by_text is None and requests_actor.get() is None:
            return wrappers
        return chain((self.guard,), wrappers)


def guard_connections() -> None:
    """Guard all connections from here on; asked again, it changes nothing."""
    remember_names()
    if not hasattr(BaseDatabaseWrapper.connect, _ATTRIBUTE):
        _watch_all()
    for connection in _made_already():
        # Wrong settings are for the checks to say, and for whatever is sent.
        with suppress(ConfigurationError):
            guard_connection(connection).look()


def guard_connection(connection: BaseDatabaseWrapper) -> ConnectionGuard:
    """Return the guard of one connection of Django's, whatever driver connections it opens."""
    found: ConnectionGuard | None = vars(connection).get(_ATTRIBUTE)
    if found is None:
        found = ConnectionGuard(connection)
        setattr(connection, _ATTRIBUTE, found)
        setattr(connection, _OPENS, found.opening(getattr(connection, _OPENS)))
    if not isinstance(connection.execute_wrappers, Wrappers):
        connection.execute_wrappers = Wrappers(connection.execute_wrappers, found)
    return found


def _made_already() -> Iterator[BaseDatabaseWrapper]:
    """Give the connections that were made before the app was ready."""
    yield from connections.all(initialized_only=True)
    if threading.active_count() > 1:
        # Nothing else knows of those of other threads.
        for found in gc.get_objects():
            if issubclass(type(found), BaseDatabaseWrapper):
                yield found


def _watch_all() -> None:
    """Have every connection guarded before it is opened, whoever makes it in whatever thread.

    Signals come when it is open, too late for what sets it up.
    """
    connect = BaseDatabaseWrapper.connect

    @wraps(connect)
    def guarded_connect(self: BaseDatabaseWrapper) -> None:
        guard_connection(self)
        connect(self)

    setattr(guarded_connect, _ATTRIBUTE, True)
    BaseDatabaseWrapper.connect = guarded_connect  # type: ignore[method-assign]
