"""Taking a snapshot: lock, copy, describe, and write the manifest last.

Everything happens in the application's transaction, inside savepoints of our own: an error
anywhere leaves the transaction as it was, without our locks, and nothing that is listed.
"""

from __future__ import annotations

import contextlib
from collections.abc import Mapping
from dataclasses import dataclass, replace
from time import perf_counter

from backstop.errors import SnapshotFailed, StorageUnreachable
from backstop.postgres import large_objects, server
from backstop.postgres.model.difference import Difference, difference
from backstop.postgres.model.large_objects import describe
from backstop.postgres.model.reading import Model, read_model
from backstop.postgres.relations import Relation
from backstop.postgres.rows.fresh import FreshRows, fresh_rows
from backstop.postgres.transaction import locks
from backstop.postgres.transaction.savepoints import (
    PINNED,
    READ_ONLY,
    change_settings,
    changed_settings,
    current_settings,
    is_read_only,
    milliseconds,
    released,
    undone,
)
from backstop.session import Session
from backstop.snapshots import identifiers
from backstop.snapshots.copying import FoundTable, RowCopier
from backstop.snapshots.describing import LargeObjects, build_manifest
from backstop.snapshots.footprint import Footprint, NothingToSave, OnlyARunTells
from backstop.snapshots.manifest import Consistency, Manifest
from backstop.snapshots.redaction import redacted
from backstop.snapshots.repository import Repository
from backstop.snapshots.request import SnapshotRequest
from backstop.snapshots.tracing import trace

# An isolation level at which the transaction's view can be older than the rows that go.
_FROZEN_VIEW = ("repeatable read", "serializable")


@dataclass(frozen=True)
class Captured:
    """A complete snapshot whose statement hasn't run yet; ``found`` are its scoped tables.

    ``before`` is the database under its locks, if it was looked at. Of a run that was taken back,
    if there was one, ``written`` is how many rows it had written, and ``added_to`` are the tables
    that it had added some to. ``duration`` is how many seconds the snapshot took.
    """

    manifest: Manifest
    footprint: Footprint
    found: Mapping[int, FoundTable]
    before: Model | None = None
    written: int | None = None
    added_to: frozenset[int] = frozenset()
    duration: float = 0.0


def capture(session: Session, repository: Repository, request: SnapshotRequest) -> Captured:
    """Save what the request's statement would destroy, and return the finished snapshot.

    The session is inside a transaction and stays there, with the footprint locked. Raises
    SnapshotFailed, a StorageError or a driver's error; then nothing is locked or listed.
    OnlyARunTells asks for a rehearsal first.
    """
    started = perf_counter()
    try:
        captured = _captured(session, repository, request)
    except Exception as error:
        if session.sqlstate(error) != READ_ONLY or is_read_only(session):
            raise
        if request.whole:
            raise SnapshotFailed("What it destroys can't be read without writing.") from error
        # Code behind its conditions writes, which our reading of them must not.
        return capture(session, repository, replace(request, whole=True))
    return replace(captured, duration=perf_counter() - started)


def capture_definitions(
    session: Session, repository: Repository, request: SnapshotRequest, objects: Difference
) -> Captured:
    """Save how objects were that the statement, which has run, has dropped or changed.

    No row is lost with them. What ends the transaction before the snapshot is complete also takes
    the statement back. Raises as :func:`capture` does.
    """
    started = perf_counter()
    snapshot_id = identifiers.new_id()
    footprint = Footprint((), (), (), objects, frozenset(), (), objects.not_covered)
    try:
        repository.begin(snapshot_id)
        with undone(session, "backstop_copy"):
            change_settings(session, PINNED)
            state = server.state(session)
            manifest = build_manifest(
                session, snapshot_id, request, footprint, state, (), request.consistency
            )
        repository.save(manifest)
    except BaseException:
        with contextlib.suppress(Exception):
            repository.discard(snapshot_id)
        raise
    return Captured(manifest, footprint, {}, duration=perf_counter() - started)


def _captured(session: Session, repository: Repository, request: SnapshotRequest) -> Captured:
    try:
        return _attempt(session, repository, request, fresh=True)
    except _TooOld:
        # No second connection, or its lock could not be had: better what our view shows.
        return _attempt(session, repository, request, fresh=False)


class _TooOld(Exception):
    """What others have committed since the transaction's first query can't be read."""


def _attempt(
    session: Session, repository: Repository, request: SnapshotRequest, *, fresh: bool
) -> Captured:
    attempt = _Attempt(session, repository, request, fresh=fresh)
    try:
        with released(session, "backstop_lock"):
            found = attempt.lock()
            with undone(session, "backstop_copy"):
                captured = attempt.run(found)
            attempt.lock_finally(found)
            return captured
    except (NothingToSave, OnlyARunTells, StorageUnreachable):
        # Nothing was stored; asking once more would only make the statement wait twice.
        raise
    except BaseException:
        # What is left without a manifest is listed by nobody, and prune removes it.
        with contextlib.suppress(Exception):
            repository.discard(attempt.id)
        raise


class _Attempt:
    def __init__(
        self, session: Session, repository: Repository, request: SnapshotRequest, *, fresh: bool
    ) -> None:
        self.id = identifiers.new_id()
        self._session = session
        self._repository = repository
        self._request = request
        self._wants_fresh = fresh
        self._is_old = False
        self._before: Model | None = None

    def lock(self) -> Footprint:
        with changed_settings(self._session, self._waiting()):
            before = self._footprint()
            if before.unread and self._request.rehearsal is None:
                raise OnlyARunTells(" ".join(before.unread))
            since = server.completed(self._session)
            self.id = identifiers.new_id()
            self._repository.begin(self.id)
            locks.lock(self._session, self._first_locks(before))
            if server.others_completed(self._session, since):
                self._come_after_others()
            if before.large_objects.contents:
                large_objects.lock(self._session)
            self._look_again()
            found = self._footprint()
        if found.oids != before.oids:
            raise SnapshotFailed("The tables changed while they were being locked. Run it again.")
        return found

    def _come_after_others(self) -> None:
        """Take a later id: ids tell in which order statements ran, and some may have overtaken."""
        with contextlib.suppress(Exception):
            self._repository.withdraw(self.id)
        self.id = identifiers.new_id()

    def _first_locks(self, footprint: Footprint) -> Mapping[Relation, str]:
        modes = footprint.lock_modes
        if locks.ACCESS_EXCLUSIVE not in modes.values():
            return modes
        isolation = current_settings(self._session, ["transaction_isolation"])
        self._is_old = isolation["transaction_isolation"] in _FROZEN_VIEW
        # Where a second connection has to read, the last lock comes later.
        return dict.fromkeys(modes, locks.SHARE_ROW_EXCLUSIVE) if self._reads_fresh else modes

    def _look_again(self) -> None:
        """Take in what others have changed of the objects until the locks were there."""
        rehearsal = self._request.rehearsal
        if rehearsal is None or rehearsal.after is None:
            return
        known = rehearsal.before
        completed = known.completed if known is not None else None
        if server.others_completed(self._session, completed, rehearsal.xids):
            self._before = before = read_model(self._session)
            if known is not None:
                # What is new was there for no run so far: the next one tells whether it goes, too.
                before = before.limited_to(known, rehearsal.after)
            objects = difference(
                before, rehearsal.after, keeps_rewritten=self._request.keeps_rewritten
            )
            self._request = replace(self._request, rehearsal=replace(rehearsal, objects=objects))

    def lock_finally(self, found: Footprint) -> None:
        """Take the statement's own lock, where readers had to be let in until now."""
        if not self._reads_fresh:
            return
        try:
            with changed_settings(self._session, self._waiting()):
                locks.lock(self._session, found.lock_modes)
        except Exception as error:
            raise _TooOld from error

    def run(self, found: Footprint) -> Captured:
        state = server.state(self._session)
        settings = self._settings(found)
        with contextlib.ExitStack() as opened:
            fresh = self._opened(opened, settings) if self._reads_fresh else None
            # A function in a WHERE may write: it runs with the statement, not with our reads.
            change_settings(self._session, {**settings, "transaction_read_only": "on"})
            limit = self._request.limits.max_snapshot_bytes
            copier = RowCopier(
                self._session, self._repository, self.id, limit, state.transaction_id
            )
            try:
                saved = copier.copy(found, self._request.rehearsal, fresh)
            except Exception as error:
                if fresh is not None and self._session.sqlstate(error) is not None:
                    raise _TooOld from error
                raise
            contents = copier.copy_large_objects(found.large_objects.contents)
        touched = {*copier.digests, *found.large_objects.definitions}
        large = LargeObjects(describe(self._session, touched, copier.digests), contents)
        consistency = self._request.consistency
        # Of large objects, a second connection sees nothing that isn't committed.
        large_are_old = contents is not None and state.isolation in _FROZEN_VIEW
        if large_are_old or (self._is_old and fresh is None):
            consistency = Consistency.NOT_EXACT
        manifest = build_manifest(
            self._session, self.id, self._request, found, state, saved, consistency, large
        )
        self._repository.save(manifest)
        return Captured(manifest, found, copier.found, self._before)

    @property
    def _reads_fresh(self) -> bool:
        return self._is_old and self._wants_fresh

    def _opened(self, opened: contextlib.ExitStack, settings: Mapping[str, str]) -> FreshRows:
        limit = milliseconds(self._request.limits.lock_timeout)
        try:
            return opened.enter_context(
                fresh_rows(self._session, {**settings, "lock_timeout": limit})
            )
        except Exception as error:
            raise _TooOld from error

    def _footprint(self) -> Footprint:
        request = self._request
        found = trace(
            self._session,
            request.sql,
            request.result,
            request.rehearsal,
            at_once=request.at_once,
            whole=request.whole,
        )
        return redacted(self._session, found, request.redact)

    def _waiting(self) -> dict[str, str]:
        return {
            "lock_timeout": milliseconds(self._request.limits.lock_timeout),
            # While storage makes us wait, the transaction idles on our account.
            "idle_in_transaction_session_timeout": "0",
        }

    def _settings(self, found: Footprint) -> dict[str, str]:
        hidden = any(entry.relation.row_security for entry in found.relations)
        return {
            "row_security": "on" if hidden else "off",
            "statement_timeout": milliseconds(self._request.limits.snapshot_timeout),
            # While an upload ends, the transaction idles on our account.
            "idle_in_transaction_session_timeout": "0",
        }
