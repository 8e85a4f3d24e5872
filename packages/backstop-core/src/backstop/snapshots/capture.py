"""Taking a snapshot: lock, copy, describe, and write the manifest last.

Everything happens in the application's transaction, inside savepoints of our own: an error
anywhere leaves the transaction as it was, without our locks, and nothing that is listed.
"""

from __future__ import annotations

import contextlib
from collections.abc import Mapping
from dataclasses import dataclass

from backstop._version import __version__
from backstop.errors import SnapshotFailed, StorageUnreachable
from backstop.postgres import counters, images, locks, sequences, server
from backstop.postgres.counters import Touched
from backstop.postgres.definitions import definitions
from backstop.postgres.relations import Relation
from backstop.postgres.server import ServerState
from backstop.postgres.transactions import (
    PINNED,
    change_settings,
    changed_settings,
    milliseconds,
    released,
    undone,
)
from backstop.result import RiskResult
from backstop.session import Session
from backstop.settings import Limits
from backstop.snapshots import identifiers
from backstop.snapshots.footprint import Footprint, NothingToSave, RelationFootprint, footprint
from backstop.snapshots.manifest import (
    Consistency,
    DatabaseInfo,
    Manifest,
    SavedColumn,
    SavedTable,
    StatementInfo,
)
from backstop.snapshots.repository import Repository
from backstop.snapshots.stream import DataObject, RowStream

# An isolation level at which the transaction's view can be older than the rows that go.
_FROZEN_VIEW = ("repeatable read", "serializable")


@dataclass(frozen=True)
class SnapshotRequest:
    """What is to be saved, and why.

    ``sql`` is the text as the server gets it; ``shown`` is the text with its literals masked.
    ``in_parts`` says that the text reaches the server in several pieces, one after the other.
    """

    sql: str
    shown: str
    result: RiskResult
    actor: str
    mode: str
    context: Mapping[str, str]
    allowed: str | None
    limits: Limits
    in_parts: bool = False
    consistency: Consistency = Consistency.EXACT


@dataclass(frozen=True)
class Captured:
    """A complete snapshot whose statement hasn't run yet.

    ``samples`` hold, by relation, a condition that finds one of its saved rows again;
    ``touched`` are the transaction's counters as they were.
    """

    manifest: Manifest
    footprint: Footprint
    samples: Mapping[Relation, str]
    touched: Mapping[int, Touched]


def capture(session: Session, repository: Repository, request: SnapshotRequest) -> Captured:
    """Save what the request's statement would destroy, and return the finished snapshot.

    The session is inside a transaction and stays there, with the footprint locked. Raises
    SnapshotFailed, a StorageError or a driver's error; then nothing is locked or listed.
    """
    attempt = _Attempt(session, repository, request)
    try:
        with released(session, "backstop_lock"):
            found = attempt.lock()
            with undone(session, "backstop_copy"):
                return attempt.run(found)
    except (NothingToSave, StorageUnreachable):
        # Nothing was stored; asking once more would only make the statement wait twice.
        raise
    except BaseException:
        # What is left without a manifest is listed by nobody, and prune removes it.
        with contextlib.suppress(Exception):
            repository.discard(attempt.id)
        raise


class _Attempt:
    def __init__(self, session: Session, repository: Repository, request: SnapshotRequest) -> None:
        self.id = identifiers.new_id()
        self._session = session
        self._repository = repository
        self._request = request
        self._samples: dict[Relation, str] = {}
        self._bytes_left = request.limits.max_snapshot_bytes

    def lock(self) -> Footprint:
        before = self._footprint()
        waiting = {
            "lock_timeout": milliseconds(self._request.limits.lock_timeout),
            # While storage makes us wait, the transaction idles on our account.
            "idle_in_transaction_session_timeout": "0",
        }
        with changed_settings(self._session, waiting):
            self._repository.begin(self.id)
            locks.lock(self._session, before.lock_modes)
        found = self._footprint()
        if found.oids != before.oids:
            raise SnapshotFailed("The tables changed while they were being locked. Run it again.")
        return found

    def _footprint(self) -> Footprint:
        return footprint(self._session, self._request.sql, self._request.result)

    def run(self, found: Footprint) -> Captured:
        state = server.state(self._session)
        self._protect_from_ourselves(found)
        saved = self._save_found_rows(found)
        change_settings(self._session, PINNED)
        for entry in found.relations:
            if entry.whole and entry.relation.holds_rows:
                saved.append(self._save_whole(entry))
        manifest = self._manifest(found, state, saved)
        self._repository.save(manifest)
        return Captured(manifest, found, self._samples, counters.touched_rows(self._session))

    def _manifest(self, found: Footprint, state: ServerState, saved: list[SavedTable]) -> Manifest:
        defined = definitions(self._session, found.dropped)
        restarted = [relation.oid for relation in found.dropped + found.restarted]
        positions = sequences.positions(
            self._session, sequences.owned(self._session, restarted) if restarted else []
        )
        request = self._request
        return Manifest(
            id=self.id,
            created_at=identifiers.created_at(self.id).isoformat(),
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
            consistency=_consistency(request, found, state),
            tables=tuple(sorted(saved, key=lambda table: table.oid)),
            sequences=tuple(positions),
            objects=defined.objects,
            not_covered=found.not_covered + defined.not_covered,
        )

    def _protect_from_ourselves(self, found: Footprint) -> None:
        hidden = any(entry.relation.row_security for entry in found.relations)
        change_settings(
            self._session,
            {
                # A function in a WHERE may write: it runs with the statement, not with our reads.
                "transaction_read_only": "on",
                "row_security": "on" if hidden else "off",
                "statement_timeout": milliseconds(self._request.limits.snapshot_timeout),
                # While an upload ends, the transaction idles on our account.
                "idle_in_transaction_session_timeout": "0",
            },
        )

    def _save_found_rows(self, found: Footprint) -> list[SavedTable]:
        saved = []
        by_oid = {entry.relation.oid: entry for entry in found.relations}
        for finder in found.finders:
            wanted = [oid for oid in finder.relation_oids if not by_oid[oid].whole]
            saved += self._save_found(finder.sql, {oid: by_oid[oid] for oid in wanted})
        return saved

    def _save_found(self, finder: str, wanted: dict[int, RelationFootprint]) -> list[SavedTable]:
        saved = []
        batches = images.found_rows(self._session, finder) if wanted else iter(())
        batch = next(batches, None)
        while batch is not None:
            oid, ctids = batch
            if oid not in wanted:
                batch = next(batches, None)
                continue
            entry, rows = wanted.pop(oid), 0
            sample = self._sample(entry, f"WHERE ctid = '{ctids[0]}'")
            with self._stream(entry.relation) as stream:
                while batch is not None and batch[0] == oid:
                    rows += images.copy_rows(self._session, entry.relation, batch[1], stream)
                    batch = next(batches, None)
            saved.append(self._saved(entry, rows, stream, sample))
        empty = [entry for entry in wanted.values() if entry.relation.holds_rows]
        return saved + [self._table(entry, 0, 0, ()) for entry in empty]

    def _save_whole(self, entry: RelationFootprint) -> SavedTable:
        sample = self._sample(entry, "")
        with self._stream(entry.relation) as stream:
            rows = images.copy_whole(self._session, entry.relation, stream)
        return self._saved(entry, rows, stream, sample)

    def _sample(self, entry: RelationFootprint, where: str) -> str | None:
        if entry.operations != ["UPDATE"] or entry.key_changes or entry.by_reference:
            return None
        return images.sample_key(self._session, entry.relation, where)

    def _saved(
        self, entry: RelationFootprint, rows: int, stream: RowStream, sample: str | None
    ) -> SavedTable:
        if sample is not None:
            self._samples[entry.relation] = sample
        if self._bytes_left is not None:
            self._bytes_left -= stream.bytes
        return self._table(entry, rows, stream.bytes, tuple(stream.objects))

    def _table(
        self, entry: RelationFootprint, rows: int, size: int, objects: tuple[DataObject, ...]
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
        )

    def _stream(self, relation: Relation) -> RowStream:
        prefix = self._repository.data_key(self.id, str(relation.oid))
        return RowStream(self._repository.storage, prefix, self._bytes_left)


def _consistency(request: SnapshotRequest, found: Footprint, state: ServerState) -> Consistency:
    destroyed = any(entry.lock_mode == locks.ACCESS_EXCLUSIVE for entry in found.relations)
    if destroyed and state.isolation in _FROZEN_VIEW:
        return Consistency.NOT_EXACT
    return request.consistency
