"""Connections that a pool or a framework opens and keeps, under a guard that all of them share."""

from __future__ import annotations

from typing import Any

from backstop.guarding import Guard
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
