"""Guarding a pg8000 connection: the methods by which its cursors speak to the server.

The connection stays the object that it was, and gets a subclass of its class.
"""

from __future__ import annotations

from functools import cache
from typing import Any

import pg8000.dbapi

from backstop.drivers.pg8000 import Pg8000Session, rendered
from backstop.guarding import Guard, GuardedSession
from backstop.settings import Settings
from backstop.sqlalchemy.passing import passed
from backstop.statement import Statement


class GuardedConnection(pg8000.dbapi.Connection):  # type: ignore[misc]
    """A pg8000 connection under guard; everything else is the connection's own."""

    backstop_session: GuardedSession
    backstop_settings: Settings
    _backstop_base: Any = pg8000.dbapi.Connection
    _backstop_own: Pg8000Session

    def execute_simple(self, statement: str) -> Any:
        """Run texts without values, one or several."""
        run = super().execute_simple
        return self._passed(Statement(statement, lambda: statement), lambda: run(statement))

    def execute_unnamed(
        self, statement: str, vals: Any = (), oids: Any = (), stream: Any = None
    ) -> Any:
        """Run a text with values; a stream takes or gives the data of a COPY."""
        run = super().execute_unnamed
        values, types = tuple(vals), tuple(oids or ())
        return self._passed(
            Statement(
                statement,
                lambda: rendered(self._backstop_own, statement, values, types),
                once=stream is not None,
            ),
            lambda: run(statement, values, oids, stream),
        )

    def execute_named(
        self, statement_name_bin: bytes, params: Any, columns: Any, input_funcs: Any, statement: str
    ) -> Any:
        """Run a prepared statement, whose values are text already."""
        run = super().execute_named
        return self._passed(
            Statement(statement, lambda: rendered(self._backstop_own, statement, params, ())),
            lambda: run(statement_name_bin, params, columns, input_funcs, statement),
        )

    def close(self) -> None:
        """Close; what wasn't committed is rolled back by the server."""
        super().close()
        self.backstop_session.finish(lambda: None, committed=False)

    def _passed(self, statement: Statement, run: Any) -> Any:
        answers: list[Any] = []

        def kept() -> Any:
            answers[:] = [run()]
            return answers[0]

        return passed(
            self.backstop_session,
            statement,
            kept,
            lambda: answers[0].row_count if answers else None,
        )


class Attachment:
    """Puts pg8000 connections under one guard, in place, and lets go of them."""

    def __init__(self, guard: Guard) -> None:
        self._guard = guard

    def take(self, connection: Any) -> Any:
        """Put a connection under guard, and return it.

        Raises ConfigurationError for one that has another guard.
        """
        if not isinstance(connection, GuardedConnection):
            own = Pg8000Session(connection)
            connection._backstop_own = own
            connection.backstop_session = GuardedSession(self._guard, own)
            connection.backstop_settings = self._guard.settings
            base: Any = type(connection)
            connection.__class__ = _guarded_class(base)
        else:
            self._guard.require_same(connection.backstop_settings)
        return connection

    def release(self, connection: Any) -> None:
        """Give a connection its own class back."""
        if isinstance(connection, GuardedConnection):
            connection.__class__ = connection._backstop_base


@cache
def _guarded_class(base: Any) -> Any:
    if base is pg8000.dbapi.Connection:
        return GuardedConnection
    members = {"__module__": __name__, "_backstop_base": base}
    return type(f"Guarded{base.__name__}", (GuardedConnection, base), members)
