"""Erasing rows of one table from every snapshot of a storage, so that the rest stays restorable.

PostgreSQL says which rows a condition means, in transactions that are rolled back. Neither the
condition nor a value of a row may reach a manifest, a log or an error.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from backstop.encryption import IdentityArgument, identities_from
from backstop.erasing._report import ErasureReport, SnapshotErasure
from backstop.erasing._snapshot import OneErasure
from backstop.errors import (
    ConfigurationError,
    ConnectionFailed,
    ObjectNotFound,
    SnapshotDamaged,
    SnapshotFailed,
    SnapshotNotFound,
    WrongKey,
    describe,
)
from backstop.recovery.connecting import opened
from backstop.session import Session, TransactionStatus
from backstop.settings import StorageArgument, storage_from
from backstop.snapshots.manifest import Manifest
from backstop.snapshots.repository import Repository
from backstop.snapshots.selection import names
from backstop.syntax.condition import is_condition


def erase(
    table: str,
    where: str,
    *,
    storage: StorageArgument | None = None,
    dsn: str | None = None,
    conn: object | None = None,
    identity: IdentityArgument | None = None,
    dry_run: bool = False,
) -> ErasureReport:
    """Erase the saved rows of a table that fulfil a condition from every snapshot that has some.

    ``table`` is a name, with its schema or without, and means its partitions and the tables that
    inherit from it, too, as they were called when they were saved. ``where`` is a condition in SQL,
    such as "id = 7". The database, given by ``dsn`` or by ``conn``, an idle connection, evaluates
    it on copies of the saved rows and is left as it is; the table needn't exist there any more.
    ``identity`` is the file with the age identity that opens snapshots that are encrypted. With
    ``dry_run`` rows are only counted.

    What could not be erased is in the report, and isn't raised. Raises ConfigurationError,
    SnapshotNotFound where no snapshot holds rows of the table, ConnectionFailed and
    StorageUnreachable; what was erased until then stays so, and the same call finishes the rest.
    """
    if not is_condition(where):
        raise ConfigurationError('where is not one condition: give it as "id = 7".')
    repository = Repository(storage_from(storage), identities=identities_from(identity))
    with opened(dsn, conn) as session:
        return _Erasure(session, repository, table, where, dry_run).run()


@dataclass(frozen=True)
class _Erasure:
    session: Session
    repository: Repository
    table: str
    where: str
    dry_run: bool

    def run(self) -> ErasureReport:
        """Find the snapshots that hold rows of the table, and erase from one after the other."""
        candidates: list[str] = []
        damaged: list[SnapshotErasure] = []
        labels: set[str] = set()
        for snapshot_id in sorted(self.repository.ids()):
            try:
                meant = set(self._labels(self.repository.look(snapshot_id).manifest))
            except (SnapshotNotFound, ObjectNotFound):
                # It was pruned meanwhile.
                continue
            except SnapshotDamaged as error:
                damaged.append(SnapshotErasure(snapshot_id, remaining=(str(error),)))
                continue
            if meant:
                labels |= meant
                candidates.append(snapshot_id)
        label = self._only(labels)
        tried = [self._erase(snapshot_id, label) for snapshot_id in candidates]
        found = [one for one in tried if one.rows or one.written or not one.complete]
        return ErasureReport(
            label,
            self.dry_run,
            len(candidates),
            tuple(sorted([*damaged, *found], key=lambda one: one.id)),
            tuple(self.repository.leftovers()),
        )

    def _labels(self, manifest: Manifest) -> Iterator[str]:
        """Give the tables of a snapshot that could be meant."""
        saved = [label for table in manifest.tables for label in (table.label, *table.parents)]
        return (label for label in (*saved, *manifest.partitioned) if names(self.table, label))

    def _only(self, labels: set[str]) -> str:
        if not labels:
            raise SnapshotNotFound(
                f"No snapshot in {self.repository.storage.url} holds rows of {self.table}: give "
                "its name as it was when they were saved. `backstop snapshots list` shows them."
            )
        if len(labels) > 1 and self.table not in labels:
            raise ConfigurationError(
                f"{self.table} could be {' or '.join(sorted(labels))}. Give the schema as well."
            )
        return self.table if self.table in labels else labels.pop()

    def _erase(self, snapshot_id: str, label: str) -> SnapshotErasure:
        one = OneErasure(
            self.session, self.repository, snapshot_id, label, self.where, self.dry_run
        )
        try:
            return one.run()
        except SnapshotNotFound:
            # It was pruned meanwhile.
            return SnapshotErasure(snapshot_id)
        except (SnapshotDamaged, SnapshotFailed, ObjectNotFound, WrongKey) as error:
            return SnapshotErasure(snapshot_id, remaining=(str(error),))
        except Exception as error:
            if self.session.status() is TransactionStatus.UNUSABLE:
                raise ConnectionFailed(
                    f"The connection was lost: {describe(error)}. Run it again: it finishes "
                    "what is left."
                ) from error
            raise
