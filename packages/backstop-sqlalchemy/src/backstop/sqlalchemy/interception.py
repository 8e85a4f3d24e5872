"""Standing between an engine and its driver: the dialect's calls pass the guard.

Statements are taken at the dialect's ``do_execute*`` events, where the text is final: after every
listener that rewrites it. Ends of transactions are taken at the dialect's own methods, since the
engine's events of that name come before the driver's call and can't tell whether it succeeded;
the pool resets and closes its connections by them, too.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Callable, TypeVar
from weakref import WeakValueDictionary

from sqlalchemy import Connection, event

from backstop.drivers import WITH_SESSION, reader_of
from backstop.guarded import Guarded
from backstop.guarding import Guard, GuardedSession
from backstop.settings import Settings
from backstop.sqlalchemy.options import ACTOR, ALLOW, applied

if TYPE_CHECKING:
    from sqlalchemy.engine import Dialect
    from sqlalchemy.engine.interfaces import ExecutionContext

    from backstop.statement import Statement

Answer = TypeVar("Answer")

_ATTRIBUTE = "backstop_interception"
_EVENTS = ("do_execute", "do_executemany", "do_execute_no_params")
_COMMITS = ("do_commit", "do_commit_twophase")
_ROLLBACKS = ("do_rollback", "do_rollback_twophase", "do_close", "do_terminate")


class Interception:
    """One dialect under guard: that of an engine and of all its option engines.

    Connections are never kept alive: the session of each stands in its pool's own record of it.
    """

    def __init__(self, dialect: Dialect, settings: Settings) -> None:
        self.settings = settings
        self._dialect = dialect
        self._guard = Guard(settings)
        self._sessions: WeakValueDictionary[int, GuardedSession] = WeakValueDictionary()
        self._replaced: dict[str, Any] = {}
        has_session = dialect.name == "postgresql" and dialect.driver in WITH_SESSION
        self._by_text = None if has_session else self._guard.by_text(dialect.name, dialect.driver)
        self._reader = reader_of(dialect.driver)

    @staticmethod
    def of(dialect: Dialect) -> Interception | None:
        """Return what guards a dialect, if anything does."""
        found: Interception | None = vars(dialect).get(_ATTRIBUTE)
        return found

    def install(self) -> None:
        """Stand in between."""
        for name in _EVENTS:
            event.listen(self._dialect, name, getattr(self, f"_{name}"))
        if self._by_text is None:
            for name in _COMMITS:
                self._replace(name, self._ending(name, committed=True))
            for name in _ROLLBACKS:
                self._replace(name, self._ending(name, committed=False))
            self._replace("do_prepare_twophase", self._preparing())
        setattr(self._dialect, _ATTRIBUTE, self)

    def remove(self) -> None:
        """Leave the dialect as it was."""
        for name in _EVENTS:
            event.remove(self._dialect, name, getattr(self, f"_{name}"))
        for name, before in self._replaced.items():
            if before is None:
                delattr(self._dialect, name)
            else:
                setattr(self._dialect, name, before)
        delattr(self._dialect, _ATTRIBUTE)

    def _do_execute(
        self, cursor: Any, text: str, parameters: Any, context: ExecutionContext
    ) -> bool:
        statement = self._reader.single(cursor, text, parameters)
        return self._take("do_execute", statement, cursor, text, parameters, context)

    def _do_executemany(
        self, cursor: Any, text: str, parameters: Any, context: ExecutionContext
    ) -> bool:
        statement = self._reader.many(cursor, text, parameters)
        return self._take("do_executemany", statement, cursor, text, parameters, context)

    def _do_execute_no_params(self, cursor: Any, text: str, context: ExecutionContext) -> bool:
        statement = self._reader.single(cursor, text, None)
        return self._take("do_execute_no_params", statement, cursor, text, context)

    def _take(self, name: str, statement: Statement | None, cursor: Any, *rest: Any) -> bool:
        context: ExecutionContext = rest[-1]
        guarded = self._guarded(cursor, context)
        options = context.execution_options

        def run() -> None:
            self._run(name, cursor, *rest)

        if statement is None:
            run()
        elif ACTOR in options or ALLOW in options:
            with applied(options):
                guarded.execute(statement, run, lambda: cursor.rowcount)
        else:
            guarded.execute(statement, run, lambda: cursor.rowcount)
        return True

    def _run(self, name: str, *arguments: Any) -> None:
        """Do what SQLAlchemy does without us: the other listeners, then the driver's call."""
        ours = getattr(self, f"_{name}")
        for listener in getattr(self._dialect.dispatch, name):
            if listener != ours and listener(*arguments):
                return
        getattr(self._dialect, name)(*arguments)

    def _guarded(self, cursor: Any, context: ExecutionContext) -> Guarded:
        if self._by_text is not None:
            return self._by_text
        pooled = context.root_connection.connection
        try:
            kept = pooled.info
        except NotImplementedError:
            # While the dialect looks at its first connection, the pool has no record to offer.
            return self._guard.on(cursor.connection)
        found: GuardedSession | None = kept.get(self)
        if found is None:
            found = kept[self] = self._guard.on(cursor.connection)
            self._sessions[id(pooled.dbapi_connection)] = found
        return found

    def _replace(self, name: str, method: Callable[..., Any]) -> None:
        self._replaced[name] = vars(self._dialect).get(name)
        setattr(self._dialect, name, method)

    def _ending(self, name: str, *, committed: bool) -> Callable[..., Any]:
        method = getattr(self._dialect, name)

        def end(connection: Any, *args: Any, **kwargs: Any) -> Any:
            guarded = self._session_of(connection)
            if guarded is None:
                return method(connection, *args, **kwargs)
            return guarded.finish(lambda: method(connection, *args, **kwargs), committed=committed)

        return end

    def _preparing(self) -> Callable[..., Any]:
        method = self._dialect.do_prepare_twophase

        def prepare(connection: Any, xid: Any) -> None:
            method(connection, xid)
            guarded = self._session_of(connection)
            if guarded is not None:
                guarded.forget()

        return prepare

    def _session_of(self, connection: Any) -> GuardedSession | None:
        # Two-phase commits give a Connection, others the pool's proxy or the driver's own.
        pooled = connection.connection if isinstance(connection, Connection) else connection
        return self._sessions.get(id(getattr(pooled, "dbapi_connection", pooled)))
