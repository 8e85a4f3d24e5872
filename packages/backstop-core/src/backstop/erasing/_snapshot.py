"""Erasing rows from one snapshot: it is the old one whole until it is the new one whole."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace
from datetime import datetime, timedelta, timezone

from backstop.encryption import Recipients
from backstop.erasing._report import SnapshotErasure
from backstop.erasing._tables import Condition, TableErasure, Unsearchable
from backstop.errors import SnapshotNotFound
from backstop.postgres.references import referring
from backstop.postgres.rows.choosing import role_settings, wait_for_others
from backstop.postgres.transaction.savepoints import PINNED, change_settings, taken_back, undone
from backstop.session import Session
from backstop.snapshots import identifiers
from backstop.snapshots.keys import valid
from backstop.snapshots.manifest import Manifest, SavedTable, Status, WrittenRows
from backstop.snapshots.proofs import only_key
from backstop.snapshots.replacing import Replacement, remove_replaced
from backstop.snapshots.repository import Repository, Snapshot

# Until then what a statement has left may still be on its way.
_IN_PROGRESS = timedelta(days=1)

_UNLIMITED = {"statement_timeout": "0", "idle_in_transaction_session_timeout": "0"}


class OneErasure:
    """One snapshot, and the rows of the table with a label that are to go."""

    def __init__(
        self,
        session: Session,
        repository: Repository,
        snapshot_id: str,
        label: str,
        where: str,
        dry_run: bool,
    ) -> None:
        self._session = session
        self._repository = repository
        self._id = snapshot_id
        self._label = label
        self._where = where
        self._dry_run = dry_run
        self._remaining: list[str] = []
        self._done: list[TableErasure] = []
        self._kept_until: list[datetime] = []
        self._referring: set[str] = set()

    def run(self) -> SnapshotErasure:
        """Erase them, and say what became of it; the database is left as it is."""
        with taken_back(self._session):
            wait_for_others(self._session, self._id)
            settings = role_settings(self._session)
            change_settings(self._session, {**PINNED, **_UNLIMITED})
            self._erase(Condition(self._where, self._label.rpartition(".")[2], settings))
        return SnapshotErasure(
            self._id,
            tuple(erasure.table.label for erasure in self._done),
            sum(erasure.rows for erasure in self._done),
            sum(erasure.written for erasure in self._done),
            self._repository.is_pinned(self._id),
            max(self._kept_until, default=None),
            tuple(self._remaining),
            tuple(sorted(self._referring)),
        )

    def _erase(self, condition: Condition) -> None:
        if not self._dry_run:
            # An erasure that was interrupted may have left it.
            remove_replaced(self._repository, self._id)
        key = only_key(valid(self._repository.manifest_keys(self._id)))
        if key is None:
            raise SnapshotNotFound(f"No snapshot has the id {self._id}.")
        snapshot = self._repository.look(self._id)
        tables = self._tables(snapshot)
        self._kept_until += [end for table in tables for end in _still_kept(table)]
        with Replacement(self._anew(snapshot.manifest), self._id, key) as replacement:
            changed = {
                table.oid: found
                for table in tables
                if (found := self._without_rows(snapshot, table, condition, replacement))
            }
            self._referring = self._with_keys_to_what_is_gone()
            if changed:
                replacement.save(_described(snapshot, changed))

    def _tables(self, snapshot: Snapshot) -> list[SavedTable]:
        """Return the saved relations that are meant; notes where that can't be told."""
        manifest = snapshot.manifest
        meant = [table for table in manifest.tables if self._label in (table.label, *table.parents)]
        if not meant and self._label in manifest.partitioned:
            labels = ", ".join(table.label for table in manifest.tables)
            self._remaining.append(
                f"It doesn't tell which of its tables are partitions of {self._label}: erase from "
                f"each of them by its own name ({labels})."
            )
        age = datetime.now(timezone.utc) - identifiers.created_at(self._id)
        is_running = snapshot.outcome.status is Status.UNKNOWN and age < _IN_PROGRESS
        if is_running and any(table.left_rows for table in meant):
            self._remaining.append(
                "Its statement may not have ended yet, and what that leaves is stored later: run "
                "this again in a day."
            )
        # Of a table without columns, nothing is stored.
        return [table for table in meant if table.columns]

    def _with_keys_to_what_is_gone(self) -> set[str]:
        """Return which saved tables have foreign keys to those with rows that are to go."""
        gone = [erasure.table for erasure in self._done if erasure.rows]
        labels = {label for table in gone for label in (table.label, *table.parents)}
        if not labels:
            return set()
        found = referring(self._session, labels)
        # Whoever could read the rows can open the definitions.
        manifest = self._repository.load(self._id).manifest
        for item in manifest.objects:
            # Its own table comes first.
            own, *others = (need.partition("table ")[2] for need in item.depends_on or ("",))
            if item.kind == "foreign key" and not labels.isdisjoint(others):
                found.add(own)
        return {
            table.label
            for table in manifest.tables
            if table.rows and not found.isdisjoint((table.label, *table.parents))
        }

    def _anew(self, manifest: Manifest) -> Repository:
        """Return where new parts go: whoever could open the snapshot still can, and nobody else."""
        names = manifest.encrypted_to
        return Repository(self._repository.storage, recipients=Recipients(names) if names else None)

    def _without_rows(
        self,
        snapshot: Snapshot,
        table: SavedTable,
        condition: Condition,
        replacement: Replacement,
    ) -> tuple[SavedTable, WrittenRows | None] | None:
        """Store one relation without the rows; None where it stays as it is."""
        left = snapshot.written(table)
        erasure = TableErasure(self._session, self._repository, table, left, condition)
        with undone(self._session, "backstop_erasing"):
            try:
                erasure.find()
            except Unsearchable as error:
                self._remaining.append(str(error))
                return None
            self._remaining += erasure.remaining
            if not (erasure.rows or erasure.written):
                return None
            self._done.append(erasure)
            kept = erasure.kept_until()
            self._kept_until += [kept] if kept is not None else []
            return None if self._dry_run else erasure.rewrite(replacement, kept)


def _still_kept(table: SavedTable) -> Iterator[datetime]:
    """Give until when storage keeps what earlier erasures have replaced."""
    ends = (datetime.fromisoformat(one.kept_until) for one in table.erased if one.kept_until)
    return (end for end in ends if end > datetime.now(timezone.utc))


def _described(
    snapshot: Snapshot, changed: dict[int, tuple[SavedTable, WrittenRows | None]]
) -> Manifest:
    """Return the manifest of a snapshot of which some relations are others now."""
    manifest, written = snapshot.manifest, snapshot.outcome.written
    after = {oid: left for oid, (_, left) in changed.items() if left is not None}
    return replace(
        manifest,
        tables=tuple(
            changed[table.oid][0] if table.oid in changed else table for table in manifest.tables
        ),
        not_covered=(*manifest.not_covered, *_sentences(changed.values())),
        written=tuple(after.get(left.oid, left) for left in written) if after else manifest.written,
    )


def _sentences(
    changed: Iterable[tuple[SavedTable, WrittenRows | None]],
) -> Iterator[str]:
    return (table.erased[-1].sentence(table.label) for table, _ in changed)
