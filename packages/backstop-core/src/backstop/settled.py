"""What was judged of texts, as long as it holds: most statements come again and again."""

from __future__ import annotations

import math
from typing import Callable, NamedTuple

from backstop.classifier.reads import ordinary_read, shape_of
from backstop.levels import RiskLevel
from backstop.result import RiskResult
from backstop.statement import takes_values

_MOST_TEXTS = 2_048
# Long texts are batches of rows: a few come again at once, and many would fill the memory.
_LONG, _MOST_LONG, _LONGEST = 20_000, 16, 200_000


class Judged(NamedTuple):
    """What was judged of one text: how loud its event would be, as one of ``logging``'s levels.

    It holds until ``expires``, by the monotonic clock, and for whatever plain values are merged
    into it, if it ``takes_values``.
    """

    severity: int
    expires: float
    takes_values: bool


class Settled:
    """The texts of which nothing is left to ask or to do.

    ``texts`` is there to be looked up; ``shapes`` are those of reads, judged alike whatever plain
    literals they hold.
    """

    def __init__(self, severity: Callable[[RiskLevel], int]) -> None:
        self._severity = severity
        self.texts: dict[str, Judged] = {}
        self.shapes: dict[str, Judged] = {}
        self._long = 0

    def add(self, text: str, level: RiskLevel, expires: float = math.inf) -> None:
        """Remember a text, unless it is very long; none are kept when these are too many."""
        if len(text) > _LONGEST:
            return
        is_long = len(text) > _LONG
        if len(self.texts) >= _MOST_TEXTS or (is_long and self._long >= _MOST_LONG):
            self.forget()
        self._long += is_long and text not in self.texts
        self.texts[text] = Judged(self._severity(level), expires, takes_values(text))

    def add_alike(self, text: str, result: RiskResult, expires: float = math.inf) -> None:
        """Remember a text for all of its shape, if it is an ordinary read and nothing was added."""
        shape = shape_of(text)
        # The very result: what a look at the catalog has said depends on more than the shape.
        if shape is None or ordinary_read(text) is not result:
            return
        if len(self.shapes) >= _MOST_TEXTS:
            self.forget()
        loudness = self._severity(result.level)
        self.shapes[shape] = Judged(loudness, expires, takes_values=True)

    def alike(self, text: str) -> Judged | None:
        """Return what was judged of the shape of a text that no values are merged into."""
        shape = shape_of(text)
        return None if shape is None else self.shapes.get(shape)

    def forget(self) -> None:
        """Judge every text again."""
        self.texts.clear()
        self.shapes.clear()
        self._long = 0
