"""Backstop for psycopg2: a guarded connection that behaves like the one it wraps.

::

    import backstop, psycopg2

    db = backstop.guard(psycopg2.connect(dsn), storage="s3://bucket", actor="billing-agent")
    with db, db.cursor() as cursor:
        cursor.execute("DELETE FROM orders")        # saved first, then run

Cursors are real subclasses of whatever cursor class was asked for, so that everything psycopg2
documents works as before. Code that needs a real psycopg2 connection opens it guarded::

    import backstop.psycopg2

    db = backstop.psycopg2.connect(dsn, storage="s3://bucket", actor="billing-agent")
"""

from __future__ import annotations

from backstop.errors import MissingDistribution

try:
    import psycopg2 as _driver  # noqa: F401 - only whether it is there
except ImportError:
    raise MissingDistribution(
        "backstop.psycopg2 needs a psycopg2 driver: pip install psycopg2-binary"
    ) from None

from backstop.psycopg2.connection import GuardedConnection
from backstop.psycopg2.entrances import connect, connection_factory, guard
from backstop.psycopg2.unwrapping import patch, unpatch

__all__ = ["GuardedConnection", "connect", "connection_factory", "guard", "patch", "unpatch"]
