"""What one snapshot holds of contents, as a restore reads it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from backstop.postgres.relations import Relation
from backstop.postgres.rows.comparing import RowMarks
from backstop.postgres.server import ServerState
from backstop.recovery.marks import row_marks
from backstop.recovery.report import Progress
from backstop.recovery.rows import CountedReader, RowRestore
from backstop.snapshots.manifest import SavedLargeObjects, SavedTable, Status, WrittenRows
from backstop.snapshots.repository import Repository, Snapshot
from backstop.snapshots.restores import RecordedRestore


@dataclass(frozen=True)
class SavedContents:
    """A snapshot's contents, and the database that they are restored to.

    ``progress`` is called while they are read. ``where`` is a condition on the rows that are meant.
    ``earlier`` are the restores that the transaction in hand has done already.
    """

    repository: Repository
    snapshot: Snapshot
    state: ServerState
    progress: Callable[[Progress], None]
    where: str | None = None
    earlier: Sequence[RecordedRestore] = ()

    def reader(
        self, label: str, stored: SavedTable | WrittenRows | SavedLargeObjects
    ) -> CountedReader:
        """Open what is stored of one relation, or of large objects."""
        reader = self.repository.reader(stored.objects)
        return CountedReader(reader, label, stored.bytes, self.progress)

    def marks(self, label: str) -> RowMarks:
        """Return how the rows are known that the statement wrote into a table."""
        manifest = self.snapshot.manifest
        table = next((table for table in manifest.tables if table.label == label), None)
        if table is None:
            return RowMarks((manifest.transaction_id,))
        written = self.snapshot.written(table)
        if written is None and self._is_sure:
            written = WrittenRows(table.oid, ())
        restores = [*self.repository.restores_after(manifest.id), *self.earlier]
        return row_marks(self.repository, manifest, table, written, self.state, restores)

    def rows_of(self, table: SavedTable, relation: Relation) -> RowRestore:
        """Return what is to be compared with a relation that has the table's name now."""
        written = self.snapshot.written(table)
        after = None
        # What was left can only be told apart where everything that was there is saved.
        if self._is_sure and written is not None and written.columns:
            after = self.reader(table.label, written)
        return RowRestore(
            table,
            relation,
            self.reader(table.label, table),
            self.marks(table.label),
            written,
            after,
            left_rows=written is not None or (table.left_rows and not self._is_sure),
            where=self.where,
        )

    @property
    def _is_sure(self) -> bool:
        """Whether it is known what the statement has left."""
        outcome = self.snapshot.outcome
        return outcome.status is Status.SUCCEEDED and not outcome.not_covered
