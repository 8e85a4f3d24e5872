"""Several snapshots on their way back, the newest first, in one transaction.

What has happened in between comes undone in the opposite order. An error anywhere takes back all.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

from backstop.errors import BackstopError, RestoreFailed, describe
from backstop.postgres import server
from backstop.postgres.server import ServerState
from backstop.postgres.transaction.savepoints import (
    PINNED,
    change_settings,
    milliseconds,
    transaction,
    undone,
)
from backstop.recovery import databases
from backstop.recovery.attempt import Attempt
from backstop.recovery.options import OnConflict, RestoreOptions
from backstop.recovery.report import RestoreReport, UndoReport
from backstop.recovery.undoable import run_undoable
from backstop.session import Session
from backstop.snapshots.repository import Repository, Snapshot
from backstop.snapshots.restores import RecordedRestore

# Bodies of functions may name what comes back after them.
_SETTINGS = {**PINNED, "row_security": "off", "check_function_bodies": "off"}


@dataclass(frozen=True)
class Series:
    """The snapshots to restore, the newest first, and the database that they go to."""

    session: Session
    repository: Repository
    snapshots: Sequence[Snapshot]
    options: RestoreOptions

    def plan(self) -> UndoReport:
        """Return what is to be done with the database as it is now, and change nothing."""
        with transaction(self.session):
            self._change_settings()
            # What is renamed has to have its name back before anything can be compared.
            with undone(self.session, "backstop_dry_run"):
                state = server.state(self.session)
                reports = [self._attempt(snapshot, state).plan() for snapshot in self.snapshots]
        return UndoReport(reports)

    def run(self) -> UndoReport:
        """Restore all of them, or none."""
        done: list[tuple[RestoreReport, RecordedRestore | None]] = []

        def restore() -> None:
            done[:] = self._restored()

        report = UndoReport([])
        if self.options.undoable:
            with _autocommitting(self.session):
                saved = run_undoable(
                    self.session,
                    self.repository,
                    [snapshot.manifest for snapshot in self.snapshots],
                    self.options.lock_timeout,
                    restore,
                )
            report.undo, report.not_undoable = saved.snapshot_id, saved.problem
        else:
            with transaction(self.session):
                restore()
        for restored, record in done:
            restored.applied = record is not None
            if record is not None:
                restored.problems += self._recorded(record)
            report.restores.append(restored)
        return report

    def in_dropped_database(self, *, dry_run: bool) -> UndoReport:
        """Plan or restore the only snapshot: that of a database that was dropped as a whole."""
        manifest = self.snapshots[0].manifest
        problems = []
        if not databases.is_there(self.session, manifest):
            if dry_run:
                return UndoReport([RestoreReport(databases.plan_creation(manifest))])
            problems = databases.create(self.session, manifest)
        with databases.inside(self.session, manifest) as session:
            inside = replace(self, session=session)
            report = inside.plan() if dry_run else inside.run()
        report.restores[0].problems += problems
        return report

    def aside(self, into: str, *, dry_run: bool) -> UndoReport:
        """Plan to copy, or copy, the rows of the only snapshot into a new table."""
        with transaction(self.session):
            state = server.state(self.session)
            (snapshot,) = self.snapshots
            attempt = self._attempt(snapshot, state)
            report = attempt.plan_aside(into) if dry_run else attempt.run_aside(into)
        report.applied = not dry_run
        return UndoReport([report])

    def _restored(self) -> Iterator[tuple[RestoreReport, RecordedRestore | None]]:
        """Restore one after the other, in the transaction in hand."""
        self._change_settings()
        state = server.state(self.session)
        earlier: list[RecordedRestore] = []
        for snapshot in self.snapshots:
            report, record = self._attempt(snapshot, state, tuple(earlier)).run()
            if report.conflicts and self.options.on_conflict is OnConflict.ABORT:
                raise RestoreFailed(" ".join([*report.conflicts, "Nothing was changed."]))
            if record is not None:
                earlier.append(record)
            yield report, record

    def _attempt(
        self, snapshot: Snapshot, state: ServerState, earlier: Sequence[RecordedRestore] = ()
    ) -> Attempt:
        return Attempt(self.session, self.repository, snapshot, self.options, state, earlier)

    def _change_settings(self) -> None:
        limit = {"lock_timeout": milliseconds(self.options.lock_timeout)}
        change_settings(self.session, {**_SETTINGS, **limit})

    def _recorded(self, record: RecordedRestore) -> list[str]:
        try:
            self.repository.save_restore(record)
        except BackstopError as error:
            return [
                "Everything is restored, but that couldn't be recorded, so an older snapshot of "
                f"the same rows will take them for edited: {describe(error)}"
            ]
        return []


@contextlib.contextmanager
def _autocommitting(session: Session) -> Iterator[None]:
    """Let the block begin and end transactions by itself, on an idle connection."""
    if session.autocommit:
        yield
        return
    connection: Any = session.connection
    connection.autocommit = True
    try:
        yield
    finally:
        # A connection that was lost has no setting any more.
        with contextlib.suppress(Exception):
            connection.autocommit = False
