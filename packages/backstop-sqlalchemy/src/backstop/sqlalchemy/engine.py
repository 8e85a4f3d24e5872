"""Putting an engine under guard, and taking it out again."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Any, TypeVar

from sqlalchemy import Engine

from backstop.errors import ConfigurationError, UnsupportedConnection
from backstop.levels import Mode
from backstop.settings import Options, StorageArgument, build_settings
from backstop.sqlalchemy import dialects
from backstop.sqlalchemy.guarding import PoolGuard
from backstop.sqlalchemy.seconds import second_engine

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncEngine
    from typing_extensions import Unpack

    AnyEngine = TypeVar("AnyEngine", Engine, AsyncEngine)
else:
    AnyEngine = TypeVar("AnyEngine")

_guarding = threading.Lock()


def protect_engine(
    engine: AnyEngine,
    storage: StorageArgument | None = None,
    actor: str | None = None,
    mode: str | Mode | None = None,
    *,
    in_place: bool = True,
    **options: Unpack[Options],
) -> AnyEngine:
    """Put an engine under guard, in place, and return it; an AsyncEngine as it is.

    The connections of its pool are guarded, so that ``raw_connection()``, ``connection.connection``
    and ``driver_connection`` are as well: those that it will open, those that it has open, also by
    engines made by ``engine.execution_options(…)``. With ``in_place=False`` the engine stays as it
    is, and a second one that has a pool of its own is guarded and returned.

    The settings are those of `backstop.guard`. Nothing is contacted. Guarding an engine twice
    with the same settings changes nothing.

    Mode ``protect`` needs PostgreSQL through a driver that `backstop.drivers.WITH_SESSION` names;
    ``monitor`` and ``block`` judge the statements of any other database by their text.

    Raises UnsupportedConnection (a TypeError) for anything but an engine, and ConfigurationError
    for a wrong setting or a second, different guard.
    """
    settings = build_settings(storage, actor, mode, **options)
    if not in_place:
        engine = second_engine(engine, _sync_engine(engine))
    sync_engine = _sync_engine(engine)
    with _guarding:
        found = PoolGuard.of(sync_engine.pool)
        if found is None:
            guard = PoolGuard(sync_engine.dialect, settings)
            judged_here = guard.by_text is not None
            dialects.install(sync_engine.dialect, judged_here=judged_here)
            guard.install(sync_engine.pool)
        elif found.settings != settings:
            raise ConfigurationError(
                "engine is guarded already, with other settings. "
                "Call backstop.sqlalchemy.unprotect_engine(engine) first, or leave it as it is."
            )
    return engine


def unprotect_engine(engine: AnyEngine) -> AnyEngine:
    """Undo `protect_engine`, and return the engine; one that isn't guarded stays as it is.

    The fates of transactions that are still open stay unknown.
    """
    sync_engine = _sync_engine(engine)
    with _guarding:
        found = PoolGuard.of(sync_engine.pool)
        if found is not None:
            found.remove(sync_engine.pool)
            dialects.remove(sync_engine.dialect)
    return engine


def _sync_engine(engine: Any) -> Engine:
    if isinstance(engine, Engine):
        return engine
    inner = getattr(engine, "sync_engine", None)
    if isinstance(inner, Engine):
        return inner
    raise UnsupportedConnection(
        f"engine is a {type(engine).__module__}.{type(engine).__qualname__}: give an Engine, as "
        "sqlalchemy.create_engine(…) returns it, or one of create_async_engine(…)."
    )
