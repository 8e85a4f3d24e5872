"""Tracing the footprint of a text, by what it says, by the catalog, and by a rehearsal.

The query that finds the rows is made of slices of the statement's own text; nothing of it is
ever written anew by a parser. Where the text can't tell the rows, a run that was taken back
tells them; where neither can, the whole relation belongs to the footprint: too much can be restored
from, too little can't.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from backstop.errors import SnapshotFailed
from backstop.postgres import relations, sequences, views
from backstop.postgres.model.difference import NO_DIFFERENCE, dropped_with
from backstop.postgres.model.reading import read_model
from backstop.postgres.relations import Reference, Relation
from backstop.postgres.touched_large_objects import NOTHING_TOUCHED
from backstop.postgres.transaction import locks
from backstop.postgres.transaction.counters import LARGE_OBJECTS
from backstop.result import RiskResult
from backstop.session import Session
from backstop.snapshots.entries import Entries
from backstop.snapshots.finders import Seed
from backstop.snapshots.following import follow_references
from backstop.snapshots.footprint import (
    Footprint,
    NothingToSave,
    OnlyARunTells,
    Rehearsal,
)
from backstop.snapshots.hidden_code import hidden_changes
from backstop.snapshots.reading import (
    is_clear,
    is_volatile,
    references_of,
    unread_findings,
)
from backstop.syntax import traits
from backstop.syntax.changes import (
    Change,
    RowChange,
    TableDrop,
    Truncation,
    Unreadable,
    Upsert,
    changes,
)

# What takes nothing but rows of the tables that it names, if they exist.
_ONLY_ROWS = frozenset({"DELETE", "UPDATE", "TRUNCATE"})
_HIDDEN = (
    "Code that commits inside can't be tried out: saved are the tables whose rows it changes by "
    "name. What else it changes, or puts together at run time, is not saved."
)
# A query with one branch for each change of a long text would take longer to plan than to run.
_MOST_SEEDS = 500


def trace(
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
    found = _Tracer(session, sql, result, rehearsal, at_once=at_once, whole=whole).trace()
    if found.unread or found.holds_anything:
        return found
    if not at_once and rehearsal is None and not _ONLY_ROWS.issuperset(result.operations):
        raise OnlyARunTells(f"What the {result.operation} takes with it, a run tells.")
    if found.not_covered:
        raise SnapshotFailed(
            f"This version can't save what {result.operation} destroys here. "
            + " ".join(found.not_covered)
        )
    raise NothingToSave(f"{result.operation} names no table that exists.")


class _Tracer:
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
        # With parameters, one text stands for as many statements as there are sets of them.
        alone = len(result.operations) in (1, len(self._changes))
        self._only_upserts = alone and all(isinstance(one, Upsert) for one in self._changes)
        self._rehearsal = rehearsal
        self._at_once = at_once
        self._whole = whole
        self._entries = Entries(session)
        self._seeds: list[Seed] = []
        self._objects = rehearsal.objects if rehearsal is not None else NO_DIFFERENCE
        self._sequences = set(self._objects.sequences)
        self._unread: list[str] = []
        self._inserted: dict[int, Sequence[str]] = {}
        self._not_covered: list[str] = []

    def trace(self) -> Footprint:
        hidden = hidden_changes(self._session, self._sql) if self._at_once else []
        references = [
            reference for change in [*self._changes, *hidden] for reference in references_of(change)
        ]
        self._oids = relations.resolve(self._session, references) if references else {}
        for change in self._changes:
            self._add(change)
        for change in hidden:
            self._add_hidden(change)
        if hidden:
            self._not_covered.append(_HIDDEN)
        carriers = follow_references(self._session, self._entries)
        if self._rehearsal is not None:
            self._add_rehearsed(self._rehearsal)
        if self._at_once:
            # Otherwise a run shows what triggers, rules and functions do.
            self._not_covered += unread_findings(self._result, self._changes)
        self._not_covered += self._objects.not_covered
        large_objects = self._rehearsal.large_objects if self._rehearsal else NOTHING_TOUCHED
        self._not_covered += large_objects.not_covered
        if self._rehearsal is None and traits.moves_names(self._sql):
            self._not_covered.append(
                "The text itself changes what names mean (search_path, RENAME or SET SCHEMA): "
                "other tables than those that are saved may be meant. Send that part on its own."
            )
        self._not_covered += self._entries.not_covered
        entries = self._entries.in_order()
        self._not_covered += [
            f"Row security is active on {entry.relation.label}: rows that its policies hide "
            "from this role are not saved."
            for entry in entries
            if entry.relation.row_security and entry.lock_mode == locks.ACCESS_EXCLUSIVE
        ]
        return Footprint(
            relations=entries,
            seeds=tuple(self._seeds),
            carriers=carriers,
            objects=self._objects,
            sequences=frozenset(self._sequences),
            unread=tuple(dict.fromkeys(self._unread)),
            not_covered=tuple(dict.fromkeys(self._not_covered)),
            large_objects=large_objects,
        )

    def _add(self, change: Change) -> None:
        if isinstance(change, RowChange):
            self._add_rows(change)
        elif isinstance(change, Truncation):
            self._add_truncation(change)
        elif isinstance(change, TableDrop):
            self._add_drop(change)
        elif isinstance(change, Unreadable):
            self._add_unread(change, self._known(references_of(change)))

    def _add_hidden(self, change: Change) -> None:
        """Add a change in code that the text runs, whose conditions may use its variables."""
        if isinstance(change, (RowChange, Unreadable)):
            named = self._known(references_of(change))
            if named:
                self._add_whole(change, named)
        else:
            self._add(change)

    def _add_rows(self, change: RowChange) -> None:
        named = self._known(references_of(change))
        targets = self._entries.describe(named)
        if not targets:
            return
        volatile = is_volatile(self._session, change)
        whole = self._whole or change.where is None or volatile
        if targets[0].oid in LARGE_OBJECTS:
            self._add_unread(change, [])
            return
        if targets[0].kind == "v" and volatile:
            self._add_whole(change, named)
            return
        searchable = change.current_of is None and (whole or not change.with_writes)
        if targets[0].kind == "v" or not searchable:
            self._add_unread(change, named)
            return
        columns = traits.assigned_columns(change)
        oids = named if change.only else relations.with_descendants(self._session, named)
        if not whole and not (
            self._is_searchable(change, oids) and is_clear(self._session, change, oids)
        ):
            self._add_unread(change, named)
            return
        entered = self._enter_effects(change, oids, whole=whole, assigned=columns)
        if change.inserts:
            self._entries.enter(oids if targets[0].kind == "p" else named, "INSERT")
        if traits.names_a_place(traits.searched_tokens(change)):
            for oid in entered:
                # It may take one of two equal rows, and later nobody could tell which is missing.
                self._entries.by_oid[oid].whole |= not self._entries.by_oid[oid].relation.key
        if entered and change.where is not None:
            self._seeds.append(Seed(change, targets[0], tuple(entered)))

    def _enter_effects(
        self,
        change: RowChange | Unreadable,
        oids: list[int],
        *,
        whole: bool,
        assigned: Sequence[str],
    ) -> list[int]:
        entered: list[int] = []
        for effect in change.effects:
            columns = assigned if effect == "UPDATE" else ()
            entered = self._entries.enter(oids, effect, whole=whole, assigned=columns)
        return entered

    def _note_inserts(self, change: RowChange | Unreadable, named: list[int]) -> None:
        """Note where a change may add rows, and which columns it sets, where that is known.

        A restore takes the rows out again that were put beside those that it changed.
        """
        tables = views.base_tables(self._session, named)
        columns: list[str] = []
        if isinstance(change, Upsert) and tables == named and self._only_upserts:
            columns = traits.assigned_columns(change)
        for oid in relations.with_descendants(self._session, tables):
            known = self._inserted.get(oid, columns)
            self._inserted[oid] = [*known, *columns] if known and columns else ()

    def _add_drop(self, change: TableDrop) -> None:
        """Add tables with all that goes with them, where no run can tell it first."""
        if not self._at_once:
            self._unread.append(f"What goes with the {change.operation}, only a run can tell.")
            return
        oids = self._known(references_of(change))
        family = self._entries.enter(
            relations.with_descendants(self._session, oids), "DROP TABLE", whole=True
        )
        if family:
            self._objects = dropped_with(read_model(self._session), family)
            self._sequences.update(self._objects.sequences)

    def _add_unread(self, change: RowChange | Unreadable, named: list[int]) -> None:
        """Add a change whose rows the text doesn't tell."""
        if change.operation == "PREPARE":
            # It runs nothing.
            return
        if change.inserts and (self._at_once or self._rehearsal is not None):
            self._note_inserts(change, named)
        if not self._at_once:
            self._unread.append(
                f"Which rows the {change.operation} at character {change.start} changes, only a "
                "run can tell."
            )
        elif named:
            self._add_whole(change, named)
        else:
            self._not_covered.append(
                f"The {change.operation} at character {change.start} can't be read exactly enough."
            )

    def _add_whole(self, change: RowChange | Unreadable, named: list[int]) -> None:
        """Add every row of the tables that a change may go to, through views as well."""
        tables = views.base_tables(self._session, named)
        family = relations.with_descendants(self._session, tables)
        for relation in self._entries.describe(family):
            columns = [column.name for column in relation.columns]
            self._enter_effects(change, [relation.oid], whole=True, assigned=columns)
            if relation.oid in self._inserted:
                self._entries.enter([relation.oid], "INSERT")

    def _add_rehearsed(self, rehearsal: Rehearsal) -> None:
        for oid, operation in rehearsal.objects.contents.items():
            self._entries.enter(
                [oid], operation, whole=True, assigned=self._every_column(oid, operation)
            )
        for relation in self._entries.describe(list(rehearsal.effects)):
            effect = rehearsal.effects[relation.oid]
            entry = self._entries.by_oid.get(relation.oid)
            if relation.oid in rehearsal.objects.contents:
                continue
            if entry is not None and not self._unread and relation.oid not in rehearsal.beyond_text:
                continue
            operation = "UPDATE" if effect.updated or effect.inserted else "DELETE"
            entered = self._entries.enter(
                [relation.oid],
                "TRUNCATE" if effect.rewritten else operation,
                # Of equal rows without a key, nobody could tell later which are missing.
                whole=effect.rewritten or not relation.key or relation.oid in rehearsal.beyond_rows,
                assigned=self._set_in(relation) if operation == "UPDATE" else (),
            )
            for oid in entered:
                self._entries.by_oid[oid].rehearsed = effect.rows
        for relation in relations.describe(
            self._session, sorted(rehearsal.inserted & set(self._inserted))
        ):
            for oid in self._entries.enter(
                [relation.oid], "INSERT", assigned=self._set_in(relation)
            ):
                entry = self._entries.by_oid[oid]
                entry.rehearsed = entry.rehearsed or 0

    def _every_column(self, oid: int, operation: str) -> Sequence[str]:
        if operation != "ALTER TABLE":
            return ()
        return [
            column.name for relation in self._entries.describe([oid]) for column in relation.columns
        ]

    def _set_in(self, relation: Relation) -> Sequence[str]:
        """Return the columns that may be set: any, unless an upsert is all that does."""
        columns = [column.name for column in relation.columns]
        told = None if relation.triggers else self._inserted.get(relation.oid)
        return told or columns

    def _add_truncation(self, change: Truncation) -> None:
        oids = []
        for table in change.tables:
            own = self._known([Reference(table.name, table.only)])
            oids += own if table.only else relations.with_descendants(self._session, own)
        if change.cascade:
            oids = relations.truncated_by_cascade(self._session, oids)
        entered = self._entries.enter(oids, "TRUNCATE", whole=True)
        if change.restart_identity:
            owned = sequences.owned(self._session, entered)
            self._sequences.update(owned)

    def _known(self, references: Iterable[Reference]) -> list[int]:
        return [self._oids[reference] for reference in references if reference in self._oids]

    def _is_searchable(self, change: RowChange, oids: list[int]) -> bool:
        """Whether a query of ours would find the same rows."""
        if any(oid in self._entries.by_oid for oid in oids):
            # What an earlier change left may decide which rows this one finds.
            return traits.looks_at_own_columns_only(change) and len(self._seeds) < _MOST_SEEDS
        return not traits.locks_rows(change)
