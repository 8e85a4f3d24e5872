"""What a statement did to the objects of a database: the model before it compared with after."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field, replace

from backstop.postgres.model.catalog import address
from backstop.postgres.model.columns import INHERITED
from backstop.postgres.model.extensions import way_back
from backstop.postgres.model.reading import Model
from backstop.postgres.objects import CatalogObject

# Added ones take nothing away, and yet they change what was there before.
_UNDONE = frozenset(
    {
        *("partition", "sequence owner", "privileges", "default privileges"),
        *("published table", "published schema", "default", "trigger setting", "persistence"),
        *("row security", "forced row security", "replica identity", "clustering"),
        *("storage", "storage options", "compression", "options", "statistics target"),
        *("membership", "constraint switch"),
    }
)
_WITHHELD = "withheld"
_TABLES = ("r", "p")
# Whose rows can be values of a column.
_ROWS = ("table", "type")


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
    By OID: ``dropped`` tables are gone, ``emptied`` ones have got other contents, ``refilled`` ones
    of these have rows all the same, ``cut`` ones have lost columns, or values of them or in them;
    ``sequences`` are gone or were set.
    ``keeps_rewritten`` is whether a table that was only written anew has kept its rows.
    ``unsaved`` names what is gone or changed and may be a secret, so that it isn't among the lost.
    """

    lost: tuple[CatalogObject, ...] = ()
    left: tuple[CatalogObject, ...] = ()
    made: tuple[CatalogObject, ...] = ()
    renamed: tuple[Rename, ...] = ()
    dropped: Mapping[int, str] = field(default_factory=dict)
    emptied: frozenset[int] = frozenset()
    refilled: frozenset[int] = frozenset()
    cut: frozenset[int] = frozenset()
    sequences: frozenset[int] = frozenset()
    keeps_rewritten: bool = False
    unsaved: tuple[str, ...] = ()

    @property
    def takes_definitions(self) -> bool:
        """Whether anything has another definition than before, or none."""
        return bool(self.lost or self.made or self.renamed or self.unsaved)

    @property
    def not_covered(self) -> tuple[str, ...]:
        """What a restore will not bring back, in sentences."""
        secrets = (
            f"What may hold a secret is not saved: the {name}. Set it again after a restore."
            for name in self.unsaved
        )
        return (*secrets, *(item.doubt for item in self.lost if item.doubt))

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
            and set(self.unsaved) <= set(other.unsaved)
        )


NO_DIFFERENCE = Difference()


def difference(before: Model, after: Model, *, keeps_rewritten: bool = False) -> Difference:
    """Compare two models of the same database, of which one was read in the same transaction."""
    lost, left = [], []
    updated = _updated_extensions(before, after)
    places = {(item.kind, item.address): item for item in after.objects.values() if item.address}
    for identity, item in before.objects.items():
        now = after.objects.get(identity, places.get((item.kind, item.address)))
        if now is not None and now.is_unchanged(item) and item.within not in updated:
            continue
        if item.kind == _WITHHELD:
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
            if identity not in before.objects
            and (_is_undone(item, before, lost) or _was_inherited(item, before, after))
        ),
        renamed=tuple(_renamed(before, after)),
        dropped={
            oid: storage.label
            for oid, storage in before.storage.items()
            if storage.kind in _TABLES and oid not in after.storage
        },
        emptied=frozenset(oid for oid in replaced if before.storage[oid].kind == "r"),
        refilled=frozenset(oid for oid in replaced if after.storage[oid].refilled),
        cut=_cut(before, after, replaced),
        sequences=frozenset(
            oid
            for oid, storage in before.storage.items()
            if storage.kind == "S" and (oid not in after.storage or oid in replaced)
        ),
        keeps_rewritten=keeps_rewritten,
        unsaved=_unsaved(before, after),
    )


def _updated_extensions(before: Model, after: Model) -> set[str]:
    """Return the extensions in another version, which may have to be made anew with their members.

    Only what belonged to them tells then what was added to them, and what the update has.
    """
    return {
        identity
        for identity, item in before.objects.items()
        if identity in after.objects and way_back(after.objects[identity], item)
    }


def _is_undone(item: CatalogObject, before: Model, lost: Iterable[CatalogObject]) -> bool:
    if item.kind == "storage" and any(other.kind == "type settings" for other in lost):
        # The column is stored as it was, and its type is not.
        return False
    # What is new has its own from the start; but a new partition fills a gap among others, and
    # default privileges stand in place of the usual ones.
    # PostgreSQL's own objects, on which grants depend on nothing else, have been there as well.
    always = item.kind in ("partition", "default privileges") or not item.depends_on
    known = always or not before.objects.keys().isdisjoint(item.depends_on[:1])
    # Those of an index are one for each of its columns, by number.
    return known and (item.kind in _UNDONE or item.kind.startswith("statistics target "))


def _was_inherited(item: CatalogObject, before: Model, after: Model) -> bool:
    # A table that leaves its parents keeps their constraints as its own, and if it comes again.
    table = item.depends_on[0] if item.kind == "constraint" else ""
    then, now = before.objects.get(table), after.objects.get(table)
    return then is not None and now is not None and _inheritance(then) != _inheritance(now)


def _inheritance(table: CatalogObject) -> tuple[object, ...]:
    inherited = {part.number for part in table.parts if part.definition.endswith(INHERITED)}
    return table.compared, inherited


def _renamed(before: Model, after: Model) -> list[Rename]:
    now = {item.address: item for item in after.objects.values() if item.address}
    found = [
        Rename(item, now[item.address])
        for item in before.objects.values()
        if item.address in now and _is_renamed(item, now[item.address])
    ]
    moved = {rename.before.identity for rename in found if rename.before.kind == "extension"}
    return [rename for rename in found if not _has_moved_along(rename, moved)]


def _has_moved_along(rename: Rename, moved: Collection[str]) -> bool:
    """Whether it has another schema as a member of an extension that has, and so comes back."""
    before = rename.before
    return before.is_member and before.within in moved and before.name == rename.after.name


def _is_renamed(before: CatalogObject, after: CatalogObject) -> bool:
    # A type and its shell are at one place.
    same = before.kind == after.kind and bool(before.name)
    return same and (before.schema, before.name) != (after.schema, after.name)


def _unsaved(before: Model, after: Model) -> tuple[str, ...]:
    def marks(item: CatalogObject) -> set[tuple[object, str]]:
        # What it belongs to may have another name now, or be made anew under the same one.
        *place, mark = item.compared
        return {(item.identity, mark), (tuple(place), mark)}

    kept = {
        mark for item in after.objects.values() if item.kind == _WITHHELD for mark in marks(item)
    }
    return tuple(
        identity
        for identity, item in before.objects.items()
        if item.kind == _WITHHELD and kept.isdisjoint(marks(item))
    )


def _replaced(before: Model, after: Model) -> set[int]:
    return {
        oid
        for oid, storage in before.storage.items()
        if oid in after.storage and after.storage[oid].file != storage.file
    }


def _cut(before: Model, after: Model, replaced: set[int]) -> frozenset[int]:
    """Return the tables of which columns, or values of them or in them, are gone."""
    now = {item.address: item for item in after.objects.values() if item.kind in _ROWS}
    lossy = [
        identity
        for identity, item in before.objects.items()
        if item.kind in _ROWS and item.address in now and _loses(item, now[item.address], replaced)
    ]
    # Values of such a row type are also in the columns of others; foreign rows are elsewhere.
    cut = (before.objects[identity] for identity in before.with_values(lossy))
    return frozenset(
        item.oid
        for item in cut
        if item.kind == "table" and item.address in now and item.oid in before.storage
    )


def _loses(before: CatalogObject, after: CatalogObject, replaced: set[int]) -> bool:
    parts = {part.number: part for part in after.parts}
    for part in before.parts:
        same = parts.get(part.number)
        converted = same is not None and same.definition != part.definition
        if same is None or (converted and (before.kind == "type" or before.oid in replaced)):
            return True
    return False


def dropped_with(before: Model, oids: Iterable[int]) -> Difference:
    """Return what goes when relations are dropped, judged by what depends on them."""
    places = {address("pg_class", oid): oid for oid in oids}
    start = [identity for identity, item in before.objects.items() if item.address in places]
    dropped = {oid: before.storage[oid].label for oid in places.values() if oid in before.storage}
    return replace(dropped_from(before, start), dropped=dropped)


def dropped_from(before: Model, identities: Iterable[str]) -> Difference:
    """Return what goes when objects are dropped, judged by what depends on them."""
    gone = before.dependents(identities)
    items = [item for identity, item in before.objects.items() if identity in gone]
    lost = tuple(item for item in items if item.kind != _WITHHELD)
    addresses = {item.address for item in lost}
    return Difference(
        lost=lost,
        unsaved=tuple(item.identity for item in items if item.kind == _WITHHELD),
        dropped={
            oid: storage.label
            for oid, storage in before.storage.items()
            if storage.kind == "r" and address("pg_class", oid) in addresses
        },
        sequences=frozenset(
            oid
            for oid, storage in before.storage.items()
            if storage.kind == "S" and address("pg_class", oid) in addresses
        ),
    )
