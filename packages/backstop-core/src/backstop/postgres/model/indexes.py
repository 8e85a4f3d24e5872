"""Indexes of tables and materialized views, and how those of partitions hang together."""

from __future__ import annotations

from typing import Any

from backstop.postgres import query, quoting
from backstop.postgres.model.catalog import address, relations
from backstop.postgres.model.spelling import quoted
from backstop.postgres.objects import CatalogObject
from backstop.session import Session


def read(session: Session, version: int) -> list[CatalogObject]:  # noqa: ARG001
    """Return what creates the indexes; of one that comes with a constraint, only its settings."""
    return [item for entry in _indexes(session) for item in _index(entry)]


def _index(entry: dict[str, Any]) -> list[CatalogObject]:
    own = (
        f"constraint {entry['table']}.{entry['constraint']}"
        if entry["constraint"]
        else f"index {entry['label']}"
    )
    objects = []
    if not entry["constraint"]:
        objects.append(
            CatalogObject(
                "index",
                own,
                (entry["definition"],),
                stage="after",
                drop=(f"DROP INDEX {entry['sql']}",),
                address=address("pg_class", entry["oid"]),
                target=f"INDEX {entry['sql']}",
                schema=entry["schema"],
                name=entry["name"],
            )
        )
    for kind, there, back in _settings(entry):
        objects.append(
            CatalogObject(
                kind,
                f"{kind} of {own}",
                (there,),
                (own,),
                "after",
                drop=(back,),
                replaces=kind != "storage options",
            )
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


def _settings(entry: dict[str, Any]) -> list[tuple[str, str, str]]:
    table, name = entry["table_sql"], quoting.identifier(entry["name"])
    found = []
    if entry["constraint"] and entry["options"]:
        names = ", ".join(option.split("=")[0] for option in entry["options"])
        alter = f"ALTER INDEX {entry['sql']}"
        settings = ", ".join(entry["options"])
        found.append(("storage options", f"{alter} SET ({settings})", f"{alter} RESET ({names})"))
    if entry["clustered"]:
        found.append(
            (
                "clustering",
                f"ALTER {entry['word']} {table} CLUSTER ON {name}",
                f"ALTER {entry['word']} {table} SET WITHOUT CLUSTER",
            )
        )
    if entry["replica_identity"]:
        found.append(
            (
                "replica identity",
                f"ALTER TABLE ONLY {table} REPLICA IDENTITY USING INDEX {name}",
                f"ALTER TABLE ONLY {table} REPLICA IDENTITY DEFAULT",
            )
        )
    for number, target in enumerate(entry["targets"], 1):
        if target is not None and target >= 0:
            alter = f"ALTER INDEX {entry['sql']} ALTER COLUMN {number} SET STATISTICS"
            found.append((f"statistics target {number}", f"{alter} {target}", f"{alter} -1"))
    return found


def _indexes(session: Session) -> list[dict[str, Any]]:
    return query.rows(
        session,
        f"""
        SELECT x.oid, x.relname AS name, r.schema || '.' || x.relname AS label, r.schema,
               pg_catalog.quote_ident(r.schema) || '.' || pg_catalog.quote_ident(x.relname) AS sql,
               r.label AS table, r.sql AS table_sql, r.word,
               CASE WHEN con.oid IS NULL
                    THEN pg_catalog.pg_get_indexdef(x.oid) END AS definition,
               i.indisclustered AS clustered, i.indisreplident AS replica_identity,
               CASE WHEN i.indexprs IS NULL THEN ARRAY[]::pg_catalog.int4[] ELSE
                   ARRAY(SELECT a.attstattarget::pg_catalog.int4 FROM pg_catalog.pg_attribute a
                         WHERE a.attrelid = x.oid ORDER BY a.attnum) END AS targets,
               con.conname AS constraint, x.reloptions AS options,
               CASE WHEN h.inhparent IS NOT NULL
                    THEN {quoted("pn", "p.relname")} END AS parent,
               pn.nspname || '.' || p.relname AS parent_label,
               ptn.nspname || '.' || pt.relname AS parent_table,
               pcon.conname AS parent_constraint
        FROM ({relations("rpm")}) AS r
        JOIN pg_catalog.pg_index i ON i.indrelid = r.oid
        JOIN pg_catalog.pg_class x ON x.oid = i.indexrelid
        LEFT JOIN pg_catalog.pg_constraint con
          ON con.conindid = x.oid AND con.conrelid = r.oid AND con.contype IN ('p', 'u', 'x')
        LEFT JOIN pg_catalog.pg_inherits h ON h.inhrelid = x.oid
        LEFT JOIN pg_catalog.pg_class p ON p.oid = h.inhparent
        LEFT JOIN pg_catalog.pg_namespace pn ON pn.oid = p.relnamespace
        LEFT JOIN pg_catalog.pg_index pi ON pi.indexrelid = p.oid
        LEFT JOIN pg_catalog.pg_class pt ON pt.oid = pi.indrelid
        LEFT JOIN pg_catalog.pg_namespace ptn ON ptn.oid = pt.relnamespace
        LEFT JOIN pg_catalog.pg_constraint pcon
          ON pcon.conindid = p.oid AND pcon.contype IN ('p', 'u', 'x')
        ORDER BY x.oid
        """,
    )
