"""What a classification says: plain values that cross every module border."""

from __future__ import annotations

from dataclasses import dataclass

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

    @property
    def requires_snapshot(self) -> bool:
        """Whether mode "protect" saves a before-image at its default threshold."""
        return self.level >= AT_RISK
