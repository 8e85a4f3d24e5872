"""Who hears of the statements of one guard: the log, and what its settings name besides."""

from __future__ import annotations

import math
import os
import time
from functools import cache
from typing import TYPE_CHECKING

from backstop import audit
from backstop.levels import AT_RISK, RiskLevel
from backstop.sinks import audit_file, listener
from backstop.sinks.failures import Failures

if TYPE_CHECKING:
    from backstop.audit import Event
    from backstop.settings import Settings
    from backstop.sinks.telemetry import Telemetry

_lost = Failures("Every sink")
# How long a provider of OpenTelemetry may go unnoticed: to ask for it takes longer than a statement
# may.
_SECONDS = 1.0


class Audience:
    """The sinks of one guard. None of them ever harms a statement."""

    def __init__(self, settings: Settings) -> None:
        self._severities = [audit.severity(settings.mode, level) for level in RiskLevel]
        self._sinks = [listener(function) for function in settings.on_event]
        if settings.audit is not None:
            self._sinks.append(audit_file(settings.audit))
        self._hears_all = bool(self._sinks)
        self._telemetry = _telemetry()
        self.asks_at = 0.0
        """Until when nobody but the log listens, by the monotonic clock; 0 where somebody does."""

    def wants(self, level: RiskLevel) -> bool:
        """Whether anybody listens to an event of this level: building one costs time."""
        return self.hears(self._severities[level.rank])

    def hears(self, severity: int) -> bool:
        """Whether anybody listens to an event that is so loud."""
        return self._has_listeners() or audit.logger.isEnabledFor(severity)

    def _has_listeners(self) -> bool:
        if not self._hears_all and time.monotonic() >= self.asks_at:
            if self._telemetry is not None and self._telemetry.is_live():
                self._hears_all = True
            else:
                self.asks_at = math.inf if self._telemetry is None else time.monotonic() + _SECONDS
        return self._hears_all

    def record(self, event: Event) -> None:
        """Tell everybody of one event; raises nothing."""
        audit.record(event)
        if self._telemetry is not None:
            self._telemetry.record(event)
        if self._sinks:
            try:
                self._send(event)
            except Exception as error:
                _lost.tell(error)

    def _send(self, event: Event) -> None:
        failed = event.snapshot_failure is not None
        urgent = failed or event.result.level >= AT_RISK
        document = {**event.document(), "process.pid": os.getpid()}
        for sink in self._sinks:
            sink.send(document, urgent=urgent)


@cache
def _telemetry() -> Telemetry | None:
    try:
        from backstop.sinks import telemetry
    except ImportError:
        return None
    return telemetry.shared()
