"""What a database has now of the relations that a snapshot knows."""

from __future__ import annotations

from collections.abc import Iterable

from backstop.postgres import query, quoting
from backstop.postgres.relations import Relation, describe
from backstop.session import Session


def find_relations(session: Session, names: Iterable[tuple[str, str]]) -> dict[str, Relation]:
    """Return the relations of these schemas and names that exist, by ``schema.name``."""
    wanted = list(names)
    if not wanted:
        return {}
    # Not by to_regclass, which fails in a schema that the role may not use.
    found = query.rows(
        session,
        f"""
        SELECT c.oid FROM pg_catalog.pg_class c
        JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
        WHERE (n.nspname, c.relname) IN (
            SELECT * FROM {quoting.text_pairs(wanted)} AS wanted)
        """,
    )
    oids = [int(entry["oid"]) for entry in found]
    return {relation.label: relation for relation in describe(session, oids)} if oids else {}


def table_oids(session: Session) -> frozenset[int]:
    """Return the OIDs of all tables that there are."""
    found = query.rows(session, "SELECT oid FROM pg_catalog.pg_class WHERE relkind = 'r'")
    return frozenset(int(entry["oid"]) for entry in found)
