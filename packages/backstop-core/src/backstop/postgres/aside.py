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
    """Give an object a name that nobody uses, in its own schema."""
    name = quoting.identifier(f"backstop_aside_{item.oid}")
    session.execute(f"ALTER {item.target} RENAME TO {name}")
    catalog = item.address.split("/")[0]
    now = query.row(
        session,
        "SELECT pg_catalog.upper(type) AS word, identity FROM pg_catalog.pg_identify_object("
        f"'pg_catalog.{catalog}'::pg_catalog.regclass, {item.oid}, 0)",
    )
    return Aside(now["identity"], f"DROP {now['word']} {now['identity']}")
