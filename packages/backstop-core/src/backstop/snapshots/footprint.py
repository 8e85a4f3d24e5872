"""The footprint of a statement: which relations, and which of their rows, it would destroy."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from backstop.errors import SnapshotFailed
from backstop.postgres.model.difference import NO_DIFFERENCE, Difference
from backstop.postgres.model.reading import Model
from backstop.postgres.relations import Relation
from backstop.postgres.touched_large_objects import NOTHING_TOUCHED, TouchedLargeObjects
from backstop.postgres.transaction import locks
from backstop.postgres.transaction.counters import Effect
from backstop.snapshots.finders import Carrier, Seed


class NothingToSave(SnapshotFailed):
    """A statement has no footprint: there is nothing that it could destroy."""


class OnlyARunTells(SnapshotFailed):
    """The text doesn't tell which rows a statement changes: a rehearsal has to."""


@dataclass(frozen=True)
class Rehearsal:
    """What a statement touched when it was run and taken back.

    Rows that it touched have one of ``xids`` as their xmax. ``effects`` are those on relations
    of which more was touched than saved, by OID. For those of ``beyond_text`` the text was tried
    before, and for those of ``beyond_rows`` what an earlier rehearsal had touched. Into those of
    ``inserted`` rows were put. ``after`` is what the database was like then, if it was looked at,
    and ``objects`` what that differs in from before. ``before`` is what it was like until then,
    unless all goes that will be there. ``large_objects`` are those that it touched.
    """

    xids: frozenset[str]
    effects: Mapping[int, Effect]
    beyond_text: frozenset[int] = frozenset()
    beyond_rows: frozenset[int] = frozenset()
    inserted: frozenset[int] = frozenset()
    after: Model | None = None
    objects: Difference = NO_DIFFERENCE
    before: Model | None = None
    large_objects: TouchedLargeObjects = NOTHING_TOUCHED


@dataclass
class RelationFootprint:
    """What happens to the rows of one relation.

    ``whole`` says that every row is saved. ``rehearsed`` is how many of its rows a rehearsal
    touched, where that is what finds them. ``redacted`` are columns that the relation is
    described without, as their values must not be saved.
    """

    relation: Relation
    operations: list[str] = field(default_factory=list)
    whole: bool = False
    assigned: list[str] = field(default_factory=list)
    rehearsed: int | None = None
    redacted: tuple[str, ...] = ()

    @property
    def changes_rows(self) -> bool:
        """Whether rows are deleted or updated, so that foreign keys may carry it on."""
        return bool({"DELETE", "UPDATE"} & set(self.operations))

    @property
    def leaves_rows(self) -> bool:
        """Whether the statement may leave other rows in their place."""
        return bool({"UPDATE", "INSERT"} & set(self.operations))

    @property
    def is_altered(self) -> bool:
        """Whether columns, or their values, go."""
        return "ALTER TABLE" in self.operations

    @property
    def state(self) -> tuple[object, ...]:
        """What happens to the relation, as a value to compare."""
        return (*self.operations, *self.assigned, self.whole)

    @property
    def is_destroyed(self) -> bool:
        """Whether everything in it goes, also what the transaction's view doesn't show."""
        return bool({"TRUNCATE", "DROP TABLE", "ALTER TABLE"} & set(self.operations))

    @property
    def lock_mode(self) -> str:
        """The lock under which its rows can be read exactly."""
        return locks.ACCESS_EXCLUSIVE if self.is_destroyed else locks.SHARE_ROW_EXCLUSIVE


@dataclass(frozen=True)
class Footprint:
    """Everything that has to be saved before a text may run.

    ``relations`` are in OID order; ``seeds`` and ``carriers`` find the rows of those that aren't
    saved whole; ``objects`` are those whose definitions go as well; ``sequences``, by OID, those
    whose positions go; ``unread`` are changes whose rows only a run can tell, in
    sentences; ``not_covered`` says what a restore will not bring back; ``large_objects`` are those
    that go or change.
    """

    relations: tuple[RelationFootprint, ...]
    seeds: tuple[Seed, ...]
    carriers: tuple[Carrier, ...]
    objects: Difference
    sequences: frozenset[int]
    unread: tuple[str, ...]
    not_covered: tuple[str, ...]
    large_objects: TouchedLargeObjects = NOTHING_TOUCHED

    @property
    def holds_anything(self) -> bool:
        """Whether there is anything to save, or at least to name for a restore."""
        found = self.relations or self.sequences
        return bool(found) or self.objects.takes_definitions or self.large_objects.is_any

    @property
    def lock_modes(self) -> Mapping[Relation, str]:
        """The lock that each relation needs."""
        return {entry.relation: entry.lock_mode for entry in self.relations}

    @property
    def searched(self) -> tuple[tuple[Seed, ...], tuple[Carrier, ...]]:
        """The seeds and carriers that rows have to be found by."""
        whole = {entry.relation.oid for entry in self.relations if entry.whole}
        if any(carrier.child.oid not in whole for carrier in self.carriers):
            # What is saved whole itself still leads to rows of others.
            return self.seeds, self.carriers
        return tuple(seed for seed in self.seeds if not whole.issuperset(seed.oids)), ()

    @property
    def oids(self) -> tuple[int, ...]:
        """The relations as a value to compare."""
        return tuple(entry.relation.oid for entry in self.relations)
