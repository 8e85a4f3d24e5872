"""Types, sequences and functions at random, each leaning on those before it where it can.

Everything is drawn from hypothesis, so that what it finds is made small.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeVar

from hypothesis import strategies as st

if TYPE_CHECKING:
    from collections.abc import Sequence

    from hypothesis.strategies import DrawFn

    Some = TypeVar("Some")

SCHEMAS = ("one", '"Other one"')


@dataclass(frozen=True)
class Kind:
    """A type that columns can have, and an immutable expression of it."""

    sql: str
    value: str


BUILTIN = (
    Kind("int", "1"),
    Kind("text", "'a'::text"),
    Kind("numeric(8,2)", "1.50::numeric(8,2)"),
    Kind("jsonb", "'{}'::jsonb"),
    Kind("int[]", "'{1,NULL}'::int[]"),
)


@dataclass(frozen=True)
class Column:
    """A column of a relation; ``written`` where its table's rows give it a value."""

    name: str
    kind: Kind
    written: bool = False


@dataclass(frozen=True)
class Function:
    """An immutable function of one argument, which it may do without."""

    sql: str
    argument: Kind
    result: Kind
    optional: bool


class Types:
    """Draws the statements that create types and functions, for a server of one version.

    ``targets`` are what was created, as DROP and COMMENT name it.
    """

    def __init__(self, draw: DrawFn, server_version: int) -> None:
        self._draw = draw
        self._version = server_version
        self._number = 0
        self._kinds = list(BUILTIN)
        self._functions: list[Function] = []
        self._aggregates: list[tuple[str, Kind]] = []
        self._sequences: list[str] = []
        self.statements = [f"CREATE SCHEMA {schema}" for schema in SCHEMAS]
        self.targets: list[str] = []

    def add(self, step: str) -> None:
        """Create one more object of a kind, and what it can't do without."""
        getattr(self, f"_{step}")()

    def _choose(self, options: Sequence[Some]) -> Some:
        return self._draw(st.sampled_from(options))

    def _toss(self) -> bool:
        return self._draw(st.booleans())

    def _new(self, beginning: str) -> str:
        self._number += 1
        return f"{beginning}{self._number}"

    def _named(self, beginning: str) -> str:
        return f"{self._choose(SCHEMAS)}.{self._new(beginning)}"

    def _create(self, target: str, statement: str) -> None:
        self.statements.append(statement)
        self.targets.append(target)

    def _kind(self) -> Kind:
        # The newest first, to which hypothesis makes choices small.
        kind = self._choose(self._kinds[::-1])
        if not kind.sql.endswith("]") and self._choose((False, False, False, True)):
            return Kind(f"{kind.sql}[]", f"ARRAY[{kind.value}]")
        return kind

    def _constant(self, kind: Kind) -> str:
        """Write an expression of a kind, perhaps by way of a function."""
        calls = [
            call
            for function in self._functions
            if function.result == kind
            for call in (
                [f"{function.sql}()"] * function.optional
                + [f"{function.sql}({function.argument.value})"]
            )
        ]
        return self._choose([kind.value, *calls])

    def _derived(self, column: Column, alias: str = "") -> tuple[str, Kind]:
        """Write an expression over a column, through a function where one takes it."""
        name = f"{alias}{column.name}"
        fitting = [found for found in self._functions if found.argument == column.kind]
        if fitting and self._toss():
            function = self._choose(fitting)
            return f"{function.sql}({name})", function.result
        return name, column.kind

    def _function_of(self, column: Column) -> tuple[str, Kind]:
        expression, kind = self._derived(column)
        if expression == column.name:
            self._add_function(column.kind, self._kind())
            function = self._functions[-1]
            return f"{function.sql}({column.name})", function.result
        return expression, kind

    def _enum(self) -> None:
        name = self._named("enum")
        self._create(f"TYPE {name}", f"CREATE TYPE {name} AS ENUM ('sad', 'very, \"happy\"')")
        self._kinds.append(Kind(name, f"'sad'::{name}"))

    def _domain(self) -> None:
        base, name = self._kind(), self._named("domain")
        check = f"{self._derived(Column('VALUE', base))[0]} IS NOT NULL OR VALUE IS NULL"
        default = f" DEFAULT {self._constant(base)}" if self._toss() else ""
        checked = f" CONSTRAINT fits CHECK ({check})" if self._toss() else ""
        self._create(f"DOMAIN {name}", f"CREATE DOMAIN {name} AS {base.sql}{default}{checked}")
        self._kinds.append(Kind(name, f"{base.value}::{name}"))

    def _composite(self) -> None:
        kinds, name = (self._kind(), self._kind()), self._named("pair")
        listed = ", ".join(f"f{n} {kind.sql}" for n, kind in enumerate(kinds))
        self._create(f"TYPE {name}", f"CREATE TYPE {name} AS ({listed})")
        values = ", ".join(kind.value for kind in kinds)
        self._kinds.append(Kind(name, f"ROW({values})::{name}"))

    def _range(self) -> None:
        base, name = self._kind(), self._named("range")
        if base.sql == "jsonb" or "[" in base.sql:
            base = BUILTIN[0]
        # Named for itself, so that the constructor has no overloads.
        subtype = base.sql.split("(")[0]
        self._create(f"TYPE {name}", f"CREATE TYPE {name} AS RANGE (subtype = {subtype})")
        self._kinds.append(Kind(name, f"{name}({base.value}, {base.value}, '[]')"))

    def _sequence(self) -> str:
        name = self._named("numbers")
        start = self._choose(("", " START 7 INCREMENT 3", " AS int CYCLE"))
        self._create(f"SEQUENCE {name}", f"CREATE SEQUENCE {name}{start}")
        self._sequences.append(name)
        return name

    def _function(self) -> None:
        self._add_function(self._kind(), self._kind())

    def _add_function(self, argument: Kind, result: Kind) -> None:
        name, value = self._named("f"), self._constant(result)
        optional = self._toss()
        default = f" DEFAULT {self._constant(argument)}" if optional else ""
        tracked = self._version >= 140000 and self._toss()
        body = f"RETURN {value}" if tracked else f"AS $$SELECT {value}$$"
        self._create(
            f"FUNCTION {name}({argument.sql})",
            f"CREATE FUNCTION {name}(a {argument.sql}{default}) RETURNS {result.sql} "
            f"LANGUAGE sql IMMUTABLE {body}",
        )
        self._functions.append(Function(name, argument, result, optional))

    def _aggregate(self) -> None:
        kind, step, name = self._kind(), self._named("step"), self._named("tally")
        self._create(
            f"FUNCTION {step}(int, {kind.sql})",
            f"CREATE FUNCTION {step}(int, {kind.sql}) RETURNS int LANGUAGE sql IMMUTABLE "
            "AS 'SELECT $1 + 1'",
        )
        self._create(
            f"AGGREGATE {name}({kind.sql})",
            f"CREATE AGGREGATE {name}({kind.sql}) (sfunc = {step}, stype = int, initcond = 0)",
        )
        self._aggregates.append((name, kind))
