"""Guarded cursors: real subclasses of the application's own cursor class.

psycopg2's C code doesn't call a Python ``execute``, so each method that sends SQL is overridden.
The guard stands between the application's class and psycopg2's: what a subclass makes of the
text before it calls ``super().execute`` is what is judged.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any, Callable, TypeVar

from psycopg2 import extensions

from backstop.drivers import psycopg2_statements as statements
from backstop.psycopg2.registry import guard_of
from backstop.statement import Statement

if TYPE_CHECKING:
    from backstop.psycopg2.connection import GuardedConnection

Answer = TypeVar("Answer")

_connection_in_c: Any = vars(extensions.cursor)["connection"]
# Always the next in line, as psycopg2's class is the only base of GuardCursor.
_execute_in_c = extensions.cursor.execute


class GuardCursor(extensions.cursor):
    """A cursor whose statements pass the guard of its connection."""

    _backstop_connection: GuardedConnection | None = None
    # The text that the guard in front of the application's class has judged already.
    _backstop_judged: str | None = None

    def __init__(self, conn: Any, *args: Any, **kwargs: Any) -> None:
        guard = guard_of(conn)
        super().__init__(conn if guard is None else guard.connection, *args, **kwargs)
        self._backstop_connection = guard

    @property
    def connection(self) -> Any:  # type: ignore[override]
        """The guarded connection: its other cursors are guarded as well."""
        return self._backstop_connection or _connection_in_c.__get__(self)

    def execute(self, query: Any, vars: Any = None) -> None:  # noqa: A002 - psycopg2's name
        """Execute one text under guard."""
        connection = self._backstop_connection
        if connection is not None:
            session = connection._backstop_session
            if session.passes(query, vars):
                with session.turn:
                    return _execute_in_c(self, query, vars)
        run = super().execute
        statement = statements.single(self, query, vars)
        return self._guarded(statement, lambda: run(query, vars))

    def executemany(self, query: Any, vars_list: Iterable[Any]) -> None:
        """Execute one text for each set of parameters, under guard."""
        run = super().executemany
        sets = list(vars_list)
        statement = statements.many(self, query, sets) if sets else None
        self._guarded(statement, lambda: run(query, sets))

    def callproc(self, procname: Any, parameters: Any = None) -> Any:
        """Call a function under guard."""
        run = super().callproc
        statement = statements.call(procname, parameters)
        if parameters is None:
            return self._guarded(statement, lambda: run(procname))
        return self._guarded(statement, lambda: run(procname, parameters))

    def copy_expert(self, sql: Any, file: Any, *args: Any, **kwargs: Any) -> None:
        """Run a COPY under guard."""
        run = super().copy_expert
        statement = statements.single(self, sql, None)
        self._guarded(statement, lambda: run(sql, file, *args, **kwargs))

    def copy_from(self, file: Any, table: str, *args: Any, **kwargs: Any) -> None:
        """Copy into a table under guard."""
        run = super().copy_from
        statement = statements.copy_from(table)
        self._guarded(statement, lambda: run(file, table, *args, **kwargs))

    def copy_to(self, file: Any, table: str, *args: Any, **kwargs: Any) -> None:
        """Copy from a table under guard."""
        run = super().copy_to
        statement = statements.copy_to(table)
        self._guarded(statement, lambda: run(file, table, *args, **kwargs))

    def _guarded(self, statement: Statement | None, run: Callable[[], Answer]) -> Answer:
        connection = self._backstop_connection
        if statement is None or connection is None or statement.text == self._backstop_judged:
            return run()
        return connection.backstop_session.execute(statement, run, lambda: self.rowcount)

    def _guarded_in_front(self, statement: Statement | None, run: Callable[[], Answer]) -> Answer:
        """Guard what an application's class is given: it may go past the guard behind it."""

        def run_judged() -> Answer:
            # The guard behind lets the same text through, and judges any other.
            outer = self._backstop_judged
            self._backstop_judged = None if statement is None else statement.text
            try:
                return run()
            finally:
                self._backstop_judged = outer

        return self._guarded(statement, run_judged)


class OwnCursor(GuardCursor):
    """A cursor of a connection that is guarded itself, which nothing need be told when it is made.

    Frameworks make one for each statement.
    """

    __init__ = extensions.cursor.__init__
    connection = _connection_in_c
    _backstop_connection = _connection_in_c

    def __init_subclass__(cls, **kwargs: Any) -> None:
        # A subclass may be given to any connection.
        super().__init_subclass__(**kwargs)
        for name in ("__init__", "connection", "_backstop_connection"):
            if name not in vars(cls):
                setattr(cls, name, vars(GuardCursor)[name])
