"""Catalog objects as values: what identifies one, what recreates it, what it needs first."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, fields
from heapq import heapify, heappop, heappush
from typing import Any

# Before the rows; over rows that are in place (keys, indexes, partitions); foreign keys, which need
# all of those; when nothing of ours may fire any more (triggers, rules, policies); owners, then
# grants, after which we may have lost our rights; what is read with the rights of others.
STAGES = ("before", "after", "references", "last", "owners", "privileges", "contents")
RIGHTS = ("owners", "privileges")


@dataclass(frozen=True)
class Part:
    """One of an object's parts that come in an order: a column, an attribute, a label of an enum.

    ``number`` stays the same when it is renamed. ``definition`` is all that it is besides its name.
    """

    number: int
    name: str
    definition: str


@dataclass(frozen=True)
class CatalogObject:
    """One object of a database.

    ``identity`` is unique within a database (``table shop.orders``). ``ddl`` are the statements
    that create it, in order; ``drop`` those that take it away, none where it only goes with what
    it belongs to. Where it ``replaces``, ``ddl`` also does its work when the object exists.

    ``depends_on`` are the identities that must exist first, of which those outside of a snapshot
    are taken to exist. ``stage`` says when an object comes back at the earliest (see
    :data:`STAGES`). ``address`` is its place in the catalog, as ``pg_class/16385/0``. ``target``
    is how COMMENT, ALTER and DROP name it (``TABLE "shop"."orders"``), empty where they can't.

    What more ``parts`` it has got later takes nothing away. ``ddl`` may hold them, and is then not
    what two definitions are compared by: that is ``definition``. ``within`` is the object whose
    ``ddl`` creates this one as well, or may, if there is one. ``doubt`` says in a sentence why it
    may not come back.
    """

    kind: str
    identity: str
    ddl: tuple[str, ...]
    depends_on: tuple[str, ...] = ()
    stage: str = "before"
    drop: tuple[str, ...] = ()
    replaces: bool = False
    address: str = ""
    target: str = ""
    schema: str = ""
    name: str = ""
    parts: tuple[Part, ...] = ()
    definition: tuple[str, ...] | None = None
    within: str = ""
    doubt: str = ""

    @property
    def oid(self) -> int:
        """Its OID, in the catalog that its address names."""
        return int(self.address.split("/")[1])

    @property
    def is_member(self) -> bool:
        """Whether it belongs to an extension, which may create it again, or says that it does."""
        return self.within.startswith("extension ")

    @property
    def compared(self) -> tuple[str, ...]:
        """What is the same in two definitions of the same object, apart from its parts."""
        return self.ddl if self.definition is None else self.definition

    def is_like(self, other: CatalogObject) -> bool:
        """Whether both are defined the same way."""
        return self.compared == other.compared and _unnumbered(self) == _unnumbered(other)

    def keeps(self, other: CatalogObject) -> bool:
        """Whether it is defined as ``other`` was, with more parts at most."""
        return self.compared == other.compared and set(_unnumbered(other)) <= set(_unnumbered(self))

    def is_unchanged(self, other: CatalogObject) -> bool:
        """Whether it still is what ``other`` was, part by part, with more of them at most."""
        return self.compared == other.compared and set(other.parts) <= set(self.parts)

    @classmethod
    def from_json(cls, document: Mapping[str, Any]) -> CatalogObject:
        """Read one object of a manifest; fields that aren't known are passed over."""
        known = {field.name for field in fields(cls)} & document.keys()
        values: dict[str, Any] = {
            name: tuple(value) if isinstance(value := document[name], list) else value
            for name in known
        }
        values["parts"] = tuple(Part(**part) for part in document.get("parts", ()))
        return cls(**values)


def _unnumbered(item: CatalogObject) -> list[tuple[str, str]]:
    return [(part.name, part.definition) for part in item.parts]


def in_dependency_order(objects: Iterable[CatalogObject]) -> list[CatalogObject]:
    """Return the objects so that each comes after those of them that it depends on.

    Among those that could come next, the one of the earliest stage does, and then the one that
    was given first. Of a circle, which only pieces of text could close, any comes first.
    """
    by_identity = {item.identity: item for item in objects}
    rank = {
        identity: (STAGES.index(item.stage), place)
        for place, (identity, item) in enumerate(by_identity.items())
    }
    waiting = {
        identity: {name for name in item.depends_on if name in by_identity and name != identity}
        for identity, item in by_identity.items()
    }
    dependents: dict[str, list[str]] = {identity: [] for identity in by_identity}
    for identity, names in waiting.items():
        for name in names:
            dependents[name].append(identity)
    return [by_identity[identity] for identity in _sorted(waiting, dependents, rank)]


def _sorted(
    waiting: dict[str, set[str]],
    dependents: Mapping[str, list[str]],
    rank: Mapping[str, tuple[int, int]],
) -> list[str]:
    ready = [(rank[identity], identity) for identity, names in waiting.items() if not names]
    heapify(ready)
    found: list[str] = []
    while waiting:
        if not ready:
            ready.append(min((rank[identity], identity) for identity in waiting))
        _, identity = heappop(ready)
        if waiting.pop(identity, None) is None:
            continue
        found.append(identity)
        for name in dependents[identity]:
            if name in waiting:
                waiting[name].discard(identity)
                if not waiting[name]:
                    heappush(ready, (rank[name], name))
    return found
