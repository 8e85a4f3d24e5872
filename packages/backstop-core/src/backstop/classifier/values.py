"""Reads one side of a test: a constant, a value computed from the target's columns, a subquery.

A computed value counts only if it is sure to differ between rows whose columns differ enough:
``lower(name)`` and ``age + 1`` do, ``age * 0``, ``left(name, 0)`` and ``num_nulls(name)`` don't.
What isn't known to differ is unclear, and an unclear test restricts nothing.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from enum import Enum

from backstop.classifier import operands
from backstop.classifier._source import Source
from backstop.classifier.functions import call_risk
from backstop.classifier.keywords import EXPRESSIONS, RESERVED
from backstop.classifier.literals import literal_text, number
from backstop.classifier.operands import Columns
from backstop.syntax.lexer import Token, TokenKind
from backstop.syntax.structure import Name, folded, read_name, upper_at

_MAX_DEPTH = 12
_NAMES = (TokenKind.WORD, TokenKind.QUOTED)
# Operators from the loosest to the tightest, those of one level read from left to right.
_LEVELS = (
    frozenset({"||", "->", "->>", "#>", "#>>", "&", "|", "#", "<<", ">>"}),
    frozenset({"+", "-"}),
    frozenset({"*", "/", "%"}),
    frozenset({"^"}),
)
COMPUTING = frozenset({"::"}).union(*_LEVELS)
_ACCESS = frozenset({"->", "->>", "#>", "#>>"})

# Functions of one argument whose value differs between arguments that differ.
_DIFFERING = frozenset(
    {"lower", "upper", "initcap", "reverse", "length", "char_length", "character_length", "md5"}
    | {"octet_length", "bit_length", "ascii", "btrim", "ltrim", "rtrim", "trim", "date", "abs"}
    | {"round", "floor", "ceil", "ceiling", "trunc", "cardinality", "age", "sqrt", "cbrt"}
    | {"to_tsvector", "jsonb_array_length", "json_array_length"}
    | {"sha224", "sha256", "sha384", "sha512", "hashtext", "to_hex", "host"}
    | {"timezone", "isempty"}
)
_RANGES = frozenset({"int4range", "int8range", "numrange", "daterange", "tsrange", "tstzrange"})
# Those that take more: the position of the argument that counts, for each number of arguments.
_POSITIONS: dict[str, dict[int, int]] = {
    "coalesce": {2: 0},
    "nullif": {2: 0},
    "date_trunc": {2: 1, 3: 1},
    "date_part": {2: 1},
    "timezone": {2: 1},
    "to_tsvector": {2: 1},
    "array_length": {2: 0},
    "jsonb_extract_path": {2: 0, 3: 0},
    "jsonb_extract_path_text": {2: 0, 3: 0},
    "json_extract_path": {2: 0, 3: 0},
    "json_extract_path_text": {2: 0, 3: 0},
}
# Those whose second argument is a number that may leave nothing over: left(name, 0).
_CUTTING = frozenset({"left", "right", "substr", "substring", "round", "trunc"})
# The words that stand between the arguments of some.
_BETWEEN_ARGUMENTS = {
    "cast": frozenset({"AS"}),
    "extract": frozenset({"FROM"}),
    "trim": frozenset({"FROM"}),
    "substring": frozenset({"FROM", "FOR"}),
}


class Kind(Enum):
    """What stands on one side of a test.

    ``OTHER`` is computed from the columns of other tables alone.
    """

    CONSTANT = "constant"
    COLUMN = "column"
    OTHER = "other"
    QUERY = "query"
    UNCLEAR = "unclear"


@dataclass(frozen=True)
class Value:
    """One side of a test, without outer brackets; ``plain`` says that it is a column by itself.

    ``in_row`` says that it is the member that counts of a row, such as (a, b).
    """

    kind: Kind
    start: int
    stop: int
    columns: Columns
    plain: bool
    in_row: bool = False

    def as_row(self) -> Value:
        """Return it as a member that stands for a whole row, (a, b)."""
        return replace(self, in_row=True)

    @property
    def named(self) -> frozenset[str]:
        """The columns of the target that it is computed from."""
        return self.columns.named


class Values:
    """Reads the sides of the tests of one condition."""

    def __init__(self, source: Source, target: str, joined: bool) -> None:
        self.source = source
        self.tokens = source.tokens
        self.pairs = source.pairs
        self.target = target
        self.joined = joined

    def read(self, start: int, stop: int) -> Value:
        """Read what stands between two token indexes."""
        start, stop = self.strip(start, stop)
        columns = operands.columns(self.source, self.target, start, stop)
        kind = self.kind(start, stop, columns)
        plain = kind in (Kind.COLUMN, Kind.OTHER) and self.is_column(start, stop)
        return Value(kind, start, stop, columns, plain)

    def strip(self, start: int, stop: int) -> tuple[int, int]:
        """Take brackets around the whole off, but for those of a subquery."""
        while start < stop and self.tokens[start].upper == "(":
            if self.pairs[start] != stop - 1 or operands.opens_query(self.source, start):
                break
            start, stop = start + 1, stop - 1
        return start, stop

    def kind(self, start: int, stop: int, columns: Columns) -> Kind:
        """Return what stands between two indexes."""
        if start >= stop or columns.unclear:
            return Kind.UNCLEAR
        if operands.opens_query(self.source, start) and self.pairs[start] == stop - 1:
            return Kind.QUERY
        if any(operands.opens_query(self.source, at) for at in range(start, stop)):
            return Kind.UNCLEAR
        if not columns.any:
            return Kind.CONSTANT
        if not columns.named:
            # Where no other table stands beside the target, it is a variable: NEW.id, row.id.
            return Kind.OTHER if self.joined else Kind.CONSTANT
        if columns.foreign or not self.differs(start, stop, 0):
            return Kind.UNCLEAR
        return Kind.COLUMN

    def is_column(self, start: int, stop: int) -> bool:
        """Whether nothing but a name stands between two indexes."""
        name = read_name(self.tokens, start, stop)
        return name is not None and name.stop == stop

    def is_access(self, value: Value) -> bool:
        """Whether a value is a field of a document, which may be missing."""
        at = self.last_operator(value.start, value.stop, _LEVELS[0])
        return at is not None and self.tokens[at].upper in _ACCESS

    def is_remainder(self, value: Value) -> bool:
        """Whether a value lies between bounds that its text shows: x % 10, x & 7."""
        return any(token.upper in ("%", "&") for token in self.tokens[value.start : value.stop])

    def differs(self, start: int, stop: int, depth: int) -> bool:
        """Whether a value is sure to differ between rows; constants don't."""
        start, stop = self.strip(start, stop)
        if depth > _MAX_DEPTH:
            return False
        if self.is_column(start, stop):
            return bool(operands.columns(self.source, self.target, start, stop).named)
        for level in _LEVELS[:3]:
            at = self.last_operator(start, stop, level)
            if at is not None:
                return self.operation(start, at, stop, depth + 1)
        return self.suffixed(start, stop, depth + 1)

    def last_operator(self, start: int, stop: int, level: frozenset[str]) -> int | None:
        """Return the index of the last operator of a level, or of a sign in front of it all."""
        found = None
        index = start
        while index < stop:
            mark = self.tokens[index].upper
            if mark in ("(", "["):
                index = self.pairs[index]
            elif mark in level and (index == start or not self.is_sign(index)):
                found = index
            index += 1
        return found

    def is_sign(self, index: int) -> bool:
        """Whether the operator at an index is the sign of what follows."""
        return self.tokens[index - 1].kind is TokenKind.OPERATOR

    def operation(self, start: int, at: int, stop: int, depth: int) -> bool:
        """Whether ``left operator right`` differs: a column with a constant or with another one."""
        mark = self.tokens[at].upper
        left = operands.columns(self.source, self.target, start, at)
        right = operands.columns(self.source, self.target, at + 1, stop)
        if left.any and right.any:
            return (
                mark in ("+", "-", "*", "/", "||")
                and not left.named & right.named
                and self.differs(start, at, depth)
                and self.differs(at + 1, stop, depth)
            )
        if left.any:
            return self.differs(start, at, depth) and self.keeps(mark, at + 1, stop, right=True)
        return self.differs(at + 1, stop, depth) and self.keeps(mark, start, at, right=False)

    def keeps(self, mark: str, start: int, stop: int, *, right: bool) -> bool:
        """Whether a constant beside an operator leaves the differences of the other side."""
        start, stop = self.strip(start, stop)
        tokens = self.tokens[start:stop]
        if not self.is_constant(start, stop):
            return False
        if mark in _ACCESS:
            return right
        if mark == "||":
            return True
        if any(map(_is_endless, tokens)):
            return False
        if mark in ("+", "-"):
            return True
        factor = number(tokens)
        if mark in ("*", "/"):
            return bool(factor) or _is_parameter(tokens) or _is_interval(tokens)
        if mark in ("%", "&") and right:
            return _is_parameter(tokens) or abs(factor or 0) > (mark == "%")
        return False

    def suffixed(self, start: int, stop: int, depth: int) -> bool:
        """Whether a value with what follows it differs: a cast, a subscript, a zone."""
        tokens = self.tokens
        word = self.last_operator(start, stop, frozenset({"AT", "COLLATE"}))
        if word is not None:
            return self.is_constant(word + 1, stop) and self.differs(start, word, depth)
        cast = self.last_operator(start, stop, frozenset({"::"}))
        if cast is not None:
            return _keeps_type(tokens[cast + 1 : stop]) and self.differs(start, cast, depth)
        if tokens[stop - 1].upper == "]":
            opening = self.pairs[stop - 1]
            # A slice may be empty in all rows: tags[2:1].
            is_slice = any(token.upper == ":" for token in tokens[opening:stop])
            if is_slice or not self.is_constant(opening + 1, stop - 1):
                return False
            return self.differs(start, opening, depth)
        return self.call(start, stop, depth)

    def is_constant(self, start: int, stop: int) -> bool:
        """Whether neither a column nor NULL stands between two indexes."""
        if any(token.upper == "NULL" for token in self.tokens[start:stop]):
            return False
        return not operands.columns(self.source, self.target, start, stop).any

    def call(self, start: int, stop: int, depth: int) -> bool:
        """Whether a call differs, by the function's name and which argument holds the column."""
        name = self.function(start, stop)
        if name is None:
            return False
        called = folded(self.tokens[name.stop - 1])
        inside = name.stop + 1, stop - 1
        if self.is_own_call(start, stop):
            return any(self.differs(*argument, depth) for argument in self.arguments(*inside))
        worded = self.worded(called, *inside, depth)
        if worded is not None:
            return worded
        arguments = self.arguments(*inside)
        if len(arguments) == 1:
            return called in _DIFFERING and self.differs(*arguments[0], depth)
        if called in _RANGES:
            return any(self.differs(*argument, depth) for argument in arguments[:2])
        if called in _CUTTING:
            return self.cut(arguments, depth)
        if called == "date_part" and _is_zone(self.tokens[slice(*inside)]):
            return False
        return self.positioned(_POSITIONS.get(called, {}), arguments, depth)

    def positioned(
        self, positions: dict[int, int], arguments: list[tuple[int, int]], depth: int
    ) -> bool:
        """Whether the argument that counts differs, and the others are constants."""
        position = positions.get(len(arguments))
        if position is None:
            return False
        others = [span for at, span in enumerate(arguments) if at != position]
        return all(self.is_constant(*span) for span in others) and self.differs(
            *arguments[position], depth
        )

    def cast_to_boolean(self, start: int, stop: int) -> tuple[int, int] | None:
        """Return what stands inside of ``…::boolean`` or CAST(… AS boolean), or nothing."""
        if upper_at(self.tokens, start) == "CAST" and self.pairs.get(start + 1) == stop - 1:
            start, stop = start + 2, stop - 1
        if self.tokens[stop - 1].upper not in ("BOOLEAN", "BOOL"):
            return None
        return (start, stop - 2) if upper_at(self.tokens, stop - 2) in ("::", "AS") else None

    def function(self, start: int, stop: int) -> Name | None:
        """Return the name of the function if nothing but a call stands between two indexes."""
        name = read_name(self.tokens, start, stop)
        if name is None or upper_at(self.tokens, name.stop, stop) != "(":
            return None
        return name if self.pairs[name.stop] == stop - 1 else None

    def is_own_call(self, start: int, stop: int) -> bool:
        """Whether a function of the user's is called: how many rows it tells apart is counted.

        That is for the assess stage; the call itself is a risk, whatever it answers.
        """
        name = self.function(start, stop)
        if name is None:
            return False
        if name.stop - name.start == 1 and self.tokens[start].upper in RESERVED | EXPRESSIONS:
            return False
        risk = call_risk(tuple(folded(self.tokens[at]) for at in range(start, name.stop, 2)))
        return risk is not None and risk.kind == "unknown-function"

    def worded(self, called: str, start: int, stop: int, depth: int) -> bool | None:
        """Read the arguments that stand between words: CAST(a AS b), EXTRACT(a FROM b)."""
        spans = self.split(start, stop, _BETWEEN_ARGUMENTS.get(called, frozenset()))
        if len(spans) == 1:
            return None
        if called == "substring":
            return self.cut(spans, depth)
        (_, at), last = spans[0], spans[-1]
        if called == "cast":
            return _keeps_type(self.tokens[at + 1 : stop]) and self.differs(start, at, depth)
        if called == "extract" and _is_zone(self.tokens[start:at]):
            return False
        return self.is_constant(start, at) and self.differs(*last, depth)

    def cut(self, arguments: list[tuple[int, int]], depth: int) -> bool:
        """Whether left(a, 1) and the like leave a difference: not with a length of 0."""
        sizes = [self.tokens[start:stop] for start, stop in arguments[1:]]
        for size in sizes:
            length = number(size)
            if not _is_parameter(size) and (length is None or not 1 <= length < 100):
                return False
        return self.differs(*arguments[0], depth)

    def arguments(self, start: int, stop: int) -> list[tuple[int, int]]:
        """Return where the arguments between a call's brackets start and stop."""
        return self.split(start, stop, frozenset({","}))

    def split(self, start: int, stop: int, words: frozenset[str]) -> list[tuple[int, int]]:
        """Cut at these words where they stand outside of brackets."""
        found: list[tuple[int, int]] = []
        begin = index = start
        while index < stop:
            mark = self.tokens[index].upper
            if mark in ("(", "["):
                index = self.pairs[index]
            elif mark in words:
                found.append((begin, index))
                begin = index + 1
            index += 1
        return [*found, (begin, stop)]


def _is_parameter(tokens: list[Token]) -> bool:
    """Whether a parameter stands alone here, with or without a cast."""
    if any(token.kind is TokenKind.OPERATOR and token.upper != "::" for token in tokens):
        return False
    return any(token.kind is TokenKind.PLACEHOLDER for token in tokens[:1])


def _is_interval(tokens: list[Token]) -> bool:
    """Whether this is the literal of an interval that isn't empty."""
    if len(tokens) != 2 or tokens[0].upper != "INTERVAL":
        return False
    return any(mark in "123456789" for mark in literal_text(tokens[1:]) or "")


def _is_endless(token: Token) -> bool:
    """Whether a literal stands for infinity or NaN, which take every number in."""
    value = number([token]) if token.kind is TokenKind.STRING else None
    return value is not None and not math.isfinite(value)


def _is_zone(tokens: list[Token]) -> bool:
    """Whether a field of a time is that of its zone, which all rows share."""
    return any("TIMEZONE" in token.text.upper() for token in tokens)


def _keeps_type(tokens: list[Token]) -> bool:
    """Whether a cast leaves the differences: one to boolean makes one value of most numbers."""
    words = {folded(token) for token in tokens if token.kind in _NAMES}
    return bool(words) and not words & {"bool", "boolean", "bit", "void"}
