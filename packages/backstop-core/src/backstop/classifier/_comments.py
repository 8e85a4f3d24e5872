"""Takes tracing comments off a text, so that one result serves all texts that differ in them.

Tools such as sqlcommenter end, or begin, every statement with a comment of its own. What only looks
like a comment must never be lost: in ``SELECT '/*'; DELETE FROM t --*/`` a DELETE would be.
"""

from __future__ import annotations

import re
from dataclasses import replace

from backstop.result import RiskResult

_LEADING = re.compile(r"/\*[^*/]*\*/")
# A slash before the end would open a comment inside of it.
_TRAILING = re.compile(r"/\*(?:[^*\n\r]*[^*\n\r/])?\*/\Z")


def without_comments(sql: str) -> tuple[str, int]:
    """Return the text without a comment at either end, and the position where it starts.

    The end is certainly a comment only if what is returned can be read: it then leaves no quote
    open, at most a line comment, which what was cut off cannot end.
    """
    leading = _LEADING.match(sql)
    start = leading.end() if leading else 0
    trailing = _TRAILING.search(sql, start)
    end = trailing.start() if trailing else len(sql)
    return sql[start:end], start


def moved(result: RiskResult, by: int) -> RiskResult:
    """Return the result with its findings further on in the text."""
    if not by or not result.findings:
        return result
    findings = (
        replace(finding, start=finding.start + by, end=finding.end + by)
        for finding in result.findings
    )
    return replace(result, findings=tuple(findings))
