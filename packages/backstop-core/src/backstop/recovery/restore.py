"""Restoring one snapshot: plan, apply in one transaction, check, report.

In place, a restore puts back what the statement destroyed and nothing else. It never overwrites
a row that was edited later, unless told to, and doing it twice changes nothing the second time.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from enum import Enum

from backstop.drivers import connect, session_for
from backstop.encryption import IdentityArgument, identities_from
from backstop.errors import BackstopError, ConfigurationError, RestoreFailed, describe
from backstop.postgres import large_objects, server
from backstop.postgres.model.reading import NO_OBJECTS
from backstop.postgres.objects import RIGHTS, STAGES
from backstop.postgres.server import ServerState
from backstop.postgres.transactions import (
    PINNED,
    change_settings,
    milliseconds,
    transaction,
    undone,
)
from backstop.recovery import databases
from backstop.recovery.contents import ContentsRestore
from backstop.recovery.copying import copy_aside
from backstop.recovery.exchange import create, exchange
from backstop.recovery.objects import ObjectPlan, State, plan_objects
from backstop.recovery.plan import make_plan, nothing_to_do, plan_aside
from backstop.recovery.renames import Undone, undo_renames
from backstop.recovery.report import Progress, RestorePlan, RestoreReport
from backstop.recovery.saved import SavedContents
from backstop.recovery.taking_back import Additions
from backstop.recovery.taking_over import TakingOver
from backstop.recovery.updates import update_back
from backstop.session import Session, TransactionStatus
from backstop.settings import StorageArgument, storage_from
from backstop.snapshots.repository import RecordedRestore, Repository, Snapshot

# Bodies of functions may name what comes back after them.
_SETTINGS = {**PINNED, "row_security": "off", "check_function_bodies": "off"}


class OnConflict(str, Enum):
    """What a restore does with a row, or a large object, that was edited after the statement.

    REPORT leaves it alone and says so; OVERWRITE gives it what it held; ABORT changes nothing.
    """

    REPORT = "report"
    OVERWRITE = "overwrite"
    ABORT = "abort"


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
    ``lock_timeout`` is in seconds. ``identity`` is the file with the age identity that opens a
    snapshot that is encrypted. ``progress`` is called while rows are copied.

    Raises SnapshotNotFound, SnapshotDamaged, StorageError, ConnectionFailed, ConfigurationError,
    WrongKey, and RestoreFailed for everything else that stops it; the database is then as it was.
    """
    choice = _on_conflict(on_conflict)
    repository = Repository(storage_from(storage), identities=identities_from(identity))
    snapshot = repository.load(repository.find(snapshot_id))
    anew = bool(snapshot.manifest.create_database) and nothing_to_do(snapshot) is None
    session = _session(dsn, conn, may_be_gone=anew)
    attempt = _Restore(session, repository, snapshot, choice, progress, lock_timeout, fast)
    try:
        if into is not None:
            return attempt.aside(into, dry_run=dry_run)
        if anew:
            return attempt.in_dropped_database(dry_run=dry_run)
        return attempt.in_place(dry_run=dry_run)
    except BackstopError:
        raise
    except Exception as error:
        if session.status() is TransactionStatus.UNUSABLE:
            raise RestoreFailed(
                f"The connection was lost: {describe(error)}. Run the restore again: "
                "it changes nothing where everything is back already."
            ) from error
        raise RestoreFailed(
            f"The restore stopped and changed nothing: {describe(error)}."
        ) from error
    finally:
        if conn is None:
            session.close()


@dataclass
class _Restore:
    session: Session
    repository: Repository
    snapshot: Snapshot
    on_conflict: OnConflict
    progress: Callable[[Progress], None]
    lock_timeout: float
    fast: bool

    def in_dropped_database(self, *, dry_run: bool) -> RestoreReport:
        manifest = self.snapshot.manifest
        problems = []
        if not databases.is_there(self.session, manifest):
            if dry_run:
                return RestoreReport(databases.plan_creation(manifest))
            problems = databases.create(self.session, manifest)
        with databases.inside(self.session, manifest) as session:
            report = replace(self, session=session).in_place(dry_run=dry_run)
        report.problems += problems
        return report

    def in_place(self, *, dry_run: bool) -> RestoreReport:
        with transaction(self.session):
            limit = {"lock_timeout": milliseconds(self.lock_timeout)}
            change_settings(self.session, {**_SETTINGS, **limit})
            if dry_run:
                # What is renamed has to have its name back before anything can be compared.
                with undone(self.session, "backstop_dry_run"):
                    return self._planned(server.state(self.session))[0]
            state = server.state(self.session)
            report, objects = self._planned(state)
            if objects is None:
                return report
            rewritten = self._apply(objects, state, report)
            if report.conflicts and self.on_conflict is OnConflict.ABORT:
                raise RestoreFailed(" ".join([*report.conflicts, "Nothing was changed."]))
        report.applied = True
        self._record(state, rewritten, report)
        return report

    def _planned(self, state: ServerState) -> tuple[RestoreReport, ObjectPlan | None]:
        """Return the plan, and what is to be done with objects where anything is to be done."""
        manifest = self.snapshot.manifest
        nothing = nothing_to_do(self.snapshot)
        if nothing is not None:
            plan = RestorePlan(manifest.id, state.database, (), nothing_to_do=nothing)
            return RestoreReport(plan), None
        if manifest.large_objects is not None:
            large_objects.lock(self.session)
        manifest = replace(manifest, left=(*manifest.left, *self.snapshot.outcome.left))
        names, updates, restored = Undone(NO_OBJECTS), list[str](), False
        if manifest.holds_objects:
            updates = update_back(self.session, manifest)
            names = undo_renames(self.session, manifest)
            restored = self.repository.was_restored(manifest.id, state.system_identifier)
        manifest = databases.as_left(manifest, names.model)
        objects = plan_objects(
            names.model,
            manifest,
            names.as_left,
            # What is appended comes without values, where none are saved, and yet with NOT NULL.
            fast=self.fast and not any(table.redacted for table in manifest.tables),
            restored=restored,
            overwrite=self.on_conflict is OnConflict.OVERWRITE,
        )
        done = [*updates, *names.done]
        plan = make_plan(self.session, self.snapshot, state, objects, done)
        return RestoreReport(plan, renamed=done), objects

    def _record(
        self, state: ServerState, rewritten: Mapping[str, Sequence[str]], report: RestoreReport
    ) -> None:
        snapshot_id = self.snapshot.manifest.id
        done = RecordedRestore(
            snapshot_id, state.transaction_id, state.system_identifier, rewritten
        )
        try:
            self.repository.save_restore(done)
        except BackstopError as error:
            report.problems.append(
                "Everything is restored, but that couldn't be recorded, so an older snapshot of "
                f"the same rows will take them for edited: {describe(error)}"
            )

    def aside(self, into: str, *, dry_run: bool) -> RestoreReport:
        with transaction(self.session):
            state = server.state(self.session)
            plan = plan_aside(self.snapshot, state, into)
            report = RestoreReport(plan)
            if dry_run:
                return report
            (table,) = self.snapshot.manifest.tables
            source = self._saved(state).reader(table.label, table)
            report.tables.append(copy_aside(self.session, table, into, source))
        report.applied = True
        return report

    def _apply(
        self, objects: ObjectPlan, state: ServerState, report: RestoreReport
    ) -> Mapping[str, Sequence[str]]:
        """Do it, and return who had written the rows of the tables that were made anew."""
        overwrite = self.on_conflict is OnConflict.OVERWRITE
        saved = self._saved(state)
        manifest = self.snapshot.manifest
        additions = Additions(self.session, manifest.left, saved.marks, manifest.transaction_id)
        objects, kept = additions.take_back(objects, overwrite=overwrite)
        swap = exchange(self.session, objects)
        report.problems += create(self.session, swap, STAGES[0])
        taking_over = TakingOver(self.session, saved, objects, overwrite=overwrite)
        report.tables += taking_over.run(swap)
        report.problems += taking_over.problems
        contents = ContentsRestore(self.session, saved, objects, report)
        contents.rows(overwrite=overwrite)
        contents.large_objects()
        for stage in STAGES[1:]:
            if stage == RIGHTS[0]:
                contents.sequences(swap.positions)
            report.problems += create(self.session, swap, stage)
        report.created += [
            item.identity for item in objects.of(State.MISSING) if item.identity not in swap.brought
        ]
        report.changed += [item.identity for item in objects.of(State.CHANGED)]
        report.appended += objects.appended_columns
        report.existing += [item.identity for item in objects.of(State.SAME)]
        report.conflicts += [*report.conflicting_rows, *kept, *objects.conflicts]
        return taking_over.rewritten

    def _saved(self, state: ServerState) -> SavedContents:
        return SavedContents(self.repository, self.snapshot, state, self.progress)


def _on_conflict(value: str | OnConflict) -> OnConflict:
    try:
        return OnConflict(value)
    except ValueError:
        raise ConfigurationError(
            f"on_conflict is {value!r}: it takes 'report', 'overwrite' or 'abort'."
        ) from None


def _session(dsn: str | None, conn: object | None, *, may_be_gone: bool) -> Session:
    if conn is not None:
        session = session_for(getattr(conn, "__wrapped__", conn))
        if session.status() is not TransactionStatus.IDLE:
            raise ConfigurationError(
                "conn is closed or inside a transaction: commit or roll back first."
            )
        return session
    chosen = dsn or os.environ.get("BACKSTOP_DSN")
    if not chosen:
        raise ConfigurationError(
            "dsn is missing: give dsn='postgresql://user@host/database', or set BACKSTOP_DSN."
        )
    return databases.connect_somewhere(chosen) if may_be_gone else connect(chosen)
