"""Putting Django's connections under guard, those that are open and those to come."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from django.db import connections
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.backends.signals import connection_created

from backstop.django.databases import remember_names
from backstop.django.wrapper import GuardWrapper

_ATTRIBUTE = "backstop_wrapper"


class Wrappers(list[Any]):
    """Execute wrappers, with the guard inside of all of them.

    It doesn't stand in the list itself: ``connection.execute_wrapper()`` takes the last one off
    again, which would be the guard where the connection was opened inside of its block.
    """

    def __init__(self, wrappers: list[Any], guard: GuardWrapper) -> None:
        super().__init__(wrappers)
        self.guard = guard

    def __reversed__(self) -> Iterator[Any]:
        # Django composes them from the inside out.
        yield self.guard
        yield from super().__reversed__()


def guard_connections() -> None:
    """Guard all connections from here on; asked again, it changes nothing."""
    remember_names()
    connection_created.connect(_on_created, dispatch_uid="backstop.django", weak=False)
    for connection in connections.all(initialized_only=True):
        guard_connection(connection)


def guard_connection(connection: BaseDatabaseWrapper) -> None:
    """Guard one connection of Django's, whatever driver connections it opens in turn."""
    found = vars(connection).get(_ATTRIBUTE)
    if found is None:
        found = GuardWrapper(connection)
        setattr(connection, _ATTRIBUTE, found)
        # The ends of transactions pass no cursor. All of Django's go by these three.
        for name, committed in (("_commit", True), ("_rollback", False), ("_close", False)):
            setattr(connection, name, found.ending(getattr(connection, name), committed=committed))
    if not isinstance(connection.execute_wrappers, Wrappers):
        connection.execute_wrappers = Wrappers(connection.execute_wrappers, found)


def _on_created(connection: BaseDatabaseWrapper, **_: Any) -> None:
    guard_connection(connection)
