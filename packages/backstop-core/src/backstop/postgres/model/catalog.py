"""What the queries for all kinds of objects have in common."""

from __future__ import annotations

from backstop.postgres.code.summary import FIRST_OWN
from backstop.postgres.model.spelling import labelled, quoted


def own(alias: str) -> str:
    """Return the condition that a row of a catalog is the user's own, or of an extension."""
    return f"{alias}.oid >= {FIRST_OWN}"


def lasting(alias: str) -> str:
    """Return the condition that a row of pg_namespace is neither a session's nor the server's."""
    return f"{alias}.nspname <> 'information_schema' AND {alias}.nspname !~ '^pg_'"


def relations(kinds: str) -> str:
    """Return a query for relations of some kinds (relkind, one letter each), not the server's own.

    Its columns are ``oid``, ``kind``, ``sql`` (the quoted name), ``label`` (the one for people),
    ``schema``, ``name`` and ``word``, what ALTER calls it.
    """
    return f"""
        SELECT c.oid, c.relkind AS kind,
               {quoted("n", "c.relname")} AS sql, {labelled("n", "c.relname")} AS label,
               n.nspname AS schema, c.relname AS name,
               CASE c.relkind WHEN 'v' THEN 'VIEW' WHEN 'm' THEN 'MATERIALIZED VIEW'
                    WHEN 'f' THEN 'FOREIGN TABLE' WHEN 'S' THEN 'SEQUENCE' ELSE 'TABLE' END AS word
        FROM pg_catalog.pg_class c
        JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
        WHERE c.relkind = ANY ('{{{",".join(kinds)}}}') AND c.relpersistence <> 't'
          AND {own("c")} AND {lasting("n")}
    """


def address(catalog: str, oid: int, number: int = 0) -> str:
    """Return an object's place in the catalog."""
    return f"{catalog}/{oid}/{number}"
