"""Whether a WHERE restricts which rows of its target a statement reaches.

The answer may only be yes if every row has to pass a test on a column of the target: a conjunct
that names none, or that compares a column with itself, restricts nothing. What isn't understood
restricts nothing. It reads tokens and knows no schema; how many rows a real test lets through is
for the assess stage to measure.
"""

from __future__ import annotations

from dataclasses import replace

from backstop.classifier import operands, subqueries
from backstop.classifier._source import Source
from backstop.classifier.comparison_reach import ComparisonReach
from backstop.classifier.comparisons import Comparisons
from backstop.classifier.joins import Joins, read_joins
from backstop.classifier.reach import (
    NO_ROWS,
    Alternative,
    Reach,
    Share,
    narrowest,
    union,
    weight,
)
from backstop.classifier.subqueries import Query, read_query
from backstop.classifier.target import Target
from backstop.syntax.structure import folded

_MAX_DEPTH = 20
_MAX_TABLES = 30


def restricts(source: Source, target: Target, start: int, stop: int) -> bool:
    """Whether the condition between two token indexes restricts the target's rows."""
    return Condition(source, target).reach(start, stop) is not None


def holds_target(source: Source, target: Target, start: int, stop: int) -> bool:
    """Whether a FROM list brings in the target's own rows, by name or through a WITH entry."""
    names = {folded(token) for token in source.tokens[start:stop]}
    if target.table in names:
        return True
    condition = Condition(source, target)
    return any(condition.entry_lists_target(name, 0) for name in names)


class Condition:
    """Reads a condition on one target."""

    def __init__(self, source: Source, target: Target, *, outermost: bool = True) -> None:
        self.source = source
        self.outermost = outermost
        self.tokens = source.tokens
        self.pairs = source.pairs
        self.target = target
        self.comparisons = Comparisons(source, target.name, target.joined)
        self.reaches = ComparisonReach(source, target, self.comparisons.values)
        self.entries: dict[str, bool] = {}
        self.empty: dict[str, bool] = {}

    def reach(
        self, start: int, stop: int, negated: bool = False, lax: bool = False, depth: int = 0
    ) -> Reach | None:
        """Return which rows a condition (or its negation) lets through, or None for all.

        ``lax`` says that those for which it is NULL pass as well.
        """
        start, stop, negated = self.strip(start, stop, negated)
        if depth > _MAX_DEPTH or start >= stop:
            return None
        for word in ("OR", "AND"):
            parts = self.split(start, stop, word)
            if len(parts) > 1:
                reaches = [self.reach(a, b, negated, lax, depth + 1) for a, b in parts]
                return union(reaches) if (word == "OR") != negated else narrowest(reaches)
        return self.test(start, stop, negated, lax, depth)

    def strip(self, start: int, stop: int, negated: bool) -> tuple[int, int, bool]:
        """Take brackets around the whole, and leading NOTs of one test, off."""
        single = False
        while start < stop:
            mark = self.tokens[start].upper
            if mark == "(" and self.pairs[start] == stop - 1:
                if operands.opens_query(self.source, start):
                    break
                start, stop, single = start + 1, stop - 1, False
            elif mark == "NOT" and (single or len(self.split(start, stop, "AND", "OR")) == 1):
                start, negated, single = start + 1, not negated, True
            else:
                break
        return start, stop, negated

    def split(self, start: int, stop: int, *words: str) -> list[tuple[int, int]]:
        """Cut at these words where they stand outside of brackets and CASE."""
        pieces: list[tuple[int, int]] = []
        begin, cases, between = start, 0, False
        index = start
        while index < stop:
            mark = self.tokens[index].upper
            if mark in ("(", "["):
                index = self.pairs[index]
            elif mark in ("CASE", "END"):
                cases += 1 if mark == "CASE" else -1
            elif mark == "BETWEEN":
                between = True
            elif mark == "AND" and between:
                between = False
            elif mark in words and cases <= 0:
                pieces.append((begin, index))
                begin = index + 1
            index += 1
        return [*pieces, (begin, stop)]

    def test(self, start: int, stop: int, negated: bool, lax: bool, depth: int) -> Reach | None:
        """Return the reach of one test, without AND and OR."""
        constant = operands.constant(self.source, start, stop)
        if constant is not None:
            return None if constant != negated else NO_ROWS
        if any(token.upper == "CASE" for token in self.tokens[start:stop]):
            return None
        suffix = operands.truth_test(self.source, start, stop)
        if suffix is not None:
            at, inverted = suffix
            if self.tokens[at].upper == "IS":
                # It has an answer for NULL: NULL IS NOT TRUE holds, and NULL IS TRUE doesn't.
                lax = (self.tokens[at + 1].upper == "NOT") != negated
            return self.reach(start, at, negated != inverted, lax, depth + 1)
        head = self.tokens[start].upper
        if head == "EXISTS" and self.pairs.get(start + 1) == stop - 1:
            return self.exists(start + 1, negated, depth)
        if head == "COALESCE" and self.pairs.get(start + 1) == stop - 1:
            return self.coalesce(start + 2, stop - 1, negated, depth)
        comparison = self.comparisons.read(start, stop)
        if comparison is None:
            return self.reaches.boolean(start, stop, negated, lax)
        query = comparison.query
        if query is not None and (
            lax or not self.is_usable(query, comparison.wants_rows(negated), depth)
        ):
            return None
        return self.reaches.reach(comparison, negated, lax)

    def coalesce(self, start: int, stop: int, negated: bool, depth: int) -> Reach | None:
        """COALESCE(condition, FALSE): NULL counts as what stands last."""
        arguments = self.split(start, stop, ",")
        if len(arguments) != 2:
            return None
        begin, end = arguments[1]
        default = self.tokens[begin].upper
        if end - begin != 1 or default not in ("TRUE", "FALSE"):
            return None
        lax = (default == "TRUE") != negated
        if lax and not negated:
            return None
        return self.reach(*arguments[0], negated, lax, depth + 1)

    def is_usable(self, bracket: int, wants_rows: bool, depth: int) -> bool:
        """Whether a subquery's values are not the target's own, nor none where some are needed."""
        start, stop = bracket + 1, self.pairs[bracket]
        if subqueries.gives_own_values(self.source, self.target.name, start, stop):
            return False
        if wants_rows and (self.target.joined or self.depends(start, stop)):
            return False
        if wants_rows and self.may_be_empty(start, stop):
            return False
        return not self.lists_target(start, stop, depth)

    def lists_target(self, start: int, stop: int, depth: int) -> bool:
        """Whether a query gives nearly every row of the target's table."""
        if depth > _MAX_DEPTH:
            return True
        for begin, end in subqueries.pieces(self.source, start, stop):
            query = read_query(self.source, begin, end)
            whole = query.reads(self.target.table) or any(
                self.entry_lists_target(name, depth + 1) for name in query.tables
            )
            if whole and not self.narrows(query, depth):
                return True
        return False

    def entry_lists_target(self, name: str, depth: int) -> bool:
        """Whether a WITH entry gives every row of the target's table; each is looked at once."""
        if name not in self.target.ctes:
            return False
        if name not in self.entries:
            self.entries[name] = False
            self.entries[name] = self.lists_target(*self.target.ctes[name], depth)
        return self.entries[name]

    def narrows(self, query: Query, depth: int) -> bool:
        """Whether a query on the target's own table takes less than all of its rows."""
        if query.limited:
            return True
        joins = read_joins(self.source, query.source + 1, query.source_stop)
        own = [alias for name, alias in joins.tables if name == self.target.table]
        itself = len(own) > 1
        if not own:
            unknown = query.joined or not joins.tables
            own = [self.target.table if unknown else joins.tables[0].alias]
        # Looking by several names, over and over within each other, would take for ever.
        if len(joins.tables) > _MAX_TABLES or (itself and not self.outermost):
            return False
        # Which of several copies is selected isn't known: each must be narrowed.
        return all(self.narrows_name(query, joins, name, itself, depth) for name in own)

    def narrows_name(self, query: Query, joins: Joins, name: str, itself: bool, depth: int) -> bool:
        """Whether the rows that go by one name must match others, or pass the query's WHERE."""
        plain = {alias: table for table, alias in joins.tables if table not in self.target.ctes}
        if joins.leaves_out(name, plain.keys()):
            return True
        if query.where is None:
            return False
        # A test on what is joined to the row by an equality is a test of the row.
        tied = joins.tied_to(name) & plain.keys() if self.outermost else set()
        targets = [
            Target(alias, plain.get(alias, self.target.table), query.joined, itself)
            for alias in sorted({name} | tied)
        ]
        return any(self.holds_back(inner, *query.where, depth + 1) for inner in targets)

    def holds_back(self, target: Target, start: int, stop: int, depth: int) -> bool:
        """Whether a condition of a subquery keeps more than a few rows of its own table out."""
        condition = Condition(self.source, target, outermost=False)
        reach = condition.reach(start, stop, depth=depth)
        return reach is not None and weight(reach) < Share.MOST

    def exists(self, bracket: int, negated: bool, depth: int) -> Reach | None:
        """EXISTS (…): the subquery's WHERE is a test of the target's row, joined to others."""
        start, stop = bracket + 1, self.pairs[bracket]
        if len(subqueries.pieces(self.source, start, stop)) != 1:
            return None
        query = read_query(self.source, start, stop)
        if query.where is None or self.target.name in query.bound:
            return None
        if subqueries.aggregates(self.source, query):
            return None
        # A name without a qualifier is the subquery's own.
        inner = replace(self.target, joined=True, bare=False, itself=query.reads(self.target.table))
        condition = Condition(self.source, inner, outermost=self.outermost)
        if negated:
            return condition.not_exists(query, *query.where, depth + 1)
        return condition.reach(*query.where, depth=depth + 1)

    def not_exists(self, query: Query, start: int, stop: int, depth: int) -> Reach | None:
        """NOT EXISTS keeps out the rows that are found; it must be able to find some."""
        for part in self.split(start, stop, "AND"):
            # What is tested of the target's row alone may never hold.
            tested = operands.columns(self.source, self.target.name, *part)
            own = not (tested.bare or tested.foreign)
            if own and self.reach(*part, negated=True, depth=depth) is None:
                return None
        named = operands.columns(self.source, self.target.name, start, stop)
        if not named.qualified:
            return None
        if self.may_be_empty(query.start, query.stop):
            return None
        return (Alternative(Share.MOST, named.qualified),)

    def may_be_empty(self, start: int, stop: int, depth: int = 0) -> bool:
        """Whether a subquery may give no rows whatever its tables hold."""
        if depth > _MAX_DEPTH or subqueries.may_be_short(self.source, start, stop):
            return True
        pieces = subqueries.pieces(self.source, start, stop)
        return all(
            self.may_find_nothing(read_query(self.source, *piece), depth) for piece in pieces
        )

    def may_find_nothing(self, query: Query, depth: int) -> bool:
        """Whether one SELECT may give no rows whatever its tables hold."""
        if subqueries.reads_no_table(self.source, query):
            return True
        if any(self.is_fixed(*test) for test in subqueries.tests(self.source, query)):
            return True
        return any(self.entry_may_be_empty(name, depth + 1) for name in query.tables)

    def entry_may_be_empty(self, name: str, depth: int) -> bool:
        """Whether a name is that of a WITH entry that may be empty; each is looked at once."""
        if name not in self.target.ctes:
            return False
        if name not in self.empty:
            self.empty[name] = self.may_be_empty(*self.target.ctes[name], depth)
        return self.empty[name]

    def depends(self, start: int, stop: int) -> bool:
        """Whether what a subquery gives depends on the target's row."""
        return bool(operands.columns(self.source, self.target.name, start, stop).qualified)

    def is_fixed(self, start: int, stop: int, negated: bool = False, depth: int = 0) -> bool:
        """Whether a condition (or its negation) may be false for good, by its own text."""
        start, stop, negated = self.strip(start, stop, negated)
        if depth > _MAX_DEPTH:
            return True
        for word in ("OR", "AND"):
            parts = self.split(start, stop, word)
            if len(parts) > 1:
                fixed = [self.is_fixed(a, b, negated, depth + 1) for a, b in parts]
                return all(fixed) if (word == "OR") != negated else any(fixed)
        comparison = self.comparisons.read(start, stop)
        tested = comparison is not None and comparison.mark == "NULL"
        if any(token.upper == "NULL" for token in self.tokens[start:stop]) and not tested:
            return True
        if comparison is not None and comparison.compares_itself(negated):
            return True
        named = operands.columns(self.source, "", start, stop)
        return not named.any or named.unclear
