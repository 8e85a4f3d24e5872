"""What stands where in a list of tokens: matching brackets, names, and WITH lists.

These helpers know the shape of statements and nothing of their meaning. They must never recurse:
a text may nest its brackets ten thousand deep.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

from backstop.syntax.lexer import LexError, Token, TokenKind

_CLOSING = {"(": ")", "[": "]"}
_BRACKETS = frozenset("()[]")


class Name(NamedTuple):
    """A possibly qualified name: the index of its first token and the index after its last."""

    start: int
    stop: int


class Cte(NamedTuple):
    """One common table expression, by token indexes.

    ``name`` is its name's index, ``body`` that of the bracket which opens its statement, ``stop``
    the index after the whole entry (SEARCH and CYCLE clauses included).
    """

    name: int
    body: int
    stop: int


@dataclass(frozen=True)
class WithList:
    """A WITH list: where it starts, its entries, and where the main statement starts."""

    start: int
    recursive: bool
    entries: tuple[Cte, ...]
    main: int


def match_brackets(tokens: list[Token]) -> dict[int, int]:
    """Return the index of each bracket's partner, both ways; raises `LexError` if one has none."""
    pairs: dict[int, int] = {}
    opened: list[int] = []
    for index, token in enumerate(tokens):
        mark = token.upper
        if mark not in _BRACKETS:
            continue
        if mark in _CLOSING:
            opened.append(index)
        elif opened and _CLOSING[tokens[opened[-1]].upper] == mark:
            start = opened.pop()
            pairs[start] = index
            pairs[index] = start
        else:
            raise LexError("brackets don't match", token.start)
    if opened:
        raise LexError("a bracket is not closed", tokens[opened[-1]].start)
    return pairs


def upper_at(tokens: list[Token], index: int, stop: int | None = None) -> str:
    """Return the token's ``upper``, or an empty text outside of the list (or from ``stop`` on)."""
    if 0 <= index < (len(tokens) if stop is None else stop):
        return tokens[index].upper
    return ""


def words_at(tokens: list[Token], index: int, *words: str) -> bool:
    """Whether these words stand at the index, one after the other."""
    return [token.upper for token in tokens[index : index + len(words)]] == list(words)


def is_name(tokens: list[Token], index: int, stop: int) -> bool:
    """Whether a name may start at the index: a word or a quoted identifier."""
    return index < stop and tokens[index].kind in (TokenKind.WORD, TokenKind.QUOTED)


def read_name(tokens: list[Token], index: int, stop: int) -> Name | None:
    """Return the qualified name that starts at the index, or nothing."""
    if not is_name(tokens, index, stop):
        return None
    after = index + 1
    while upper_at(tokens, after, stop) == "." and is_name(tokens, after + 1, stop):
        after += 2
    return Name(index, after)


def folded(token: Token) -> str:
    """Return what the server makes of a name: lower case for a word, the inside of a quoted name.

    A name in Unicode escapes is given back as it is written.
    """
    if token.kind is TokenKind.WORD:
        return token.text.lower() if token.text.isascii() else _fold_ascii(token.text)
    if token.text.startswith('"'):
        return token.text[1:-1].replace('""', '"')
    return token.text


def _fold_ascii(text: str) -> str:
    return "".join(mark.lower() if mark.isascii() else mark for mark in text)


def skip_top_level(
    tokens: list[Token], pairs: dict[int, int], start: int, stop: int, words: frozenset[str]
) -> int:
    """Return the index of the first of these words outside of brackets, or ``stop``.

    A word that is a field or a label (``t.where``, ``AS set``) or the FROM of IS DISTINCT FROM
    doesn't count. Where the tokens start inside a bracket, its end is the end.
    """
    index = start
    while index < stop:
        mark = tokens[index].upper
        if mark in ("(", "["):
            index = pairs[index]
        elif mark in (")", "]") or (mark in words and not _is_label(tokens, index)):
            return index
        index += 1
    return stop


def _is_label(tokens: list[Token], index: int) -> bool:
    before = upper_at(tokens, index - 1)
    if before in (".", "AS"):
        return True
    return before == "DISTINCT" and tokens[index].upper == "FROM"


def read_with(tokens: list[Token], pairs: dict[int, int], index: int, stop: int) -> WithList | None:
    """Return the WITH list that starts at the index, or nothing if it isn't one."""
    if upper_at(tokens, index, stop) != "WITH":
        return None
    recursive = upper_at(tokens, index + 1, stop) == "RECURSIVE"
    at = index + (2 if recursive else 1)
    entries: list[Cte] = []
    while True:
        entry = _read_cte(tokens, pairs, at, stop)
        if entry is None:
            return None
        entries.append(entry)
        at = entry.stop
        if upper_at(tokens, at, stop) != ",":
            return WithList(index, recursive, tuple(entries), at)
        at += 1


def _read_cte(tokens: list[Token], pairs: dict[int, int], name: int, stop: int) -> Cte | None:
    if not is_name(tokens, name, stop):
        return None
    at = name + 1
    if upper_at(tokens, at, stop) == "(":
        at = pairs[at] + 1
    if upper_at(tokens, at, stop) != "AS":
        return None
    at += 1
    if upper_at(tokens, at, stop) == "NOT":
        at += 1
    if upper_at(tokens, at, stop) == "MATERIALIZED":
        at += 1
    if upper_at(tokens, at, stop) != "(":
        return None
    body = at
    at = pairs[at] + 1
    while upper_at(tokens, at, stop) in ("SEARCH", "CYCLE"):
        at = _skip_search(tokens, at, stop)
    return Cte(name, body, at)


def _skip_search(tokens: list[Token], at: int, stop: int) -> int:
    """Past one SEARCH or CYCLE clause: its column list, then SET and what belongs to it."""
    after = at + 1
    # A bracket is no part of it; without this end, nested lists would be read again and again.
    while after < stop and tokens[after].upper not in ("SET", "(", ")"):
        after += 1
    after += 2
    if upper_at(tokens, after, stop) == "TO":
        after += 4
    if upper_at(tokens, after, stop) == "USING":
        after += 2
    return min(after, stop)
