"""What a subquery in a WHERE says about the target's rows: IN, ANY, ALL and EXISTS.

Whether it finds any rows is for the assess stage; here it must be sure that it isn't empty, or
whole, by its own text.
"""

from __future__ import annotations

from dataclasses import dataclass

from backstop.classifier import operands
from backstop.classifier._source import Source
from backstop.classifier.keywords import JOINING, NOT_COLUMNS
from backstop.classifier.literals import number
from backstop.syntax.lexer import Token, TokenKind
from backstop.syntax.structure import folded, is_name, read_name, skip_top_level, upper_at

_NAMES = (TokenKind.WORD, TokenKind.QUOTED)
_FROM = frozenset({"FROM"})
_SETS = frozenset({"UNION", "EXCEPT", "INTERSECT"})
_QUERY_ENDS = frozenset({"WHERE", "GROUP", "ORDER", "LIMIT", "OFFSET", "WINDOW", "FOR"})
_LIMITS = frozenset({"LIMIT", "FETCH", "OFFSET", "HAVING"})
_SHORTENING = _LIMITS | {"EXCEPT", "INTERSECT", "TABLESAMPLE"}
# What may stand before a table, or before a function in its place.
_LEADS = frozenset({"FROM", "JOIN", "LATERAL", ",", "("})


@dataclass(frozen=True)
class Query:
    """One SELECT of a subquery, by token indexes.

    ``source`` is where FROM stands, if it does, and ``source_stop`` where its list ends.
    ``tables`` are the names in its FROM list, ``bound`` those by which columns are qualified.
    """

    start: int
    stop: int
    source: int
    source_stop: int
    tables: tuple[str, ...]
    bound: frozenset[str]
    where: tuple[int, int] | None
    limited: bool
    joined: bool

    def reads(self, table: str) -> bool:
        """Whether the table is among those that it reads."""
        return table in self.tables


def read_query(source: Source, start: int, stop: int) -> Query:
    """Read the clauses of ``SELECT …`` between two token indexes."""
    tokens, pairs = source.tokens, source.pairs
    begin = skip_top_level(tokens, pairs, start, stop, _FROM)
    end = skip_top_level(tokens, pairs, begin, stop, _QUERY_ENDS)
    tables: list[str] = []
    bound: set[str] = set()
    for index in range(begin + 1, end):
        # Any name of the FROM list counts: taking an alias for a table only makes it stricter.
        if upper_at(tokens, index + 1) != ".":
            tables.append(folded(tokens[index]))
            if not _has_alias(source, index, end):
                bound.add(tables[-1])
    joined = any(tokens[index].upper in ("JOIN", ",") for index in range(begin + 1, end))
    at = skip_top_level(tokens, pairs, start, stop, frozenset({"WHERE"}))
    where = None
    if at < stop:
        where = (at + 1, skip_top_level(tokens, pairs, at + 1, stop, _QUERY_ENDS))
    limited = _is_limited(source, begin, stop)
    return Query(start, stop, begin, end, tuple(tables), frozenset(bound), where, limited, joined)


def _is_limited(source: Source, start: int, stop: int) -> bool:
    """Whether LIMIT, OFFSET, FETCH or HAVING keeps rows out: OFFSET 0 and LIMIT ALL keep none."""
    at = start
    while True:
        at = skip_top_level(source.tokens, source.pairs, at, stop, _LIMITS)
        if at == stop:
            return False
        at += 1
        word = upper_at(source.tokens, at)
        if word not in ("ALL", "NULL", "TRUE") and number(source.tokens[at : at + 1]) != 0:
            return True


def _has_alias(source: Source, index: int, stop: int) -> bool:
    """Whether an alias follows the name at an index, by which alone its columns are qualified."""
    after = index + 1
    if upper_at(source.tokens, after, stop) == "AS":
        return True
    return is_name(source.tokens, after, stop) and source.tokens[after].upper not in NOT_COLUMNS


def pieces(source: Source, start: int, stop: int) -> list[tuple[int, int]]:
    """Return the queries that UNION, EXCEPT and INTERSECT combine."""
    found: list[tuple[int, int]] = []
    begin = start
    while True:
        end = skip_top_level(source.tokens, source.pairs, begin, stop, _SETS)
        found.append((begin, end))
        if end == stop:
            return found
        begin = end + 1
        begin += 1 if upper_at(source.tokens, begin) in ("ALL", "DISTINCT") else 0


def gives_own_values(source: Source, target: str, start: int, stop: int) -> bool:
    """Whether what a subquery gives may depend on the target's row, beyond its WHERE.

    ``id IN (SELECT id)`` and ``id IN (SELECT t.id FROM other)`` name the row's own column.
    """
    for begin, end in pieces(source, start, stop):
        head = upper_at(source.tokens, begin)
        if head not in ("SELECT", "VALUES"):
            return True
        query = read_query(source, begin, end)
        if query.source >= end:
            if operands.columns(source, target, begin, end).any:
                return True
        elif _names_target(source, target, query):
            return True
    return False


def _names_target(source: Source, target: str, query: Query) -> bool:
    """Whether a query gives columns of further out, or reads the target's outside of its WHERE."""
    after = query.where[0] - 1 if query.where is not None else query.stop
    read = operands.columns(source, target, query.source, after)
    if read.qualified and target not in query.bound:
        return True
    if any(
        upper_at(source.tokens, index + 1) == "."
        and source.tokens[index].kind in _NAMES
        and upper_at(source.tokens, index + 3) != "."
        and folded(source.tokens[index]) not in query.bound
        for index in range(query.start, query.source)
    ):
        return True
    if any(operands.is_escaped(token) for token in source.tokens[query.source : query.stop]):
        return True
    return _holds_rowless(source, query.source + 1, query.stop)


def _holds_rowless(source: Source, start: int, stop: int) -> bool:
    """Whether a query inside has no FROM but names something: a column from further out."""
    index = start
    while index < stop:
        if operands.opens_query(source, index):
            end = source.pairs[index]
            begin = skip_top_level(source.tokens, source.pairs, index + 1, end, _FROM)
            if begin >= end:
                if any(_is_named(source.tokens[at]) for at in range(index + 1, end)):
                    return True
                index = end
        index += 1
    return False


def _is_named(token: Token) -> bool:
    return token.kind in _NAMES and token.upper not in NOT_COLUMNS


def reads_no_table(source: Source, query: Query) -> bool:
    """Whether a query reads from another one, or from a function, which may give no rows."""
    return any(
        operands.opens_query(source, at)
        or (source.tokens[at].upper in _LEADS and _calls(source, at + 1, query.source_stop))
        for at in range(query.source, query.source_stop)
    )


def _calls(source: Source, start: int, stop: int) -> bool:
    name = read_name(source.tokens, start, stop)
    return name is not None and upper_at(source.tokens, name.stop, stop) == "("


def tests(source: Source, query: Query) -> list[tuple[int, int]]:
    """Return the conditions of a query's WHERE and of its joins."""
    found = [query.where] if query.where is not None else []
    at = query.source
    while True:
        at = skip_top_level(source.tokens, source.pairs, at, query.source_stop, frozenset({"ON"}))
        if at >= query.source_stop:
            return found
        end = skip_top_level(source.tokens, source.pairs, at, query.source_stop, JOINING)
        found.append((at + 1, end))
        at = end


def may_be_short(source: Source, start: int, stop: int) -> bool:
    """Whether a subquery may be left without rows that its tables hold."""
    return skip_top_level(source.tokens, source.pairs, start, stop, _SHORTENING) < stop


def aggregates(source: Source, query: Query) -> bool:
    """Whether a query may give a row though its WHERE lets none through: count(*) does."""
    words = frozenset({"GROUP", "HAVING"})
    if skip_top_level(source.tokens, source.pairs, query.start, query.stop, words) < query.stop:
        return True
    return any(
        source.tokens[index].upper == "(" and source.tokens[index - 1].kind in _NAMES
        for index in range(query.start + 2, query.source)
    )
