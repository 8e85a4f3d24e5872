"""Guarding an engine at its pool: whatever connection it opens or has open is guarded itself.

Statements, large objects, COPY and the ends of transactions then pass the guard by whatever route
they reach the driver's connection. A database that Backstop can't ask is judged by the text of
the statements that come by SQLAlchemy.
"""

from __future__ import annotations

import contextlib
import gc
import threading
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from sqlalchemy import event, exc
from sqlalchemy.pool import ConnectionPoolEntry, PoolProxiedConnection

from backstop.drivers import WITH_SESSION
from backstop.guarding import Guard
from backstop.settings import Settings
from backstop.sqlalchemy.attachments import attachment_for

if TYPE_CHECKING:
    from sqlalchemy import Pool
    from sqlalchemy.engine import Dialect

_opening = threading.local()


class PoolGuard:
    """The guard of one engine's pool, which goes on with the pools that take its place."""

    def __init__(self, dialect: Dialect, settings: Settings) -> None:
        self.settings = settings
        guard = Guard(settings)
        has_session = dialect.name == "postgresql" and dialect.driver in WITH_SESSION
        self.by_text = None if has_session else guard.by_text(dialect.name, dialect.driver)
        self._attachment = attachment_for(dialect, guard) if has_session else None

    @staticmethod
    def of(pool: Pool) -> PoolGuard | None:
        """Return what guards a pool, if anything does."""
        creator = pool._creator
        return creator.guard if isinstance(creator, _GuardedCreator) else None

    def install(self, pool: Pool) -> None:
        """Guard what the pool will open, and what it has open."""
        pool._creator = _GuardedCreator(pool._creator, pool._invoke_creator, self)
        if self._attachment is not None:
            event.listen(pool, "checkout", self._checkout)
            self._take_open(pool)

    def remove(self, pool: Pool) -> None:
        """Leave the pool as it was, and let everything pass by what it has open."""
        creator: Any = pool._creator
        pool._creator = creator.original
        if self._attachment is None:
            return
        with contextlib.suppress(exc.InvalidRequestError):
            event.remove(pool, "checkout", self._checkout)
        for holder in _holders(pool):
            if holder.dbapi_connection is not None:
                self._attachment.release(holder.dbapi_connection)

    def opened(self, connection: Any) -> Any:
        """Return what stands for a connection that has just been opened."""
        return connection if self._attachment is None else self._attachment.take(connection)

    def factory(self, base: Any) -> Any:
        """Return the class to connect with in place of another, where the driver takes one."""
        make = getattr(self._attachment, "factory", None)
        return base if make is None else make(base)

    def _checkout(self, connection: Any, record: ConnectionPoolEntry, proxy: Any) -> None:
        # Another pool that was made of this one has its listeners, too.
        if PoolGuard.of(proxy._pool) is self:
            taken = self.opened(connection)
            _replace(record, taken)
            _replace(proxy, taken)

    def _take_open(self, pool: Pool) -> None:
        for holder in _holders(pool):
            if holder.dbapi_connection is not None:
                _replace(holder, self.opened(holder.dbapi_connection))


class _GuardedCreator:
    """What a pool opens its connections by: its own way, and then under guard."""

    def __init__(self, original: Any, invoke: Any, guard: PoolGuard) -> None:
        self.original = original
        self.guard = guard
        self._invoke = invoke

    def __call__(self, connection_record: Any = None) -> Any:
        with _opening_for(self.guard):
            connection = self._invoke(connection_record)
        try:
            return self.guard.opened(connection)
        except BaseException:
            connection.close()
            raise


def guard_of_opening() -> PoolGuard | None:
    """Return the guard for which this thread is opening a connection."""
    return getattr(_opening, "guard", None)


@contextlib.contextmanager
def _opening_for(guard: PoolGuard) -> Iterator[None]:
    outer = guard_of_opening()
    _opening.guard = guard
    try:
        yield
    finally:
        _opening.guard = outer


def _holders(pool: Pool) -> Iterator[Any]:
    """Give what holds a connection of the pool: its records, and what is checked out of it."""
    for one in gc.get_referrers(pool):
        if isinstance(one, (ConnectionPoolEntry, PoolProxiedConnection)):
            yield one


def _replace(holder: Any, connection: Any) -> None:
    if holder.dbapi_connection is not connection:
        holder.dbapi_connection = connection
