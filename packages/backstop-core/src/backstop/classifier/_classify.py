"""The public function: a text in, the risk of its riskiest part out, whatever the text is."""

from __future__ import annotations

from functools import lru_cache

from backstop.classifier._source import Risk, Source, Verdict
from backstop.classifier.judge import judge
from backstop.classifier.settings import changes_scanning
from backstop.classifier.unreadable import unreadable_risk
from backstop.levels import RiskLevel
from backstop.result import Finding, RiskResult
from backstop.syntax.lexer import LexError, tokenize
from backstop.syntax.statements import split_tokens

_POSTGRES = frozenset({"postgres", "postgresql"})
# Longer texts (inserts of a thousand rows) hardly ever come twice, and would fill the memory.
_LONGEST_KEPT = 20_000


def classify(sql: str, dialect: str = "postgres") -> RiskResult:
    """Return the risk of a text: that of its riskiest statement, with every finding.

    It is pure, and raises for no text: what can't be read is never SAFE. The text is taken for
    what the server gets, or for a template whose parameters (``%s``, ``%(name)s``, ``$1``,
    ``:name``, ``?``) hold plain values. A dialect other than postgres is read by a general parser
    alone; one that isn't known raises `ConfigurationError`.
    """
    if not isinstance(sql, str):
        raise TypeError(f"sql must be a str, not {type(sql).__name__}")
    if len(sql) > _LONGEST_KEPT:
        return _classify(sql, dialect)
    return _kept(sql, dialect)


def _classify(sql: str, dialect: str) -> RiskResult:
    if dialect not in _POSTGRES:
        # The parser takes long to import, and PostgreSQL never needs it.
        from backstop.classifier.tree import judge_tree

        return _combine(judge_tree(sql, dialect))
    try:
        return _combine(verdicts(sql))
    except LexError:
        return _combine([_unreadable(sql)])


_kept = lru_cache(maxsize=4096)(_classify)


def verdicts(sql: str) -> list[Verdict]:
    """Judge each statement of a text by PostgreSQL's rules; raises `LexError`."""
    found: list[Verdict] = []
    for statement in split_tokens(tokenize(sql)):
        source = Source(sql, list(statement))
        found.append(judge(source, 0, len(statement)))
        rest = sql[statement[-1].end :]
        if changes_scanning(found[-1]) and rest.strip("; \t\r\n\f\v"):
            # Where its strings end is not known any more.
            return [*found, _unreadable(sql, statement[-1].end)]
    return found


def _unreadable(sql: str, start: int = 0) -> Verdict:
    risk: Risk = unreadable_risk(sql[start:])
    finding = Finding(risk.kind, risk.level, risk.reason, None, start, len(sql))
    return Verdict("UNKNOWN", [finding])


def _combine(statements: list[Verdict]) -> RiskResult:
    """Make one result of the statements' verdicts: the first of the riskiest speaks."""
    if not statements:
        return RiskResult(RiskLevel.SAFE, "", (), "The text holds no statement.")
    worst = max(statements, key=lambda verdict: verdict.level.rank)
    findings = tuple(finding for verdict in statements for finding in verdict.findings)
    tables = dict.fromkeys(table for verdict in statements for table in verdict.tables)
    if not worst.findings:
        reason = f"{worst.operation} changes nothing."
    else:
        reason = max(worst.findings, key=lambda finding: finding.level.rank).reason
    return RiskResult(worst.level, worst.operation, tuple(tables), reason, findings)
