"""What a database has now of the relations that a snapshot knows."""

from __future__ import annotations

from collections.abc import Iterable

from backstop.postgres import query, quoting
from backstop.postgres.relations import Relation, describe
from backstop.session import Session


def find_relations(session: Session, names: Iterable[tuple[str, str]]) -> dict[str, Relation]:
    """Return the relations of these schemas and names that exist, by ``schema.name``."""
    wanted = [quoting.name_literal(schema, name) for schema, name in names]
    if not wanted:
        return {}
    found = query.rows(
        session,
        "SELECT pg_catalog.to_regclass(name)::pg_catalog.oid AS oid "
        f"FROM pg_catalog.unnest({quoting.array(wanted)}) AS name",
    )
    oids = [int(entry["oid"]) for entry in found if entry["oid"] is not None]
    return {relation.label: relation for relation in describe(session, oids)} if oids else {}
