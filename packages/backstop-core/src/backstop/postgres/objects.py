"""Catalog objects as values: what identifies one, what recreates it, what it needs first."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from graphlib import TopologicalSorter
from typing import Any

# Before the rows; over rows that are in place (keys, indexes, partitions); foreign keys, which need
# all of those; when nothing of ours may fire any more (triggers, rules, policies); and owners and
# grants, after which we may have lost our rights.
STAGES = ("before", "after", "references", "last", "privileges")


@dataclass(frozen=True)
class CatalogObject:
    """One object of a database.

    ``identity`` is unique within a snapshot (``table shop.orders``); ``ddl`` are the statements
    that recreate it, in order; ``depends_on`` are the identities that must exist first, of which
    those outside the snapshot are taken to exist. ``stage`` says when an object comes back
    (see :data:`STAGES`).
    """

    kind: str
    identity: str
    ddl: tuple[str, ...]
    depends_on: tuple[str, ...] = ()
    stage: str = "before"

    @classmethod
    def from_json(cls, document: dict[str, Any]) -> CatalogObject:
        """Read one object of a manifest."""
        return cls(
            kind=document["kind"],
            identity=document["identity"],
            ddl=tuple(document["ddl"]),
            depends_on=tuple(document["depends_on"]),
            stage=document["stage"],
        )


def in_dependency_order(objects: Iterable[CatalogObject]) -> list[CatalogObject]:
    """Return the objects so that each comes after those of them that it depends on."""
    by_identity = {item.identity: item for item in objects}
    sorter: TopologicalSorter[str] = TopologicalSorter()
    for item in by_identity.values():
        sorter.add(item.identity, *(name for name in item.depends_on if name in by_identity))
    return [by_identity[identity] for identity in sorter.static_order()]
