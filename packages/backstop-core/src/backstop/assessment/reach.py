"""How many rows a scoped statement reaches.

A write that changes one row by its key is known by the catalog. Any other is measured: counted
before it runs, only as far as the limits, or looked at after a run that can be taken back. Rows
that foreign keys carry the change on to count as well. An answer may raise a level, never lower
one; a reach that can't be measured counts as passing the limits.
"""

from __future__ import annotations

import math
import re
import time
from collections import OrderedDict
from enum import Enum

from backstop.assessment import limits
from backstop.assessment.limits import Passed
from backstop.assessment.names import Names
from backstop.errors import describe
from backstop.hidden import TRIGGERS
from backstop.levels import RiskLevel
from backstop.postgres import relations
from backstop.postgres.relations import Reference, Relation
from backstop.postgres.transaction.counters import Effect, Effects
from backstop.postgres.transaction.savepoints import undone, untouched
from backstop.result import Finding, RiskResult
from backstop.session import Session
from backstop.settings import Thresholds
from backstop.statement import Statement
from backstop.syntax import traits
from backstop.syntax.changes import Change, RowChange, Unreadable, Upsert, changes
from backstop.syntax.lexer import LexError
from backstop.syntax.pins import pinned_columns

# Catalog knowledge is asked for again after this many seconds: others may change the schema.
_KNOWN_FOR = 60.0
_KNOWN_TEXTS = 512

# The server will refuse the statement as it refused our query: names that don't exist, and such.
_REFUSED_ANYWAY = ("42601", "42703", "42P01", "42883", "42P02", "42804", "3F000", "22P02")

_CHANGES_ROWS = re.compile(r"\b(?:DELETE|UPDATE|MERGE|EXECUTE)\b", re.IGNORECASE)

# Findings of changes of rows, which are measured here.
CHANGES_ROWS = ("delete-", "update-", "insert-", "merge", "truncate")

_ADVICE = {"INSERT": "Send fewer rows at once.", "MERGE": "Narrow the source or the ON."}


class Open(Enum):
    """What tells how far a statement reaches, where the catalog doesn't."""

    NO = "the catalog tells"
    TO_A_COUNT = "the driver's count of its rows"
    TO_A_RUN = "what the server counts while it runs"


class _Kind(Enum):
    """What the catalog tells of a text."""

    ONE_ROW = "one row"
    ROWS_GIVEN = "no more rows than the text gives it, but for triggers"
    COUNTED = "the rows that the driver counts"
    OPEN = "open"
    PROTECTED = "protected"


# The catalog has told that foreign keys don't carry the change on.
_CARRY_NOTHING = (_Kind.ONE_ROW, _Kind.ROWS_GIVEN)


class Reach:
    """Measures the statements of one connection, and remembers what the catalog tells of each."""

    def __init__(self, session: Session, names: Names, thresholds: Thresholds) -> None:
        self._session = session
        self._names = names
        self._thresholds = thresholds
        self._known: OrderedDict[str, tuple[_Kind, str, float]] = OrderedDict()

    def look_up(self, statement: Statement, result: RiskResult) -> tuple[RiskResult, Open]:
        """Return the result with what the catalog tells, and what else would tell its reach.

        Asks the server nothing for a text that it was asked about within the last minute.
        """
        many = statement.sets > self._thresholds.max_rows
        known = self._still_known(statement.text)
        if known is not None and known[0] is _Kind.ONE_ROW:
            # Its tokens needn't be looked at again.
            return result, Open.TO_A_RUN if many else Open.NO
        if known is not None and known[0] is _Kind.COUNTED and statement.sets == 1:
            return result, Open.TO_A_COUNT
        found = _row_changes(statement.text)
        if not found:
            return result, Open.NO
        kind, reason = known or self._ask(statement.text, found, result)
        if kind is _Kind.PROTECTED:
            return _raised(result, Passed(reason), found[0]), Open.NO
        if kind is _Kind.COUNTED and statement.sets == 1:
            return result, Open.TO_A_COUNT
        return result, Open.TO_A_RUN if kind is not _Kind.ONE_ROW or many else Open.NO

    def expires(self, text: str) -> float:
        """Return until when what the catalog told of a text holds; for ever if it wasn't asked."""
        known = self._known.get(text)
        return math.inf if known is None else known[2]

    def count(self, statement: Statement, result: RiskResult) -> RiskResult:
        """Return the result, raised where the statement would reach too far, without running it."""
        known = self._still_known(statement.text)
        if known is not None and known[0] is _Kind.ONE_ROW:
            passed = limits.more_than(statement.sets, self._thresholds)
            found = _row_changes(statement.text)
            return result if passed is None else _raised(result, passed, found[0])
        sql = statement.render()
        found = _row_changes(sql)
        if known is not None and known[0] in _CARRY_NOTHING:
            given = [change.rows for change in found if isinstance(change, Upsert)]
            if len(given) == len(found) and None not in given:
                passed = limits.more_than(sum(rows or 0 for rows in given), self._thresholds)
                return result if passed is None else _raised(result, passed, found[0])
        try:
            with untouched(self._session):
                passed = limits.count(self._session, sql, result, found, self._thresholds)
        except Exception as error:
            if self._session.sqlstate(error) in _REFUSED_ANYWAY:
                return result
            passed = Passed(f"its reach can't be measured: {describe(error)}")
        return result if passed is None else _raised(result, passed, found[0])

    def judge(
        self, statement: Statement, result: RiskResult, effects: Effects | None
    ) -> RiskResult | None:
        """Return the raised result where what a run did passes the limits."""
        if effects is None:
            passed: Passed | None = Passed("its reach can't be measured")
        else:
            passed = limits.passed(self._session, effects, self._thresholds)
        if passed is None:
            return None
        found = _row_changes(statement.text)
        return _raised(result, passed, found[0] if found else None)

    def judge_count(
        self, statement: Statement, result: RiskResult, rows: int | None
    ) -> RiskResult | None:
        """Return the raised result where the driver's count of a run passes the limits."""
        if rows is not None and not limits.may_pass(rows, self._thresholds):
            return None
        (change,) = _row_changes(statement.text)
        if rows is None:
            return _raised(result, Passed("its reach can't be measured"), change)
        with undone(self._session, "backstop_counting"):
            target = self._target(change)
            if target is None:
                return None
            deletes = change.operation == "DELETE"
            effect = Effect(deleted=rows) if deletes else Effect(updated=rows)
            return self.judge(statement, result, Effects(frozenset(), {target.oid: effect}))

    def forget(self) -> None:
        """Look each text up again: the schema may have changed, or what names mean."""
        self._known.clear()

    def _still_known(self, text: str) -> tuple[_Kind, str] | None:
        """Return what the catalog told of a text within the last minute."""
        known = self._known.get(text)
        return known[:2] if known is not None and time.monotonic() < known[2] else None

    def _ask(
        self, text: str, found: list[RowChange | Unreadable], result: RiskResult
    ) -> tuple[_Kind, str]:
        try:
            with untouched(self._session, patient=True):
                kind, reason = self._asked(text, found, result)
        except Exception:
            # Whatever it is, it isn't known to be one row.
            return _Kind.OPEN, ""
        self._known[text] = (kind, reason, time.monotonic() + _KNOWN_FOR)
        self._known.move_to_end(text)
        if len(self._known) > _KNOWN_TEXTS:
            self._known.popitem(last=False)
        return kind, reason

    def _asked(
        self, text: str, found: list[RowChange | Unreadable], result: RiskResult
    ) -> tuple[_Kind, str]:
        targets = [self._target(change) for change in found]
        for change, target in zip(found, targets):
            reason = target and limits.protected(target, change, self._thresholds)
            if reason:
                return _Kind.PROTECTED, reason
        target = targets[0]
        if target is None or not _calls_nothing(result):
            return _Kind.OPEN, ""
        change = found[0]
        may_be_known = _may_be_known(found) and not traits.moves_names(text)
        kind = self._kind_of_one(change, target) if may_be_known else _Kind.OPEN
        if kind is _Kind.OPEN and isinstance(change, RowChange) and len(found) == 1:
            kind = self._kind_of_counted(text, change, target, result)
        return kind, ""

    def _kind_of_one(self, change: RowChange | Unreadable, target: Relation) -> _Kind:
        if isinstance(change, Upsert):
            return self._kind_of_upsert(change, target)
        if not isinstance(change, RowChange):
            return _Kind.OPEN
        pins = pinned_columns(change.where or "")
        if not any(pins.issuperset(pin) for pin in target.pins):
            return _Kind.OPEN
        carried = self._carries(target, change.operation, traits.assigned_columns(change))
        return _Kind.ONE_ROW if self._acts_alone(target) and not carried else _Kind.OPEN

    def _kind_of_upsert(self, change: Upsert, target: Relation) -> _Kind:
        if target.kind not in ("r", "p"):
            return _Kind.OPEN
        if self._carries(target, "UPDATE", traits.moved_columns(change)):
            return _Kind.OPEN
        # A value that conflicts may be written in another way, as 1.0 for 1.00.
        carried = self._carries(target, "UPDATE", traits.assigned_columns(change))
        is_one = change.rows == 1 and self._acts_alone(target) and not carried
        return _Kind.ONE_ROW if is_one else _Kind.ROWS_GIVEN

    def _kind_of_counted(
        self, text: str, change: RowChange, target: Relation, result: RiskResult
    ) -> _Kind:
        if not _is_all_of(text, change, result) or target.kind not in ("r", "p"):
            return _Kind.OPEN
        carried = self._carries(target, change.operation, traits.assigned_columns(change))
        return _Kind.COUNTED if self._acts_alone(target) and not carried else _Kind.OPEN

    def _acts_alone(self, target: Relation) -> bool:
        """Whether a change of the table is known to have no effects but its own."""
        return not target.has_rules and self._names.are_harmless(target.triggers)

    def _carries(self, target: Relation, effect: str, assigned: list[str]) -> bool:
        return limits.carries(self._session, target, effect, assigned)

    def _target(self, change: Change) -> Relation | None:
        name = change.table if isinstance(change, (RowChange, Unreadable)) else None
        if name is None:
            return None
        oids = relations.resolve(self._session, [Reference(name)])
        found = relations.describe(self._session, list(oids.values())) if oids else []
        return found[0] if found else None


def _row_changes(sql: str) -> list[RowChange | Unreadable]:
    if _CHANGES_ROWS.search(sql) is None:
        # Most writes are INSERTs, whose tokens can be many.
        return []
    try:
        return [change for change in changes(sql) if isinstance(change, (RowChange, Unreadable))]
    except LexError:
        return []


def _may_be_known(found: list[RowChange | Unreadable]) -> bool:
    """Whether the text leaves it to the catalog how far its one change reaches."""
    change = found[0]
    if len(found) > 1 or not isinstance(change, (RowChange, Upsert)) or change.with_writes:
        return False
    if isinstance(change, Upsert):
        return change.rows is not None
    return (
        change.where is not None
        and change.from_clause is None
        and bool(pinned_columns(change.where))
    )


def _calls_nothing(result: RiskResult) -> bool:
    """Whether nothing in the text may have effects but its changes of rows, and their triggers."""
    return all(
        finding.level <= RiskLevel.LOW or finding.kind.startswith((*CHANGES_ROWS, *TRIGGERS))
        for finding in result.findings
    )


def _is_all_of(text: str, change: RowChange, result: RiskResult) -> bool:
    """Whether the text is one DELETE or UPDATE, so that the driver's count is of its rows."""
    return (
        change.operation in ("DELETE", "UPDATE")
        and result.operations == (change.operation,)
        and not change.with_writes
        and not text[change.end :].strip(" \t\r\n;")
    )


def _raised(
    result: RiskResult, passed: Passed, change: RowChange | Unreadable | None
) -> RiskResult:
    if change is None:
        what, table = result.operation, passed.table
        advice = "Look at what it calls, and send that part by part."
    else:
        what, table = f"{change.operation} on {change.table}", passed.table or change.table
        advice = _ADVICE.get(change.operation, "Narrow the WHERE.")
    finding = Finding(
        kind="reach",
        level=RiskLevel.IMPACT_CRITICAL,
        reason=f"{what} is IMPACT_CRITICAL: {passed.sentence}. {advice}",
        table=table,
        start=change.start if change is not None else 0,
        end=change.end if change is not None else 0,
    )
    return result.with_finding(finding)
