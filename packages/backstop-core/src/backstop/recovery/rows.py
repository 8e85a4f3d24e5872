"""Bringing the rows of one relation back, the way that its statement calls for."""

from __future__ import annotations

from collections.abc import Callable

from backstop.errors import RestoreFailed, SnapshotDamaged
from backstop.postgres.merging import Merge, Merged, RowMarks, is_empty, load
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


def restore_rows(
    session: Session,
    table: SavedTable,
    relation: Relation,
    source: CountedReader,
    marks: RowMarks,
    *,
    overwrite: bool,
) -> TableReport:
    """Put the saved rows of one relation back and say what became of each.

    Raises RestoreFailed when the relation has lost a saved column, SnapshotDamaged when the
    stored rows aren't those that were saved.
    """
    columns = _columns(table, relation)
    if not table.updated_in_place and is_empty(session, relation):
        rows = load(session, relation.sql, columns, source)
        _check_count(table, rows)
        return TableReport(table.label, table.rows, inserted=rows)
    merge = Merge(session, relation, columns)
    _check_count(table, merge.prepare(source))
    merged = _merge(merge, table, marks, overwrite=overwrite)
    merge.discard()
    return TableReport(
        table.label,
        table.rows,
        inserted=merged.inserted,
        updated=merged.updated,
        unchanged=merged.unchanged,
        conflicts=merged.conflicts,
    )


def _merge(merge: Merge, table: SavedTable, marks: RowMarks, *, overwrite: bool) -> Merged:
    if table.key and not table.key_moved:
        return merge.by_key(table.key, marks, overwrite=overwrite)
    if table.updated_in_place:
        return merge.exchanged_rows(marks)
    return merge.missing_rows()


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
