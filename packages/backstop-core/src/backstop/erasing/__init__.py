"""Erasing one person's rows from what is stored, on request."""

from __future__ import annotations

from backstop.erasing._erase import erase
from backstop.erasing._report import ErasureReport, SnapshotErasure

__all__ = ["ErasureReport", "SnapshotErasure", "erase"]
