"""What a statement has left in the tables of its snapshot, so that a restore knows it again.

A row that it wrote has the statement's own transaction id as its xmin. That is enough where a key
tells which row was which. Where the key itself may have been set, where there is none, or where
rows were inserted, which a restore takes out again, the rows' keys (or all of their values) are
stored as well: the after-image.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from backstop.postgres import large_objects
from backstop.postgres.model.large_objects import describe
from backstop.postgres.objects import CatalogObject
from backstop.postgres.relations import Relation
from backstop.postgres.rows import images
from backstop.postgres.transaction.counters import Effect
from backstop.postgres.transaction.savepoints import PINNED, change_settings
from backstop.session import Session
from backstop.snapshots.capture import Captured
from backstop.snapshots.footprint import RelationFootprint
from backstop.snapshots.manifest import WrittenRows
from backstop.snapshots.repository import Repository


def written_relations(captured: Captured, effects: Mapping[int, Effect]) -> list[Relation]:
    """Return the relations of a snapshot that the statement has written rows into."""
    return [entry.relation for entry in _entries(captured, effects)]


def describe_written(
    session: Session,
    repository: Repository,
    captured: Captured,
    effects: Mapping[int, Effect],
    xids: Iterable[str],
) -> tuple[WrittenRows, ...]:
    """Return how what the statement wrote is known again; its rows' xmin is one of ``xids``.

    Settings are pinned, until the savepoint around is rolled back to.
    """
    own = tuple(sorted(xids))
    written = []
    for entry in _entries(captured, effects):
        columns = _telling_columns(entry, effects[entry.relation.oid])
        if columns:
            change_settings(session, PINNED)
            prefix = repository.data_key(captured.manifest.id, f"{entry.relation.oid}-after")
            with repository.stream(prefix) as stream:
                if entry.whole and not entry.relation.key:
                    # Rows that it left alone are in the before-image, too.
                    rows = images.copy_whole(session, entry.relation, stream)
                else:
                    rows = images.copy_written(session, entry.relation, columns, own, stream)
            stored = tuple(stream.objects)
            written.append(
                WrittenRows(entry.relation.oid, own, columns, rows, stream.bytes, stored)
            )
        else:
            written.append(WrittenRows(entry.relation.oid, own))
    return tuple(written)


def describe_large_objects(session: Session, captured: Captured) -> tuple[CatalogObject, ...]:
    """Return those of a snapshot's large objects that are still there, as they are now."""
    touched = captured.footprint.large_objects
    if not touched.is_any:
        return ()
    digests = large_objects.digests(session, touched.contents)
    return tuple(describe(session, touched.contents | touched.definitions, digests))


def _entries(captured: Captured, effects: Mapping[int, Effect]) -> list[RelationFootprint]:
    return [
        entry
        for entry in captured.footprint.relations
        if entry.relation.holds_rows
        and entry.relation.oid in effects
        and _has_left(entry, effects[entry.relation.oid])
    ]


def _has_left(entry: RelationFootprint, effect: Effect) -> bool:
    if entry.is_altered:
        return effect.rewritten
    return effect.adds or effect.updated > 0


def _telling_columns(entry: RelationFootprint, effect: Effect) -> tuple[str, ...]:
    """Return the columns of the after-image; none where the before-image's keys are enough."""
    relation = entry.relation
    if entry.is_altered:
        return ()
    if not relation.key:
        return tuple(column.name for column in relation.columns)
    if effect.adds or "INSERT" in entry.operations or set(relation.key) & set(entry.assigned):
        return relation.key
    return ()
