"""Casts: by a function, by the text of the value, or by its bytes as they are."""

from __future__ import annotations

from typing import Any

from backstop.postgres import query
from backstop.postgres.model.catalog import address, own
from backstop.postgres.model.spelling import routine_signature
from backstop.postgres.objects import CatalogObject
from backstop.session import Session

_CONTEXT = {"e": "", "a": " AS ASSIGNMENT", "i": " AS IMPLICIT"}


def read(session: Session, version: int) -> list[CatalogObject]:  # noqa: ARG001
    """Return what creates the casts."""
    return [_cast(entry) for entry in _casts(session)]


def _cast(entry: dict[str, Any]) -> CatalogObject:
    between = f"({entry['source']} AS {entry['target']})"
    how = {"f": f"WITH FUNCTION {entry['function']}", "i": "WITH INOUT", "b": "WITHOUT FUNCTION"}
    return CatalogObject(
        "cast",
        f"cast {between}",
        (f"CREATE CAST {between} {how[entry['method']]}{_CONTEXT[entry['context']]}",),
        drop=(f"DROP CAST {between}",),
        address=address("pg_cast", entry["oid"]),
        target=f"CAST {between}",
    )


def _casts(session: Session) -> list[dict[str, Any]]:
    # The cast of a range to its multirange comes with them.
    return query.rows(
        session,
        f"""
        SELECT c.oid, pg_catalog.format_type(c.castsource, NULL) AS source,
               pg_catalog.format_type(c.casttarget, NULL) AS target,
               {routine_signature("c.castfunc")} AS function,
               c.castmethod AS method, c.castcontext AS context
        FROM pg_catalog.pg_cast c
        WHERE {own("c")} AND NOT EXISTS (
            SELECT FROM pg_catalog.pg_depend made
            WHERE made.classid = 'pg_catalog.pg_cast'::pg_catalog.regclass
              AND made.objid = c.oid AND made.deptype = 'i')
        ORDER BY c.oid
        """,
    )
