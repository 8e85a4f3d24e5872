"""What the sides of a test are made of: the columns they name, how they are spelled, subqueries."""

from __future__ import annotations

import re
from dataclasses import dataclass

from backstop.classifier._source import Source
from backstop.classifier.keywords import NOT_COLUMNS
from backstop.syntax.lexer import Token, TokenKind
from backstop.syntax.structure import Name, folded, read_name, upper_at

_NAMES = (TokenKind.WORD, TokenKind.QUOTED)
_SHORT_NUMBER = re.compile(r"[0-9]{1,18}\Z")


@dataclass(frozen=True)
class Columns:
    """The columns that an expression names.

    ``bare`` stand without a qualifier, ``qualified`` belong to the target by theirs, ``foreign``
    are qualified by something else. ``unclear`` says that a name may mean something else than
    its spelling: a whole row, or a name in Unicode escapes.
    """

    bare: frozenset[str]
    qualified: frozenset[str]
    foreign: frozenset[str]
    unclear: bool

    @property
    def named(self) -> frozenset[str]:
        """All that may be the target's."""
        return self.bare | self.qualified

    @property
    def any(self) -> bool:
        """Whether any column is named at all."""
        return bool(self.bare or self.qualified or self.foreign)


def columns(source: Source, target: str, start: int, stop: int) -> Columns:
    """Return the columns named between two token indexes.

    Names inside a subquery belong to it, unless they are qualified by a target that the subquery
    doesn't bring in itself.
    """
    bare: set[str] = set()
    qualified: set[str] = set()
    foreign: set[str] = set()
    tokens = source.tokens
    hidden = -1
    binds = unclear = False
    index = start
    while index < stop:
        token = tokens[index]
        name = read_name(tokens, index, stop) if token.kind in _NAMES else None
        if name is None:
            if index > hidden and opens_query(source, index):
                hidden = source.pairs[index]
                binds = _binds(source, target, index, hidden)
            index += 1
            continue
        index = name.stop
        inside = name.start <= hidden
        unclear = unclear or (not inside and _is_unclear(source, target, name))
        if not _is_column(source, name.start, name.stop, stop):
            continue
        column = folded(tokens[name.stop - 1])
        if name.stop - name.start == 1:
            if not inside and (token.kind is TokenKind.QUOTED or token.upper not in NOT_COLUMNS):
                bare.add(column)
        elif folded(tokens[name.stop - 3]) == target and not (inside and binds):
            qualified.add(column)
        elif not inside:
            foreign.add(column)
    return Columns(frozenset(bare), frozenset(qualified), frozenset(foreign), unclear)


def _is_unclear(source: Source, target: str, name: Name) -> bool:
    """Whether a name may mean another thing: ``t.*``, ``t`` itself, or one in escapes."""
    tokens = source.tokens
    if any(is_escaped(tokens[at]) for at in range(name.start, name.stop)):
        return True
    alone = name.stop - name.start == 1
    return upper_at(tokens, name.stop) == "." or (alone and folded(tokens[name.start]) == target)


def is_escaped(token: Token) -> bool:
    """Whether a token is a name in Unicode escapes, whose spelling isn't its meaning."""
    return token.kind is TokenKind.QUOTED and not token.text.startswith('"')


def opens_query(source: Source, index: int) -> bool:
    """Whether a bracket that holds a subquery opens at the index."""
    return source.tokens[index].upper == "(" and upper_at(source.tokens, index + 1) in (
        "SELECT",
        "WITH",
        "VALUES",
        "TABLE",
    )


def _binds(source: Source, target: str, start: int, stop: int) -> bool:
    """Whether a subquery brings in a relation of the target's name."""
    return any(
        folded(source.tokens[index]) == target and upper_at(source.tokens, index + 1) != "."
        for index in range(start, stop)
    )


def _is_column(source: Source, start: int, after: int, stop: int) -> bool:
    """Whether a name is that of a column: no call, type, argument name, collation or field."""
    follower = upper_at(source.tokens, after, stop)
    if follower in ("(", "=>", ":=", "ZONE"):
        return False
    if after < stop and source.tokens[after].kind is TokenKind.STRING:
        return False
    before = upper_at(source.tokens, start - 1)
    if before in ("::", "AS", "COLLATE", "."):
        return False
    # The fields of EXTRACT(field FROM …) and of INTERVAL '1' DAY.
    leader = upper_at(source.tokens, start - 2)
    in_extract = before == "(" and leader == "EXTRACT"
    return not (in_extract or (leader == "INTERVAL" and before == ""))


def constant(source: Source, start: int, stop: int) -> bool | None:
    """Return what a condition is worth that is a literal or compares two numbers, or nothing."""
    tokens = source.tokens[start:stop]
    if len(tokens) == 1 and tokens[0].upper in ("TRUE", "FALSE"):
        return tokens[0].upper == "TRUE"
    if len(tokens) != 3 or tokens[1].upper not in ("=", "<>", "!="):
        return None
    if not all(_SHORT_NUMBER.match(token.text) for token in (tokens[0], tokens[2])):
        return None
    return (int(tokens[0].text) == int(tokens[2].text)) == (tokens[1].upper == "=")


def truth_test(source: Source, start: int, stop: int) -> tuple[int, bool] | None:
    """Find a trailing ``= TRUE`` or ``IS [NOT] TRUE|FALSE``.

    Returns the index where it starts and whether it negates what stands before it. All but
    ``=`` and ``<>`` have an answer where that is NULL.
    """
    value = source.tokens[stop - 1].upper
    if value not in ("TRUE", "FALSE"):
        return None
    at = stop - 2
    inverted = value == "FALSE"
    if source.tokens[at].upper == "NOT":
        at, inverted = at - 1, not inverted
    mark = source.tokens[at].upper
    if mark not in ("IS", "=", "<>", "!=") or at <= start:
        return None
    return at, inverted != (mark in ("<>", "!="))
