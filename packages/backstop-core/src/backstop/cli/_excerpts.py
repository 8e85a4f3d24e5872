"""Shows the part of a text that a finding is about: where it stands, and what, underlined."""

from __future__ import annotations

from bisect import bisect_right
from typing import NamedTuple

from rich.cells import cell_len
from rich.console import Console
from rich.text import Text

from backstop.cli._console import level_text, shown
from backstop.levels import RiskLevel
from backstop.result import Finding

_LINES = 5
_EXCERPT = 100
_MARGIN = 30


class Place(NamedTuple):
    """A place in a text as editors count: lines and characters, both from 1."""

    line: int
    column: int


class Lines:
    """One text by its lines."""

    def __init__(self, text: str) -> None:
        self._text = text
        # Where each line starts, and where the last one ends. Not splitlines: an editor ends no
        # line at a form feed.
        self._starts = [0]
        at = text.find("\n")
        while at >= 0:
            self._starts.append(at + 1)
            at = text.find("\n", at + 1)
        self._starts.append(len(text))

    def place(self, offset: int) -> Place:
        """Return the place of an offset."""
        line = bisect_right(self._starts, offset, hi=len(self._starts) - 1)
        return Place(line, offset - self._starts[line - 1] + 1)

    def print_excerpt(self, console: Console, finding: Finding) -> None:
        """Print the first lines that a finding is about, each with its part underlined."""
        printed = 0
        for number in range(self.place(finding.start).line, len(self._starts)):
            position = self._starts[number - 1]
            if position >= finding.end:
                return
            line = self._text[position : self._starts[number]]
            start, end = max(finding.start - position, 0), min(finding.end - position, len(line))
            if not line[start:end].strip():
                continue
            if printed == _LINES:
                console.print("  …")
                return
            printed += 1
            start += len(line[start:end]) - len(line[start:end].lstrip())
            _print_line(console, line, start, end, finding.level)


def _print_line(console: Console, line: str, start: int, end: int, level: RiskLevel) -> None:
    line = line.replace("\t", " ")
    # Only what is near the part: a line of a thousand values would hide it.
    first = max(start - _MARGIN, 0)
    last = min(max(end, start + 1) + _MARGIN, first + _EXCERPT)
    before, part, after = line[first:start], line[start : min(end, last)], line[end:last]
    stripped = part.rstrip()
    before = ("… " if first else "") + shown(before)
    marked = shown(stripped)
    following = shown(part[len(stripped) :].rstrip("\r\n") + after.rstrip())
    rest = " …" if line[last:].strip() else ""
    style = level_text(level).style
    console.print(
        Text.assemble("  ", before, (marked, style), following.rstrip(), rest), soft_wrap=True
    )
    console.print(
        Text.assemble("  ", " " * cell_len(before), ("^" * max(1, cell_len(marked)), style)),
        soft_wrap=True,
    )
