"""What guards one connection of Django's, whatever driver connections it opens in turn.

Where core has a session for the driver, the driver's own connection is under guard, and judges
whatever is sent by it: nothing is judged here. Other databases are judged by text, at Django's
cursors. Backstop's own queries go round those: they are neither counted nor logged. There, too, a
request's user is looked up, while no statement is on its way yet.
"""

from __future__ import annotations

from functools import cache
from typing import Any, Callable

from django.db.backends.base.base import BaseDatabaseWrapper

from backstop.django import conf
from backstop.django.actors import requests_actor
from backstop.django.databases import driver_of, has_session, is_guarded
from backstop.drivers import reader_of
from backstop.guarded import GuardedText
from backstop.guarding import Guard

Execute = Callable[[Any, Any, bool, Any], Any]
Open = Callable[[Any], Any]


class ConnectionGuard:
    """The guard of one connection of Django's, which is its innermost execute wrapper as well."""

    def __init__(self, connection: BaseDatabaseWrapper) -> None:
        self._connection = connection
        self._reader = reader_of(driver_of(connection))
        self.by_text: GuardedText | None = None
        """What judges the statements at Django's cursors, where the driver's have no guard."""
        self._seen: object = None

    def opening(self, open_connection: Open) -> Open:
        """Return the connection's method that opens driver connections, which are guarded then."""

        def opened(parameters: Any) -> Any:
            # Wrong settings are told before anything is open.
            self.by_text = self._judging_by_text()
            return self._guarded(open_connection(self._parameters(parameters)))

        return opened

    def look(self) -> None:
        """Guard the driver connection in hand, if it was opened unseen."""
        found = self._connection.connection
        if found is not self._seen and found is not None:
            self.by_text = self._judging_by_text()
            self._connection.connection = self._guarded(found)

    def __call__(
        self, execute: Execute, sql: Any, params: Any, many: bool, context: dict[str, Any]
    ) -> Any:
        """Run one statement, under guard where the driver's connection has none."""
        # In a broken transaction Django refuses every statement.
        if self._connection.needs_rollback:
            return execute(sql, params, many, context)
        if (actor := requests_actor.get()) is not None:
            actor.find(sql)
        guarded = self.by_text
        if guarded is None:
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

    def _parameters(self, parameters: Any) -> Any:
        """Return what psycopg2 makes a guarded connection of from the start."""
        if not self._has_driver_guard:
            return parameters
        attachment = self._attachment()
        if driver_of(self._connection) != "psycopg2":
            return parameters
        factory = attachment.factory(parameters.get("connection_factory"))
        return {**parameters, "connection_factory": factory}

    def _guarded(self, driver_connection: Any) -> Any:
        # It is guarded already if it comes from a pool, or if the project has a guard of its own.
        if self._has_driver_guard and not hasattr(driver_connection, "backstop_session"):
            driver_connection = self._attachment().take(driver_connection)
        self._seen = driver_connection
        return driver_connection

    def _attachment(self) -> Any:
        return _attachment(driver_of(self._connection), conf.guard_for(self._connection.alias))

    def _judging_by_text(self) -> GuardedText | None:
        connection = self._connection
        if self._has_driver_guard or not is_guarded(connection):
            return None
        guard = conf.guard_for(connection.alias)
        return guard.by_text(connection.vendor, driver_of(connection))

    @property
    def _has_driver_guard(self) -> bool:
        return has_session(self._connection) and is_guarded(self._connection)


@cache
def _attachment(driver: str, guard: Guard) -> Any:
    # Imported here: a project without PostgreSQL has no driver of its.
    if driver == "psycopg2":
        from backstop.psycopg2 import attaching as by_psycopg2

        return by_psycopg2.Attachment(guard)
    from backstop.psycopg import attaching as by_psycopg

    return by_psycopg.Attachment(guard)
