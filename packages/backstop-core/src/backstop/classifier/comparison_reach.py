"""Which rows a comparison lets through: of a column with a constant, a column or a subquery.

Beside other tables a row is reached if any of their rows fits, so that only equality keeps rows
out there: nearly every row differs from some other, or is less than one.
"""

from __future__ import annotations

from collections.abc import Sequence

from backstop.classifier import constants
from backstop.classifier._source import Source
from backstop.classifier.comparisons import CONTAINING, ORDERS, PATTERNS, Comparison
from backstop.classifier.literals import number, single_text
from backstop.classifier.reach import (
    FALSE_SIDE,
    LOWER_BOUND,
    TRUE_SIDE,
    UPPER_BOUND,
    Alternative,
    Reach,
    Share,
    narrowest,
    union,
)
from backstop.classifier.target import Target
from backstop.classifier.values import Kind, Value, Values
from backstop.syntax.lexer import Token
from backstop.syntax.structure import skip_top_level, upper_at

# What these hold is the same for all rows, or says nothing about them.
_SYSTEM = frozenset({"tableoid", "xmin", "xmax", "cmin", "cmax"})
_INVERSE = {"<": ">=", "<=": ">", ">": "<=", ">=": "<"}
_SIZES = frozenset(
    {"LENGTH", "CHAR_LENGTH", "CHARACTER_LENGTH", "OCTET_LENGTH", "BIT_LENGTH", "ABS"}
    | {"CARDINALITY", "ARRAY_LENGTH", "JSONB_ARRAY_LENGTH", "JSON_ARRAY_LENGTH", "ASCII", "SQRT"}
)


class ComparisonReach:
    """Judges the comparisons of one condition on one target."""

    def __init__(self, source: Source, target: Target, values: Values) -> None:
        self.tokens = source.tokens
        self.pairs = source.pairs
        self.target = target
        self.values = values

    def reach(self, comparison: Comparison, negated: bool, lax: bool) -> Reach | None:
        """Return which rows the comparison (or its negation) lets through, or None for all.

        ``lax`` says that those for which it is NULL pass as well.
        """
        negated = negated != comparison.inverted
        lax = lax or (comparison.lax and negated)
        if lax and negated and not comparison.left.plain:
            # A field that all documents lack differs from everything.
            return None
        found = self.strictly(comparison, negated, lax)
        return _with_null(found, comparison.left) if lax else found

    def strictly(self, comparison: Comparison, negated: bool, lax: bool) -> Reach | None:
        """Return the rows for which the comparison is true (or false), and not NULL."""
        left, kind = comparison.left, comparison.right.kind
        if left.kind is Kind.OTHER or left.kind is Kind.CONSTANT:
            return self.member(comparison, negated, lax)
        if left.kind is not Kind.COLUMN or left.named & _SYSTEM:
            return None
        if self.is_foreign(left) and not (self.target.bare and kind is Kind.OTHER):
            return None
        if comparison.mark == "NULL":
            return self.null(left, negated)
        if kind is Kind.CONSTANT:
            return self.with_constant(comparison, negated, lax)
        if self.values.is_remainder(left):
            return None
        if kind is Kind.QUERY:
            return self.with_query(comparison, negated)
        if lax or (left.in_row and negated):
            return None
        if kind is Kind.COLUMN:
            return self.with_column(comparison, negated)
        return self.with_other(comparison, negated) if kind is Kind.OTHER else None

    def is_foreign(self, value: Value) -> bool:
        """Whether a value may be another table's: beside one, only a qualifier tells."""
        return self.target.joined and not value.columns.qualified

    def boolean(self, start: int, stop: int, negated: bool, lax: bool) -> Reach | None:
        """Return the reach of a test without a comparison: a boolean column by itself."""
        value = self.values.read(start, stop)
        if not self.is_boolean(value) or value.named & _SYSTEM:
            return None
        if self.is_foreign(value):
            return None
        found = (Alternative(Share.SIDE, value.named, FALSE_SIDE if negated else TRUE_SIDE),)
        return _with_null(found, value) if lax else found

    def is_boolean(self, value: Value) -> bool:
        """Whether a value may be a condition: a column, or the field of a document as boolean."""
        if value.plain:
            return not self.target.has_key(value.named)
        if self.values.is_own_call(value.start, value.stop) or self.is_test(value):
            return value.kind is Kind.COLUMN
        inside = self.values.cast_to_boolean(value.start, value.stop)
        return inside is not None and self.values.is_access(self.values.read(*inside))

    def is_test(self, value: Value) -> bool:
        """Whether a value is a call of isempty(…), which few ranges are."""
        return self.tokens[value.start].upper == "ISEMPTY"

    def null(self, left: Value, negated: bool) -> Reach | None:
        """IS [NOT] NULL: only a column, or a field of a document, may be NULL for most rows."""
        if not negated:
            return (Alternative(Share.FEW, left.named, null=True),)
        if self.target.has_key(left.named) or not (left.plain or self.values.is_access(left)):
            return None
        return (Alternative(Share.MOST, left.named, null=True),)

    def member(self, comparison: Comparison, negated: bool, lax: bool) -> Reach | None:
        """Look for a value in a column that is an array: = ANY (column), or <> ALL (column)."""
        right = comparison.right
        if right.kind is not Kind.COLUMN or not right.plain or lax:
            return None
        if comparison.quantifier == "ALL" and comparison.mark in ORDERS and not negated:
            left = self.tokens[comparison.left.start : comparison.left.stop]
            known = self.is_foreign(right) or not constants.holds_parameter(left)
            return None if known else (Alternative(Share.SIDE, right.named),)
        if comparison.quantifier != "ANY" or comparison.mark != "=":
            return None
        if negated and comparison.left.kind is Kind.OTHER:
            return None
        if self.is_foreign(right):
            return None
        return (Alternative(Share.MOST if negated else Share.FEW, right.named),)

    def with_column(self, comparison: Comparison, negated: bool) -> Reach | None:
        """Compare two columns of the target with each other."""
        left, right = comparison.left, comparison.right
        named = left.named | right.named
        sure = not self.target.joined or bool(right.columns.qualified)
        if left.named & right.named or comparison.quantifier:
            return None
        if comparison.mark == "=" and not negated:
            return (Alternative(Share.FEW, named),)
        if comparison.mark not in ORDERS | {"="} or not sure:
            return None
        if comparison.mark == "=" and self.target.has_key(named):
            return None
        return (Alternative(Share.MOST, named),)

    def with_other(self, comparison: Comparison, negated: bool) -> Reach | None:
        """Compare with a column of another table."""
        left, right = comparison.left, comparison.right
        own = self.target.itself and left.named == right.columns.foreign
        if comparison.mark in ("<", ">") and own and left.plain and right.plain:
            # The first or the last of the rows that are equal otherwise stays.
            return None if negated else (Alternative(Share.MOST, left.named),)
        if negated or own or comparison.mark not in ("=", "IN") or comparison.quantifier == "ALL":
            return None
        if constants.truths(self.tokens[right.start : right.stop]):
            return None
        return (Alternative(Share.SOME, left.named),)

    def with_query(self, comparison: Comparison, negated: bool) -> Reach | None:
        """Compare with a subquery's values, which are not the target's own."""
        mark, quantifier, named = comparison.mark, comparison.quantifier, comparison.left.named
        if mark in ("=", "IN"):
            if quantifier == "ALL":
                return None if negated else (Alternative(Share.SOME, named),)
            if not negated:
                return (Alternative(Share.SOME, named),)
            # A single value may be one that no row has.
            return (Alternative(Share.MOST, named),) if mark == "IN" or quantifier else None
        if mark not in ORDERS or (quantifier == "ANY") != (negated and bool(quantifier)):
            return None
        mark = _INVERSE[mark] if negated else mark
        side = LOWER_BOUND if mark.startswith(">") else UPPER_BOUND
        return (Alternative(Share.SIDE, named, side),)

    def with_constant(self, comparison: Comparison, negated: bool, lax: bool) -> Reach | None:
        """Compare with what doesn't depend on the row."""
        left, mark = comparison.left, comparison.mark
        tokens = self.tokens[comparison.right.start : comparison.right.stop]
        if mark in ("=", "IN"):
            return self.equal(comparison, tokens, negated, lax)
        if (lax and constants.holds_null(tokens)) or (left.in_row and mark not in ORDERS):
            return None
        if mark in ORDERS:
            return self.ordered(comparison, tokens, negated)
        if mark == "BETWEEN":
            return self.between(comparison, negated)
        if mark in PATTERNS:
            narrow = constants.selects(mark, tokens)
        else:
            narrow = constants.contains_something(mark, tokens)
        if negated:
            # An array that holds NULL is contained in none, and nothing overlaps an empty one.
            never = mark in CONTAINING and (
                constants.holds_null_text(tokens) or constants.is_empty_array(tokens)
            )
            return None if never or comparison.quantifier else self.all_but(left, tokens)
        return (Alternative(Share.FEW, left.named),) if narrow else None

    def all_but(self, left: Value, tokens: Sequence[Token]) -> Reach | None:
        """Let most rows through: all but those that have a value which the column can have.

        What is computed may never have it: lower(name) <> 'Bob'. Keys differ from most values.
        """
        if self.target.has_key(left.named):
            return None
        own = left.plain or self.values.is_access(left)
        known = own and not constants.is_computed(tokens)
        if not known and not constants.holds_parameter(tokens):
            return None
        return (Alternative(Share.MOST, left.named),)

    def equal(
        self, comparison: Comparison, tokens: Sequence[Token], negated: bool, lax: bool
    ) -> Reach | None:
        """``=``, IN and = ANY; those that are negated let most rows through."""
        named = comparison.left.named
        if comparison.quantifier == "ALL" or (negated and comparison.left.in_row):
            return None
        if constants.holds_null(tokens) and (lax or negated):
            return None
        truths = constants.truths(tokens, digits=True)
        if comparison.left.in_row:
            truths.clear()
        if len(truths) > 1:
            return None
        side = ""
        if truths:
            side = TRUE_SIDE if (True in truths) != negated else FALSE_SIDE
        if side and constants.holds_truth(tokens):
            return (Alternative(Share.SIDE, named, side),)
        if not negated:
            return (Alternative(Share.FEW, named, side),)
        if comparison.quantifier and constants.is_empty_array(tokens):
            return None
        return self.all_but(comparison.left, tokens)

    def ordered(
        self, comparison: Comparison, tokens: Sequence[Token], negated: bool
    ) -> Reach | None:
        """Compare with a bound; of several it is not known which counts."""
        if comparison.quantifier:
            return None
        mark = _INVERSE[comparison.mark] if negated else comparison.mark
        if comparison.left.in_row:
            # Where the first members are equal, the others count.
            return self.bounded(comparison.left, f"{mark[0]}=", self.first_member(comparison.right))
        return self.bounded(comparison.left, mark, tokens)

    def first_member(self, row: Value) -> Sequence[Token]:
        """Return the first member of a row, ROW(1, 2) or what stands in its brackets."""
        start = row.start + (2 if self.tokens[row.start].upper == "ROW" else 0)
        stop = skip_top_level(self.tokens, self.pairs, start, row.stop, frozenset({","}))
        return self.tokens[start:stop]

    def bounded(self, left: Value, mark: str, tokens: Sequence[Token]) -> Reach | None:
        """Compare with one bound; every row's place is within bounds."""
        if self.values.is_remainder(left) or "ctid" in left.named:
            return None
        least: float | None = None
        if self.target.has_key(left.named):
            least = 1
        elif self.is_size(left):
            least = 0
        return constants.ordered(mark, tokens, left.named, least)

    def is_size(self, value: Value) -> bool:
        """Whether a value ends with a call such as length(…), which is never negative."""
        if self.tokens[value.stop - 1].upper != ")":
            return False
        return upper_at(self.tokens, self.pairs[value.stop - 1] - 1) in _SIZES

    def between(self, comparison: Comparison, negated: bool) -> Reach | None:
        """BETWEEN: both of its bounds count."""
        left, start, stop = comparison.left, comparison.right.start, comparison.right.stop
        symmetric = self.tokens[start].upper == "SYMMETRIC"
        start += 1 if symmetric or self.tokens[start].upper == "ASYMMETRIC" else 0
        at = skip_top_level(self.tokens, self.pairs, start, stop, frozenset({"AND"}))
        low, high = self.tokens[start:at], self.tokens[at + 1 : stop]
        if not low or not high:
            return None
        if negated:
            return self.outside(left, low, high, symmetric)
        bounds = [self.bounded(left, ">=", low), self.bounded(left, "<=", high)]
        if symmetric:
            turned = [self.bounded(left, ">=", high), self.bounded(left, "<=", low)]
            return union([narrowest(bounds), narrowest(turned)])
        if None in bounds:
            return narrowest(bounds)
        return (Alternative(Share.SOME, left.named),)

    def outside(
        self, left: Value, low: Sequence[Token], high: Sequence[Token], symmetric: bool
    ) -> Reach | None:
        """NOT BETWEEN keeps out what lies between, if anything does."""
        if symmetric or constants.holds_parameter([*low, *high]):
            return self.all_but(left, [*low, *high])
        bounds = [self.bounded(left, "<", low), self.bounded(left, ">", high)]
        texts = single_text(low), single_text(high)
        if None in (number(low), number(high)) and None not in texts:
            least, greatest = str(texts[0]), str(texts[1])
            ordered = len(least) == len(greatest) and least <= greatest
            return self.all_but(left, low) if ordered else None
        return union(bounds)


def _with_null(reach: Reach | None, value: Value) -> Reach | None:
    """Add the rows whose column is NULL."""
    if reach is None:
        return None
    return (*reach, Alternative(Share.FEW, value.named, null=True))
