"""The relations of a footprint while it is put together, and what is known of each."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from backstop.postgres import relations
from backstop.postgres.relations import Relation
from backstop.postgres.transaction.counters import LARGE_OBJECTS
from backstop.session import Session
from backstop.snapshots.footprint import RelationFootprint


class Entries:
    """The relations by OID, with what happens to each; ``not_covered`` is what can't be saved."""

    def __init__(self, session: Session) -> None:
        self.by_oid: dict[int, RelationFootprint] = {}
        self.not_covered: list[str] = []
        self._session = session
        self._described: dict[int, Relation] = {}

    def in_order(self) -> tuple[RelationFootprint, ...]:
        """Return all of them in the order of their OIDs."""
        return tuple(self.by_oid[oid] for oid in sorted(self.by_oid))

    def describe(self, oids: Iterable[int]) -> list[Relation]:
        """Return the relations with these OIDs that exist, each asked for once."""
        wanted = sorted(set(oids))
        missing = [oid for oid in wanted if oid not in self._described]
        if missing:
            found = relations.describe(self._session, missing)
            self._described.update((relation.oid, relation) for relation in found)
        return [self._described[oid] for oid in wanted if oid in self._described]

    def enter(
        self,
        oids: Iterable[int],
        operation: str,
        *,
        whole: bool = False,
        assigned: Sequence[str] = (),
    ) -> list[int]:
        """Note what happens to relations; returns those that can be saved."""
        entered = []
        for relation in self.describe(oids):
            if relation.temporary or relation.oid in LARGE_OBJECTS:
                # It ends with its session, and nobody else has ever seen it; large objects are
                # saved as such.
                continue
            if relation.kind not in ("r", "p"):
                self.not_covered.append(
                    f"{relation.label} is not a table: rows changed through it are not saved."
                )
                continue
            entry = self.by_oid.setdefault(relation.oid, RelationFootprint(relation))
            entry.operations = list(dict.fromkeys([*entry.operations, operation]))
            entry.assigned = list(dict.fromkeys([*entry.assigned, *assigned]))
            entry.whole = entry.whole or whole
            entered.append(relation.oid)
        return entered

    def states(self) -> Mapping[int, tuple[object, ...]]:
        """Return what happens to those whose rows change, as values to compare."""
        return {oid: entry.state for oid, entry in self.by_oid.items() if entry.changes_rows}
