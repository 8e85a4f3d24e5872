"""Grants that aren't those that something came with, from PostgreSQL or with an extension.

PostgreSQL's own objects never go, so of them nothing else is told.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

from backstop.postgres import query
from backstop.postgres.code.summary import FIRST_OWN
from backstop.postgres.model.catalog import address
from backstop.postgres.model.privileges import GRANTABLE, GRANTS, grants_on
from backstop.postgres.objects import CatalogObject
from backstop.session import Session

_WORDS = {
    "aggregate": "FUNCTION",
    "view": "TABLE",
    "materialized view": "TABLE",
    "foreign table": "TABLE",
    "foreign-data wrapper": "FOREIGN DATA WRAPPER",
    "server": "FOREIGN SERVER",
}

# What the model has as objects has its grants there.
_OUTSIDE = f"""
    o.acl <> coalesce(i.initprivs, o.usual)
    AND (o.oid < {FIRST_OWN} AND named.identity <> 'public' OR named.schema = 'pg_catalog')
"""
# What the information schema shows came with its grants, and the server notes that nowhere.
_READABLE = {
    "pg_class": f"""
        || CASE WHEN oid < {FIRST_OWN}
                 AND relnamespace = pg_catalog.to_regnamespace('information_schema')
           THEN ARRAY[pg_catalog.makeaclitem(0, relowner, 'SELECT', false)] ELSE '{{}}' END"""
}
_UNUSUAL_MEMBERS = "e.oid IS NOT NULL AND (o.acl <> o.usual OR i.initprivs IS NOT NULL)"


@dataclass(frozen=True)
class Grants:
    """What is granted on one object ``now``, and what was at ``first``, as who owns it gave it."""

    owner: str
    now: list[dict[str, Any]]
    first: list[dict[str, Any]]


def read(session: Session, version: int) -> list[CatalogObject]:  # noqa: ARG001
    """Return what grants these privileges; taking it away gives the first ones back."""
    return [_privileges(entry) for entry in _grants_where(session, _OUTSIDE)]


def of_members(session: Session) -> dict[str, Grants]:
    """Return the grants on members of extensions by their addresses, but for the usual ones."""
    return {
        address(entry["catalog"], entry["oid"]): _grants(entry)
        for entry in _grants_where(session, _UNUSUAL_MEMBERS)
    }


def _grants(entry: dict[str, Any]) -> Grants:
    return Grants(entry["owner"], entry["grants"], entry["first"])


def _privileges(entry: dict[str, Any]) -> CatalogObject:
    word = _WORDS.get(entry["type"], entry["type"].upper())
    item = CatalogObject(
        entry["type"],
        f"{entry['type']} {entry['identity']}",
        (),
        target=f"{word} {entry['identity']}",
    )
    grants = _grants(entry)
    now = grants_on(item, grants.owner, grants.now)
    first = grants_on(item, grants.owner, grants.first)
    extension = entry["extension"]
    return replace(
        now,
        depends_on=(f"extension {extension}",) if extension else (),
        drop=(*now.drop, *first.ddl),
    )


def _grants_where(session: Session, condition: str) -> list[dict[str, Any]]:
    parts = " UNION ALL ".join(
        f"""
        SELECT '{catalog}' AS catalog, oid, {owner} AS owner,
               coalesce({acl}, pg_catalog.acldefault({letter}, {owner})) AS acl,
               pg_catalog.acldefault({letter}, {owner}){_READABLE.get(catalog, "")} AS usual
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
        SELECT o.catalog, o.oid, named.type, named.identity, e.extname AS extension,
               pg_catalog.quote_ident(pg_catalog.pg_get_userbyid(o.owner)) AS owner,
               coalesce(({GRANTS} FROM pg_catalog.aclexplode(o.acl)
                   WITH ORDINALITY AS g), '[]') AS grants,
               coalesce(({GRANTS} FROM pg_catalog.aclexplode(coalesce(i.initprivs, o.usual))
                   WITH ORDINALITY AS g), '[]') AS first
        FROM ({parts}) AS o
        JOIN pg_catalog.pg_class c
          ON c.relname = o.catalog AND c.relnamespace = 'pg_catalog'::pg_catalog.regnamespace
        LEFT JOIN pg_catalog.pg_depend d
          ON d.classid = c.oid AND d.objid = o.oid AND d.objsubid = 0 AND d.deptype = 'e'
         AND d.refclassid = 'pg_catalog.pg_extension'::pg_catalog.regclass
        LEFT JOIN pg_catalog.pg_extension e ON e.oid = d.refobjid
        LEFT JOIN pg_catalog.pg_init_privs i
          ON i.classoid = c.oid AND i.objoid = o.oid AND i.objsubid = 0
        CROSS JOIN LATERAL pg_catalog.pg_identify_object(c.oid, o.oid, 0) AS named
        WHERE {condition}
        ORDER BY c.oid, o.oid
        """,
    )
