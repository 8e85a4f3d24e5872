"""Columns, and attributes of types, that came after what a snapshot knows, told by two definitions.

A part of a table keeps its number until the table is made anew; then only its name is left.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import replace

from backstop.postgres import quoting
from backstop.postgres.model.columns import INHERITED
from backstop.postgres.objects import CatalogObject, Part


def new_parts(before: CatalogObject, now: CatalogObject) -> list[Part]:
    """Return what a table or a composite type has now under names that it hadn't before."""
    known = {part.name for part in before.parts}
    # Labels of enums and columns of views, which have no definition, can't be added like this.
    return [part for part in now.parts if part.definition and part.name not in known]


def added_parts(before: CatalogObject, left: CatalogObject, now: CatalogObject) -> list[Part]:
    """Return those of the new parts that a statement has added itself, and no parent had."""
    same_place = left.address == now.address
    of_left = {part.number if same_place else part.name for part in left.parts}
    return [
        part
        for part in new_parts(before, now)
        if (part.number if same_place else part.name) in of_left and not _is_inherited(part)
    ]


def replaced_parts(before: CatalogObject, now: CatalogObject) -> list[Part]:
    """Return what has come in place of others of the same name, as it is now."""
    if before.address != now.address:
        return []
    numbers = {part.name: part.number for part in before.parts}
    return [part for part in now.parts if numbers.get(part.name, part.number) != part.number]


def with_columns(item: CatalogObject, parts: Collection[Part]) -> CatalogObject:
    """Return a table with more columns at its end."""
    ddl = [
        f"ALTER {item.target} ADD COLUMN IF NOT EXISTS {quoting.identifier(part.name)} "
        f"{part.definition}"
        for part in parts
        if not _is_inherited(part)
    ]
    return replace(item, ddl=(*item.ddl, *ddl), parts=(*item.parts, *parts))


def drop_part(item: CatalogObject, part: Part) -> str:
    """Return the statement that drops a column, or an attribute of a type."""
    what = "ATTRIBUTE" if item.kind == "type" else "COLUMN"
    return f"ALTER {item.target} DROP {what} {quoting.identifier(part.name)}"


def _is_inherited(part: Part) -> bool:
    return part.definition.endswith(INHERITED)
