"""Bringing contents back: rows, large objects, and the positions of sequences."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from backstop.postgres import existing, large_objects, sequences
from backstop.postgres.model.large_objects import holds_contents
from backstop.postgres.relations import Relation
from backstop.postgres.rows.quiet import quiet
from backstop.postgres.sequences import Position
from backstop.postgres.transaction import locks
from backstop.recovery.objects import ObjectPlan, State
from backstop.recovery.report import RestoreReport
from backstop.recovery.rows import (
    RowPlan,
    check_count,
    saved_names,
    settle,
    without_not_null,
)
from backstop.recovery.saved import SavedContents
from backstop.recovery.unsaved import attached_to
from backstop.session import Session


@dataclass(frozen=True)
class ContentsRestore:
    """The contents of one snapshot on their way back; ``report`` is told what becomes of them."""

    session: Session
    saved: SavedContents
    objects: ObjectPlan
    report: RestoreReport

    def rows(self, *, overwrite: bool) -> None:
        """Put the rows of all tables back but of those that were made anew."""
        manifest = self.saved.snapshot.manifest
        altered = self._altered()
        found = existing.find_relations(self.session, saved_names(manifest))
        relations = {label: one for label, one in found.items() if label not in altered}
        locks.lock(self.session, dict.fromkeys(relations.values(), locks.SHARE_ROW_EXCLUSIVE))
        plans = self._row_plans(relations, altered)
        for plan in plans:
            plan.compare(overwrite=overwrite)
        settle(plans)
        for plan in plans:
            self.report.problems += [*plan.problems, *self._make_room(plan)]
        exchanged = [plan.item.relation for plan in plans if plan.exchanges]
        with quiet(self.session, list(relations.values()), exchanged):
            self.report.tables += [plan.apply() for plan in plans]

    def large_objects(self) -> None:
        """Write the contents of large objects that are to be what they were."""
        saved = self.saved.snapshot.manifest.large_objects
        to_do = self.objects.of(State.MISSING, State.CHANGED)
        oids = [item.oid for item in to_do if holds_contents(item)]
        if saved is None or not oids:
            return
        label = "large objects"
        rows = large_objects.load(self.session, self.saved.reader(label, saved))
        check_count(label, rows, saved.rows)
        large_objects.write(self.session, oids)

    def sequences(self, created: Iterable[Position]) -> None:
        """Move sequences to where they were; ``created`` are those of identity columns."""
        snapshot = self.saved.snapshot
        for position in created:
            sequences.set_position(self.session, position)
        saved = {f"{item.schema}.{item.name}": item for item in snapshot.manifest.sequences}
        left = {f"{item.schema}.{item.name}": item for item in snapshot.outcome.sequences}
        present = existing.find_relations(
            self.session, [(item.schema, item.name) for item in saved.values()]
        )
        for label, sequence in saved.items():
            if label in present:
                sequences.set_position(self.session, sequence, left.get(label))
            else:
                self.report.conflicts.append(
                    f"The sequence {label} doesn't exist, so it stays away."
                )

    def _make_room(self, plan: RowPlan) -> Iterator[str]:
        """Let columns be NULL that rows have no value for; says which."""
        if not plan.lacking:
            return
        relation = plan.item.relation
        above = set(attached_to(self.objects.objects, relation.label))
        names = [
            (item.schema, item.name) for item in self.objects.objects if item.identity in above
        ]
        parents = existing.find_relations(self.session, names).values()
        for one in (*parents, relation):
            yield from without_not_null(self.session, one, plan.lacking)

    def _altered(self) -> set[str]:
        # Their rows were taken over with what was saved, or are so already.
        return {
            table.label
            for table in self.saved.snapshot.manifest.tables
            if table.is_altered and f"table {table.label}" in self.objects.model.objects
        }

    def _row_plans(self, relations: dict[str, Relation], altered: set[str]) -> list[RowPlan]:
        refused = {item.identity for item in self.objects.of(State.CONFLICTING, State.BLOCKED)}
        plans = []
        for table in self.saved.snapshot.manifest.tables:
            if table.label in altered:
                continue
            relation = relations.get(table.label)
            if relation is None:
                self.report.conflicts.append(
                    f"{table.label} doesn't exist any more, so its {table.rows:,} rows were "
                    "not put back. Restore the snapshot that dropped it first."
                )
            elif f"table {table.label}" not in refused:
                plans.append(RowPlan(self.session, self.saved.rows_of(table, relation)))
        return plans
