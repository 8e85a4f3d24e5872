"""The guard of a connection: what a statement's way needs of a session, a snapshot and a look.

A failed snapshot never breaks the statement or its transaction, unless the user asked for that.
"""

from __future__ import annotations

import threading
from typing import Callable, TypeVar

from backstop.assessment import Assessment, Measure, Open
from backstop.audit import Event
from backstop.drivers import session_for
from backstop.errors import ConfigurationError, StatementBlocked
from backstop.fates import Fates
from backstop.guarded import Guarded, GuardedText, settled_in
from backstop.hidden import hidden
from backstop.levels import AT_RISK, Mode
from backstop.modes import Action, blocked, refused_by_look, triggers_from
from backstop.result import RiskResult
from backstop.running.protection import Protection
from backstop.running.rehearsing import CannotRehearse, rehearse
from backstop.running.repeating import Execution
from backstop.session import Session, TransactionStatus
from backstop.settings import Settings
from backstop.snapshots.manifest import Fate
from backstop.snapshots.repository import Repository
from backstop.snapshots.request import SnapshotRequest
from backstop.statement import Statement
from backstop.syntax.masking import mask_literals
from backstop.syntax.operations import defines, only_changes_rows, only_defines
from backstop.syntax.traits import leaves_transaction

Answer = TypeVar("Answer")


class Guard:
    """Settings at work; one guard serves any number of connections."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.repository = Repository(settings.storage, recipients=settings.recipients)
        self.settled = settled_in(settings.mode)

    def on(self, connection: object) -> GuardedSession:
        """Return a guarded session of a driver's connection; the adapter keeps one for each.

        Raises UnsupportedConnection for a connection of a driver that isn't supported.
        """
        return GuardedSession(self, session_for(connection))

    def require_same(self, settings: Settings) -> None:
        """Raise ConfigurationError where a connection has a guard of other settings already."""
        if settings != self.settings:
            raise ConfigurationError(
                "conn is guarded already, with other settings. Let it be opened without a guard, "
                "or guard it with the same settings."
            )

    def by_text(self, system: str, driver: str) -> GuardedText:
        """Return the guard of a database that Backstop can't ask or save anything of.

        ``system`` and ``driver`` are what the framework calls them. One serves all connections
        and threads. Raises ConfigurationError in mode "protect", which needs to save.
        """
        return GuardedText(self.settings, system, driver)


class GuardedSession(Guarded):
    """One connection under guard. Threads that share the connection take turns."""

    def __init__(self, guard: Guard, session: Session) -> None:
        settings = guard.settings
        fates = Fates(guard.repository)
        # What is judged by the text alone is the same on every connection.
        by_text = settings.mode is Mode.MONITOR
        settled = guard.settled if by_text else settled_in(settings.mode)
        super().__init__(settings, "postgresql", settled, fates.pending)
        self._session = session
        self._fates = fates
        self._assessment = Assessment(
            session, settings.thresholds, triggers_from(settings.mode), settled
        )
        self._protection = Protection(session, guard.repository, fates, settings)
        self.turn = threading.RLock()
        """Held while a statement is on its way; whoever lets one pass holds it meanwhile."""

    @property
    def is_pending(self) -> bool:
        """Whether the open transaction has a snapshot, whose fate its end will tell."""
        return self._fates.is_pending

    def finish(self, run: Callable[[], Answer], *, committed: bool) -> Answer:
        """End the transaction by the driver's own call; a failed commit counts as a rollback."""
        with self.turn:
            self._assessment.transaction_ended()
            if not self._pending:
                return run()
            self._forget_what_ended_unseen()
            # A commit of a failed transaction is a rollback, and raises nothing.
            undone = not committed or self._session.status() is TransactionStatus.FAILED
            try:
                answer = run()
            except BaseException as error:
                # A commit that the server refuses, as for a deferred key, has ended in a rollback.
                idle = self._session.status() is TransactionStatus.IDLE
                refused = isinstance(error, Exception) and idle
                self._fates.end(Fate.ROLLED_BACK if undone or refused else Fate.UNKNOWN)
                raise
            self._fates.end(Fate.ROLLED_BACK if undone else Fate.COMMITTED)
            return answer

    def discard(self, run: Callable[[], Answer]) -> Answer:
        """Reset by the driver's own call: it rolls back, and discards what the session has set."""
        try:
            return self.finish(run, committed=False)
        finally:
            # What a name stands for is another's from here on, as with another search_path.
            self._assessment.settings_discarded()

    def enter(self) -> None:
        """Take in that the driver begins a transaction with the next statement."""
        self._session.in_block = True

    def leave(self, run: Callable[[], Answer], *, committed: bool) -> Answer:
        """End what was entered, and its transaction, by the driver's own call."""
        try:
            return self.finish(run, committed=committed)
        finally:
            self._session.in_block = False

    def forget(self) -> None:
        """Leave the fates of what is pending unknown: the transaction goes on elsewhere."""
        self._fates.end(Fate.UNKNOWN)

    def _take(
        self,
        action: Action,
        statement: Statement,
        result: RiskResult,
        event: Event | None,
        run: Callable[[], Answer],
        rowcount: Callable[[], int | None],
    ) -> Answer:
        with self.turn:
            self._forget_what_ended_unseen()
            if action is Action.BLOCK:
                self._assessment.withdraw()
                raise blocked(result)
            if action is Action.REHEARSE and event is not None:
                return self._rehearse(statement, result, event, run)
            if action is Action.SNAPSHOT and event is not None:
                request = self._request(statement, result, event)
                execution = Execution(run, rowcount, event)
                return self._run(lambda: self._protection.run(request, execution))
            if action is Action.WATCH and event is not None:
                request = self._request(statement, result, event)
                execution = Execution(run, rowcount, event)
                judge = self._assessment.judge(statement, result)
                return self._run(lambda: self._protection.watch(request, execution, judge))
            if action is Action.COUNT and event is not None:
                request = self._request(statement, result, event)
                execution = Execution(run, rowcount, event)
                count_judge = self._assessment.judge_count(statement, result)
                return self._run(lambda: self._protection.count(request, execution, count_judge))
            failed = self._fates.is_pending and self._session.status() is TransactionStatus.FAILED
            try:
                answer = self._run(run)
            except Exception:
                if self._fates.is_pending and self._session.status() is TransactionStatus.IDLE:
                    # It was a COMMIT that the server refused.
                    self._fates.end(Fate.ROLLED_BACK)
                raise
            if self._fates.is_pending:
                self._fates.follow(statement.text, failed=failed)
            return answer

    def _can_rehearse(self, statement: Statement) -> bool:
        failed = self._session.status() is TransactionStatus.FAILED
        return not failed and self._protection.can_undo(statement)

    def _rehearse(
        self, statement: Statement, result: RiskResult, event: Event, run: Callable[[], Answer]
    ) -> Answer:
        def refusal(raised: RiskResult) -> StatementBlocked:
            event.result, event.action = raised, Action.BLOCK
            self._assessment.withdraw()
            return refused_by_look(raised)

        event.action = Action.RUN
        try:
            return self._run(
                lambda: rehearse(
                    self._session, statement, result, run, self._settings.thresholds, refusal
                )
            )
        except CannotRehearse:
            if self._settings.refuse_opaque and hidden(result).opaque is not None:
                event.action = Action.BLOCK
                raise blocked(result) from None
            return self._run(run)

    def _run(self, run: Callable[[], Answer]) -> Answer:
        try:
            return run()
        except Exception as error:
            if self._session.sqlstate(error) is None:
                # It was not sent, so it would have begun no transaction.
                self._assessment.withdraw()
            lost = self._session.lost()
            if lost is not None:
                # Without a guard it would have been this statement that met the error.
                raise lost from None
            raise

    def _assess(self, statement: Statement, result: RiskResult) -> tuple[RiskResult, Open]:
        settings = self._settings
        if settings.mode is Mode.MONITOR:
            return result, Open.NO
        if settings.mode is Mode.PROTECT and result.level >= settings.snapshot_at:
            measure = Measure.NOTHING
        elif settings.mode is Mode.PROTECT:
            measure = Measure.BY_RUNNING
        else:
            measure = Measure.BY_COUNTING
        with self.turn:
            self._forget_what_ended_unseen()
            return self._assessment.assess(
                statement, result, measure, lambda: self._protection.can_undo(statement)
            )

    def _forget_what_ended_unseen(self) -> None:
        # Somebody ended the transaction on the driver's own connection: how, nobody told us.
        if self._fates.is_pending and self._session.status() is TransactionStatus.IDLE:
            self.forget()

    def _request(self, statement: Statement, result: RiskResult, event: Event) -> SnapshotRequest:
        return SnapshotRequest(
            sql=statement.render(),
            shown=mask_literals(statement.text),
            result=result,
            actor=event.context.actor or self._settings.actor,
            mode=self._settings.mode.value,
            context=event.context.attributes,
            allowed=event.context.allowed,
            limits=self._settings.limits,
            in_parts=statement.sets > 1,
            once=statement.once,
            at_once=leaves_transaction(statement.text),
            defines=defines(result.operations),
            keeps_rewritten=only_defines(result.operations) and result.level < AT_RISK,
            only_rows=only_changes_rows(result.operations),
            redact=self._settings.redact,
        )
