"""The form that is a psycopg2 connection itself: a subclass that is guarded once it is open."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Callable

from psycopg2 import extensions

from backstop.drivers.psycopg2 import Psycopg2Session
from backstop.errors import UnsupportedConnection
from backstop.guarding import Guard, GuardedSession
from backstop.psycopg2.connection import GuardedConnection
from backstop.psycopg2.cursor import GuardCursor, OwnCursor
from backstop.psycopg2.cursor_classes import guarded_class
from backstop.settings import Settings

if TYPE_CHECKING:
    from typing_extensions import Self


_cursor_in_c: Any = extensions.connection.cursor


class GuardConnection(GuardedConnection, extensions.connection):
    """A real psycopg2 connection under guard; `guarded_connection_class` makes usable classes."""

    _backstop_guard: Guard
    _backstop_factory: Any = None
    # Whether the driver's own method makes cursors, of its own class.
    _backstop_plain = True

    def __new__(cls, *args: Any, **kwargs: Any) -> Self:  # noqa: D102
        connection = super().__new__(cls, *args, **kwargs)
        session = Psycopg2Session(connection, keeps=False)
        # Here, as a class of the application's may forget to call __init__.
        connection._backstop_session = GuardedSession(cls._backstop_guard, session)
        return connection

    def __init__(self, dsn: str, *args: Any, **kwargs: Any) -> None:
        if any(args) or kwargs.get("async") or kwargs.get("async_"):
            raise UnsupportedConnection(
                "async_ is true: Backstop needs to read before a statement runs. "
                "Connect without async_=1."
            )
        super().__init__(dsn, *args, **kwargs)
        # What makes a cursor in C finds this one.
        _in_c("cursor_factory").__set__(self, OwnCursor)

    @property
    def connection(self) -> extensions.connection:
        """The connection itself, as it is one of the driver's."""
        return self

    @property
    def backstop_settings(self) -> Settings:
        """What this guard was told to do."""
        return self._backstop_guard.settings

    @property
    def cursor_factory(self) -> Any:
        """What makes this connection's cursors, unless one is given."""
        return self._backstop_factory

    @cursor_factory.setter
    def cursor_factory(self, factory: Any) -> None:
        self._backstop_factory = factory
        unchanged = factory in (None, extensions.cursor)
        self._backstop_plain = type(self)._backstop_plain and unchanged
        known = isinstance(factory, type) and issubclass(factory, extensions.cursor)
        plain = not known or factory is extensions.cursor
        _in_c("cursor_factory").__set__(self, OwnCursor if plain else guarded_class(factory))

    def cursor(self, *args: Any, **kwargs: Any) -> GuardCursor:  # type: ignore[override]
        """Return a guarded cursor of the class that the connection would have made."""
        if args or kwargs or not self._backstop_plain:
            return super().cursor(*args, **kwargs)
        made: GuardCursor = _cursor_in_c(self)
        return made

    def _driver(self, name: str) -> Callable[..., Any]:
        # Always the next in line after the classes of ours; super() would take twice the time.
        method: Callable[..., Any] = getattr(extensions.connection, name).__get__(self)
        return method


def guarded_connection_class(
    base: type[extensions.connection], guard: Guard
) -> type[GuardConnection]:
    """Return the guarded subclass of a connection class."""
    bases = (GuardConnection,) if base is extensions.connection else (base, GuardConnection)
    plain = base.cursor is extensions.connection.cursor
    members = {"_backstop_guard": guard, "_backstop_plain": plain}
    return type(f"Guarded{base.__name__}", bases, members)


def _in_c(name: str) -> Any:
    return vars(extensions.connection)[name]
