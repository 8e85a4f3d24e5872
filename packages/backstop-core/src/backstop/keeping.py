"""Keeping answers by text: applications send the same texts again and again."""

from __future__ import annotations

from functools import lru_cache
from typing import Callable, TypeVar

Answer = TypeVar("Answer")

# Long texts are batches of rows: a few come again at once, and many would fill the memory.
_SHORT, _SHORT_KEPT = 20_000, 4_096
_LONG, _LONG_KEPT = 200_000, 16


def kept_by_text(function: Callable[[str], Answer]) -> Callable[[str], Answer]:
    """Return the function, which depends on its text alone, with a memory for its answers."""
    short = lru_cache(_SHORT_KEPT)(function)
    long = lru_cache(_LONG_KEPT)(function)

    def kept(text: str) -> Answer:
        length = len(text)
        if length <= _SHORT:
            return short(text)
        return long(text) if length <= _LONG else function(text)

    return kept
