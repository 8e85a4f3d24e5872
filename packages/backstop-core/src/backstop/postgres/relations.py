"""The relations that a statement names: resolved by the server, then known by OID.

Names are looked up on the statement's own connection and search_path, never split here.
"""

from __future__ import annotations

from dataclasses import dataclass

from backstop.postgres import query, quoting
from backstop.session import Session


@dataclass(frozen=True)
class Column:
    """One column that holds values of its own (a generated one doesn't).

    ``builtin`` is whether its type is PostgreSQL's own; ``always`` whether it is an identity
    column GENERATED ALWAYS, which takes no value in an UPDATE.
    """

    name: str
    type: str
    builtin: bool
    always: bool


@dataclass(frozen=True)
class Relation:
    """One physical relation.

    ``key`` is its primary key, or else a unique key without NULLs, as column names; empty
    where it has none. ``kind`` is the catalog's relkind. A constant for all columns of one of
    ``pins`` finds at most one row. ``triggers`` are the functions, by OID, that the user's triggers
    run, and ``has_rules`` is whether rules may do more than a statement says.
    """

    oid: int
    schema: str
    name: str
    kind: str
    columns: tuple[Column, ...]
    key: tuple[str, ...]
    row_security: bool
    temporary: bool
    pins: tuple[tuple[str, ...], ...] = ()
    triggers: tuple[int, ...] = ()
    has_rules: bool = False

    @property
    def scanned(self) -> str:
        """What to select its own rows from: with partitions, without inheriting tables."""
        return self.sql if self.kind == "p" else f"ONLY {self.sql}"

    @property
    def sql(self) -> str:
        """The quoted, schema-qualified name."""
        return quoting.qualified(self.schema, self.name)

    @property
    def label(self) -> str:
        """The name as people read it."""
        return f"{self.schema}.{self.name}"

    @property
    def holds_rows(self) -> bool:
        """Whether rows are stored here: a partitioned table has them in its partitions."""
        return self.kind == "r"


@dataclass(frozen=True)
class Reference:
    """A name in a statement, and whether ONLY stood before it."""

    name: str
    only: bool = False


def resolve(session: Session, references: list[Reference]) -> dict[Reference, int]:
    """Return the OID of each name that exists, as the server resolves it."""
    names = [reference.name for reference in references]
    found = query.rows(
        session,
        "SELECT name, pg_catalog.to_regclass(name)::pg_catalog.oid AS oid "
        f"FROM pg_catalog.unnest({quoting.text_array(names)}) AS name",
    )
    oids = {entry["name"]: entry["oid"] for entry in found}
    return {
        reference: int(oids[reference.name])
        for reference in references
        if oids[reference.name] is not None
    }


def with_descendants(session: Session, oids: list[int]) -> list[int]:
    """Return the relations and everything that inherits from them, partitions included."""
    found = query.rows(
        session,
        f"""
        WITH RECURSIVE family AS (
            SELECT pg_catalog.unnest({quoting.oid_array(oids)}) AS oid
            UNION
            SELECT child.inhrelid FROM pg_catalog.pg_inherits child
            JOIN family ON family.oid = child.inhparent
        )
        SELECT oid FROM family ORDER BY oid
        """,
    )
    return [int(entry["oid"]) for entry in found]


def roots(session: Session, oids: list[int]) -> dict[int, int]:
    """Return the table that each relation is a partition of, or itself."""
    found = query.rows(
        session,
        "SELECT oid, coalesce(pg_catalog.pg_partition_root(oid)::pg_catalog.oid, oid) AS root "
        f"FROM pg_catalog.unnest({quoting.oid_array(oids)}) AS oid",
    )
    return {int(entry["oid"]): int(entry["root"]) for entry in found}


def truncated_by_cascade(session: Session, oids: list[int]) -> list[int]:
    """Return the relations and everything that TRUNCATE … CASCADE of them empties."""
    found = query.rows(
        session,
        f"""
        WITH RECURSIVE reached AS (
            SELECT pg_catalog.unnest({quoting.oid_array(oids)}) AS oid
            UNION
            SELECT next.oid FROM reached CROSS JOIN LATERAL (
                SELECT conrelid AS oid FROM pg_catalog.pg_constraint
                WHERE contype = 'f' AND confrelid = reached.oid
                UNION ALL
                SELECT inhrelid FROM pg_catalog.pg_inherits WHERE inhparent = reached.oid
            ) AS next
        )
        SELECT oid FROM reached ORDER BY oid
        """,
    )
    return [int(entry["oid"]) for entry in found]


def describe(session: Session, oids: list[int]) -> list[Relation]:
    """Return the relations in OID order, which is also the order to lock them in."""
    found = query.rows(
        session,
        f"""
        SELECT c.oid, n.nspname AS schema, c.relname AS name, c.relkind AS kind,
               c.relpersistence = 't' AS temporary,
               pg_catalog.row_security_active(c.oid) AS row_security,
               ARRAY(
                   SELECT pg_catalog.json_build_object(
                       'name', a.attname,
                       'type', pg_catalog.format_type(a.atttypid, a.atttypmod),
                       'builtin', t.typnamespace = 'pg_catalog'::pg_catalog.regnamespace,
                       'always', a.attidentity = 'a')
                   FROM pg_catalog.pg_attribute a
                   JOIN pg_catalog.pg_type t ON t.oid = a.atttypid
                   WHERE a.attrelid = c.oid AND a.attnum > 0
                     AND NOT a.attisdropped AND a.attgenerated = ''
                   ORDER BY a.attnum
               ) AS columns,
               ARRAY(
                   SELECT a.attname
                   FROM (
                       SELECT i.indkey[0:i.indnkeyatts - 1] AS attnums
                       FROM pg_catalog.pg_index i
                       WHERE i.indrelid = c.oid AND i.indisunique AND i.indisvalid
                         AND i.indimmediate AND i.indpred IS NULL AND i.indexprs IS NULL
                         AND NOT EXISTS (
                             SELECT FROM pg_catalog.pg_attribute a
                             WHERE a.attrelid = c.oid
                               AND a.attnum = ANY (i.indkey[0:i.indnkeyatts - 1])
                               AND (NOT a.attnotnull OR a.attgenerated <> ''))
                       ORDER BY i.indisprimary DESC, i.indexrelid LIMIT 1
                   ) AS k
                   JOIN pg_catalog.pg_attribute a
                     ON a.attrelid = c.oid AND a.attnum = ANY (k.attnums)
                   ORDER BY a.attnum
               ) AS key,
               ARRAY(
                   SELECT (SELECT pg_catalog.json_agg(a.attname) FROM pg_catalog.pg_attribute a
                           WHERE a.attrelid = c.oid
                             AND a.attnum = ANY (i.indkey[0:i.indnkeyatts - 1]))
                   FROM pg_catalog.pg_index i
                   WHERE i.indrelid = c.oid AND i.indisunique AND i.indisvalid
                     AND i.indimmediate AND i.indpred IS NULL AND i.indexprs IS NULL
                     -- A unique index says nothing of the tables that inherit.
                     AND NOT (c.relkind = 'r' AND c.relhassubclass)
                   ORDER BY i.indexrelid
               ) AS pins,
               ARRAY(
                   SELECT DISTINCT code.function FROM pg_catalog.pg_trigger t
                   CROSS JOIN LATERAL ({trigger_code("t")}) AS code (function)
                   WHERE {of_the_user("t")} AND t.tgenabled <> 'D'
                     AND (t.tgrelid = c.oid OR t.tgrelid IN (
                         SELECT relid FROM pg_catalog.pg_partition_tree(c.oid)
                         WHERE c.relkind = 'p'))
               ) AS triggers,
               c.relkind IN ('r', 'p') AND c.relhasrules AS has_rules
        FROM pg_catalog.pg_class c
        JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
        WHERE c.oid = ANY ({quoting.oid_array(oids)})
        ORDER BY c.oid
        """,
    )
    return [
        Relation(
            oid=int(entry["oid"]),
            schema=entry["schema"],
            name=entry["name"],
            kind=entry["kind"],
            columns=tuple(Column(**column) for column in entry["columns"]),
            key=tuple(entry["key"]),
            row_security=entry["row_security"],
            temporary=entry["temporary"],
            pins=tuple(map(tuple, entry["pins"])),
            triggers=tuple(map(int, entry["triggers"])),
            has_rules=entry["has_rules"],
        )
        for entry in found
    ]


def trigger_code(trigger: str) -> str:
    """Return a query for the functions that a trigger of the catalog runs, by its WHEN as well."""
    return f"""
        SELECT {trigger}.tgfoid
        UNION ALL
        SELECT {function_behind("d")}
        FROM pg_catalog.pg_depend d
        WHERE d.classid = 'pg_catalog.pg_trigger'::pg_catalog.regclass
          AND d.objid = {trigger}.oid AND {trigger}.tgqual IS NOT NULL
          AND d.refclassid IN ('pg_catalog.pg_proc'::pg_catalog.regclass,
                               'pg_catalog.pg_operator'::pg_catalog.regclass)
    """


def function_behind(dependency: str) -> str:
    """Return the OID of what an entry of pg_depend refers to, or of an operator's function."""
    return f"""
        coalesce((SELECT o.oprcode::pg_catalog.oid FROM pg_catalog.pg_operator o
                  WHERE {dependency}.refclassid = 'pg_catalog.pg_operator'::pg_catalog.regclass
                    AND o.oid = {dependency}.refobjid), {dependency}.refobjid)
    """


def of_the_user(trigger: str) -> str:
    """Return the condition that a trigger of the catalog is no foreign key's or other constraint's.

    Before version 15 the shares that partitions have of their table's triggers count as internal.
    """
    return (
        f"(NOT {trigger}.tgisinternal OR {trigger}.tgparentid <> 0 AND {trigger}.tgconstrrelid = 0)"
    )


def volatile_names(session: Session, names: list[str]) -> list[str]:
    """Return those of the names that some volatile function has, in whatever schema."""
    if not names:
        return []
    found = query.rows(
        session,
        "SELECT DISTINCT proname AS name FROM pg_catalog.pg_proc "
        f"WHERE provolatile = 'v' AND proname = ANY ({quoting.text_array(names)}) ORDER BY 1",
    )
    return [entry["name"] for entry in found]
