"""Which rows of a relation are as a statement left them, by the ids that they were written by.

A restore of a later snapshot puts rows back as well, and these are as our statement left them if
nobody else had written any of them in between: the later snapshot knows who had.
"""

from __future__ import annotations

from collections.abc import Iterable

from backstop.postgres.rows.comparing import RowMarks
from backstop.postgres.server import ServerState
from backstop.postgres.transaction.xids import is_older
from backstop.snapshots.manifest import Manifest, SavedTable, WrittenRows
from backstop.snapshots.repository import Repository
from backstop.snapshots.restores import RecordedRestore


def row_marks(
    repository: Repository,
    manifest: Manifest,
    table: SavedTable,
    written: WrittenRows | None,
    state: ServerState,
    restores: Iterable[RecordedRestore],
) -> RowMarks:
    """Return how the rows are known that a statement left in one relation of its snapshot.

    ``restores`` are those of this snapshot and of later ones.
    """
    home = (manifest.database.system_identifier, manifest.database.oid)
    if home != (state.system_identifier, state.database_oid):
        # Transaction ids mean nothing in another database.
        return RowMarks()
    xids = written.xids if written is not None else (manifest.transaction_id,)
    later = [
        _Later(repository, restore, table)
        for restore in restores
        if restore.system_identifier == state.system_identifier
    ]
    known = set(xids)
    while True:
        trusted = [one for one in later if one.adds_to(known) and one.keeps(manifest, known)]
        if not trusted:
            return RowMarks(xids, tuple(sorted(known - set(xids))))
        for one in trusted:
            known |= one.xids


class _Later:
    """A recorded restore, and what its snapshot held of the relation."""

    def __init__(self, repository: Repository, restore: RecordedRestore, table: SavedTable) -> None:
        # Its definitions don't matter here, and may be for another key than ours.
        snapshot = repository.look(restore.snapshot_id)
        self._manifest = snapshot.manifest
        self._tables = [other for other in snapshot.manifest.tables if other.oid == table.oid]
        self._rewritten = restore.rewritten.get(table.label)
        if self._rewritten is not None:
            # Made anew, it has another OID.
            self._tables = [one for one in snapshot.manifest.tables if one.label == table.label]
        saved = {one.oid for one in self._tables}
        written = [rows for rows in snapshot.outcome.written if rows.oid in saved]
        self._own = {xid for rows in written for xid in rows.xids}
        # What its statement left, and the restore left alone, is what was there before.
        self.xids = {restore.xid, *self._own}

    def adds_to(self, known: set[str]) -> bool:
        """Whether it wrote rows of the relation by ids that aren't known yet."""
        has_rows = bool(self._tables) or self._rewritten is not None
        return has_rows and not self.xids <= known

    def keeps(self, manifest: Manifest, known: set[str]) -> bool:
        """Whether nobody else had written its rows since the statement of ``manifest``."""
        if self._rewritten is None:
            return self._found_as_left(manifest, known)
        others = {xid for xid in self._rewritten if not _is_known(xid, manifest, known)}
        if not others:
            return True
        own = {*self._own, self._manifest.transaction_id}
        return others <= own and self._found_as_left(manifest, known)

    def _found_as_left(self, manifest: Manifest, known: set[str]) -> bool:
        """Whether its statement had found all rows as those of ``manifest`` had left them."""
        if self._manifest.transaction_id == manifest.transaction_id:
            return True
        return all(
            table.writers and all(_is_known(xid, manifest, known) for xid in table.writers)
            for table in self._tables
            if table.rows or table.erased
        )


def _is_known(xid: str, manifest: Manifest, known: set[str]) -> bool:
    return xid in known or is_older(xid, manifest.transaction_id)
