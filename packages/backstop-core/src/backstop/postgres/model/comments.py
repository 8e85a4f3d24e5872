"""Comments and security labels on whatever has them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from backstop.postgres import query, quoting
from backstop.postgres.code.summary import FIRST_OWN
from backstop.postgres.model.catalog import address
from backstop.postgres.objects import CatalogObject
from backstop.session import Session


def read(session: Session, resolve: Callable[[str], CatalogObject | None]) -> list[CatalogObject]:
    """Return the comments and labels of the objects that ``resolve`` finds, and of their parts."""
    found = []
    for entry in _described(session):
        place = address(entry["catalog"], entry["oid"])
        item = resolve(place)
        if item is None:
            continue
        if item.address != place and not (item.parts if entry["number"] else entry["part"]):
            continue
        # What comes with something else, as an index does with a key, has a comment of its own.
        target = item.target if item.address == place else entry["part"]
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
    described = f"""
        SELECT d.classoid, d.objoid, d.objsubid, d.description AS text, NULL AS provider
        FROM pg_catalog.pg_description d
        WHERE d.objoid >= {FIRST_OWN}
           OR d.classoid IN ('pg_catalog.pg_namespace'::pg_catalog.regclass,
                             'pg_catalog.pg_largeobject'::pg_catalog.regclass)
        UNION ALL
        SELECT d.classoid, d.objoid, d.objsubid, d.label, d.provider
        FROM pg_catalog.pg_seclabel d
        WHERE d.objoid >= {FIRST_OWN}
           OR d.classoid = 'pg_catalog.pg_largeobject'::pg_catalog.regclass
    """
    return query.rows(
        session,
        f"""
        SELECT c.relname AS catalog, d.objoid AS oid, d.objsubid AS number, d.text, d.provider,
               CASE WHEN d.objsubid > 0 THEN
                   (SELECT attname FROM pg_catalog.pg_attribute a
                    WHERE a.attrelid = d.objoid AND a.attnum = d.objsubid) END AS column,
               CASE c.relname
                   WHEN 'pg_constraint' THEN (
                       SELECT {_on("'CONSTRAINT '", "p.conname", "p.conrelid")}
                       FROM pg_catalog.pg_constraint p WHERE p.oid = d.objoid AND p.conrelid <> 0)
                   WHEN 'pg_trigger' THEN (
                       SELECT {_on("'TRIGGER '", "p.tgname", "p.tgrelid")}
                       FROM pg_catalog.pg_trigger p WHERE p.oid = d.objoid)
                   WHEN 'pg_rewrite' THEN (
                       SELECT {_on("'RULE '", "p.rulename", "p.ev_class")}
                       FROM pg_catalog.pg_rewrite p WHERE p.oid = d.objoid)
                   WHEN 'pg_class' THEN (
                       SELECT 'INDEX ' || p.oid::pg_catalog.regclass::pg_catalog.text
                       FROM pg_catalog.pg_class p
                       WHERE p.oid = d.objoid AND p.relkind = ANY ('{{i,I}}'))
               END AS part
        FROM ({described}) AS d
        JOIN pg_catalog.pg_class c ON c.oid = d.classoid
        ORDER BY d.objoid, d.objsubid, d.provider
        """,
    )


def _on(kind: str, name: str, relation: str) -> str:
    return (
        f"{kind} || pg_catalog.quote_ident({name}) || ' ON ' || "
        f"{relation}::pg_catalog.regclass::pg_catalog.text"
    )
