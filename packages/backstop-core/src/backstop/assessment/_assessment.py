"""The assess stage: the text's result, with what the database knows of it.

Names come first, as they may settle the level; rows are counted only where it is open.
"""

from __future__ import annotations

import logging
import re
from dataclasses import replace
from enum import Enum
from typing import Callable, Optional

from backstop import hidden
from backstop.assessment.meanings import NotRead
from backstop.assessment.names import Names
from backstop.assessment.prepared import EXECUTES, PREPARES, NotPrepared, Prepared
from backstop.assessment.reach import CHANGES_ROWS, Open, Reach
from backstop.classifier import classify
from backstop.classifier.definitions import ADDITION
from backstop.classifier.unreadable import unreadable_risk
from backstop.errors import describe
from backstop.levels import AT_RISK, RiskLevel
from backstop.postgres.transaction.counters import Effects
from backstop.postgres.transaction.savepoints import untouched
from backstop.result import Finding, RiskResult
from backstop.session import Session, TransactionStatus
from backstop.settings import Thresholds
from backstop.settled import Settled
from backstop.statement import Statement

_logger = logging.getLogger("backstop.assessment")

_READABLE = (TransactionStatus.IDLE, TransactionStatus.IN_TRANSACTION)
_EXECUTE = re.compile(r"\bEXECUTE\b", re.IGNORECASE)
_ENDS = frozenset({"COMMIT", "ROLLBACK", "ROLLBACK TO SAVEPOINT", "PREPARE TRANSACTION"})
# What takes no snapshot of the database: a question of ours before it would take one too early
# for a transaction that is REPEATABLE READ or about to be.
_TAKES_NO_SNAPSHOT = _ENDS | {
    *("BEGIN", "SAVEPOINT", "RELEASE SAVEPOINT", "COMMIT PREPARED", "ROLLBACK PREPARED"),
    *("SET", "RESET", "SHOW", "LOCK", "LISTEN", "UNLISTEN", "NOTIFY"),
    *("FETCH", "MOVE", "CLOSE", "CHECKPOINT", "DISCARD", "DEALLOCATE"),
}
_CHANGES_NAMES = ("CREATE", "SET", "RESET", "DISCARD")
# The same, where the leading command doesn't tell: SELECT … INTO, and code that was read.
_FINDS_NEW_NAMES = frozenset({"creates-table", hidden.MOVES})
# What triggers do to the catalog is found out with what others do to it.
_CHANGES_NO_NAMES = (*CHANGES_ROWS, *hidden.TRIGGERS)


Judge = Callable[[Optional[Effects]], Optional[RiskResult]]
CountJudge = Callable[[Optional[int]], Optional[RiskResult]]


class Measure(Enum):
    """How the reach of a statement is measured, where the catalog leaves it open."""

    NOTHING = "nothing"
    BY_COUNTING = "by counting"
    BY_RUNNING = "by running"


class Assessment:
    """Assesses the statements of one connection.

    ``triggers_from`` is the lowest level at which what triggers and rules do counts; ``settled``
    is told of the texts that leave nothing to ask or to do.
    """

    def __init__(
        self,
        session: Session,
        thresholds: Thresholds,
        triggers_from: RiskLevel = RiskLevel.CRITICAL,
        settled: Settled | None = None,
    ) -> None:
        self._session = session
        self._names = Names(session, triggers_from)
        self._prepared = Prepared(session)
        self._reach = Reach(session, self._names, thresholds)
        self._settled = settled
        self._changed = False
        self._opened = False

    def assess(
        self,
        statement: Statement,
        result: RiskResult,
        measure: Measure,
        can_undo: Callable[[], bool] = lambda: True,
    ) -> tuple[RiskResult, Open]:
        """Return the result with what the catalog adds, and what else would tell its reach.

        A level is lowered only where the catalog proves a function free of effects. ``can_undo``
        tells whether a run could be taken back, and is asked only where a run would tell.
        """
        text = statement.text
        self._opened = False
        is_open = Open.NO
        executes = _executes(result)
        if "\\" in text and not self._session.standard_strings:
            # What its names are isn't known any more, either.
            result = _misread(text, result)
        elif not _TAKES_NO_SNAPSHOT.issuperset(result.operations):
            was_idle = self._session.status() is TransactionStatus.IDLE
            result = self._look_up(text, result)
            limited = RiskLevel.SAFE < result.level < AT_RISK
            if measure is not Measure.NOTHING and limited and self._can_read:
                counts = measure is Measure.BY_COUNTING
                result, is_open = self._measure(statement, result, can_undo, counts=counts)
            self._opened = was_idle and self._session.status() is not TransactionStatus.IDLE
            if not _TAKES_NO_SNAPSHOT.isdisjoint(result.operations):
                # SET TRANSACTION, in a text of several statements, must come first as well.
                self.withdraw()
        if not self._note(text, result) and is_open is Open.NO and not executes:
            self._settle(text, result, measure)
        return result, is_open

    def _settle(self, text: str, result: RiskResult, measure: Measure) -> None:
        """Remember a text about which nothing was counted, and that the next one isn't either."""
        needs_no_count = measure is Measure.BY_RUNNING or result.level is RiskLevel.SAFE
        if result.level > RiskLevel.LOW or measure is Measure.NOTHING or not needs_no_count:
            return
        if "\\" in text or not _TAKES_NO_SNAPSHOT.isdisjoint(result.operations):
            return
        known = self._names.known(text, result)
        if known is None or self._settled is None:
            return
        expires = min(self._names.expires, self._reach.expires(text))
        self._settled.add(text, result.level, expires)
        self._settled.add_alike(text, known, expires)

    def _unseen(self, result: RiskResult) -> Open:
        """Return whether only a run tells what the statement takes: it may be more than rows."""
        comes_first = not _TAKES_NO_SNAPSHOT.isdisjoint(result.operations)
        if not _does_more(result) or (comes_first and not self._session.autocommit):
            return Open.NO
        return Open.TO_A_RUN

    def judge(self, statement: Statement, result: RiskResult) -> Judge:
        """Return what tells from a run of the statement whether it reached too far."""
        return lambda effects: self._reach.judge(statement, result, effects)

    def judge_count(self, statement: Statement, result: RiskResult) -> CountJudge:
        """Return what tells by the driver's count of a run whether it reached too far."""
        return lambda rows: self._reach.judge_count(statement, result, rows)

    def transaction_ended(self) -> None:
        """Forget what may have been undone."""
        if self._changed:
            self._changed = False
            self._forget()

    def settings_discarded(self) -> None:
        """Forget what names stood for under the session's settings."""
        self._forget()

    def withdraw(self) -> None:
        """End the transaction that only questions of ours have begun, if there is one."""
        if self._opened and self._session.status() is TransactionStatus.IN_TRANSACTION:
            self._session.rollback()
        self._opened = False

    @property
    def _can_read(self) -> bool:
        return self._session.status() in _READABLE

    def _measure(
        self,
        statement: Statement,
        result: RiskResult,
        can_undo: Callable[[], bool],
        *,
        counts: bool,
    ) -> tuple[RiskResult, Open]:
        if counts and _EXECUTE.search(statement.text):
            result = self._with_executed(statement, result)
        found, is_open = self._reach.look_up(statement, result)
        if is_open is not Open.TO_A_RUN and not counts and hidden.leads_on(found):
            return found, Open.TO_A_RUN if can_undo() else is_open
        if is_open is Open.NO and not counts and found.level is RiskLevel.HIGH:
            return found, self._unseen(found)
        if is_open is Open.NO or not (counts or not can_undo()):
            return found, is_open
        return self._reach.count(statement, found), Open.NO

    def _with_executed(self, statement: Statement, result: RiskResult) -> RiskResult:
        """Return the result with the reach of what a text executes, counted as if it stood there.

        A name that nothing is prepared under adds nothing: the server will refuse it.
        """
        try:
            with untouched(self._session, patient=True):
                sql = self._prepared.inlined(statement.render())
        except NotPrepared:
            return result
        except Exception as error:
            told = f"The reach of what EXECUTE runs can't be measured: {describe(error)}."
            finding = Finding("reach", RiskLevel.IMPACT_CRITICAL, told)
            return result.with_finding(replace(finding, end=len(statement.text)))
        plain, inner = Statement(sql, lambda: sql), classify(sql)
        found, is_open = self._reach.look_up(plain, inner)
        if is_open is not Open.NO:
            found = self._reach.count(plain, inner)
        for finding in found.findings[len(inner.findings) :]:
            result = result.with_finding(replace(finding, start=0, end=len(statement.text)))
        return result

    def _look_up(self, text: str, result: RiskResult) -> RiskResult:
        if result.level >= AT_RISK:
            return result
        executes = _executes(result)
        known = self._names.known(text, result)
        if known is not None and not executes:
            return known
        if not self._can_read:
            return result
        try:
            if executes:
                return self._explain(text, result)
            with untouched(self._session, patient=True):
                return self._names.ask(text, result)
        except Exception as error:
            _logger.warning(
                "What the names of a statement stand for was not looked up: %s", describe(error)
            )
            return result

    def _explain(self, text: str, result: RiskResult) -> RiskResult:
        """Return the result of a text with an EXECUTE, with what that runs."""
        if self._prepared.knows(text, result):
            try:
                return self._prepared.explain(text, self._known(text, result), self._known)
            except NotRead:
                pass
        with untouched(self._session, patient=True):
            return self._prepared.explain(text, self._asked(text, result), self._asked)

    def _known(self, text: str, result: RiskResult) -> RiskResult:
        if result.level >= AT_RISK:
            return result
        known = self._names.known(text, result)
        if known is None:
            raise NotRead
        return known

    def _asked(self, text: str, result: RiskResult) -> RiskResult:
        if result.level >= AT_RISK:
            return result
        return self._names.known(text, result) or self._names.ask(text, result)

    def _note(self, text: str, result: RiskResult) -> bool:
        """Take in what the statement may change of the catalog, or of what names mean, if any."""
        ends = not _ENDS.isdisjoint(result.operations)
        if ends:
            self.transaction_ended()
        if _changes_catalog(result) or "set_config" in text.lower():
            self._changed = True
            self._forget()
            return True
        prepares = not PREPARES.isdisjoint(result.operations)
        if prepares:
            self._prepared.forget()
        return ends or prepares

    def _forget(self) -> None:
        if self._settled is not None:
            self._settled.forget()
        self._names.forget()
        self._reach.forget()
        self._prepared.forget()


def _executes(result: RiskResult) -> bool:
    """Whether a text runs what was prepared under a name, which may come to stand for another."""
    return any(finding.kind == EXECUTES for finding in result.findings)


def _changes_catalog(result: RiskResult) -> bool:
    return any(
        finding.kind in _FINDS_NEW_NAMES
        or (finding.level > RiskLevel.LOW and not finding.kind.startswith(_CHANGES_NO_NAMES))
        for finding in result.findings
    ) or any(operation.startswith(_CHANGES_NAMES) for operation in result.operations)


def _does_more(result: RiskResult) -> bool:
    """Whether a HIGH finding is neither a change of rows, measured by itself, nor an addition."""
    return any(
        finding.level is RiskLevel.HIGH and not finding.kind.startswith((*CHANGES_ROWS, ADDITION))
        for finding in result.findings
    )


def _misread(text: str, result: RiskResult) -> RiskResult:
    """Return the result of a text whose strings may not end where they seem to."""
    risk = unreadable_risk(text)
    reason = f"standard_conforming_strings is off, and the text holds a backslash. {risk.reason}"
    return result.with_finding(Finding(risk.kind, risk.level, reason, None, 0, len(text)))
