"""Who may read what a materialized view is filled with: a REFRESH reads as the view's owner.

It is never done with the rights of who restores: functions in the query would have them too.
"""

from __future__ import annotations

from collections.abc import Collection

from backstop.postgres import query, quoting
from backstop.session import Session

_FILLED = """
    SELECT c.oid::pg_catalog.text AS view, c.relowner AS role, d.refobjid AS relation,
           d.refobjsubid AS part
    FROM pg_catalog.pg_class c
    JOIN pg_catalog.pg_rewrite w ON w.ev_class = c.oid
    JOIN pg_catalog.pg_depend d
      ON d.classid = 'pg_catalog.pg_rewrite'::pg_catalog.regclass AND d.objid = w.oid
     AND d.refclassid = 'pg_catalog.pg_class'::pg_catalog.regclass AND d.refobjid <> c.oid
    WHERE c.relkind = 'm' AND c.relispopulated
"""


def refused(session: Session) -> dict[str, str]:
    """Return why a REFRESH of a materialized view that is filled would be refused, by its OID."""
    return _refusals(session, _FILLED)


def refused_to(session: Session, reads: Collection[tuple[str, str, int]]) -> dict[str, str]:
    """Return why a role can't read a relation, by a name for both.

    Each of ``reads`` has that name, the role's, and the relation's OID.
    """
    if not reads:
        return {}
    names, roles, relations = zip(*reads)
    return _refusals(
        session,
        f"""
        SELECT wanted.view, r.oid AS role, wanted.relation, 0 AS part
        FROM ROWS FROM (pg_catalog.unnest({quoting.text_array(list(names))}),
                        pg_catalog.unnest({quoting.text_array(list(roles))}),
                        pg_catalog.unnest({quoting.oid_array(list(relations))}))
             AS wanted(view, role, relation)
        JOIN pg_catalog.pg_roles r ON r.rolname = wanted.role
        """,
    )


def _refusals(session: Session, start: str) -> dict[str, str]:
    """Follow views as their owners, and return the first thing that may not be read."""
    found = query.rows(
        session,
        f"""
        WITH RECURSIVE reads AS (
            {start}
            UNION
            SELECT reads.view,
                   CASE WHEN coalesce(c.reloptions, '{{}}')
                             && '{{security_invoker=true,security_invoker=on}}'
                        THEN reads.role ELSE c.relowner END,
                   d.refobjid, d.refobjsubid
            FROM reads
            JOIN pg_catalog.pg_class c ON c.oid = reads.relation AND c.relkind = 'v'
            JOIN pg_catalog.pg_rewrite w ON w.ev_class = c.oid AND w.ev_type = '1'
            JOIN pg_catalog.pg_depend d
              ON d.classid = 'pg_catalog.pg_rewrite'::pg_catalog.regclass AND d.objid = w.oid
             AND d.refclassid = 'pg_catalog.pg_class'::pg_catalog.regclass AND d.refobjid <> c.oid
        )
        SELECT reads.view, pg_catalog.pg_get_userbyid(reads.role) AS role,
               n.nspname || '.' || c.relname AS relation
        FROM reads
        JOIN pg_catalog.pg_class c
          ON c.oid = reads.relation AND c.relkind = ANY ('{{r,p,v,m,f}}')
        JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
        WHERE NOT CASE WHEN reads.part > 0
                  THEN pg_catalog.has_column_privilege(
                           reads.role, c.oid, reads.part::pg_catalog.int2, 'SELECT')
                  ELSE pg_catalog.has_table_privilege(reads.role, c.oid, 'SELECT')
                       OR pg_catalog.has_any_column_privilege(reads.role, c.oid, 'SELECT') END
        ORDER BY reads.view, reads.relation DESC
        """,
    )
    return {entry["view"]: f"{entry['role']} may not read {entry['relation']}" for entry in found}
