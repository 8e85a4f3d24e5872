"""What has become of a snapshot's objects, and what is to be done to have them as they were.

An object that exists with a definition that the statement didn't leave is a conflict, and stays.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import Enum

from backstop.postgres.model.large_objects import holds_contents
from backstop.postgres.model.reading import Model
from backstop.postgres.objects import CatalogObject, in_dependency_order
from backstop.postgres.remaking.appending import can_append, is_heir, lost_columns
from backstop.postgres.remaking.later import replaced_parts
from backstop.recovery.unsaved import may_be_broken
from backstop.snapshots.manifest import Manifest


class State(Enum):
    """What has become of an object of a snapshot.

    MISSING and CHANGED are as the statement left it. CONFLICTING is defined in another way, or
    something else has its name; BLOCKED needs one of those, or something that is gone.
    """

    SAME = "same"
    MISSING = "missing"
    CHANGED = "changed"
    CONFLICTING = "conflicting"
    BLOCKED = "blocked"


FOLLOWING = frozenset({"owner", "privileges", "comment", "security label", "constraint switch"})
"""The kinds of objects that come and go with the object that they are about."""

# A role can be gone, or a view's owner can have lost the right to read what REFRESH reads. Only a
# superuser can switch what keeps a constraint.
MAY_FAIL = frozenset({"policy", "user mapping", "contents", "constraint switch"})
"""The kinds of objects without which everything else comes back."""


@dataclass(frozen=True)
class ObjectPlan:
    """The objects of a snapshot in dependency order, and what has become of each.

    ``model`` is the database as it is, and ``made`` what the statement has added to be taken away.
    Tables of ``appended`` get lost columns at their end, instead of being made anew. ``versioned``
    are the extensions that are left in another version, with all that belongs to them. Those that
    ``may_fail`` are named where they can't come back, and stop nothing.
    """

    model: Model
    objects: tuple[CatalogObject, ...]
    states: Mapping[str, State]
    made: tuple[CatalogObject, ...] = ()
    appended: frozenset[str] = frozenset()
    versioned: frozenset[str] = frozenset()
    may_fail: frozenset[str] = frozenset()

    def of(self, *states: State) -> Iterator[CatalogObject]:
        """Return the objects in one of these states."""
        return (item for item in self.objects if self.states[item.identity] in states)

    @property
    def missing(self) -> list[CatalogObject]:
        """What is to be created, without what extensions that are created may bring."""
        missing = {item.identity: item for item in self.of(State.MISSING)}
        members = {
            identity
            for identity, item in missing.items()
            if item.is_member and item.within in missing
        }
        return [
            item
            for identity, item in missing.items()
            if identity not in members
            and not (item.kind in FOLLOWING and not members.isdisjoint(item.depends_on[:1]))
        ]

    @property
    def appended_columns(self) -> list[str]:
        """The columns that come back at the end of their table, by name."""
        return [
            f"{item.schema}.{item.name}.{column}"
            for item in self.objects
            if item.identity in self.appended
            for column in lost_columns(item, self.model.objects[item.identity])
        ]

    @property
    def conflicts(self) -> list[str]:
        """What is left as it is, and why, in sentences."""
        return [
            *(
                self._conflict(item)
                for item in self.of(State.CONFLICTING)
                if item.within not in self.versioned
            ),
            *(
                f"The {item.identity} is not created, as something that it needs is gone or has "
                "another definition."
                for item in self.of(State.BLOCKED)
            ),
        ]

    def _conflict(self, item: CatalogObject) -> str:
        holders = _holders(self.model, item)
        if not holders:
            return f"The {item.identity} exists with another definition and is left as it is."
        return (
            f"The {item.identity} is left in the version that it has, with all that belongs to it: "
            f"no update of it leads back, and the {holders[0]} depends on it."
        )


def plan_objects(
    model: Model,
    manifest: Manifest,
    as_left: Collection[str] = frozenset(),
    *,
    fast: bool = False,
    restored: bool = False,
    overwrite: bool = False,
) -> ObjectPlan:
    """Compare the snapshot's objects with what the database has now.

    Those of ``as_left`` are known to be as the statement left them, but for their names. With
    ``fast``, lost columns are appended where that is all that a table has lost. ``restored`` is
    whether it is known that the snapshot was restored before. With ``overwrite``, what was written
    since to large objects goes.
    """
    left = {item.identity: item for item in manifest.left}
    objects = in_dependency_order(manifest.objects)
    taken = _relation_names(model)
    present = {*model.objects, *(item.identity for item in objects)}
    states: dict[str, State] = {}
    refused: set[str] = set()
    versioned: set[str] = set()
    for item in objects:
        now = model.objects.get(item.identity)
        state = _state(item, now, left.get(item.identity), restored=restored)
        may_change = item.identity in as_left or (overwrite and holds_contents(item))
        if state is State.CONFLICTING and may_change:
            state = State.CHANGED
        elif state is State.MISSING and _is_taken(item, taken):
            state = State.CONFLICTING
        elif state is State.MISSING and _is_blocked(item, refused, present):
            state = State.BLOCKED
        elif state is State.CHANGED and (
            _holds_later_fields(model, item, left.get(item.identity)) or _holders(model, item)
        ):
            state = State.CONFLICTING
        if item.within in versioned:
            versioned.add(item.identity)
            state = _with_other_version(state)
        elif item.kind == "extension" and state is State.CONFLICTING:
            versioned.add(item.identity)
        states[item.identity] = state
        # What needs an extension may well do with another version of it.
        if state in (State.CONFLICTING, State.BLOCKED) and item.kind != "extension":
            refused.add(item.identity)
    made = tuple(item for item in manifest.made if item.identity in model.objects)
    changed = [item for item in objects if states[item.identity] is State.CHANGED]
    appended = frozenset(_appended(model, changed)) if fast else frozenset[str]()
    may_fail = may_be_broken(manifest)
    return ObjectPlan(model, tuple(objects), states, made, appended, frozenset(versioned), may_fail)


def _appended(model: Model, changed: Sequence[CatalogObject]) -> Iterator[str]:
    """Give the tables that can have their lost columns at their end, with those that inherit."""
    candidates = {
        item.identity
        for item in changed
        if item.kind == "table" and can_append(item, model.objects[item.identity])
    }
    for identity in candidates:
        # In columns of a row type that others have, values have lost something as well.
        heirs = model.with_values([identity])
        if heirs <= candidates and is_only_inherited(model, identity):
            yield identity


def _state(
    item: CatalogObject, now: CatalogObject | None, left: CatalogObject | None, *, restored: bool
) -> State:
    if now is None:
        return State.MISSING
    # A column that was dropped and added again looks the same, without its values; but if we have
    # put it at the end, it has them.
    looks_the_same = now.keeps(item)
    appended = restored and left is not None and not left.keeps(item)
    if looks_the_same and (appended or not replaced_parts(item, now)):
        return State.SAME
    # By names, as one that was made anew since has numbered its columns anew.
    return State.CHANGED if left is not None and now.keeps(left) else State.CONFLICTING


def _holds_later_fields(model: Model, item: CatalogObject, left: CatalogObject | None) -> bool:
    """Whether it has got fields since that are in values of others, which were saved without."""
    now = model.objects[item.identity]
    if left is None or {part.name for part in now.parts} <= {part.name for part in left.parts}:
        return False
    return item.kind == "type" or not is_only_inherited(model, item.identity)


def is_only_inherited(model: Model, identity: str) -> bool:
    """Whether no other table has values of a table's row type, but those that inherit from it."""
    users = model.with_values([identity]) - {identity}
    return all(is_heir(model.objects[user]) for user in users)


def _holders(model: Model, item: CatalogObject) -> list[str]:
    """Return what keeps an extension from being made anew: what would be lost with it."""
    if item.kind != "extension" or item.identity not in model.objects:
        return []
    dependents = model.dependents([item.identity]) - {item.identity}
    return sorted(other for other in dependents if _is_lost_anew(model.objects[other]))


def _is_lost_anew(item: CatalogObject) -> bool:
    """Whether something goes with an object that its definition, as it is now, doesn't give back.

    That may be a secret, or what has been added to an extension.
    """
    return holds_rows(item) or item.kind in ("sequence", "extension") or not item.ddl


def holds_rows(item: CatalogObject) -> bool:
    """Whether it has rows of its own, which its definition doesn't give back."""
    return item.kind == "table" and not item.target.startswith("FOREIGN ")


def _with_other_version(state: State) -> State:
    """Return what becomes of a member of an extension that is left in another version."""
    if state is State.SAME:
        return state
    return State.BLOCKED if state is State.MISSING else State.CONFLICTING


def _relation_names(model: Model) -> dict[tuple[str, str], str]:
    return {
        (item.schema, item.name): identity
        for identity, item in model.objects.items()
        if item.address.startswith("pg_class/") and item.schema
    }


def _is_taken(item: CatalogObject, taken: Mapping[tuple[str, str], str]) -> bool:
    return item.address.startswith("pg_class/") and (item.schema, item.name) in taken


def _is_blocked(item: CatalogObject, refused: Collection[str], present: Collection[str]) -> bool:
    return any(name in refused or name not in present for name in item.depends_on)
