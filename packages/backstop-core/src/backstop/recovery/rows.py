"""Bringing the rows of relations back, the way that their statement calls for.

First every relation is compared with what was saved of it, then it is decided what may be written,
and only then is anything written.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from backstop.errors import RestoreFailed, SnapshotDamaged, describe
from backstop.postgres.lineage import let_be_null
from backstop.postgres.relations import Column, Relation
from backstop.postgres.rows import merging
from backstop.postgres.rows.comparing import Comparison, RowMarks, States, copy_in
from backstop.postgres.rows.merging import Merged
from backstop.recovery.report import Progress, TableReport
from backstop.session import Session
from backstop.snapshots.manifest import Manifest, SavedTable, WrittenRows
from backstop.snapshots.stream import ObjectReader


class CountedReader:
    """An object reader that tells how far it has come."""

    def __init__(
        self,
        reader: ObjectReader,
        label: str,
        total: int,
        report: Callable[[Progress], None],
    ) -> None:
        self._reader = reader
        self._label = label
        self._total = total
        self._report = report
        self._done = 0

    def read(self, size: int = -1) -> bytes:
        """Return the next piece of the rows."""
        piece = self._reader.read(size)
        self._done += len(piece)
        self._report(Progress(self._label, self._done, self._total))
        return piece


@dataclass(frozen=True)
class RowRestore:
    """One saved relation, the relation that it goes back to, and how to know its rows.

    ``written`` is what is known of what the statement left there, ``after`` where that is read.
    ``left_rows`` is whether it may have left any. ``where`` is a condition on the saved rows that
    are meant, if not all are.
    """

    table: SavedTable
    relation: Relation
    source: CountedReader
    marks: RowMarks
    written: WrittenRows | None = None
    after: CountedReader | None = None
    left_rows: bool = False
    where: str | None = None


class RowPlan:
    """What is to be written into one relation, decided and not done yet."""

    def __init__(self, session: Session, item: RowRestore) -> None:
        self.item = item
        self.states = States()
        self._session = session
        self._columns = saved_columns(item.table, item.relation)
        self._comparison = Comparison(session, item.relation, self._columns)
        self._saved = item.table.rows
        self._loads = False
        self._replaces = False
        self._unsaved = unsaved_columns(item.table, item.relation)
        self.problems: list[str] = []

    @property
    def lacking(self) -> Sequence[str]:
        """The columns that it inserts rows without a value for."""
        return self._unsaved if self._loads or self.states.missing else ()

    @property
    def _assigned(self) -> Sequence[str]:
        """The columns that may have other values: any, where rows were put in place of others."""
        if self.item.after is None:
            return [name for name in self.item.table.assigned if name not in self._unsaved]
        return [column.name for column in self._columns]

    @property
    def exchanges(self) -> bool:
        """Whether it may remove rows, so that no foreign key may carry that on."""
        return bool(self._replaces and (self.states.left or self.states.extra))

    def compare(self, *, overwrite: bool) -> None:
        """Find out what is to be done.

        Raises RestoreFailed when the relation has lost a saved column, SnapshotDamaged when the
        stored rows aren't those that were saved.
        """
        item = self.item
        table = item.table
        if item.where is None and (
            not self._columns
            or (not item.left_rows and merging.is_empty(self._session, item.relation))
        ):
            self._loads = True
            return
        comparison = self._comparison
        check_count(table.label, comparison.load(item.source), table.rows)
        if item.where is not None:
            # What the statement put beside the other rows isn't meant.
            self._saved = self._narrow(item.where)
        elif item.after is not None and item.written is not None:
            known = {column.name: column for column in item.relation.columns}
            columns = [known[name] for name in item.written.columns if name in known]
            check_count(table.label, comparison.load_after(columns, item.after), item.written.rows)
        if table.key:
            self.states = comparison.by_key(table.key, item.marks, overwrite=overwrite)
            assigned = [name for name in self._assigned if name not in table.key]
            risky = self.states.left and merging.has_to_replace(
                self._session, item.relation, assigned
            )
            self._replaces = bool(self.states.extra or risky)
        else:
            self.states = comparison.by_value(item.marks, left_something=item.left_rows)
            self._replaces = True
        self._spare_what_is_not_saved(overwrite=overwrite)

    def _spare_what_is_not_saved(self, *, overwrite: bool) -> None:
        """Leave rows alone whose values in redacted columns nobody could give back to them."""
        table = self.item.table
        moved = "UPDATE" in table.operations and not table.keeps_keys
        if self._unsaved and moved and self.states.extra and not overwrite:
            self.give_up()
            self.problems.append(
                f"Rows of {table.label} stay as the statement left them: which one is which no key "
                f"tells, and the values of {', '.join(self._unsaved)}, which are not saved, would "
                "go with them. `--on-conflict overwrite` puts them back without these."
            )

    def give_up(self) -> None:
        """Write nothing: which row is which can't be told any more."""
        states = self.states
        lost = states.left + states.missing + states.conflict
        self.states = States(same=states.same, conflict=max(lost, states.extra))

    def apply(self) -> TableReport:
        """Write it, and say what became of each row."""
        table = self.item.table
        if self._loads:
            return self._load()
        if not self.states.to_do:
            merged = Merged(unchanged=self.states.same, conflicts=self.states.conflict)
        elif self._replaces:
            merged = merging.replace(self._session, self._comparison, self.states, self._unsaved)
        else:
            # A key that was set may be equal and yet written otherwise, as 1.0 and 1.00.
            kept = [name for name in table.key if name not in self._assigned]
            merged = merging.update_in_place(self._session, self._comparison, kept, self.states)
        self._comparison.discard()
        return TableReport(table.label, self._saved, **vars(merged))

    def _narrow(self, where: str) -> int:
        try:
            return self._comparison.keep_only(where)
        except Exception as error:
            raise RestoreFailed(
                f"The condition can't be used on the rows of {self.item.table.label}: "
                f"{describe(error)}. Nothing was changed."
            ) from error

    def _load(self) -> TableReport:
        table, relation = self.item.table, self.item.relation
        if self._columns:
            rows = copy_in(self._session, relation.sql, self._columns, self.item.source)
            check_count(table.label, rows, table.rows)
            return TableReport(table.label, table.rows, inserted=rows)
        there = merging.count_rows(self._session, relation)
        missing = max(0, table.rows - there)
        merging.insert_without_values(self._session, relation, missing)
        return TableReport(table.label, table.rows, inserted=missing, unchanged=there)


def settle(plans: Sequence[RowPlan]) -> None:
    """Let none of the relations be written where only all of them together make sense.

    Where an UPDATE moved rows, to another key or another partition, a row that was edited since
    could be any of them.
    """
    moved = [plan for plan in plans if plan.item.table.moves_rows]
    torn = any(plan.states.conflict for plan in moved)
    if torn and any(plan.states.extra for plan in moved):
        for plan in moved:
            plan.give_up()


def saved_columns(table: SavedTable, relation: Relation) -> list[Column]:
    """Return the relation's columns that there are saved values for, in their order.

    Raises RestoreFailed when it has lost one.
    """
    present = {column.name: column for column in relation.columns}
    gone = [column.name for column in table.columns if column.name not in present]
    if gone:
        raise RestoreFailed(
            f"{relation.label} has no column {', '.join(gone)} any more, which the snapshot has "
            "values for. Restore into a table of its own with --into, or add the column again."
        )
    return [present[column.name] for column in table.columns]


def unsaved_columns(table: SavedTable, relation: Relation) -> list[str]:
    """Return the relation's columns whose values were left out of the snapshot on purpose."""
    return [column.name for column in relation.columns if column.name in table.redacted]


def without_not_null(session: Session, relation: Relation, names: Sequence[str]) -> list[str]:
    """Let columns whose values aren't saved be NULL; returns what that changed, in sentences."""
    if not names:
        return []
    return [
        f"{column} takes NULL now, as its values were not saved: fill it, then SET NOT NULL again."
        for column in let_be_null(session, relation, names)
    ]


def check_count(label: str, rows: int, saved: int) -> None:
    """Raise SnapshotDamaged unless as many rows were stored as were saved."""
    if rows != saved:
        raise SnapshotDamaged(
            f"The stored rows of {label} are {rows:,}; the manifest says {saved:,}."
        )


def saved_names(manifest: Manifest) -> list[tuple[str, str]]:
    """Return schema and name of each saved relation."""
    return [(table.schema, table.name) for table in manifest.tables]
