"""Bringing dropped objects back: what is missing is created, what is there is compared.

An object that exists with another definition is a conflict and stays as it is.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from backstop.errors import RestoreFailed, describe
from backstop.postgres import existing
from backstop.postgres.objects import STAGES, CatalogObject, in_dependency_order
from backstop.postgres.transactions import released
from backstop.session import Session
from backstop.snapshots.manifest import Manifest


@dataclass(frozen=True)
class ObjectPlan:
    """The objects of a snapshot, each in dependency order, by what is to be done with them.

    ``conflicting`` ones exist with another definition; ``blocked`` ones can't be created, as they
    depend on one of those.
    """

    missing: tuple[CatalogObject, ...]
    existing: tuple[CatalogObject, ...]
    conflicting: tuple[CatalogObject, ...]
    blocked: tuple[CatalogObject, ...]

    def stage(self, name: str) -> Iterator[CatalogObject]:
        """Return the missing objects of one stage."""
        return (item for item in self.missing if item.stage == name)

    @property
    def conflicts(self) -> list[str]:
        """What is left as it is, and why, in sentences."""
        return [
            *(
                f"The {item.identity} exists with another definition and is left as it is."
                for item in self.conflicting
            ),
            *(
                f"The {item.identity} is not created, as what it belongs to has another definition."
                for item in self.blocked
            ),
        ]


def plan_objects(session: Session, manifest: Manifest) -> ObjectPlan:
    """Compare the snapshot's objects with what the database has now."""
    current = existing.definitions_by_name(session, manifest.objects)
    taken = existing.taken_names(session, manifest.objects)
    missing, same, conflicting, blocked = [], [], [], []
    refused: set[str] = set()
    for item in in_dependency_order(manifest.objects):
        found = current.get(item.identity)
        if found is not None and found.ddl == item.ddl:
            same.append(item)
        elif found is not None or item.identity in taken:
            conflicting.append(item)
            refused.add(item.identity)
        elif refused.intersection(item.depends_on):
            blocked.append(item)
            refused.add(item.identity)
        else:
            missing.append(item)
    return ObjectPlan(tuple(missing), tuple(same), tuple(conflicting), tuple(blocked))


def create(session: Session, plan: ObjectPlan, stage: str) -> Sequence[str]:
    """Create the missing objects of one stage; returns what could not be, in sentences.

    Only owners and grants may fail: a role can be gone. Anything else raises RestoreFailed.
    """
    problems = []
    for item in plan.stage(stage):
        try:
            with released(session, "backstop_object"):
                for ddl in item.ddl:
                    session.execute(ddl)
        except Exception as error:
            if stage != STAGES[-1]:
                raise RestoreFailed(
                    f"The {item.identity} can't be created again: {describe(error)}. "
                    "Nothing was changed."
                ) from error
            problems.append(f"The {item.identity} could not be put back: {describe(error)}.")
    return problems
