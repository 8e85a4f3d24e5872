"""One snapshot on its way back, in a transaction that is open already."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from backstop.postgres import large_objects
from backstop.postgres.model.reading import NO_OBJECTS
from backstop.postgres.objects import RIGHTS, STAGES
from backstop.postgres.server import ServerState
from backstop.recovery import databases
from backstop.recovery.contents import ContentsRestore
from backstop.recovery.copying import copy_aside
from backstop.recovery.exchange import create, exchange
from backstop.recovery.objects import ObjectPlan, State, plan_objects
from backstop.recovery.options import RestoreOptions
from backstop.recovery.plan import make_plan, nothing_to_do, plan_aside
from backstop.recovery.renames import Undone, undo_renames
from backstop.recovery.report import RestorePlan, RestoreReport
from backstop.recovery.saved import SavedContents
from backstop.recovery.taking_back import Additions
from backstop.recovery.taking_over import TakingOver
from backstop.recovery.updates import update_back
from backstop.session import Session
from backstop.snapshots.repository import Repository, Snapshot
from backstop.snapshots.restores import RecordedRestore


@dataclass(frozen=True)
class Attempt:
    """One snapshot, and the database that it is restored to.

    ``earlier`` are the restores of later snapshots that the same transaction has done already.
    """

    session: Session
    repository: Repository
    snapshot: Snapshot
    options: RestoreOptions
    state: ServerState
    earlier: Sequence[RecordedRestore] = ()

    def plan(self) -> RestoreReport:
        """Return what is to be done; what is renamed has its name back then."""
        return self._planned()[0]

    def run(self) -> tuple[RestoreReport, RecordedRestore | None]:
        """Do it; returns what is to be recorded of it where there was anything to do."""
        report, objects = self._planned()
        if objects is None:
            return report, None
        rewritten = self._apply(objects, report)
        state = self.state
        done = RecordedRestore(
            self.snapshot.manifest.id, state.transaction_id, state.system_identifier, rewritten
        )
        return report, done

    def plan_aside(self, into: str) -> RestoreReport:
        """Return how the rows would be copied into a new table."""
        return RestoreReport(plan_aside(self.snapshot, self.state, into))

    def run_aside(self, into: str) -> RestoreReport:
        """Copy the rows into a new table."""
        report = self.plan_aside(into)
        (table,) = self.snapshot.manifest.tables
        source = self._saved.reader(table.label, table)
        report.tables.append(copy_aside(self.session, table, into, source))
        return report

    def _planned(self) -> tuple[RestoreReport, ObjectPlan | None]:
        """Return the plan, and what is to be done with objects where anything is to be done."""
        manifest = self.snapshot.manifest
        nothing = nothing_to_do(self.snapshot)
        if nothing is not None:
            plan = RestorePlan(manifest.id, self.state.database, (), nothing_to_do=nothing)
            return RestoreReport(plan), None
        if manifest.large_objects is not None:
            large_objects.lock(self.session)
        manifest = replace(manifest, left=(*manifest.left, *self.snapshot.outcome.left))
        names, updates, restored = Undone(NO_OBJECTS), list[str](), False
        if manifest.holds_objects:
            updates = update_back(self.session, manifest)
            names = undo_renames(self.session, manifest)
            restored = self.repository.was_restored(manifest.id, self.state.system_identifier)
        manifest = databases.as_left(manifest, names.model)
        objects = plan_objects(
            names.model,
            manifest,
            names.as_left,
            # What is appended comes without values, where none are saved, and yet with NOT NULL.
            fast=self.options.fast and not any(table.redacted for table in manifest.tables),
            restored=restored,
            overwrite=self.options.overwrites,
        )
        done = [*updates, *names.done]
        plan = make_plan(self.session, self.snapshot, self.state, objects, done, self.options.where)
        return RestoreReport(plan, renamed=done), objects

    def _apply(self, objects: ObjectPlan, report: RestoreReport) -> Mapping[str, Sequence[str]]:
        """Do it, and return who had written the rows of the tables that were made anew."""
        overwrite = self.options.overwrites
        saved = self._saved
        manifest = self.snapshot.manifest
        additions = Additions(self.session, manifest.left, saved.marks, manifest.transaction_id)
        objects, kept = additions.take_back(objects, overwrite=overwrite)
        swap = exchange(self.session, objects)
        report.problems += create(self.session, swap, STAGES[0])
        taking_over = TakingOver(self.session, saved, objects, overwrite=overwrite)
        report.tables += taking_over.run(swap)
        report.problems += taking_over.problems
        contents = ContentsRestore(self.session, saved, objects, report)
        contents.rows(overwrite=overwrite)
        contents.large_objects()
        for stage in STAGES[1:]:
            if stage == RIGHTS[0]:
                contents.sequences(swap.positions)
            report.problems += create(self.session, swap, stage)
        report.created += [
            item.identity for item in objects.of(State.MISSING) if item.identity not in swap.brought
        ]
        report.changed += [item.identity for item in objects.of(State.CHANGED)]
        report.appended += objects.appended_columns
        report.existing += [item.identity for item in objects.of(State.SAME)]
        report.conflicts += [*report.conflicting_rows, *kept, *objects.conflicts]
        return taking_over.rewritten

    @property
    def _saved(self) -> SavedContents:
        return SavedContents(
            self.repository,
            self.snapshot,
            self.state,
            self.options.progress,
            self.options.where,
            self.earlier,
        )
