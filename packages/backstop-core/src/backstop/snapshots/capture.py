"""Taking a snapshot: lock, copy, describe, and write the manifest last.

Everything happens in the application's transaction, inside savepoints of our own: an error
anywhere leaves the transaction as it was, without our locks, and nothing that is listed.
"""

from __future__ import annotations

import contextlib
from array import array
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from backstop._version import __version__
from backstop.errors import SnapshotFailed, StorageUnreachable
from backstop.postgres import images, locks, sequences, server
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
from backstop.snapshots.finders import found_rows
from backstop.snapshots.footprint import (
    Footprint,
    NothingToSave,
    OnlyARunTells,
    Rehearsal,
    RelationFootprint,
    footprint,
)
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
from backstop.syntax.traits import looks_at_own_columns_only

# An isolation level at which the transaction's view can be older than the rows that go.
_FROZEN_VIEW = ("repeatable read", "serializable")


@dataclass(frozen=True)
class SnapshotRequest:
    """What is to be saved, and why.

    ``sql`` is the text as the server gets it; ``shown`` is the text with its literals masked.
    ``in_parts`` says that the text reaches the server in several pieces, one after the other, and
    ``at_once`` that it can't be run twice. ``whole`` says that its conditions can't be evaluated
    beforehand. ``rehearsal`` is what was seen of it already.
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
    at_once: bool = False
    whole: bool = False
    rehearsal: Rehearsal | None = None
    consistency: Consistency = Consistency.EXACT


@dataclass(frozen=True)
class FoundTable:
    """The rows that were found in one relation, and ``times`` they were found altogether.

    ``places`` are where they stood, where it has to be checked later that they are gone.
    """

    rows: int
    times: int
    places: Sequence[int] = ()


@dataclass(frozen=True)
class Captured:
    """A complete snapshot whose statement hasn't run yet; ``found`` are its scoped tables."""

    manifest: Manifest
    footprint: Footprint
    found: Mapping[int, FoundTable]


def capture(session: Session, repository: Repository, request: SnapshotRequest) -> Captured:
    """Save what the request's statement would destroy, and return the finished snapshot.

    The session is inside a transaction and stays there, with the footprint locked. Raises
    SnapshotFailed, a StorageError or a driver's error; then nothing is locked or listed.
    OnlyARunTells asks for a rehearsal first.
    """
    attempt = _Attempt(session, repository, request)
    try:
        with released(session, "backstop_lock"):
            found = attempt.lock()
            with undone(session, "backstop_copy"):
                return attempt.run(found)
    except (NothingToSave, OnlyARunTells, StorageUnreachable):
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
        self._found: dict[int, FoundTable] = {}
        self._bytes_left = request.limits.max_snapshot_bytes

    def lock(self) -> Footprint:
        before = self._footprint()
        if before.unread and self._request.rehearsal is None:
            raise OnlyARunTells(" ".join(before.unread))
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
        request = self._request
        return footprint(
            self._session,
            request.sql,
            request.result,
            request.rehearsal,
            at_once=request.at_once,
            whole=request.whole,
        )

    def run(self, found: Footprint) -> Captured:
        state = server.state(self._session)
        self._protect_from_ourselves(found)
        saved = self._save_found_rows(found)
        for entry in found.relations:
            if entry.rehearsed is not None and not entry.whole and self._request.rehearsal:
                saved.append(self._save_rehearsed(entry, self._request.rehearsal))
        change_settings(self._session, PINNED)
        for entry in found.relations:
            if entry.whole and entry.relation.holds_rows and not _has(saved, entry):
                saved.append(self._save_whole(entry))
        manifest = self._manifest(found, state, saved)
        self._repository.save(manifest)
        return Captured(manifest, found, self._found)

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
        scoped = {
            entry.relation.oid: entry
            for entry in found.relations
            if not entry.whole and entry.rehearsed is None and entry.relation.holds_rows
        }
        seeds, carriers = found.searched
        if not scoped or not seeds:
            return [self._table(entry, 0, 0, ()) for entry in scoped.values()]
        # Where others may decide which rows are found, it is checked later that these are gone.
        kept = any(not looks_at_own_columns_only(seed.change) for seed in seeds)
        saved = self._save_found(found_rows(seeds, carriers), scoped, kept=kept)
        return saved + [self._table(entry, 0, 0, ()) for entry in scoped.values()]

    def _save_rehearsed(self, entry: RelationFootprint, rehearsal: Rehearsal) -> SavedTable:
        finder = images.touched_rows(entry.relation, rehearsal.xids)
        wanted = {entry.relation.oid: entry}
        saved = self._save_found(finder, wanted, kept=True)
        table = saved[0] if saved else self._table(entry, 0, 0, ())
        touched = entry.rehearsed or 0
        if table.rows < touched:
            # Some were touched twice, or have been touched by others since: take no chances.
            change_settings(self._session, PINNED)
            entry.whole = True
            return self._save_whole(entry)
        self._found[entry.relation.oid] = replace(self._found[entry.relation.oid], times=touched)
        return table

    def _save_found(
        self, finder: str, wanted: dict[int, RelationFootprint], *, kept: bool
    ) -> list[SavedTable]:
        """Save what a query finds in the wanted relations, and leave the others in ``wanted``."""
        saved = []
        batches = images.found_rows(self._session, finder)
        batch = next(batches, None)
        while batch is not None:
            oid = batch.oid
            if oid not in wanted:
                batch = next(batches, None)
                continue
            entry, rows, times, places = wanted.pop(oid), 0, 0, array("Q")
            with self._stream(entry.relation) as stream:
                while batch is not None and batch.oid == oid:
                    rows += images.copy_rows(self._session, entry.relation, batch.ctids, stream)
                    times += batch.times
                    if kept:
                        places.extend(map(images.place, batch.ctids))
                    batch = next(batches, None)
            self._found[oid] = FoundTable(rows, times, places)
            saved.append(self._saved(entry, rows, stream))
        return saved

    def _save_whole(self, entry: RelationFootprint) -> SavedTable:
        with self._stream(entry.relation, "-whole") as stream:
            rows = images.copy_whole(self._session, entry.relation, stream)
        return self._saved(entry, rows, stream)

    def _saved(self, entry: RelationFootprint, rows: int, stream: RowStream) -> SavedTable:
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

    def _stream(self, relation: Relation, suffix: str = "") -> RowStream:
        prefix = self._repository.data_key(self.id, f"{relation.oid}{suffix}")
        return RowStream(self._repository.storage, prefix, self._bytes_left)


def _has(saved: Iterable[SavedTable], entry: RelationFootprint) -> bool:
    return any(table.oid == entry.relation.oid for table in saved)


def _consistency(request: SnapshotRequest, found: Footprint, state: ServerState) -> Consistency:
    destroyed = any(entry.lock_mode == locks.ACCESS_EXCLUSIVE for entry in found.relations)
    if destroyed and state.isolation in _FROZEN_VIEW:
        return Consistency.NOT_EXACT
    return request.consistency
