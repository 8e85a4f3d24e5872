"""Putting an engine under guard, and taking it out again."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Any

from sqlalchemy import Engine

from backstop.errors import ConfigurationError, UnsupportedConnection
from backstop.levels import Mode
from backstop.settings import Options, StorageArgument, build_settings
from backstop.sqlalchemy.interception import Interception

if TYPE_CHECKING:
    from typing_extensions import Unpack

_guarding = threading.Lock()


def protect_engine(
    engine: Engine,
    storage: StorageArgument | None = None,
    actor: str | None = None,
    mode: str | Mode | None = None,
    **options: Unpack[Options],
) -> Engine:
    """Put an engine under guard, in place, and return it.

    Connections that are open already are guarded from their next statement on, and so are
    engines made by ``engine.execution_options(…)``. The settings are those of `backstop.guard`.
    Nothing is contacted. Guarding an engine twice with the same settings changes nothing.

    Mode ``protect`` needs PostgreSQL through psycopg2 or psycopg 3; ``monitor`` and ``block`` judge
    the statements of any other database by their text.

    Raises UnsupportedConnection (a TypeError) for anything but a synchronous Engine, and
    ConfigurationError for a wrong setting or a second, different guard.
    """
    settings = build_settings(storage, actor, mode, **options)
    _check(engine)
    with _guarding:
        found = Interception.of(engine.dialect)
        if found is None:
            Interception(engine.dialect, settings).install()
        elif found.settings != settings:
            raise ConfigurationError(
                "engine is guarded already, with other settings. "
                "Call backstop.sqlalchemy.unprotect_engine(engine) first, or leave it as it is."
            )
    return engine


def unprotect_engine(engine: Engine) -> Engine:
    """Undo `protect_engine`, and return the engine; one that isn't guarded stays as it is.

    The fates of transactions that are still open stay unknown.
    """
    _check(engine)
    with _guarding:
        found = Interception.of(engine.dialect)
        if found is not None:
            found.remove()
    return engine


def _check(engine: Any) -> None:
    if not isinstance(engine, Engine):
        found = f"engine is a {type(engine).__module__}.{type(engine).__qualname__}"
        if isinstance(getattr(engine, "sync_engine", None), Engine):
            raise UnsupportedConnection(
                f"{found}: this version guards synchronous engines only. "
                "Send what needs a guard through sqlalchemy.create_engine(…)."
            )
        raise UnsupportedConnection(
            f"{found}: give an Engine, as sqlalchemy.create_engine(…) returns it."
        )
    if engine.dialect.is_async:
        raise UnsupportedConnection(
            f"engine uses the asynchronous driver {engine.dialect.driver}: this version guards "
            "synchronous engines only. Create one with another driver, such as psycopg2."
        )
