"""Puts the values of psql's variables where psql puts them: a variable may hold any SQL.

A bare ``:name`` that the script doesn't set is left as it is: it counts as a parameter. One whose
text nobody knows is found, and so is never taken for a plain value.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterable
from dataclasses import replace

from backstop.cli.psql.commands import Command
from backstop.levels import RiskLevel
from backstop.result import Finding
from backstop.syntax.lexer import LexError, TokenKind, tokenize

# A value that psql takes as it is written: without escapes, and without variables in it.
_VALUE = re.compile(r"(?P<plain>[\w.+*/=<>(),;-]*)|'(?P<quoted>(?:[^'\\:]|'')*)'")
_FILLS = frozenset({"getenv", "gset", "prompt", "set"})
_QUOTED = re.compile(r":['\"]")
_REFERENCE = re.compile(r""":(?:(?P<text>\w+)|'(?P<value>\w+)'|"(?P<name>\w+)")""")
# A token may hold many values of a list, and quotes among them.
_COLON = re.compile(r"[eE]'(?:[^'\\]|\\.|'')*'|'[^']*'|::|:=|(?P<colon>:)", re.DOTALL)


class Variables:
    """What the variables hold, on one way through a script from its beginning to its end."""

    def __init__(self, commands: Iterable[Command]) -> None:
        self._commands = [command for command in commands if command.name in _FILLS][::-1]
        self._used = bool(self._commands)
        self._texts: dict[str, str | None] = {}
        # What a query gives names to its columns: any variable may be one of them.
        self._any_filled = False

    def fill(self, sql: str, start: int) -> Filled:
        """Return a piece of the script's SQL, which begins at ``start``, as psql sends it."""
        filled = Filled(sql, start)
        if not self._used and not _QUOTED.search(sql):
            return filled
        for at, in_array in _references(sql):
            self._follow(start + at)
            self._put(filled, at, in_array=in_array)
        return filled

    def _follow(self, position: int) -> None:
        """Note what commands before a position do to the variables."""
        while self._commands and self._commands[-1].start < position:
            command = self._commands.pop()
            words = command.arguments.split()
            if command.name == "gset":
                self._any_filled = True
                self._texts.clear()
            elif command.name == "set" and words:
                value = _VALUE.fullmatch(command.arguments.strip()[len(words[0]) :].strip())
                known = value is not None and not command.conditional
                self._texts[words[0]] = _text(value) if known and value else None
            elif command.name in ("getenv", "prompt") and words:
                self._texts[words[0 if command.name == "getenv" else -1]] = None

    def _put(self, filled: Filled, at: int, *, in_array: bool) -> None:
        found = _REFERENCE.match(filled.sql, at)
        if found is None:
            return
        name = found[found.lastgroup or 0]
        unknown = self._any_filled and name not in self._texts
        text = self._texts.get(name)
        if found["text"]:
            if text is not None:
                filled.put(found.start(), found.end(), text)
            elif name in self._texts or unknown:
                filled.warn(name, found.start(), found.end())
        elif text is not None:
            mark = "'" if found["value"] else '"'
            doubled = text.replace(mark, 2 * mark)
            filled.put(found.start(), found.end(), f"{mark}{doubled}{mark}")
        elif not in_array:
            # Whatever it holds is quoted by psql: only the colon is not SQL.
            filled.put(found.start(), found.start() + 1, " ")


def _references(sql: str) -> list[tuple[int, bool]]:
    """Return where variables may stand, outside of quotes, and whether in an array's brackets."""
    try:
        tokens = tokenize(sql)
    except LexError:
        # It is unreadable whatever is put in, but for the words in that.
        return [(found.start(), False) for found in _REFERENCE.finditer(sql)]
    places: list[tuple[int, bool]] = []
    brackets = 0
    for token in tokens:
        brackets += {"[": 1, "]": -1}.get(token.upper, 0)
        if token.kind in (TokenKind.STRING, TokenKind.QUOTED) or ":" not in token.text:
            continue
        for found in _COLON.finditer(token.text):
            if found["colon"]:
                places.append((token.start + found.start(), brackets > 0))
    return places


def _text(value: re.Match[str]) -> str:
    return value["plain"] if value["plain"] is not None else value["quoted"].replace("''", "'")


class Filled:
    """One piece of a script's SQL, and what was put into it."""

    def __init__(self, sql: str, start: int) -> None:
        self.sql = sql
        self.start = start
        self.findings: list[Finding] = []
        self._parts: list[str] = []
        # Where each part begins in what is sent, and where that stands in the script.
        self._sent, self._written = [0], [0]

    @property
    def text(self) -> str:
        """The piece as psql sends it."""
        return "".join([*self._parts, self.sql[self._written[-1] :]])

    def put(self, start: int, end: int, text: str) -> None:
        """Put a text in the place of what stands between two offsets."""
        before = self.sql[self._written[-1] : start]
        self._parts += [before, text]
        at = self._sent[-1] + len(before)
        self._sent += [at, at + len(text)]
        self._written += [start, end]

    def warn(self, name: str, start: int, end: int) -> None:
        """Note a variable whose text is not known."""
        reason = (
            f"The psql variable :{name} may hold any SQL: it is set while the script runs. "
            f"Write :'{name}' to have it taken as a value."
        )
        start, end = self.start + start, self.start + end
        found = Finding("psql-variable", RiskLevel.CRITICAL, reason, None, start, end)
        self.findings.append(found)

    def placed(self, finding: Finding) -> Finding:
        """Return a finding in what is sent at its place in the script."""
        start, end = self._place(finding.start), self._place(finding.end)
        return replace(finding, start=self.start + start, end=self.start + max(start, end))

    def _place(self, offset: int) -> int:
        index = bisect_right(self._sent, offset) - 1
        place = self._written[index] + offset - self._sent[index]
        following = self._written[index + 1 : index + 2]
        return min([place, *following])
