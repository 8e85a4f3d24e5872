"""Describing a snapshot: its manifest, out of the footprint and what was saved of it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from backstop._version import __version__
from backstop.postgres import sequences
from backstop.postgres.model.large_objects import KIND, holds_contents
from backstop.postgres.objects import CatalogObject
from backstop.postgres.server import ServerState
from backstop.session import Session
from backstop.snapshots import identifiers
from backstop.snapshots.footprint import Footprint
from backstop.snapshots.manifest import (
    Consistency,
    DatabaseInfo,
    Manifest,
    SavedLargeObjects,
    SavedTable,
    StatementInfo,
)
from backstop.snapshots.request import SnapshotRequest


@dataclass(frozen=True)
class LargeObjects:
    """What a snapshot holds of large objects: themselves with owners and grants, and contents."""

    objects: Sequence[CatalogObject] = ()
    contents: SavedLargeObjects | None = None

    def among(self, lost: Sequence[CatalogObject]) -> tuple[CatalogObject, ...]:
        """Return them with what else is lost.

        Where the contents aren't saved, no empty large object may come back in its place.
        """
        others = (item for item in lost if item.kind != KIND)
        own = (item for item in self.objects if item.kind != KIND or holds_contents(item))
        return (*others, *own)


def build_manifest(
    session: Session,
    snapshot_id: str,
    request: SnapshotRequest,
    footprint: Footprint,
    state: ServerState,
    saved: Sequence[SavedTable],
    consistency: Consistency,
    large_objects: LargeObjects = LargeObjects(),
) -> Manifest:
    """Return the manifest of a snapshot, with where its sequences stand now."""
    objects = footprint.objects
    positions = sequences.positions(session, footprint.sequences)
    return Manifest(
        id=snapshot_id,
        created_at=identifiers.created_at(snapshot_id).isoformat(),
        version=__version__,
        actor=request.actor,
        mode=request.mode,
        context=dict(request.context),
        allowed=request.allowed,
        statement=StatementInfo(
            operation=request.result.operation,
            level=request.result.level.value,
            reason=request.result.reason,
            text=request.shown,
        ),
        database=DatabaseInfo(
            name=state.database,
            oid=state.database_oid,
            system_identifier=state.system_identifier,
            server_version=state.version,
            user=state.user,
        ),
        transaction_id=state.transaction_id,
        isolation=state.isolation,
        consistency=consistency,
        tables=tuple(saved),
        sequences=tuple(positions),
        objects=large_objects.among(objects.lost),
        left=objects.left,
        made=objects.made,
        renamed=objects.renamed,
        create_database=request.create_database,
        large_objects=large_objects.contents,
        not_covered=(*request.not_covered, *footprint.not_covered),
        partitioned=tuple(
            entry.relation.label for entry in footprint.relations if not entry.relation.holds_rows
        ),
        triggered=tuple(
            entry.relation.label
            for entry in footprint.relations
            if entry.relation.triggers and request.rehearsal is None
        ),
    )
