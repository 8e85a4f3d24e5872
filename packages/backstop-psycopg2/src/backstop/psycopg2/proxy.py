"""The form that wraps a connection that is open already."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Callable

from psycopg2 import extensions

from backstop.guarding import Guard, GuardedSession
from backstop.psycopg2.connection import GuardedConnection
from backstop.psycopg2.cursor import GuardCursor
from backstop.settings import Settings

_PLAIN = (None, extensions.cursor, GuardCursor)
_OWN = ("_raw", "_backstop_session", "_settings")


class ConnectionProxy(GuardedConnection):
    """Stands for the connection that it wraps: whatever isn't guarded is read, set, deleted there.

    It has no attribute by which psycopg2 would take it for something else, nor any of a call or
    an iteration.
    """

    __slots__ = (*_OWN, "__weakref__")

    # Assigned without the driver's __init__, which would connect.
    _raw: extensions.connection
    _settings: Settings

    def __init__(
        self, raw: extensions.connection, settings: Settings, session: GuardedSession | None = None
    ) -> None:
        session = session or Guard(settings).on(raw)
        for name, value in zip(_OWN, (raw, session, settings)):
            object.__setattr__(self, name, value)

    @property
    def connection(self) -> extensions.connection:
        """The connection that is wrapped; it passes no guard."""
        return self._raw

    @property
    def __wrapped__(self) -> extensions.connection:
        return self._raw

    @property
    def backstop_settings(self) -> Settings:
        """What this guard was told to do."""
        return self._settings

    def cursor(self, *args: Any, **kwargs: Any) -> GuardCursor:  # type: ignore[override]
        """Return a guarded cursor of the class that the connection would have made."""
        raw = self._raw
        is_plain = type(raw) is extensions.connection and raw.cursor_factory in _PLAIN
        if args or kwargs or not is_plain:
            return super().cursor(*args, **kwargs)
        cursor = raw.cursor(cursor_factory=GuardCursor)
        cursor._backstop_connection = self
        return cursor

    def _driver(self, name: str) -> Callable[..., Any]:
        method: Callable[..., Any] = getattr(self._raw, name)
        return method

    @property  # type: ignore[misc]
    def __class__(self) -> Any:
        """The wrapped connection's, so that ``isinstance`` holds."""
        return type(self._raw)

    if not TYPE_CHECKING:
        # A checker shall go on telling what a connection doesn't have.
        def __getattr__(self, name: str) -> Any:
            return getattr(self._raw, name)

    def __setattr__(self, name: str, value: Any) -> None:
        setattr(self._raw, name, value)

    def __delattr__(self, name: str) -> None:
        delattr(self._raw, name)

    def __dir__(self) -> list[str]:
        return sorted({*dir(self._raw), "connection", "backstop_session", "backstop_settings"})

    def __repr__(self) -> str:
        return repr(self._raw)

    def __eq__(self, other: object) -> bool:
        return self._raw == (other._raw if type(other) is ConnectionProxy else other)

    def __hash__(self) -> int:
        return hash(self._raw)

    def __reduce_ex__(self, protocol: Any) -> Any:
        return self._raw.__reduce_ex__(protocol)
