"""Taking the rows of tables over that a restore has to make anew, as they have lost columns."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from backstop.postgres import existing
from backstop.postgres.comparing import Comparison
from backstop.postgres.objects import CatalogObject
from backstop.postgres.rebuilding import Rebuilding
from backstop.recovery.exchange import Exchange
from backstop.recovery.objects import ObjectPlan
from backstop.recovery.rows import CountedReader, check_count, saved_columns
from backstop.session import Session
from backstop.snapshots.manifest import Manifest, SavedTable


def rebuildings(
    session: Session, manifest: Manifest, objects: ObjectPlan, swap: Exchange
) -> Iterator[Rebuilding]:
    """Give each table that stepped aside and holds rows, to be filled anew."""
    before = {item.identity: item for item in objects.objects}
    left = {item.identity: item for item in manifest.left}
    for identity, aside in swap.aside.items():
        now = objects.model.objects[identity]
        if now.kind != "table":
            continue
        found = existing.find_relations(session, [(now.schema, now.name)])
        (relation,) = found.values()
        if relation.holds_rows:
            then = before.get(identity, now)
            added = _added(then, left.get(identity, now))
            yield Rebuilding(session, then, now, aside.name, relation, added)


def _added(before: CatalogObject, left: CatalogObject) -> frozenset[str]:
    """Return the columns that the statement added under the name of one that it dropped."""
    numbers = {part.name: part.number for part in before.parts}
    return frozenset(
        part.name for part in left.parts if numbers.get(part.name, part.number) != part.number
    )


def take_over(
    session: Session,
    rebuilding: Rebuilding,
    table: SavedTable | None,
    source: CountedReader | None,
    xids: Sequence[str],
) -> int:
    """Take the rows of one table over; returns how many.

    ``table`` and ``source`` are what was saved of it, ``xids`` the ids of what the statement wrote.
    """
    if table is None or source is None or not table.is_altered:
        return rebuilding.copy()
    relation = rebuilding.relation
    comparison = Comparison(session, relation, saved_columns(table, relation))
    check_count(table.label, comparison.load(source), table.rows)
    rows = rebuilding.fill(comparison, table.key, xids)
    comparison.discard()
    return rows
