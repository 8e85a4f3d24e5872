"""Taking back what a statement has added, before what it took away is put back.

A column that it has added goes, unless somebody has written values there since. Columns that were
added later stay.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace

from backstop.errors import RestoreFailed, describe
from backstop.postgres.comparing import RowMarks
from backstop.postgres.filling import is_filled
from backstop.postgres.later import added_parts, drop_part, new_parts, with_columns
from backstop.postgres.model.reading import read_model
from backstop.postgres.objects import CatalogObject, Part
from backstop.recovery.executing import execute, run, tried
from backstop.recovery.objects import MAY_FAIL, ObjectPlan, State
from backstop.session import Session


@dataclass(frozen=True)
class Additions:
    """What is there in addition to what was before, of the objects of one plan.

    ``left`` is what the statement left of them. ``marks`` tells by a table's label which of its
    rows the statement wrote.
    """

    session: Session
    left: Sequence[CatalogObject]
    marks: Callable[[str], RowMarks]

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
        for now, part in self._added(plan):
            if not overwrite and self._is_filled(now, part):
                kept.append(f"{_named(now, part)} holds values that were written since, and stays.")
            else:
                self._drop(now, part)
                dropped = True
        if dropped or plan.made:
            plan = replace(plan, model=read_model(self.session, about=plan.objects))
        return replace(plan, objects=tuple(_with_later(plan))), kept

    def _added(self, plan: ObjectPlan) -> Iterator[tuple[CatalogObject, Part]]:
        by_identity = {item.identity: item for item in self.left}
        # What had been renamed is known by its place.
        by_address = {item.address: item for item in self.left if item.address}
        for item in plan.of(State.CHANGED):
            now = plan.model.objects[item.identity]
            left = by_identity.get(item.identity) or by_address.get(now.address)
            is_partition = f"partition {now.schema}.{now.name}" in plan.model.objects
            if left is not None and not is_partition:
                yield from ((now, part) for part in added_parts(item, left, now))

    def _drop(self, now: CatalogObject, part: Part) -> None:
        try:
            execute(self.session, [drop_part(now, part)])
        except Exception as error:
            raise RestoreFailed(
                f"{_named(now, part)} could not be dropped: {describe(error)}. What needs it has "
                "to be dropped first. Nothing was changed."
            ) from error

    def _is_filled(self, now: CatalogObject, part: Part) -> bool:
        # What the values of a type's attribute are is up to the tables that use it.
        return now.kind == "table" and is_filled(self.session, now.oid, part.name, self.marks)


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
