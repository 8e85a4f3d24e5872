"""Column defaults, each an object of its own, as they may need sequences and functions."""

from __future__ import annotations

from backstop.postgres import query, quoting
from backstop.postgres.objects import CatalogObject
from backstop.session import Session


def definitions(session: Session, oids: list[int]) -> list[CatalogObject]:
    """Return the defaults of the tables' columns."""
    found = query.rows(
        session,
        f"""
        SELECT c.oid::pg_catalog.regclass::pg_catalog.text AS sql,
               n.nspname || '.' || c.relname AS label, a.attname AS column,
               pg_catalog.pg_get_expr(d.adbin, d.adrelid) AS expression,
               ARRAY(SELECT sn.nspname || '.' || s.relname
                     FROM pg_catalog.pg_depend dep
                     JOIN pg_catalog.pg_class s ON s.oid = dep.refobjid AND s.relkind = 'S'
                     JOIN pg_catalog.pg_namespace sn ON sn.oid = s.relnamespace
                     WHERE dep.classid = 'pg_catalog.pg_attrdef'::pg_catalog.regclass
                       AND dep.objid = d.oid
                       AND dep.refclassid = 'pg_catalog.pg_class'::pg_catalog.regclass
               ) AS sequences
        FROM pg_catalog.pg_attrdef d
        JOIN pg_catalog.pg_class c ON c.oid = d.adrelid
        JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
        JOIN pg_catalog.pg_attribute a ON a.attrelid = d.adrelid AND a.attnum = d.adnum
        WHERE d.adrelid = ANY ({quoting.oid_array(oids)}) AND a.attgenerated = ''
        ORDER BY d.adrelid, d.adnum
        """,
    )
    return [
        CatalogObject(
            "default",
            f"default of {entry['label']}.{entry['column']}",
            (
                f"ALTER TABLE ONLY {entry['sql']} ALTER COLUMN "
                f"{quoting.identifier(entry['column'])} SET DEFAULT {entry['expression']}",
            ),
            (
                f"table {entry['label']}",
                *(f"sequence {sequence}" for sequence in entry["sequences"]),
            ),
        )
        for entry in found
    ]
