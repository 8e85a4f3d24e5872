"""What a database has now of the objects that a snapshot knows."""

from __future__ import annotations

from collections.abc import Iterable

from backstop.postgres import query, quoting
from backstop.postgres.definitions import definitions
from backstop.postgres.objects import CatalogObject
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


def definitions_by_name(
    session: Session, objects: Iterable[CatalogObject]
) -> dict[str, CatalogObject]:
    """Return the present definitions of the tables among the objects, by identity."""
    oids = _oids(session, _labels(objects, "table"))
    relations = describe(session, list(oids.values())) if oids else []
    return {item.identity: item for item in definitions(session, relations).objects}


def taken_names(session: Session, objects: Iterable[CatalogObject]) -> set[str]:
    """Return the identities of relations and indexes whose name something else has now."""
    kinds = ("table", "sequence", "index")
    labels = {label: f"{kind} {label}" for kind in kinds for label in _labels(objects, kind)}
    return {labels[label] for label in _oids(session, labels)}


def _labels(objects: Iterable[CatalogObject], kind: str) -> list[str]:
    prefix = f"{kind} "
    return [item.identity[len(prefix) :] for item in objects if item.identity.startswith(prefix)]


def _oids(session: Session, labels: Iterable[str]) -> dict[str, int]:
    wanted = list(labels)
    if not wanted:
        return {}
    found = query.rows(
        session,
        f"""
        SELECT n.nspname || '.' || c.relname AS label, c.oid
        FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
        WHERE n.nspname || '.' || c.relname = ANY ({quoting.text_array(wanted)})
        """,
    )
    return {entry["label"]: int(entry["oid"]) for entry in found}
