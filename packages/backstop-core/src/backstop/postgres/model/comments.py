"""Comments and security labels on whatever has them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from backstop.postgres import query, quoting
from backstop.postgres.model.catalog import address
from backstop.postgres.objects import CatalogObject
from backstop.postgres.summary import FIRST_OWN
from backstop.session import Session


def read(session: Session, resolve: Callable[[str], CatalogObject | None]) -> list[CatalogObject]:
    """Return the comments and labels of the objects that ``resolve`` finds, and of their parts."""
    found = []
    for entry in _described(session):
        place = address(entry["catalog"], entry["oid"])
        item = resolve(place)
        # What comes with an extension or with a parent brings its comment along.
        if item is None or not (item.address == place or (entry["number"] and item.parts)):
            continue
        target = item.target
        if entry["number"]:
            part = next((part for part in item.parts if part.number == entry["number"]), None)
            name = part.name if part is not None else entry["column"]
            if name is None:
                continue
            target = f"COLUMN {_relation(item)}.{quoting.identifier(name)}"
        if not target:
            continue
        if entry["provider"] is None:
            kind, start = "comment", f"COMMENT ON {target} IS"
        else:
            provider = quoting.identifier(entry["provider"])
            kind, start = "security label", f"SECURITY LABEL FOR {provider} ON {target} IS"
        found.append(
            CatalogObject(
                kind,
                f"{kind} on {target}",
                (f"{start} {quoting.literal(entry['text'])}",),
                (item.identity,),
                "last",
                drop=(f"{start} NULL",),
                replaces=True,
            )
        )
    return found


def _relation(item: CatalogObject) -> str:
    return quoting.qualified(item.schema, item.name)


def _described(session: Session) -> list[dict[str, Any]]:
    return query.rows(
        session,
        f"""
        SELECT (SELECT relname FROM pg_catalog.pg_class c WHERE c.oid = d.classoid) AS catalog,
               d.objoid AS oid, d.objsubid AS number, d.description AS text, NULL AS provider,
               CASE WHEN d.objsubid > 0 THEN
                   (SELECT attname FROM pg_catalog.pg_attribute a
                    WHERE a.attrelid = d.objoid AND a.attnum = d.objsubid) END AS column
        FROM pg_catalog.pg_description d
        WHERE d.objoid >= {FIRST_OWN}
           OR d.classoid = 'pg_catalog.pg_namespace'::pg_catalog.regclass
        UNION ALL
        SELECT (SELECT relname FROM pg_catalog.pg_class c WHERE c.oid = d.classoid),
               d.objoid, d.objsubid, d.label, d.provider,
               CASE WHEN d.objsubid > 0 THEN
                   (SELECT attname FROM pg_catalog.pg_attribute a
                    WHERE a.attrelid = d.objoid AND a.attnum = d.objsubid) END
        FROM pg_catalog.pg_seclabel d
        WHERE d.objoid >= {FIRST_OWN}
        ORDER BY 2, 3, 5
        """,
    )
