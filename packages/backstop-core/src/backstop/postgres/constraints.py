"""Constraints and indexes of tables, and the foreign keys of other tables that point at them."""

from __future__ import annotations

from typing import Any

from backstop.postgres import query, quoting
from backstop.postgres.objects import CatalogObject
from backstop.session import Session


def definitions(session: Session, oids: list[int]) -> list[CatalogObject]:
    """Return what recreates the constraints and indexes, foreign keys in both directions."""
    return [
        *(_constraint(entry) for entry in _constraints(session, oids)),
        *(_foreign_key(entry) for entry in _foreign_keys(session, oids)),
        *(item for entry in _indexes(session, oids) for item in _index(entry)),
    ]


def _constraint(entry: dict[str, Any]) -> CatalogObject:
    return CatalogObject(
        "constraint",
        f"constraint {entry['label']}.{entry['name']}",
        (
            f"ALTER TABLE ONLY {entry['sql']} ADD CONSTRAINT "
            f"{quoting.identifier(entry['name'])} {entry['definition']}",
        ),
        (f"table {entry['label']}",),
        # A partition has to have its CHECKs when it is attached, before the rows come.
        "before" if entry["type"] == "c" else "after",
    )


def _foreign_key(entry: dict[str, Any]) -> CatalogObject:
    # NO ONLY: on a partitioned table the key is the partitions' as well.
    return CatalogObject(
        "foreign key",
        f"foreign key {entry['label']}.{entry['name']}",
        (
            f"ALTER TABLE {entry['sql']} ADD CONSTRAINT "
            f"{quoting.identifier(entry['name'])} {entry['definition']}",
        ),
        (f"table {entry['label']}", f"table {entry['referenced']}"),
        "references",
    )


def _index(entry: dict[str, Any]) -> list[CatalogObject]:
    objects = []
    own = (
        f"constraint {entry['table']}.{entry['constraint']}"
        if entry["constraint"]
        else f"index {entry['label']}"
    )
    table = entry["table_sql"]
    settings = []
    if entry["clustered"]:
        settings.append(f"ALTER TABLE {table} CLUSTER ON {quoting.identifier(entry['name'])}")
    if entry["replica_identity"]:
        settings.append(
            f"ALTER TABLE ONLY {table} REPLICA IDENTITY USING INDEX "
            f"{quoting.identifier(entry['name'])}"
        )
    if not entry["constraint"]:
        objects.append(
            CatalogObject(
                "index", own, (entry["definition"],), (f"table {entry['table']}",), "after"
            )
        )
    if settings:
        objects.append(
            CatalogObject("index setting", f"settings of {own}", tuple(settings), (own,), "after")
        )
    if entry["parent"]:
        parent = (
            f"constraint {entry['parent_table']}.{entry['parent_constraint']}"
            if entry["parent_constraint"]
            else f"index {entry['parent_label']}"
        )
        objects.append(
            CatalogObject(
                "index partition",
                f"partition of {own}",
                (f"ALTER INDEX {entry['parent']} ATTACH PARTITION {entry['sql']}",),
                (own, parent, f"partition {entry['table']}"),
                "after",
            )
        )
    return objects


def _constraints(session: Session, oids: list[int]) -> list[dict[str, Any]]:
    return query.rows(
        session,
        f"""
        SELECT con.conname AS name, con.contype AS type,
               con.conrelid::pg_catalog.regclass::pg_catalog.text AS sql,
               n.nspname || '.' || c.relname AS label,
               pg_catalog.pg_get_constraintdef(con.oid) AS definition
        FROM pg_catalog.pg_constraint con
        JOIN pg_catalog.pg_class c ON c.oid = con.conrelid
        JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
        WHERE con.conrelid = ANY ({quoting.oid_array(oids)})
          AND con.contype IN ('c', 'p', 'u', 'x')
          AND (con.conislocal OR c.relispartition)
        ORDER BY con.conrelid, con.contype DESC, con.conname
        """,
    )


def _foreign_keys(session: Session, oids: list[int]) -> list[dict[str, Any]]:
    return query.rows(
        session,
        f"""
        SELECT con.conname AS name,
               con.conrelid::pg_catalog.regclass::pg_catalog.text AS sql,
               n.nspname || '.' || c.relname AS label,
               fn.nspname || '.' || f.relname AS referenced,
               pg_catalog.pg_get_constraintdef(con.oid) AS definition
        FROM pg_catalog.pg_constraint con
        JOIN pg_catalog.pg_class c ON c.oid = con.conrelid
        JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
        JOIN pg_catalog.pg_class f ON f.oid = con.confrelid
        JOIN pg_catalog.pg_namespace fn ON fn.oid = f.relnamespace
        WHERE con.contype = 'f' AND con.conparentid = 0
          AND (con.conrelid = ANY ({quoting.oid_array(oids)})
               OR con.confrelid = ANY ({quoting.oid_array(oids)}))
        ORDER BY con.conrelid, con.conname
        """,
    )


def _indexes(session: Session, oids: list[int]) -> list[dict[str, Any]]:
    return query.rows(
        session,
        f"""
        SELECT x.relname AS name, n.nspname || '.' || x.relname AS label,
               x.oid::pg_catalog.regclass::pg_catalog.text AS sql,
               tn.nspname || '.' || t.relname AS table,
               t.oid::pg_catalog.regclass::pg_catalog.text AS table_sql,
               pg_catalog.pg_get_indexdef(x.oid) AS definition,
               i.indisclustered AS clustered, i.indisreplident AS replica_identity,
               con.conname AS constraint,
               p.oid::pg_catalog.regclass::pg_catalog.text AS parent,
               pn.nspname || '.' || p.relname AS parent_label,
               ptn.nspname || '.' || pt.relname AS parent_table,
               pcon.conname AS parent_constraint
        FROM pg_catalog.pg_index i
        JOIN pg_catalog.pg_class x ON x.oid = i.indexrelid
        JOIN pg_catalog.pg_namespace n ON n.oid = x.relnamespace
        JOIN pg_catalog.pg_class t ON t.oid = i.indrelid
        JOIN pg_catalog.pg_namespace tn ON tn.oid = t.relnamespace
        LEFT JOIN pg_catalog.pg_constraint con
          ON con.conindid = x.oid AND con.contype IN ('p', 'u', 'x')
        LEFT JOIN pg_catalog.pg_inherits h ON h.inhrelid = x.oid
        LEFT JOIN pg_catalog.pg_class p ON p.oid = h.inhparent
        LEFT JOIN pg_catalog.pg_namespace pn ON pn.oid = p.relnamespace
        LEFT JOIN pg_catalog.pg_index pi ON pi.indexrelid = p.oid
        LEFT JOIN pg_catalog.pg_class pt ON pt.oid = pi.indrelid
        LEFT JOIN pg_catalog.pg_namespace ptn ON ptn.oid = pt.relnamespace
        LEFT JOIN pg_catalog.pg_constraint pcon
          ON pcon.conindid = p.oid AND pcon.contype IN ('p', 'u', 'x')
        WHERE i.indrelid = ANY ({quoting.oid_array(oids)})
        ORDER BY x.oid
        """,
    )
