"""Restoring some rows of one table of a snapshot, and nothing else of it."""

from __future__ import annotations

from dataclasses import replace

from backstop.errors import ConfigurationError
from backstop.snapshots.manifest import SavedTable
from backstop.snapshots.repository import Snapshot
from backstop.snapshots.selection import names
from backstop.syntax.condition import is_condition


def narrowed(snapshot: Snapshot, table: str | None, where: str) -> Snapshot:
    """Return the snapshot with no more than the one table whose rows ``where`` is about.

    Raises ConfigurationError where that isn't one condition or it isn't clear which table is
    meant, or where rows of that table can't be put back one by one.
    """
    if not is_condition(where):
        raise ConfigurationError(f'where is {where!r}: give one condition, such as "id = 7".')
    found = [
        saved for saved in snapshot.manifest.tables if table is None or names(table, saved.label)
    ]
    if len(found) > 1:
        found = [saved for saved in found if saved.label == table] or found
    if len(found) != 1:
        labels = ", ".join(saved.label for saved in snapshot.manifest.tables) or "none"
        raise ConfigurationError(
            f"where takes the rows of one table: name it by table. This snapshot has {labels}."
        )
    (saved,) = found
    _check_table(saved)
    manifest = replace(
        snapshot.manifest,
        tables=(saved,),
        sequences=(),
        objects=(),
        left=(),
        made=(),
        renamed=(),
        large_objects=None,
    )
    return replace(snapshot, manifest=manifest, outcome=replace(snapshot.outcome, left=()))


def _check_table(table: SavedTable) -> None:
    if table.is_altered:
        raise ConfigurationError(
            f"The statement took columns of {table.label}: where can't be used, as they come back "
            "for all rows at once. Leave it out, or copy the rows with into."
        )
    if table.moves_rows or (table.left_rows and not table.key):
        raise ConfigurationError(
            f"No key of {table.label} tells which row of the statement's is which, so that where "
            "can't be used. Leave it out, or copy the rows with into."
        )
