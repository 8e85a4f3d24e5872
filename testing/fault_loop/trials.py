"""One piece of work with one fault, and what has to be true afterwards."""

from __future__ import annotations

import contextlib
from abc import ABC, abstractmethod
from dataclasses import replace
from typing import TYPE_CHECKING

import backstop
from backstop.snapshots.identifiers import new_id
from testing.fault_loop.checks import (
    check_claim,
    check_leftovers_go,
    check_nothing_is_left,
    listed,
    require,
    restore,
)
from testing.fault_loop.child import PRUNE, RESTORE, every_age
from testing.fault_loop.nursery import Ended, FaultFound
from testing.fault_loop.works import BACKEND, CLIENT, DELETE, ENDPOINT, SERVER_WHOLE, UPDATE, Work
from testing.steps import STATEMENT

if TYPE_CHECKING:
    from collections.abc import Sequence

    from psycopg2.extensions import connection as Connection  # noqa: N812

    from testing.contents import Contents, Tables
    from testing.fault_loop.child import Job
    from testing.fault_loop.world import Store, World

# How long a statement may wait for an endpoint that is dead.
_BOUND = 20.0


class Trial(ABC):
    """A work that is done again and again, each time with its victim dying at another step."""

    def __init__(self, world: World, work: Work, victim: str) -> None:
        self.world = world
        self.work = work
        self.victim = victim
        self.steps: Sequence[str] = ()

    @property
    def tables(self) -> Tables:
        """The work's tables."""
        return self.world.tables(self.work)

    def count(self) -> Sequence[str]:
        """Do the work unharmed, check it as if somebody had died at its end, and tell its steps."""
        self.steps = self._run(None)
        return self.steps

    def at(self, number: int) -> str | None:
        """Kill the victim before the numbered step and check; None if it didn't come to that.

        Raises FaultFound.
        """
        steps = self._run(number)
        return steps[-1] if steps else None

    def _run(self, number: int | None) -> Sequence[str]:
        with self.world.store(on_s3=self.work.on_s3 or self.victim == ENDPOINT) as store:
            job = self.prepare(replace(self.work.job, storage=store.url), store)
            job = replace(job, dsn=self.world.server.dsn, stop=number)
            if number is None:
                ended = self.world.nursery.run(job)
                require(ended.known and not ended.errors, f"unharmed, it failed: {ended}")
                self._check(ended, None, store)
                return ended.steps
            stopped, ended = self._interrupted(job)
            if stopped is None:
                return ()
            try:
                self._check(ended, number, store)
            except FaultFound as found:
                raise FaultFound(f"at step {number}, {stopped}: {found}") from found
            except Exception as error:
                raise FaultFound(f"at step {number}, {stopped}: {error!r}") from error
            return [stopped]

    def _interrupted(self, job: Job) -> tuple[str | None, Ended]:
        nursery = self.world.nursery
        nursery.start(job)
        found = nursery.stopped()
        if found is None:
            nursery.end()
            return None, Ended()
        stopped, backend = found
        tables = self.tables
        killed = self.world.kill(self.victim, tables, backend)
        if self.victim != CLIENT:
            nursery.go_on()
        ended = nursery.end()
        if killed:
            self.world.recover(self.victim, tables)
        return stopped if killed else None, ended

    def _check(self, ended: Ended, number: int | None, store: Store) -> None:
        if self.victim == ENDPOINT and number is not None:
            require(ended.known, "the process is gone")
            require(ended.seconds < _BOUND, f"it took {ended.seconds:.1f} s")
        check_nothing_is_left(self.tables)
        self.check(ended, number, store)
        check_leftovers_go(store)

    @abstractmethod
    def prepare(self, job: Job, store: Store) -> Job:
        """Make the state in which the work begins."""

    @abstractmethod
    def check(self, ended: Ended, number: int | None, store: Store) -> None:
        """Look at the database and the store, after a fault before the numbered step."""


class StatementTrial(Trial):
    """A statement with its snapshot."""

    def prepare(self, job: Job, store: Store) -> Job:
        """Fill the tables."""
        del store
        earlier = [] if job.isolation is None else ["INSERT INTO earlier VALUES (1)"]
        tables = self.tables
        self._nothing = tables.contents_after()
        self._unharmed = tables.contents_after(*earlier)
        self._done = tables.contents_after(job.sql, *earlier)
        tables.reset(redefine=self.work.redefines)
        return job

    def check(self, ended: Ended, number: int | None, store: Store) -> None:
        """Check that it ran wholly or not at all, and that it comes back if it did."""
        found = self.tables.contents()
        took_effect = found == self._done
        require(took_effect or found == self._nothing, "the statement has run in part")
        self._check_answer(ended, number, took_effect=took_effect)
        snapshots = listed(store)
        for snapshot_id in snapshots:
            check_claim(snapshot_id, store, took_effect=took_effect)
        reports = [restore(snapshot_id, store, self.tables) for snapshot_id in snapshots[::-1]]
        complete = bool(reports) and all(report.complete for report in reports)
        found = self.tables.contents()
        if not took_effect:
            require(found == self._nothing, "a snapshot of a statement that never ran did harm")
        elif complete:
            require(found == self._unharmed, "what is complete brings back something else")
        else:
            require(ended.failure_is_logged, "it ran without all of it saved, and nobody was told")

    def _check_answer(self, ended: Ended, number: int | None, *, took_effect: bool) -> None:
        if self.victim == CLIENT and number is not None:
            require(not ended.known, "it was killed, and lives")
            ran = next(i for i, step in enumerate(self.steps, 1) if step.startswith(STATEMENT))
            require(number > ran or not took_effect, "it took effect before it was run")
            require(number < len(self.steps) or took_effect, "it took no effect, and had answered")
            return
        if self.victim == ENDPOINT:
            refused = "SnapshotFailed" in ended.errors
            require(not ended.errors or refused, f"it failed: {ended.message}")
            require(not refused or self.work.job.on_failure == "raise", "it was refused")
            require(refused is not took_effect, f"{refused=}, {took_effect=}")
        require(took_effect or ended.errors, "it took no effect, and nobody was told")
        of_driver = {"OperationalError", "InterfaceError"} & set(ended.errors)
        if self.victim in (BACKEND, SERVER_WHOLE):
            require(of_driver or not ended.errors, f"not the driver's error: {ended.message}")


class RestoreTrial(Trial):
    """A restore of one statement's snapshot."""

    def prepare(self, job: Job, store: Store) -> Job:
        """Run the statement, guarded."""
        tables = self.tables
        self._before: Contents = tables.contents_after()
        self._done: Contents = tables.contents_after(job.sql)
        tables.reset(redefine=self.work.redefines)
        with contextlib.closing(self.world.server.connect()) as raw:
            raw.autocommit = True
            guarded(raw, store).cursor().execute(job.sql)
        require(tables.contents() == self._done, "the statement has done something else")
        (snapshot_id,) = listed(store)
        return replace(job, snapshot=snapshot_id)

    def check(self, ended: Ended, number: int | None, store: Store) -> None:
        """Check that all is back or nothing, and that the restore can be repeated."""
        found = self.tables.contents()
        all_back = found == self._before
        require(all_back or found == self._done, "the restore was done in part")
        if ended.known:
            require(all_back or ended.errors, "it did nothing, and nobody was told")
            ours = not ended.errors or "BackstopError" in ended.errors
            require(ours, f"not an error of ours: {ended.message}")
        if self.victim == CLIENT and number is not None and number >= len(self.steps):
            require(all_back, "it did nothing, and had answered")
        snapshot_id, *of_restores = listed(store)
        if not all_back:
            for own in of_restores[::-1]:
                check_claim(own, store, took_effect=False)
                restore(own, store, self.tables)
                require(self.tables.contents() == self._done, "to undo nothing did something")
        report = restore(snapshot_id, store, self.tables)
        require(self.tables.contents() == self._before, "repeated, it brings back something else")
        require(report.complete, "repeated, it isn't complete")
        again = restore(snapshot_id, store, self.tables)
        changed = sum(table.inserted + table.updated for table in again.tables)
        require(changed == 0, "once more, it changes something")


class PruneTrial(Trial):
    """A prune of a store with snapshots to keep, others to remove, and leftovers."""

    def prepare(self, job: Job, store: Store) -> Job:
        """Fill the store, with leftovers as well."""
        tables = self.tables
        tables.reset()
        with contextlib.closing(self.world.server.connect()) as raw:
            db = guarded(raw, store)
            for sql, end in (
                (DELETE, db.commit),
                *[(UPDATE, db.commit)] * 2,
                (UPDATE, db.rollback),
            ):
                db.cursor().execute(sql)
                end()
        store.opened.put(f"data/{new_id()}/begun", b"{}")
        self._all = listed(store)
        with every_age():
            going = backstop.snapshots.prune(store.opened, keep_last=1, dry_run=True).snapshots
        self._kept = [snapshot_id for snapshot_id in self._all if snapshot_id not in going]
        require(len(self._all) == 4 and len(self._kept) == 2, "the store isn't as it was meant")
        return job

    def check(self, ended: Ended, number: int | None, store: Store) -> None:
        """Check that only whole snapshots are left, and that the prune can be repeated."""
        left = listed(store)
        require(set(self._kept) <= set(left) <= set(self._all), f"{left} are left")
        if ended.known:
            require(left == self._kept or ended.errors, "it left some, and nobody was told")
            ours = not ended.errors or "StorageError" in ended.errors
            require(ours, f"not an error of ours: {ended.message}")
        if number is None or (self.victim == CLIENT and number >= len(self.steps)):
            require(left == self._kept, "it left some, and had answered")
        with every_age():
            backstop.snapshots.prune(store.opened, keep_last=1)
        require(listed(store) == self._kept, "repeated, it keeps others")


def guarded(raw: Connection, store: Store) -> backstop.GuardedConnection:
    """Guard a connection; no statement shall run without its snapshot."""
    return backstop.guard(
        raw, storage=store.opened, actor="victim", snapshot_at="LOW", on_snapshot_failure="raise"
    )


def trial(world: World, work: Work, victim: str) -> Trial:
    """Return the trial of a work."""
    kind = {RESTORE: RestoreTrial, PRUNE: PruneTrial}.get(work.job.verb, StatementTrial)
    return kind(world, work, victim)
