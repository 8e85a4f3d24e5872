"""What was judged of texts, as long as it holds: most statements come again and again."""

from __future__ import annotations

import math
from typing import NamedTuple

from backstop.levels import RiskLevel
from backstop.statement import takes_values

_MOST_TEXTS = 2048
# Longer texts hardly ever come twice, and would fill the memory.
_LONGEST_TEXT = 20_000


class Judged(NamedTuple):
    """What was judged of one text.

    It holds until ``expires``, by the monotonic clock, and for whatever plain values are merged
    into it, if it ``takes_values``.
    """

    level: RiskLevel
    expires: float
    takes_values: bool


class Settled:
    """The texts of which nothing is left to ask or to do; ``texts`` is there to be looked up."""

    def __init__(self) -> None:
        self.texts: dict[str, Judged] = {}

    def add(self, text: str, level: RiskLevel, expires: float = math.inf) -> None:
        """Remember a text, unless it is long."""
        if len(text) > _LONGEST_TEXT:
            return
        if len(self.texts) >= _MOST_TEXTS:
            self.texts.clear()
        self.texts[text] = Judged(level, expires, takes_values(text))

    def forget(self) -> None:
        """Judge every text again."""
        self.texts.clear()
