"""Connections that a pool or a framework opens and keeps, under a guard that all of them share."""

from __future__ import annotations

from typing import Any

from backstop.drivers.awaiting import Bridge
from backstop.guarding import Guard
from backstop.psycopg import asynchronous
from backstop.psycopg.connection import let_go, take_on


class Attachment:
    """Puts psycopg 3 connections under one guard, in place, and lets go of them."""

    def __init__(self, guard: Guard) -> None:
        self._guard = guard

    def take(self, connection: Any) -> Any:
        """Put a connection under guard, and return it.

        Raises ConfigurationError for one that has another guard.
        """
        take_on(connection, self._guard.settings, lambda: self._guard)
        return connection

    def release(self, connection: Any) -> None:
        """Give a connection its own class back."""
        let_go(connection)


class AsyncAttachment:
    """Does so with asynchronous connections, that an SQLAlchemy-like adapter each stands for.

    The adapter's ``driver_connection`` is the driver's own.
    """

    def __init__(self, guard: Guard, bridge: Bridge) -> None:
        self._guard = guard
        self._bridge = bridge

    def take(self, adapter: Any) -> Any:
        """Put an adapter's connection under guard, and return the adapter.

        Raises ConfigurationError for one that has another guard.
        """
        asynchronous.take_on(adapter.driver_connection, self._guard, self._bridge)
        return adapter

    def release(self, adapter: Any) -> None:
        """Give an adapter's connection its own class back."""
        asynchronous.let_go(adapter.driver_connection)
