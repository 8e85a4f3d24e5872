"""Procedural languages, and transforms of types for them."""

from __future__ import annotations

from typing import Any

from backstop.postgres import query
from backstop.postgres.model.catalog import address, own
from backstop.postgres.model.spelling import routine_name, routine_signature
from backstop.postgres.objects import CatalogObject
from backstop.session import Session


def read(session: Session, version: int) -> list[CatalogObject]:  # noqa: ARG001
    """Return what creates the languages, then what creates the transforms."""
    found = query.groups(session, {"languages": _LANGUAGES, "transforms": _TRANSFORMS})
    return [
        *(_language(entry) for entry in found["languages"]),
        *(_transform(entry) for entry in found["transforms"]),
    ]


def _language(entry: dict[str, Any]) -> CatalogObject:
    trusted = "TRUSTED " if entry["trusted"] else ""
    create = f"CREATE OR REPLACE {trusted}LANGUAGE {entry['sql']} HANDLER {entry['handler']}"
    for word in ("inline", "validator"):
        if entry[word] is not None:
            create += f" {word.upper()} {entry[word]}"
    target = f"LANGUAGE {entry['sql']}"
    return CatalogObject(
        "language",
        f"language {entry['name']}",
        (create,),
        drop=(f"DROP {target}",),
        replaces=True,
        address=address("pg_language", entry["oid"]),
        target=target,
        name=entry["name"],
    )


def _transform(entry: dict[str, Any]) -> CatalogObject:
    functions = ", ".join(
        f"{way} SQL WITH FUNCTION {entry[name]}"
        for way, name in (("FROM", "from_sql"), ("TO", "to_sql"))
        if entry[name] is not None
    )
    target = f"TRANSFORM FOR {entry['type']} LANGUAGE {entry['language']}"
    return CatalogObject(
        "transform",
        f"transform of {entry['type']} for {entry['label']}",
        (f"CREATE OR REPLACE {target} ({functions})",),
        drop=(f"DROP {target}",),
        replaces=True,
        address=address("pg_transform", entry["oid"]),
        target=target,
    )


_LANGUAGES = f"""
    SELECT l.oid, l.lanname AS name, pg_catalog.quote_ident(l.lanname) AS sql,
           l.lanpltrusted AS trusted, {routine_name("l.lanplcallfoid")} AS handler,
           {routine_name("l.laninline")} AS inline,
           {routine_name("l.lanvalidator")} AS validator
    FROM pg_catalog.pg_language l
    WHERE l.lanispl AND {own("l")}
    ORDER BY l.oid
"""

_TRANSFORMS = f"""
    SELECT t.oid, pg_catalog.format_type(t.trftype, NULL) AS type,
           l.lanname AS label, pg_catalog.quote_ident(l.lanname) AS language,
           {routine_signature("t.trffromsql")} AS from_sql,
           {routine_signature("t.trftosql")} AS to_sql
    FROM pg_catalog.pg_transform t
    JOIN pg_catalog.pg_language l ON l.oid = t.trflang
    WHERE {own("t")}
    ORDER BY t.oid
"""
