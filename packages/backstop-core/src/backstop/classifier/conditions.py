"""Whether a WHERE restricts which rows of its target a statement reaches.

The answer may only be yes if every row would have to pass a test on a column of the target: a
conjunct that names none, or that compares a column with itself, restricts nothing. What isn't
understood restricts nothing. It reads tokens and knows no schema; how many rows a real test lets
through is for the assess stage to measure.
"""

from __future__ import annotations

from math import isnan

from backstop.classifier import operands
from backstop.classifier._source import Source
from backstop.classifier.constants import LOWER, UPPER, Constants, Target
from backstop.classifier.joins import Joins, read_joins
from backstop.classifier.operands import Columns
from backstop.syntax.lexer import TokenKind
from backstop.syntax.structure import folded, is_name, upper_at

_MAX_DEPTH = 20
_MAX_TABLES = 30
_COMPARISONS = frozenset(
    {"=", "<>", "!=", "<", ">", "<=", ">=", "~", "~*", "!~", "!~*", "@>", "<@"}
)
_ORDERS = frozenset({"<", ">", "<>", "!="})
_TESTS = frozenset({"IS", "IN", "LIKE", "ILIKE", "SIMILAR", "BETWEEN"})


def restricts(source: Source, target: Target, start: int, stop: int) -> bool:
    """Whether the condition between two token indexes restricts the target's rows."""
    return _Judge(source, target).holds_back(start, stop, False, 0)


def holds_target(source: Source, target: Target, start: int, stop: int) -> bool:
    """Whether a FROM list brings in the target's own rows, by name or through a WITH entry."""
    names = {
        folded(token)
        for token in source.tokens[start:stop]
        if token.kind in (TokenKind.WORD, TokenKind.QUOTED)
    }
    if target.table in names:
        return True
    judge = _Judge(source, target)
    return any(judge.entry_lists_target(name, 0) for name in names)


class _Judge:
    def __init__(self, source: Source, target: Target, *, outermost: bool = True) -> None:
        self.source = source
        self.outermost = outermost
        self.tokens = source.tokens
        self.pairs = source.pairs
        self.target = target
        self.constants = Constants(source, target)
        self.entries: dict[str, bool] = {}

    def holds_back(self, start: int, stop: int, negated: bool, depth: int) -> bool:
        """Whether a boolean expression (or its negation) keeps rows out."""
        start, stop, negated = self.strip(start, stop, negated)
        if depth > _MAX_DEPTH or start >= stop:
            return False
        alternatives = self.split(start, stop, "OR")
        if len(alternatives) > 1:
            parts = [self.holds_back(a, b, negated, depth + 1) for a, b in alternatives]
            if negated:
                return any(parts)
            return all(parts) and not self.complementary(alternatives, False)
        conjuncts = self.split(start, stop, "AND")
        if len(conjuncts) > 1:
            parts = [self.holds_back(a, b, negated, depth + 1) for a, b in conjuncts]
            if not negated:
                return any(parts)
            return all(parts) and not self.complementary(conjuncts, True)
        return self.test(start, stop, negated, depth)

    def strip(self, start: int, stop: int, negated: bool) -> tuple[int, int, bool]:
        """Take brackets around the whole, and leading NOTs of one test, off."""
        single = False
        while start < stop:
            mark = self.tokens[start].upper
            if mark == "(" and self.pairs[start] == stop - 1 and not self.is_query(start + 1):
                start, stop, single = start + 1, stop - 1, False
            elif mark == "NOT" and (single or len(self.split(start, stop, "AND", "OR")) == 1):
                start, negated, single = start + 1, not negated, True
            else:
                break
        return start, stop, negated

    def is_query(self, index: int) -> bool:
        return upper_at(self.tokens, index) in ("SELECT", "WITH", "VALUES", "TABLE")

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

    def test(self, start: int, stop: int, negated: bool, depth: int) -> bool:
        """Whether one test, without AND and OR, keeps rows out."""
        constant = operands.constant(self.source, start, stop)
        if constant is not None:
            return constant == negated
        if self.constants.holds(start, stop, "CASE"):
            return False
        suffix = operands.truth_test(self.source, start, stop)
        if suffix is not None:
            return self.holds_back(start, suffix[0], negated != suffix[1], depth + 1)
        if self.tokens[start].upper == "EXISTS" and upper_at(self.tokens, start + 1, stop) == "(":
            return self.exists(start + 1, depth)
        columns = operands.columns(self.source, self.target.name, start, stop)
        if not columns.of_target(self.target.joined):
            return False
        if self.tokens[stop - 1].upper == "NOTNULL":
            return negated or not self.constants.never_null(start, columns)
        operator = self.comparison(start, stop)
        if operator is None:
            # COALESCE(x, TRUE) and the like let through what has no value.
            return not self.constants.holds(start, stop, "TRUE")
        return self.compares(start, operator, stop, negated, depth)

    def comparison(self, start: int, stop: int) -> int | None:
        """Return the index of the operator (or of IS, IN, LIKE …) that makes the test."""
        index = start
        while index < stop:
            mark = self.tokens[index].upper
            if mark in ("(", "["):
                index = self.pairs[index]
            elif mark in _COMPARISONS or mark in _TESTS:
                return index
            index += 1
        return None

    def compares(self, start: int, operator: int, stop: int, negated: bool, depth: int) -> bool:
        """Whether a comparison keeps rows out: it must not compare a thing with itself."""
        mark = self.tokens[operator].upper
        left_stop = operator
        if self.tokens[operator - 1].upper == "NOT":
            left_stop, negated = operator - 1, not negated
        if left_stop <= start:
            return False
        if mark == "IS":
            return self.constants.null_test(start, left_stop, operator, stop, negated)
        left = operands.columns(self.source, self.target.name, start, left_stop)
        right = operands.columns(self.source, self.target.name, operator + 1, stop)
        if self.same_columns(left, right, mark):
            return False
        if self.lists_itself(start, left_stop, operator + 1, stop):
            return False
        query = self.query_after(operator + 1, stop)
        if query is not None and not self.query_keeps_out(query, depth):
            return False
        if query is not None:
            return True
        if left.any and right.any:
            return self.tells_apart(mark, negated, left, right)
        if left.named:
            return self.constants.keep_out(mark, left, left_stop, operator + 1, stop, negated)
        # A constant between a column and a constant says too little to count.
        mirrored = {"<": ">", ">": "<", "<=": ">=", ">=": "<="}.get(mark, mark)
        return mark != "BETWEEN" and self.constants.keep_out(
            mirrored, right, stop, start, left_stop, negated
        )

    def lists_itself(self, start: int, left_stop: int, right: int, stop: int) -> bool:
        """Whether the right side is, or lists, just what stands on the left."""
        left = operands.spelling(self.source, self.target.name, start, left_stop)
        at, end = self.inside(right, stop)
        entries = self.split(at, end, ",", "AND") if at < end else []
        same = [
            self.is_same(start, left_stop, a, b, left)
            for a, b in entries
            # Thousands of literals are no column; they only matter if the left side is one too.
            if left_stop - start == 1 == b - a or b - a != 1 or is_name(self.tokens, a, b)
        ]
        if self.tokens[right - 1].upper == "BETWEEN":
            return bool(same) and all(same)
        return any(same)

    def inside(self, start: int, stop: int) -> tuple[int, int]:
        """Step into the brackets of a list: those of IN, of ANY and of ARRAY."""
        while start < stop:
            mark = self.tokens[start].upper
            if mark in ("(", "[") and self.pairs[start] == stop - 1:
                start, stop = start + 1, stop - 1
            elif mark in ("ANY", "ALL", "SOME", "ARRAY"):
                start += 1
            else:
                break
        return start, stop

    def is_same(self, start: int, left_stop: int, a: int, b: int, left: tuple[str, ...]) -> bool:
        """Whether an entry is spelled like the left side, or computed from the same columns."""
        if operands.spelling(self.source, self.target.name, a, b) == left:
            return True
        if b - a == 1:
            return False
        entry = operands.columns(self.source, self.target.name, a, b)
        own = operands.columns(self.source, self.target.name, start, left_stop)
        return entry.any and entry == own

    def query_after(self, start: int, stop: int) -> int | None:
        """Return the index where a subquery on the right side starts, or nothing."""
        at = start
        while at < stop and self.tokens[at].upper in ("ANY", "ALL", "SOME", "ARRAY", "("):
            at += 1
        return at if at > start and at < stop and self.is_query(at) else None

    def tells_apart(self, mark: str, negated: bool, left: Columns, right: Columns) -> bool:
        """Whether two columns that are compared tell rows apart: a key differs from most others."""
        unequal = mark in ("<>", "!=") if not negated else mark == "="
        keys = any(self.constants.is_key(column) for column in left.named | right.named)
        return not (unequal and keys) or self.target.joined

    def same_columns(self, left: Columns, right: Columns, mark: str) -> bool:
        """Whether both sides name the same columns: of the row itself, or of its copy in a join."""
        if self.target.itself:
            # A row equals its copy, but neither precedes it nor differs from it.
            return mark not in _ORDERS and left.named | left.foreign == right.named | right.foreign
        return left.named == right.named and not left.foreign and not right.foreign

    def query_keeps_out(self, start: int, depth: int) -> bool:
        """Whether ``IN (SELECT …)`` keeps rows out: not if it lists the target itself, whole."""
        if upper_at(self.tokens, start) in ("WITH", "TABLE"):
            return False
        return not self.lists_target(start, self.pairs[start - 1], depth)

    def lists_target(self, start: int, stop: int, depth: int) -> bool:
        """Whether a query gives every row of the target's table."""
        if depth > _MAX_DEPTH:
            return True
        for begin, end in self.split(start, stop, "UNION", "EXCEPT", "INTERSECT"):
            query = operands.read_query(self.source, begin, end)
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

    def narrows(self, query: operands.Query, depth: int) -> bool:
        """Whether a query on the target's own table takes less than all of its rows."""
        if query.limited:
            return True
        joins = read_joins(self.source, *query.source)
        own = [alias for name, alias in joins.tables if name == self.target.table]
        itself = len(own) > 1
        if not own:
            own = [self.target.table if query.joined else query.alias or self.target.table]
        # Looking by several names, over and over within each other, would take for ever.
        if len(joins.tables) > _MAX_TABLES or (itself and not self.outermost):
            return False
        # Which of several copies is selected isn't known: each must be narrowed.
        return all(self.narrows_name(query, joins, name, itself, depth) for name in own)

    def narrows_name(
        self, query: operands.Query, joins: Joins, name: str, itself: bool, depth: int
    ) -> bool:
        """Whether the rows that go by one name must match others, or pass the query's WHERE."""
        plain = {alias: table for table, alias in joins.tables if table not in self.target.ctes}
        if joins.leaves_out(name, plain):
            return True
        if query.where is None:
            return False
        targets = [Target(name, self.target.table, query.joined, itself)]
        if self.outermost:
            # A test on what is joined to the row by an equality is a test of the row.
            tied = joins.tied_to(name) & plain.keys()
            targets += [Target(alias, plain[alias], True, itself) for alias in sorted(tied)]
        return any(
            _Judge(self.source, inner, outermost=False).holds_back(*query.where, False, depth + 1)
            for inner in targets
        )

    def exists(self, bracket: int, depth: int) -> bool:
        """Whether EXISTS (…) depends on the target's row in more than being the same row."""
        outer = operands.columns(self.source, self.target.name, bracket, self.pairs[bracket] + 1)
        query = operands.read_query(self.source, bracket + 1, self.pairs[bracket])
        if not outer.qualified or query.where is None:
            return False
        itself = query.reads(self.target.table)
        inner = Target(self.target.name, self.target.table, True, itself, self.target.ctes)
        judge = _Judge(self.source, inner, outermost=self.outermost)
        return judge.holds_back(*query.where, False, depth + 1)

    def complementary(self, alternatives: list[tuple[int, int]], negated: bool) -> bool:
        """Whether two alternatives together let every row through: x = 1 OR x <> 1."""
        seen: dict[tuple[str, ...], str] = {}
        bounds: dict[str, dict[str, list[float | None]]] = {}
        for start, stop in alternatives:
            signature = operands.signature(self.source, self.target.name, start, stop)
            whole = self.source.slice(start, stop).lower()
            if seen.setdefault(signature, whole) != whole:
                return True
            self.note_bound(bounds, start, stop, negated)
        return any(_covers(sides["lower"], sides["upper"]) for sides in bounds.values())

    def note_bound(
        self, bounds: dict[str, dict[str, list[float | None]]], start: int, stop: int, negated: bool
    ) -> None:
        operator = self.comparison(start, stop)
        if operator is None or self.tokens[operator].upper not in LOWER | UPPER:
            return
        left = operands.spelling(self.source, self.target.name, start, operator)
        sides = bounds.setdefault(" ".join(left), {"lower": [], "upper": []})
        side = "lower" if (self.tokens[operator].upper in LOWER) != negated else "upper"
        sides[side].append(self.constants.number(operator + 1, stop))


def _covers(lower: list[float | None], upper: list[float | None]) -> bool:
    """Whether ``x > a OR x < b`` may let every value through; unknown bounds may."""
    if not lower or not upper:
        return False
    lowest, highest = (
        [bound for bound in side if bound is not None and not isnan(bound)]
        for side in (lower, upper)
    )
    if len(lowest) < len(lower) or len(highest) < len(upper):
        return True
    return min(lowest) <= max(highest)
