"""The record of a restore: rows that it wrote are known by it, and are nobody's later edits."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from backstop.errors import SnapshotDamaged
from backstop.snapshots import identifiers
from backstop.snapshots.manifest import FORMAT
from backstop.snapshots.proofs import proof_of


@dataclass(frozen=True)
class RecordedRestore:
    """A restore that was committed: rows that it wrote have ``xid`` as their xmin.

    ``rewritten`` are the labels of tables that it has made anew, each with the newest ids that
    their rows had as their xmin until then.
    """

    snapshot_id: str
    xid: str
    system_identifier: str
    rewritten: Mapping[str, Sequence[str]] = field(default_factory=dict)


def restore_document(restore: RecordedRestore) -> tuple[str, bytes]:
    """Return the key under which a record is written, and its bytes."""
    body = json.dumps(
        {
            "format": FORMAT,
            "xid": restore.xid,
            "system_identifier": restore.system_identifier,
            "rewritten": restore.rewritten,
        }
    ).encode()
    name = f"{identifiers.new_id()}-{proof_of(restore.snapshot_id, body)}"
    return f"restores/{restore.snapshot_id}/{name}.json", body


def restore_from_json(key: str, body: bytes) -> RecordedRestore:
    """Read a record; SnapshotDamaged where it isn't the one that was written under the key."""
    snapshot_id, file = key.split("/")[1:]
    # Before there were proofs, a name was the id alone.
    _, _, proof = file.partition(".")[0].partition("-")
    try:
        if proof and proof != proof_of(snapshot_id, body):
            raise ValueError
        document = json.loads(body)
        return RecordedRestore(
            snapshot_id,
            document["xid"],
            document["system_identifier"],
            document.get("rewritten", {}),
        )
    except (AttributeError, KeyError, TypeError, ValueError):
        raise SnapshotDamaged(
            f"{key} is damaged: its bytes are not those that were stored. Look for an earlier "
            "version of the object in the bucket; without it, rows that this restore has written "
            "count as edited later."
        ) from None
