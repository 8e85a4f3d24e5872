"""Giving an object, or a part of one, its earlier name or schema back."""

from __future__ import annotations

from backstop.postgres import quoting
from backstop.postgres.objects import CatalogObject, Part


def rename_back(now: CatalogObject, before: CatalogObject) -> str | None:
    """Return the next statement towards the schema and name of before, None if it has both."""
    if now.schema != before.schema and now.kind != "schema":
        return f"ALTER {now.target} SET SCHEMA {quoting.identifier(before.schema)}"
    if now.name == before.name:
        return None
    name = quoting.identifier(before.name)
    if now.kind in ("constraint", "foreign key", "domain constraint"):
        # That is an action of what it belongs to.
        constraint, _, owner = now.target.partition(" ON ")
        alter = owner if owner.startswith("DOMAIN ") else f"TABLE {owner}"
        return f"ALTER {alter} RENAME {constraint} TO {name}"
    return f"ALTER {now.target} RENAME TO {name}"


def rename_part_back(item: CatalogObject, now: Part, before: Part) -> str:
    """Return the statement that gives a column, an attribute or a label its name back."""
    if item.kind != "type":
        names = f"{quoting.identifier(now.name)} TO {quoting.identifier(before.name)}"
        return f"ALTER {item.target} RENAME COLUMN {names}"
    if now.definition:
        names = f"{quoting.identifier(now.name)} TO {quoting.identifier(before.name)}"
        return f"ALTER {item.target} RENAME ATTRIBUTE {names} CASCADE"
    return (
        f"ALTER {item.target} RENAME VALUE {quoting.literal(now.name)} "
        f"TO {quoting.literal(before.name)}"
    )
