"""What the queries for all kinds of objects have in common."""

from __future__ import annotations

from backstop.postgres.summary import FIRST_OWN


def own(catalog: str, alias: str) -> str:
    """Return the condition that a row of a catalog is the user's own, of no extension."""
    return f"""
        {alias}.oid >= {FIRST_OWN} AND NOT EXISTS (
            SELECT FROM pg_catalog.pg_depend member
            WHERE member.classid = 'pg_catalog.{catalog}'::pg_catalog.regclass
              AND member.objid = {alias}.oid AND member.deptype = 'e')
    """


def lasting(alias: str) -> str:
    """Return the condition that a row of pg_namespace is neither a session's nor the server's."""
    return f"""
        {alias}.nspname <> 'information_schema' AND {alias}.nspname !~ '^pg_'
    """


def address(catalog: str, oid: int, number: int = 0) -> str:
    """Return an object's place in the catalog."""
    return f"{catalog}/{oid}/{number}"
