"""Bringing a footprint back from its snapshot."""

from __future__ import annotations

from backstop.recovery.differing import (
    RowDifference,
    SnapshotDifference,
    TableDifference,
    diff,
)
from backstop.recovery.options import OnConflict
from backstop.recovery.report import (
    Progress,
    RestorePlan,
    RestoreReport,
    TableReport,
    UndoReport,
)
from backstop.recovery.restore import restore, undo

__all__ = [
    "OnConflict",
    "Progress",
    "RestorePlan",
    "RestoreReport",
    "RowDifference",
    "SnapshotDifference",
    "TableDifference",
    "TableReport",
    "UndoReport",
    "diff",
    "restore",
    "undo",
]
