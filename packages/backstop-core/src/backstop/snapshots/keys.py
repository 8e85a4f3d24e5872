"""The keys of manifests, which tell what a listing shows, so that it reads no manifest.

::

    manifests/<id>/<operation>@<level>@<rows>-<bytes>@<database>@<actor>/<tables>/<sha256>.json

Each name is percent-encoded, ``database`` is the server's system identifier and the OID. A
component of more than 200 characters is cut and ends with ``+``. A manifest that took the place of
another one, as rows were erased, names that one's digest as well: ``<sha256>.<its sha256>.json``.
Before, there was a component for each of these, none for the database, and such keys are read as
well.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from urllib.parse import quote, unquote

from backstop.snapshots import identifiers
from backstop.snapshots.manifest import DatabaseInfo, Fate, Manifest, Status

_COMPONENT = 200
_CUT = "+"
_NOTHING = "="
_BETWEEN = "@"
_PARTS_BEFORE = 8


@dataclass(frozen=True)
class SnapshotSummary:
    """What a listing shows of one snapshot; ``bytes`` are uncompressed, times are UTC.

    ``origin`` tells databases apart, that of all servers; it is empty where it isn't known.
    """

    id: str
    created_at: datetime
    operation: str
    level: str
    tables: tuple[str, ...]
    rows: int
    bytes: int
    actor: str
    status: Status
    fate: Fate
    pinned: bool = False
    origin: str = ""

    @property
    def is_needless(self) -> bool:
        """Whether its statement destroyed nothing: it failed, or was rolled back."""
        return self.status is Status.FAILED or self.fate is Fate.ROLLED_BACK


def manifest_key(manifest: Manifest, body: bytes, replaces: str | None = None) -> str:
    """Return the key of a manifest whose JSON is ``body``, and of which one it takes the place."""
    facts = _BETWEEN.join(
        (
            quote(manifest.statement.operation, safe=""),
            manifest.statement.level,
            f"{manifest.rows}-{manifest.bytes}",
            origin_of(manifest.database),
            quote(manifest.actor, safe=""),
        )
    )
    tables = ",".join(quote(name, safe="") for name in table_names(manifest)) or _NOTHING
    shown = f"{_shortened(facts)}/{_shortened(tables)}"
    replaced = f".{digest_in(replaces)}" if replaces is not None else ""
    return f"manifests/{manifest.id}/{shown}/{hashlib.sha256(body).hexdigest()}{replaced}.json"


def id_in(key: str) -> str:
    """Return the id of the snapshot that a key belongs to."""
    return key.split("/", 2)[1]


def digest_in(key: str) -> str:
    """Return the SHA-256 of the manifest with this key."""
    return key.rsplit("/", 1)[1].partition(".")[0]


def valid(keys: Iterable[str]) -> list[str]:
    """Return the keys of manifests whose place no other one has taken."""
    listed = list(keys)
    replaced = {part for key in listed for part in key.rsplit("/", 1)[-1].split(".")[1:2]}
    return [key for key in listed if digest_in(key) not in replaced]


def summary_in(key: str) -> SnapshotSummary | None:
    """Return what a manifest's key tells; None where it is cut, so that the manifest has to."""
    parts = key.split("/")
    if len(parts) == _PARTS_BEFORE:
        _, snapshot_id, operation, level, sizes, actor, tables, _ = parts
        origin = ""
    else:
        _, snapshot_id, facts, tables, _ = parts
        if facts.endswith(_CUT):
            return None
        operation, level, sizes, origin, actor = facts.split(_BETWEEN)
    if any(component.endswith(_CUT) for component in (operation, actor, tables)):
        return None
    rows, _, size = sizes.partition("-")
    return SnapshotSummary(
        id=snapshot_id,
        created_at=identifiers.created_at(snapshot_id),
        operation=unquote(operation),
        level=unquote(level),
        tables=() if tables == _NOTHING else tuple(map(unquote, tables.split(","))),
        rows=int(rows),
        bytes=int(size),
        actor=unquote(actor),
        status=Status.UNKNOWN,
        fate=Fate.UNKNOWN,
        origin=origin,
    )


def summary_of(manifest: Manifest) -> SnapshotSummary:
    """Return what a listing shows of a manifest, but what became of the statement."""
    return SnapshotSummary(
        id=manifest.id,
        created_at=identifiers.created_at(manifest.id),
        operation=manifest.statement.operation,
        level=manifest.statement.level,
        tables=table_names(manifest),
        rows=manifest.rows,
        bytes=manifest.bytes,
        actor=manifest.actor,
        status=Status.UNKNOWN,
        fate=Fate.UNKNOWN,
        origin=origin_of(manifest.database),
    )


def table_names(manifest: Manifest) -> tuple[str, ...]:
    """Return the tables that a listing names."""
    named = [table.label for table in manifest.tables]
    dropped = [item.identity.partition(" ")[2] for item in manifest.objects if item.kind == "table"]
    return tuple(dict.fromkeys([*manifest.partitioned, *named, *dropped]))


def origin_of(database: DatabaseInfo) -> str:
    """Return what tells a database apart from those of the same and of other servers."""
    return f"{database.system_identifier}-{database.oid}"


def status_in(key: str) -> Status:
    """Return what the key of an outcome tells."""
    name = key.rsplit("/", 1)[1].partition("-")[0].partition(".")[0]
    # What a later version calls otherwise is unknown to this one.
    return Status(name) if name in set(Status) else Status.UNKNOWN


def fate_in(key: str) -> Fate:
    """Return what the key of a fate tells."""
    name = key.rsplit("/", 1)[1].partition(".")[0].replace("-", " ")
    return Fate(name) if name in set(Fate) else Fate.UNKNOWN


def _shortened(component: str) -> str:
    return component if len(component) <= _COMPONENT else component[: _COMPONENT - 1] + _CUT
