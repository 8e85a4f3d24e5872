"""Tables with what they are partitions or children of, and which of their columns need a value."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from backstop.postgres import query, quoting
from backstop.postgres.relations import Relation
from backstop.session import Session


@dataclass(frozen=True)
class Lineage:
    """A table by its own names and those of all above it, each as schema and name.

    ``columns`` are all that it has, also those that hold no values of their own;
    ``partitioned_by`` those that decide which partition a row is in; ``demanding`` those that take
    no NULL and have nothing to put in its place.
    """

    names: tuple[tuple[str, str], ...]
    columns: frozenset[str]
    partitioned_by: frozenset[str]
    demanding: frozenset[str]


def lineages(session: Session, oids: Iterable[int]) -> dict[int, Lineage]:
    """Return the lineages of tables, by their OIDs."""
    found = query.rows(
        session,
        f"""
        {_above(oids)}
        SELECT above.oid,
               pg_catalog.json_agg(pg_catalog.json_build_array(n.nspname, c.relname)) AS names,
               (SELECT pg_catalog.json_agg(attname) FROM pg_catalog.pg_attribute
                WHERE attrelid = above.oid AND attnum > 0 AND NOT attisdropped) AS columns,
               (SELECT pg_catalog.json_agg(a.attname) FROM above AS up
                JOIN pg_catalog.pg_partitioned_table p ON p.partrelid = up.ancestor
                JOIN pg_catalog.pg_attribute a
                  ON a.attrelid = p.partrelid AND a.attnum = ANY (p.partattrs)
                WHERE up.oid = above.oid) AS partitioned_by,
               (SELECT pg_catalog.json_agg(attname) FROM pg_catalog.pg_attribute
                WHERE attrelid = above.oid AND {_DEMANDING}) AS demanding
        FROM above
        JOIN pg_catalog.pg_class c ON c.oid = above.ancestor
        JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
        GROUP BY above.oid
        """,
    )
    return {
        int(entry["oid"]): Lineage(
            names=tuple((schema, name) for schema, name in entry["names"]),
            columns=frozenset(entry["columns"] or ()),
            partitioned_by=frozenset(entry["partitioned_by"] or ()),
            demanding=frozenset(entry["demanding"] or ()),
        )
        for entry in found
    }


def labels_above(session: Session, oids: Iterable[int]) -> dict[int, tuple[str, ...]]:
    """Return the labels of the tables above each table that is below any, at whatever distance."""
    found = query.rows(
        session,
        f"""
        {_above(oids)}
        SELECT up.oid, pg_catalog.json_agg(n.nspname || '.' || c.relname ORDER BY c.oid) AS labels
        FROM (SELECT DISTINCT oid, ancestor FROM above WHERE depth > 0) AS up
        JOIN pg_catalog.pg_class c ON c.oid = up.ancestor AND c.relkind IN ('r', 'p')
        JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
        GROUP BY up.oid
        """,
    )
    return {int(entry["oid"]): tuple(entry["labels"]) for entry in found}


def let_be_null(session: Session, relation: Relation, names: Iterable[str]) -> list[str]:
    """Drop NOT NULL of those of the columns that nothing else gives a value; return which.

    Each is named as ``schema.table.column``. Where a table above demands it, that has to give way.
    """
    wanted = quoting.text_array(sorted(names))
    found = query.rows(
        session,
        f"""
        {_above([relation.oid])}
        SELECT DISTINCT above.depth, n.nspname AS schema, c.relname AS name, a.attname AS column
        FROM above
        JOIN pg_catalog.pg_class c ON c.oid = above.ancestor
        JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
        JOIN pg_catalog.pg_attribute a ON a.attrelid = c.oid AND a.attnotnull
        WHERE a.attname IN (
            SELECT attname FROM pg_catalog.pg_attribute
            WHERE attrelid = {relation.oid} AND {_DEMANDING} AND attname = ANY ({wanted}))
        ORDER BY above.depth DESC, 2, 3, 4
        """,
    )
    for entry in found:
        session.execute(
            f"ALTER TABLE {quoting.qualified(entry['schema'], entry['name'])} "
            f"ALTER COLUMN {quoting.identifier(entry['column'])} DROP NOT NULL"
        )
    return [f"{entry['schema']}.{entry['name']}.{entry['column']}" for entry in found]


_DEMANDING = """(
    attnum > 0 AND NOT attisdropped AND attnotnull AND NOT atthasdef AND attidentity = '')"""


def _above(oids: Iterable[int]) -> str:
    """Return the WITH of each table and all above it, and how far above."""
    return f"""
        WITH RECURSIVE above (oid, ancestor, depth) AS (
            SELECT oid, oid, 0 FROM pg_catalog.unnest({quoting.oid_array(oids)}) AS oid
            UNION
            SELECT above.oid, i.inhparent, above.depth + 1
            FROM above JOIN pg_catalog.pg_inherits i ON i.inhrelid = above.ancestor
        )
    """
