"""What can be foreseen of a statement by its text, the catalog and counts of rows."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from backstop.errors import SnapshotFailed, describe
from backstop.levels import AT_RISK
from backstop.postgres import relations
from backstop.postgres.model.catalog import address
from backstop.postgres.model.difference import dropped_from
from backstop.postgres.model.reading import Model, read_model
from backstop.postgres.relations import Reference, Relation
from backstop.postgres.rows import measuring
from backstop.postgres.transaction import locks
from backstop.result import RiskResult
from backstop.session import Session
from backstop.snapshots.finders import exact_counts
from backstop.snapshots.footprint import Footprint, NothingToSave, OnlyARunTells
from backstop.snapshots.reading import references_of
from backstop.snapshots.tracing import trace
from backstop.syntax.changes import changes
from backstop.syntax.drops import Drop, drop_of
from backstop.syntax.operations import defines

# What reading, compressing and uploading over a local network reach together, roughly.
_BYTES_A_SECOND = 20_000_000
_GOES_WHOLE = frozenset({"DROP TABLE", "TRUNCATE"})
# To spell a view, the server waits for whoever has locked a table of it.
_LOCK_TIMEOUT = 5.0


@dataclass(frozen=True)
class TablePreview:
    """What would happen to the rows of one table.

    ``rows`` is how many would go or change, or at most so many where that isn't ``exact``.
    ``carried`` is whether the text doesn't name the table: a foreign key, or a CASCADE, leads
    there. ``lock`` is the one that its snapshot takes. ``bytes`` is about what its saved rows take.
    """

    table: str
    operations: tuple[str, ...]
    rows: int
    exact: bool
    carried: bool
    lock: str
    bytes: int


@dataclass(frozen=True)
class Preview:
    """What a statement would do, and what its snapshot would take, uncompressed.

    ``objects`` would be dropped or changed. ``not_covered`` is what the snapshot would not hold,
    and ``untold`` what only a run of the statement could tell; both in sentences.
    """

    result: RiskResult
    tables: tuple[TablePreview, ...] = ()
    objects: tuple[str, ...] = ()
    not_covered: tuple[str, ...] = ()
    untold: tuple[str, ...] = ()

    @property
    def rows(self) -> int:
        """How many rows would go or change, at most."""
        return sum(table.rows for table in self.tables)

    @property
    def bytes(self) -> int:
        """About how many bytes the snapshot would hold."""
        return sum(table.bytes for table in self.tables)

    @property
    def seconds(self) -> float:
        """About how long the snapshot would keep the statement waiting."""
        return round(self.bytes / _BYTES_A_SECOND, 3)


class Foresight:
    """The look ahead at one text, in a transaction that can only read."""

    def __init__(self, session: Session, sql: str, result: RiskResult) -> None:
        self._session = session
        self._sql = sql
        self._result = result

    def look(self) -> Preview:
        """Return what can be foreseen."""
        try:
            drop = drop_of(self._sql)
            return self._traced() if drop is None else self._dropped(drop)
        except NothingToSave:
            return Preview(self._result)
        except SnapshotFailed as error:
            return Preview(self._result, not_covered=(str(error),))
        except Exception as error:
            # The server would refuse the statement as well, as for a column that doesn't exist.
            sentence = f"The server doesn't tell: {describe(error)}."
            return Preview(self._result, untold=(sentence,))

    def _traced(self) -> Preview:
        try:
            told = trace(self._session, self._sql, self._result)
        except OnlyARunTells:
            return self._opaque(None)
        return self._opaque(told) if told.unread else self._shown(told, told)

    def _opaque(self, told: Footprint | None) -> Preview:
        """Return what may be meant at most, where the text doesn't tell the rows."""
        try:
            found = trace(self._session, self._sql, self._result, at_once=True)
        except SnapshotFailed:
            return Preview(self._result, tuple(self._rewritten()), (), (), self._only_a_run_tells())
        only_drops = {"DROP TABLE"}.issuperset(self._result.operations)
        return self._shown(told, found, () if only_drops else self._only_a_run_tells())

    def _only_a_run_tells(self) -> tuple[str, ...]:
        if not (defines(self._result.operations) or self._result.level >= AT_RISK):
            # It is a change of rows, and its tables are counted whole.
            return ("Which rows these are, only a run tells.",)
        said = f"What the {self._result.operation} takes, only a run tells: {self._result.reason}"
        return (said,)

    def _shown(
        self, told: Footprint | None, found: Footprint, untold: tuple[str, ...] = ()
    ) -> Preview:
        hidden = (
            f"What triggers and rules of {entry.relation.label} do, only a run tells."
            for entry in found.relations
            if entry.relation.triggers or entry.relation.has_rules
        )
        return Preview(
            self._result,
            tuple(self._tables(told, found)),
            tuple(item.identity for item in found.objects.lost),
            told.not_covered if told is not None else (),
            (*untold, *hidden),
        )

    def _tables(self, told: Footprint | None, found: Footprint) -> Iterator[TablePreview]:
        counted = self._counted(found)
        named = self._named()
        sure = {entry.relation.oid for entry in told.relations} if told is not None else set()
        for entry in found.relations:
            relation = entry.relation
            if not relation.holds_rows:
                continue
            rows = counted.get(relation.oid, 0)
            if entry.whole:
                rows = measuring.count_rows(self._session, relation)
            yield TablePreview(
                relation.label,
                tuple(entry.operations),
                rows,
                relation.oid in sure or not _GOES_WHOLE.isdisjoint(entry.operations),
                relation.oid not in named,
                entry.lock_mode,
                self._bytes(relation, rows),
            )

    def _dropped(self, drop: Drop) -> Preview:
        """Return what goes with objects, judged by what depends on them."""
        model = read_model(self._session, _LOCK_TIMEOUT)
        objects = dropped_from(model, self._identities(model, drop))
        tables = self._whole(objects.dropped, "DROP TABLE", exact=True, carried=True)
        lost = tuple(item.identity for item in objects.lost)
        return Preview(self._result, tuple(tables), lost, objects.not_covered)

    def _identities(self, model: Model, drop: Drop) -> list[str]:
        if drop.kind == "SCHEMA":
            return [
                name for name in (f"schema {one}" for one in drop.folded) if name in model.objects
            ]
        found = relations.resolve(self._session, [Reference(name) for name in drop.names])
        places = {address("pg_class", oid) for oid in found.values()}
        return [identity for identity, item in model.objects.items() if item.address in places]

    def _rewritten(self) -> Iterator[TablePreview]:
        """Give the tables of an ALTER TABLE, whose rows are saved whole if any value is lost."""
        operations = self._result.operations
        if "ALTER TABLE" in operations and self._result.level >= AT_RISK:
            named = [Reference(name) for name in self._result.tables]
            oids = relations.resolve(self._session, named).values()
            family = relations.with_descendants(self._session, list(oids))
            yield from self._whole(family, "ALTER TABLE", exact=False, carried=False)

    def _whole(
        self, oids: Iterable[int], operation: str, *, exact: bool, carried: bool
    ) -> Iterator[TablePreview]:
        for relation in relations.describe(self._session, sorted(oids)):
            if relation.holds_rows:
                rows = measuring.count_rows(self._session, relation)
                yield TablePreview(
                    relation.label,
                    (operation,),
                    rows,
                    exact,
                    carried,
                    locks.ACCESS_EXCLUSIVE,
                    self._bytes(relation, rows),
                )

    def _counted(self, found: Footprint) -> Mapping[int, int]:
        seeds, carriers = found.searched
        if not seeds:
            return {}
        counts = self._session.fetch(exact_counts(seeds, carriers))
        return {int(oid or 0): int(rows or 0) for oid, rows in counts}

    def _named(self) -> set[int]:
        references = [
            reference for change in changes(self._sql) for reference in references_of(change)
        ]
        oids = relations.resolve(self._session, references) if references else {}
        return set(relations.with_descendants(self._session, list(oids.values())))

    def _bytes(self, relation: Relation, rows: int) -> int:
        return round(rows * measuring.average_length(self._session, relation)) if rows else 0
