"""Taking out of the way what has to be created anew, so that it comes back as it was.

A changed object is changed back in place where a statement can do that. Where none can, it is
dropped together with all that depends on it, and all of that is created again: the object as it was
before, the rest as it is now. Tables aren't dropped: they step aside under another name until
their rows have been taken over.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace

from backstop.errors import RestoreFailed, describe
from backstop.postgres import quoting, sequences
from backstop.postgres.model.reading import read_model
from backstop.postgres.objects import RIGHTS, STAGES, CatalogObject, in_dependency_order
from backstop.postgres.sequences import Position
from backstop.postgres.transactions import released
from backstop.recovery.objects import ObjectPlan, State
from backstop.session import Session

_WHO = ("owner", "privileges")
# They come and go with the object that they are about.
_FOLLOWING = frozenset({*_WHO, "comment", "security label"})


@dataclass
class Exchange:
    """What is to be created in dependency order, and what was taken out of its way.

    ``aside`` gives, for each table that stepped aside, by identity, the quoted name that it has
    meanwhile. ``positions`` are those of identity columns that are created again.
    """

    created: Sequence[CatalogObject]
    aside: dict[str, str] = field(default_factory=dict)
    positions: Sequence[Position] = ()

    def stage(self, name: str) -> Iterator[CatalogObject]:
        """Return what is to be created in one stage."""
        return (item for item in self.created if item.stage == name)


def exchange(session: Session, plan: ObjectPlan) -> Exchange:
    """Change back what can be changed in place, and take away what has to be created anew.

    Raises RestoreFailed when something that can't be created again depends on it.
    """
    for item in plan.made:
        _run(session, item, plan.model.objects[item.identity].drop)
    who = [item for item in plan.of(State.CHANGED) if item.kind in _WHO]
    others = [item for item in plan.of(State.CHANGED) if item.kind not in _WHO]
    again = [item for item in others if not _change_in_place(session, item)]
    gone = _dependents(plan, again)
    positions = _identity_positions(session, gone)
    _take_away(session, gone)
    aside = {item.identity: _step_aside(session, item) for item in gone if _steps_aside(item)}
    wanted = {item.identity: item for item in plan.objects}
    created = {item.identity: item for item in [*plan.of(State.MISSING), *who]}
    created.update((item.identity, wanted.get(item.identity, item)) for item in gone)
    listed = [
        item
        for item in created.values()
        # What is created as it is now has the settings of now.
        if item.within not in created or (item.within not in wanted and item.identity in wanted)
    ]
    return Exchange(_in_stages(in_dependency_order(listed)), aside, positions)


def _in_stages(ordered: Sequence[CatalogObject]) -> list[CatalogObject]:
    """Return the objects, none in an earlier stage than what it needs.

    A view that groups by a primary key needs that key, which comes when the rows are in place.
    """
    stages: dict[str, int] = {}
    for item in ordered:
        needed = (stages.get(name, 0) for name in item.depends_on)
        stages[item.identity] = max(STAGES.index(item.stage), *needed, 0)
    return [replace(item, stage=STAGES[stages[item.identity]]) for item in ordered]


def create(session: Session, swap: Exchange, stage: str) -> list[str]:
    """Create the objects of one stage; returns what could not be, in sentences.

    Only owners, grants, policies and user mappings may fail: a role can be gone. Anything else
    raises RestoreFailed.
    """
    if stage in RIGHTS:
        return _give_back_rights(session, swap, stage)
    problems = []
    for item in swap.stage(stage):
        if item.kind in ("policy", "user mapping"):
            problems += _tried(session, item, item.ddl)
        else:
            _run(session, item, item.ddl)
    return problems


def _give_back_rights(session: Session, swap: Exchange, stage: str) -> list[str]:
    """Give everything its owner or its grants, which only then are compared."""
    wanted = list(swap.stage(stage))
    if not wanted:
        return []
    problems = []
    current = read_model(session).objects
    for item in wanted:
        now = current.get(item.identity)
        if now is not None and now.is_like(item):
            continue
        # What default privileges gave to the new object goes first.
        taken = now.drop if now is not None and item.kind == "privileges" else ()
        problems += _tried(session, item, (*taken, *item.ddl))
    return problems


def _change_in_place(session: Session, item: CatalogObject) -> bool:
    # A view may have lost a column since, or a function returns something else.
    return item.replaces and not _tried(session, item, item.ddl)


def _dependents(plan: ObjectPlan, again: Sequence[CatalogObject]) -> list[CatalogObject]:
    """Return the objects and all that depends on them, as they are now, in dependency order."""
    model = plan.model
    identities = {item.identity for item in again}
    reached = model.dependents(identities)
    causes = ", ".join(sorted(identities))
    for identity in reached - identities:
        if not model.objects[identity].ddl:
            raise RestoreFailed(
                f"The {identity} depends on what would have to be created again ({causes}), and "
                "as it may hold a secret, nobody could give it back. Nothing was changed."
            )
        if _is_in_the_way(model.objects[identity]):
            raise RestoreFailed(
                f"The {identity} depends on what would have to be created again ({causes}), "
                "and its rows with it. Nothing was changed. Drop the columns that use it first."
            )
    return in_dependency_order(model.objects[identity] for identity in reached)


def _is_in_the_way(item: CatalogObject) -> bool:
    """Whether a dependent can't be made anew: a table that has one of the changed types."""
    heir = any(" INHERITS (" in text for text in item.compared)
    return item.kind == "table" and not heir


def _take_away(session: Session, gone: Sequence[CatalogObject]) -> None:
    identities = {item.identity for item in gone}
    # A key of a partitioned table would take those of its partitions along, a partition that keys
    # refer to can't leave.
    first = {"foreign key": 0, "partition": 1}
    order = sorted(enumerate(gone), key=lambda pair: (first.get(pair[1].kind, 2), -pair[0]))
    for _, item in order:
        follows = item.kind in _FOLLOWING and not identities.isdisjoint(item.depends_on)
        if not (follows or item.within in identities or _steps_aside(item)):
            _run(session, item, item.drop)


def _steps_aside(item: CatalogObject) -> bool:
    return item.kind == "table" and not item.target.startswith("FOREIGN ")


def _step_aside(session: Session, item: CatalogObject) -> str:
    name = f"backstop_aside_{item.oid}"
    _run(session, item, (f"ALTER {item.target} RENAME TO {quoting.identifier(name)}",))
    return quoting.qualified(item.schema, name)


def _identity_positions(session: Session, gone: Iterable[CatalogObject]) -> list[Position]:
    oids = [item.oid for item in gone if item.kind == "identity"]
    return sequences.positions(session, oids) if oids else []


def _run(session: Session, item: CatalogObject, statements: Sequence[str]) -> None:
    try:
        _execute(session, statements)
    except Exception as error:
        raise RestoreFailed(f"{_refused(item, error)} Nothing was changed.") from error


def _tried(session: Session, item: CatalogObject, statements: Sequence[str]) -> list[str]:
    """Run statements that may be refused, and say so in a sentence."""
    try:
        _execute(session, statements)
    except Exception as error:
        return [_refused(item, error)]
    return []


def _execute(session: Session, statements: Sequence[str]) -> None:
    """Run statements on one object together; an error undoes them."""
    if statements:
        with released(session, "backstop_object"):
            session.execute("; ".join(statements))


def _refused(item: CatalogObject, error: Exception) -> str:
    return f"The {item.identity} could not be put back: {describe(error)}."
