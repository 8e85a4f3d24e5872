"""Run, compare, run again: a statement's snapshot holds everything that the statement touches.

Triggers, functions, views and other sessions can make a statement touch more than its text tells.
So it is run where it can be taken back; what it has touched is compared with what is saved; and if
something is missing, it is taken back, that is saved too, and it runs again. At most twice: what
is missing then stands, by name, in the outcome.
"""

from __future__ import annotations

import contextlib
from dataclasses import dataclass, replace
from typing import Callable, Generic, TypeVar

from backstop.assessment import Judge
from backstop.audit import Event
from backstop.errors import describe
from backstop.modes import Action
from backstop.postgres import sequences
from backstop.postgres.touched_large_objects import touched_by
from backstop.postgres.transaction import lasting
from backstop.postgres.transaction.counters import Effects
from backstop.result import RiskResult
from backstop.running.in_transaction import Running
from backstop.running.looking import Looking, Seen
from backstop.session import Session
from backstop.snapshots import coverage, leaving
from backstop.snapshots.capture import Captured, capture, capture_definitions
from backstop.snapshots.footprint import NothingToSave, OnlyARunTells, Rehearsal
from backstop.snapshots.manifest import Outcome, Status, WrittenRows
from backstop.snapshots.repository import Repository
from backstop.snapshots.request import SnapshotRequest

Answer = TypeVar("Answer")

_MOST_REPETITIONS = 2


@dataclass(frozen=True)
class Execution(Generic[Answer]):
    """One statement as its adapter runs it, and the event that tells of it."""

    run: Callable[[], Answer]
    rowcount: Callable[[], int | None]
    event: Event

    @property
    def rows(self) -> int | None:
        """The driver's count after the run, None where it gives none."""
        count = self.rowcount()
        return count if count is not None and count >= 0 else None


@dataclass(frozen=True)
class Ran(Generic[Answer]):
    """A statement that has run and stands, though its transaction may not be committed yet.

    ``captured`` is its snapshot, if it needed one, and ``outcome`` what there is to record of it.
    """

    answer: Answer
    captured: Captured | None
    outcome: Outcome | None


class Repeating(Generic[Answer]):
    """One statement on its way through runs that are taken back, to the one that stands.

    ``judge`` tells from what a run has done whether it needs a snapshot, by a result of a higher
    level; without it, it does. ``failed`` takes in that a snapshot failed, and may raise.
    ``captured`` is the snapshot so far, and ``statement_failed`` whether the statement raised.
    """

    def __init__(
        self,
        session: Session,
        repository: Repository,
        request: SnapshotRequest,
        execution: Execution[Answer],
        running: Running,
        failed: Callable[[Exception], None],
        judge: Judge | None = None,
    ) -> None:
        self._session = session
        self._repository = repository
        self._request = request
        self._execution = execution
        self.running = running
        self._failed = failed
        self._looking = Looking(session, running, judge)
        self.captured: Captured | None = None
        self.statement_failed = False
        self._gave_up = False
        self._tries_out = False
        self._lasting = lasting.Lasting()

    def begin(self) -> None:
        """Begin, and save what the text tells, unless only a run tells the rest as well.

        Raises NothingToSave, or what made it fail.
        """
        self.running.begin()
        with contextlib.suppress(OnlyARunTells):
            self.captured = capture(self._session, self._repository, self._request)

    def run(self) -> Ran[Answer]:
        """Run the statement until all that it touches is saved; what it raises passes through."""
        left = 0 if self._request.at_once else _MOST_REPETITIONS
        self._looking.look_before(self._request)
        self._note_lasting()
        while True:
            answer = self._run_once()
            seen = self._look()
            needless = (
                self._looking.judge is not None and seen.raised is None and self.captured is None
            )
            if needless and seen.takes_nothing:
                self.running.keep()
                return Ran(answer, None, None)
            self._take_in(seen.raised)
            if self.captured is None and seen.takes_only_definitions:
                self._capture_definitions(seen)
                return self._stand(answer, seen)
            # Where nothing is known of the run, whole tables are saved, and that is all.
            unknown = seen.problem is not None and not self._request.at_once
            if left == 0 or self._gave_up or not (unknown or not seen.is_covered):
                return self._stand(answer, seen)
            left -= 1
            self._undo()
            seen = self._look_again(seen)
            if unknown or not seen.is_covered:
                self._capture_more(seen)

    def try_out(self) -> Captured | None:
        """Run the statement once, take it back, and save what it touched, as far as it did."""
        self._tries_out = True
        self._looking.look_before(self._request)
        self._note_lasting()
        self._run_once()
        seen = self._look()
        self._undo()
        self._capture_more(self._look_again(seen))
        self.running.keep()
        if self.captured is None or seen.effects is None:
            return self.captured
        effects = seen.effects.tables
        written = sum(effect.inserted + effect.updated for effect in effects.values())
        # To convert a column, the server writes every row anew, and counts none.
        written += sum(table.rows for table in self.captured.manifest.tables if table.is_altered)
        added_to = frozenset(oid for oid, effect in effects.items() if effect.adds)
        return replace(self.captured, written=written, added_to=added_to)

    def _run_once(self) -> Answer:
        self.running.start()
        try:
            return self._execution.run()
        except BaseException:
            self.statement_failed = True
            raise

    def _note_lasting(self) -> None:
        if not lasting.may_change(self._request.sql):
            return
        self.running.begin()
        try:
            self._lasting = lasting.note(self._session, self._request.sql)
        except Exception as error:
            self._gave_up = True
            self._failed(error)

    def _undo(self) -> None:
        self.running.undo()
        self._lasting.put_back(self._session)

    def _look(self) -> Seen:
        return self._looking.look(self._request, self.captured, tries_out=self._tries_out)

    def _look_again(self, seen: Seen) -> Seen:
        told = self._looking.look_again(self._request, self.captured, seen)
        if told is not seen:
            self._take_in(told.raised)
        return told

    def _take_in(self, raised: RiskResult | None) -> None:
        if raised is None:
            return
        self._looking.judge = None
        self._request = replace(self._request, result=raised)
        event = self._execution.event
        event.result, event.action = raised, Action.SNAPSHOT

    def _capture_more(self, seen: Seen) -> None:
        """Save what the text tells together with what a run has shown."""
        earlier = self.captured
        try:
            if seen.effects is None:
                # What only a run tells can't be told: whole tables, then.
                self._request = replace(self._request, at_once=True, rehearsal=None)
            else:
                rehearsal = self._rehearsal(seen.effects, seen)
                self._request = replace(self._request, rehearsal=rehearsal)
            self.captured = capture(self._session, self._repository, self._request)
            self._looking.before = self.captured.before or self._looking.before
        except NothingToSave:
            return
        except Exception as error:
            self._gave_up = True
            self._failed(error)
            return
        if earlier is not None:
            # Two snapshots of one statement would both be restored.
            with contextlib.suppress(Exception):
                self._repository.discard(earlier.manifest.id)

    def _capture_definitions(self, seen: Seen) -> None:
        try:
            self.captured = capture_definitions(
                self._session, self._repository, self._request, seen.objects
            )
        except Exception as error:
            self._failed(error)

    def _rehearsal(self, effects: Effects, seen: Seen) -> Rehearsal:
        known = self._request.rehearsal or Rehearsal(frozenset(), {})
        touched = known.large_objects
        if seen.large_objects is not None:
            touched = touched_by(self._session, seen.large_objects).with_earlier(touched)
        tried = self.captured.footprint.relations if self.captured is not None else ()
        lost = [entry for entry in tried if entry.relation.oid in seen.lost]
        by_run = {entry.relation.oid for entry in lost if entry.rehearsed is not None}
        wanted = {*known.effects, *seen.lost}
        destroyed = effects.destroyed
        return Rehearsal(
            effects.xids,
            {oid: destroyed[oid] for oid in wanted if oid in destroyed},
            known.beyond_text | {entry.relation.oid for entry in lost},
            known.beyond_rows | by_run,
            frozenset(oid for oid, effect in effects.tables.items() if effect.inserted),
            seen.after,
            seen.objects,
            self._looking.before,
            touched,
        )

    def _stand(self, answer: Answer, seen: Seen) -> Ran[Answer]:
        outcome = None if self.captured is None else self._outcome(self.captured, seen)
        if outcome is None and not seen.has_large_objects:
            self._execution.event.notes.append(coverage.LARGE_OBJECTS_LOST)
        self.running.keep()
        return Ran(answer, self.captured, outcome)

    def _outcome(self, captured: Captured, seen: Seen) -> Outcome:
        outcome = Outcome(Status.SUCCEEDED, self._execution.rows)
        if seen.effects is None:
            return replace(outcome, not_covered=(seen.problem or "",))
        try:
            said: tuple[str, ...] = ()
            if not seen.is_covered:
                said = coverage.sentences(self._session, captured, seen.lost, seen.objects)
                said += () if seen.has_large_objects else (coverage.LARGE_OBJECTS_LOST,)
            return replace(
                outcome,
                written=self._written(captured, seen.effects),
                sequences=tuple(sequences.positions(self._session, captured.footprint.sequences)),
                left=leaving.describe_large_objects(self._session, captured),
                not_covered=said,
            )
        except Exception as error:
            said = (f"It isn't known what the statement left: {describe(error)}.",)
            return replace(outcome, not_covered=said)

    def _written(self, captured: Captured, effects: Effects) -> tuple[WrittenRows, ...]:
        relations = leaving.written_relations(captured, effects.tables)
        if not relations:
            return ()
        xids = self.running.writers(effects, relations)
        return leaving.describe_written(
            self._session, self._repository, captured, effects.tables, xids
        )
