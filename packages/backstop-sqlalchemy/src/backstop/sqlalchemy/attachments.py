"""Which way the connections of a driver come under guard, by what SQLAlchemy calls the driver."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol

from sqlalchemy.util import await_only, greenlet_spawn

from backstop.drivers.awaiting import Bridge
from backstop.guarding import Guard

if TYPE_CHECKING:
    from sqlalchemy.engine import Dialect

_BRIDGE = Bridge(greenlet_spawn, await_only)


class Attachment(Protocol):
    """Puts the connections of a pool under a guard that all of them share."""

    def take(self, connection: Any, /) -> Any:
        """Put a connection under guard, and return what stands for it from now on."""

    def release(self, connection: Any, /) -> None:
        """Let whatever goes by a connection pass from now on."""


def attachment_for(dialect: Dialect, guard: Guard) -> Attachment:
    """Return what guards the connections of a dialect's driver."""
    if dialect.driver == "psycopg2":
        from backstop.psycopg2.attaching import Attachment as ByPsycopg2

        return ByPsycopg2(guard)
    if dialect.driver == "asyncpg":
        from backstop.sqlalchemy.asyncpg import Attachment as ByAsyncpg

        return ByAsyncpg(guard, _BRIDGE)
    if dialect.driver == "pg8000":
        from backstop.sqlalchemy.pg8000 import Attachment as ByPg8000

        return ByPg8000(guard)
    from backstop.psycopg import attaching

    if dialect.is_async:
        return attaching.AsyncAttachment(guard, _BRIDGE)
    return attaching.Attachment(guard)
