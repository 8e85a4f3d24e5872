"""What a restore is going to do, and what it has done: plain values for people and programs."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(frozen=True)
class RestorePlan:
    """The ordered steps that bring a footprint back.

    ``nothing_to_do`` says why no step is needed (the statement failed, its transaction was rolled
    back). ``notes`` are what the person on duty should know before saying yes; ``not_covered``
    is what the snapshot never held.
    """

    snapshot_id: str
    database: str
    steps: tuple[str, ...]
    notes: tuple[str, ...] = ()
    not_covered: tuple[str, ...] = ()
    nothing_to_do: str | None = None


@dataclass
class TableReport:
    """What became of the rows of one relation.

    ``saved`` rows are in the snapshot: ``inserted`` were missing, ``updated`` had their old
    values put back, ``unchanged`` were there already, and ``conflicts`` were edited later and are
    left as they are. ``removed`` are rows that the statement had put there.
    """

    table: str
    saved: int
    inserted: int = 0
    updated: int = 0
    unchanged: int = 0
    conflicts: int = 0
    removed: int = 0


@dataclass
class RestoreReport:
    """What a restore has done.

    ``conflicts`` are sentences about what was left alone; ``problems`` about what could not be
    put back, such as an owner that no longer exists. ``created`` and ``changed`` are the objects
    that are back, ``renamed`` the statements that gave them their names back, or extensions their
    versions, and ``existing`` those that were as before already. ``appended`` are columns that are
    back at the end of their table instead of in their old place. ``undo`` is the id of the snapshot
    that brings back what the restore itself has changed or removed; None where that is nothing.
    """

    plan: RestorePlan
    applied: bool = False
    tables: list[TableReport] = field(default_factory=list)
    created: list[str] = field(default_factory=list)
    changed: list[str] = field(default_factory=list)
    renamed: list[str] = field(default_factory=list)
    appended: list[str] = field(default_factory=list)
    existing: list[str] = field(default_factory=list)
    conflicts: list[str] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)
    undo: str | None = None

    @property
    def conflicting_rows(self) -> list[str]:
        """What was left alone of rows, table by table, in sentences."""
        return [
            f"{table.conflicts:,} rows of {table.table} were changed after the statement and were "
            "left as they are."
            for table in self.tables
            if table.conflicts
        ]

    @property
    def complete(self) -> bool:
        """Whether everything that the statement destroyed is back."""
        if self.plan.nothing_to_do is not None:
            return True
        return self.applied and not (self.conflicts or self.problems or self.plan.not_covered)


@dataclass
class UndoReport:
    """What a restore of any number of snapshots has done, in one transaction.

    ``restores`` are in the order in which they were done, the newest snapshot first. ``undo`` is
    the id of the snapshot that brings back what they have changed or removed of what was there;
    None where that is nothing, or where ``not_undoable`` says why it wasn't saved.
    """

    restores: list[RestoreReport]
    undo: str | None = None
    not_undoable: str | None = None

    @property
    def applied(self) -> bool:
        """Whether anything was restored."""
        return any(restored.applied for restored in self.restores)

    @property
    def complete(self) -> bool:
        """Whether everything that the statements destroyed is back, and the restore was saved."""
        return self.not_undoable is None and all(restored.complete for restored in self.restores)


@dataclass(frozen=True)
class Progress:
    """How far the rows of one relation have come, in uncompressed bytes."""

    table: str
    done: int
    total: int
