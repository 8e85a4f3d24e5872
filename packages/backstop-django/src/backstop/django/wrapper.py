"""Standing between Django and its driver: statements pass the guard, and ends of transactions.

Backstop's own queries go round Django's cursors: they are neither counted nor logged.
"""

from __future__ import annotations

from typing import Any, Callable, TypeVar

from django.db.backends.base.base import BaseDatabaseWrapper

from backstop.django import conf
from backstop.django.databases import driver_of, has_session, is_guarded
from backstop.drivers import reader_of
from backstop.guarded import Guarded

Answer = TypeVar("Answer")

Execute = Callable[[Any, Any, bool, Any], Any]


class GuardWrapper:
    """An execute wrapper for one connection of Django's, on each driver connection it opens."""

    def __init__(self, connection: BaseDatabaseWrapper) -> None:
        self._connection = connection
        self._reader = reader_of(driver_of(connection))
        self._driver_connection: object = None
        self._guarded: Guarded | None = None

    def __call__(
        self, execute: Execute, sql: Any, params: Any, many: bool, context: dict[str, Any]
    ) -> Any:
        """Run one statement under guard; raises ConfigurationError where there can't be one."""
        guarded = self._current()
        # In a broken transaction Django refuses every statement, and nothing may be sent.
        if guarded is None or self._connection.needs_rollback:
            return execute(sql, params, many, context)
        cursor = context["cursor"].cursor
        # The driver merges the values, and what it can't merge is an exception of Django's.
        with self._connection.wrap_database_errors:
            if many:
                params = list(params)
                statement = self._reader.many(cursor, sql, params) if params else None
            else:
                statement = self._reader.single(cursor, sql, params)
        if statement is None:
            return execute(sql, params, many, context)
        return guarded.execute(
            statement, lambda: execute(sql, params, many, context), lambda: cursor.rowcount
        )

    def ending(self, end: Callable[[], Answer], *, committed: bool) -> Callable[[], Answer]:
        """Return the connection's method ``end``, which ends its transaction, under guard."""

        def ended() -> Answer:
            guarded = self._guarded
            if guarded is None or self._connection.connection is not self._driver_connection:
                return end()
            return guarded.finish(end, committed=committed)

        return ended

    def _current(self) -> Guarded | None:
        driver_connection = self._connection.connection
        if driver_connection is not self._driver_connection:
            self._guarded = self._new()
            self._driver_connection = driver_connection
        return self._guarded

    def _new(self) -> Guarded | None:
        connection = self._connection
        if not is_guarded(connection):
            return None
        guard = conf.guard_for(connection.alias)
        if has_session(connection):
            return guard.on(connection.connection)
        return guard.by_text(connection.vendor, driver_of(connection))
