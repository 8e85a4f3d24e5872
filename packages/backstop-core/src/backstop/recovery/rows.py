"""Bringing the rows of one relation back, the way that its statement calls for."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from backstop.errors import RestoreFailed, SnapshotDamaged
from backstop.postgres.merging import Merge, RowMarks, is_empty, load
from backstop.postgres.relations import Column, Relation
from backstop.recovery.report import Progress, TableReport
from backstop.session import Session
from backstop.snapshots.manifest import Manifest, SavedTable
from backstop.snapshots.stream import ObjectReader
from backstop.storage import Storage


class CountedReader:
    """An object reader that tells how far it has come."""

    def __init__(
        self, storage: Storage, table: SavedTable, report: Callable[[Progress], None]
    ) -> None:
        self._reader = ObjectReader(storage, table.objects)
        self._table = table
        self._report = report
        self._done = 0

    def read(self, size: int = -1) -> bytes:
        """Return the next piece of the rows."""
        piece = self._reader.read(size)
        self._done += len(piece)
        self._report(Progress(self._table.label, self._done, self._table.bytes))
        return piece


@dataclass(frozen=True)
class RowRestore:
    """One saved relation, the relation that it goes back to, and how to know its rows."""

    table: SavedTable
    relation: Relation
    source: CountedReader
    marks: RowMarks


def restore_rows(session: Session, item: RowRestore, *, overwrite: bool) -> TableReport:
    """Put the saved rows of one relation back and say what became of each.

    Raises RestoreFailed when the relation has lost a saved column, SnapshotDamaged when the
    stored rows aren't those that were saved.
    """
    table = item.table
    columns = _columns(table, item.relation)
    if not table.updated_in_place and is_empty(session, item.relation):
        rows = load(session, item.relation.sql, columns, item.source)
        _check_count(table, rows)
        return TableReport(table.label, table.rows, inserted=rows)
    merge = _prepared(session, item)
    if table.key:
        merged = merge.by_key(table.key, item.marks, overwrite=overwrite)
    else:
        merged = merge.missing_rows()
    merge.discard()
    return TableReport(table.label, table.rows, **vars(merged))


def exchange_rows(session: Session, items: Sequence[RowRestore]) -> list[TableReport]:
    """Exchange what an UPDATE left for what was there, where no key tells which row is which.

    All rows of the relations were saved. A row may have moved from one to another of them, as
    between partitions, so they are exchanged together: all, when every row that the statement
    wrote is still as it left it, and otherwise none.
    """
    merges = [(item, _prepared(session, item)) for item in items]
    found = [merge.compare_surplus(item.marks) for item, merge in merges]
    intact = sum(surplus.missing for surplus in found) == sum(surplus.left for surplus in found)
    changed = intact and any(surplus.missing for surplus in found)
    if changed:
        for item, merge in merges:
            merge.remove_left_rows(item.marks)
    reports = []
    for (item, merge), surplus in zip(merges, found):
        inserted = merge.insert_missing_rows() if changed else 0
        merge.discard()
        reports.append(
            TableReport(
                item.table.label,
                item.table.rows,
                updated=inserted,
                unchanged=surplus.same,
                conflicts=surplus.missing - inserted,
            )
        )
    return reports


def _prepared(session: Session, item: RowRestore) -> Merge:
    merge = Merge(session, item.relation, _columns(item.table, item.relation))
    _check_count(item.table, merge.prepare(item.source))
    return merge


def _columns(table: SavedTable, relation: Relation) -> list[Column]:
    present = {column.name: column for column in relation.columns}
    gone = [column.name for column in table.columns if column.name not in present]
    if gone:
        raise RestoreFailed(
            f"{relation.label} has no column {', '.join(gone)} any more, which the snapshot has "
            "values for. Restore into a table of its own with --into, or add the column again."
        )
    return [present[column.name] for column in table.columns]


def _check_count(table: SavedTable, rows: int) -> None:
    if rows != table.rows:
        raise SnapshotDamaged(
            f"The stored rows of {table.label} are {rows:,}; the manifest says {table.rows:,}."
        )


def saved_names(manifest: Manifest) -> list[tuple[str, str]]:
    """Return schema and name of each saved relation."""
    return [(table.schema, table.name) for table in manifest.tables]
