"""The names and operators that a statement uses, as far as tokens tell what each may stand for.

A name may be that of a function, a relation or a type: which of them it is only the server knows.
None may be missed; a column or a label that is taken for one only costs a look-up.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from backstop.syntax.lexer import Token, TokenKind
from backstop.syntax.structure import folded, read_name, upper_at, words_at

_NAMES = (TokenKind.WORD, TokenKind.QUOTED)
# The server cuts names off after this many bytes (NAMEDATALEN - 1).
LONGEST_NAME = 63
_ESCAPE = re.compile(r"\\(?:\\|\+([0-9A-Fa-f]{6})|([0-9A-Fa-f]{4}))")
# What the grammar turns into a call of an operator's function without showing the operator.
_IMPLIED: dict[str, frozenset[str]] = {
    "IN": frozenset({"=", "<>"}),
    "USING": frozenset({"="}),
    "NATURAL": frozenset({"="}),
    "CASE": frozenset({"="}),
    "NULLIF": frozenset({"="}),
    "DISTINCT": frozenset({"=", "<"}),
    "BETWEEN": frozenset({"<", ">", "<=", ">="}),
    "LIKE": frozenset({"~~", "!~~"}),
    "ILIKE": frozenset({"~~*", "!~~*"}),
    "SIMILAR": frozenset({"~", "!~"}),
    "ORDER": frozenset({"<", ">"}),
    "GROUP": frozenset({"=", "<"}),
    "UNION": frozenset({"=", "<"}),
    "INTERSECT": frozenset({"=", "<"}),
    "EXCEPT": frozenset({"=", "<"}),
    "OVERLAPS": frozenset({"<", ">", "<=", ">="}),
}
IMPLIED_OPERATORS = frozenset().union(*_IMPLIED.values())

_WRITTEN = {
    "INSERT": ("insert",),
    "UPDATE": ("update",),
    "DELETE": ("delete",),
    "MERGE": ("insert", "update", "delete"),
    "COPY": ("insert",),
    "REFRESH": ("refresh",),
}
# The DO UPDATE of an ON CONFLICT names no table.
_OVERWRITTEN = ("insert", "update")


@dataclass(frozen=True)
class Use:
    """One name where it stands, as the server stores names.

    ``schema`` is the qualifier right before it, or nothing. ``called`` says that a parenthesis
    follows; ``attribute`` that it stands behind a dot, where ``row.name`` may call a function;
    ``labelled`` that it stands behind AS, where only a type (or a mere label) can.
    ``name`` is nothing where it is written in escapes that can't be read here. ``start`` and
    ``end`` are its position in the text.
    """

    name: str | None
    schema: str | None
    called: bool
    attribute: bool
    labelled: bool
    start: int
    end: int


@dataclass(frozen=True)
class OperatorUse:
    """One operator that is written or implied, and its position in the text."""

    symbol: str
    start: int
    end: int


@dataclass(frozen=True)
class WriteUse:
    """One relation that rows are written to, and how: insert, update, delete."""

    target: Use
    events: tuple[str, ...]


def used_names(tokens: list[Token], start: int, stop: int) -> list[Use]:
    """Return every name between two token indexes that may stand for something in the catalog."""
    found: list[Use] = []
    index = start
    while index < stop:
        name = read_name(tokens, index, stop)
        if name is None:
            index += 1
            continue
        found.append(_use(tokens, name.start, name.stop, stop))
        index = name.stop
    return found


def used_operators(tokens: list[Token], start: int, stop: int) -> list[OperatorUse]:
    """Return every operator between two token indexes, also those that words imply."""
    found: list[OperatorUse] = []
    for token in tokens[start:stop]:
        if token.kind is TokenKind.OPERATOR:
            symbol = "<>" if token.upper == "!=" else token.upper
            found.append(OperatorUse(symbol, token.start, token.end))
        elif token.upper in _IMPLIED:
            found.extend(
                OperatorUse(symbol, token.start, token.end) for symbol in _IMPLIED[token.upper]
            )
    return found


def written_names(tokens: list[Token], start: int, stop: int) -> list[WriteUse]:
    """Return every name between two token indexes that a command may write rows to.

    A word that only looks like a command (FOR UPDATE OF …) adds a name that is none.
    """
    found: list[WriteUse] = []
    overwrites = any(words_at(tokens, index, "DO", "UPDATE") for index in range(start, stop))
    for index in range(start, stop):
        command = tokens[index].upper
        events = _WRITTEN.get(command)
        if events is None or (command == "COPY" and not copies_in(tokens, index, stop)):
            continue
        if command == "INSERT" and overwrites:
            events = _OVERWRITTEN
        at = index + 1
        if words_at(tokens, at, "MATERIALIZED", "VIEW"):
            at += 3 if upper_at(tokens, at + 2, stop) == "CONCURRENTLY" else 2
        at += 1 if upper_at(tokens, at, stop) in ("INTO", "FROM", "BINARY") else 0
        at += 1 if upper_at(tokens, at, stop) == "ONLY" else 0
        at += 1 if upper_at(tokens, at, stop) == "(" else 0
        name = read_name(tokens, at, stop)
        if name is not None:
            found.append(WriteUse(_use(tokens, name.start, name.stop, stop), events))
    return found


def copies_in(tokens: list[Token], start: int, stop: int) -> bool:
    """Whether a COPY is one FROM somewhere; in doubt it is."""
    depth = 0
    for token in tokens[start:stop]:
        depth += (token.text == "(") - (token.text == ")")
        if depth == 0 and token.upper in ("FROM", "TO"):
            return token.upper == "FROM"
    return True


def stored_name(token: Token) -> str:
    """Return a name as the server stores it."""
    name = folded(token)
    if token.kind is TokenKind.QUOTED and not token.text.startswith('"'):
        name = _unescaped(token.text)
    return name.encode("utf-8", "replace")[:LONGEST_NAME].decode("utf-8", "ignore")


def _use(tokens: list[Token], start: int, after: int, stop: int) -> Use:
    last = after - 1
    qualified = last > start
    return Use(
        name=None if _names_its_escape(tokens, after) else stored_name(tokens[last]),
        schema=stored_name(tokens[last - 2]) if qualified else None,
        called=upper_at(tokens, after, stop) == "(",
        attribute=qualified or upper_at(tokens, start - 1) == ".",
        labelled=upper_at(tokens, start - 1) == "AS",
        start=tokens[start].start,
        end=tokens[last].end,
    )


def _names_its_escape(tokens: list[Token], after: int) -> bool:
    return upper_at(tokens, after) == "UESCAPE"


def _unescaped(text: str) -> str:
    inner = text[text.index('"') + 1 : -1].replace('""', '"')
    halves = _ESCAPE.sub(_character, inner)
    # A character may be written as the two halves that UTF-16 makes of it.
    return halves.encode("utf-16", "surrogatepass").decode("utf-16", "replace")


def _character(match: re.Match[str]) -> str:
    code = int(match[1] or match[2] or "5c", 16)
    return chr(code) if code < 0x110000 else "\ufffd"
