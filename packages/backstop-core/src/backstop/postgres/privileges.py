"""Owners and grants of relations, as they were."""

from __future__ import annotations

from typing import Any

from backstop.postgres import query, quoting
from backstop.postgres.objects import CatalogObject
from backstop.session import Session


def definitions(session: Session, oids: list[int]) -> list[CatalogObject]:
    """Return what gives the relations their owners and grants back, after everything else."""
    grants = _grants(session, oids)
    objects = []
    for entry in _relations(session, oids):
        kind = "SEQUENCE" if entry["kind"] == "S" else "TABLE"
        ddl = [f"ALTER TABLE {entry['sql']} OWNER TO {entry['owner']}"]
        if entry["granted"]:
            # What default privileges gave to the recreated relation goes first.
            ddl.append(f"REVOKE ALL ON {kind} {entry['sql']} FROM PUBLIC, {entry['owner']}")
        ddl += [
            f"GRANT {_privilege(grant)} ON {kind} {entry['sql']} TO {grant['grantee']}"
            f"{' WITH GRANT OPTION' if grant['grantable'] else ''}"
            for grant in grants
            if grant["oid"] == entry["oid"]
        ]
        objects.append(
            CatalogObject(
                "privileges",
                f"privileges of {entry['label']}",
                tuple(ddl),
                (f"{kind.lower()} {entry['label']}",),
                "privileges",
            )
        )
    return objects


def _privilege(grant: dict[str, Any]) -> str:
    column = grant["column"]
    return f"{grant['privilege']} ({quoting.identifier(column)})" if column else grant["privilege"]


def _relations(session: Session, oids: list[int]) -> list[dict[str, Any]]:
    # The owner of a sequence that a column owns follows its table.
    return query.rows(
        session,
        f"""
        SELECT c.oid, c.relkind AS kind, c.oid::pg_catalog.regclass::pg_catalog.text AS sql,
               n.nspname || '.' || c.relname AS label,
               pg_catalog.quote_ident(pg_catalog.pg_get_userbyid(c.relowner)) AS owner,
               c.relacl IS NOT NULL AS granted
        FROM pg_catalog.pg_class c
        JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
        WHERE c.oid = ANY ({quoting.oid_array(oids)})
          AND (c.relkind <> 'S' OR c.relacl IS NOT NULL)
        ORDER BY c.relkind = 'S', c.oid
        """,
    )


def _grants(session: Session, oids: list[int]) -> list[dict[str, Any]]:
    return query.rows(
        session,
        f"""
        WITH acl AS (
            SELECT c.oid, NULL::pg_catalog.name AS column, c.relacl AS acl
            FROM pg_catalog.pg_class c WHERE c.oid = ANY ({quoting.oid_array(oids)})
            UNION ALL
            SELECT a.attrelid, a.attname, a.attacl FROM pg_catalog.pg_attribute a
            WHERE a.attrelid = ANY ({quoting.oid_array(oids)}) AND NOT a.attisdropped
        )
        SELECT acl.oid, acl.column, g.privilege_type AS privilege, g.is_grantable AS grantable,
               CASE g.grantee WHEN 0 THEN 'PUBLIC'
                    ELSE pg_catalog.quote_ident(pg_catalog.pg_get_userbyid(g.grantee)) END
                   AS grantee
        FROM acl, pg_catalog.aclexplode(acl.acl) AS g
        ORDER BY acl.oid, acl.column NULLS FIRST, grantee, privilege
        """,
    )
