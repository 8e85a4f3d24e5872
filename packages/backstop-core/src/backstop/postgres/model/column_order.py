"""Children whose columns stand in another order than CREATE TABLE … INHERITS puts them into.

A column that a parent got later stands after the child's own, and so may those of a table that was
made first and got its parent by ALTER TABLE … INHERIT. A first parent that has them all in their
order, and that the child leaves at once, puts them there.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from backstop.postgres import quoting
from backstop.postgres.model import columns


@dataclass(frozen=True)
class Order:
    """What keeps a child's columns in their order when it is created.

    ``parents`` are inherited from before all others; ``before`` and ``after`` stand around its
    CREATE TABLE. ``generated`` are the columns that it can't list, as they come generated.
    """

    generated: frozenset[str] = frozenset()
    parents: tuple[str, ...] = ()
    before: tuple[str, ...] = ()
    after: tuple[str, ...] = ()


def keep_order(
    table: Mapping[str, Any],
    found: Sequence[dict[str, Any]],
    of_parents: Sequence[Sequence[dict[str, Any]]],
    version: int,
) -> Order:
    """Return what a table needs, nothing where its parents put its columns into their order."""
    inherited: dict[str, dict[str, Any]] = {}
    for of_parent in of_parents:
        for column in of_parent:
            inherited.setdefault(column["name"], column)
    if not inherited:
        return Order()
    names = [column["name"] for column in found]
    in_order = names == list(dict.fromkeys((*inherited, *names)))
    # Before version 16 a child may not say how a parent's column is generated, not even the same.
    generated = frozenset(
        column["name"]
        for column in (inherited.values() if in_order else found)
        if column["generated"] and version < 160000
    )
    if in_order:
        return Order(generated)
    parent = f"{quoting.identifier(table['schema'])}.backstop_columns_{table['oid']}"
    listed = ", ".join(columns.in_stand_in(column) for column in found)
    # Parents of one child have to store a column alike.
    storage = [
        text
        for column in found
        for text in columns.stored_alike(parent, inherited.get(column["name"], column))
    ]
    return Order(
        generated,
        (parent,),
        (f"CREATE TABLE {parent} ({listed})", *storage),
        (f"ALTER {table['word']} {table['sql']} NO INHERIT {parent}", f"DROP TABLE {parent}"),
    )
