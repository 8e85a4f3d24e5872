"""The tables that rows are changed in when they are changed through a view."""

from __future__ import annotations

from backstop.postgres import query, quoting
from backstop.session import Session


def base_tables(session: Session, oids: list[int]) -> list[int]:
    """Return the relations, with the tables that they select from in place of views."""
    found = query.rows(
        session,
        f"""
        WITH RECURSIVE named AS (
            SELECT pg_catalog.unnest({quoting.oid_array(oids)}) AS oid
            UNION
            SELECT used.refobjid FROM named
            JOIN pg_catalog.pg_rewrite rule ON rule.ev_class = named.oid
            JOIN pg_catalog.pg_depend used
              ON used.classid = 'pg_catalog.pg_rewrite'::pg_catalog.regclass
             AND used.objid = rule.oid
             AND used.refclassid = 'pg_catalog.pg_class'::pg_catalog.regclass
        )
        SELECT c.oid FROM named JOIN pg_catalog.pg_class c ON c.oid = named.oid
        WHERE c.relkind IN ('r', 'p', 'f') ORDER BY c.oid
        """,
    )
    return [int(entry["oid"]) for entry in found]
