"""What people and programs do with stored snapshots, without a database: see, verify, prune."""

from __future__ import annotations

import builtins
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone

from backstop.errors import ConfigurationError, SnapshotDamaged, StorageError, StorageUnreachable
from backstop.settings import StorageArgument, storage_from
from backstop.snapshots import identifiers
from backstop.snapshots.manifest import SavedLargeObjects, SavedTable, WrittenRows
from backstop.snapshots.repository import Repository, Snapshot, SnapshotSummary
from backstop.snapshots.stream import ObjectReader

# A snapshot without a manifest may still be on its way.
_IN_PROGRESS = timedelta(days=1)


@dataclass(frozen=True)
class Verification:
    """What verifying a snapshot found; ``problems`` is empty when it can be restored."""

    id: str
    objects: int
    rows: int
    problems: tuple[str, ...]


@dataclass(frozen=True)
class PruneReport:
    """What was removed, or would be: snapshots, and ids of what crashes left behind."""

    snapshots: tuple[str, ...]
    leftovers: tuple[str, ...]
    dry_run: bool


def list_snapshots(storage: StorageArgument | None = None) -> builtins.list[SnapshotSummary]:
    """Return every complete snapshot, oldest first, without reading one."""
    return Repository(storage_from(storage)).summaries()


def show(snapshot_id: str, storage: StorageArgument | None = None) -> Snapshot:
    """Return everything that is known of one snapshot, but its rows.

    Raises SnapshotNotFound, AmbiguousSnapshot, and SnapshotDamaged for a damaged manifest.
    """
    repository = Repository(storage_from(storage))
    return repository.load(repository.find(snapshot_id))


def verify(snapshot_id: str, storage: StorageArgument | None = None) -> Verification:
    """Read a snapshot whole and compare every byte with what was written.

    Raises SnapshotNotFound and StorageUnreachable; damage is a problem in the answer.
    """
    repository = Repository(storage_from(storage))
    found = repository.find(snapshot_id)
    try:
        snapshot = repository.load(found)
    except SnapshotDamaged as error:
        return Verification(found, 0, 0, (str(error),))
    manifest = snapshot.manifest
    labels = {table.oid: table.label for table in manifest.tables}
    contents = manifest.large_objects
    stored: list[tuple[str, SavedTable | WrittenRows | SavedLargeObjects]] = [
        *((table.label, table) for table in manifest.tables),
        *(() if contents is None else (("large objects", contents),)),
        *((labels.get(rows.oid, str(rows.oid)), rows) for rows in snapshot.outcome.written),
    ]
    problems = [
        problem
        for label, rows in stored
        if (problem := _problem(repository, label, rows)) is not None
    ]
    objects = sum(len(rows.objects) for _, rows in stored)
    return Verification(found, objects, manifest.rows, tuple(problems))


def prune(
    storage: StorageArgument | None = None,
    *,
    keep_within: timedelta | None = None,
    dry_run: bool = False,
) -> PruneReport:
    """Remove snapshots older than ``keep_within``, and what crashes left without a manifest.

    Without ``keep_within`` no snapshot is removed. What has no manifest is removed a day after
    it was begun: before, it may be on its way.
    """
    if keep_within is not None and keep_within < timedelta(0):
        raise ConfigurationError("keep_within is negative: give an age such as 30 days.")
    repository = Repository(storage_from(storage))
    now = datetime.now(timezone.utc)
    old = [
        summary.id
        for summary in repository.summaries()
        if keep_within is not None and now - summary.created_at > keep_within
    ]
    left = [
        snapshot_id
        for snapshot_id in repository.leftovers()
        if now - identifiers.created_at(snapshot_id) > _IN_PROGRESS
    ]
    if not dry_run:
        for snapshot_id in old + left:
            repository.discard(snapshot_id)
    return PruneReport(tuple(old), tuple(left), dry_run)


def _problem(
    repository: Repository, label: str, stored: SavedTable | WrittenRows | SavedLargeObjects
) -> str | None:
    reader = ObjectReader(repository.storage, stored.objects)
    rows = size = 0
    try:
        # COPY text ends each row with a newline, and has none inside a value.
        while piece := reader.read():
            rows += piece.count(b"\n")
            size += len(piece)
    except StorageUnreachable:
        # That says nothing about what is stored.
        raise
    except (SnapshotDamaged, StorageError) as error:
        return str(error)
    if (rows, size) != (stored.rows, stored.bytes):
        return (
            f"The stored rows of {label} are {rows:,} ({size:,} bytes); "
            f"the manifest says {stored.rows:,} ({stored.bytes:,} bytes)."
        )
    return None
