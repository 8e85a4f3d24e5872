"""Objects of a database at random, leaning on each other, and statements that take some away.

Everything is drawn from hypothesis, so that what it finds is made small. Two schemas hold types,
sequences, functions, tables, views and what hangs on them; each new object leans on those before
it where it can. Every relation has a column ``id``, and every table the same three rows.

No column has the row type of a table: what would have to be created anew then can't be.
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
class Relation:
    """A relation as others may use it; ``word`` is what DROP calls it."""

    word: str
    sql: str
    columns: tuple[Column, ...]
    keyed: bool = False
    partitioned: bool = False
    partition: bool = False

    @property
    def is_table(self) -> bool:
        """Whether it has rows of its own, or partitions that do."""
        return self.word == "TABLE"


@dataclass(frozen=True)
class Function:
    """An immutable function of one argument, which it may do without."""

    sql: str
    argument: Kind
    result: Kind
    optional: bool


class Drawing:
    """Draws the statements that create objects, for a server of one version.

    ``targets`` are what was created, as DROP and COMMENT name it. ``reader`` is a role that gets
    rights, ``keeper`` one that gets objects.
    """

    def __init__(self, draw: DrawFn, server_version: int, reader: str, keeper: str) -> None:
        self._draw = draw
        self._version = server_version
        self._reader = reader
        self._keeper = keeper
        self._number = 0
        self._kinds = list(BUILTIN)
        self._functions: list[Function] = []
        self._row_functions: dict[str, list[tuple[str, Kind]]] = {}
        self._aggregates: list[tuple[str, Kind]] = []
        self._sequences: list[str] = []
        self.relations: list[Relation] = []
        self.targets: list[str] = []
        self.constraints: list[tuple[str, str]] = []
        self.statements = [
            *(f"CREATE SCHEMA {schema}" for schema in SCHEMAS),
            *(f"GRANT ALL ON SCHEMA {schema} TO {reader}, {keeper}" for schema in SCHEMAS),
        ]

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

    def _table(self, *, plain: bool = False) -> Relation:
        tables = [found for found in self.relations if found.is_table]
        if plain:
            tables = [found for found in tables if not found.partitioned and not found.partition]
        if not tables:
            self._plain_table()
            tables = self.relations[-1:]
        return self._choose(tables[::-1])

    def _relation(self) -> Relation:
        return self._choose(self.relations[::-1]) if self.relations else self._table()

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

    # Types.

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

    # Functions.

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

    def _row_function(self) -> None:
        relation, name = self._relation(), self._named("of")
        column = self._choose(relation.columns)
        self._create(
            f"FUNCTION {name}({relation.sql})",
            f"CREATE FUNCTION {name}(r {relation.sql}) RETURNS {column.kind.sql} "
            f"LANGUAGE sql IMMUTABLE AS $$SELECT ($1).{column.name}$$",
        )
        self._row_functions.setdefault(relation.sql, []).append((name, column.kind))

    def _set_function(self) -> None:
        relation, name = self._relation(), self._named("all")
        column = self._choose(relation.columns)
        result, query = self._choose(
            (
                (f"SETOF {relation.sql}", f"SELECT * FROM {relation.sql}"),
                (f"TABLE (x {column.kind.sql})", f"SELECT {column.name} FROM {relation.sql}"),
                ("bigint", f"SELECT count({column.name}) FROM {relation.sql}"),
            )
        )
        tracked = self._version >= 140000 and self._toss()
        body = f"BEGIN ATOMIC {query}; END" if tracked else f"AS $${query}$$"
        self._create(
            f"FUNCTION {name}()",
            f"CREATE FUNCTION {name}() RETURNS {result} LANGUAGE sql STABLE {body}",
        )
        if result == "bigint":
            return
        columns = relation.columns if result.startswith("SETOF") else (Column("x", column.kind),)
        listed = ", ".join(found.name for found in columns)
        self._add_view(f"SELECT {listed} FROM {name}() AS a", columns)

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

    # Relations.

    def _identity(self) -> str:
        return self._choose(
            ("int", "int GENERATED BY DEFAULT AS IDENTITY", "serial", "int DEFAULT nextval('{}')")
        )

    def _columns(self) -> tuple[list[str], list[Column]]:
        """Draw columns besides ``id``, with their definitions."""
        found, texts = [], []
        for _ in range(self._draw(st.integers(0, 3))):
            kind, name = self._kind(), self._new("v")
            default = f" DEFAULT {self._constant(kind)}" if self._toss() else ""
            not_null = " NOT NULL" if self._choose((False, False, True)) else ""
            texts.append(f"{name} {kind.sql}{default}{not_null}")
            found.append(Column(name, kind, written=True))
        if found and self._toss():
            expression, kind = self._function_of(self._choose(found))
            name = self._new("g")
            texts.append(f"{name} {kind.sql} GENERATED ALWAYS AS ({expression}) STORED")
            found.append(Column(name, kind))
        return texts, found

    def _plain_table(self) -> None:
        texts, columns = self._columns()
        identity = self._identity()
        sequence = self._sequence() if "{}" in identity else ""
        self._add_table(f"id {identity.format(sequence)}", texts, columns)

    def _heir(self) -> None:
        parent, other = self._table(plain=True), self._table(plain=True)
        parents = list(dict.fromkeys((parent, other)))
        texts, columns = self._columns()
        for found in parents:
            columns += [column for column in found.columns[1:] if column not in columns]
        inherits = f" INHERITS ({', '.join(found.sql for found in parents)})"
        self._add_table("id int DEFAULT 0", texts, columns, inherits)

    def _partitioned(self) -> None:
        texts, columns = self._columns()
        name = self._named("whole")
        first = self._choose(("id int", f"id int DEFAULT nextval('{self._sequence()}')"))
        by = " PARTITION BY RANGE (id)"
        self._add_table(first, texts, columns, by, name=name)
        whole = self.relations[-1]
        rest = self._choose(("", " PARTITION BY LIST (id)"))
        parts = [
            (self._named("part"), "FOR VALUES FROM (0) TO (2)", ""),
            (self._named("part"), "DEFAULT", rest),
        ]
        for part, bound, more in parts:
            self._create(f"TABLE {part}", f"CREATE TABLE {part} PARTITION OF {name} {bound}{more}")
            if more:
                inner = self._named("part")
                self._create(f"TABLE {inner}", f"CREATE TABLE {inner} PARTITION OF {part} DEFAULT")
            relation = Relation(
                "TABLE", part, whole.columns, partitioned=bool(more), partition=True
            )
            self.relations.append(relation)
        self._fill(name, whole.columns)

    def _add_table(
        self, first: str, texts: list[str], columns: list[Column], end: str = "", name: str = ""
    ) -> None:
        name = name or self._named("t")
        gone = "gone text"
        listed = [first, *texts]
        dropped = not end and self._toss()
        if dropped:
            listed.insert(self._choose((0, 1)), gone)
        keyed = self._toss()
        if keyed:
            listed.append(f"CONSTRAINT {self._new('key')} PRIMARY KEY (id)")
            self.constraints.append((name, f"key{self._number}"))
        if columns and self._toss():
            expression, _ = self._derived(self._choose(columns))
            check = self._new("check")
            listed.append(f"CONSTRAINT {check} CHECK ({expression} IS NOT NULL OR id > 0)")
            self.constraints.append((name, check))
        self._create(f"TABLE {name}", f"CREATE TABLE {name} ({', '.join(listed)}){end}")
        if dropped:
            self.statements.append(f"ALTER TABLE {name} DROP gone")
        relation = Relation(
            "TABLE", name, (Column("id", BUILTIN[0]), *columns), keyed,
            partitioned="PARTITION" in end,
        )  # fmt: skip
        self.relations.append(relation)
        if not relation.partitioned:
            self._fill(name, relation.columns)

    def _fill(self, name: str, columns: Sequence[Column]) -> None:
        written = [column for column in columns if column.written]
        names = ", ".join(["id", *(column.name for column in written)])
        values = ", ".join(["n", *(column.kind.value for column in written)])
        self.statements.append(
            f"INSERT INTO {name} ({names}) SELECT {values} FROM generate_series(1, 3) AS n"
        )

    def _view(self) -> None:
        self._add_view(*self._query())

    def _add_view(self, query: str, columns: Sequence[Column]) -> None:
        name = self._named("view")
        word = self._choose(("VIEW", "VIEW", "MATERIALIZED VIEW"))
        options = " WITH (security_barrier)" if word == "VIEW" and self._toss() else ""
        self._create(f"{word} {name}", f"CREATE {word} {name}{options} AS {query}")
        if any(column.name == "id" for column in columns):
            self.relations.append(Relation(word, name, tuple(columns)))

    def _query(self) -> tuple[str, list[Column]]:
        relation = self._relation()
        column = self._choose(relation.columns)
        fitting = [name for name, kind in self._aggregates if kind == column.kind]
        if fitting and self._toss():
            call = f"{self._choose(fitting)}(a.{column.name})"
            name = self._new("x")
            columns = [Column("id", BUILTIN[0]), Column(name, BUILTIN[0])]
            return f"SELECT min(a.id) AS id, {call} AS {name} FROM {relation.sql} AS a", columns
        expression, kind = self._derived(column, "a.")
        selected = [("a.id", Column("id", BUILTIN[0]))]
        selected.append((expression, Column(self._new("x"), kind)))
        if relation.sql in self._row_functions and self._toss():
            function, kind = self._choose(self._row_functions[relation.sql])
            selected.append((f"{function}(a)", Column(self._new("x"), kind)))
        end = f" FROM {relation.sql} AS a"
        if self._toss():
            other = self._relation()
            joined = self._choose(other.columns)
            end += f" JOIN {other.sql} AS b ON b.id = a.id"
            selected.append((f"b.{joined.name}", Column(self._new("x"), joined.kind)))
            end += self._choose(("", f" WHERE {self._derived(joined, 'b.')[0]} IS NOT NULL"))
        elif relation.keyed and self._toss():
            end += " GROUP BY a.id"
        listed = ", ".join(f"{text} AS {column.name}" for text, column in selected)
        return f"SELECT {listed}{end}", [column for _, column in selected]

    # What hangs on relations.

    def _reference(self) -> None:
        keyed = [found for found in self.relations if found.keyed]
        if not keyed:
            return
        table, other, name = self._table(), self._choose(keyed[::-1]), self._new("fk")
        late = self._choose(("", " DEFERRABLE INITIALLY DEFERRED", " ON DELETE CASCADE"))
        self.statements.append(
            f"ALTER TABLE {table.sql} ADD CONSTRAINT {name} FOREIGN KEY (id) "
            f"REFERENCES {other.sql} (id){late}"
        )
        self.constraints.append((table.sql, name))

    def _index(self) -> None:
        usable = [found for found in self.relations if found.word != "VIEW"]
        relation = self._choose(usable[::-1]) if usable else self._table()
        name = self._new("index")
        column, other = self._choose(relation.columns), self._choose(relation.columns)
        where = self._choose(("", f" WHERE {self._derived(other)[0]} IS NOT NULL"))
        include = self._choose(("", f" INCLUDE ({other.name})"))
        # Generated columns among others have no values that are unique; id has.
        unique = "UNIQUE " if relation.is_table and self._toss() else ""
        first = "id" if unique else f"({self._derived(column)[0]})"
        self._create(
            f"INDEX {relation.sql.rpartition('.')[0]}.{name}",
            f"CREATE {unique}INDEX {name} ON {relation.sql} ({first}){include}{where}",
        )

    def _statistics(self) -> None:
        table, name = self._table(), self._named("stats")
        column = self._choose(table.columns)
        expression = f"({self._derived(column)[0]})" if self._version >= 140000 else column.name
        if expression in ("id", "(id)"):
            return
        self._create(
            f"STATISTICS {name}", f"CREATE STATISTICS {name} ON id, {expression} FROM {table.sql}"
        )

    def _trigger(self) -> None:
        relation, name, function = self._relation(), self._new("trigger"), self._named("react")
        column = self._choose(relation.columns)
        self._create(
            f"FUNCTION {function}()",
            f"CREATE FUNCTION {function}() RETURNS trigger LANGUAGE plpgsql "
            "AS 'BEGIN RETURN NEW; END'",
        )
        when = f"WHEN ({self._derived(column, 'OLD.')[0]} IS NOT NULL) "
        event = {
            "TABLE": self._choose(
                (
                    f"BEFORE UPDATE OF {column.name} ON {relation.sql} FOR EACH ROW {when}",
                    f"AFTER UPDATE OR DELETE ON {relation.sql} FOR EACH ROW {when}",
                    f"AFTER DELETE ON {relation.sql} REFERENCING OLD TABLE AS gone",
                )
            ),
            "VIEW": f"INSTEAD OF INSERT OR UPDATE ON {relation.sql} FOR EACH ROW",
        }.get(relation.word)
        if event is None:
            return
        # When a BEFORE trigger runs, what is generated isn't there yet: only OLD is asked for.
        self._create(
            f"TRIGGER {name} ON {relation.sql}",
            f"CREATE TRIGGER {name} {event} EXECUTE FUNCTION {function}()",
        )
        if relation.is_table and self._choose((False, False, True)):
            self.statements.append(f"ALTER TABLE {relation.sql} DISABLE TRIGGER {name}")

    def _policy(self) -> None:
        table, other, name = self._table(), self._relation(), self._new("policy")
        using = self._choose(
            (
                f"{self._derived(self._choose(table.columns))[0]} IS NOT NULL",
                f"id IN (SELECT o.id FROM {other.sql} AS o)",
            )
        )
        to = self._choose(("PUBLIC", self._reader))
        self._create(
            f"POLICY {name} ON {table.sql}",
            f"CREATE POLICY {name} ON {table.sql} TO {to} USING ({using})",
        )
        if self._toss():
            self.statements.append(f"ALTER TABLE {table.sql} ENABLE ROW LEVEL SECURITY")

    def _rule(self) -> None:
        relation, table, name = self._relation(), self._table(), self._new("rule")
        if relation.word == "MATERIALIZED VIEW":
            return
        action = self._choose(
            ("INSTEAD NOTHING", f"ALSO DELETE FROM {table.sql} AS o WHERE o.id = OLD.id")
        )
        self._create(
            f"RULE {name} ON {relation.sql}",
            f"CREATE RULE {name} AS ON UPDATE TO {relation.sql} WHERE OLD.id = 0 DO {action}",
        )

    # What objects have.

    def _grant(self) -> None:
        relation = self._relation()
        column = self._choose(relation.columns)
        option = self._choose(("", " WITH GRANT OPTION"))
        granted = [
            f"SELECT ON {relation.sql}",
            f"UPDATE ({column.name}) ON {relation.sql}",
            *(f"USAGE ON TYPE {kind.sql}" for kind in self._kinds[len(BUILTIN) :]),
            *(f"USAGE ON SEQUENCE {name}" for name in self._sequences),
            *(f"EXECUTE ON {name}" for name in self.targets if name.startswith("FUNCTION ")),
        ]
        self.statements.append(f"GRANT {self._choose(granted)} TO {self._reader}{option}")

    def _comment(self) -> None:
        relation = self._relation()
        column = f"COLUMN {relation.sql}.{self._choose(relation.columns).name}"
        on = [f"CONSTRAINT {name} ON {table}" for table, name in self.constraints]
        target = self._choose([*self.targets, *on, column])
        self.statements.append(f"COMMENT ON {target} IS 'It''s {self._new('')}'")

    def _owner(self) -> None:
        owned = ("TABLE", "VIEW", "MATERIALIZED", "FUNCTION", "TYPE", "DOMAIN", "STATISTICS")
        targets = [target for target in self.targets if target.split(" ")[0] in owned]
        if targets:
            target = self._choose(targets[::-1])
            self.statements.append(f"ALTER {target} OWNER TO {self._keeper}")


STEPS = (
    "plain_table", "plain_table", "partitioned", "heir", "view", "view", "view",
    "enum", "domain", "composite", "range", "sequence", "function", "function",
    "row_function", "set_function", "aggregate", "reference", "index", "index", "statistics",
    "trigger", "policy", "rule", "grant", "comment", "owner",
)  # fmt: skip


def _taken_away(draw: DrawFn, drawing: Drawing, keeper: str) -> str:
    """Write a statement that takes something away with all that leans on it."""
    columns = [
        f"ALTER {relation.word} {relation.sql} DROP COLUMN {column.name} CASCADE"
        for relation in drawing.relations
        if relation.is_table
        for column in relation.columns
    ]
    constraints = [
        f"ALTER TABLE {table} DROP CONSTRAINT {name} CASCADE" for table, name in drawing.constraints
    ]
    schemas = [f"DROP SCHEMA {schema} CASCADE" for schema in SCHEMAS]
    whole = [*schemas, f"DROP OWNED BY {keeper} CASCADE"]
    objects = [f"DROP {target} CASCADE" for target in drawing.targets[::-1]]
    groups = [group for group in (objects, columns, constraints, whole) if group]
    return draw(st.sampled_from(draw(st.sampled_from(groups))))


@st.composite
def losses(draw: DrawFn, server_version: int, reader: str, keeper: str) -> tuple[list[str], str]:
    """Draw the statements that create a database's objects, and one that takes some away."""
    drawing = Drawing(draw, server_version, reader, keeper)
    for step in draw(st.lists(st.sampled_from(STEPS), min_size=1, max_size=30)):
        drawing.add(step)
    if not drawing.relations:
        drawing.add("plain_table")
    return drawing.statements, _taken_away(draw, drawing, keeper)
