"""Which tables a FROM list brings in, and which of them are held together by an equality.

It reads plain equalities, ``a JOIN b ON (a.x = b.y)``, as compilers write them; a condition of
any other form ties nothing.
"""

from __future__ import annotations

from collections.abc import Set
from typing import NamedTuple

from backstop.classifier._source import Source
from backstop.classifier.keywords import NOT_COLUMNS
from backstop.syntax.structure import Name, folded, read_name, skip_top_level, upper_at

_STARTS = frozenset({"JOIN", ","})
_KEEPING = frozenset({"RIGHT", "FULL"})
# Words by which an equality in a condition may not have to hold.
_LOOSE = frozenset({"OR", "CASE", "BETWEEN"})
_BEFORE_JOIN = frozenset({"INNER", "LEFT", "CROSS", "NATURAL"})


class Table(NamedTuple):
    """A table of the list, by its own name, and the name by which its columns are qualified."""

    name: str
    alias: str


class Tie(NamedTuple):
    """An equality of two columns; ``inner`` if a row without a partner is left out."""

    names: tuple[str, str]
    columns: tuple[str, str]
    inner: bool


class Joins(NamedTuple):
    """A FROM list: its tables (without subqueries and functions), and their ties."""

    tables: tuple[Table, ...]
    ties: tuple[Tie, ...]

    def tied_to(self, alias: str) -> frozenset[str]:
        """Return the names of what stands beside a row of ``alias`` only where it matches it.

        That of the row itself may be among them.
        """
        reached: set[str] = set()
        found = [alias]
        for name in found:
            beside = {one for tie in self.ties if name in tie.names for one in tie.names}
            found.extend(beside - reached)
            reached |= beside
        return frozenset(reached)

    def leaves_out(self, alias: str, partners: Set[str]) -> bool:
        """Whether a row of ``alias`` needs a partner that isn't simply itself."""
        return any(
            tie.inner
            and tie.columns[0] != tie.columns[1]
            and alias in tie.names
            and partners >= set(tie.names)
            for tie in self.ties
        )


def read_joins(source: Source, start: int, stop: int) -> Joins:
    """Read the FROM list between two token indexes."""
    tables: list[Table] = []
    ties: list[Tie] = []
    tokens, pairs = source.tokens, source.pairs
    # These keep rows that no equality of an earlier join holds for.
    tied = skip_top_level(tokens, pairs, start, stop, _KEEPING) == stop
    begin = start
    while True:
        inner = upper_at(tokens, begin - 2) not in ("LEFT", "OUTER")
        end = skip_top_level(tokens, pairs, begin, stop, _STARTS)
        on = skip_top_level(tokens, pairs, begin, end, frozenset({"ON"}))
        table = _table(source, begin, on)
        if table is not None:
            tables.append(table)
        if tied:
            last = skip_top_level(tokens, pairs, on, end, _BEFORE_JOIN)
            ties.extend(_ties(source, on + 1, last, inner))
        if end == stop:
            return Joins(tuple(tables), tuple(ties))
        begin = end + 1


def _table(source: Source, start: int, stop: int) -> Table | None:
    start += 1 if upper_at(source.tokens, start, stop) == "ONLY" else 0
    name = read_name(source.tokens, start, stop)
    if name is None or upper_at(source.tokens, name.stop, stop) == "(":
        return None
    table = folded(source.tokens[name.stop - 1])
    at = name.stop + (1 if upper_at(source.tokens, name.stop, stop) == "AS" else 0)
    alias = read_name(source.tokens, at, stop)
    if alias is None or source.tokens[alias.start].upper in NOT_COLUMNS:
        return Table(table, table)
    return Table(table, folded(source.tokens[alias.start]))


def _ties(source: Source, start: int, stop: int, inner: bool) -> list[Tie]:
    """Return the equalities that must hold for the condition to hold."""
    if any(token.upper in _LOOSE for token in source.tokens[start:stop]):
        return []
    while source.pairs.get(start) == stop - 1:
        start, stop = start + 1, stop - 1
    ties: list[Tie] = []
    while True:
        end = skip_top_level(source.tokens, source.pairs, start, stop, frozenset({"AND"}))
        tie = _tie(source, start, end, inner)
        if tie is not None:
            ties.append(tie)
        elif not inner:
            # What never holds gives each row the partner NULL.
            return []
        if end == stop:
            return ties
        start = end + 1


def _tie(source: Source, start: int, stop: int, inner: bool) -> Tie | None:
    equals = skip_top_level(source.tokens, source.pairs, start, stop, frozenset({"="}))
    left, right = _side(source, start, equals), _side(source, equals + 1, stop)
    if left is None or right is None:
        return None
    names = (folded(source.tokens[left.start]), folded(source.tokens[right.start]))
    columns = (folded(source.tokens[left.stop - 1]), folded(source.tokens[right.stop - 1]))
    return Tie(names, columns, inner) if names[0] != names[1] else None


def _side(source: Source, start: int, stop: int) -> Name | None:
    """Read ``a.x`` or ``(a.x)::type``, if nothing else stands there."""
    tokens = source.tokens
    bracketed = upper_at(tokens, start, stop) == "("
    name = read_name(tokens, start + bracketed, stop)
    if name is None or name.stop - name.start != 3:
        return None
    after = name.stop + bracketed
    cast = upper_at(tokens, after, stop) == "::"
    whole = read_name(tokens, after + 1, stop) == (after + 1, stop) if cast else after == stop
    return name if whole else None
