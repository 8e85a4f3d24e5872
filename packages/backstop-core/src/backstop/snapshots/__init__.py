"""Snapshots: taking them, finding them again, and what can be done with them without a database.

``list``, ``show``, ``verify`` and ``prune`` are what ``backstop snapshots`` calls.
"""

from __future__ import annotations

from backstop.snapshots.administration import (
    PruneReport,
    Verification,
    prune,
    show,
    verify,
)
from backstop.snapshots.administration import list_snapshots as list  # noqa: A004
from backstop.snapshots.manifest import Consistency, Fate, Manifest, Outcome, Status
from backstop.snapshots.repository import Snapshot, SnapshotSummary

__all__ = [
    "Consistency",
    "Fate",
    "Manifest",
    "Outcome",
    "PruneReport",
    "Snapshot",
    "SnapshotSummary",
    "Status",
    "Verification",
    "list",
    "prune",
    "show",
    "verify",
]
