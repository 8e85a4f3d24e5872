"""Schemas, rows and statements at random, to prove that whatever a statement destroys comes back.

Everything is drawn from hypothesis, so that what it finds is made small. Rows that a statement adds
have an id that `ADDED` finds: they stay after a restore.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from hypothesis import strategies as st

if TYPE_CHECKING:
    from collections.abc import Sequence

    from hypothesis.strategies import DrawFn

# Few values a type, so that rows are often the same, and values equal that are written otherwise.
KINDS: dict[str, tuple[str, ...]] = {
    "int": ("NULL", "0", "1", "2"),
    "text": ("NULL", "''", "'a'", r"E'\t\\N\n'", "'é🐘'"),
    "numeric": ("NULL", "1.0", "1.00", "'NaN'"),
    "float8": ("NULL", "'-0'", "0", "0.1::float8 + 0.2", "'Infinity'"),
    "boolean": ("NULL", "true", "false"),
    "json": ("NULL", "'null'", "'{\"a\": 1}'", "'{\"a\":1}'"),
    "jsonb": ("NULL", "'null'", "'[1, {}]'"),
    "timestamptz": ("NULL", "'infinity'", "'2026-06-01 12:00+05:30'"),
    "interval": ("NULL", "'1 mon'", "'30 days'"),
    "int[]": ("NULL", "'{}'", "'{1,NULL}'", "'[0:1]={1,NULL}'"),
    "point": ("NULL", "'(1,2)'", "'(-0,NaN)'"),
    "int4range": ("NULL", "'empty'", "'[1,3)'"),
    "mood": ("NULL", "'sad'", "'very, \"happy\"'"),
}
ACTIONS = ("NO ACTION", "RESTRICT", "CASCADE", "SET NULL", "SET DEFAULT")
SMALLEST_ADDED = 1000
ADDED = "abs(id) > 900"


@dataclass(frozen=True)
class Reference:
    """A foreign key of one column, named ``r``, to the id of a table."""

    table: str
    on_delete: str
    on_update: str
    deferred: bool


@dataclass(frozen=True)
class Table:
    """A table: an id, columns ``v0``, ``v1`` … of the kinds, and what else it may have."""

    name: str
    kinds: tuple[str, ...]
    keyed: bool
    unique: bool
    partitioned: bool
    computed: bool
    dropped: bool
    reference: Reference | None
    rows: tuple[tuple[str, ...], ...]

    @property
    def names(self) -> list[str]:
        """The columns that take values, in the order of the rows' values."""
        more = ["u"] * self.unique + ["r"] * (self.reference is not None)
        return ["id", *(f"v{number}" for number in range(len(self.kinds))), *more]

    def ddl(self) -> str:
        """Write the statements that create and fill the table, without its foreign key."""
        columns = ["gone text DEFAULT 'x'"] * self.dropped
        columns += ["id int NOT NULL" if self.keyed else "id int"]
        columns += [f"v{number} {kind}" for number, kind in enumerate(self.kinds)]
        columns += ["u int"] * self.unique + ["r int DEFAULT 1"] * (self.reference is not None)
        columns += ["twice int GENERATED ALWAYS AS (id * 2) STORED"] * self.computed
        keys = ["PRIMARY KEY (id)"] * self.keyed + ["UNIQUE (u)"] * self.unique
        text = f"CREATE TABLE {self.name} ({', '.join([*columns, *keys])})"
        if self.partitioned:
            part, modulus = f"PARTITION OF {self.name}", "FOR VALUES WITH (MODULUS 2, REMAINDER"
            turned = ", ".join(reversed(columns))
            text += (
                f" PARTITION BY HASH (id); CREATE TABLE {self.name}_0 {part} {modulus} 0);"
                f"CREATE TABLE {self.name}_1 ({turned});"
                f"ALTER TABLE {self.name} ATTACH PARTITION {self.name}_1 {modulus} 1)"
            )
        if self.rows:
            values = ", ".join(f"({', '.join(row)})" for row in self.rows)
            text += f"; INSERT INTO {self.name} ({', '.join(self.names)}) VALUES {values}"
        return f"{text}; ALTER TABLE {self.name} DROP gone" if self.dropped else text

    def reference_ddl(self) -> str:
        """Write the statement that adds the foreign key, or nothing."""
        if self.reference is None:
            return ""
        to = self.reference
        late = " DEFERRABLE INITIALLY DEFERRED" if to.deferred else ""
        return (
            f"ALTER TABLE {self.name} ADD FOREIGN KEY (r) REFERENCES {to.table} (id) "
            f"ON DELETE {to.on_delete} ON UPDATE {to.on_update}{late};"
        )


@dataclass(frozen=True)
class Trigger:
    """What happens to another table's rows of the same id, when rows are changed or deleted."""

    table: str
    other: str
    action: str

    def ddl(self) -> str:
        """Write the statements that create the trigger."""
        return (
            "CREATE FUNCTION follow() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN "
            f"{self.action.format(self.other)} WHERE id = OLD.id; RETURN NULL; END $$;"
            f"CREATE TRIGGER follow AFTER UPDATE OR DELETE ON {self.table} FOR EACH ROW "
            "WHEN (pg_trigger_depth() < 1) EXECUTE FUNCTION follow();"
        )


@dataclass(frozen=True)
class Schema:
    """Tables with rows, and perhaps a trigger."""

    tables: tuple[Table, ...]
    trigger: Trigger | None

    def ddl(self) -> str:
        """Write everything that creates and fills the schema."""
        return "".join(
            [
                "CREATE TYPE mood AS ENUM ('sad', 'very, \"happy\"');",
                *(f"{table.ddl()};" for table in self.tables),
                *(table.reference_ddl() for table in self.tables),
                self.trigger.ddl() if self.trigger else "",
            ]
        )


def _row(draw: DrawFn, table: Table, number: int, parents: int) -> tuple[str, ...]:
    identity = str(number) if table.keyed else draw(st.sampled_from(("NULL", "1", "2", "3")))
    values = [draw(st.sampled_from(KINDS[kind])) for kind in table.kinds]
    if table.unique:
        values.append(draw(st.sampled_from((str(10 - number), "NULL"))))
    if table.reference is not None:
        values.append(draw(st.sampled_from(("NULL", *map(str, range(1, parents + 1))))))
    return (identity, *values)


@st.composite
def schemas(draw: DrawFn) -> Schema:
    """Draw two or three tables with rows; foreign keys may go anywhere, also in circles."""
    toss = st.booleans()
    names = ("t0", "t1", "t2")[: draw(st.integers(2, 3))]
    keyed = [name for name in names if name == "t0" or draw(toss)]
    sizes = {name: draw(st.integers(1, 5)) for name in names}
    tables = []
    for name in names:
        kinds = draw(st.lists(st.sampled_from(list(KINDS)), min_size=1, max_size=3))
        reference = None
        if draw(toss):
            actions = st.sampled_from(ACTIONS)
            target = draw(st.sampled_from(keyed))
            reference = Reference(target, draw(actions), draw(actions), draw(toss))
        partitioned = draw(st.integers(0, 3)) == 3
        plain = not partitioned
        features = {
            "unique": plain and draw(toss),
            "computed": plain and draw(toss),
            "dropped": plain and draw(toss),
        }
        table = Table(
            name, tuple(kinds), name in keyed, partitioned=partitioned,
            reference=reference, rows=(), **features,
        )  # fmt: skip
        parents = sizes[reference.table] if reference else 0
        rows = tuple(_row(draw, table, n, parents) for n in range(1, sizes[name] + 1))
        tables.append(Table(**{**vars(table), "rows": rows}))
    trigger = None
    if draw(st.integers(0, 3)) == 3:
        action = draw(st.sampled_from(("DELETE FROM {}", "UPDATE {} SET v0 = NULL")))
        trigger = Trigger(draw(st.sampled_from(names)), draw(st.sampled_from(names)), action)
    return Schema(tuple(tables), trigger)


class Statements:
    """Writes statements over a schema, for a server of one version."""

    def __init__(self, draw: DrawFn, schema: Schema, server_version: int) -> None:
        self._draw = draw
        self._tables = schema.tables
        self._server_version = server_version
        self._adds = True

    def _choose(self, options: Sequence[str]) -> str:
        return self._draw(st.sampled_from(options))

    def _table(self) -> Table:
        return self._draw(st.sampled_from(self._tables))

    def text(self) -> str:
        """Write the text of one call: a statement, or two."""
        if self._choose(("one", "one", "one", "two")) == "one":
            return self._statement()
        # What one statement adds, the next could tie to a row that a restore moves back.
        self._adds = False
        text = f"{self._statement()}; {self._statement()}"
        self._adds = True
        return text

    def _statement(self) -> str:
        kinds = ["delete", "update", "upsert", "truncate", "parts"]
        kinds += ["merge"] * (self._server_version >= 150000)
        kind = self._choose(kinds)
        written: str = getattr(self, f"_{kind}")()
        return written

    def _condition(self, table: Table, name: str) -> str:
        number = self._draw(st.integers(1, 4))
        column = self._choose(table.names)
        other = self._table().name
        return self._choose(
            (
                f"{name}.id = {number}",
                f"{name}.id > {number}",
                f"{name}.id % 2 = 0",
                f"{name}.{column} IS NULL",
                f"{name}.{column} IS NOT NULL",
                f"EXISTS (SELECT FROM {other} AS o WHERE o.id = {name}.id)",
                f"{name}.id NOT IN (SELECT id FROM {other} WHERE id IS NOT NULL)",
                f"{name}.ctid = (SELECT min(ctid) FROM {table.name})",
                "random() < 0.5",
                "true",
            )
        )

    def _where(self, table: Table, name: str, joined: str = "") -> str:
        if joined:
            return f" WHERE {joined}.id = {name}.id AND {self._condition(table, name)}"
        return self._choose(("", f" WHERE {self._condition(table, name)}"))

    def _assignments(self, table: Table, name: str) -> str:
        column = self._choose(table.names)
        if column == "id":
            written = self._choose((f"{name}.id + 10", f"-{name}.id", f"{name}.id"))
        elif column == "u":
            written = self._choose((f"{name}.u + 1", f"-{name}.u", "NULL"))
        elif column == "r":
            written = self._choose(("NULL", "1", "2", "DEFAULT"))
        else:
            written = self._choose(KINDS[table.kinds[int(column[1:])]])
        first = f"{column} = {written}"
        if column != "v0" and self._draw(st.booleans()):
            return f"{first}, v0 = {self._choose(KINDS[table.kinds[0]])}"
        return first

    def _delete(self) -> str:
        table = self._table()
        if self._draw(st.booleans()):
            return f"DELETE FROM {table.name}{self._where(table, table.name)}"
        where = self._where(table, "x", "y")
        return f"DELETE FROM {table.name} AS x USING {self._table().name} AS y{where}"

    def _update(self) -> str:
        table = self._table()
        if self._draw(st.booleans()):
            changes, where = (
                self._assignments(table, table.name),
                self._where(table, table.name),
            )
            return f"UPDATE {table.name} SET {changes}{where}"
        # Which of several rows of y gives the values is the server's choice, so none of them does.
        changes, where = self._assignments(table, "x"), self._where(table, "x", "y")
        return f"UPDATE {table.name} x SET {changes} FROM {self._table().name} y{where}"

    def _upsert(self) -> str:
        table = self._draw(st.sampled_from([table for table in self._tables if table.keyed]))
        columns, values = ("id, r", "id, NULL::int") if table.reference else ("id", "id")
        source = f"SELECT {values} FROM {table.name} WHERE id < {self._choose(('2', '4', '20'))}"
        if self._adds and self._draw(st.booleans()):
            source += f" UNION ALL SELECT {values.replace('id', str(SMALLEST_ADDED + 1), 1)}"
        changes = self._assignments(table, "x")
        return (
            f"INSERT INTO {table.name} AS x ({columns}) {source} ON CONFLICT (id) "
            f"DO UPDATE SET {changes}{self._where(table, 'x')}"
        )

    def _truncate(self) -> str:
        names = self._draw(
            st.lists(
                st.sampled_from([table.name for table in self._tables]),
                min_size=1, max_size=2, unique=True,
            )
        )  # fmt: skip
        return f"TRUNCATE {', '.join(names)}{self._choose(('', ' CASCADE'))}"

    def _merge(self) -> str:
        table, other = self._table(), self._table().name
        source = self._choose(
            (f"(SELECT DISTINCT id FROM {other} WHERE id IS NOT NULL)",
             "(SELECT generate_series(1, 4) AS id)")
        )  # fmt: skip
        arms = []
        for final in (False, True):
            condition = "" if final else f" AND {self._condition(table, 'x')}"
            action = self._choose(
                ("DELETE", f"UPDATE SET {self._assignments(table, 'x')}", "DO NOTHING")
            )
            arms.append(f" WHEN MATCHED{condition} THEN {action}")
        if self._adds and self._draw(st.booleans()):
            more = (", r", ", NULL") if table.reference else ("", "")
            values = f"({SMALLEST_ADDED} + y.id{more[1]})"
            arms.append(f" WHEN NOT MATCHED THEN INSERT (id{more[0]}) VALUES {values}")
        return f"MERGE INTO {table.name} AS x USING {source} AS y ON y.id = x.id{''.join(arms)}"

    def _parts(self) -> str:
        table, other = self._table(), self._table()
        condition = self._condition(table, table.name)
        first = self._choose(
            (f"DELETE FROM {table.name} WHERE {condition}",
             f"UPDATE {table.name} SET {self._assignments(table, table.name)} WHERE {condition}")
        )  # fmt: skip
        last = self._choose(
            ("SELECT * FROM a",
             f"DELETE FROM {other.name} AS x WHERE x.id IN (SELECT id FROM a)",
             f"DELETE FROM {other.name} AS x WHERE {self._condition(other, 'x')}",
             f"UPDATE {other.name} AS x SET {self._assignments(other, 'x')}")
        )  # fmt: skip
        return f"WITH a AS ({first} RETURNING id) {last}"


@st.composite
def histories(draw: DrawFn, server_version: int) -> tuple[Schema, list[str]]:
    """Draw a schema, and the texts that one transaction runs over it."""
    schema = draw(schemas())
    statements = Statements(draw, schema, server_version)
    return schema, [statements.text() for _ in range(draw(st.integers(1, 2)))]
