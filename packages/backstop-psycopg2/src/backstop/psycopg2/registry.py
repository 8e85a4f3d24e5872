"""Which guard a driver's connection has: cursors and large objects know only the latter.

No guard is kept alive by this, and no connection.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from weakref import WeakValueDictionary

if TYPE_CHECKING:
    from backstop.psycopg2.connection import GuardedConnection

# A guard keeps its connection alive, so that no other has its id meanwhile.
_guards: WeakValueDictionary[int, GuardedConnection] = WeakValueDictionary()


def remember(raw: object, guard: GuardedConnection) -> None:
    """Take in that a connection has been put under guard."""
    _guards[id(raw)] = guard


def guard_of(connection: Any) -> GuardedConnection | None:
    """Return the guard of a connection, which may be that itself; None where there is none."""
    return connection if _is_guard(connection) else _guards.get(id(connection))


def unwrapped(connection: Any) -> Any:
    """Return the driver's own connection of a guarded one; anything else as it is."""
    return connection.connection if _is_guard(connection) else connection


def _is_guard(connection: object) -> bool:
    # By its type, as a proxy of somebody else's may answer for anything.
    return hasattr(type(connection), "backstop_session")
