"""What an erasure has removed, and what it had to leave: plain values for people and programs."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True)
class SnapshotErasure:
    """What was erased from one snapshot.

    ``tables`` are those that ``rows`` of before-images, and ``written`` rows of what the statement
    left, were erased from. ``remaining`` says in sentences what could not be erased, and why. Where
    storage itself keeps what was replaced, or would be, as an earlier version, ``locked_until`` is
    until when, also after earlier erasures. ``referring`` are the tables with saved rows that may
    refer to those that are gone: as long as they do, a restore of the snapshot fails.
    """

    id: str
    tables: tuple[str, ...] = ()
    rows: int = 0
    written: int = 0
    pinned: bool = False
    locked_until: datetime | None = None
    remaining: tuple[str, ...] = ()
    referring: tuple[str, ...] = ()

    @property
    def complete(self) -> bool:
        """Whether nothing of the rows is left of it."""
        return not self.remaining and self.locked_until is None


@dataclass(frozen=True)
class ErasureReport:
    """What was erased, or would be, snapshot by snapshot.

    ``table`` is the whole name, ``searched`` how many snapshots may hold rows of it, and
    ``snapshots`` are those that rows were found in, or that could not be searched. ``leftovers``
    are ids under which rows may be stored that no manifest knows: `prune` removes them.
    """

    table: str
    dry_run: bool
    searched: int
    snapshots: tuple[SnapshotErasure, ...]
    leftovers: tuple[str, ...] = ()

    @property
    def rows(self) -> int:
        """How many rows of before-images were erased."""
        return sum(snapshot.rows for snapshot in self.snapshots)

    @property
    def complete(self) -> bool:
        """Whether nothing of the rows is left in any snapshot."""
        return all(snapshot.complete for snapshot in self.snapshots)
