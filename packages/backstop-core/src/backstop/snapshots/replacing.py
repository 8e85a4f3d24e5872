"""Putting other rows in the place of stored ones: a snapshot is the old or the new one whole.

A mark is written first, then new parts under names of their own, then a manifest that names the one
whose place it takes: from there on only the new one is read. What it has replaced goes last, data
before the manifest, so that whoever comes after a crash finds what there is to finish.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterable, Iterator
from datetime import datetime

from backstop.errors import ObjectNotFound, SnapshotDamaged, SnapshotFailed, SnapshotNotFound
from backstop.snapshots import identifiers
from backstop.snapshots.documents import to_json
from backstop.snapshots.keys import id_in, manifest_key, valid
from backstop.snapshots.manifest import Manifest, SavedTable, WrittenRows
from backstop.snapshots.repository import Repository
from backstop.snapshots.stream import DataObject, RowStream

_MARK = "erasing-"


class Replacement:
    """New parts of one snapshot; ``key`` is that of the manifest whose place another one takes.

    As a context manager it removes its parts where the block fails before they are the snapshot's.
    """

    def __init__(self, repository: Repository, snapshot_id: str, key: str) -> None:
        self.id = identifiers.new_id()
        self._repository = repository
        self._snapshot_id = snapshot_id
        self._key = key
        self._is_begun = False
        self._may_be_saved = False

    def __enter__(self) -> Replacement:
        return self

    def __exit__(self, *_: object) -> None:
        if self._is_begun and not self._may_be_saved:
            with contextlib.suppress(Exception):
                self._repository.storage.delete([*self._parts(), self._mark])

    @property
    def at(self) -> str:
        """When it was begun."""
        return identifiers.created_at(self.id).isoformat()

    def stream(self, name: str) -> RowStream:
        """Return a stream that stores a new part; before the first one there is a mark."""
        if not self._is_begun:
            self._repository.storage.put(self._mark, b"{}")
            self._is_begun = True
        prefix = self._repository.data_key(self._snapshot_id, f"{name}-erased-{self.id}")
        return self._repository.stream(prefix)

    def save(self, manifest: Manifest) -> None:
        """Make the new parts the snapshot's, and remove what they replace.

        Raises SnapshotFailed where somebody else was faster: the snapshot is then as that one left
        it.
        """
        storage = self._repository.storage
        body = to_json(manifest)
        key = manifest_key(manifest, body, self._key)
        # Where that fails, nobody knows whether it is there: then prune sees later what it needs.
        self._may_be_saved = True
        storage.put(key, body)
        keys = self._repository.manifest_keys(self._snapshot_id)
        if valid(keys) != [key] or self._key not in keys:
            storage.delete([key])
            self._may_be_saved = False
            raise SnapshotFailed(
                "Somebody else changed or removed the snapshot at the same moment. Run it again."
            )
        remove_replaced(self._repository, self._snapshot_id)
        storage.delete([self._mark])

    @property
    def _mark(self) -> str:
        return self._repository.data_key(self._snapshot_id, f"{_MARK}{self.id}")

    def _parts(self) -> list[str]:
        return _parts(self._repository, self._snapshot_id, self.id)


def remove_replaced(repository: Repository, snapshot_id: str) -> None:
    """Remove what a snapshot's manifest has replaced, if anything is left of that."""
    keys = repository.manifest_keys(snapshot_id)
    replaced = sorted(set(keys) - set(valid(keys)))
    if not replaced:
        return
    snapshot = repository.look(snapshot_id)
    stored = {*_keys(_all_parts(snapshot.manifest, snapshot.outcome.written))}
    gone: set[str] = set()
    for key in replaced:
        with contextlib.suppress(SnapshotDamaged):
            manifest = repository.manifest(key)
            gone.update(_keys(_all_parts(manifest, manifest.written or ())))
    gone.update(_keys(repository.outcome(snapshot_id).written))
    repository.storage.delete(sorted(gone - stored))
    repository.storage.delete(replaced)


def kept_until(repository: Repository, objects: Iterable[DataObject]) -> datetime | None:
    """Return until when storage itself keeps some of these, whoever deletes them; None if none."""
    ends = [_locked_until(repository, item.key) for item in objects]
    return max((end for end in ends if end is not None), default=None)


def remove_abandoned(
    repository: Repository, begun_before: datetime, *, dry_run: bool = False
) -> int:
    """Finish or take back what crashes have interrupted; returns how many that were."""
    marks = [
        key
        for key in repository.storage.list("data/")
        if key.rsplit("/", 1)[-1].startswith(_MARK)
        and identifiers.created_at(key.rpartition("-")[2]) < begun_before
    ]
    for mark in () if dry_run else marks:
        # Of what has no manifest, all is removed as a leftover; what is damaged is left alone.
        with contextlib.suppress(SnapshotNotFound, ObjectNotFound, SnapshotDamaged):
            _remove_abandoned(repository, id_in(mark), mark)
    return len(marks)


def _remove_abandoned(repository: Repository, snapshot_id: str, mark: str) -> None:
    remove_replaced(repository, snapshot_id)
    snapshot = repository.look(snapshot_id)
    stored = {*_keys(_all_parts(snapshot.manifest, snapshot.outcome.written))}
    parts = _parts(repository, snapshot_id, mark.rpartition("-")[2])
    repository.storage.delete([part for part in parts if part not in stored])
    repository.storage.delete([mark])


def _parts(repository: Repository, snapshot_id: str, replacement: str) -> list[str]:
    found = repository.storage.list(repository.data_key(snapshot_id, ""))
    return [key for key in found if f"-erased-{replacement}-" in key]


def _all_parts(
    manifest: Manifest, written: Iterable[WrittenRows]
) -> Iterator[SavedTable | WrittenRows]:
    yield from manifest.tables
    yield from written


def _keys(parts: Iterable[SavedTable | WrittenRows]) -> Iterator[str]:
    objects: Iterator[DataObject] = (item for part in parts for item in part.objects)
    return (item.key for item in objects)


def _locked_until(repository: Repository, key: str) -> datetime | None:
    try:
        return repository.storage.locked_until(key)
    except ObjectNotFound:
        # Somebody else has removed it.
        return None
