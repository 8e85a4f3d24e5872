"""Snapshots: taking them, finding them again, and what can be done with them without a database.

``list``, ``show``, ``verify``, ``export``, ``pin``, ``unpin`` and ``prune`` are what
``backstop snapshots`` calls.
"""

from __future__ import annotations

from backstop.snapshots.administration import (
    Verification,
    show,
    verify,
)
from backstop.snapshots.administration import list_snapshots as list  # noqa: A004
from backstop.snapshots.exporting import export
from backstop.snapshots.keys import SnapshotSummary
from backstop.snapshots.manifest import Consistency, Fate, Manifest, Outcome, Status
from backstop.snapshots.repository import Snapshot
from backstop.snapshots.retention import PruneReport, pin, prune, unpin

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
    "export",
    "list",
    "pin",
    "prune",
    "show",
    "unpin",
    "verify",
]
