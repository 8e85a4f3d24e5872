"""Whether what is stored of a snapshot is what was written of it, and of no other.

The rows have their digests in the manifest or the outcome, the manifest has its own in its key. An
outcome has one in its key that is of the snapshot's id as well, and a fate names the id: what was
swapped between snapshots, or is there twice, is found.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence

from backstop.errors import SnapshotDamaged
from backstop.snapshots.manifest import FORMAT, Fate

_WAY_OUT = "Nothing is restored from it; look for an earlier version of the object in the bucket."


def proof_of(snapshot_id: str, body: bytes) -> str:
    """Return what shows that a document is whole, and of this snapshot."""
    return hashlib.sha256(snapshot_id.encode() + b"\n" + body).hexdigest()


def only_key(keys: Sequence[str]) -> str | None:
    """Return the only key, None without one; SnapshotDamaged where there are several."""
    if len(keys) > 1:
        raise SnapshotDamaged(
            f"{keys[0]} is not alone: there is {keys[1]} as well, and each is written once. "
            "Find out who wrote them, and when; the right one is most likely the older."
        )
    return keys[0] if keys else None


def check_outcome(snapshot_id: str, key: str, body: bytes) -> None:
    """Raise SnapshotDamaged unless this is the outcome that was written under the key."""
    name = key.rsplit("/", 1)[1].partition(".")[0]
    status_and_rows, _, proof = name.rpartition("-")
    # Before there were proofs, a name ended with the rows.
    if "-" in status_and_rows and proof != proof_of(snapshot_id, body):
        raise changed(key)


def fate_to_json(snapshot_id: str, fate: Fate) -> bytes:
    """Write the document of a fate."""
    return json.dumps({"format": FORMAT, "id": snapshot_id, "fate": fate.value}).encode()


def check_fate(snapshot_id: str, key: str, body: bytes, fate: Fate) -> None:
    """Raise SnapshotDamaged unless this is the fate that was written under the key."""
    try:
        document = json.loads(body)
        found, of, said = document["format"], document.get("id", snapshot_id), document["fate"]
    except (AttributeError, KeyError, TypeError, ValueError):
        raise changed(key) from None
    if found != FORMAT:
        raise SnapshotDamaged(
            f"{key} has format {found!r}; this version of Backstop reads format {FORMAT}. "
            "Use the version that wrote it, or a newer one."
        )
    if of != snapshot_id:
        raise misplaced(key, str(of))
    if said != fate.value:
        raise changed(key)


def changed(key: str) -> SnapshotDamaged:
    """Return the error for an object whose bytes are others than were written."""
    return SnapshotDamaged(
        f"{key} is damaged: its bytes are not those that were stored. {_WAY_OUT}"
    )


def misplaced(key: str, snapshot_id: str) -> SnapshotDamaged:
    """Return the error for an object that belongs to another snapshot."""
    return SnapshotDamaged(f"{key} is damaged: it belongs to snapshot {snapshot_id}. {_WAY_OUT}")
