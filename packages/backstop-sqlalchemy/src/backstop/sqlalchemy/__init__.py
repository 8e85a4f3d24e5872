"""Backstop for SQLAlchemy: every statement of an engine is guarded.

::

    import backstop, sqlalchemy

    engine = sqlalchemy.create_engine("postgresql+psycopg2://…")
    backstop.protect_engine(engine, storage="s3://bucket", actor="billing-agent")
    with engine.begin() as connection:
        connection.execute(text("DELETE FROM orders"))     # saved first, then run

The engine itself is guarded, with its option engines and all their connections, Core and ORM
alike, and what goes to the driver by ``raw_connection()`` or ``connection.connection``. Engines
of ``create_async_engine`` are taken as they are. Two
execution options, or a session's ``info``, attribute and sanction statements::

    connection.execution_options(backstop_actor="nightly", backstop_allow="ticket 4711")
"""

from __future__ import annotations

from backstop.errors import MissingDistribution

try:
    import sqlalchemy as _framework  # noqa: F401 - only whether it is there
except ImportError:
    raise MissingDistribution(
        "backstop.sqlalchemy needs SQLAlchemy: pip install 'SQLAlchemy>=2.0'"
    ) from None

from backstop.sqlalchemy.engine import protect_engine, unprotect_engine

__all__ = ["protect_engine", "unprotect_engine"]
