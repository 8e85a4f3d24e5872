"""Where the parts of a snapshot stand in storage, and how they are found again.

::

    data/<id>/begun                                             before any table is locked
    data/<id>/<table>-<n>.copy.zst                              then the rows
    manifests/<id>/<what a listing shows>/<tables>/<sha256>.json
    outcomes/<id>/<status>-<rows>-<sha256>.json                 after the statement
    fates/<id>/<fate>.json                                      at the transaction's end
    restores/<id>/<restore id>-<sha256>.json                    after each restore
    pins/<id>/<pin id>.json                                     while a snapshot is pinned

A snapshot exists when its manifest does. Every object is written once, under a key that no
other writer uses. What a listing shows stands in the keys, so that it reads no manifest.
"""

from __future__ import annotations

import builtins
import hashlib
import json
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from backstop.encryption import Identities, Recipients, no_key
from backstop.errors import AmbiguousSnapshot, SnapshotNotFound
from backstop.snapshots import identifiers
from backstop.snapshots.documents import manifest_from_json, outcome_from_json, to_json
from backstop.snapshots.keys import (
    SnapshotSummary,
    digest_in,
    fate_in,
    id_in,
    manifest_key,
    status_in,
    summary_in,
    summary_of,
    valid,
)
from backstop.snapshots.manifest import (
    Fate,
    Manifest,
    Outcome,
    SavedTable,
    Status,
    WrittenRows,
)
from backstop.snapshots.proofs import (
    changed,
    check_fate,
    check_outcome,
    fate_to_json,
    misplaced,
    only_key,
    proof_of,
)
from backstop.snapshots.restores import RecordedRestore, restore_document, restore_from_json
from backstop.snapshots.sealing import opened, opened_outcome, sealed, sealed_outcome
from backstop.snapshots.stream import DataObject, ObjectReader, RowStream
from backstop.storage import Storage

# Of more than these, it is quicker to ask for all outcomes and fates that there are.
_FEW = 10


@dataclass(frozen=True)
class Snapshot:
    """One snapshot with everything that is known of it."""

    manifest: Manifest
    outcome: Outcome
    fate: Fate

    def written(self, table: SavedTable) -> WrittenRows | None:
        """Return how the rows are known that the statement has written into a table."""
        return next((found for found in self.outcome.written if found.oid == table.oid), None)


class Repository:
    """The snapshots of one storage.

    What is saved is encrypted to ``recipients``, if there are any; ``identities`` open what is.
    """

    def __init__(
        self,
        storage: Storage,
        *,
        recipients: Recipients | None = None,
        identities: Identities | None = None,
    ) -> None:
        self.storage = storage
        self.recipients = recipients
        self.identities = identities

    def data_key(self, snapshot_id: str, name: str) -> str:
        """Return the beginning of the keys of one relation's rows."""
        return f"data/{snapshot_id}/{name}"

    def stream(self, prefix: str, max_bytes: int | None = None) -> RowStream:
        """Return a stream that stores rows under keys that begin so."""
        return RowStream(self.storage, prefix, max_bytes, self.recipients)

    def reader(self, objects: Iterable[DataObject]) -> ObjectReader:
        """Return a reader of stored objects; it raises WrongKey where one can't be opened."""
        return ObjectReader(self.storage, objects, self.identities)

    def begin(self, snapshot_id: str) -> None:
        """Write a first small object, to find out whether storage takes any before we lock."""
        self.storage.put(f"data/{snapshot_id}/begun", b"{}")

    def withdraw(self, snapshot_id: str) -> None:
        """Remove what ``begin`` has written, where nothing else will be."""
        self.storage.delete([f"data/{snapshot_id}/begun"])

    def save(self, manifest: Manifest) -> None:
        """Write the manifest: from here on the snapshot exists."""
        kept = sealed(manifest, self.recipients) if self.recipients is not None else manifest
        body = to_json(kept)
        self.storage.put(manifest_key(manifest, body), body)

    def save_outcome(self, snapshot_id: str, outcome: Outcome) -> None:
        """Record what the statement did."""
        rows = "unknown" if outcome.rows is None else str(outcome.rows)
        if self.recipients is not None:
            outcome = sealed_outcome(outcome, self.recipients)
        body = to_json(outcome)
        name = f"{outcome.status.value}-{rows}-{proof_of(snapshot_id, body)}.json"
        self.storage.put(f"outcomes/{snapshot_id}/{name}", body)

    def save_fate(self, snapshot_id: str, fate: Fate) -> None:
        """Record what became of the transaction."""
        name = fate.value.replace(" ", "-")
        self.storage.put(f"fates/{snapshot_id}/{name}.json", fate_to_json(snapshot_id, fate))

    def save_restore(self, restore: RecordedRestore) -> None:
        """Record that a restore of the snapshot was committed."""
        self.storage.put(*restore_document(restore))

    def restores_after(self, snapshot_id: str) -> Iterator[RecordedRestore]:
        """Return the recorded restores of this snapshot and of later ones."""
        for key in self.storage.list("restores/"):
            if id_in(key) >= snapshot_id:
                yield restore_from_json(key, self.storage.get(key))

    def was_restored(self, snapshot_id: str, system_identifier: str) -> bool:
        """Whether a restore of the snapshot was recorded that this server has committed."""
        return any(
            restore_from_json(key, self.storage.get(key)).system_identifier == system_identifier
            for key in self.storage.list(f"restores/{snapshot_id}/")
        )

    def summaries(self) -> builtins.list[SnapshotSummary]:
        """Return every complete snapshot, oldest first, without reading one."""
        return self.with_fates(list(self.newest_first())[::-1])

    def newest_first(self, beginning: str = "") -> Iterator[SnapshotSummary]:
        """Give every complete snapshot whose id begins so, but not what became of its statement."""
        keys = valid(self.storage.list(f"manifests/{beginning}"))
        keys.sort(key=id_in, reverse=True)
        return map(self._summary, keys)

    def with_fates(self, summaries: Sequence[SnapshotSummary]) -> builtins.list[SnapshotSummary]:
        """Return them with what became of their statements."""
        if len(summaries) <= _FEW:
            return [self.with_fate(summary) for summary in summaries]
        statuses = {id_in(key): status_in(key) for key in self.storage.list("outcomes/")}
        fates = {id_in(key): fate_in(key) for key in self.storage.list("fates/")}
        pinned = self._ids_in("pins")
        return [
            replace(
                summary,
                status=statuses.get(summary.id, Status.UNKNOWN),
                fate=fates.get(summary.id, Fate.UNKNOWN),
                pinned=summary.id in pinned,
            )
            for summary in summaries
        ]

    def with_fate(self, summary: SnapshotSummary) -> SnapshotSummary:
        """Return it with what became of its statement."""
        keys = self.storage.list(f"outcomes/{summary.id}/")
        status = next(map(status_in, keys), Status.UNKNOWN)
        fates = self.storage.list(f"fates/{summary.id}/")
        return replace(
            summary,
            status=status,
            fate=next(map(fate_in, fates), Fate.UNKNOWN),
            pinned=self.is_pinned(summary.id),
        )

    def find(self, beginning: str) -> str:
        """Return the only id that begins so.

        Raises SnapshotNotFound, or AmbiguousSnapshot with the candidates.
        """
        if not identifiers.is_beginning(beginning):
            raise SnapshotNotFound(
                "That is not a snapshot id, which is 14 letters and digits or the beginning of "
                "one. `backstop snapshots list` shows them."
            )
        ids = sorted({id_in(key) for key in self.storage.list(f"manifests/{beginning}")})
        if not ids:
            raise SnapshotNotFound(
                f"No snapshot in {self.storage.url} has an id that begins with {beginning}. "
                "`backstop snapshots list` shows them."
            )
        if len(ids) > 1:
            raise AmbiguousSnapshot(
                f"{beginning} is the beginning of {len(ids)} snapshots: {', '.join(ids[:5])}"
                f"{' …' if len(ids) > 5 else ''}. Give more of the id."
            )
        return ids[0]

    def load(self, snapshot_id: str) -> Snapshot:
        """Read one snapshot with all its definitions.

        Raises SnapshotDamaged when that isn't what was written of it, and WrongKey when it is
        encrypted and no identity opens it.
        """
        snapshot = self.look(snapshot_id)
        manifest, outcome = snapshot.manifest, snapshot.outcome
        if not manifest.sealed:
            return snapshot
        if self.identities is None:
            raise no_key(f"Snapshot {snapshot_id}")
        manifest = opened(manifest, self.identities)
        if outcome.sealed:
            outcome = opened_outcome(outcome, self.identities, snapshot_id)
        return replace(snapshot, manifest=manifest, outcome=outcome)

    def look(self, snapshot_id: str) -> Snapshot:
        """Read of one snapshot what needs no key: of one that is encrypted, no definitions.

        Raises SnapshotDamaged when that isn't what was written of it.
        """
        key = only_key(valid(self.manifest_keys(snapshot_id)))
        if key is None:
            raise SnapshotNotFound(f"No snapshot has the id {snapshot_id}.")
        manifest = self.manifest(key)
        outcome = self.outcome(snapshot_id)
        if manifest.written is not None:
            outcome = replace(outcome, written=manifest.written)
        return Snapshot(manifest, outcome, self._fate(snapshot_id))

    def manifest(self, key: str) -> Manifest:
        """Read one manifest; raises SnapshotDamaged when that isn't what was written."""
        body = self.storage.get(key)
        if hashlib.sha256(body).hexdigest() != digest_in(key):
            raise changed(key)
        manifest = manifest_from_json(body, key)
        if manifest.id != id_in(key):
            raise misplaced(key, manifest.id)
        return manifest

    def pin(self, snapshot_id: str) -> None:
        """Keep a snapshot from being pruned."""
        body = json.dumps({"format": 1}).encode()
        self.storage.put(f"pins/{snapshot_id}/{identifiers.new_id()}.json", body)

    def unpin(self, snapshot_id: str) -> None:
        """Take back every pin of a snapshot."""
        self.storage.delete(list(self.storage.list(f"pins/{snapshot_id}/")))

    def is_pinned(self, snapshot_id: str) -> bool:
        """Whether a snapshot is pinned now."""
        return any(True for _ in self.storage.list(f"pins/{snapshot_id}/"))

    def is_complete(self, snapshot_id: str) -> bool:
        """Whether a snapshot has its manifest now."""
        return bool(self.manifest_keys(snapshot_id))

    def locked_until(self, snapshot_id: str) -> datetime | None:
        """Return until when storage itself keeps the manifest; None if it doesn't."""
        ends = [self.storage.locked_until(key) for key in self.manifest_keys(snapshot_id)]
        return max((end for end in ends if end is not None), default=None)

    def discard(self, snapshot_id: str) -> None:
        """Remove everything of one snapshot, its manifest first.

        What its restores have written stays known, for restores of earlier snapshots.
        """
        # An erasure may have put another manifest in the place of the one that was deleted.
        for area in ("manifests", "data", "outcomes", "fates", "manifests"):
            self.storage.delete(list(self.storage.list(f"{area}/{snapshot_id}/")))

    def forget_what_is_gone(self) -> None:
        """Remove what is recorded of snapshots that are gone, and that no other needs.

        A restore is of use to its own snapshot and to earlier ones.
        """
        recorded = [*self.storage.list("restores/"), *self.storage.list("pins/")]
        complete = self._ids_in("manifests")
        oldest = min(complete, default="~")
        gone = []
        for key in recorded:
            area, snapshot_id, _ = key.split("/")
            if snapshot_id not in complete and (area == "pins" or snapshot_id < oldest):
                gone.append(key)
        self.storage.delete(gone)

    def ids(self) -> set[str]:
        """Return the ids of all complete snapshots."""
        return self._ids_in("manifests")

    def newest(self) -> str | None:
        """Return the id of the newest complete snapshot."""
        return max(self._ids_in("manifests"), default=None)

    def leftovers(self) -> builtins.list[str]:
        """Return the ids under which something is stored, but no manifest."""
        # In this order: what is complete only now isn't taken for a leftover.
        stored = {found for area in ("data", "outcomes", "fates") for found in self._ids_in(area)}
        left = stored - self._ids_in("manifests")
        # What others keep there is none of ours.
        return sorted(found for found in left if identifiers.is_id(found))

    def _ids_in(self, area: str) -> set[str]:
        return {id_in(key) for key in self.storage.list(f"{area}/")}

    def manifest_keys(self, snapshot_id: str) -> builtins.list[str]:
        """Return the keys of a snapshot's manifest, and of those whose place it has taken."""
        return list(self.storage.list(f"manifests/{snapshot_id}/"))

    def outcome(self, snapshot_id: str) -> Outcome:
        """Read what was recorded of the statement, whatever was erased since."""
        key = only_key(list(self.storage.list(f"outcomes/{snapshot_id}/")))
        if key is None:
            return Outcome(Status.UNKNOWN)
        body = self.storage.get(key)
        check_outcome(snapshot_id, key, body)
        return outcome_from_json(body, key)

    def _fate(self, snapshot_id: str) -> Fate:
        key = only_key(list(self.storage.list(f"fates/{snapshot_id}/")))
        if key is None:
            return Fate.UNKNOWN
        check_fate(snapshot_id, key, self.storage.get(key), fate_in(key))
        return fate_in(key)

    def _summary(self, key: str) -> SnapshotSummary:
        return summary_in(key) or summary_of(self.look(id_in(key)).manifest)
