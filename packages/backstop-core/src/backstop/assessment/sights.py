"""What a run has destroyed, as a sentence, for statements whose text doesn't tell.

It is judged by what is there before and after: the counters tell of rows, the catalog of tables,
columns and what was emptied. An entry in the catalog that was written is no sign by itself, as an
index or a comment writes one too.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from backstop.assessment import limits
from backstop.levels import RiskLevel
from backstop.postgres import presence, relations
from backstop.postgres.presence import Presence
from backstop.postgres.rows import counting
from backstop.postgres.transaction.counters import Effects
from backstop.result import Finding, RiskResult
from backstop.session import Session
from backstop.settings import Thresholds
from backstop.statement import Statement


def judge(
    session: Session,
    statement: Statement,
    result: RiskResult,
    before: Mapping[int, Presence],
    effects: Effects,
    thresholds: Thresholds,
) -> RiskResult | None:
    """Return the raised result where a run has destroyed too much; nothing if it hasn't."""
    level, seen = RiskLevel.CRITICAL, _gone(session, before, effects)
    if seen is None:
        tables = {oid: replace(effect, rewritten=False) for oid, effect in effects.tables.items()}
        passed = limits.passed(session, Effects(effects.xids, tables), thresholds)
        if passed is None:
            return None
        level = RiskLevel.IMPACT_CRITICAL
        seen = f"it changes or removes {passed.sentence}"
        if passed.table is not None and passed.table not in seen:
            seen += f" of {passed.table}"
    return raised(statement, result, level, f"{seen}.")


def raised(statement: Statement, result: RiskResult, level: RiskLevel, seen: str) -> RiskResult:
    """Return the result with what was seen when the statement was run and taken back."""
    reason = f"{result.operation} was run and taken back: {seen}"
    return result.with_finding(Finding("rehearsal", level, reason, None, 0, len(statement.text)))


def _gone(session: Session, before: Mapping[int, Presence], effects: Effects) -> str | None:
    after = presence.look(session)
    for oid, then in before.items():
        now = after.get(oid)
        if now is None:
            return f"{then.label} is gone"
        if now.stored != then.stored:
            return f"{then.label} is emptied or rewritten"
        if now.dropped > then.dropped:
            return f"a column of {then.label} is gone"
    emptied = [oid for oid, effect in effects.tables.items() if effect.deleted > 1]
    for relation in relations.describe(session, emptied) if emptied else []:
        if counting.count_up_to(session, f"SELECT FROM {relation.scanned}", 1) == 0:
            return f"every row of {relation.label} is gone"
    return None
