"""The restore plan: what would be done, in order, before anything is done."""

from __future__ import annotations

from collections.abc import Sequence

from backstop.errors import ConfigurationError
from backstop.postgres import existing
from backstop.postgres.abilities import hindrances
from backstop.postgres.objects import STAGES, CatalogObject
from backstop.postgres.refreshing import refused_to
from backstop.postgres.server import ServerState
from backstop.recovery.objects import ObjectPlan, State
from backstop.recovery.report import RestorePlan
from backstop.recovery.rows import saved_names
from backstop.session import Session
from backstop.snapshots.manifest import Consistency, Fate, Manifest, Status
from backstop.snapshots.repository import Snapshot


def make_plan(
    session: Session,
    snapshot: Snapshot,
    state: ServerState,
    objects: ObjectPlan,
    renamed: Sequence[str],
    wanted: str | None = None,
) -> RestorePlan:
    """Return the plan to restore a snapshot in place, where the renames are undone already.

    ``wanted`` is a condition on the rows that are meant, if not all are.
    """
    manifest = snapshot.manifest
    steps = [f"run {statement}" for statement in renamed]
    steps += [f"take away {item.identity}" for item in objects.made]
    steps += [
        f"change back {item.identity}"
        for item in objects.of(State.CHANGED)
        if item.identity not in objects.appended
    ]
    steps += [f"add {column} at the end of its table" for column in objects.appended_columns]
    missing = objects.missing
    steps += _created(missing, STAGES[0])
    present = existing.find_relations(session, saved_names(manifest))
    for table in manifest.tables:
        where = "" if table.label in present else " (created above)" if steps else " (missing!)"
        verb = "put back" if not table.left_rows else "give old values to"
        if table.rows or not table.undoes_inserts:
            which = f", of those with {wanted}" if wanted is not None else ""
            steps.append(f"{verb} up to {table.rows:,} rows of {table.label}{where}{which}")
        if table.undoes_inserts and wanted is None:
            steps.append(f"take out of {table.label} the rows that the statement inserted{where}")
    if (contents := manifest.large_objects) is not None:
        steps.append(f"put back the contents of up to {len(contents.oids):,} large objects")
    for stage in STAGES[1:]:
        steps += _created(missing, stage)
    steps += [
        f"move sequence {sequence.schema}.{sequence.name} on to {sequence.last_value}"
        for sequence in manifest.sequences
    ]
    return RestorePlan(
        snapshot_id=manifest.id,
        database=state.database,
        steps=tuple(steps),
        notes=(
            *_notes(snapshot, state, objects),
            *hindrances(
                session,
                missing,
                objects.of(State.CHANGED),
                objects.made,
                present.values(),
                state.version,
            ),
            *_refusals(session, objects),
        ),
        not_covered=_not_covered(snapshot),
    )


def _refusals(session: Session, objects: ObjectPlan) -> list[str]:
    """Return what can't be read to fill materialized views with it again."""
    known = {**objects.model.objects, **{item.identity: item for item in objects.objects}}
    reads = []
    for item in objects.of(State.MISSING):
        view = known.get(item.depends_on[0]) if item.kind == "contents" else None
        owner = known.get(f"owner of {view.identity}") if view is not None else None
        if view is not None and owner is not None and not item.doubt:
            reads += [
                (item.identity, owner.name, needed.oid)
                for name in view.depends_on
                if (needed := objects.model.objects.get(name)) is not None
                and needed.address.startswith("pg_class/")
                # Where its grants come back as well, nobody can tell yet.
                and objects.states.get(f"privileges of {name}", State.SAME) is State.SAME
            ]
    return [
        f"The {contents} can't be read anew, and so stays empty: {refusal}. GRANT it first."
        for contents, refusal in refused_to(session, reads).items()
    ]


def plan_aside(snapshot: Snapshot, state: ServerState, into: str) -> RestorePlan:
    """Return the plan to copy the rows of a snapshot of one table into a new table."""
    tables = snapshot.manifest.tables
    if len(tables) != 1:
        raise ConfigurationError(
            f"into takes the rows of one table; this snapshot has {len(tables)}: "
            f"{', '.join(table.label for table in tables) or 'none'}. Restore it in place instead."
        )
    return RestorePlan(
        snapshot_id=snapshot.manifest.id,
        database=state.database,
        steps=(f"create table {into}", f"copy {tables[0].rows:,} rows of {tables[0].label}"),
        not_covered=(
            *(
                f"The values of {tables[0].label}.{name} are not saved, as redact names it."
                for name in tables[0].redacted
            ),
            *(erasure.sentence(tables[0].label) for erasure in tables[0].erased),
        ),
    )


def _created(missing: Sequence[CatalogObject], stage: str) -> list[str]:
    return [
        f"create {item.identity}{' and what belongs to it' if item.kind == 'extension' else ''}"
        for item in missing
        if item.stage == stage
    ]


def nothing_to_do(snapshot: Snapshot) -> str | None:
    """Return why a snapshot needs no restore, if it needs none."""
    if snapshot.outcome.status is Status.FAILED:
        return "The statement failed, so it destroyed nothing."
    if snapshot.fate is Fate.ROLLED_BACK:
        return "The statement's transaction was rolled back, so it destroyed nothing."
    return None


def _notes(snapshot: Snapshot, state: ServerState, objects: ObjectPlan) -> list[str]:
    manifest = snapshot.manifest
    notes = [
        "Triggers and rules of the tables don't fire; foreign keys are checked at the end. "
        "Constraints that stand in the way are dropped and created again."
    ]
    if snapshot.fate is Fate.UNKNOWN:
        notes.append("It isn't known whether the statement's transaction was committed.")
    if manifest.database.name != state.database:
        notes.append(f"The snapshot was taken in database {manifest.database.name}.")
    notes += objects.conflicts
    return notes


def _not_covered(snapshot: Snapshot) -> tuple[str, ...]:
    manifest: Manifest = snapshot.manifest
    found = [*manifest.not_covered, *snapshot.outcome.not_covered]
    if snapshot.outcome.status is Status.UNKNOWN and manifest.triggered:
        found.append(
            "What the statement did wasn't recorded, as storage or the process had failed by then: "
            f"what triggers of {', '.join(manifest.triggered)} changed elsewhere may be missing."
        )
    if _consistency(snapshot) is not Consistency.EXACT:
        found.append(
            f"The snapshot's consistency is {_consistency(snapshot).value!r}: rows that others "
            "wrote in the last moment before the statement may be missing from it."
        )
    return tuple(dict.fromkeys(found))


def _consistency(snapshot: Snapshot) -> Consistency:
    return snapshot.outcome.consistency or snapshot.manifest.consistency
