"""The public function: a text in, the risk of its riskiest part out, whatever the text is."""

from __future__ import annotations

from dataclasses import replace
from functools import lru_cache

from backstop.classifier._comments import moved, without_comments
from backstop.classifier._source import Risk, Source, Verdict
from backstop.classifier.bodies import DESTROYS
from backstop.classifier.judge import judge
from backstop.classifier.reads import ordinary_read
from backstop.classifier.settings import changes_scanning
from backstop.classifier.unreadable import UNREADABLE, unreadable_risk
from backstop.keeping import kept_by_text
from backstop.levels import RiskLevel
from backstop.result import Finding, RiskResult, harmless
from backstop.syntax.lexer import LexError
from backstop.syntax.statements import statements_of

_POSTGRES = frozenset({"postgres", "postgresql"})
_CALLS = frozenset({"unknown-function", "calls-procedure"})


def classify(sql: str | bytes, dialect: str = "postgres") -> RiskResult:
    """Return the risk of a text: that of its riskiest statement, with every finding.

    It is pure, and raises for no text: what can't be read is never SAFE. The text is taken for
    what the server gets, or for a template whose parameters (``%s``, ``%(name)s``, ``$1``,
    ``:name``, ``?``) hold plain values; bytes are read as UTF-8, and what can't be decoded as a
    letter that no keyword has. A dialect other than postgres is read by a general parser alone;
    one that isn't known raises `ConfigurationError`.
    """
    if isinstance(sql, bytes):
        sql = sql.decode("utf-8", "replace")
    elif not isinstance(sql, str):
        raise TypeError(f"sql must be a str or bytes, not {type(sql).__name__}")
    return _by_rules(sql) if dialect in _POSTGRES else _by_parser(sql, dialect)


@lru_cache(maxsize=4096)
def _by_parser(sql: str, dialect: str) -> RiskResult:
    # The parser takes long to import, and PostgreSQL never needs it.
    from backstop.classifier.tree import judge_tree

    return _combine(judge_tree(sql, dialect))


@kept_by_text
def _by_rules(sql: str) -> RiskResult:
    if sql.endswith("*/") or sql.startswith("/*"):
        # Tracing adds a comment that differs each time; the text inside comes again.
        text, start = without_comments(sql)
        result = _inside_comments(text)
        if all(finding.kind != UNREADABLE for finding in result.findings):
            return moved(result, start)
    return _judged(sql)


def _judged(sql: str) -> RiskResult:
    try:
        return ordinary_read(sql) or _combine(verdicts(sql))
    except LexError as error:
        return _combine([_unreadable(sql, error.position or 0, len(sql))])


_inside_comments = kept_by_text(_judged)


def verdicts(sql: str) -> list[Verdict]:
    """Judge each statement of a text by PostgreSQL's rules; raises `LexError`."""
    found: list[Verdict] = []
    for tokens in statements_of(sql):
        found.append(judge(Source(sql, tokens), 0, len(tokens)))
        rest = sql[tokens[-1].end :]
        if changes_scanning(found[-1]) and rest.strip("; \t\r\n\f\v"):
            # Where its strings end is not known any more.
            return [*found, _unreadable(rest, tokens[-1].end, len(sql))]
    return found


def _unreadable(text: str, start: int, end: int) -> Verdict:
    """Return the verdict of a text that can't be read from one position to another."""
    risk: Risk = unreadable_risk(text)
    return Verdict("UNKNOWN", [Finding(risk.kind, risk.level, risk.reason, None, start, end)])


def _combine(statements: list[Verdict]) -> RiskResult:
    """Make one result of the statements' verdicts: the first of the riskiest speaks."""
    if not statements:
        return RiskResult(RiskLevel.SAFE, "", (), "The text holds no statement.")
    if len(statements) > 1:
        _judge_own_calls(statements)
    worst = max(statements, key=lambda verdict: verdict.level)
    findings = tuple([finding for verdict in statements for finding in verdict.findings])
    tables = dict.fromkeys([table for verdict in statements for table in verdict.tables])
    operations = tuple(verdict.operation for verdict in statements)
    if not worst.findings:
        reason = harmless(operations)
    else:
        reason = max(worst.findings, key=lambda finding: finding.level).reason
    return RiskResult(worst.level, worst.operation, tuple(tables), reason, findings, operations)


def _judge_own_calls(statements: list[Verdict]) -> None:
    """Let a call be as risky as a routine that the text makes before it: no catalog has it yet."""
    made: Finding | None = None
    for verdict in statements:
        call = next((finding for finding in verdict.findings if finding.kind in _CALLS), None)
        if made is not None and call is not None:
            reason = f"The text may call what it makes itself. {made.reason}"
            verdict.findings.append(
                replace(call, kind="calls-own-code", level=RiskLevel.CRITICAL, reason=reason)
            )
        made = made or next((one for one in verdict.findings if one.kind == DESTROYS), None)
