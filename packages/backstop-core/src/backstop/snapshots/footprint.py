"""The footprint of a statement: which relations, and which of their rows, it would destroy.

The query that finds the rows is made of slices of the statement's own text; nothing of it is
ever written anew by a parser. Where a slice can't be trusted to find the same rows twice, the
whole relation belongs to the footprint: too much can be restored from, too little can't.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from backstop.errors import SnapshotFailed
from backstop.levels import AT_RISK
from backstop.postgres import locks, relations
from backstop.postgres.references import Referrer, referrers
from backstop.postgres.relations import Reference, Relation
from backstop.result import RiskResult
from backstop.session import Session
from backstop.snapshots.finders import finder
from backstop.syntax import traits
from backstop.syntax.changes import Change, RowChange, TableDrop, Truncation, changes
from backstop.syntax.lexer import tokenize


class NothingToSave(SnapshotFailed):
    """A statement has no footprint: there is nothing that it could destroy."""


@dataclass
class RelationFootprint:
    """What happens to the rows of one relation.

    ``whole`` says that every row is saved; ``by_reference`` that a foreign key carries the
    change here, so that any of its rows may stay untouched.
    """

    relation: Relation
    operations: list[str] = field(default_factory=list)
    whole: bool = False
    by_reference: bool = False
    assigned: list[str] = field(default_factory=list)

    @property
    def changes_rows(self) -> bool:
        """Whether rows are deleted or updated, so that foreign keys may carry it on."""
        return bool({"DELETE", "UPDATE"} & set(self.operations))

    @property
    def state(self) -> tuple[str, ...]:
        """What happens to the relation, as a value to compare."""
        return (*self.operations, *self.assigned)

    @property
    def key_changes(self) -> bool:
        """Whether an UPDATE assigns a column of the key, or there is no key."""
        return not self.relation.key or bool(set(self.assigned) & set(self.relation.key))

    @property
    def lock_mode(self) -> str:
        """The lock under which its rows can be read exactly."""
        destroyed = {"TRUNCATE", "DROP TABLE"} & set(self.operations)
        return locks.ACCESS_EXCLUSIVE if destroyed else locks.SHARE_ROW_EXCLUSIVE


@dataclass(frozen=True)
class Finder:
    """A query for (tableoid, ctid), as text, of the rows that one statement changes."""

    sql: str
    relation_oids: tuple[int, ...]


@dataclass(frozen=True)
class Footprint:
    """Everything that has to be saved before a text may run.

    ``relations`` are in OID order; ``dropped`` are those whose definitions go as well;
    ``restarted`` those whose owned sequences start again; ``not_covered`` says, in sentences,
    what a restore will not bring back.
    """

    relations: tuple[RelationFootprint, ...]
    finders: tuple[Finder, ...]
    dropped: tuple[Relation, ...]
    restarted: tuple[Relation, ...]
    not_covered: tuple[str, ...]

    @property
    def lock_modes(self) -> Mapping[Relation, str]:
        """The lock that each relation needs."""
        return {entry.relation: entry.lock_mode for entry in self.relations}

    @property
    def oids(self) -> tuple[int, ...]:
        """The relations as a value to compare."""
        return tuple(entry.relation.oid for entry in self.relations)


def footprint(session: Session, sql: str, result: RiskResult) -> Footprint:
    """Return the footprint of a text.

    Raises NothingToSave when it can destroy nothing (the tables don't exist), and SnapshotFailed
    when nothing of what it can destroy can be saved.
    """
    found = _Builder(session, sql, result).build()
    if found.relations:
        return found
    if found.not_covered:
        raise SnapshotFailed(
            f"This version can't save what {result.operation} destroys here. "
            + " ".join(found.not_covered)
        )
    raise NothingToSave(f"{result.operation} names no table that exists.")


class _Builder:
    def __init__(self, session: Session, sql: str, result: RiskResult) -> None:
        self._session = session
        self._sql = sql
        self._changes = changes(sql)
        self._result = result
        self._entries: dict[int, RelationFootprint] = {}
        self._finders: list[Finder] = []
        self._dropped: set[int] = set()
        self._restarted: set[int] = set()
        self._not_covered: list[str] = []

    def build(self) -> Footprint:
        references = [reference for change in self._changes for reference in _references(change)]
        self._oids = relations.resolve(self._session, references) if references else {}
        for change in self._changes:
            self._add(change)
        self._follow_references()
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
            finders=tuple(self._finders),
            dropped=self._chosen(self._dropped),
            restarted=self._chosen(self._restarted),
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
            self._not_covered.append(
                f"The {change.operation} at character {change.start} can't be read exactly enough."
            )

    def _add_rows(self, change: RowChange) -> None:
        named = self._known(_references(change))
        oids = named if change.only else relations.with_descendants(self._session, named)
        again = any(oid in self._entries for oid in oids)
        entered = self._enter(oids, change.operation, assigned=traits.assigned_columns(change))
        if again or not self._finds_the_same_rows(change, entered):
            for oid in entered:
                self._entries[oid].whole = True
        elif entered:
            resolved = self._entries[named[0]].relation.sql
            sql = finder(change, resolved, ordered=len(entered) > 1)
            self._finders.append(Finder(sql, tuple(entered)))

    def _follow_references(self) -> None:
        """Add, whole, every table whose rows change with the rows that are there already.

        Its own rows could be found by a join; that it is saved whole is never wrong.
        """
        looked_at: dict[int, tuple[str, ...]] = {}
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
                for operation in _carried(self._entries[referrer.referenced], referrer):
                    family = relations.with_descendants(self._session, [referrer.oid])
                    assigned = referrer.columns if operation == "UPDATE" else ()
                    for oid in self._enter(family, operation, whole=True, assigned=assigned):
                        self._entries[oid].by_reference = True

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

    def _finds_the_same_rows(self, change: RowChange, oids: list[int]) -> bool:
        if change.where is None or change.current_of is not None or change.with_writes:
            return False
        entries = [self._entries[oid] for oid in oids]
        if change.operation == "UPDATE" and any(entry.key_changes for entry in entries):
            # Without a key to go by, only the whole relation tells what the statement left.
            return False
        text = " ".join(
            part for part in (change.with_clause, change.from_clause, change.where) if part
        )
        tokens = tokenize(text)
        if any(not entry.relation.key for entry in entries) and traits.names_a_place(tokens):
            # It may take one of two equal rows, and later nobody could tell which is missing.
            return False
        return not relations.volatile_names(self._session, traits.called_names(tokens))


def _references(change: Change) -> list[Reference]:
    if isinstance(change, RowChange):
        return [Reference(change.table, change.only)]
    if isinstance(change, Truncation):
        return [Reference(table.name, table.only) for table in change.tables]
    if isinstance(change, TableDrop):
        return [Reference(table) for table in change.tables]
    return []


def _carried(entry: RelationFootprint, referrer: Referrer) -> list[str]:
    operations = []
    if "DELETE" in entry.operations and referrer.on_delete is not None:
        operations.append("DELETE" if referrer.on_delete == "CASCADE" else "UPDATE")
    key_moves = set(entry.assigned) & set(referrer.referenced_columns)
    if "UPDATE" in entry.operations and key_moves and referrer.on_update is not None:
        operations.append("UPDATE")
    return operations


def _unread_findings(result: RiskResult, found: list[Change]) -> list[str]:
    return [
        finding.reason
        for finding in result.findings
        if finding.level >= AT_RISK
        and not any(change.start <= finding.start < change.end for change in found)
    ]
