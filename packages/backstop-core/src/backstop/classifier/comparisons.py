"""Finds the comparison that a test makes: its two sides, its operator, and what negates it."""

from __future__ import annotations

from dataclasses import dataclass

from backstop.classifier import operands
from backstop.classifier._source import Source
from backstop.classifier.values import COMPUTING, Kind, Value, Values
from backstop.syntax.lexer import Token, TokenKind
from backstop.syntax.structure import skip_top_level, upper_at, words_at

ORDERS = frozenset({"<", "<=", ">", ">="})
PATTERNS = frozenset({"LIKE", "SIMILAR", "~", "^@"})
# Of ranges and networks; between numbers the first two are computed with, and compare nothing.
_SHIFTS = frozenset({"<<", ">>"})
CONTAINING = _SHIFTS | {
    *("@>", "<@", "&&", "?", "?|", "?&", "@@", "@?", "&<", "&>", "-|-", "<<=", ">>=")
}
# Operators that are another one, negated or not.
_PLAIN_MARKS = {
    "=": ("=", False),
    "<>": ("=", True),
    "!=": ("=", True),
    "~": ("~", False),
    "~*": ("~", False),
    "!~": ("~", True),
    "!~*": ("~", True),
    "~~": ("LIKE", False),
    "~~*": ("LIKE", False),
    "!~~": ("LIKE", True),
    "!~~*": ("LIKE", True),
    "LIKE": ("LIKE", False),
    "ILIKE": ("LIKE", False),
}
_MARKS = ORDERS | CONTAINING | {"IN", "BETWEEN", "SIMILAR", "^@", *_PLAIN_MARKS}
_MIRROR = {"=": "=", "<": ">", "<=": ">=", ">": "<", ">=": "<=", "@>": "<@", "<@": "@>"}
_MIRROR.update({"<<": ">>", ">>": "<<", "<<=": ">>=", ">>=": "<<="})
_SWAPPED = {"ANY": "ALL", "ALL": "ANY"}


@dataclass(frozen=True)
class Comparison:
    """One comparison, with the target's column on the left if only one side has one.

    ``mark`` is the operator without its negation, or a keyword; ``NULL`` is that of IS NULL.
    ``inverted`` says that it is negated, ``lax`` that it holds for NULL. ``quantifier`` is ANY,
    ALL or empty, and fits the operator as it is without the negation.
    """

    left: Value
    mark: str
    right: Value
    inverted: bool
    lax: bool = False
    quantifier: str = ""

    @property
    def query(self) -> int | None:
        """The index of the bracket of the subquery on the right, if there is one."""
        return self.right.start if self.right.kind is Kind.QUERY else None

    def wants_rows(self, negated: bool) -> bool:
        """Whether the comparison holds for every row if the subquery has none."""
        if self.mark == "IN" or self.quantifier == "ANY":
            return negated != self.inverted
        return self.quantifier == "ALL"

    def compares_itself(self, negated: bool) -> bool:
        """Whether a column may stand on both sides, but for an equality: x <> x never holds."""
        if self.mark == "NULL" or (self.mark == "=" and negated == self.inverted):
            return False
        left, right = self.left.columns, self.right.columns
        return bool(left.bare & right.bare or left.foreign & right.foreign)


class Comparisons:
    """Reads the comparisons of one condition."""

    def __init__(self, source: Source, target: str, joined: bool) -> None:
        self.tokens = source.tokens
        self.pairs = source.pairs
        self.source = source
        self.values = Values(source, target, joined)

    def read(self, start: int, stop: int) -> Comparison | None:
        """Return the comparison between two token indexes, or nothing if it isn't exactly one."""
        test = self.last_is(start, stop)
        if test is not None:
            return self.is_test(start, test, stop)
        if self.tokens[stop - 1].upper in ("NOTNULL", "ISNULL"):
            left = self.values.read(start, stop - 1)
            return Comparison(left, "NULL", left, self.tokens[stop - 1].upper == "NOTNULL")
        marks = self.marks(start, stop)
        shift = None if marks else self.values.last_operator(start, stop, _SHIFTS)
        if shift is not None:
            marks = [shift]
        if len(marks) != 1:
            return None
        return self.compared(start, marks[0], stop)

    def last_is(self, start: int, stop: int) -> int | None:
        """Return where the last IS stands, which binds the loosest."""
        found = None
        at = start
        while True:
            at = skip_top_level(self.tokens, self.pairs, at, stop, frozenset({"IS"}))
            if at >= stop:
                return found
            found, at = at, at + 1

    def is_test(self, start: int, at: int, stop: int) -> Comparison | None:
        """IS [NOT] NULL and IS [NOT] DISTINCT FROM; the others are not about values."""
        left = self.values.read(start, at)
        inverted = upper_at(self.tokens, at + 1, stop) == "NOT"
        after = at + 1 + inverted
        word = upper_at(self.tokens, after, stop)
        if word in ("NULL", "UNKNOWN") and after + 1 == stop:
            return Comparison(left, "NULL", left, inverted)
        if word != "DISTINCT" or self.marks(start, at) or self.marks(after + 2, stop):
            return None
        right = self.values.read(after + 2, stop)
        if self.tokens[stop - 1].upper == "NULL":
            return Comparison(left, "NULL", left, not inverted)
        return _turned(Comparison(left, "=", right, not inverted, True))

    def marks(self, start: int, stop: int) -> list[int]:
        """Return where comparisons stand outside of brackets; an unknown operator counts as one."""
        found: list[int] = []
        index = start
        while index < stop:
            token = self.tokens[index]
            if token.upper in ("(", "["):
                index = self.pairs[index]
            elif _compares(token):
                found.append(index)
            index += 1
        return found

    def compared(self, start: int, at: int, stop: int) -> Comparison | None:
        """Read both sides of the operator at an index."""
        mark = self.tokens[at].upper
        if mark not in _MARKS:
            return None
        inverted = self.tokens[at - 1].upper == "NOT"
        left_stop = at - inverted
        mark, opposite = _PLAIN_MARKS.get(mark, (mark, False))
        right = at + 1
        quantifier = ""
        if upper_at(self.tokens, right, stop) in ("ANY", "SOME", "ALL"):
            quantifier = self.tokens[right].upper.replace("SOME", "ANY")
            quantifier = _SWAPPED[quantifier] if opposite else quantifier
            right, stop = self.inside_array(right + 1, stop)
        inverted = inverted != opposite
        left, other = self.side(start, left_stop, mark), self.values.read(right, stop)
        if quantifier:
            return Comparison(left, mark, other, inverted, quantifier=quantifier)
        return _turned(Comparison(left, mark, other, inverted))

    def inside_array(self, start: int, stop: int) -> tuple[int, int]:
        """Return where the values of ANY (…) are: those of ARRAY(SELECT …) are a subquery's."""
        at = start + 1
        if words_at(self.tokens, at, "ARRAY", "("):
            return at + 1, stop - 1
        return start, stop

    def side(self, start: int, stop: int, mark: str) -> Value:
        """Read the left side; of a row, the column that its comparison can't do without."""
        members = self.members(start, stop)
        if len(members) < 2:
            return self.values.read(start, stop)
        values = [self.values.read(*member) for member in members]
        if mark in ORDERS:
            return values[0].as_row()
        named = [value for value in values if value.kind is Kind.COLUMN]
        return (named or values)[0].as_row()

    def members(self, start: int, stop: int) -> list[tuple[int, int]]:
        """Return the members of a row, (a, b) or ROW(a, b)."""
        start += self.tokens[start].upper == "ROW"
        if upper_at(self.tokens, start, stop) != "(" or self.pairs[start] != stop - 1:
            return []
        if operands.opens_query(self.source, start):
            return []
        return self.values.arguments(start + 1, stop - 1)


def _compares(token: Token) -> bool:
    if token.kind is TokenKind.OPERATOR:
        return token.upper not in COMPUTING
    return token.upper in _MARKS or token.upper == "OPERATOR"


def _turned(comparison: Comparison) -> Comparison:
    """Put the side that has the target's columns on the left."""
    left, right = comparison.left, comparison.right
    mark = _MIRROR.get(comparison.mark)
    if mark is None or left.kind is Kind.COLUMN:
        return comparison
    return Comparison(right, mark, left, comparison.inverted, comparison.lax)
