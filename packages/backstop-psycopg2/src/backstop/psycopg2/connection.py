"""What both forms of a guarded connection do: hand out guarded cursors, and record how it ends.

A form says how the driver's own method is reached; everything that it doesn't override is the
driver's.
"""

from __future__ import annotations

from types import TracebackType
from typing import TYPE_CHECKING, Any, Callable

from psycopg2 import extensions

from backstop.drivers import psycopg2_statements as statements
from backstop.guarding import GuardedSession
from backstop.psycopg2.cursor import GuardCursor
from backstop.psycopg2.cursor_classes import guarded_cursor
from backstop.psycopg2.lobject import GuardLobject, guarded_lobject_class
from backstop.settings import Settings

if TYPE_CHECKING:
    from typing_extensions import Self

    _Connection = extensions.connection
else:
    _Connection = object


class GuardedConnection(_Connection):
    """A psycopg2 connection under guard; everything else is the driver's connection's.

    ``connection`` is the driver's own, for what must have that; it passes no guard.
    ``backstop_session`` is core's view of the connection, ``backstop_settings`` what the guard was
    told to do.
    """

    __slots__ = ()
    _backstop_session: GuardedSession

    @property
    def connection(self) -> extensions.connection:
        """The driver's own connection, which its functions in C take."""
        raise NotImplementedError

    @property
    def backstop_session(self) -> GuardedSession:
        """The session through which statements of this connection pass."""
        return self._backstop_session

    @property
    def backstop_settings(self) -> Settings:
        """What this guard was told to do."""
        raise NotImplementedError

    def _driver(self, name: str) -> Callable[..., Any]:
        """Return the driver's own method of that name."""
        raise NotImplementedError

    def cursor(self, *args: Any, **kwargs: Any) -> GuardCursor:  # type: ignore[override]
        """Return a guarded cursor of the class that the connection would have made."""
        return guarded_cursor(self, self._driver("cursor"), *args, **kwargs)

    def lobject(self, *args: Any, **kwargs: Any) -> GuardLobject:
        """Return a guarded large object of the class that the connection would have made."""
        given = dict(zip(("oid", "mode", "new_oid", "new_file", "lobject_factory"), args))
        given.update(kwargs)
        factory = given.get("lobject_factory", extensions.lobject)
        given["lobject_factory"] = guarded_lobject_class(factory)
        opened: GuardLobject = self._driver("lobject")(**given)
        return opened

    def set_client_encoding(self, encoding: str) -> None:
        """Set the encoding under guard; psycopg2 rolls back to do that."""
        run = self._driver("set_client_encoding")
        session = self.backstop_session
        session.execute(
            statements.client_encoding(encoding),
            lambda: session.finish(lambda: run(encoding), committed=False),
        )

    def set_isolation_level(self, level: int | None) -> None:
        """Set the level; psycopg2 rolls back to do that."""
        run = self._driver("set_isolation_level")
        self.backstop_session.finish(lambda: run(level), committed=False)

    def commit(self) -> None:
        """Commit, and record the fate of what was snapshotted."""
        self._backstop_session.finish(self._driver("commit"), committed=True)

    def rollback(self) -> None:
        """Roll back, and record the fate of what was snapshotted."""
        self._backstop_session.finish(self._driver("rollback"), committed=False)

    def close(self) -> None:
        """Close; what wasn't committed is rolled back by the server."""
        self.backstop_session.finish(self._driver("close"), committed=False)

    def reset(self) -> None:
        """Reset the connection, which rolls back and discards what its session has set."""
        self.backstop_session.discard(self._driver("reset"))

    def tpc_prepare(self) -> None:
        """Prepare: the transaction's fate is decided elsewhere from here on."""
        self._driver("tpc_prepare")()
        self.backstop_session.forget()

    def tpc_commit(self, *args: Any) -> None:
        """Commit a transaction of two phases."""
        run = self._driver("tpc_commit")
        self.backstop_session.finish(lambda: run(*args), committed=True)

    def tpc_rollback(self, *args: Any) -> None:
        """Roll back a transaction of two phases."""
        run = self._driver("tpc_rollback")
        self.backstop_session.finish(lambda: run(*args), committed=False)

    def __enter__(self) -> Self:
        self._driver("__enter__")()
        self.backstop_session.enter()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        leave = self._driver("__exit__")
        self.backstop_session.leave(lambda: leave(kind, error, traceback), committed=kind is None)
