"""What people and programs do with stored snapshots, without a database: see and verify."""

from __future__ import annotations

import builtins
from dataclasses import dataclass
from datetime import datetime, timedelta

from backstop.encryption import IdentityArgument, identities_from
from backstop.errors import SnapshotDamaged, StorageError, StorageUnreachable
from backstop.settings import StorageArgument, storage_from
from backstop.snapshots.keys import SnapshotSummary
from backstop.snapshots.manifest import SavedLargeObjects, SavedTable, WrittenRows
from backstop.snapshots.repository import Repository, Snapshot
from backstop.snapshots.selection import Selection, matching, moment
from backstop.snapshots.stream import verify_bytes


@dataclass(frozen=True)
class Verification:
    """What verifying a snapshot found; ``problems`` is empty when it can be restored."""

    id: str
    objects: int
    rows: int
    problems: tuple[str, ...]


def list_snapshots(
    storage: StorageArgument | None = None,
    *,
    table: str | None = None,
    since: datetime | timedelta | None = None,
    until: datetime | timedelta | None = None,
    actor: str | None = None,
    operation: str | None = None,
) -> builtins.list[SnapshotSummary]:
    """Return every complete snapshot that is meant, oldest first, without reading one.

    A ``table`` may be named without its schema. ``since`` and ``until`` are datetimes (UTC without
    a zone) or ages. ``operation`` is the leading command, or how it begins.
    """
    selection = Selection(table, moment("since", since), moment("until", until), actor, operation)
    return matching(Repository(storage_from(storage)), selection)


def show(
    snapshot_id: str,
    storage: StorageArgument | None = None,
    *,
    identity: IdentityArgument | None = None,
) -> Snapshot:
    """Return everything that is known of one snapshot, but its rows.

    Of one that is encrypted, definitions are only known with the file of an ``identity``; without
    one the manifest is still ``sealed``. Raises SnapshotNotFound, AmbiguousSnapshot, WrongKey, and
    SnapshotDamaged for a damaged manifest.
    """
    repository = Repository(storage_from(storage), identities=identities_from(identity))
    return _known(repository, repository.find(snapshot_id))


def verify(
    snapshot_id: str,
    storage: StorageArgument | None = None,
    *,
    identity: IdentityArgument | None = None,
) -> Verification:
    """Read a snapshot whole and compare every byte with what was written.

    One that is encrypted needs no key for that; with the file of an ``identity`` its rows are
    decrypted and counted, too. Raises SnapshotNotFound, StorageUnreachable and WrongKey; damage is
    a problem in the answer.
    """
    repository = Repository(storage_from(storage), identities=identities_from(identity))
    found = repository.find(snapshot_id)
    try:
        snapshot = _known(repository, found)
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


def _known(repository: Repository, snapshot_id: str) -> Snapshot:
    """Return what we have the keys for."""
    sees_all = repository.identities is not None
    return repository.load(snapshot_id) if sees_all else repository.look(snapshot_id)


def _problem(
    repository: Repository, label: str, stored: SavedTable | WrittenRows | SavedLargeObjects
) -> str | None:
    rows = size = 0
    try:
        if repository.identities is None and any(item.is_encrypted for item in stored.objects):
            for item in stored.objects:
                verify_bytes(repository.storage, item)
            return None
        reader = repository.reader(stored.objects)
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
