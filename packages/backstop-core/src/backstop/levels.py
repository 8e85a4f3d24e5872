"""The risk levels and the modes: two ordered vocabularies that everything else speaks."""

from __future__ import annotations

from enum import Enum


class RiskLevel(str, Enum):
    """How much a statement can destroy; ordered, with values equal to the names."""

    SAFE = "SAFE"
    LOW = "LOW"
    HIGH = "HIGH"
    IMPACT_CRITICAL = "IMPACT_CRITICAL"
    CRITICAL = "CRITICAL"

    rank: int
    """The level's place in the order, 0 for SAFE."""

    def __init__(self, _: str) -> None:
        # The members defined before this one. Set once: levels are compared for every statement.
        self.rank = len(type(self).__members__)

    # str's own comparisons are alphabetical, so all four are replaced.
    def __lt__(self, other: object) -> bool:
        return self.rank < other.rank if isinstance(other, RiskLevel) else NotImplemented

    def __le__(self, other: object) -> bool:
        return self.rank <= other.rank if isinstance(other, RiskLevel) else NotImplemented

    def __gt__(self, other: object) -> bool:
        return self.rank > other.rank if isinstance(other, RiskLevel) else NotImplemented

    def __ge__(self, other: object) -> bool:
        return self.rank >= other.rank if isinstance(other, RiskLevel) else NotImplemented

    def __str__(self) -> str:
        return str.__str__(self)


# From this level on a statement is snapshotted, or refused.
AT_RISK = RiskLevel.IMPACT_CRITICAL


class Mode(str, Enum):
    """What Backstop does with a statement that is at risk."""

    PROTECT = "protect"
    MONITOR = "monitor"
    BLOCK = "block"

    def __str__(self) -> str:
        return self.value
