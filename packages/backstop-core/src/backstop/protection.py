"""Running one statement with its snapshot, in the transaction that it belongs to.

A statement that would commit by itself gets a transaction of ours around snapshot and statement.
One that can't be in a transaction is saved just before, and its snapshot says so.
"""

from __future__ import annotations

import contextlib
import logging
from collections.abc import Mapping
from dataclasses import replace
from typing import Callable, TypeVar

from backstop.audit import Event
from backstop.errors import BackstopError, SnapshotFailed, describe
from backstop.fates import Fates
from backstop.modes import Action
from backstop.postgres import counters
from backstop.postgres.counters import Touched
from backstop.postgres.transactions import undone
from backstop.postgres.written import last_command
from backstop.result import RiskResult
from backstop.session import Session, TransactionStatus
from backstop.settings import Settings
from backstop.snapshots.capture import Captured, SnapshotRequest, capture
from backstop.snapshots.footprint import NothingToSave
from backstop.snapshots.manifest import Consistency, Fate, Outcome, Status, WrittenRows
from backstop.snapshots.repository import Repository
from backstop.syntax.controls import controls

Answer = TypeVar("Answer")

_logger = logging.getLogger("backstop.snapshots")

# "cannot run inside a transaction block": the server refused it before any effect.
_ACTIVE_TRANSACTION = "25001"


class Protection:
    """Snapshots and runs the statements of one connection."""

    def __init__(
        self, session: Session, repository: Repository, fates: Fates, settings: Settings
    ) -> None:
        self._session = session
        self._repository = repository
        self._fates = fates
        self._settings = settings

    def run(
        self,
        request: SnapshotRequest,
        event: Event,
        run: Callable[[], Answer],
        rowcount: Callable[[], int | None],
    ) -> Answer:
        """Take the snapshot, run the statement, and record on ``event`` what came of it."""
        status = self._session.status()
        own_controls = controls(request.sql)
        if status is TransactionStatus.FAILED and not own_controls:
            # The server refuses the statement, as it would refuse everything of ours.
            return run()
        alone = self._session.autocommit and status is TransactionStatus.IDLE
        # What commits in between, part by part, must not find a transaction of ours around it.
        in_parts = bool(own_controls) or (alone and request.in_parts)
        if alone and in_parts:
            request = replace(request, consistency=Consistency.BEFORE)
        try:
            captured = self._capture(request, alone=alone)
        except NothingToSave:
            event.action = Action.RUN
            return run()
        except Exception as error:
            self._failed(error, event, was_idle=status is TransactionStatus.IDLE)
            return run()
        event.snapshot = captured.manifest.id
        event.snapshot_rows = captured.manifest.rows
        event.snapshot_bytes = captured.manifest.bytes
        event.notes += captured.manifest.not_covered
        if alone and not in_parts:
            return self._run_in_own_transaction(captured, event, run, rowcount)
        if alone:
            self._session.execute("COMMIT")
        # After an error in the middle, what came before it may be committed.
        failure = Status.UNKNOWN if in_parts else Status.FAILED
        answer = self._run_recorded(captured, event, run, rowcount, failure)
        self._fates.add(captured.manifest.id)
        self._fates.follow(own_controls, snapshots=1)
        if alone and self._session.status() is TransactionStatus.IDLE:
            self._fates.end(Fate.COMMITTED)
        return answer

    def _capture(self, request: SnapshotRequest, *, alone: bool) -> Captured:
        if self._session.status() is TransactionStatus.FAILED:
            raise SnapshotFailed("The transaction is aborted, so nothing can be read in it.")
        if not alone:
            return capture(self._session, self._repository, request)
        self._session.execute("BEGIN")
        try:
            return capture(self._session, self._repository, request)
        except BaseException:
            self._roll_back()
            raise

    def _failed(self, error: Exception, event: Event, *, was_idle: bool) -> None:
        event.snapshot_failure = error
        lost = self._session.status() is TransactionStatus.UNUSABLE
        if lost and not isinstance(error, BackstopError):
            # The driver tells this once: the statement's own attempt would say "already closed".
            raise error
        if not self._settings.raise_on_snapshot_failure:
            return
        if was_idle and self._session.status() is TransactionStatus.IN_TRANSACTION:
            self._session.rollback()
        raise not_run(event.result, error) from error

    def _run_in_own_transaction(
        self,
        captured: Captured,
        event: Event,
        run: Callable[[], Answer],
        rowcount: Callable[[], int | None],
    ) -> Answer:
        snapshot_id = captured.manifest.id
        try:
            answer = run()
        except BaseException as error:
            self._roll_back()
            if self._session.sqlstate(error) == _ACTIVE_TRANSACTION:
                return self._run_natively(captured, run, rowcount)
            self._save_outcome(snapshot_id, Outcome(Status.FAILED))
            raise
        outcome = self._outcome(captured, event, rowcount())
        try:
            self._session.execute("COMMIT")
        except BaseException:
            # Without an answer the server may have committed all the same.
            lost = self._session.status() is TransactionStatus.UNUSABLE
            self._roll_back()
            self._save_outcome(snapshot_id, Outcome(Status.UNKNOWN if lost else Status.FAILED))
            raise
        self._save_outcome(snapshot_id, outcome)
        self._fates.add(snapshot_id)
        self._fates.end(Fate.COMMITTED)
        return answer

    def _run_natively(
        self,
        captured: Captured,
        run: Callable[[], Answer],
        rowcount: Callable[[], int | None],
    ) -> Answer:
        snapshot_id = captured.manifest.id
        answer = self._run_or_record(snapshot_id, run, Status.UNKNOWN)
        outcome = Outcome(Status.SUCCEEDED, _count(rowcount()), Consistency.BEFORE)
        self._save_outcome(snapshot_id, outcome)
        self._fates.add(snapshot_id)
        self._fates.end(Fate.COMMITTED)
        return answer

    def _run_recorded(
        self,
        captured: Captured,
        event: Event,
        run: Callable[[], Answer],
        rowcount: Callable[[], int | None],
        failure: Status,
    ) -> Answer:
        answer = self._run_or_record(captured.manifest.id, run, failure)
        self._save_outcome(captured.manifest.id, self._outcome(captured, event, rowcount()))
        return answer

    def _run_or_record(
        self, snapshot_id: str, run: Callable[[], Answer], failure: Status
    ) -> Answer:
        try:
            return run()
        except BaseException:
            self._save_outcome(snapshot_id, Outcome(failure))
            raise

    def _outcome(self, captured: Captured, event: Event, touched: int | None) -> Outcome:
        written: tuple[WrittenRows, ...] = ()
        missed: list[str] = []
        try:
            if self._session.status() is TransactionStatus.IN_TRANSACTION:
                with undone(self._session, "backstop_outcome"):
                    written = self._written(captured)
                    missed = _missed(captured, counters.touched_rows(self._session))
        except Exception as error:
            missed = [f"It isn't known what the statement touched: {describe(error)}."]
        event.notes += missed
        return Outcome(Status.SUCCEEDED, _count(touched), None, written, tuple(missed))

    def _written(self, captured: Captured) -> tuple[WrittenRows, ...]:
        written = []
        for entry in captured.footprint.relations:
            if "UPDATE" in entry.operations and entry.relation.holds_rows:
                xids, command = last_command(
                    self._session, entry.relation, captured.samples.get(entry.relation)
                )
                written.append(WrittenRows(entry.relation.oid, tuple(xids), command))
        return tuple(written)

    def _save_outcome(self, snapshot_id: str, outcome: Outcome) -> None:
        try:
            self._repository.save_outcome(snapshot_id, outcome)
        except Exception as error:
            _logger.error(
                "The outcome of snapshot %s (%s) could not be stored: %s",
                snapshot_id,
                outcome.status.value,
                describe(error),
            )

    def _roll_back(self) -> None:
        # After a lost connection there is nothing left to roll back.
        with contextlib.suppress(Exception):
            if self._session.status() is not TransactionStatus.IDLE:
                self._session.execute("ROLLBACK")


def not_run(result: RiskResult, error: BaseException) -> SnapshotFailed:
    """Return the error for a statement that a failed snapshot stops."""
    return SnapshotFailed(
        f"{result.operation} was not run, because its snapshot failed: "
        f"{describe(error)} (on_snapshot_failure is 'raise')"
    )


def _count(rowcount: int | None) -> int | None:
    return rowcount if rowcount is not None and rowcount >= 0 else None


def _missed(captured: Captured, now: Mapping[int, Touched]) -> list[str]:
    saved = {table.oid: table for table in captured.manifest.tables}
    sentences = []
    for oid, touched in counters.since(captured.touched, now).items():
        table = saved.get(oid)
        if table is None:
            sentences.append(
                f"{touched.rows:,} rows of {touched.label} were changed by triggers or "
                "functions and are not saved."
            )
        elif not table.whole and touched.rows > table.rows:
            sentences.append(
                f"{touched.rows:,} rows of {touched.label} were changed, but only "
                f"{table.rows:,} were saved."
            )
    return sentences
