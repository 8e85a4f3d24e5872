"""Taking out of the way what has to be created anew, so that it comes back as it was.

A changed object is changed back in place where a statement can do that. Where none can, it is
dropped together with all that depends on it, and all of that is created again: the object as it was
before, the rest as it is now. Tables aren't dropped: they step aside under another name until
their rows have been taken over, and the types of their columns with them.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace

from backstop.errors import RestoreFailed
from backstop.postgres import sequences
from backstop.postgres.model.reading import read_model
from backstop.postgres.objects import RIGHTS, STAGES, CatalogObject, in_dependency_order
from backstop.postgres.remaking.appending import appending
from backstop.postgres.remaking.aside import CAN_STEP_ASIDE, Aside, step_aside
from backstop.postgres.remaking.later import replaced_parts
from backstop.postgres.sequences import Position
from backstop.recovery.executing import failure, run, tried
from backstop.recovery.objects import FOLLOWING, MAY_FAIL, ObjectPlan, State, holds_rows
from backstop.session import Session

_WHO = ("owner", "privileges")


@dataclass
class Exchange:
    """What is to be created in dependency order, and what was taken out of its way.

    ``aside`` is what stepped aside, by identity, and in dependency order. ``positions`` are those
    of identity columns that are created again. ``brought`` is what has come with an extension.
    Without those that ``may_fail``, everything else comes back.
    """

    created: Sequence[CatalogObject]
    aside: Mapping[str, Aside] = field(default_factory=dict)
    positions: Sequence[Position] = ()
    brought: dict[str, CatalogObject] = field(default_factory=dict)
    may_fail: frozenset[str] = frozenset()

    def stage(self, name: str) -> Iterator[CatalogObject]:
        """Return what is to be created in one stage."""
        return (item for item in self.created if item.stage == name)


def exchange(session: Session, plan: ObjectPlan) -> Exchange:
    """Change back what can be changed in place, and take away what has to be created anew.

    Raises RestoreFailed when something else depends on it that can't be taken away.
    """
    who = [item for item in plan.of(State.CHANGED) if item.kind in _WHO]
    others = [
        item
        for item in plan.of(State.CHANGED)
        if item.kind not in _WHO and item.identity not in plan.appended
    ]
    again = [item for item in others if not _change_in_place(session, item)]
    gone = _dependents(plan, again)
    positions = _identity_positions(session, gone)
    stay = _needed_by_rows(gone)
    _take_away(session, gone, stay)
    aside = {item.identity: _step_aside(session, item) for item in gone if item.identity in stay}
    created = [*_appending(plan), *_created(plan, who, gone)]
    ordered = _in_stages(in_dependency_order(created))
    return Exchange(ordered, aside, positions, may_fail=plan.may_fail)


def _created(
    plan: ObjectPlan, who: Iterable[CatalogObject], gone: Iterable[CatalogObject]
) -> Iterator[CatalogObject]:
    """Give what is to be created: what is missing, and what was taken away to be made anew."""
    wanted = {item.identity: item for item in plan.objects}
    created = {item.identity: item for item in [*plan.of(State.MISSING), *who]}
    created.update((item.identity, wanted.get(item.identity, item)) for item in gone)
    made = {item.identity for item in plan.made}
    replaced = set(_replaced_columns(plan))
    for item in created.values():
        # Settings of a column that came in place of another one go with it.
        is_setting = item.identity.partition(" of ")[2] in replaced
        goes = item.identity not in wanted and (is_setting or item.identity in made)
        if not (goes or _comes_along(item, created, wanted)):
            yield _after_values(item, plan.appended)


def _comes_along(item: CatalogObject, created: Collection[str], wanted: Collection[str]) -> bool:
    """Whether what it is a setting of is created with this setting."""
    if item.within not in created:
        return False
    if item.is_member:
        # Which members an extension brings is seen when it is there.
        return item.identity not in wanted
    if (item.within in wanted) == (item.identity in wanted):
        return True
    # Not what the statement changed: it is as now, and what it belongs to as it was before. Options
    # of foreign columns can't be added twice.
    return item.within in wanted and item.kind.startswith("foreign option ")


def _appending(plan: ObjectPlan) -> Iterator[CatalogObject]:
    for item in plan.objects:
        if item.identity in plan.appended:
            now = plan.model.objects[item.identity]
            is_partition = f"partition {now.schema}.{now.name}" in plan.model.objects
            yield appending(item, now, is_partition=is_partition)


# An identity column has to be NOT NULL already.
_CHECKING = {"constraint": "after", "not null": "after", "identity": "last"}


def _after_values(item: CatalogObject, appended: frozenset[str]) -> CatalogObject:
    """Let what checks the values of appended columns come when they are there."""
    stage = _CHECKING.get(item.kind)
    if stage is None or item.stage != STAGES[0] or appended.isdisjoint(item.depends_on):
        return item
    return replace(item, stage=stage)


def _replaced_columns(plan: ObjectPlan) -> Iterator[str]:
    """Give the labels of columns that came in place of others of the same name."""
    for item in plan.of(State.CHANGED):
        if item.kind == "table":
            for part in replaced_parts(item, plan.model.objects[item.identity]):
                yield f"{item.schema}.{item.name}.{part.name}"


def _in_stages(ordered: Sequence[CatalogObject]) -> list[CatalogObject]:
    """Return the objects, none in an earlier stage than what it needs.

    A view that groups by a primary key needs that key, which comes when the rows are in place.
    """
    stages: dict[str, int] = {}
    for item in ordered:
        needed = [stages[name] for name in item.depends_on if name in stages]
        # A partition that is only to be attached is there when rows come that refer to its own.
        first = 0 if item.kind == "partition" and not needed else STAGES.index(item.stage)
        stages[item.identity] = max(first, *needed, 0)
    return [replace(item, stage=STAGES[stages[item.identity]]) for item in ordered]


def create(session: Session, swap: Exchange, stage: str) -> list[str]:
    """Create the objects of one stage; returns what could not be, in sentences.

    Only owners, grants, policies, user mappings, the switches of constraints and a REFRESH may
    fail. Anything else raises RestoreFailed.
    """
    if stage in RIGHTS:
        return _give_back_rights(session, swap, stage)
    problems = []
    switched = {item.depends_on[0] for item in swap.created if item.kind == "constraint switch"}
    for item in swap.stage(stage):
        came = swap.brought.get(item.identity)
        if came is not None and (came.is_like(item) or not item.replaces):
            problems += _differences(came, item)
        elif item.kind in MAY_FAIL or item.identity in swap.may_fail:
            problems += tried(session, item, item.ddl)
        elif item.kind == "extension":
            _create_extension(session, swap, item)
        elif item.kind == "foreign key" and item.identity in switched:
            problems += _create_unkept(session, item)
        else:
            run(session, item, item.ddl)
    return problems


def _create_unkept(session: Session, item: CatalogObject) -> list[str]:
    """Create a foreign key that had been switched off, so that rows may break it."""
    if not tried(session, item, item.ddl):
        return []
    run(session, item, [f"{statement} NOT VALID" for statement in item.ddl])
    return [f"The {item.identity} was switched off and is broken by rows: it is NOT VALID now."]


def _create_extension(session: Session, swap: Exchange, item: CatalogObject) -> None:
    """Create an extension, and note what has come with it: nothing tells that beforehand."""
    before = {item.identity, *read_model(session).objects}
    run(session, item, item.ddl)
    now = read_model(session).objects
    brought = {identity: came for identity, came in now.items() if identity not in before}
    swap.brought.update(brought)
    wanted = {item.identity for item in swap.created}
    for identity, came in brought.items():
        # It was taken out of the extension at some time before the statement.
        is_out = came.kind == "membership" and identity not in wanted
        if is_out and came.depends_on[0] in wanted:
            run(session, came, came.drop)


def _differences(came: CatalogObject, item: CatalogObject) -> list[str]:
    if came.is_like(item):
        return []
    return [f"The {item.identity} has come with its extension in another definition than before."]


def _give_back_rights(session: Session, swap: Exchange, stage: str) -> list[str]:
    """Give everything its owner or its grants, which only then are compared."""
    # Only who may create something in a schema can become the owner of what it holds.
    wanted = sorted(swap.stage(stage), key=lambda item: not _is_about_a_schema(item))
    if not wanted:
        return []
    problems = []
    current = read_model(session, about=wanted).objects
    for item in wanted:
        now = current.get(item.identity)
        if now is not None and now.is_like(item):
            continue
        # An earlier version of an extension may lack what it is about.
        if item.depends_on and item.depends_on[0] not in current:
            continue
        # What default privileges gave to the new object goes first.
        taken = now.drop if now is not None and item.kind == "privileges" else ()
        problems += tried(session, item, (*taken, *item.ddl))
    return problems


def _is_about_a_schema(item: CatalogObject) -> bool:
    return any(need.startswith("schema ") for need in item.depends_on[:1])


def _change_in_place(session: Session, item: CatalogObject) -> bool:
    # A view may have lost a column since, or a function returns something else.
    return item.replaces and not tried(session, item, item.ddl)


def _dependents(plan: ObjectPlan, again: Sequence[CatalogObject]) -> list[CatalogObject]:
    """Return the objects and all that depends on them, as they are now, in dependency order."""
    model = plan.model
    identities = {item.identity for item in again}
    reached = model.dependents(identities)
    for identity in reached - identities:
        if not model.objects[identity].ddl:
            raise RestoreFailed(
                f"The {identity} depends on what would have to be created again "
                f"({', '.join(sorted(identities))}), and as it may hold a secret, nobody could "
                "give it back. Nothing was changed."
            )
    # In the model's order: what checks a domain has to come before what holds values of it.
    return in_dependency_order(
        item for identity, item in model.objects.items() if identity in reached
    )


def _needed_by_rows(gone: Iterable[CatalogObject]) -> set[str]:
    """Return which of the objects step aside: tables, and what their columns are made of."""
    by_identity = {item.identity: item for item in gone if item.kind in CAN_STEP_ASIDE}
    found: set[str] = set()
    step = [item for item in by_identity.values() if holds_rows(item)]
    while step:
        item = step.pop()
        if item.identity not in found:
            found.add(item.identity)
            step += [by_identity[name] for name in item.depends_on if name in by_identity]
    return found


def _take_away(session: Session, gone: Sequence[CatalogObject], stay: Collection[str]) -> None:
    identities = {item.identity for item in gone}
    # A key of a partitioned table would take those of its partitions along, a partition that keys
    # refer to can't leave, and one that has left has no share of a trigger any more.
    first = {"foreign key": 0, "trigger setting": 0, "partition": 1}
    order = sorted(enumerate(gone), key=lambda pair: (first.get(pair[1].kind, 2), -pair[0]))
    for _, item in order:
        follows = item.kind in FOLLOWING and not identities.isdisjoint(item.depends_on)
        if not (follows or item.within in identities or item.identity in stay):
            run(session, item, item.drop)


def _step_aside(session: Session, item: CatalogObject) -> Aside:
    try:
        return step_aside(session, item)
    except Exception as error:
        raise failure(item, error) from error


def _identity_positions(session: Session, gone: Iterable[CatalogObject]) -> list[Position]:
    return sequences.positions(session, [item.oid for item in gone if item.kind == "identity"])
