"""Finds the parts of a statement that run by themselves: its main command and those in WITH.

A statement may wrap another (EXPLAIN, PREPARE, COPY, DECLARE, CREATE TABLE AS); `unwrap` says
which, `find_parts` then lists what runs inside. A writing part must never be missed, so a bracket
that opens with a writing command counts as one wherever it stands.
"""

from __future__ import annotations

from typing import NamedTuple

from backstop.syntax.lexer import Token, TokenKind
from backstop.syntax.structure import WithList, read_name, read_with, upper_at, words_at

WRITES = frozenset({"DELETE", "UPDATE", "INSERT", "MERGE"})
READS = frozenset({"SELECT", "VALUES", "TABLE"})
Visible = tuple[tuple[WithList, int], ...]
# What a write deeper down, or after more, can see is not told. The server takes writes in its
# outermost WITH alone; without bounds, reading each to its end would add up quadratically.
_MAX_BRACKETS = 10
_MAX_NESTED = 50
_MAX_ENTRIES = 500
_OFF = frozenset({"off", "false", "0"})
_SHAPING = frozenset({"(", "[", ")", "]", "WITH"})


class Part(NamedTuple):
    """One command: its head word, the indexes of its first token and after its last.

    ``visible`` are the WITH lists it can see, each with the number of entries written before it,
    or nothing if they are nested too deep, or too long, to tell.
    """

    head: str
    start: int
    stop: int
    visible: Visible | None


class Wrapped(NamedTuple):
    """A statement inside another: the wrapper's kind, the inner indexes, whether it runs now.

    ``runs`` is false for what is only planned or stored: EXPLAIN without ANALYZE, PREPARE, views.
    """

    kind: str
    start: int
    stop: int
    runs: bool


def find_parts(tokens: list[Token], pairs: dict[int, int], start: int, stop: int) -> list[Part]:
    """Every part between two indexes, in order of appearance."""
    heads: dict[int, Visible | None] = {start: ()}
    deep = False
    enclosing = [stop]
    found: list[Part] = []
    for index in range(start, stop):
        mark = tokens[index].upper
        if mark not in _SHAPING:
            if index in heads:
                found.append(Part(mark, index, enclosing[-1], heads[index]))
        elif mark in ("(", "["):
            enclosing.append(pairs[index])
            deep = len(enclosing) > _MAX_BRACKETS
            if _opens_write(tokens, index):
                heads.setdefault(index + 1, None if deep else ())
        elif mark == "WITH":
            _note_with(heads, read_with(tokens, pairs, index, enclosing[-1]), deep)
        else:
            enclosing.pop()
            deep = len(enclosing) > _MAX_BRACKETS
    return found


def _opens_write(tokens: list[Token], index: int) -> bool:
    after = upper_at(tokens, index + 2)
    return upper_at(tokens, index + 1) in WRITES and after not in (")", ",")


def _note_with(heads: dict[int, Visible | None], listed: WithList | None, deep: bool) -> None:
    if listed is None:
        return
    inherited = heads.get(listed.start, ())
    if inherited is None or len(inherited) >= _MAX_NESTED:
        deep = True
    if deep or len(listed.entries) > _MAX_ENTRIES:
        inherited = None
    for position, entry in enumerate(listed.entries):
        heads[entry.body + 1] = _extend(inherited, listed, position)
    heads[listed.main] = _extend(inherited, listed, len(listed.entries))


def _extend(inherited: Visible | None, listed: WithList, count: int) -> Visible | None:
    if inherited is None or count == 0:
        return inherited
    return (*inherited, (listed, count))


def unwrap(tokens: list[Token], pairs: dict[int, int], start: int, stop: int) -> Wrapped | None:
    """Return the statement inside of EXPLAIN, PREPARE, COPY, DECLARE or CREATE … AS, or nothing."""
    reader = _WRAPPERS.get(upper_at(tokens, start, stop))
    return reader(tokens, pairs, start, stop) if reader is not None else None


def _explain(tokens: list[Token], pairs: dict[int, int], start: int, stop: int) -> Wrapped | None:
    at = start + 1
    runs = False
    opens_statement = READS | {"WITH", "("}
    if upper_at(tokens, at, stop) == "(" and upper_at(tokens, at + 1) not in opens_statement:
        runs = _analyzes(tokens, at + 1, pairs[at])
        at = pairs[at] + 1
    else:
        while upper_at(tokens, at, stop) in ("ANALYZE", "ANALYSE", "VERBOSE"):
            runs = runs or tokens[at].upper != "VERBOSE"
            at += 1
    return Wrapped("EXPLAIN ANALYZE" if runs else "EXPLAIN", at, stop, runs) if at < stop else None


def _analyzes(tokens: list[Token], start: int, stop: int) -> bool:
    """Whether a list of EXPLAIN's options turns ANALYZE on; the doubtful counts as on."""
    for index in range(start, stop):
        name = tokens[index].text.strip('"').upper()
        if name in ("ANALYZE", "ANALYSE") and upper_at(tokens, index - 1) in ("(", ","):
            value = tokens[index + 1].text.strip("'\"").lower() if index + 1 < stop else ","
            if value not in _OFF:
                return True
    return False


def _prepare(tokens: list[Token], pairs: dict[int, int], start: int, stop: int) -> Wrapped | None:
    at = start + 2
    if upper_at(tokens, at, stop) == "(":
        at = pairs[at] + 1
    if upper_at(tokens, at, stop) != "AS" or at + 1 >= stop:
        return None
    return Wrapped("PREPARE", at + 1, stop, False)


def _copy(tokens: list[Token], pairs: dict[int, int], start: int, stop: int) -> Wrapped | None:
    if upper_at(tokens, start + 1, stop) != "(" or pairs[start + 1] == start + 2:
        return None
    return Wrapped("COPY", start + 2, pairs[start + 1], True)


def _declare(tokens: list[Token], _: dict[int, int], start: int, stop: int) -> Wrapped | None:
    options = {"BINARY", "ASENSITIVE", "INSENSITIVE", "NO", "SCROLL", "CURSOR"}
    options |= {"WITH", "WITHOUT", "HOLD"}
    at = start + 2
    while upper_at(tokens, at, stop) in options:
        at += 1
    if upper_at(tokens, at, stop) != "FOR" or at + 1 >= stop:
        return None
    return Wrapped("DECLARE", at + 1, stop, True)


_QUALITIES = frozenset(
    {"OR", "REPLACE", "GLOBAL", "LOCAL", "TEMP", "TEMPORARY", "UNLOGGED", "RECURSIVE"}
)


def _create(tokens: list[Token], pairs: dict[int, int], start: int, stop: int) -> Wrapped | None:
    at = start + 1
    while upper_at(tokens, at, stop) in _QUALITIES:
        at += 1
    if words_at(tokens, at, "MATERIALIZED", "VIEW"):
        kind, at = "CREATE MATERIALIZED VIEW", at + 2
    elif upper_at(tokens, at, stop) in ("TABLE", "VIEW"):
        kind, at = f"CREATE {tokens[at].upper}", at + 1
    else:
        return None
    if words_at(tokens, at, "IF", "NOT", "EXISTS"):
        at += 3
    name = read_name(tokens, at, stop)
    if name is None:
        return None
    at = name.stop
    while at < stop and tokens[at].upper != "AS":
        at = pairs[at] + 1 if tokens[at].upper in ("(", "[") else at + 1
    if at + 1 >= stop or tokens[at + 1].kind is TokenKind.STRING:
        return None
    if kind == "CREATE TABLE":
        kind = "CREATE TABLE AS"
    return Wrapped(kind, at + 1, stop, kind != "CREATE VIEW")


_WRAPPERS = {
    "EXPLAIN": _explain,
    "PREPARE": _prepare,
    "COPY": _copy,
    "DECLARE": _declare,
    "CREATE": _create,
}
