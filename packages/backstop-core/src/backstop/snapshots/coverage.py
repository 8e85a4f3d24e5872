"""Whether a snapshot holds everything that its statement has really touched.

Counts alone can deceive where others decide which rows a statement finds: as many rows may have
been touched as were saved, and yet not the same ones. There every saved row has to be gone, too.
"""

from __future__ import annotations

from collections.abc import Mapping

from backstop.postgres import large_objects, relations
from backstop.postgres.model.difference import NO_DIFFERENCE, Difference
from backstop.postgres.rows import images
from backstop.postgres.touched_large_objects import TouchedLargeObjects, Traces
from backstop.postgres.transaction.counters import Effect, Effects
from backstop.session import Session
from backstop.snapshots.capture import Captured
from backstop.snapshots.footprint import RelationFootprint

LARGE_OBJECTS_LOST = "Large objects were removed, overwritten or granted, and are not saved."


def missing(session: Session, captured: Captured | None, effects: Effects) -> dict[int, Effect]:
    """Return the tables, by OID, of which more may be gone than was saved."""
    entries = _entries(captured)
    return {
        oid: effect
        for oid, effect in effects.destroyed.items()
        if captured is None
        or oid not in entries
        or not _is_covered(session, captured, entries[oid], effect)
    }


def has_objects(captured: Captured | None, objects: Difference) -> bool:
    """Whether all that happened to objects is in the snapshot."""
    saved = captured.footprint.objects if captured is not None else NO_DIFFERENCE
    positions = captured.footprint.sequences if captured is not None else frozenset()
    return objects.is_within(saved) and objects.sequences <= positions


def has_large_objects(session: Session, known: TouchedLargeObjects, seen: Traces | None) -> bool:
    """Whether a run did to large objects what an earlier one is known to have done."""
    if seen is None:
        return True
    is_same = known.is_all and known.effect == seen.effect
    return is_same and not large_objects.existing(session, known.removed)


def sentences(
    session: Session,
    captured: Captured,
    lost: Mapping[int, Effect],
    objects: Difference,
) -> tuple[str, ...]:
    """Say what is gone without having been saved."""
    saved = {table.oid: table for table in captured.manifest.tables}
    labels = {found.oid: found.label for found in relations.describe(session, list(lost))}
    labels.update(objects.dropped)
    known = {item.identity for item in captured.footprint.objects.lost}
    said = [
        f"The {item.identity} was dropped or changed and is not saved."
        for item in objects.lost
        if item.identity not in known
    ]
    for oid, effect in lost.items():
        label = labels.get(oid, f"the relation {oid}")
        if effect.rewritten:
            said.append(f"{label} was dropped, emptied or changed by a trigger or a function.")
        elif oid not in saved:
            said.append(
                f"{effect.rows:,} rows of {label} were changed by triggers or functions and are "
                "not saved."
            )
        else:
            said.append(
                f"{effect.rows:,} rows of {label} were changed, but only "
                f"{saved[oid].rows:,} were saved."
            )
    return tuple(said)


def _entries(captured: Captured | None) -> dict[int, RelationFootprint]:
    relations = captured.footprint.relations if captured is not None else ()
    return {entry.relation.oid: entry for entry in relations}


def _is_covered(
    session: Session, captured: Captured, entry: RelationFootprint, effect: Effect
) -> bool:
    relation = entry.relation
    if entry.whole:
        saved = {table.oid: table.rows for table in captured.manifest.tables}
        # What policies hide from us, nothing of ours can see.
        return not relation.row_security or effect.rows <= saved.get(relation.oid, 0)
    found = captured.found.get(relation.oid)
    if effect.rewritten or found is None or effect.rows > found.times:
        return False
    if not found.places:
        return True
    present = images.count_present(session, relation, found.places)
    if present and found.times > found.rows:
        return False
    return effect.rows <= found.times - present
