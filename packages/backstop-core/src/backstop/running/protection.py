"""Running one statement with its snapshot, in the transaction that it belongs to.

A statement that would commit by itself gets a transaction of ours around snapshot and statement.
One that can't be in a transaction, or that ends one itself, is saved just before, and its snapshot
says so.
"""

from __future__ import annotations

import contextlib
import logging
from dataclasses import replace
from typing import TypeVar

from backstop.assessment import CountJudge, Judge
from backstop.audit import Event
from backstop.errors import BackstopError, SnapshotFailed, describe
from backstop.fates import Fates
from backstop.modes import Action
from backstop.postgres.server import own_xids
from backstop.postgres.transaction.counters import Effect
from backstop.postgres.transaction.released import with_released
from backstop.postgres.transaction.savepoints import READ_ONLY, untouched
from backstop.postgres.transaction.writers import writers_since
from backstop.result import RiskResult
from backstop.running.beforehand import capture_beforehand
from backstop.running.in_transaction import NEEDS_NO_TRANSACTION, Running
from backstop.running.repeating import Execution, Repeating
from backstop.session import Session, TransactionStatus
from backstop.settings import Settings
from backstop.snapshots import leaving
from backstop.snapshots.capture import Captured
from backstop.snapshots.footprint import NothingToSave
from backstop.snapshots.manifest import Consistency, Fate, Outcome, Status, WrittenRows
from backstop.snapshots.repository import Repository
from backstop.snapshots.request import SnapshotRequest
from backstop.statement import Statement
from backstop.syntax.controls import controls
from backstop.syntax.databases import dropped_database
from backstop.syntax.operations import only_adds
from backstop.syntax.traits import leaves_transaction
from backstop.syntax.trials import is_tried_in_part, runs_while_read

Answer = TypeVar("Answer")

_logger = logging.getLogger("backstop.snapshots")

_DATA_EXCEPTION = "22"


class Protection:
    """Snapshots and runs the statements of one connection."""

    def __init__(
        self, session: Session, repository: Repository, fates: Fates, settings: Settings
    ) -> None:
        self._session = session
        self._repository = repository
        self._fates = fates
        self._settings = settings

    def run(self, request: SnapshotRequest, execution: Execution[Answer]) -> Answer:
        """Take the snapshot, run the statement, and record on its event what came of it."""
        status = self._session.status()
        if status is TransactionStatus.FAILED and not controls(request.sql):
            # The server refuses the statement, as it would refuse everything of ours.
            return execution.run()
        in_parts = self._runs_in_parts(request.sql, several=request.in_parts, once=request.once)
        if in_parts or (request.defines and is_tried_in_part(request.sql)):
            return self._run_in_parts(request, execution)
        alone = self._is_alone
        repeating = self._repeating(request, execution, alone=alone)
        try:
            self._begin(repeating)
        except NothingToSave:
            if not request.defines:
                execution.event.action = Action.RUN
                return execution.run()
            # What it takes of definitions is seen when it has run.
            repeating = self._repeating(request, execution, alone=alone)
        except Exception as error:
            self._failed(error, execution.event, was_idle=status is TransactionStatus.IDLE)
            return execution.run()
        return self._finish(repeating, request, execution, alone=alone)

    def watch(self, request: SnapshotRequest, execution: Execution[Answer], judge: Judge) -> Answer:
        """Run the statement, and if it did more than ``judge`` lets pass, do so with a snapshot."""
        if self._session.status() is TransactionStatus.FAILED:
            return execution.run()
        if self._runs_in_parts(request.sql, several=request.in_parts, once=request.once):
            if only_adds(request.result.operations):
                execution.event.action = Action.RUN
                return execution.run()
            return self._run_in_parts(request, execution)
        alone = self._is_alone
        repeating = self._repeating(request, execution, alone=alone, judge=judge)
        return self._finish(repeating, request, execution, alone=alone)

    def count(
        self, request: SnapshotRequest, execution: Execution[Answer], judge: CountJudge
    ) -> Answer:
        """Run a statement that does nothing but what the driver counts, and `run` it if need be."""
        event = execution.event
        event.action = Action.RUN
        if self._session.status() is TransactionStatus.FAILED:
            return execution.run()
        running = Running(self._session, alone=self._is_alone)
        notices = self._session.notices()
        running.begin()
        try:
            answer = execution.run()
            raised = self._judged(judge, execution.rows)
            if raised is None:
                running.keep()
                return answer
        except BaseException:
            running.abandon()
            raise
        running.withdraw()
        self._session.keep_notices(notices)
        event.result, event.action = raised, Action.SNAPSHOT
        return self.run(replace(request, result=raised), execution)

    def _judged(self, judge: CountJudge, rows: int | None) -> RiskResult | None:
        try:
            return judge(rows)
        except Exception:
            return judge(None)

    def can_undo(self, statement: Statement) -> bool:
        """Whether a run of the statement can be taken back, to run it again."""
        in_parts = self._runs_in_parts(
            statement.text, several=statement.sets > 1, once=statement.once
        )
        return not in_parts and not leaves_transaction(statement.text)

    def _runs_in_parts(self, sql: str, *, several: bool, once: bool) -> bool:
        """Whether nothing can be around the text: it commits part by part, or runs for longer."""
        alone = self._is_alone
        in_between = alone and (several or dropped_database(sql) is not None)
        return once or runs_while_read(sql) or bool(controls(sql)) or in_between

    @property
    def _is_alone(self) -> bool:
        return self._session.autocommit and self._session.status() is TransactionStatus.IDLE

    def _repeating(
        self,
        request: SnapshotRequest,
        execution: Execution[Answer],
        *,
        alone: bool,
        judge: Judge | None = None,
    ) -> Repeating[Answer]:
        running = Running(self._session, alone=alone)

        def failed(error: Exception) -> None:
            try:
                self._failed(error, execution.event, was_idle=False)
            except BaseException:
                running.withdraw()
                raise

        return Repeating(
            self._session, self._repository, request, execution, running, failed, judge
        )

    def _begin(self, repeating: Repeating[Answer]) -> None:
        try:
            repeating.begin()
        except BaseException:
            repeating.running.withdraw()
            raise

    def _finish(
        self,
        repeating: Repeating[Answer],
        request: SnapshotRequest,
        execution: Execution[Answer],
        *,
        alone: bool,
    ) -> Answer:
        event = execution.event
        try:
            ran = repeating.run()
        except BaseException as error:
            # Without an answer the server may have committed all the same.
            lost = self._session.status() is TransactionStatus.UNUSABLE
            repeating.running.abandon()
            captured = repeating.captured
            natively = (
                alone
                and repeating.statement_failed
                and self._session.sqlstate(error) in NEEDS_NO_TRANSACTION
            )
            if captured is None:
                if natively:
                    return self._run_in_parts(request, execution)
                raise
            self._tell(event, captured)
            if natively:
                return self._run_natively(captured, execution)
            unknown = lost and alone and not repeating.statement_failed
            self._save_outcome(captured, Outcome(Status.UNKNOWN if unknown else Status.FAILED))
            raise
        if ran.captured is None or ran.outcome is None:
            event.action = Action.RUN if event.snapshot_failure is None else event.action
            return ran.answer
        event.action = Action.SNAPSHOT
        self._tell(event, ran.captured)
        self._record(ran.captured, ran.outcome, event)
        self._fates.add(ran.captured.manifest.id)
        if alone:
            self._fates.end(Fate.COMMITTED)
        return ran.answer

    def _run_in_parts(self, request: SnapshotRequest, execution: Execution[Answer]) -> Answer:
        was_idle = self._session.status() is TransactionStatus.IDLE
        alone = self._is_alone
        consistency = Consistency.BEFORE if alone else request.consistency
        request = replace(request, at_once=True, consistency=consistency)
        try:
            captured = capture_beforehand(
                self._session, self._repository, request, execution.event, alone=alone
            )
        except NothingToSave:
            execution.event.action = Action.RUN
            return execution.run()
        except Exception as error:
            self._failed(error, execution.event, was_idle=was_idle)
            return execution.run()
        self._tell(execution.event, captured)
        # After an error in the middle, what came before it may be committed.
        answer = self._run_or_record(captured, execution, Status.UNKNOWN)
        self._record(captured, self._outcome(captured, execution, None), execution.event)
        self._fates.follow_own(captured.manifest.id, request.sql)
        if alone and self._session.status() is TransactionStatus.IDLE:
            self._fates.end(Fate.COMMITTED)
        return answer

    def _run_natively(self, captured: Captured, execution: Execution[Answer]) -> Answer:
        """Run what can't be in a transaction, after its snapshot."""
        answer = self._run_or_record(captured, execution, Status.UNKNOWN)
        outcome = self._outcome(captured, execution, Consistency.BEFORE)
        self._record(captured, outcome, execution.event)
        self._fates.add(captured.manifest.id)
        self._fates.end(Fate.COMMITTED)
        return answer

    def _run_or_record(
        self, captured: Captured, execution: Execution[Answer], failure: Status
    ) -> Answer:
        try:
            return execution.run()
        except BaseException:
            self._save_outcome(captured, Outcome(failure))
            raise

    def _outcome(
        self, captured: Captured, execution: Execution[Answer], consistency: Consistency | None
    ) -> Outcome:
        """Return the outcome of a statement that nothing could be around."""
        outcome = Outcome(Status.SUCCEEDED, execution.rows, consistency)
        with contextlib.suppress(Exception), untouched(self._session):
            outcome = replace(outcome, written=self._written(captured))
            left = leaving.describe_large_objects(self._session, captured)
            outcome = replace(outcome, left=left)
        return outcome

    def _written(self, captured: Captured) -> tuple[WrittenRows, ...]:
        # Nothing was counted: any relation of the footprint may have been written.
        changed = {
            entry.relation.oid: Effect(
                inserted=int(entry.relation.oid in captured.added_to),
                updated=int(entry.leaves_rows),
                rewritten=True,
            )
            for entry in captured.footprint.relations
        }
        relations = leaving.written_relations(captured, changed)
        xids = with_released(self._session, own_xids(self._session))
        if self._session.autocommit or not xids:
            # It has committed, and its transaction's ids are unknown.
            manifest = captured.manifest
            most = manifest.rows if captured.written is None else captured.written
            xids = writers_since(self._session, relations, manifest.transaction_id, at_most=most)
        if not relations or not xids:
            return tuple(WrittenRows(relation.oid, ()) for relation in relations)
        return leaving.describe_written(self._session, self._repository, captured, changed, xids)

    def _record(self, captured: Captured, outcome: Outcome, event: Event) -> None:
        event.notes += outcome.not_covered
        self._save_outcome(captured, outcome)

    def _tell(self, event: Event, captured: Captured) -> None:
        event.snapshot = captured.manifest.id
        event.snapshot_rows = captured.manifest.rows
        event.snapshot_bytes = captured.manifest.bytes
        event.snapshot_duration = captured.duration
        event.notes += captured.manifest.not_covered

    def _failed(self, error: Exception, event: Event, *, was_idle: bool) -> None:
        if self._session.sqlstate(error) == READ_ONLY:
            # The transaction is read-only, or the server is a replica: it refuses the statement,
            # too, and there is nothing to save.
            event.action = Action.RUN
            return
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

    def _save_outcome(self, captured: Captured, outcome: Outcome) -> None:
        snapshot_id = captured.manifest.id
        try:
            self._repository.save_outcome(snapshot_id, outcome)
        except Exception as error:
            _logger.error(
                "The outcome of snapshot %s (%s) could not be stored: %s",
                snapshot_id,
                outcome.status.value,
                describe(error),
            )


def not_run(result: RiskResult, error: BaseException) -> SnapshotFailed:
    """Return the error for a statement that a failed snapshot stops."""
    return SnapshotFailed(
        f"{result.operation} was not run, because its snapshot failed: "
        f"{describe(error)} (on_snapshot_failure is 'raise')"
    )
