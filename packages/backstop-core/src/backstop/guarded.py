"""The way of one statement, whatever it is run on: classify, decide, run or refuse, record.

Adapters intercept and hand over; what a driver or a database can't do is left out here, and must
never be decided elsewhere.
"""

from __future__ import annotations

import time
from abc import ABC, abstractmethod
from collections.abc import Sequence
from functools import partial
from time import perf_counter
from typing import Callable, NamedTuple, TypeVar

from backstop.assessment import Open
from backstop.audience import Audience
from backstop.audit import Event, logger, severity
from backstop.classifier import classify
from backstop.context import current
from backstop.errors import ConfigurationError, SnapshotFailed
from backstop.levels import Mode
from backstop.modes import Action, Unknown, blocked, decide, unknown_of
from backstop.result import RiskResult
from backstop.running.protection import not_run
from backstop.settings import Settings
from backstop.settled import Settled
from backstop.statement import Statement, are_plain, is_classified_by, values

Answer = TypeVar("Answer")

_is_logged = logger.isEnabledFor

# OpenTelemetry's names, where frameworks have others.
_SYSTEM_NAMES = {
    "microsoft": "microsoft.sql_server",
    "mssql": "microsoft.sql_server",
    "oracle": "oracle.db",
}


class Judgement(NamedTuple):
    """What was decided on one statement; ``action`` says whether it just runs."""

    statement: Statement
    result: RiskResult
    action: Action
    event: Event | None
    started: float


class Guarded(ABC):
    """What an adapter hands its statements to: they are judged, then run or refused."""

    def __init__(
        self,
        settings: Settings,
        system: str,
        settled: Settled | None = None,
        pending: Sequence[str] = (),
    ) -> None:
        self._settings = settings
        self._system = system
        self._audience = Audience(settings)
        self._only_records = settings.mode is Mode.MONITOR
        self._settled = settled or settled_in(settings.mode)
        # With a snapshot pending, each statement may tell its fate.
        self._pending = pending
        # At hand, as every statement asks for it.
        self._texts = self._settled.texts

    def execute(
        self,
        statement: Statement,
        run: Callable[[], Answer],
        rowcount: Callable[[], int | None] = lambda: None,
    ) -> Answer:
        """Run one statement under guard and return what ``run`` returns.

        ``run`` is the adapter's own call. It takes effect exactly once, or not at all when the
        statement is blocked; what it raises passes through unchanged. ``rowcount`` gives the
        driver's count afterwards. Raises StatementBlocked in mode "block", and SnapshotFailed
        where a failed snapshot shall stop its statement.
        """
        if self._only_records and self.passes(statement.text):
            return run()
        return self.take(self.judge(statement), run, rowcount)

    def passes(self, text: object, parameters: object = None) -> bool:
        """Whether a text, with the values that the client merges into it, just runs.

        For adapters that have a text at hand, and needn't make a statement of it then. It has been
        judged, and would be judged the same again; or its text is all that tells; and nobody takes
        its event.
        """
        if type(text) is not str or self._pending:
            return False
        # Written out, as each call of a function costs what all the rest of this does.
        found = self._texts.get(text)
        if found is None:
            # Values may come into a literal, which is left out of the shape.
            bare = parameters is None or not values(parameters)
            found = self._settled.alike(text) if bare else None
            if found is None:
                return self._only_records and self._is_unheard(text, parameters)
        loudness, expires, takes_values = found
        if parameters is not None and not (takes_values and are_plain(parameters)):
            return False
        now, audience = time.monotonic(), self._audience
        if now < expires and now < audience.asks_at:
            return not _is_logged(loudness)
        return now < expires and not audience.hears(loudness)

    def _is_unheard(self, text: str, parameters: object) -> bool:
        """Judge a text by itself, which is all there is to do, and tell whether nobody listens."""
        if parameters is not None and not is_classified_by(text, parameters):
            return False
        result = classify(text)
        if self._audience.wants(result.level):
            return False
        self._settled.add(text, result.level)
        self._settled.add_alike(text, result)
        return True

    def judge(self, statement: Statement) -> Judgement:
        """Decide on one statement, which must be taken next.

        For adapters that have to know whether a statement just runs before they run it.
        """
        started = perf_counter()
        settings = self._settings
        result, reach = self._assess(statement, classify(statement.text))
        context = current()
        action = decide(
            settings.mode,
            result.level,
            settings.snapshot_at,
            allowed=context.allowed is not None,
            reach=reach,
            unknown=self._unknown(statement, result),
        )
        event = None
        if action is not Action.RUN or self._audience.wants(result.level):
            event = Event(
                result, settings.mode, settings.actor, context, action, system=self._system
            )
        return Judgement(statement, result, action, event, started)

    def take(
        self,
        judgement: Judgement,
        run: Callable[[], Answer],
        rowcount: Callable[[], int | None] = lambda: None,
    ) -> Answer:
        """Do with a statement what was decided, as :meth:`execute` does."""
        event = judgement.event
        try:
            return self._take(
                judgement.action, judgement.statement, judgement.result, event, run, rowcount
            )
        except BaseException as error:
            if event is not None:
                event.error = error
            raise
        finally:
            if event is not None:
                event.duration = perf_counter() - judgement.started
                self._audience.record(event)

    def finish(self, run: Callable[[], Answer], *, committed: bool) -> Answer:  # noqa: ARG002
        """End the transaction by the driver's own call."""
        return run()

    def _assess(
        self,
        statement: Statement,  # noqa: ARG002
        result: RiskResult,
    ) -> tuple[RiskResult, Open]:
        """Return the result with what only the database knows, and what else tells its reach."""
        return result, Open.NO

    def _unknown(self, statement: Statement, result: RiskResult) -> Unknown:
        """Return what the text doesn't tell, and what may be done about it."""
        if self._settings.mode is not Mode.BLOCK:
            return Unknown()
        return unknown_of(
            result,
            refuses=self._settings.refuse_opaque,
            can_rehearse=lambda: self._settings.rehearse and self._can_rehearse(statement),
        )

    def _can_rehearse(self, statement: Statement) -> bool:  # noqa: ARG002
        """Whether a run of the statement can be looked at and taken back."""
        return False

    @abstractmethod
    def _take(
        self,
        action: Action,
        statement: Statement,
        result: RiskResult,
        event: Event | None,
        run: Callable[[], Answer],
        rowcount: Callable[[], int | None],
    ) -> Answer:
        """Do with one statement what was decided."""


def settled_in(mode: Mode) -> Settled:
    """Return what remembers the texts that are judged in a mode."""
    return Settled(partial(severity, mode))


class GuardedText(Guarded):
    """Statements judged by their text alone, in the modes "monitor" and "block"."""

    def __init__(self, settings: Settings, system: str, driver: str) -> None:
        if settings.mode is Mode.PROTECT:
            raise ConfigurationError(
                "mode is 'protect': this version takes snapshots on PostgreSQL through psycopg2 or "
                "psycopg 3, and under SQLAlchemy through asyncpg or pg8000; "
                f"not on {system} through {driver}. Use one of these, or mode 'monitor' or 'block'."
            )
        super().__init__(settings, _SYSTEM_NAMES.get(system, system))
        self._driver = driver

    def _take(
        self,
        action: Action,
        statement: Statement,  # noqa: ARG002
        result: RiskResult,
        event: Event | None,
        run: Callable[[], Answer],
        rowcount: Callable[[], int | None],  # noqa: ARG002
    ) -> Answer:
        if action is Action.BLOCK:
            raise blocked(result, saves=False)
        if action is Action.SNAPSHOT and event is not None:
            # Sanctioned in mode "block", where a snapshot is promised: say that there is none.
            error = SnapshotFailed(
                f"This version takes no snapshots on {self._system} through {self._driver}."
            )
            event.snapshot_failure = error
            if self._settings.raise_on_snapshot_failure:
                raise not_run(result, error) from error
        return run()
