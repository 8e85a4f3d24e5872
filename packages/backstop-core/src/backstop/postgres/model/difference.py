"""What a statement did to the objects of a database: the model before it compared with after."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from backstop.postgres.model.catalog import address
from backstop.postgres.model.reading import Model
from backstop.postgres.objects import CatalogObject

# Added ones take nothing away, and yet they change what was there before.
_UNDONE = frozenset({"partition"})
_TABLES = ("r", "p")


@dataclass(frozen=True)
class Rename:
    """One object that has another name or schema now; both are as the model had them."""

    before: CatalogObject
    after: CatalogObject


@dataclass(frozen=True)
class Difference:
    """What is gone or changed.

    ``lost`` are the objects that are gone or defined otherwise, as they were; ``left`` are those
    of them that are still there, as they are now; ``made`` those that a restore takes away again.
    By OID: ``dropped`` tables are gone, ``emptied`` ones have got other contents, ``cut`` ones have
    lost columns or values of them; ``sequences`` are gone or were set. ``keeps_rewritten`` is
    whether a table that was only written anew has kept its rows.
    """

    lost: tuple[CatalogObject, ...] = ()
    left: tuple[CatalogObject, ...] = ()
    made: tuple[CatalogObject, ...] = ()
    renamed: tuple[Rename, ...] = ()
    dropped: Mapping[int, str] = field(default_factory=dict)
    emptied: frozenset[int] = frozenset()
    cut: frozenset[int] = frozenset()
    sequences: frozenset[int] = frozenset()
    keeps_rewritten: bool = False

    @property
    def takes_definitions(self) -> bool:
        """Whether anything has another definition than before, or none."""
        return bool(self.lost or self.made or self.renamed)

    @property
    def contents(self) -> dict[int, str]:
        """The tables whose rows may be gone, by OID, with what happened to each."""
        found = dict.fromkeys(self.dropped, "DROP TABLE")
        found.update(dict.fromkeys(self.cut, "ALTER TABLE"))
        if not self.keeps_rewritten:
            found.update(dict.fromkeys(self.emptied - self.cut, "TRUNCATE"))
        return found

    def is_within(self, other: Difference) -> bool:
        """Whether everything that it takes is among what the other one takes, and the same."""
        known = {item.identity: item for item in other.lost}
        made = {item.identity for item in other.made}
        return (
            all(item.identity in known and known[item.identity].is_like(item) for item in self.lost)
            and made.issuperset(item.identity for item in self.made)
            and self.sequences <= other.sequences
        )


NO_DIFFERENCE = Difference()


def difference(before: Model, after: Model, *, keeps_rewritten: bool = False) -> Difference:
    """Compare two models of the same database, of which one was read in the same transaction."""
    lost, left = [], []
    for identity, item in before.objects.items():
        now = after.objects.get(identity)
        if now is not None and now.is_unchanged(item):
            continue
        lost.append(item)
        if now is not None:
            left.append(now)
    replaced = _replaced(before, after)
    return Difference(
        lost=tuple(lost),
        left=tuple(left),
        made=tuple(
            item
            for identity, item in after.objects.items()
            if item.kind in _UNDONE and identity not in before.objects
        ),
        renamed=tuple(_renamed(before, after)),
        dropped={
            oid: storage.label
            for oid, storage in before.storage.items()
            if storage.kind in _TABLES and oid not in after.storage
        },
        emptied=frozenset(oid for oid in replaced if before.storage[oid].kind == "r"),
        cut=_cut(before, after, replaced),
        sequences=frozenset(
            oid
            for oid, storage in before.storage.items()
            if storage.kind == "S" and (oid not in after.storage or oid in replaced)
        ),
        keeps_rewritten=keeps_rewritten,
    )


def _renamed(before: Model, after: Model) -> list[Rename]:
    now = {item.address: item for item in after.objects.values() if item.address}
    return [
        Rename(item, now[item.address])
        for item in before.objects.values()
        if item.address in now and _is_renamed(item, now[item.address])
    ]


def _is_renamed(before: CatalogObject, after: CatalogObject) -> bool:
    return (before.schema, before.name) != (after.schema, after.name) and bool(before.name)


def _replaced(before: Model, after: Model) -> set[int]:
    return {
        oid
        for oid, storage in before.storage.items()
        if oid in after.storage and after.storage[oid].file != storage.file
    }


def _cut(before: Model, after: Model, replaced: set[int]) -> frozenset[int]:
    """Return the tables of which columns, or their values, are gone."""
    now = {item.address: item for item in after.objects.values() if item.kind == "table"}
    found = set()
    for item in before.objects.values():
        if item.kind != "table" or item.address not in now:
            continue
        parts = {part.number: part for part in now[item.address].parts}
        for part in item.parts:
            same = parts.get(part.number)
            if same is None or (same.definition != part.definition and item.oid in replaced):
                found.add(item.oid)
    return frozenset(found)


def dropped_with(before: Model, oids: Iterable[int]) -> Difference:
    """Return what goes when tables are dropped, judged by what depends on them."""
    places = {address("pg_class", oid) for oid in oids}
    start = [identity for identity, item in before.objects.items() if item.address in places]
    gone = before.dependents(start)
    lost = tuple(item for identity, item in before.objects.items() if identity in gone)
    addresses = {item.address for item in lost}
    return Difference(
        lost=lost,
        dropped={oid: before.storage[oid].label for oid in oids if oid in before.storage},
        sequences=frozenset(
            oid
            for oid, storage in before.storage.items()
            if storage.kind == "S" and address("pg_class", oid) in addresses
        ),
    )
