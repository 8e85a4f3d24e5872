"""The way of one statement: classify, decide, snapshot, run, record.

Adapters intercept and hand over; everything that happens to a statement happens here. A failed
snapshot never breaks the statement or its transaction, unless the user asked for that.
"""

from __future__ import annotations

import threading
from time import perf_counter
from typing import Callable, TypeVar

from backstop import audit
from backstop.audit import Event
from backstop.classifier import classify
from backstop.context import current
from backstop.drivers import session_for
from backstop.fates import Fates
from backstop.modes import Action, blocked, decide
from backstop.protection import Protection
from backstop.result import RiskResult
from backstop.session import Session, TransactionStatus
from backstop.settings import Settings
from backstop.snapshots.capture import SnapshotRequest
from backstop.snapshots.manifest import Fate
from backstop.snapshots.repository import Repository
from backstop.statement import Statement
from backstop.syntax.controls import controls
from backstop.syntax.masking import mask_literals

Answer = TypeVar("Answer")


class Guard:
    """Settings at work; one guard serves any number of connections."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.repository = Repository(settings.storage)

    def on(self, connection: object) -> GuardedSession:
        """Return a guarded session of a driver's connection; the adapter keeps one for each.

        Raises UnsupportedConnection for a connection of a driver that isn't supported.
        """
        return GuardedSession(self, session_for(connection))


class GuardedSession:
    """One connection under guard. Threads that share the connection take turns."""

    def __init__(self, guard: Guard, session: Session) -> None:
        self._settings = guard.settings
        self._session = session
        self._fates = Fates(guard.repository)
        self._protection = Protection(session, guard.repository, self._fates, guard.settings)
        self._turn = threading.RLock()

    def execute(
        self,
        statement: Statement,
        run: Callable[[], Answer],
        rowcount: Callable[[], int | None] = lambda: None,
    ) -> Answer:
        """Run one statement under guard and return what ``run`` returns.

        ``run`` is the adapter's own call. It takes effect exactly once, or not at all when the
        statement is blocked; what it raises passes through unchanged. ``rowcount`` gives the
        driver's count afterwards. Raises StatementBlocked in mode "block", and SnapshotFailed
        where a failed snapshot shall stop its statement.
        """
        started = perf_counter()
        result = classify(statement.text)
        context = current()
        settings = self._settings
        action = decide(
            settings.mode, result.level, settings.snapshot_at, allowed=context.allowed is not None
        )
        event = None
        if action is not Action.RUN or audit.is_wanted(settings.mode, result.level):
            event = Event(result, settings.mode, settings.actor, context, action)
        try:
            with self._turn:
                return self._take(action, statement, result, event, run, rowcount)
        except BaseException as error:
            if event is not None:
                event.error = error
            raise
        finally:
            if event is not None:
                event.duration = perf_counter() - started
                audit.record(event)

    def finish(self, run: Callable[[], Answer], *, committed: bool) -> Answer:
        """End the transaction by the driver's own call; a failed commit counts as a rollback."""
        with self._turn:
            if not self._fates.is_pending:
                return run()
            # A commit of a failed transaction is a rollback, and raises nothing.
            undone = not committed or self._session.status() is TransactionStatus.FAILED
            try:
                answer = run()
            except BaseException:
                self._fates.end(Fate.ROLLED_BACK if undone else Fate.UNKNOWN)
                raise
            self._fates.end(Fate.ROLLED_BACK if undone else Fate.COMMITTED)
            return answer

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
        if action is Action.BLOCK:
            raise blocked(result)
        if action is Action.SNAPSHOT and event is not None:
            return self._protection.run(
                self._request(statement, result, event), event, run, rowcount
            )
        answer = run()
        if self._fates.is_pending:
            self._fates.follow(controls(statement.text))
        return answer

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
        )
