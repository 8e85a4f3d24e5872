"""Giving tables that have lost columns their rows, or the values of those columns, back."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from backstop.errors import BackstopError, RestoreFailed, describe
from backstop.postgres import existing
from backstop.postgres.objects import CatalogObject
from backstop.postgres.relations import Relation
from backstop.postgres.remaking.appending import append_values, lost_columns
from backstop.postgres.remaking.rebuilding import Rebuilding
from backstop.postgres.rows import images
from backstop.postgres.rows.comparing import Comparison
from backstop.postgres.rows.quiet import quiet
from backstop.recovery.exchange import Exchange
from backstop.recovery.objects import ObjectPlan
from backstop.recovery.report import TableReport
from backstop.recovery.rows import (
    check_count,
    saved_columns,
    unsaved_columns,
    without_not_null,
)
from backstop.recovery.saved import SavedContents
from backstop.session import Session
from backstop.snapshots.manifest import SavedTable


class TakingOver:
    """The tables of one restore that were made anew, or have got columns appended.

    With ``overwrite``, values that were written since go. ``rewritten`` are the labels of those
    made anew, each with who had written its rows; ``problems`` is what they are not as before in.
    """

    def __init__(
        self, session: Session, saved: SavedContents, objects: ObjectPlan, *, overwrite: bool
    ) -> None:
        self._session = session
        self._saved = saved
        self._objects = objects
        self._overwrite = overwrite
        self.rewritten: dict[str, Sequence[str]] = {}
        self.problems: list[str] = []
        tables = saved.snapshot.manifest.tables
        self._tables = {table.label: table for table in tables if table.is_altered}

    def run(self, swap: Exchange) -> Iterator[TableReport]:
        """Fill each of them, and report on it; what stepped aside is dropped."""
        rebuildings = list(self._rebuildings(swap))
        # Rows may break a constraint that is NOT VALID.
        with quiet(self._session, [rebuilding.relation for rebuilding in rebuildings]):
            yield from map(self._reported, rebuildings)
        for aside in reversed(list(swap.aside.values())):
            self._session.execute(aside.drop)
        for item in self._objects.objects:
            table = self._tables.get(f"{item.schema}.{item.name}")
            if item.identity in self._objects.appended and table is not None and table.columns:
                yield TableReport(table.label, table.rows, updated=self._append(item, table))

    def _rebuildings(self, swap: Exchange) -> Iterator[Rebuilding]:
        """Give each table that stepped aside and holds rows, to be filled anew."""
        before = {item.identity: item for item in self._objects.objects}
        for identity, aside in swap.aside.items():
            now = self._objects.model.objects[identity]
            if now.kind != "table":
                continue
            relation = self._relation(now)
            if relation.holds_rows:
                then = before.get(identity, now)
                writers = images.newest_writers(self._session, aside.name)
                self.rewritten[relation.label] = writers
                yield Rebuilding(self._session, then, now, aside.name, relation)

    def _reported(self, rebuilding: Rebuilding) -> TableReport:
        try:
            return self._filled(rebuilding)
        except BackstopError:
            raise
        except Exception as error:
            raise RestoreFailed(
                f"The rows of {rebuilding.relation.label} could not be taken over into the table "
                f"as it was: {describe(error)}. Nothing was changed."
            ) from error

    def _filled(self, rebuilding: Rebuilding) -> TableReport:
        label = rebuilding.relation.label
        table = self._tables.get(label)
        if table is None:
            return TableReport(label, 0, updated=rebuilding.copy())
        unsaved = unsaved_columns(table, rebuilding.relation)
        lost = [name for name in unsaved if name in rebuilding.lost]
        self.problems += without_not_null(self._session, rebuilding.relation, lost)
        comparison = self._loaded(table, rebuilding.relation)
        marks = self._saved.marks(label)
        rows, conflicts = rebuilding.fill(comparison, table.key, marks, overwrite=self._overwrite)
        comparison.discard()
        return TableReport(label, table.rows, updated=rows, conflicts=conflicts)

    def _append(self, item: CatalogObject, table: SavedTable) -> int:
        lost = lost_columns(item, self._objects.model.objects[item.identity])
        comparison = self._loaded(table, self._relation(item))
        rows = append_values(self._session, comparison, table.key, lost)
        comparison.discard()
        return rows

    def _loaded(self, table: SavedTable, relation: Relation) -> Comparison:
        comparison = Comparison(self._session, relation, saved_columns(table, relation))
        rows = comparison.load(self._saved.reader(table.label, table))
        check_count(table.label, rows, table.rows)
        return comparison

    def _relation(self, item: CatalogObject) -> Relation:
        (found,) = existing.find_relations(self._session, [(item.schema, item.name)]).values()
        return found
