"""Describing a snapshot: its manifest, out of the footprint and what was saved of it."""

from __future__ import annotations

from collections.abc import Sequence

from backstop._version import __version__
from backstop.postgres import sequences
from backstop.postgres.server import ServerState
from backstop.session import Session
from backstop.snapshots import identifiers
from backstop.snapshots.footprint import Footprint
from backstop.snapshots.manifest import (
    Consistency,
    DatabaseInfo,
    Manifest,
    SavedTable,
    StatementInfo,
)
from backstop.snapshots.request import SnapshotRequest


def build_manifest(
    session: Session,
    snapshot_id: str,
    request: SnapshotRequest,
    footprint: Footprint,
    state: ServerState,
    saved: Sequence[SavedTable],
    consistency: Consistency,
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
        objects=objects.lost,
        left=objects.left,
        made=objects.made,
        renamed=objects.renamed,
        create_database=request.create_database,
        not_covered=(*request.not_covered, *footprint.not_covered),
    )
