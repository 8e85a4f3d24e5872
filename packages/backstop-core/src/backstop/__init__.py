"""Backstop: a safety net for databases.

Agents, scripts and tired people send ``DROP TABLE users`` to production. Backstop sits inside the
application's own process, reads every statement before the server does, and saves what is about
to be destroyed, so that one command brings it back::

    import backstop

    db = backstop.guard(psycopg2.connect(dsn), storage="s3://bucket", actor="billing-agent")

A connection of psycopg 3 is guarded alike, in place.
``guard`` and ``protect_engine`` come from the adapters backstop-psycopg2 and backstop-sqlalchemy,
and are loaded when they are first used.
"""

from __future__ import annotations

import importlib
import logging
import pkgutil
from typing import TYPE_CHECKING, Any

__path__ = pkgutil.extend_path(__path__, __name__)

from backstop import errors
from backstop._version import __version__
from backstop.classifier import classify
from backstop.context import allow, context
from backstop.errors import (
    AmbiguousSnapshot,
    BackstopError,
    ConfigurationError,
    ConnectionFailed,
    MissingDistribution,
    ObjectNotFound,
    RestoreFailed,
    SnapshotDamaged,
    SnapshotFailed,
    SnapshotNotFound,
    StatementBlocked,
    StorageError,
    StorageUnreachable,
    UnsupportedConnection,
    WrongKey,
)
from backstop.levels import Mode, RiskLevel
from backstop.result import Finding, RiskResult
from backstop.sinks import flush_events

if TYPE_CHECKING:
    from backstop import snapshots as snapshots
    from backstop.dispatch import guard
    from backstop.erasing import erase
    from backstop.previewing import preview
    from backstop.psycopg2 import GuardedConnection
    from backstop.readiness import check
    from backstop.recovery.differing import diff
    from backstop.recovery.restore import restore, undo
    from backstop.sqlalchemy import protect_engine

__all__ = [
    "AmbiguousSnapshot",
    "BackstopError",
    "ConfigurationError",
    "ConnectionFailed",
    "Finding",
    "GuardedConnection",
    "MissingDistribution",
    "Mode",
    "ObjectNotFound",
    "RestoreFailed",
    "RiskLevel",
    "RiskResult",
    "SnapshotDamaged",
    "SnapshotFailed",
    "SnapshotNotFound",
    "StatementBlocked",
    "StorageError",
    "StorageUnreachable",
    "UnsupportedConnection",
    "WrongKey",
    "__version__",
    "allow",
    "check",
    "classify",
    "context",
    "diff",
    "erase",
    "errors",
    "flush_events",
    "guard",
    "preview",
    "protect_engine",
    "restore",
    "snapshots",
    "undo",
]

logging.getLogger("backstop").addHandler(logging.NullHandler())

# Loaded on first use: `import backstop` stays fast, and core needs no adapter.
_LAZY = {
    "GuardedConnection": ("backstop.psycopg2", "backstop-psycopg2[binary]"),
    "check": ("backstop.readiness", "backstop-core"),
    "diff": ("backstop.recovery", "backstop-core"),
    "erase": ("backstop.erasing", "backstop-core"),
    "guard": ("backstop.dispatch", "backstop-psycopg2[binary]"),
    "preview": ("backstop.previewing", "backstop-core"),
    "protect_engine": ("backstop.sqlalchemy", "backstop-sqlalchemy"),
    "restore": ("backstop.recovery", "backstop-core"),
    "undo": ("backstop.recovery", "backstop-core"),
}


def __getattr__(name: str) -> Any:
    if name == "snapshots":
        return importlib.import_module("backstop.snapshots")
    if name not in _LAZY:
        raise AttributeError(f"module 'backstop' has no attribute {name!r}")
    module, distribution = _LAZY[name]
    try:
        found = getattr(importlib.import_module(module), name)
    except ModuleNotFoundError as error:
        if error.name != module:
            raise
        raise MissingDistribution(
            f"backstop.{name} comes from another distribution: pip install {distribution}"
        ) from None
    globals()[name] = found
    return found
