"""Backstop for psycopg 3: a connection under guard, in place.

::

    import backstop, psycopg

    db = backstop.guard(psycopg.connect(dsn), storage="s3://bucket", actor="billing-agent")
    with db.transaction():
        db.execute("DELETE FROM orders")            # saved first, then run

The connection stays the object that it was, and gets a subclass of its class: whatever is made of
it, before or after, passes the guard, by whatever cursor class. ``connection.pgconn`` is libpq's
own connection, and the way round.

In a pipeline the modes "protect" and "block" have to know what a statement would do before it is
queued: they wait for what is queued already. A statement that is saved first runs outside of it.
"""

from __future__ import annotations

from backstop.errors import MissingDistribution

try:
    import psycopg as _driver  # noqa: F401 - only whether it is there
except ImportError:
    raise MissingDistribution("backstop.psycopg needs psycopg 3: pip install psycopg") from None

from backstop.psycopg.connection import GuardedConnection, guard

__all__ = ["GuardedConnection", "guard"]
