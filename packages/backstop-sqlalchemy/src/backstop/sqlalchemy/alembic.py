"""Alembic's migrations under guard: what they destroy is saved, by the name of their revision.

For ``env.py``, which has opened the connection already; imported only there.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from backstop.context import context
from backstop.levels import Mode
from backstop.settings import Options, StorageArgument
from backstop.sqlalchemy.engine import protect_engine
from backstop.sqlalchemy.guarding import PoolGuard

if TYPE_CHECKING:
    from typing_extensions import Unpack


@contextmanager
def protect_migrations(
    alembic_context: Any,
    storage: StorageArgument | None = None,
    actor: str = "alembic",
    mode: str | Mode | None = None,
    **options: Unpack[Options],
) -> Iterator[None]:
    """Run the migrations of this block under guard, and attribute each statement to its revision.

    ::

        context.configure(connection=connection, target_metadata=target_metadata)
        with protect_migrations(context, storage="s3://bucket"), context.begin_transaction():
            context.run_migrations()

    ``alembic_context`` is ``alembic.context``, configured. The settings are those of
    `backstop.protect_engine`; an engine that is guarded already keeps its own. A snapshot carries
    ``alembic_revision`` and ``alembic_direction``. Offline (``--sql``) it does nothing, and what
    ``--autogenerate`` reads is the same as without.
    """
    migrations = alembic_context.get_context()
    if migrations.connection is None or migrations.as_sql:
        yield
        return
    engine = migrations.connection.engine
    if PoolGuard.of(engine.pool) is None:
        protect_engine(engine, storage, actor, mode, **options)
    plain = migrations._migrations_fn
    if plain is not None:
        migrations._migrations_fn = _attributing(plain)
    try:
        with context(actor=actor):
            yield
    finally:
        migrations._migrations_fn = plain


def _attributing(plain: Any) -> Any:
    """Return what gives the same steps; while one of them is run, its revision is on record."""

    def steps(heads: Any, migrations: Any) -> Iterator[Any]:
        found: Iterable[Any] = plain(heads, migrations)
        for step in found:
            revision = getattr(getattr(step, "revision", None), "revision", None)
            direction = "upgrade" if step.is_upgrade else "downgrade"
            with context(alembic_revision=revision, alembic_direction=direction):
                yield step

    return steps
