"""Bringing a footprint back from its snapshot."""

from __future__ import annotations

from backstop.recovery.report import Progress, RestorePlan, RestoreReport, TableReport
from backstop.recovery.restore import OnConflict, restore

__all__ = ["OnConflict", "Progress", "RestorePlan", "RestoreReport", "TableReport", "restore"]
