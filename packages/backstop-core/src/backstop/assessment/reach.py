"""How many rows a scoped statement reaches.

Reach is counted, never estimated, and only as far as the limits. An answer may raise a level,
never lower one; a reach that can't be measured counts as passing the limits.
"""

from __future__ import annotations

import re
import time
from collections import OrderedDict
from dataclasses import dataclass
from fnmatch import fnmatchcase

from backstop.errors import describe
from backstop.levels import RiskLevel
from backstop.postgres import counting, references, relations
from backstop.postgres.relations import Reference, Relation
from backstop.postgres.transactions import untouched
from backstop.result import Finding, RiskResult
from backstop.session import Session
from backstop.settings import Thresholds
from backstop.snapshots.finders import finder, view_finder
from backstop.statement import Statement
from backstop.syntax.changes import RowChange, changes
from backstop.syntax.lexer import LexError
from backstop.syntax.pins import pinned_columns

# Catalog knowledge is asked for again after this many seconds: others may change the schema.
_KNOWN_FOR = 60.0
_KNOWN_TEXTS = 512

# A table of fewer rows has no fraction worth speaking of.
_SMALL_TABLE = 100

# The server will refuse the statement as it refused our query: names that don't exist, and such.
_REFUSED_ANYWAY = ("42601", "42703", "42P01", "42883", "42P02", "42804", "3F000", "22P02")


_CHANGES_ROWS = re.compile(r"\b(?:DELETE|UPDATE)\b", re.IGNORECASE)


@dataclass(frozen=True)
class _Passed:
    sentence: str
    change: RowChange


class Reach:
    """Measures the statements of one connection, and remembers those of one row."""

    def __init__(self, session: Session, thresholds: Thresholds) -> None:
        self._session = session
        self._thresholds = thresholds
        self._harmless: OrderedDict[str, float] = OrderedDict()

    def measure(self, statement: Statement, result: RiskResult) -> RiskResult:
        """Return the result, raised to IMPACT_CRITICAL where the statement reaches too far.

        Asks the server nothing for a text that is known to change one row by its key.
        """
        few = statement.sets <= self._thresholds.max_rows
        if few and self._is_known(statement.text):
            return result
        found = self._row_changes(statement.text)
        if not found:
            return result
        try:
            with untouched(self._session):
                if few and self._change_one_row(found):
                    self._remember(statement.text)
                    return result
                passed = self._passed_limit(self._row_changes(statement.render()))
        except Exception as error:
            if self._session.sqlstate(error) in _REFUSED_ANYWAY:
                return result
            passed = _Passed(f"its reach can't be measured: {describe(error)}", found[0])
        return result if passed is None else _raised(result, passed)

    def forget(self) -> None:
        """Look each text up again: the schema may have changed, or what names mean."""
        self._harmless.clear()

    def _row_changes(self, sql: str) -> list[RowChange]:
        if _CHANGES_ROWS.search(sql) is None:
            # Most writes are INSERTs, whose tokens can be many.
            return []
        try:
            return [change for change in changes(sql) if isinstance(change, RowChange)]
        except LexError:
            return []

    def _change_one_row(self, found: list[RowChange]) -> bool:
        return len(found) == 1 and all(self._changes_one_row(change) for change in found)

    def _changes_one_row(self, change: RowChange) -> bool:
        if change.where is None or change.from_clause is not None or change.with_writes:
            return False
        pins = pinned_columns(change.where)
        target = self._targets(change) if pins else []
        return (
            len(target) == 1
            and bool(target[0].key)
            and pins.issuperset(target[0].key)
            and not self._is_protected(target[0])
            and not references.referrers(self._session, [target[0].oid])
        )

    def _passed_limit(self, found: list[RowChange]) -> _Passed | None:
        total = 0
        for change in found:
            target = next(iter(self._targets(change)), None)
            if target is None or change.where is None:
                # It doesn't exist, so the server refuses it; or it was judged by its text.
                continue
            if self._is_protected(target):
                return _Passed(f"{target.label} is a protected table", change)
            if change.with_writes:
                return _Passed("its reach can't be measured before it runs", change)
            rows = 1 if change.current_of is not None else self._count(change, target)
            total += rows
            if total > self._thresholds.max_rows:
                limit = self._thresholds.max_rows
                return _Passed(f"more than {limit:,} rows (max_rows is {limit:,})", change)
            of = self._passed_fraction(change, rows)
            if of is not None:
                fraction = self._thresholds.max_fraction
                return _Passed(f"{rows:,} of {of:,} rows (max_fraction is {fraction:g})", change)
        return None

    def _count(self, change: RowChange, target: Relation) -> int:
        find = finder if target.kind in ("r", "p") else view_finder
        query = find(change, target.sql)
        return counting.count_up_to(self._session, query, self._thresholds.max_rows + 1)

    def _passed_fraction(self, change: RowChange, rows: int) -> int | None:
        """Return the table's rows where those reached are more than the fraction of them."""
        # Above this many rows in the table, these are not more than the fraction.
        enough = int(rows / self._thresholds.max_fraction) + 1
        if enough <= _SMALL_TABLE:
            return None
        only = "ONLY " if change.only else ""
        there = counting.count_up_to(
            self._session, f"SELECT FROM {only}{change.table}", max(enough, _SMALL_TABLE + 1)
        )
        passed = there > _SMALL_TABLE and rows > there * self._thresholds.max_fraction
        return there if passed else None

    def _targets(self, change: RowChange) -> list[Relation]:
        reference = Reference(change.table, change.only)
        oids = relations.resolve(self._session, [reference])
        return relations.describe(self._session, list(oids.values())) if oids else []

    def _is_protected(self, relation: Relation) -> bool:
        return any(
            fnmatchcase(relation.label, pattern) or fnmatchcase(relation.name, pattern)
            for pattern in self._thresholds.protected_tables
        )

    def _is_known(self, text: str) -> bool:
        until = self._harmless.get(text)
        return until is not None and time.monotonic() < until

    def _remember(self, text: str) -> None:
        self._harmless[text] = time.monotonic() + _KNOWN_FOR
        self._harmless.move_to_end(text)
        if len(self._harmless) > _KNOWN_TEXTS:
            self._harmless.popitem(last=False)


def _raised(result: RiskResult, passed: _Passed) -> RiskResult:
    change = passed.change
    reason = (
        f"{change.operation} on {change.table} is IMPACT_CRITICAL: {passed.sentence}. "
        "Narrow the WHERE."
    )
    finding = Finding(
        kind="reach",
        level=RiskLevel.IMPACT_CRITICAL,
        reason=reason,
        table=change.table,
        start=change.start,
        end=change.end,
    )
    return result.with_finding(finding)
