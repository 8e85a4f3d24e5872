"""Writes conditions and the values that they compare, at random, over the live schema.

The choices come from outside: from hypothesis, which shrinks what it finds, or from plain dice.
Nothing here may know what `backstop.classify` thinks.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Callable, TypeVar

from testing.live_schema import (
    ARRAYS,
    COLUMNS,
    DOCUMENTS,
    INTEGERS,
    NULLABLE,
    NUMBERS,
    TABLES,
    TEXTS,
    TIMES,
)

T = TypeVar("T")
Choose = Callable[[Sequence[T]], T]

# Which columns are boolean, so that another table's hold all of their values, no text says: they
# are compared with constants alone.
_SHARED = ("integer", "integer", "integer", "text", "text", "number", "time")
_TYPES = (*_SHARED, "boolean")
_CASTS = {
    "integer": "bigint",
    "text": "text",
    "boolean": "boolean",
    "number": "numeric",
    "time": "timestamptz",
    "document": "jsonb",
    "array": "text[]",
}
_ORDERS = ("=", "=", "<>", "!=", "<", ">", "<=", ">=")
_MATCH_ALL = ("'%'", "'%%'", "'_%'", "$$%$$", r"E'\x25'", "'%' || ''")
_PATTERNS = (*_MATCH_ALL, "'a%'", "'%a%'", "''", "'open'")
_UNKNOWN = ("IS NULL", "IS NOT NULL", "IS UNKNOWN", "IS NOT UNKNOWN")
_REGEXES = ("'.*'", "''", "'^a'", "'a|'", "'^(.*)$'", "'open'", "'x*'", "'.'", "'^'", "'[a-z]'")
_OPERATORS: dict[str, tuple[str, ...]] = {
    **dict.fromkeys(("LIKE", "NOT LIKE", "ILIKE", "~~", "!~~"), _PATTERNS),
    **dict.fromkeys(("SIMILAR TO", "NOT SIMILAR TO"), _PATTERNS),
    **dict.fromkeys(("~", "~*", "!~"), _REGEXES),
    "^@": ("''", "'a'"),
}


@dataclass(frozen=True)
class Scope:
    """The relations whose columns may be named: each by its qualifier, the innermost last.

    ``bare`` says that the innermost relation's columns can be named without one.
    """

    names: tuple[str, ...]
    bare: bool = True

    def inside(self, name: str) -> Scope:
        """Return the scope of a subquery that reads one relation more."""
        return Scope((*self.names, name))


class Conditions:
    """Writes conditions, each with a depth that bounds how much it may hold."""

    def __init__(self, choose: Choose[str]) -> None:
        self.choose = choose
        self._aliases = 0

    def maybe(self) -> bool:
        """Toss a coin."""
        return self.choose(("yes", "no")) == "yes"

    def condition(self, scope: Scope, depth: int) -> str:
        """Write a condition."""
        if depth > 0 and self.choose(("plain", "plain", "joined")) == "joined":
            return self._joined(scope, depth - 1)
        return self._test(scope, depth - 1)

    def _joined(self, scope: Scope, depth: int) -> str:
        kind = self.choose(("AND", "OR", "OR", "NOT", "()", "truth", "unknown", "CASE", "coalesce"))
        if kind == "unknown":
            return f"({self._compare(scope, depth)}) {self.choose(_UNKNOWN)}"
        left = self.condition(scope, depth)
        if kind == "NOT":
            return f"NOT ({left})" if self.maybe() else f"NOT {self._test(scope, depth)}"
        if kind == "()":
            return f"({left})"
        if kind == "truth":
            return f"({left}) {self._truth()}"
        if kind == "coalesce":
            return f"coalesce({left}, {self.choose(('true', 'false'))})"
        right = self.condition(scope, depth)
        if kind == "CASE":
            other = self.choose(("", " ELSE true", " ELSE false", f" ELSE {left}"))
            return f"CASE WHEN {left} THEN {right}{other} END"
        return f"({left} {kind} {right})" if self.maybe() else f"{left} {kind} {right}"

    def _truth(self) -> str:
        value = self.choose(("TRUE", "FALSE"))
        if self.choose(("IS", "IS", "=")) == "=":
            return f"{self.choose(('=', '<>'))} {value}"
        return f"IS {self.choose(('', 'NOT '))}{value}"

    def _test(self, scope: Scope, depth: int) -> str:
        kinds = (
            *("compare",) * 5,
            *("in", "in", "any", "between", "distinct", "null", "pattern", "boolean", "literal"),
            *("query", "query", "exists", "row", "contains", "function"),
        )
        return str(getattr(self, f"_{self.choose(kinds)}")(scope, depth))

    def _sides(self, kind: str, scope: Scope, depth: int) -> tuple[str, str]:
        left = self.value(kind, scope, depth)
        constant = kind == "boolean" or self.maybe()
        right = self.literal(kind) if constant else self.value(kind, scope, depth)
        return (
            (left, right) if self.choose(("as is", "as is", "turned")) == "as is" else (right, left)
        )

    def _compare(self, scope: Scope, depth: int) -> str:
        kind = self.choose(_TYPES)
        left, right = self._sides(kind, scope, depth)
        operator = self.choose(_ORDERS)
        if self.choose(("short",) * 9 + ("long",)) == "long":
            operator = f"OPERATOR(pg_catalog.{operator})"
        return f"{left}{self.choose((' ', ' ', '/* x */'))}{operator} {right}"

    def _in(self, scope: Scope, depth: int) -> str:
        kind = self.choose(_TYPES)
        entries = [self.literal(kind) for _ in range(len(self.choose(("1", "11", "111"))))]
        if kind != "boolean" and self.maybe():
            entries.append(self.value(kind, scope, depth))
        listed = f"({', '.join(entries)})"
        return f"{self.value(kind, scope, depth)} {self.choose(('IN', 'NOT IN'))} {listed}"

    def _any(self, scope: Scope, depth: int) -> str:
        kind = self.choose(("integer", "text", "boolean"))
        entries = [self.literal(kind)]
        if kind != "boolean" and self.maybe():
            entries.append(self.value(kind, scope, depth))
        array = f"ARRAY[{', '.join(entries)}]::{_CASTS[kind]}[]"
        array = self.choose((array, array, f"'{{}}'::{_CASTS[kind]}[]"))
        operator = f"{self.choose(_ORDERS)} {self.choose(('ANY', 'ALL', 'SOME'))}"
        return f"{self.value(kind, scope, depth)} {operator} ({array})"

    def _between(self, scope: Scope, depth: int) -> str:
        kind = self.choose(("integer", "integer", "text", "number", "time"))
        low, high = self.literal(kind), self.value(kind, scope, depth)
        if self.maybe():
            high = self.literal(kind)
        between = self.choose(("BETWEEN", "NOT BETWEEN", "BETWEEN SYMMETRIC"))
        return f"{self.value(kind, scope, depth)} {between} {low} AND {high}"

    def _distinct(self, scope: Scope, depth: int) -> str:
        left, right = self._sides(self.choose(_TYPES), scope, depth)
        return f"{left} IS {self.choose(('', 'NOT '))}DISTINCT FROM {right}"

    def _null(self, scope: Scope, _depth: int) -> str:
        """Test for NULL: a column that may be, or what isn't one.

        That a column is declared NOT NULL is seen in the catalog alone.
        """
        value = self.column(self.choose(tuple(NULLABLE)), scope, NULLABLE)
        if self.maybe():
            function = self.choose(("lower", "concat", "num_nulls", "quote_nullable"))
            value = f"{function}({value}::text)"
        test = ("IS NULL", "IS NOT NULL", "ISNULL", "NOTNULL", "IS DISTINCT FROM NULL")
        return f"{value} {self.choose(test)}"

    def _pattern(self, scope: Scope, depth: int) -> str:
        operator = self.choose(sorted(_OPERATORS))
        pattern = self.choose((*_OPERATORS[operator], self.column("text", scope)))
        escape = self.choose(("", "", " ESCAPE '!'")) if "LIKE" in operator else ""
        return f"{self.value('text', scope, depth)} {operator} {pattern}{escape}"

    def _boolean(self, scope: Scope, depth: int) -> str:
        value = self.value("boolean", scope, depth)
        return self.choose((value, value, f"NOT {value}", f"{value} {self._truth()}"))

    def _literal(self, _scope: Scope, _depth: int) -> str:
        return self.choose(
            ("true", "false", "1 = 1", "1 = 0", "NULL IS NULL", "'t'::boolean", "0 < 1", "NULL")
        )

    def _query(self, scope: Scope, depth: int) -> str:
        kind = self.choose(_SHARED)
        query = self.subquery(kind, scope, depth)
        value = self.value(kind, scope, depth)
        operator = self.choose(("IN", "IN", "NOT IN", "= ANY", "<> ALL", ">= ALL", "< ANY", "="))
        if operator == "=":
            return f"{value} = {self._scalar(kind, scope)}"
        if operator == "= ANY" and kind in ("integer", "text") and self.maybe():
            return f"{value} = ANY (ARRAY{query})"
        return f"{value} {operator} {query}"

    def _exists(self, scope: Scope, depth: int) -> str:
        return f"{self.choose(('', 'NOT '))}EXISTS {self.subquery('integer', scope, depth)}"

    def _row(self, scope: Scope, depth: int) -> str:
        kinds = [self.choose(_SHARED), self.choose(_SHARED)]
        row = self.choose(("", "ROW"))
        left, right = (
            f"{row}({', '.join(self.value(kind, scope, depth) for kind in kinds)})"
            for _ in range(2)
        )
        literals = f"({', '.join(self.literal(kind) for kind in kinds)})"
        operator = self.choose(("=", "<>", "<", "IN", "IS DISTINCT FROM", "null"))
        if operator == "IN":
            return f"{left} IN ({literals}, {right})" if self.maybe() else f"{left} IN ({literals})"
        if operator == "null":
            return f"{left} {self.choose(('IS NULL', 'IS NOT NULL'))}"
        return f"{left} {operator} {self.choose((right, literals))}"

    def _contains(self, scope: Scope, _depth: int) -> str:
        if self.maybe():
            operator = self.choose(("@>", "<@", "&&", "=", "<>"))
            return f"{self.column('array', scope)} {operator} {self.literal('array')}"
        if self.maybe():
            operator = self.choose(("@>", "<@", "=", "<>"))
            return f"{self.column('document', scope)} {operator} {self.literal('document')}"
        test = self.choose(("? 'a'", "?| '{a,b}'", "?& '{}'", "@? '$'", "->> 'a' = '1'"))
        return f"{self.column('document', scope)} {test}"

    def _function(self, scope: Scope, depth: int) -> str:
        text, number = self.value("text", scope, depth), self.value("integer", scope, depth)
        return self.choose(
            (
                f"starts_with({text}, {self.choose(TEXTS_QUOTED)})",
                f"int8eq({number}, {self.value('integer', scope, depth)})",
                f"int8gt({number}, {self.literal('integer')})",
                f"({number})::int::boolean",
                f"texteq({text}, {text})",
                f"isfinite({self.value('time', scope, depth)})",
                f"booleq({self.column('boolean', scope)}, {self.choose(('true', 'false'))})",
                f"num_nulls({text}, {number}) {self.choose(_ORDERS)} {self.choose('012')}",
                f"({self.column('time', scope)}, now()) OVERLAPS (now(), now())",
                f"regexp_like({text}, {self.choose(_REGEXES)})",
            )
        )

    def value(self, kind: str, scope: Scope, depth: int) -> str:
        """Write a value of one kind: mostly a column, by itself or inside of something."""
        plain = self.choose(("plain", "plain", "plain", "plain", "deep"))
        if depth <= 0 or plain == "plain":
            return self.column(kind, scope)
        return self._deep(kind, scope, depth - 1)

    def _deep(self, kind: str, scope: Scope, depth: int) -> str:
        own = self.value(kind, scope, depth)
        other = self.literal(kind) if self.maybe() else self.value(kind, scope, depth)
        condition = self._test(scope, depth)
        number, text = (self.value(type_, scope, depth) for type_ in ("integer", "text"))
        options = [
            f"({own})",
            f"coalesce({own}, {other})",
            f"nullif({own}, {other})",
            f"CASE WHEN {condition} THEN {own} ELSE {other} END",
            f"greatest({own}, {other})",
            f"least({own}, {other})",
            f"({own})::{_CASTS[kind]}",
            f"CAST({own} AS {_CASTS[kind]})",
            self._scalar(kind, scope),
        ]
        options += {
            "integer": [
                f"{own} + {other}",
                f"{own} - {other}",
                f"{own} * {self.choose(('0', '1', '-1', '2'))}",
                f"-{own}",
                f"abs({own})",
                f"length({text})",
                f"{own} % {self.choose(('1', '2', '10'))}",
                f"{own} & {self.choose(('0', '1'))}",
                f"sign({own})::bigint",
                f"num_nulls({text})",
                f"cardinality({self.column('array', scope)})",
                f"(SELECT count(*) FROM {self.choose(TABLES)})",
            ],
            "text": [
                f"lower({own})",
                f"upper({own})",
                f"{own} || {other}",
                f"left({own}, {self.choose('012')})",
                f"repeat({own}, {self.choose('01')})",
                f"({number})::text",
                f"concat({own}, {other})",
                f"{self.column('document', scope)} ->> 'a'",
                f"substring({own} from 1 for {self.choose('012')})",
                f"trim(both from {own})",
                f"replace({own}, {other}, '')",
                f'{own} COLLATE "C"',
                f"{self.column('array', scope)}[1]",
            ],
            "boolean": [f"({condition})"],
            "number": [f"{own} * 0", f"round({own})", f"({number})::numeric", f"{own} + 1"],
            "time": [f"{own} + interval '1 day'", f"date_trunc('year', {own})", "now()"],
        }.get(kind, [])
        return self.choose(options)

    def column(self, kind: str, scope: Scope, columns: dict[str, tuple[str, ...]] = COLUMNS) -> str:
        """Name a column, with or without its relation."""
        name = self.choose(columns[kind])
        if scope.bare and self.maybe():
            return name
        return f"{self.choose(scope.names[-2:])}.{self._quoted(name)}"

    def _quoted(self, name: str) -> str:
        if name.startswith('"'):
            return name
        unicode = f'U&"\\{ord(name[0]):04x}{name[1:]}"'
        return self.choose((name,) * 8 + (f'"{name}"', name.upper(), unicode))

    def literal(self, kind: str) -> str:
        """Write a constant: one of the values that the tables are filled with."""
        if kind == "integer":
            number = self.choose(tuple(map(str, INTEGERS)))
            return self.choose((number, number, f"'{number}'", f"({number})", f"{number}::bigint"))
        if kind == "boolean":
            return self.choose(("true", "false", "'t'", "NULL::boolean"))
        values = {
            "text": TEXTS,
            "number": NUMBERS,
            "time": TIMES,
            "document": DOCUMENTS,
            "array": ARRAYS,
        }[kind]
        text = self.choose(values).replace("'", "''")
        cast = "" if kind == "text" and self.maybe() else f"::{_CASTS[kind]}"
        return f"{self.choose(('', '', 'E'))}'{text}'{cast}"

    def subquery(self, kind: str, scope: Scope, depth: int) -> str:
        """Write a subquery of one column, in brackets, correlated or not."""
        table, alias = self.choose(TABLES), self._alias()
        inner = scope.inside(alias)
        shape = self.choose(("plain", "plain", "plain", "alone", "values", "union", "derived"))
        if shape == "alone":
            return f"(SELECT {self.value(kind, scope, depth)})"
        if shape == "values":
            return f"(VALUES ({self.literal(kind)}), ({self.value(kind, scope, depth)}))"
        if shape == "derived":
            inside = (
                self.subquery(kind, scope, depth - 1)
                if depth > 0
                else f"(SELECT {self.literal(kind)})"
            )
            return f"(SELECT v FROM {inside} AS {alias}(v))"
        picked = self.choose((self.column(kind, Scope((alias,))), self.value(kind, inner, 0)))
        query = f"SELECT {picked} FROM {table} AS {alias}{self._where(inner)}"
        if shape == "union":
            query += f" UNION {self.choose(('', 'ALL '))}SELECT {self.literal(kind)}"
            return f"({query})"
        return f"({query}{self.choose(('', '', '', ' LIMIT 1', ' LIMIT 0', ' OFFSET 1'))})"

    def _where(self, scope: Scope) -> str:
        """Write the WHERE of a subquery: one that many rows pass, or none by its own text.

        A subquery that is empty by chance would make NOT IN and NOT EXISTS hold for every row,
        which no text can tell.
        """
        kind = self.choose(_SHARED)
        own = self.column(kind, Scope(scope.names[-1:]))
        return self.choose(
            (
                "",
                f" WHERE {own} = {self.column(kind, Scope(scope.names[:-1], bare=False))}",
                f" WHERE {own} <> {self.literal(kind)}",
                f" WHERE {own} <> {self.column(kind, Scope(scope.names[:-1], bare=False))}",
                f" WHERE {own} IS NOT NULL",
                f" WHERE {self._literal(scope, 0)}",
            )
        )

    def _scalar(self, kind: str, scope: Scope) -> str:
        table, alias = self.choose(TABLES), self._alias()
        picked = self.column(kind, Scope((alias,)))
        if kind == "boolean":
            picked = f"bool_{self.choose(('and', 'or'))}({picked})"
        else:
            # There is no text below the empty one, which every table holds.
            picked = f"{self.choose(('max', 'min') if kind != 'text' else ('max',))}({picked})"
        return f"(SELECT {picked} FROM {table} {alias}{self._where(scope.inside(alias))})"

    def _alias(self) -> str:
        """Name a relation of a subquery, now and then as a table is named that is not it."""
        self._aliases += 1
        return self.choose(
            (f"s{self._aliases}", f"s{self._aliases}", f"s{self._aliases}", "orders")
        )


TEXTS_QUOTED = tuple("'" + text.replace("'", "''") + "'" for text in TEXTS)
