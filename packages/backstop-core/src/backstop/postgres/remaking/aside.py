"""Letting what is made anew step aside under another name, until nothing needs it any more."""

from __future__ import annotations

from dataclasses import dataclass

from backstop.postgres import query, quoting
from backstop.postgres.objects import CatalogObject
from backstop.session import Session

CAN_STEP_ASIDE = frozenset(
    {"table", "view", "materialized view", "type", "domain", "function", "collation"}
)
"""The kinds of objects that can have another name for a while."""


@dataclass(frozen=True)
class Aside:
    """An object that stepped aside: the quoted name that it has now, and what drops it."""

    name: str
    drop: str


def step_aside(session: Session, item: CatalogObject) -> Aside:
    """Give an object a name that nobody uses, in its own schema; what it needs has done so."""
    target, _ = _target(session, item)
    for oid, renamed in [(item.oid, target), *_named_parts(session, item)]:
        name = quoting.identifier(f"backstop_aside_{oid}")
        session.execute(f"ALTER {renamed} RENAME TO {name}")
    target, name = _target(session, item)
    return Aside(name, f"DROP {target}")


def _target(session: Session, item: CatalogObject) -> tuple[str, str]:
    """Return how ALTER and DROP name an object now, and its name alone."""
    catalog = item.address.split("/")[0]
    now = query.row(
        session,
        "SELECT pg_catalog.upper(type) AS word, identity FROM pg_catalog.pg_identify_object("
        f"'pg_catalog.{catalog}'::pg_catalog.regclass, {item.oid}, 0)",
    )
    return f"{now['word']} {now['identity']}", now["identity"]


def _named_parts(session: Session, item: CatalogObject) -> list[tuple[int, str]]:
    """Return what has names of its own and goes with a range: its multirange.

    The function that makes an empty multirange takes nothing, and so would be in the way as well.
    """
    if item.kind != "type":
        return []
    found = query.rows(
        session,
        f"""
        WITH multirange AS (
            SELECT t.oid FROM pg_catalog.pg_depend d
            JOIN pg_catalog.pg_type t ON t.oid = d.objid AND t.typtype = 'm'
            WHERE d.classid = 'pg_catalog.pg_type'::pg_catalog.regclass
              AND d.refclassid = d.classid AND d.refobjid = {item.oid} AND d.deptype = 'i'
        )
        SELECT oid, 'TYPE ' || pg_catalog.format_type(oid, NULL) AS target FROM multirange
        UNION ALL
        SELECT p.oid, 'FUNCTION ' || p.oid::pg_catalog.regprocedure::pg_catalog.text
        FROM multirange JOIN pg_catalog.pg_proc p ON p.prorettype = multirange.oid
        WHERE p.prosrc = 'multirange_constructor0'
        """,
    )
    return [(part["oid"], part["target"]) for part in found]
