"""Collations of every provider, and conversions between encodings."""

from __future__ import annotations

from typing import Any

from backstop.postgres import query, quoting
from backstop.postgres.model.catalog import address, lasting, own
from backstop.postgres.model.spelling import clause, labelled, quoted, routine_name
from backstop.postgres.objects import CatalogObject
from backstop.session import Session

_PROVIDER = {"c": "libc", "i": "icu", "b": "builtin"}


def read(session: Session, version: int) -> list[CatalogObject]:
    """Return what creates the collations, then what creates the conversions."""
    return [
        *(_collation(entry) for entry in _collations(session, version)),
        *(_conversion(entry) for entry in _conversions(session)),
    ]


def _collation(entry: dict[str, Any]) -> CatalogObject:
    # The version of its library is the server's own business: it may be another one by then.
    texts = ("locale", "lc_collate", "lc_ctype", "rules")
    settings = clause(
        [
            ("PROVIDER", _PROVIDER[entry["provider"]]),
            ("DETERMINISTIC", None if entry["deterministic"] else "false"),
            *(
                (name.upper(), quoting.literal(entry[name]))
                for name in texts
                if entry[name] is not None
            ),
        ]
    )
    return CatalogObject(
        "collation",
        f"collation {entry['label']}",
        (f"CREATE COLLATION {entry['sql']} {settings}",),
        drop=(f"DROP COLLATION {entry['sql']}",),
        address=address("pg_collation", entry["oid"]),
        target=f"COLLATION {entry['sql']}",
        schema=entry["schema"],
        name=entry["name"],
    )


def _conversion(entry: dict[str, Any]) -> CatalogObject:
    return CatalogObject(
        "conversion",
        f"conversion {entry['label']}",
        (
            f"CREATE {'DEFAULT ' if entry['is_default'] else ''}CONVERSION {entry['sql']} "
            f"FOR {quoting.literal(entry['source'])} TO {quoting.literal(entry['target'])} "
            f"FROM {entry['function']}",
        ),
        drop=(f"DROP CONVERSION {entry['sql']}",),
        address=address("pg_conversion", entry["oid"]),
        target=f"CONVERSION {entry['sql']}",
        schema=entry["schema"],
        name=entry["name"],
    )


def _collations(session: Session, version: int) -> list[dict[str, Any]]:
    if version >= 170000:
        locale = "c.colllocale"
    elif version >= 150000:
        locale = "c.colliculocale"
    else:
        locale = "CASE WHEN c.collprovider <> 'c' THEN c.collcollate::pg_catalog.text END"
    rules = "c.collicurules" if version >= 160000 else "NULL"
    return query.rows(
        session,
        f"""
        SELECT c.oid, n.nspname AS schema, c.collname AS name,
               {labelled("n", "c.collname")} AS label, {quoted("n", "c.collname")} AS sql,
               c.collprovider AS provider, c.collisdeterministic AS deterministic,
               {locale} AS locale, {rules} AS rules,
               CASE WHEN c.collprovider = 'c' THEN c.collcollate END AS lc_collate,
               CASE WHEN c.collprovider = 'c' THEN c.collctype END AS lc_ctype
        FROM pg_catalog.pg_collation c
        JOIN pg_catalog.pg_namespace n ON n.oid = c.collnamespace
        WHERE {lasting("n")} AND {own("c")}
        ORDER BY c.oid
        """,
    )


def _conversions(session: Session) -> list[dict[str, Any]]:
    return query.rows(
        session,
        f"""
        SELECT c.oid, n.nspname AS schema, c.conname AS name, {labelled("n", "c.conname")} AS label,
               {quoted("n", "c.conname")} AS sql, c.condefault AS is_default,
               pg_catalog.pg_encoding_to_char(c.conforencoding) AS source,
               pg_catalog.pg_encoding_to_char(c.contoencoding) AS target,
               {routine_name("c.conproc")} AS function
        FROM pg_catalog.pg_conversion c
        JOIN pg_catalog.pg_namespace n ON n.oid = c.connamespace
        WHERE {lasting("n")} AND {own("c")}
        ORDER BY c.oid
        """,
    )
