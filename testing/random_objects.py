"""Objects of a database at random, leaning on each other, and statements that take some away.

Two schemas hold types, functions and relations, and what hangs on these: keys, indexes, triggers,
policies, rules, statistics, grants, comments and owners.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from hypothesis import strategies as st

from testing.random_relations import Relations
from testing.random_types import BUILTIN, SCHEMAS

if TYPE_CHECKING:
    from hypothesis.strategies import DrawFn


class Objects(Relations):
    """Draws the statements that create all kinds of objects.

    ``reader`` is a role that gets rights, ``keeper`` one that gets objects.
    """

    def __init__(self, draw: DrawFn, server_version: int, reader: str, keeper: str) -> None:
        super().__init__(draw, server_version)
        self._reader = reader
        self._keeper = keeper
        self.statements += [
            f"GRANT ALL ON SCHEMA {schema} TO {reader}, {keeper}" for schema in SCHEMAS
        ]

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


def _taken_away(draw: DrawFn, objects: Objects, keeper: str) -> str:
    """Write a statement that takes something away with all that leans on it."""
    whole = [*(f"DROP SCHEMA {schema} CASCADE" for schema in SCHEMAS)]
    whole.append(f"DROP OWNED BY {keeper} CASCADE")
    drops = [f"DROP {target} CASCADE" for target in objects.targets[::-1]]
    altered = [
        f"ALTER TABLE {table} DROP CONSTRAINT {name} CASCADE" for table, name in objects.constraints
    ]
    columns = []
    for relation in objects.relations:
        alter = f"ALTER TABLE {relation.sql}"
        altered += [f"{alter} NO INHERIT {parent}" for parent in relation.parents]
        altered += [f"{alter} DETACH PARTITION {part}" for part in relation.parts]
        for column in relation.columns if relation.is_table else ():
            columns.append(f"{alter} DROP COLUMN {column.name} CASCADE")
            change = f"{alter} ALTER {column.name}"
            altered += [f"{change} DROP DEFAULT", f"{change} DROP NOT NULL"]
            altered.append(f"{change} TYPE text USING 'x'")
    groups = [group for group in (drops, columns, altered, whole) if group]
    return draw(st.sampled_from(draw(st.sampled_from(groups))))


@st.composite
def losses(draw: DrawFn, server_version: int, reader: str, keeper: str) -> tuple[list[str], str]:
    """Draw the statements that create a database's objects, and one that takes some away."""
    objects = Objects(draw, server_version, reader, keeper)
    for step in draw(st.lists(st.sampled_from(STEPS), min_size=1, max_size=30)):
        objects.add(step)
    if not objects.relations:
        objects.add("plain_table")
    return objects.statements, _taken_away(draw, objects, keeper)
