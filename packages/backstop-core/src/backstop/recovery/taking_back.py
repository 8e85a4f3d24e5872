"""Taking back what a statement has added, before what it took away is put back.

A column that it has added goes, unless somebody has written values there since. Columns that were
added later stay.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace

from backstop.errors import RestoreFailed, describe
from backstop.postgres import existing
from backstop.postgres.model.reading import Model, read_model
from backstop.postgres.objects import CatalogObject, Part
from backstop.postgres.remaking.filling import is_filled, is_written_since
from backstop.postgres.remaking.later import (
    added_parts,
    drop_part,
    new_parts,
    replaced_parts,
    with_columns,
)
from backstop.postgres.rows.comparing import RowMarks
from backstop.recovery.executing import execute, run, tried
from backstop.recovery.objects import MAY_FAIL, ObjectPlan, State, is_only_inherited
from backstop.session import Session


@dataclass(frozen=True)
class Additions:
    """What is there in addition to what was before, of the objects of one plan.

    ``left`` is what the statement left of them. ``marks`` tells by a table's label which of its
    rows the statement wrote, whose transaction was ``xid``.
    """

    session: Session
    left: Sequence[CatalogObject]
    marks: Callable[[str], RowMarks]
    xid: str

    def take_back(self, plan: ObjectPlan, *, overwrite: bool) -> tuple[ObjectPlan, list[str]]:
        """Take away what the statement has added; returns the plan, which keeps all others.

        Columns with values that somebody has written stay, unless ``overwrite``, and are told of in
        sentences. Raises RestoreFailed where something else needs what is to go.
        """
        kept: list[str] = []
        dropped = False
        for item in plan.made:
            drop = plan.model.objects[item.identity].drop
            if item.kind in MAY_FAIL:
                kept += tried(self.session, item, drop)
            else:
                run(self.session, item, drop)
        states = dict(plan.states)
        for item, parts in self._fields(plan):
            now = plan.model.objects[item.identity]
            if not overwrite and self._is_in_use(plan.model, item):
                states[item.identity] = State.CONFLICTING
                continue
            for part in parts:
                self._drop(now, part)
                dropped = True
        plan = replace(plan, states=states)
        for now, part in self._added(plan):
            if not overwrite and is_filled(self.session, now.oid, part.name, self.marks):
                kept.append(f"{_named(now, part)} holds values that were written since, and stays.")
            else:
                self._drop(now, part)
                dropped = True
        if dropped or plan.made:
            plan = replace(plan, model=read_model(self.session, about=plan.objects))
        return replace(plan, objects=tuple(_with_later(plan))), kept

    def _fields(self, plan: ObjectPlan) -> Iterator[tuple[CatalogObject, list[Part]]]:
        """Give what has values in other tables, with fields that those of before don't have.

        What is gone from such a value doesn't come back into another field of the same name.
        """
        for item in plan.of(State.CHANGED):
            now = plan.model.objects[item.identity]
            parts = replaced_parts(item, now)
            if item.kind == "type":
                parts += self._added_to(item, now)
            elif item.kind != "table" or is_only_inherited(plan.model, item.identity):
                continue
            if parts:
                yield item, parts

    def _is_in_use(self, model: Model, item: CatalogObject) -> bool:
        """Whether rows that hold its values were written since the statement."""
        users = [model.objects[identity] for identity in model.with_values([item.identity])]
        names = [(user.schema, user.name) for user in users if user.kind == "table"]
        return any(
            is_written_since(self.session, relation.sql, self.marks(label), self.xid)
            for label, relation in existing.find_relations(self.session, names).items()
            if relation.holds_rows
        )

    def _added(self, plan: ObjectPlan) -> Iterator[tuple[CatalogObject, Part]]:
        """Give the columns that the statement has added to tables."""
        for item in plan.of(State.CHANGED):
            now = plan.model.objects[item.identity]
            is_partition = f"partition {now.schema}.{now.name}" in plan.model.objects
            if item.kind == "table" and not is_partition:
                yield from ((now, part) for part in self._added_to(item, now))

    def _added_to(self, item: CatalogObject, now: CatalogObject) -> list[Part]:
        by_identity = {left.identity: left for left in self.left}
        # What had been renamed is known by its place.
        by_address = {left.address: left for left in self.left if left.address}
        left = by_identity.get(item.identity) or by_address.get(now.address)
        return [] if left is None else added_parts(item, left, now)

    def _drop(self, now: CatalogObject, part: Part) -> None:
        try:
            execute(self.session, [drop_part(now, part)])
        except Exception as error:
            raise RestoreFailed(
                f"{_named(now, part)} could not be dropped: {describe(error)}. What needs it has "
                "to be dropped first. Nothing was changed."
            ) from error


def _named(item: CatalogObject, part: Part) -> str:
    what = "attribute" if item.kind == "type" else "column"
    return f"The {what} {part.name} of {item.schema}.{item.name}, which the statement has added,"


def _with_later(plan: ObjectPlan) -> Iterator[CatalogObject]:
    for item in plan.objects:
        if item.kind == "table" and plan.states[item.identity] is State.CHANGED:
            now = plan.model.objects[item.identity]
            yield with_columns(item, new_parts(item, now))
        else:
            yield item
