"""Domains, and their constraints as objects of their own: a domain may be the type in its check."""

from __future__ import annotations

from typing import Any

from backstop.postgres import query
from backstop.postgres.model.catalog import address, lasting, own
from backstop.postgres.model.spelling import labelled, quoted
from backstop.postgres.objects import CatalogObject
from backstop.session import Session

# NOT NULL of a domain is a constraint with a name since this version.
_NAMED_NOT_NULL = 170000


def read(session: Session, version: int) -> list[CatalogObject]:
    """Return what creates the domains, then what creates their constraints."""
    return [
        *(item for entry in _domains(session) for item in _domain(entry, version)),
        *(_constraint(entry) for entry in _constraints(session)),
    ]


def _domain(entry: dict[str, Any], version: int) -> list[CatalogObject]:
    own = f"domain {entry['label']}"
    target = f"DOMAIN {entry['sql']}"
    create = f"CREATE {target} AS {entry['type']}"
    if entry["collation"] is not None:
        create += f" COLLATE {entry['collation']}"
    settings = []
    if entry["default"] is not None:
        settings.append(("default", f"DEFAULT {entry['default']}"))
    if entry["not_null"] and version < _NAMED_NOT_NULL:
        settings.append(("not null", "NOT NULL"))
    return [
        CatalogObject(
            "domain",
            own,
            (" ".join((create, *(text for _, text in settings))),),
            drop=(f"DROP {target}",),
            address=address("pg_type", entry["oid"]),
            target=target,
            schema=entry["schema"],
            name=entry["name"],
            definition=(create,),
        ),
        *(
            CatalogObject(
                kind,
                f"{kind} of {own}",
                (f"ALTER {target} SET {text}",),
                (own,),
                drop=(f"ALTER {target} DROP {kind.upper()}",),
                replaces=True,
                within=own,
            )
            for kind, text in settings
        ),
    ]


def _constraint(entry: dict[str, Any]) -> CatalogObject:
    alter = f"ALTER DOMAIN {entry['domain']}"
    return CatalogObject(
        "constraint",
        f"constraint {entry['label']}.{entry['name']}",
        (f"{alter} ADD CONSTRAINT {entry['sql']} {entry['definition']}",),
        drop=(f"{alter} DROP CONSTRAINT {entry['sql']}",),
        address=address("pg_constraint", entry["oid"]),
        target=f"CONSTRAINT {entry['sql']} ON DOMAIN {entry['domain']}",
        name=entry["name"],
    )


def _domains(session: Session) -> list[dict[str, Any]]:
    return query.rows(
        session,
        f"""
        SELECT t.oid, n.nspname AS schema, t.typname AS name, {labelled("n", "t.typname")} AS label,
               {quoted("n", "t.typname")} AS sql, t.typnotnull AS not_null,
               pg_catalog.format_type(t.typbasetype, t.typtypmod) AS type,
               CASE WHEN t.typcollation <> base.typcollation
                    THEN t.typcollation::pg_catalog.regcollation::pg_catalog.text END AS collation,
               pg_catalog.pg_get_expr(t.typdefaultbin, 0) AS default
        FROM pg_catalog.pg_type t
        JOIN pg_catalog.pg_namespace n ON n.oid = t.typnamespace
        JOIN pg_catalog.pg_type base ON base.oid = t.typbasetype
        WHERE t.typtype = 'd' AND {lasting("n")} AND {own("t")}
        ORDER BY t.oid
        """,
    )


def _constraints(session: Session) -> list[dict[str, Any]]:
    return query.rows(
        session,
        f"""
        SELECT con.oid, con.conname AS name, pg_catalog.quote_ident(con.conname) AS sql,
               {labelled("n", "t.typname")} AS label, {quoted("n", "t.typname")} AS domain,
               pg_catalog.pg_get_constraintdef(con.oid) AS definition
        FROM pg_catalog.pg_constraint con
        JOIN pg_catalog.pg_type t ON t.oid = con.contypid
        JOIN pg_catalog.pg_namespace n ON n.oid = t.typnamespace
        WHERE t.typtype = 'd' AND {lasting("n")} AND {own("t")}
        ORDER BY con.oid
        """,
    )
