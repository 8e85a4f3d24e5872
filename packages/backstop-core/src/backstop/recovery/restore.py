"""Restoring: one snapshot by its id, or what is meant by a table, an hour, and who did what.

In place, a restore puts back what the statement destroyed and nothing else. It never overwrites
a row that was edited later, unless told to, and doing it twice changes nothing the second time.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta

from backstop.encryption import IdentityArgument, identities_from
from backstop.errors import ConfigurationError
from backstop.postgres import server
from backstop.postgres.transaction.savepoints import transaction
from backstop.recovery.connecting import connected
from backstop.recovery.narrowing import narrowed
from backstop.recovery.options import OnConflict, RestoreOptions, on_conflict_from
from backstop.recovery.plan import nothing_to_do
from backstop.recovery.report import Progress, RestoreReport, UndoReport
from backstop.recovery.series import Series
from backstop.session import Session
from backstop.settings import StorageArgument, storage_from
from backstop.snapshots.repository import Repository, Snapshot
from backstop.snapshots.selection import Selection, choose, moment


def restore(
    snapshot_id: str,
    *,
    storage: StorageArgument | None = None,
    dsn: str | None = None,
    conn: object | None = None,
    on_conflict: str | OnConflict = OnConflict.REPORT,
    into: str | None = None,
    dry_run: bool = False,
    fast: bool = False,
    undoable: bool = True,
    lock_timeout: float = 10.0,
    identity: IdentityArgument | None = None,
    progress: Callable[[Progress], None] = lambda _: None,
) -> RestoreReport:
    """Bring back what one statement destroyed, in one transaction, and report.

    ``snapshot_id`` may be any unambiguous beginning of an id. The database is given by ``dsn``, or
    by ``conn``, an idle psycopg2 connection, which is committed; one that was dropped as a whole is
    created again by way of any other of its server's. ``into`` copies the rows of a
    snapshot of one table into a new table of that name instead. ``dry_run`` only plans. ``fast``
    puts lost columns at the end of their table instead of making it anew in its old order.
    What the restore itself changes or removes is saved before, unless it is not to be ``undoable``:
    the report's ``undo`` is the id to restore then. ``lock_timeout`` is in seconds. ``identity`` is
    the file with the age identity that opens a snapshot that is encrypted. ``progress`` is called
    while rows are copied.

    Raises SnapshotNotFound, SnapshotDamaged, StorageError, ConnectionFailed, ConfigurationError,
    WrongKey, and RestoreFailed for everything else that stops it; the database is then as it was.
    """
    options = RestoreOptions(
        on_conflict_from(on_conflict), fast, lock_timeout, None, undoable, progress
    )
    repository = Repository(storage_from(storage), identities=identities_from(identity))
    snapshots = _loaded(repository, [snapshot_id])
    with connected(dsn, conn, may_be_gone=_is_anew(snapshots)) as session:
        series = Series(session, repository, snapshots, options)
        report = (
            _restored(series, dry_run=dry_run)
            if into is None
            else series.aside(into, dry_run=dry_run)
        )
    (restored,) = report.restores
    restored.undo = report.undo
    if report.not_undoable is not None:
        restored.problems.append(report.not_undoable)
    return restored


def undo(
    *snapshot_ids: str,
    last: bool = False,
    every: bool = False,
    table: str | None = None,
    since: datetime | timedelta | None = None,
    until: datetime | timedelta | None = None,
    actor: str | None = None,
    operation: str | None = None,
    where: str | None = None,
    storage: StorageArgument | None = None,
    dsn: str | None = None,
    conn: object | None = None,
    on_conflict: str | OnConflict = OnConflict.REPORT,
    dry_run: bool = False,
    fast: bool = False,
    undoable: bool = True,
    lock_timeout: float = 10.0,
    identity: IdentityArgument | None = None,
    progress: Callable[[Progress], None] = lambda _: None,
) -> UndoReport:
    """Bring back what statements destroyed, found by what is known of them, in one transaction.

    Either ids are given, or what is known: a ``table``, with its schema or without; the time, from
    ``since`` on and before ``until``, as datetimes (UTC without a zone) or as ages; the ``actor``;
    the ``operation``, such as DELETE or DROP. Statements that failed or were rolled back don't
    count, nor do snapshots of other databases, nor those that restores have taken, unless
    ``operation`` is RESTORE. If that is one snapshot, it is restored; of several, the ``last``, or
    ``every`` one of them, the newest first. ``where`` is a condition in SQL, such as "id = 7": only
    rows of the ``table`` that fulfil it in the before-image are put back, and nothing else.

    All other arguments are those of :func:`restore`, and so are the errors. Raises
    AmbiguousSnapshot, whose ``candidates`` are what is meant, where more than one could be.
    """
    options = RestoreOptions(
        on_conflict_from(on_conflict), fast, lock_timeout, where, undoable, progress
    )
    selection = Selection(table, moment("since", since), moment("until", until), actor, operation)
    _check_choice(snapshot_ids, selection, last=last, every=every, where=where)
    repository = Repository(storage_from(storage), identities=identities_from(identity))
    snapshots = _loaded(repository, snapshot_ids)
    with connected(dsn, conn, may_be_gone=not snapshots or _is_anew(snapshots)) as session:
        if not snapshots:
            chosen = choose(repository, selection, _origin(session), last=last, every=every)
            snapshots = [repository.load(snapshot_id) for snapshot_id in chosen]
        if where is not None:
            snapshots = [narrowed(snapshot, table, where) for snapshot in snapshots]
        return _restored(Series(session, repository, snapshots, options), dry_run=dry_run)


def _restored(series: Series, *, dry_run: bool) -> UndoReport:
    if _is_anew(series.snapshots):
        return series.in_dropped_database(dry_run=dry_run)
    return series.plan() if dry_run else series.run()


def _check_choice(
    snapshot_ids: Sequence[str],
    selection: Selection,
    *,
    last: bool,
    every: bool,
    where: str | None,
) -> None:
    about = selection if where is None else Selection(None, *_without_table(selection))
    if snapshot_ids and (last or every or about.is_any):
        raise ConfigurationError(
            "Ids say which snapshots are meant: leave out what else is known of them, or the ids."
        )
    if last and every:
        raise ConfigurationError("last and every exclude each other.")
    if not (snapshot_ids or last or selection.is_any):
        raise ConfigurationError(
            "Nothing says which snapshot is meant: give an id, or what is known of it, such as "
            "table='shop.users' with last=True."
        )


def _without_table(
    selection: Selection,
) -> tuple[datetime | None, datetime | None, str | None, str | None]:
    return selection.since, selection.until, selection.actor, selection.operation


def _loaded(repository: Repository, beginnings: Sequence[str]) -> list[Snapshot]:
    """Return the snapshots whose ids begin so, the newest first."""
    found = {repository.find(beginning) for beginning in beginnings}
    return [repository.load(snapshot_id) for snapshot_id in sorted(found, reverse=True)]


def _is_anew(snapshots: Sequence[Snapshot]) -> bool:
    """Whether what comes back is a whole database; raises ConfigurationError for more as well."""
    anew = [
        snapshot
        for snapshot in snapshots
        if snapshot.manifest.create_database and nothing_to_do(snapshot) is None
    ]
    if anew and len(snapshots) > 1:
        raise ConfigurationError(
            f"The snapshot {anew[0].manifest.id} is of a whole database, and has to be restored "
            "by itself."
        )
    return bool(anew)


def _origin(session: Session) -> str:
    with transaction(session):
        return server.state(session).origin
