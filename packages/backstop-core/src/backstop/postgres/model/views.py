"""Views and materialized views."""

from __future__ import annotations

from typing import Any

from backstop.postgres import query, quoting, refreshing
from backstop.postgres.model.catalog import address, relations
from backstop.postgres.objects import CatalogObject, Part
from backstop.session import Session


def read(session: Session, version: int) -> list[CatalogObject]:  # noqa: ARG001
    """Return what creates the views. What a materialized one holds is an object of its own."""
    objects = []
    refusals = refreshing.refused(session)
    for entry in _views(session):
        if entry["kind"] == "v":
            objects.append(_view(entry))
        else:
            objects.append(_materialized(entry))
            if entry["populated"]:
                objects.append(_contents(entry, refusals.get(str(entry["oid"]))))
    return objects


def _view(entry: dict[str, Any]) -> CatalogObject:
    options = f" WITH ({', '.join(entry['options'])})" if entry["options"] else ""
    return CatalogObject(
        "view",
        f"view {entry['label']}",
        (f"CREATE OR REPLACE VIEW {entry['sql']}{_columns(entry)}{options} AS {_query(entry)}",),
        drop=(f"DROP VIEW {entry['sql']}",),
        replaces=True,
        **_common(entry),
    )


def _materialized(entry: dict[str, Any]) -> CatalogObject:
    create = f"CREATE MATERIALIZED VIEW {entry['sql']}{_columns(entry)}"
    if entry["access_method"] not in (None, "heap"):
        create += f" USING {quoting.identifier(entry['access_method'])}"
    if entry["options"]:
        create += f" WITH ({', '.join(entry['options'])})"
    if entry["tablespace"]:
        create += f" TABLESPACE {quoting.identifier(entry['tablespace'])}"
    return CatalogObject(
        "materialized view",
        f"materialized view {entry['label']}",
        (f"{create} AS {_query(entry)} WITH NO DATA", *entry["settings"]),
        drop=(f"DROP MATERIALIZED VIEW {entry['sql']}",),
        **_common(entry),
    )


def _contents(entry: dict[str, Any], refusal: str | None) -> CatalogObject:
    refresh = f"REFRESH MATERIALIZED VIEW {entry['sql']}"
    own = f"materialized view {entry['label']}"
    return CatalogObject(
        "contents",
        f"contents of {own}",
        (refresh,),
        (own,),
        # It reads with the rights of the owner, who has to have them back.
        "contents",
        drop=(f"{refresh} WITH NO DATA",),
        replaces=True,
        doubt=f"What the {own} holds can't be saved, and can't be read anew: {refusal}."
        if refusal
        else "",
    )


def _common(entry: dict[str, Any]) -> dict[str, Any]:
    return {
        "address": address("pg_class", entry["oid"]),
        "target": f"{entry['word']} {entry['sql']}",
        "schema": entry["schema"],
        "name": entry["name"],
        # A view never loses one, so they are numbered as they are listed.
        "parts": tuple(Part(n, name, "") for n, name in enumerate(entry["columns"], 1)),
    }


def _columns(entry: dict[str, Any]) -> str:
    names = ", ".join(map(quoting.identifier, entry["columns"]))
    return f" ({names})" if names else ""


def _query(entry: dict[str, Any]) -> str:
    return str(entry["definition"]).strip().rstrip(";")


def _views(session: Session) -> list[dict[str, Any]]:
    return query.rows(
        session,
        f"""
        SELECT r.*, pg_catalog.pg_get_viewdef(r.oid) AS definition, c.reloptions AS options,
               c.relispopulated AS populated, am.amname AS access_method,
               (SELECT spcname FROM pg_catalog.pg_tablespace s WHERE s.oid = c.reltablespace)
                   AS tablespace,
               ARRAY(SELECT a.attname FROM pg_catalog.pg_attribute a
                     WHERE a.attrelid = r.oid AND a.attnum > 0 AND NOT a.attisdropped
                     ORDER BY a.attnum) AS columns,
               CASE WHEN r.kind <> 'm' THEN ARRAY[]::pg_catalog.text[] ELSE ARRAY(
                   SELECT pg_catalog.format(
                       'ALTER MATERIALIZED VIEW %s ALTER COLUMN %I SET STATISTICS %s',
                       r.sql, a.attname, a.attstattarget)
                   FROM pg_catalog.pg_attribute a
                   WHERE a.attrelid = r.oid AND a.attnum > 0 AND a.attstattarget >= 0
                   UNION ALL
                   SELECT pg_catalog.format(
                       'ALTER MATERIALIZED VIEW %s ALTER COLUMN %I SET STORAGE %s', r.sql,
                       a.attname, CASE a.attstorage WHEN 'p' THEN 'PLAIN' WHEN 'e' THEN 'EXTERNAL'
                                       WHEN 'm' THEN 'MAIN' ELSE 'EXTENDED' END)
                   FROM pg_catalog.pg_attribute a
                   JOIN pg_catalog.pg_type t ON t.oid = a.atttypid
                   WHERE a.attrelid = r.oid AND a.attnum > 0 AND a.attstorage <> t.typstorage
               ) END AS settings
        FROM ({relations("vm")}) AS r
        JOIN pg_catalog.pg_class c ON c.oid = r.oid
        LEFT JOIN pg_catalog.pg_am am ON am.oid = c.relam
        ORDER BY r.oid
        """,
    )
