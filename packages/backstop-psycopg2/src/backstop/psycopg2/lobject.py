"""Guarded large objects: what they do to the server passes the guard as the SQL of the same effect.

psycopg2 calls the server's functions without a statement, and by an open descriptor; the text that
is judged, recorded and saved from names the large object by its oid instead.
"""

from __future__ import annotations

from functools import cache
from itertools import count
from typing import TYPE_CHECKING, Any, Callable, TypeVar

from psycopg2 import extensions

from backstop.drivers import psycopg2_statements as statements
from backstop.psycopg2.registry import guard_of, unwrapped

if TYPE_CHECKING:
    from backstop.psycopg2.connection import GuardedConnection

Answer = TypeVar("Answer")


class GuardLobject(extensions.lobject):
    """A large object whose calls pass the guard of its connection."""

    _backstop_connection: GuardedConnection | None = None

    def __init__(
        self,
        conn: Any,
        oid: int = 0,
        mode: str = "",
        new_oid: int = 0,
        new_file: str | None = None,
    ) -> None:
        self._backstop_connection = guard_of(conn)
        opened: Callable[..., Any] = super().__init__
        rest = () if new_file is None else (new_file,)
        self._guarded(
            statements.open_large_object(oid, mode or "", new_oid),
            lambda: opened(unwrapped(conn), oid, mode, new_oid, *rest),
        )

    def read(self, *size: int) -> Any:
        """Read from where it stands."""
        run: Callable[..., Any] = super().read
        return self._called("lo_get", lambda: run(*size))

    def write(self, data: Any, /) -> Any:
        """Write where it stands, under guard."""
        run: Callable[..., Any] = super().write
        own: Any = super()
        position, runs = own.tell(), count()

        def write() -> Any:
            # A run that was looked at, and taken back, has moved it.
            if next(runs):
                own.seek(position)
            return run(data)

        return self._called("lo_put", write, "0", "''")

    def truncate(self, *length: int) -> None:
        """Cut it off, under guard."""
        run: Callable[..., Any] = super().truncate
        self._called("lo_put", lambda: run(*length), "0", "''")

    def export(self, filename: str, /) -> None:
        """Write what it holds to a file of this machine."""
        run: Callable[..., Any] = super().export
        self._called("lo_get", lambda: run(filename))

    def unlink(self) -> None:
        """Remove it from the server, under guard."""
        run: Callable[..., Any] = super().unlink
        self._called("lo_unlink", run)

    def _called(self, function: str, run: Callable[[], Answer], *arguments: str) -> Answer:
        return self._guarded(statements.large_object(function, self.oid, *arguments), run)

    def _guarded(self, statement: Any, run: Callable[[], Answer]) -> Answer:
        if self._backstop_connection is None:
            return run()
        return self._backstop_connection.backstop_session.execute(statement, run)


@cache
def guarded_lobject_class(base: type[extensions.lobject]) -> type[GuardLobject]:
    """Return the guarded subclass of a class of large objects."""
    if issubclass(base, GuardLobject):
        return base
    if base is extensions.lobject:
        return GuardLobject
    return type(f"Guarded{base.__name__}", (base, GuardLobject), {})
