"""Default privileges: what is granted on objects that a role will make.

Those for all schemas stand in place of what PostgreSQL grants by itself, and those for one schema
come on top of them.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from backstop.postgres import query
from backstop.postgres.model.catalog import address, own
from backstop.postgres.objects import CatalogObject
from backstop.session import Session

_KINDS = {
    "r": "TABLES",
    "S": "SEQUENCES",
    "f": "FUNCTIONS",
    "T": "TYPES",
    "n": "SCHEMAS",
    "L": "LARGE OBJECTS",
}


def read(session: Session, version: int) -> list[CatalogObject]:  # noqa: ARG001
    """Return what grants the default privileges anew, whoever of the same had others before."""
    return [_default(entry) for entry in _defaults(session)]


def _default(entry: dict[str, Any]) -> CatalogObject:
    kind = _KINDS[entry["kind"]]
    within = "" if entry["schema"] is None else f" in schema {entry['schema']}"
    alter = f"ALTER DEFAULT PRIVILEGES FOR ROLE {entry['role_sql']}"
    usual: list[dict[str, Any]] = []
    if entry["schema_sql"] is None:
        usual = entry["usual"]
    else:
        alter += f" IN SCHEMA {entry['schema_sql']}"
    grantees = dict.fromkeys(grant["grantee"] for grant in [*usual, *entry["grants"]])
    nothing = f"{alter} REVOKE ALL ON {kind} FROM {', '.join(grantees)}"
    return CatalogObject(
        "default privileges",
        f"default privileges of {entry['role']} on {kind.lower()}{within}",
        (nothing, *_grants(alter, kind, entry["grants"])),
        stage="privileges",
        drop=(nothing, *_grants(alter, kind, usual)),
        address=address("pg_default_acl", entry["oid"]),
    )


def _grants(alter: str, kind: str, grants: Iterable[dict[str, Any]]) -> list[str]:
    return [
        f"{alter} GRANT {grant['privilege']} ON {kind} TO {grant['grantee']}"
        f"{' WITH GRANT OPTION' if grant['grantable'] else ''}"
        for grant in grants
    ]


def _defaults(session: Session) -> list[dict[str, Any]]:
    kind = "CASE d.defaclobjtype WHEN 'S' THEN 's' ELSE d.defaclobjtype END"
    return query.rows(
        session,
        f"""
        SELECT d.oid, d.defaclobjtype AS kind,
               pg_catalog.pg_get_userbyid(d.defaclrole) AS role,
               pg_catalog.quote_ident(pg_catalog.pg_get_userbyid(d.defaclrole)) AS role_sql,
               n.nspname AS schema, pg_catalog.quote_ident(n.nspname) AS schema_sql,
               {_exploded("d.defaclacl")} AS grants,
               {_exploded(f"pg_catalog.acldefault({kind}, d.defaclrole)")} AS usual
        FROM pg_catalog.pg_default_acl d
        LEFT JOIN pg_catalog.pg_namespace n ON n.oid = d.defaclnamespace
        WHERE {own("d")}
        ORDER BY d.oid
        """,
    )


def _exploded(acl: str) -> str:
    return f"""COALESCE((
        SELECT pg_catalog.json_agg(pg_catalog.json_build_object(
            'privilege', granted.privilege_type, 'grantable', granted.is_grantable,
            'grantee', CASE granted.grantee WHEN 0 THEN 'PUBLIC'
                ELSE pg_catalog.quote_ident(pg_catalog.pg_get_userbyid(granted.grantee)) END)
            ORDER BY granted.ordinality)
        FROM pg_catalog.aclexplode({acl}) WITH ORDINALITY AS granted), '[]')"""
