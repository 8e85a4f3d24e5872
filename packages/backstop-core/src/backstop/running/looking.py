"""Looking at what one run of a statement has done, and at what of it isn't saved."""

from __future__ import annotations

import contextlib
from collections.abc import Mapping
from dataclasses import dataclass, replace

from backstop.assessment import Judge
from backstop.errors import describe
from backstop.hidden import leads_on
from backstop.levels import AT_RISK
from backstop.postgres.model.difference import NO_DIFFERENCE, Difference, difference
from backstop.postgres.model.reading import Model, read_model
from backstop.postgres.touched_large_objects import NOTHING_TOUCHED, Traces, trace_run
from backstop.postgres.transaction.counters import Effect, Effects
from backstop.result import RiskResult
from backstop.running.in_transaction import Running
from backstop.session import Session
from backstop.snapshots import coverage
from backstop.snapshots.capture import Captured
from backstop.snapshots.request import SnapshotRequest


@dataclass(frozen=True)
class Seen:
    """What a run has done, what of it isn't saved, and what a look at it raised the level to.

    ``problem`` says why it isn't known. ``after`` is the database then, ``objects`` what that
    differs in from before, and ``has_objects`` whether all of that is saved; it is ``untold``
    where nobody had looked before. ``large_objects`` are its traces in these, if there are any, and
    ``has_large_objects`` is whether what they lead to is known and saved.
    """

    effects: Effects | None
    lost: Mapping[int, Effect]
    raised: RiskResult | None = None
    problem: str | None = None
    after: Model | None = None
    objects: Difference = NO_DIFFERENCE
    has_objects: bool = True
    untold: bool = False
    large_objects: Traces | None = None
    has_large_objects: bool = True

    @property
    def is_covered(self) -> bool:
        """Whether everything that it has taken is saved."""
        return not self.lost and self.takes_nothing

    @property
    def takes_nothing(self) -> bool:
        """Whether no object is gone or changed that isn't saved."""
        return self.has_objects and self.has_large_objects and not self.untold

    @property
    def takes_only_definitions(self) -> bool:
        """Whether it has taken objects, and nothing that it is too late to save."""
        gone = (
            self.lost
            or self.objects.contents
            or self.objects.sequences
            or not self.has_large_objects
        )
        return self.objects.takes_definitions and not gone and self.problem is None


class Looking:
    """The looks at one statement's runs; ``before`` is the database before them, once it is read.

    ``judge`` tells from what a run has done whether it needs a snapshot.
    """

    def __init__(self, session: Session, running: Running, judge: Judge | None) -> None:
        self._session = session
        self._running = running
        self.judge = judge
        self.before: Model | None = None

    def look_before(self, request: SnapshotRequest) -> None:
        """Look at the database's objects, where the text says that it changes some."""
        if not request.defines:
            return
        self._running.begin()
        # Without that it is done after a run that is taken back.
        with contextlib.suppress(Exception):
            self.before = self._read_model(request)

    def look(self, request: SnapshotRequest, captured: Captured | None, *, tries_out: bool) -> Seen:
        """Look at what a run has done that still stands."""
        try:
            # What is at risk by its text alone was not looked up.
            fires = request.result.level >= AT_RISK or leads_on(request.result)
            effects = self._running.look(fires=fires)
            after = self._read_model(request) if _touches_objects(request, effects) else None
            known = request.rehearsal
            touched = known.large_objects if known is not None else NOTHING_TOUCHED
            thorough = tries_out or not touched.is_all
            traces = trace_run(self._session, effects, request.sql, thorough=thorough)
            has_them = coverage.has_large_objects(self._session, touched, traces)
            seen = self._compared(request, captured, effects, after)
            return replace(seen, large_objects=traces, has_large_objects=has_them)
        except Exception as error:
            raised = self.judge(None) if self.judge is not None else None
            return _unknown(error, raised)

    def look_again(self, request: SnapshotRequest, captured: Captured | None, seen: Seen) -> Seen:
        """Return what a run has done, by a look at the objects now that it is taken back."""
        if not seen.untold or seen.effects is None:
            return seen
        try:
            self.before = self._read_model(request)
            told = self._compared(request, captured, seen.effects, seen.after)
        except Exception as error:
            return _unknown(error)
        return replace(
            told, large_objects=seen.large_objects, has_large_objects=seen.has_large_objects
        )

    def _compared(
        self,
        request: SnapshotRequest,
        captured: Captured | None,
        effects: Effects,
        after: Model | None,
    ) -> Seen:
        """Return what a run has done, by its counters and by the database's objects after it."""
        if after is not None and self.before is None:
            return Seen(effects, {}, after=after, untold=True)
        objects = NO_DIFFERENCE
        if after is not None and self.before is not None:
            objects = difference(self.before, after, keeps_rewritten=request.keeps_rewritten)
            effects = effects.with_contents(objects.contents, objects.refilled, objects.dropped)
        raised = self.judge(effects) if self.judge is not None else None
        lost: Mapping[int, Effect] = {}
        if self.judge is None or raised is not None:
            lost = coverage.missing(self._session, captured, effects)
        has_objects = coverage.has_objects(captured, objects)
        return Seen(effects, lost, raised, None, after, objects, has_objects)

    def _read_model(self, request: SnapshotRequest) -> Model:
        return read_model(self._session, request.limits.lock_timeout)


def _touches_objects(request: SnapshotRequest, effects: Effects) -> bool:
    relations = effects.changes_relations and not request.only_rows
    return request.defines or effects.changes_objects or relations


def _unknown(error: Exception, raised: RiskResult | None = None) -> Seen:
    problem = f"It isn't known what the statement touched: {describe(error)}."
    return Seen(None, {}, raised, problem)
