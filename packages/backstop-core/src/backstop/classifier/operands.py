"""What the sides of a test are made of: the columns they name, how they are spelled, subqueries."""

from __future__ import annotations

import re
from dataclasses import dataclass

from backstop.classifier._source import Source
from backstop.classifier.keywords import NOT_COLUMNS
from backstop.syntax.lexer import TokenKind
from backstop.syntax.structure import folded, read_name, skip_top_level, upper_at

_NAMES = (TokenKind.WORD, TokenKind.QUOTED)
_SIGNS = frozenset({"=", "<>", "!=", "<=", ">=", "~", "!~", "~*", "!~*"})
_TESTS = frozenset({"IS", "NOT", "IN", "LIKE", "ILIKE", "BETWEEN", "SIMILAR"})
_SHORT_NUMBER = re.compile(r"[0-9]{1,18}\Z")
_QUERY_ENDS = frozenset(
    {"WHERE", "GROUP", "HAVING", "ORDER", "LIMIT", "OFFSET", "FETCH", "WINDOW", "FOR"}
)


@dataclass(frozen=True)
class Columns:
    """The columns that an expression names.

    ``bare`` stand without a qualifier, ``qualified`` belong to the target by theirs, ``foreign``
    are qualified by something else.
    """

    bare: frozenset[str]
    qualified: frozenset[str]
    foreign: frozenset[str]

    @property
    def named(self) -> frozenset[str]:
        """All that may be the target's."""
        return self.bare | self.qualified

    @property
    def any(self) -> bool:
        """Whether any column is named at all."""
        return bool(self.bare or self.qualified or self.foreign)

    def of_target(self, joined: bool) -> bool:
        """Whether a column of the target is named.

        Beside other tables a bare name may be theirs; it counts if it is compared with one that
        is certainly theirs.
        """
        if self.qualified:
            return True
        return bool(self.bare) and (not joined or bool(self.foreign))


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
    binds = False
    index = start
    while index < stop:
        token = tokens[index]
        name = read_name(tokens, index, stop) if token.kind in _NAMES else None
        if name is None:
            if index > hidden and token.upper == "(" and _opens_query(source, index):
                hidden = source.pairs[index]
                binds = _binds(source, target, index, hidden)
            index += 1
            continue
        index = name.stop
        if not _is_column(source, name.start, name.stop, stop):
            continue
        column = folded(tokens[name.stop - 1])
        if name.stop - name.start == 1:
            if name.start > hidden and token.upper not in NOT_COLUMNS:
                bare.add(column)
        elif folded(tokens[name.stop - 3]) == target and not (name.start <= hidden and binds):
            qualified.add(column)
        elif name.start > hidden:
            foreign.add(column)
    return Columns(frozenset(bare), frozenset(qualified), frozenset(foreign))


def _opens_query(source: Source, index: int) -> bool:
    return upper_at(source.tokens, index + 1) in ("SELECT", "WITH", "VALUES", "TABLE")


def _binds(source: Source, target: str, start: int, stop: int) -> bool:
    """Whether a subquery brings in a relation of the target's name."""
    return any(
        source.tokens[index].kind in _NAMES
        and folded(source.tokens[index]) == target
        and upper_at(source.tokens, index + 1) != "."
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


def spelling(source: Source, target: str, start: int, stop: int) -> tuple[str, ...]:
    """Return the words of an expression without outer brackets and the target's qualifier."""
    while stop - start > 2 and source.tokens[start].upper == "(":
        if source.pairs[start] != stop - 1:
            break
        start, stop = start + 1, stop - 1
    words: list[str] = []
    for index in range(start, stop):
        token = source.tokens[index]
        words.append(folded(token) if token.kind in _NAMES else token.text)
    return tuple(_unqualified(words, target))


def _unqualified(words: list[str], target: str) -> list[str]:
    kept: list[str] = []
    index = 0
    while index < len(words):
        if words[index] == target and words[index + 1 : index + 2] == ["."]:
            index += 2
            continue
        kept.append(words[index])
        index += 1
    return kept


def signature(source: Source, target: str, start: int, stop: int) -> tuple[str, ...]:
    """Return what a test compares, without how: equal for x = 1, x <> 1 and NOT x = 1."""
    marks = _SIGNS | _TESTS | {"NULL", "ISNULL", "NOTNULL", "(", ")"}
    return tuple(
        word for word in spelling(source, target, start, stop) if word.upper() not in marks
    )


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

    Returns the index where it starts and whether it negates what stands before.
    """
    value = source.tokens[stop - 1].upper
    if value not in ("TRUE", "FALSE") or stop - start < 3:
        return None
    at = stop - 2
    inverted = value == "FALSE"
    if source.tokens[at].upper == "NOT":
        at, inverted = at - 1, not inverted
    mark = source.tokens[at].upper
    if mark not in ("IS", "=", "<>", "!=") or at <= start:
        return None
    return at, inverted != (mark in ("<>", "!="))


@dataclass(frozen=True)
class Query:
    """A subquery: the tables it reads, the alias of the first, its WHERE, and if it is limited.

    ``source`` is its FROM list, by token indexes.
    """

    source: tuple[int, int]
    tables: tuple[str, ...]
    alias: str | None
    where: tuple[int, int] | None
    limited: bool
    joined: bool

    def reads(self, table: str) -> bool:
        """Whether the table is among those that it reads."""
        return table in self.tables


def read_query(source: Source, start: int, stop: int) -> Query:
    """Read the clauses of ``SELECT …`` between two token indexes."""
    tokens, pairs = source.tokens, source.pairs
    begin = skip_top_level(tokens, pairs, start, stop, frozenset({"FROM"}))
    end = skip_top_level(tokens, pairs, begin, stop, _QUERY_ENDS)
    tables: list[str] = []
    for index in range(begin + 1, end):
        # Any name of the FROM list counts: taking an alias for a table only makes it stricter.
        if tokens[index].kind in _NAMES and upper_at(tokens, index + 1) != ".":
            tables.append(folded(tokens[index]))
    joined = any(tokens[index].upper in ("JOIN", ",") for index in range(begin + 1, end))
    at = skip_top_level(tokens, pairs, begin, stop, frozenset({"WHERE"}))
    where = None
    if at < stop:
        where = (at + 1, skip_top_level(tokens, pairs, at + 1, stop, _QUERY_ENDS - {"WHERE"}))
    limits = frozenset({"LIMIT", "FETCH", "HAVING", "OFFSET"})
    limited = skip_top_level(tokens, pairs, begin, stop, limits) < stop
    alias = _alias(source, begin + 1, end)
    return Query((begin + 1, end), tuple(tables), alias, where, limited, joined)


def _alias(source: Source, start: int, stop: int) -> str | None:
    name = read_name(source.tokens, start, stop)
    if name is None:
        return None
    at = name.stop + (1 if upper_at(source.tokens, name.stop, stop) == "AS" else 0)
    alias = read_name(source.tokens, at, stop)
    if alias is None or source.tokens[alias.start].upper in NOT_COLUMNS:
        return None
    return folded(source.tokens[alias.start])
