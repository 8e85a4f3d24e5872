"""Puts together what the SQL of a script does, and what psql's own commands in it do."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace

import backstop
from backstop.classifier._source import Risk
from backstop.classifier.unreadable import unreadable_risk
from backstop.cli.psql.commands import command_findings
from backstop.cli.psql.reading import Script, read_script
from backstop.cli.psql.variables import Variables
from backstop.levels import RiskLevel
from backstop.result import Finding, RiskResult


def classify_script(text: str) -> RiskResult:
    """Return the risk of a script: that of its riskiest statement or command, with every finding.

    A text without commands of psql's and without rows after COPY is what it is for
    `backstop.classify`.
    """
    script = read_script(text)
    unread = unreadable_risk(text)
    found = [*_sql(script)]
    for command in script.commands:
        found.append(_result(f"\\{command.name}", command_findings(command, unread)))
    found.append(_result("COPY", _unclear_rows(script, unread)))
    return _combine(found)


def _sql(script: Script) -> Iterator[RiskResult]:
    """Classify the SQL in the pieces that psql sends, each with its place in the whole."""
    variables = Variables(script.commands)
    start = 0
    for end in (*script.sent_at, len(script.sql)):
        piece = variables.fill(script.sql[start:end], start)
        result = backstop.classify(piece.text)
        yield replace(result, findings=tuple(map(piece.placed, result.findings)))
        yield _result("UNKNOWN", piece.findings)
        start = end


def _unclear_rows(script: Script, unread: Risk) -> Iterator[Finding]:
    """Find each COPY whose rows, if they follow, could not be told from SQL."""
    for span in script.unclear_rows:
        reason = (
            "Rows of this COPY can't be told from SQL. Write it on lines of its own, outside of "
            "\\if, and end its rows with a line that is \\. alone."
        )
        yield Finding(unread.kind, unread.level, reason, None, span.start, span.end)


def _result(operation: str, findings: Iterable[Finding]) -> RiskResult:
    found = tuple(findings)
    tables = tuple(dict.fromkeys(finding.table for finding in found if finding.table))
    if not found:
        return RiskResult(RiskLevel.SAFE, "", tables, f"{operation} changes nothing.")
    worst = max(found, key=lambda finding: finding.level.rank)
    return RiskResult(worst.level, operation, tables, worst.reason, found)


def _combine(results: list[RiskResult]) -> RiskResult:
    """Make one result of all: the first of the riskiest speaks, a statement before a command."""
    worst = max(results, key=lambda result: (result.level.rank, result.operation != ""))
    findings = [finding for result in results for finding in result.findings]
    tables = dict.fromkeys(table for result in results for table in result.tables)
    return replace(
        worst,
        tables=tuple(tables),
        findings=tuple(sorted(findings, key=lambda finding: finding.start)),
    )
