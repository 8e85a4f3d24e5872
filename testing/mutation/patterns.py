"""Finds the alternatives of a regular expression, each of which is a rule of its own."""

from __future__ import annotations

import re
from collections.abc import Iterator

# What can't be told by its first character alone: escapes, classes, and how a group begins.
_PIECE = re.compile(
    r"\\."
    r"|\[\^?\]?(?:\\.|[^\]\\])*\]"
    r"|\((?:\?(?:P<\w+>|<?[=!]|[a-z]*:))?"
    r"|[|)]|.",
    re.DOTALL,
)


def without_alternatives(pattern: str) -> Iterator[tuple[str, str]]:
    """Give every alternative of a pattern, with the pattern that is left without it."""
    for start, end, is_last in _alternatives(pattern):
        left = pattern[: start - 1] if is_last else pattern[:start]
        yield pattern[start:end], left + pattern[end if is_last else end + 1 :]


def _alternatives(pattern: str) -> Iterator[tuple[int, int, bool]]:
    """Give where each alternative starts and ends, and whether it is the last of its group."""
    groups: list[list[int]] = [[0]]
    for piece in _PIECE.finditer(f"{pattern})"):
        if piece[0].startswith("("):
            groups.append([piece.end()])
        elif piece[0] == "|":
            groups[-1].append(piece.end())
        elif piece[0] == ")":
            starts = groups.pop()
            ends = [*(start - 1 for start in starts[1:]), piece.start()]
            if len(starts) > 1:
                for start, end in zip(starts, ends):
                    yield start, end, start == starts[-1]
