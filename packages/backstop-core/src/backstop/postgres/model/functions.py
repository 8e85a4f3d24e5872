"""Functions and procedures, as the server itself writes them."""

from __future__ import annotations

from typing import Any

from backstop.postgres import query
from backstop.postgres.model.catalog import address, lasting, own
from backstop.postgres.model.spelling import ROUTINE_KINDS, quoted
from backstop.postgres.objects import CatalogObject
from backstop.session import Session


def read(session: Session, version: int) -> list[CatalogObject]:  # noqa: ARG001
    """Return what creates the functions and procedures, or replaces them."""
    return [_routine(entry) for entry in _routines(session)]


def _routine(entry: dict[str, Any]) -> CatalogObject:
    kind = ROUTINE_KINDS[entry["kind"]]
    target = f"{kind.upper()} {entry['sql']}({entry['arguments']})"
    return CatalogObject(
        kind,
        f"{kind} {entry['schema']}.{entry['name']}({entry['types']})",
        (
            entry["definition"],
            *(f"ALTER {target} DEPENDS ON EXTENSION {name}" for name in entry["extensions"]),
        ),
        drop=(f"DROP {target}",),
        replaces=True,
        address=address("pg_proc", entry["oid"]),
        target=target,
        schema=entry["schema"],
        name=entry["name"],
    )


def _routines(session: Session) -> list[dict[str, Any]]:
    # The constructors of a range are its own: they come with it.
    return query.rows(
        session,
        f"""
        SELECT p.oid, p.prokind AS kind, n.nspname AS schema, p.proname AS name,
               {quoted("n", "p.proname")} AS sql,
               pg_catalog.oidvectortypes(p.proargtypes) AS types,
               pg_catalog.pg_get_function_identity_arguments(p.oid) AS arguments,
               pg_catalog.pg_get_functiondef(p.oid) AS definition,
               ARRAY(SELECT pg_catalog.quote_ident(e.extname)
                     FROM pg_catalog.pg_depend d
                     JOIN pg_catalog.pg_extension e ON e.oid = d.refobjid
                     WHERE d.classid = 'pg_catalog.pg_proc'::pg_catalog.regclass
                       AND d.objid = p.oid AND d.deptype = 'x' ORDER BY 1) AS extensions
        FROM pg_catalog.pg_proc p
        JOIN pg_catalog.pg_namespace n ON n.oid = p.pronamespace
        WHERE p.prokind <> 'a' AND {lasting("n")} AND {own("p")}
          AND NOT EXISTS (
              SELECT FROM pg_catalog.pg_depend made
              WHERE made.classid = 'pg_catalog.pg_proc'::pg_catalog.regclass
                AND made.objid = p.oid AND made.deptype = 'i')
        ORDER BY p.oid
        """,
    )
