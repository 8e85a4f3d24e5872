"""Copying the rows of a footprint to storage, each relation in the way that its rows are found."""

from __future__ import annotations

from array import array
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from backstop.postgres import large_objects, lineage
from backstop.postgres.relations import Relation
from backstop.postgres.rows import images
from backstop.postgres.rows.fresh import FreshRows
from backstop.postgres.transaction import xids
from backstop.postgres.transaction.savepoints import PINNED, change_settings
from backstop.session import Session
from backstop.snapshots.finders import found_rows
from backstop.snapshots.footprint import Footprint, Rehearsal, RelationFootprint
from backstop.snapshots.manifest import SavedColumn, SavedLargeObjects, SavedTable
from backstop.snapshots.repository import Repository
from backstop.snapshots.stream import DataObject, RowStream
from backstop.syntax.traits import looks_at_own_columns_only


@dataclass(frozen=True)
class FoundTable:
    """The rows that were found in one relation, and ``times`` they were found altogether.

    ``places`` are where they stood, where it has to be checked later that they are gone.
    """

    rows: int
    times: int
    places: Sequence[int] = ()


class RowCopier:
    """Copies the before-images of one snapshot.

    ``found`` says, by OID, what was found in the relations that aren't saved whole, and ``digests``
    what the copied large objects are known by. ``max_bytes`` bounds the uncompressed bytes of
    everything together; ``now`` is the transaction's id.
    """

    def __init__(
        self,
        session: Session,
        repository: Repository,
        snapshot_id: str,
        max_bytes: int | None,
        now: str,
    ) -> None:
        self._now = now
        self.found: dict[int, FoundTable] = {}
        self.digests: dict[int, str] = {}
        self._session = session
        self._repository = repository
        self._snapshot_id = snapshot_id
        self._bytes_left = max_bytes

    def copy(
        self, footprint: Footprint, rehearsal: Rehearsal | None, fresh: FreshRows | None
    ) -> list[SavedTable]:
        """Copy every relation of a footprint.

        The application's settings find the rows; they are pinned at the end. ``fresh`` shows what
        the transaction's own view may be too old for.
        """
        saved = self._copy_found(footprint)
        for entry in footprint.relations:
            if entry.rehearsed is not None and not entry.whole and rehearsal is not None:
                saved.append(self._copy_rehearsed(entry, rehearsal))
        change_settings(self._session, PINNED)
        done = {table.oid for table in saved}
        for entry in footprint.relations:
            if entry.whole and entry.relation.holds_rows and entry.relation.oid not in done:
                saved.append(self._copy_whole(entry, fresh))
        above = lineage.labels_above(self._session, [table.oid for table in saved])
        described = [replace(table, parents=above.get(table.oid, ())) for table in saved]
        return sorted(described, key=lambda table: table.oid)

    def copy_large_objects(self, oids: Iterable[int]) -> SavedLargeObjects | None:
        """Copy the contents of large objects; the settings are pinned already."""
        wanted = tuple(sorted(oids))
        if not wanted:
            return None
        with self._stream("large-objects") as stream:
            sink = large_objects.DigestingSink(stream)
            rows = large_objects.copy(self._session, wanted, sink)
        self.digests = sink.digests
        self._count(stream)
        return SavedLargeObjects(tuple(self.digests), rows, stream.bytes, tuple(stream.objects))

    def _copy_found(self, footprint: Footprint) -> list[SavedTable]:
        scoped = {
            entry.relation.oid: entry
            for entry in footprint.relations
            if not entry.whole and entry.rehearsed is None and entry.relation.holds_rows
        }
        seeds, carriers = footprint.searched
        if not scoped or not seeds:
            return [self._table(entry, 0, 0, ()) for entry in scoped.values()]
        # Where others may decide which rows are found, it is checked later that these are gone.
        kept = any(not looks_at_own_columns_only(seed.change) for seed in seeds)
        saved = self._copy(found_rows(seeds, carriers), scoped, kept=kept)
        return saved + [self._table(entry, 0, 0, ()) for entry in scoped.values()]

    def _copy_rehearsed(self, entry: RelationFootprint, rehearsal: Rehearsal) -> SavedTable:
        finder = images.touched_rows(entry.relation, rehearsal.xids)
        wanted = {entry.relation.oid: entry}
        saved = self._copy(finder, wanted, kept=True)
        table = saved[0] if saved else self._table(entry, 0, 0, ())
        touched = entry.rehearsed or 0
        if table.rows < touched:
            # Some were touched twice, or have been touched by others since: take no chances.
            change_settings(self._session, PINNED)
            entry.whole = True
            return self._copy_whole(entry)
        return table

    def _copy(
        self, finder: str, wanted: dict[int, RelationFootprint], *, kept: bool
    ) -> list[SavedTable]:
        """Save what a query finds in the wanted relations, and leave the others in ``wanted``."""
        saved = []
        batches = images.found_rows(self._session, finder)
        batch = next(batches, None)
        while batch is not None:
            oid = batch.oid
            if oid not in wanted:
                batch = next(batches, None)
                continue
            entry, rows, times, places = wanted.pop(oid), 0, 0, array("Q")
            writers: set[str] = set()
            with self._stream(f"{oid}") as stream:
                while batch is not None and batch.oid == oid:
                    rows += images.copy_rows(self._session, entry.relation, batch.ctids, stream)
                    times += batch.times
                    writers.update(self._writers(entry.relation, batch.ctids))
                    if kept:
                        places.extend(map(images.place, batch.ctids))
                    batch = next(batches, None)
            self.found[oid] = FoundTable(rows, times, places)
            saved.append(self._saved(entry, rows, stream, writers))
        return saved

    def _copy_whole(self, entry: RelationFootprint, fresh: FreshRows | None = None) -> SavedTable:
        with self._stream(f"{entry.relation.oid}-whole") as stream:
            if fresh is not None and entry.is_destroyed:
                rows, writers = fresh.copy(entry.relation, stream), []
            else:
                rows = images.copy_whole(self._session, entry.relation, stream)
                writers = self._writers(entry.relation, None)
        return self._saved(entry, rows, stream, writers)

    def _writers(self, relation: Relation, ctids: Sequence[str] | None) -> list[str]:
        return images.newest_writers(self._session, relation.sql, ctids)

    def _saved(
        self, entry: RelationFootprint, rows: int, stream: RowStream, writers: Iterable[str]
    ) -> SavedTable:
        self._count(stream)
        newest = xids.newest_first(writers, self._now)[: images.MOST_WRITERS]
        return self._table(entry, rows, stream.bytes, tuple(stream.objects), tuple(newest))

    def _table(
        self,
        entry: RelationFootprint,
        rows: int,
        size: int,
        objects: tuple[DataObject, ...],
        writers: tuple[str, ...] = (),
    ) -> SavedTable:
        relation = entry.relation
        return SavedTable(
            oid=relation.oid,
            schema=relation.schema,
            name=relation.name,
            operations=tuple(dict.fromkeys(entry.operations)),
            whole=entry.whole,
            columns=tuple(SavedColumn(column.name, column.type) for column in relation.columns),
            key=relation.key,
            assigned=tuple(dict.fromkeys(entry.assigned)),
            rows=rows,
            bytes=size,
            objects=objects,
            writers=writers,
            redacted=entry.redacted,
        )

    def _count(self, stream: RowStream) -> None:
        if self._bytes_left is not None:
            self._bytes_left -= stream.bytes

    def _stream(self, name: str) -> RowStream:
        prefix = self._repository.data_key(self._snapshot_id, name)
        return self._repository.stream(prefix, self._bytes_left)
