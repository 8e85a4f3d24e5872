"""A second engine beside one that stays as it is: the same database, another pool."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Engine

from backstop.sqlalchemy.guarding import PoolGuard


def second_engine(given: Any, engine: Engine) -> Any:
    """Return an engine of the same kind, with the same options and listeners, and its own pool.

    ``engine`` is the synchronous one that ``given`` is or stands on.
    """
    pool = engine.pool.recreate()
    if PoolGuard.of(pool) is not None:
        # It is the given engine's guard, which this one shall not share.
        creator: Any = pool._creator
        pool._creator = creator.original
    second: Any = Engine(
        pool,
        engine.dialect,
        engine.url,
        logging_name=engine.logging_name,
        echo=engine.echo,
        hide_parameters=engine.hide_parameters,
        execution_options=engine.get_execution_options(),
    )
    second.dispatch._update(engine.dispatch, only_propagate=False)
    second._has_events = engine._has_events
    return second if given is engine else type(given)(second)
