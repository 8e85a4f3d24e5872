"""What a classification says: plain values that cross every module border."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from backstop.levels import AT_RISK, RiskLevel


@dataclass(frozen=True)
class Finding:
    """One part of a statement that carries a risk.

    ``kind`` is a stable key such as ``delete-without-where``; ``start`` and ``end`` are the
    part's position in the text (character offsets, end exclusive).
    """

    kind: str
    level: RiskLevel
    reason: str
    table: str | None = None
    start: int = 0
    end: int = 0


@dataclass(frozen=True)
class RiskResult:
    """The risk of one text: the level of its riskiest part, and every part that was found.

    ``operation`` is the leading command of the riskiest statement in upper case (``DELETE``,
    ``DROP TABLE``); ``tables`` are the tables it names, as written, without repeats.
    ``operations`` are the leading commands of all its statements, in order.
    """

    level: RiskLevel
    operation: str
    tables: tuple[str, ...]
    reason: str
    findings: tuple[Finding, ...] = ()
    operations: tuple[str, ...] = ()

    def with_finding(self, finding: Finding) -> RiskResult:
        """Return it with one more finding, which speaks for the whole if it is as risky."""
        findings = (*self.findings, finding)
        if finding.level < self.level:
            return replace(self, findings=findings)
        return replace(self, level=finding.level, reason=finding.reason, findings=findings)

    @property
    def requires_snapshot(self) -> bool:
        """Whether mode "protect" saves a before-image at its default threshold."""
        return self.level >= AT_RISK


def harmless(operations: Sequence[str]) -> str:
    """Return the reason of a text whose statements change nothing."""
    several = len(operations) > 1
    return "No statement changes anything." if several else f"{operations[0]} changes nothing."
