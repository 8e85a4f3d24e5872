"""Whether a column compared with what doesn't depend on the row keeps any row out.

It knows which comparisons hold for every value by their own text: a key that is positive, a
pattern that matches everything, a length that is never negative.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from backstop.classifier import operands
from backstop.classifier._source import Source
from backstop.classifier.operands import Columns
from backstop.syntax.lexer import TokenKind
from backstop.syntax.structure import upper_at

_KEYS = frozenset({"id", "pk", "uuid", "oid", "ctid", "tableoid", "xmin", "xmax", "cmin", "cmax"})
_SYSTEM = frozenset({"ctid", "tableoid", "xmin", "xmax", "cmin", "cmax"})
LOWER = frozenset({">", ">="})
UPPER = frozenset({"<", "<="})


@dataclass(frozen=True)
class Target:
    """The table whose rows are at stake, under the name by which its columns are qualified.

    ``table`` is its own name; ``joined`` says that other tables stand beside it, ``itself`` that
    one of them holds the same rows; ``ctes`` are the visible WITH entries, by token indexes.
    """

    name: str
    table: str
    joined: bool = False
    itself: bool = False
    ctes: dict[str, tuple[int, int]] = field(default_factory=dict)


class Constants:
    """Judges comparisons of the target's columns with constants."""

    def __init__(self, source: Source, target: Target) -> None:
        self.source = source
        self.tokens = source.tokens
        self.pairs = source.pairs
        self.target = target

    def keep_out(
        self, mark: str, left: Columns, left_stop: int, start: int, stop: int, negated: bool
    ) -> bool:
        """Whether a column compared with something that doesn't depend on the row keeps rows out.

        Keys are positive and never empty: ``id > 0`` and ``id <> 5`` keep (almost) nothing out.
        """
        if mark in ("LIKE", "ILIKE", "SIMILAR", "~", "~*"):
            return negated or not self.matches_everything(mark, start, stop)
        if self.holds(start, stop, "NULL"):
            # Nothing is equal to NULL: no row is reached, unless it is asked for the opposite.
            return mark in ("=", "IN") and not negated
        if self.holds(start, stop, "ALL") and (mark not in ("<>", "!=") or negated):
            # Everything is equal to, or greater than, all of an empty list.
            return False
        key = any(self.is_key(column) for column in left.named)
        if mark in ("=", "IN"):
            return not (negated and key)
        if mark in ("<>", "!="):
            return negated or not key
        if negated:
            mark = {"<": ">=", "<=": ">", ">": "<=", ">=": "<"}.get(mark, mark)
        if any(column in _SYSTEM for column in left.named):
            return False
        size = self.is_size(left_stop)
        if mark in LOWER and (key or size):
            number = self.number(start, stop)
            if number is None:
                return self.holds_placeholder(start, stop)
            return number > (1 if key else 0)
        return True

    def null_test(
        self, start: int, left_stop: int, operator: int, stop: int, negated: bool
    ) -> bool:
        """IS [NOT] NULL and IS [NOT] DISTINCT FROM."""
        after = [token.upper for token in self.tokens[operator + 1 : operator + 4]]
        if after[:1] == ["NOT"]:
            after, negated = after[1:], not negated
        left = operands.columns(self.source, self.target.name, start, left_stop)
        if after[:2] == ["DISTINCT", "FROM"]:
            right = operands.columns(self.source, self.target.name, operator + 3, stop)
            if not negated:
                # True of NULL too, and of nearly every value: no more than <> is.
                keys = any(self.is_key(column) for column in left.named | right.named)
                return not keys and not self.holds(operator, stop, "NULL")
            return left.named != right.named
        if not negated and self.holds(start, left_stop, "NULL"):
            return False
        if after[:1] == ["NULL"] and negated:
            return not self.never_null(start, left)
        return after[:1] != ["UNKNOWN"] or not negated

    def never_null(self, start: int, left: Columns) -> bool:
        """Whether what is tested for NULL can't be NULL by its own text: a key, a COALESCE."""
        if self.tokens[start].upper in ("COALESCE", "ROW", "("):
            return True
        return any(self.is_key(column) for column in left.named)

    def is_key(self, column: str) -> bool:
        """Whether a column is a key by its name: never NULL, never zero."""
        table = self.target.table
        return column in _KEYS or column in (f"{table}_id", f"{table.rstrip('s')}_id")

    def is_size(self, left_stop: int) -> bool:
        """Whether the left side ends with a call such as length(…), which is never negative."""
        if self.tokens[left_stop - 1].upper != ")":
            return False
        opening = self.pairs[left_stop - 1]
        name = upper_at(self.tokens, opening - 1)
        return name in ("LENGTH", "CHAR_LENGTH", "OCTET_LENGTH", "ABS", "CARDINALITY")

    def number(self, start: int, stop: int) -> float | None:
        """Return the number that stands alone between two indexes, with its sign."""
        if stop - start > 4:
            return None
        texts = [token.text.strip("'") for token in self.tokens[start:stop]]
        try:
            return float("".join(texts))
        except ValueError:
            return None

    def holds(self, start: int, stop: int, *words: str) -> bool:
        """Whether one of these words stands between two indexes."""
        return any(token.upper in words for token in self.tokens[start:stop])

    def holds_placeholder(self, start: int, stop: int) -> bool:
        """Whether a parameter stands between two indexes."""
        return any(token.kind is TokenKind.PLACEHOLDER for token in self.tokens[start:stop])

    def matches_everything(self, mark: str, start: int, stop: int) -> bool:
        """Whether a pattern lets every value through; an unknown pattern does not count as one."""
        texts: list[str] = []
        for token in self.tokens[start:stop]:
            if token.kind is TokenKind.STRING:
                texts.append(token.text.lstrip("eEnN").strip("'"))
            elif token.upper not in ("TO", "||", "(", ")"):
                return False
        pattern = "".join(texts)
        if mark in ("~", "~*"):
            return pattern in ("", ".*", "^", "$", "^.*$", "^.*", ".*$", ".", ".+", "(.*)")
        return "%" in pattern and pattern.strip("%") == ""
