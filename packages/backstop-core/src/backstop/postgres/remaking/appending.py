"""Putting lost columns at the end of their table, where nothing else of it has to be made anew."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from backstop.postgres import quoting
from backstop.postgres.model.columns import INHERITED
from backstop.postgres.objects import CatalogObject
from backstop.postgres.remaking.pairing import paired
from backstop.postgres.rows.comparing import Comparison
from backstop.postgres.rows.quiet import quiet
from backstop.session import Session


def can_append(before: CatalogObject, now: CatalogObject) -> bool:
    """Whether all that the table has lost is columns, which ALTER TABLE can add again."""
    there = {part.name: part for part in now.parts}
    # One of the same name may be another one, or hold converted values.
    same = all(there.get(part.name, part) == part for part in before.parts)
    typed = any(" OF " in text for text in before.compared)
    return same and not typed and before.compared == now.compared


def is_heir(table: CatalogObject) -> bool:
    """Whether a table inherits from others, which is not being a partition."""
    return any(" INHERITS (" in text for text in table.compared)


def lost_columns(before: CatalogObject, now: CatalogObject) -> list[str]:
    """Return the names of the columns that a table has lost."""
    there = {part.name for part in now.parts}
    return [part.name for part in before.parts if part.name not in there]


def appending(before: CatalogObject, now: CatalogObject, *, is_partition: bool) -> CatalogObject:
    """Return the table so that "creating" it adds its lost columns.

    A partition, or a child, has those of its parents as soon as they have them.
    """
    names = set(lost_columns(before, now))
    ddl = tuple(
        f"ALTER {now.target} ADD COLUMN {quoting.identifier(part.name)} {part.definition}"
        for part in before.parts
        if part.name in names and not part.definition.endswith(INHERITED)
    )
    return replace(before, ddl=() if is_partition else ddl)


def append_values(
    session: Session, saved: Comparison, key: Sequence[str], lost: Sequence[str]
) -> int:
    """Give the rows of a table the saved values of its lost columns; returns how many."""
    columns = [column.name for column in saved.relation.columns]
    wanted = [name for name in columns if name in lost]
    kept = [name for name in columns if name not in lost]
    if not wanted:
        return 0
    names = [quoting.identifier(name) for name in wanted]
    values = ", ".join(f"i.{name}" for name in names)
    pairs = paired(saved.relation.sql, saved.image, key, kept)
    found = f"SELECT o.ctid AS backstop_place, {values} FROM {pairs} WHERE i.backstop_found"
    with quiet(session, [saved.relation]):
        return session.execute(
            f"UPDATE ONLY {saved.relation.sql} t "
            f"SET {', '.join(f'{name} = s.{name}' for name in names)} "
            f"FROM ({found}) s WHERE t.ctid = s.backstop_place"
        )
