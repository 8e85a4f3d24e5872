"""Schemas, the one that every database starts with among them: it can be dropped as well."""

from __future__ import annotations

from backstop.postgres import query
from backstop.postgres.model.catalog import address, lasting, own
from backstop.postgres.objects import CatalogObject
from backstop.session import Session

# PG_PUBLIC_NAMESPACE, whatever it is called by now.
_PUBLIC = 2200


def read(session: Session, version: int) -> list[CatalogObject]:  # noqa: ARG001
    """Return what creates the schemas."""
    found = query.rows(
        session,
        f"""
        SELECT n.oid, n.nspname AS name, pg_catalog.quote_ident(n.nspname) AS sql
        FROM pg_catalog.pg_namespace n
        WHERE {lasting("n")} AND (n.oid = {_PUBLIC} OR {own("n")})
        ORDER BY n.oid
        """,
    )
    return [
        CatalogObject(
            "schema",
            f"schema {entry['name']}",
            (f"CREATE SCHEMA {entry['sql']}",),
            drop=(f"DROP SCHEMA {entry['sql']}",),
            address=address("pg_namespace", entry["oid"]),
            target=f"SCHEMA {entry['sql']}",
            name=entry["name"],
        )
        for entry in found
    ]
