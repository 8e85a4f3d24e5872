"""What differs between a snapshot and the database as it is now, without changing anything."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from backstop.encryption import IdentityArgument, identities_from
from backstop.errors import SnapshotDamaged
from backstop.postgres import existing, server
from backstop.postgres.model.reading import Model, read_model
from backstop.postgres.relations import Relation
from backstop.postgres.rows.differing import ImageBeside
from backstop.postgres.transaction.savepoints import PINNED, change_settings, transaction
from backstop.recovery.connecting import connected
from backstop.recovery.objects import State, plan_objects
from backstop.recovery.rows import saved_names
from backstop.session import Session
from backstop.settings import StorageArgument, storage_from
from backstop.snapshots.manifest import SavedTable
from backstop.snapshots.repository import Repository, Snapshot

_SHOWN = 100
_STATES = {
    State.MISSING: "missing",
    State.CHANGED: "changed",
    State.CONFLICTING: "changed",
    State.BLOCKED: "missing",
}


@dataclass(frozen=True)
class RowDifference:
    """One row that isn't as it was saved: missing, changed or extra.

    ``before`` and ``now`` are its values as text by column; None where there is no such row.
    """

    state: str
    before: Mapping[str, str | None] | None
    now: Mapping[str, str | None] | None


@dataclass(frozen=True)
class TableDifference:
    """How the saved rows of one table compare with those that it has now.

    ``same``, ``missing``, ``changed`` and ``extra`` are counted; an extra row is one that wasn't
    there before, which only shows where the whole table was saved. Without a ``key`` rows are
    compared by all their values, and none is changed. ``rows`` are the first of those that differ.
    ``exists`` is whether there is such a table, ``lost_columns`` are those that it has no more.
    """

    table: str
    key: tuple[str, ...]
    exists: bool
    lost_columns: tuple[str, ...] = ()
    same: int = 0
    missing: int = 0
    changed: int = 0
    extra: int = 0
    rows: tuple[RowDifference, ...] = ()

    @property
    def differs(self) -> bool:
        """Whether anything of it isn't as it was."""
        different = self.missing or self.changed or self.extra or self.lost_columns
        return not self.exists or bool(different)


@dataclass(frozen=True)
class SnapshotDifference:
    """What of a snapshot isn't as it was: tables, and objects that are missing or changed.

    ``objects`` gives the state of each that differs; ``renamed`` are sentences.
    """

    snapshot_id: str
    database: str
    tables: tuple[TableDifference, ...]
    objects: Mapping[str, str] = field(default_factory=dict)
    renamed: tuple[str, ...] = ()

    @property
    def differs(self) -> bool:
        """Whether anything isn't as it was."""
        return bool(self.objects) or any(table.differs for table in self.tables)


def diff(
    snapshot_id: str,
    *,
    storage: StorageArgument | None = None,
    dsn: str | None = None,
    conn: object | None = None,
    identity: IdentityArgument | None = None,
    rows: int = _SHOWN,
) -> SnapshotDifference:
    """Compare a snapshot with the database as it is now, and change nothing.

    ``snapshot_id`` may be any unambiguous beginning of an id; ``dsn``, ``conn`` and ``identity``
    are as in :func:`backstop.restore`. All rows are compared, and the first ``rows`` of each table
    that differ are given. Nothing is locked against others.

    Raises SnapshotNotFound, SnapshotDamaged, StorageError, ConnectionFailed, ConfigurationError,
    WrongKey, and RestoreFailed for everything else that stops it.
    """
    repository = Repository(storage_from(storage), identities=identities_from(identity))
    snapshot = repository.load(repository.find(snapshot_id))
    with connected(dsn, conn) as session, transaction(session):
        change_settings(session, {**PINNED, "row_security": "off"})
        database = server.state(session).database
        tables = tuple(_tables(session, repository, snapshot, rows))
        manifest = snapshot.manifest
        objects: dict[str, str] = {}
        if manifest.holds_objects:
            objects = _objects(read_model(session, about=manifest.objects), snapshot)
        renamed = tuple(
            f"The {one.before.identity} was renamed: {one.after.identity}."
            for one in manifest.renamed
        )
    return SnapshotDifference(manifest.id, database, tables, objects, renamed)


def _tables(
    session: Session, repository: Repository, snapshot: Snapshot, most: int
) -> Iterator[TableDifference]:
    present = existing.find_relations(session, saved_names(snapshot.manifest))
    for table in snapshot.manifest.tables:
        yield _table(session, repository, table, present.get(table.label), most)


def _table(
    session: Session,
    repository: Repository,
    table: SavedTable,
    relation: Relation | None,
    most: int,
) -> TableDifference:
    names = [column.name for column in table.columns]
    there = {column.name for column in relation.columns} if relation is not None else set(names)
    lost = tuple(name for name in names if name not in there)
    if not names:
        return TableDifference(table.label, (), relation is not None)
    image = ImageBeside(session, table.oid, names, relation)
    loaded = image.load(repository.reader(table.objects))
    if loaded != table.rows:
        raise SnapshotDamaged(
            f"The stored rows of {table.label} are {loaded:,}; the manifest says {table.rows:,}."
        )
    compared = image.compare(table.key, most, extra=table.whole)
    return TableDifference(
        table.label,
        table.key,
        relation is not None,
        lost,
        **compared.counts,
        rows=tuple(RowDifference(**row) for row in compared.rows),  # type: ignore[arg-type]
    )


def _objects(model: Model, snapshot: Snapshot) -> dict[str, str]:
    plan = plan_objects(model, snapshot.manifest)
    return {
        item.identity: _STATES[plan.states[item.identity]]
        for item in plan.objects
        if plan.states[item.identity] is not State.SAME
    }
