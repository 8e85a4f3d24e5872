"""The footprint of a statement: which relations, and which of their rows, it would destroy.

The query that finds the rows is made of slices of the statement's own text; nothing of it is
ever written anew by a parser. Where the text can't tell the rows, a run that was taken back
tells them; where neither can, the whole relation belongs to the footprint: too much can be restored
from, too little can't.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from backstop.errors import SnapshotFailed
from backstop.levels import AT_RISK
from backstop.postgres import locks, relations, views
from backstop.postgres.counters import Effect
from backstop.postgres.references import Referrer, referrers
from backstop.postgres.relations import Reference, Relation
from backstop.result import RiskResult
from backstop.session import Session
from backstop.snapshots.finders import Carrier, Seed
from backstop.syntax import traits
from backstop.syntax.changes import (
    Change,
    RowChange,
    TableDrop,
    Truncation,
    Unreadable,
    changes,
)

# A query with one branch for each change of a long text would take longer to plan than to run.
_MOST_SEEDS = 50


class NothingToSave(SnapshotFailed):
    """A statement has no footprint: there is nothing that it could destroy."""


class OnlyARunTells(SnapshotFailed):
    """The text doesn't tell which rows a statement changes: a rehearsal has to."""


@dataclass(frozen=True)
class Rehearsal:
    """What a statement touched when it was run and taken back.

    Rows that it touched have one of ``xids`` as their xmax. ``effects`` are those on relations
    of which more was touched than saved, by OID. For those of ``beyond_text`` the text was tried
    before, and for those of ``beyond_rows`` what an earlier rehearsal had touched.
    """

    xids: frozenset[str]
    effects: Mapping[int, Effect]
    beyond_text: frozenset[int] = frozenset()
    beyond_rows: frozenset[int] = frozenset()


@dataclass
class RelationFootprint:
    """What happens to the rows of one relation.

    ``whole`` says that every row is saved. ``rehearsed`` is how many of its rows a rehearsal
    touched, where that is what finds them.
    """

    relation: Relation
    operations: list[str] = field(default_factory=list)
    whole: bool = False
    assigned: list[str] = field(default_factory=list)
    rehearsed: int | None = None

    @property
    def changes_rows(self) -> bool:
        """Whether rows are deleted or updated, so that foreign keys may carry it on."""
        return bool({"DELETE", "UPDATE"} & set(self.operations))

    @property
    def leaves_rows(self) -> bool:
        """Whether the statement may leave other rows in their place."""
        return bool({"UPDATE", "INSERT"} & set(self.operations))

    @property
    def state(self) -> tuple[object, ...]:
        """What happens to the relation, as a value to compare."""
        return (*self.operations, *self.assigned, self.whole)

    @property
    def is_destroyed(self) -> bool:
        """Whether everything in it goes, also what the transaction's view doesn't show."""
        return bool({"TRUNCATE", "DROP TABLE"} & set(self.operations))

    @property
    def lock_mode(self) -> str:
        """The lock under which its rows can be read exactly."""
        return locks.ACCESS_EXCLUSIVE if self.is_destroyed else locks.SHARE_ROW_EXCLUSIVE


@dataclass(frozen=True)
class Footprint:
    """Everything that has to be saved before a text may run.

    ``relations`` are in OID order; ``seeds`` and ``carriers`` find the rows of those that aren't
    saved whole; ``dropped`` are those whose definitions go as well; ``restarted`` those whose
    owned sequences start again; ``unread`` are changes whose rows only a run can tell, in
    sentences; ``not_covered`` says what a restore will not bring back.
    """

    relations: tuple[RelationFootprint, ...]
    seeds: tuple[Seed, ...]
    carriers: tuple[Carrier, ...]
    dropped: tuple[Relation, ...]
    restarted: tuple[Relation, ...]
    unread: tuple[str, ...]
    not_covered: tuple[str, ...]

    @property
    def lock_modes(self) -> Mapping[Relation, str]:
        """The lock that each relation needs."""
        return {entry.relation: entry.lock_mode for entry in self.relations}

    @property
    def searched(self) -> tuple[tuple[Seed, ...], tuple[Carrier, ...]]:
        """The seeds and carriers that rows have to be found by."""
        whole = {entry.relation.oid for entry in self.relations if entry.whole}
        seeds = tuple(seed for seed in self.seeds if not whole.issuperset(seed.oids))
        return seeds, tuple(item for item in self.carriers if item.child.oid not in whole)

    @property
    def oids(self) -> tuple[int, ...]:
        """The relations as a value to compare."""
        return tuple(entry.relation.oid for entry in self.relations)


def footprint(
    session: Session,
    sql: str,
    result: RiskResult,
    rehearsal: Rehearsal | None = None,
    *,
    at_once: bool = False,
    whole: bool = False,
) -> Footprint:
    """Return the footprint of a text, with what a rehearsal of it showed.

    ``at_once`` says that the text can't be rehearsed: what only that would tell is saved whole.
    ``whole`` says that its conditions can't be evaluated beforehand.
    Raises NothingToSave when it can destroy nothing (the tables don't exist), and SnapshotFailed
    when nothing of what it can destroy can be saved.
    """
    found = _Builder(session, sql, result, rehearsal, at_once=at_once, whole=whole).build()
    if found.relations or found.unread:
        return found
    if found.not_covered:
        raise SnapshotFailed(
            f"This version can't save what {result.operation} destroys here. "
            + " ".join(found.not_covered)
        )
    raise NothingToSave(f"{result.operation} names no table that exists.")


class _Builder:
    def __init__(
        self,
        session: Session,
        sql: str,
        result: RiskResult,
        rehearsal: Rehearsal | None,
        *,
        at_once: bool,
        whole: bool,
    ) -> None:
        self._session = session
        self._sql = sql
        self._changes = changes(sql)
        self._result = result
        self._rehearsal = rehearsal
        self._at_once = at_once
        self._whole = whole
        self._entries: dict[int, RelationFootprint] = {}
        self._seeds: list[Seed] = []
        self._carriers: dict[tuple[object, ...], Carrier] = {}
        self._dropped: set[int] = set()
        self._restarted: set[int] = set()
        self._inserted: set[int] = set()
        self._unread: list[str] = []
        self._not_covered: list[str] = []

    def build(self) -> Footprint:
        references = [reference for change in self._changes for reference in _references(change)]
        self._oids = relations.resolve(self._session, references) if references else {}
        for change in self._changes:
            self._add(change)
        self._follow_references()
        if self._rehearsal is not None:
            self._add_rehearsed(self._rehearsal)
        self._not_covered += _unread_findings(self._result, self._changes)
        if traits.moves_names(self._sql):
            self._not_covered.append(
                "The text itself changes what names mean (search_path, RENAME or SET SCHEMA): "
                "other tables than those that are saved may be meant. Send that part on its own."
            )
        entries = tuple(self._entries[oid] for oid in sorted(self._entries))
        self._not_covered += [
            f"Row security is active on {entry.relation.label}: rows that its policies hide "
            "from this role are not saved."
            for entry in entries
            if entry.relation.row_security and entry.lock_mode == locks.ACCESS_EXCLUSIVE
        ]
        return Footprint(
            relations=entries,
            seeds=tuple(self._seeds),
            carriers=tuple(self._carriers.values()),
            dropped=self._chosen(self._dropped),
            restarted=self._chosen(self._restarted),
            unread=tuple(dict.fromkeys(self._unread)),
            not_covered=tuple(dict.fromkeys(self._not_covered)),
        )

    def _chosen(self, oids: set[int]) -> tuple[Relation, ...]:
        return tuple(self._entries[oid].relation for oid in sorted(oids & set(self._entries)))

    def _add(self, change: Change) -> None:
        if isinstance(change, RowChange):
            self._add_rows(change)
        elif isinstance(change, Truncation):
            self._add_truncation(change)
        elif isinstance(change, TableDrop):
            oids = self._known(_references(change))
            family = relations.with_descendants(self._session, oids)
            self._dropped.update(self._enter(family, "DROP TABLE", whole=True))
        else:
            self._add_unread(change, self._known(_references(change)))

    def _add_rows(self, change: RowChange) -> None:
        named = self._known(_references(change))
        targets = relations.describe(self._session, named)
        if not targets:
            return
        if targets[0].kind == "v" or change.current_of is not None or change.with_writes:
            self._add_unread(change, named)
            return
        oids = named if change.only else relations.with_descendants(self._session, named)
        whole = self._whole or change.where is None or self._is_volatile(change)
        if not whole and not self._is_searchable(change, oids):
            self._add_unread(change, named)
            return
        entered = self._enter(
            oids, change.operation, whole=whole, assigned=traits.assigned_columns(change)
        )
        if traits.names_a_place(traits.searched_tokens(change)):
            for oid in entered:
                # It may take one of two equal rows, and later nobody could tell which is missing.
                self._entries[oid].whole |= not self._entries[oid].relation.key
        if entered and change.where is not None:
            self._seeds.append(Seed(change, targets[0], tuple(entered)))

    def _add_unread(self, change: Change, named: list[int]) -> None:
        """Add a change whose rows the text doesn't tell."""
        if isinstance(change, Unreadable):
            # A restore takes the rows out again that it has put beside those that it changed.
            self._inserted.update(relations.with_descendants(self._session, named))
        if not self._at_once:
            self._unread.append(
                f"Which rows the {change.operation} at character {change.start} changes, only a "
                "run can tell."
            )
        elif named:
            tables = views.base_tables(self._session, named)
            operation = change.operation if isinstance(change, RowChange) else "UPDATE"
            family = relations.with_descendants(self._session, tables)
            for relation in relations.describe(self._session, family):
                columns = [column.name for column in relation.columns]
                self._enter([relation.oid], operation, whole=True, assigned=columns)
                if relation.oid in self._inserted:
                    self._enter([relation.oid], "INSERT")
        else:
            self._not_covered.append(
                f"The {change.operation} at character {change.start} can't be read exactly enough."
            )

    def _add_rehearsed(self, rehearsal: Rehearsal) -> None:
        for relation in relations.describe(self._session, list(rehearsal.effects)):
            effect = rehearsal.effects[relation.oid]
            entry = self._entries.get(relation.oid)
            if entry is not None and not self._unread and relation.oid not in rehearsal.beyond_text:
                continue
            known = list(entry.operations) if entry is not None else []
            operation = "UPDATE" if effect.updated or effect.inserted else "DELETE"
            # Which columns were set, nobody tells: any, then.
            columns = [column.name for column in relation.columns]
            assigned = entry.assigned if known == ["UPDATE"] and entry is not None else columns
            entered = self._enter(
                [relation.oid],
                "TRUNCATE" if effect.rewritten else operation,
                # Of equal rows without a key, nobody could tell later which are missing.
                whole=effect.rewritten or not relation.key or relation.oid in rehearsal.beyond_rows,
                assigned=assigned if operation == "UPDATE" else (),
            )
            if effect.inserted and relation.oid in self._inserted:
                self._enter([relation.oid], "INSERT")
            for oid in entered:
                self._entries[oid].rehearsed = effect.rows

    def _follow_references(self) -> None:
        """Add every table whose rows change with the rows that are there already."""
        looked_at: dict[int, tuple[object, ...]] = {}
        while True:
            pending = [
                oid
                for oid, entry in self._entries.items()
                if looked_at.get(oid) != entry.state and entry.changes_rows
            ]
            if not pending:
                return
            for oid in pending:
                looked_at[oid] = self._entries[oid].state
            for referrer in referrers(self._session, pending):
                self._follow(referrer)

    def _follow(self, referrer: Referrer) -> None:
        parents = relations.with_descendants(self._session, [referrer.referenced])
        entries = [self._entries[oid] for oid in parents if oid in self._entries]
        (parent,) = relations.describe(self._session, [referrer.referenced])
        (child,) = relations.describe(self._session, [referrer.oid])
        if child.kind == "p":
            oids = relations.with_descendants(self._session, [child.oid])
        else:
            oids = [child.oid]
        for when, then in _carried(entries, referrer):
            whole = any(entry.whole for entry in entries if when in entry.operations)
            self._enter(
                oids, then, whole=whole, assigned=referrer.columns if then == "UPDATE" else ()
            )
            carrier = Carrier(parent, child, referrer, when, then)
            self._carriers[referrer.oid, referrer.columns, parent.oid, when, then] = carrier

    def _add_truncation(self, change: Truncation) -> None:
        oids = []
        for table in change.tables:
            own = self._known([Reference(table.name, table.only)])
            oids += own if table.only else relations.with_descendants(self._session, own)
        if change.cascade:
            oids = relations.truncated_by_cascade(self._session, oids)
        entered = self._enter(oids, "TRUNCATE", whole=True)
        if change.restart_identity:
            self._restarted.update(entered)

    def _known(self, references: Iterable[Reference]) -> list[int]:
        return [self._oids[reference] for reference in references if reference in self._oids]

    def _enter(
        self, oids: list[int], operation: str, *, whole: bool = False, assigned: Sequence[str] = ()
    ) -> list[int]:
        entered = []
        for relation in relations.describe(self._session, oids):
            if relation.temporary:
                # It ends with its session, and nobody else has ever seen it.
                continue
            if relation.kind not in ("r", "p"):
                self._not_covered.append(
                    f"{relation.label} is not a table: rows changed through it are not saved."
                )
                continue
            entry = self._entries.setdefault(relation.oid, RelationFootprint(relation))
            entry.operations = list(dict.fromkeys([*entry.operations, operation]))
            entry.assigned = list(dict.fromkeys([*entry.assigned, *assigned]))
            entry.whole = entry.whole or whole
            entered.append(relation.oid)
        return entered

    def _is_searchable(self, change: RowChange, oids: list[int]) -> bool:
        """Whether a query of ours would find the same rows."""
        if any(oid in self._entries for oid in oids):
            # What an earlier change left may decide which rows this one finds.
            return traits.looks_at_own_columns_only(change) and len(self._seeds) < _MOST_SEEDS
        return not traits.locks_rows(change)

    def _is_volatile(self, change: RowChange) -> bool:
        """Whether it may find other rows each time that it is run."""
        names = traits.called_names(traits.searched_tokens(change))
        return traits.samples_rows(change) or bool(relations.volatile_names(self._session, names))


def _references(change: Change) -> list[Reference]:
    if isinstance(change, RowChange):
        return [Reference(change.table, change.only)]
    if isinstance(change, Truncation):
        return [Reference(table.name, table.only) for table in change.tables]
    if isinstance(change, TableDrop):
        return [Reference(table) for table in change.tables]
    if isinstance(change, Unreadable) and change.table is not None:
        return [Reference(change.table)]
    return []


def _carried(entries: list[RelationFootprint], referrer: Referrer) -> list[tuple[str, str]]:
    """Return what happens to a parent's row, and with it to the rows that refer to it."""
    carried = []
    if referrer.on_delete is not None and any("DELETE" in entry.operations for entry in entries):
        carried.append(("DELETE", "DELETE" if referrer.on_delete == "CASCADE" else "UPDATE"))
    key_moves = any(
        "UPDATE" in entry.operations and set(entry.assigned) & set(referrer.referenced_columns)
        for entry in entries
    )
    if key_moves and referrer.on_update is not None:
        carried.append(("UPDATE", "UPDATE"))
    return carried


def _unread_findings(result: RiskResult, found: list[Change]) -> list[str]:
    return [
        finding.reason
        for finding in result.findings
        if finding.level >= AT_RISK
        and not any(change.start <= finding.start < change.end for change in found)
    ]
