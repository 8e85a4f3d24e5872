"""Constraints of tables: checks, keys, exclusions, and foreign keys."""

from __future__ import annotations

from typing import Any

from backstop.postgres import query, quoting
from backstop.postgres.model.catalog import address, relations
from backstop.postgres.objects import CatalogObject
from backstop.session import Session


def read(session: Session, version: int) -> list[CatalogObject]:
    """Return what creates the constraints; those that a parent's bring along are none."""
    return [_constraint(entry) for entry in _constraints(session, version)]


def _constraint(entry: dict[str, Any]) -> CatalogObject:
    name = quoting.identifier(entry["name"])
    foreign_key = entry["type"] == "f"
    # Partitions have their own share of a key, and it is attached; CHECKs have to be theirs too.
    only = "ONLY " if entry["type"] in "pux" else ""
    alter = f"ALTER {entry['word']} {only}{entry['sql']}"
    kind = "foreign key" if foreign_key else "constraint"
    stage = "references" if foreign_key else "after"
    within = ""
    if entry["type"] == "n" and entry["validated"]:
        # CREATE TABLE makes it, with this name.
        within = f"table {entry['label']}"
    if entry["type"] in "cn" and not entry["late"]:
        # A partition has to have its CHECKs when it is attached, before the rows come.
        stage = "before"
    drop: tuple[str, ...] = (f"ALTER {entry['word']} {entry['sql']} DROP CONSTRAINT {name}",)
    if entry["inherited"]:
        # A table keeps it as long as its parents have it.
        drop = ()
    return CatalogObject(
        kind,
        f"{kind} {entry['label']}.{entry['name']}",
        (f"{alter} ADD CONSTRAINT {name} {entry['definition']}",),
        (f"table {entry['label']}", *entry["shares"]),
        stage,
        drop=drop,
        address=address("pg_constraint", entry["oid"]),
        target=f"CONSTRAINT {name} ON {entry['sql']}",
        name=entry["name"],
        within=within,
    )


def _constraints(session: Session, version: int) -> list[dict[str, Any]]:
    kinds = "'c', 'p', 'u', 'x', 'f'" + (", 'n'" if version >= 180000 else "")
    return query.rows(
        session,
        f"""
        SELECT con.oid, con.conname AS name, con.contype AS type, r.sql, r.label, r.word,
               con.convalidated AS validated,
               con.coninhcount > 0 AND NOT c.relispartition AS inherited,
               -- Rows may break it; what partitions take over has to be there before them.
               NOT (con.convalidated OR c.relispartition OR c.relkind = 'p') AS late,
               pg_catalog.pg_get_constraintdef(con.oid) AS definition,
               -- A partition can have a CHECK before the whole has the same one, not afterwards.
               CASE WHEN con.contype = 'c' AND c.relkind = 'p' THEN
                   ARRAY(SELECT 'constraint ' || n.nspname || '.' || share.relname || '.'
                                || con.conname
                         FROM pg_catalog.pg_inherits i
                         JOIN pg_catalog.pg_class share ON share.oid = i.inhrelid
                         JOIN pg_catalog.pg_namespace n ON n.oid = share.relnamespace
                         WHERE i.inhparent = con.conrelid)
                   ELSE ARRAY[]::pg_catalog.text[] END AS shares
        FROM ({relations("rpf")}) AS r
        JOIN pg_catalog.pg_class c ON c.oid = r.oid
        JOIN pg_catalog.pg_constraint con ON con.conrelid = r.oid
        WHERE con.contype IN ({kinds})
          AND CASE con.contype WHEN 'f' THEN con.conparentid = 0
                   ELSE con.conislocal OR c.relispartition AND con.contype <> 'n' END
        ORDER BY r.oid, con.contype = 'f', con.contype DESC, con.conname
        """,
    )
