"""Grants on what isn't the user's own, where they aren't those that it came with.

That are members of extensions, which come back with their extension and with its grants, and
PostgreSQL's own objects, which never go.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from backstop.postgres import query
from backstop.postgres.model.privileges import GRANTABLE, GRANTS, grants_on
from backstop.postgres.objects import CatalogObject
from backstop.postgres.summary import FIRST_OWN
from backstop.session import Session

_WORDS = {
    "aggregate": "FUNCTION",
    "view": "TABLE",
    "materialized view": "TABLE",
    "foreign table": "TABLE",
    "foreign-data wrapper": "FOREIGN DATA WRAPPER",
    "server": "FOREIGN SERVER",
}


def read(session: Session, version: int) -> list[CatalogObject]:  # noqa: ARG001
    """Return what grants these privileges; taking it away gives the first ones back."""
    return [_privileges(entry) for entry in _members(session)]


def _privileges(entry: dict[str, Any]) -> CatalogObject:
    word = _WORDS.get(entry["type"], entry["type"].upper())
    member = CatalogObject(
        entry["type"],
        f"{entry['type']} {entry['identity']}",
        (),
        target=f"{word} {entry['identity']}",
    )
    now = grants_on(member, entry["owner"], entry["grants"])
    first = grants_on(member, entry["owner"], entry["first"])
    extension = entry["extension"]
    return replace(
        now,
        depends_on=(f"extension {extension}",) if extension else (),
        drop=(*now.drop, *first.ddl),
    )


def _members(session: Session) -> list[dict[str, Any]]:
    parts = " UNION ALL ".join(
        f"""
        SELECT 'pg_catalog.{catalog}'::pg_catalog.regclass AS catalog, oid, {owner} AS owner,
               coalesce({acl}, pg_catalog.acldefault({letter}, {owner})) AS acl,
               pg_catalog.acldefault({letter}, {owner}) AS usual
        FROM pg_catalog.{catalog}
        -- Nearly all of what the server brings has the usual grants, and always had them.
        WHERE {acl} IS NOT NULL OR oid IN (
            SELECT objoid FROM pg_catalog.pg_init_privs
            WHERE classoid = 'pg_catalog.{catalog}'::pg_catalog.regclass)
        """
        for catalog, owner, acl, letter in GRANTABLE
    )
    return query.rows(
        session,
        f"""
        SELECT named.type, named.identity, e.extname AS extension,
               pg_catalog.quote_ident(pg_catalog.pg_get_userbyid(o.owner)) AS owner,
               coalesce(({GRANTS} FROM pg_catalog.aclexplode(o.acl)
                   WITH ORDINALITY AS g), '[]') AS grants,
               coalesce(({GRANTS} FROM pg_catalog.aclexplode(coalesce(i.initprivs, o.usual))
                   WITH ORDINALITY AS g), '[]') AS first
        FROM ({parts}) AS o
        LEFT JOIN pg_catalog.pg_depend d
          ON d.classid = o.catalog AND d.objid = o.oid AND d.objsubid = 0 AND d.deptype = 'e'
         AND d.refclassid = 'pg_catalog.pg_extension'::pg_catalog.regclass
        LEFT JOIN pg_catalog.pg_extension e ON e.oid = d.refobjid
        LEFT JOIN pg_catalog.pg_init_privs i
          ON i.classoid = o.catalog AND i.objoid = o.oid AND i.objsubid = 0
        CROSS JOIN LATERAL pg_catalog.pg_identify_object(o.catalog, o.oid, 0) AS named
        WHERE o.acl <> coalesce(i.initprivs, o.usual)
          -- The schema public is as good as the user's own.
          AND (e.oid IS NOT NULL OR o.oid < {FIRST_OWN} AND named.identity <> 'public')
        ORDER BY o.catalog, o.oid
        """,
    )
