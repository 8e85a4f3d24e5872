"""OpenTelemetry, where its API is installed: an event on the current span, and the metrics.

Nothing is done while the application has set no provider: the API alone records nothing.
"""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

from opentelemetry import metrics, trace

from backstop._version import __version__
from backstop.sinks.failures import Failures

if TYPE_CHECKING:
    from opentelemetry.util.types import AttributeValue

    from backstop.audit import Event

_NAME = "backstop"
_OF_API = ("opentelemetry.metrics", "opentelemetry.trace")


class Telemetry:
    """The instruments; one serves the whole process."""

    def __init__(self) -> None:
        meter = metrics.get_meter(_NAME, __version__)
        self._statements = meter.create_counter(
            "backstop.statements", "{statement}", "Statements, by risk level and action."
        )
        self._failures = meter.create_counter(
            "backstop.snapshot.failures", "{snapshot}", "Snapshots that could not be taken."
        )
        self._duration = meter.create_histogram(
            "backstop.snapshot.duration", "s", "Time that taking a snapshot took."
        )
        self._rows = meter.create_histogram(
            "backstop.snapshot.rows", "{row}", "Rows that a snapshot holds."
        )
        self._bytes = meter.create_histogram(
            "backstop.snapshot.bytes", "By", "Bytes that a snapshot holds, uncompressed."
        )
        self._lost = Failures("OpenTelemetry")

    @staticmethod
    def is_live() -> bool:
        """Whether somebody has set a provider, which is for good."""
        providers = (metrics.get_meter_provider(), trace.get_tracer_provider())
        return not all(type(provider).__module__.startswith(_OF_API) for provider in providers)

    def record(self, event: Event) -> None:
        """Count one event, and add it to the current span; raises nothing."""
        try:
            self._count(event)
            span = trace.get_current_span()
            if span.is_recording():
                span.add_event("backstop.statement", _attributes(event))
        except Exception as error:
            self._lost.tell(error)

    def _count(self, event: Event) -> None:
        self._statements.add(
            1,
            {
                "backstop.risk.level": event.result.level.value,
                "backstop.action": event.action.value,
            },
        )
        if event.snapshot_failure is not None:
            kind = type(event.snapshot_failure).__qualname__
            self._failures.add(1, {"error.type": kind})
        for instrument, value in (
            (self._duration, event.snapshot_duration),
            (self._rows, event.snapshot_rows),
            (self._bytes, event.snapshot_bytes),
        ):
            if value is not None:
                instrument.record(value, {"db.operation.name": event.result.operation})


@cache
def shared() -> Telemetry:
    """Return the one of this process."""
    return Telemetry()


def _attributes(event: Event) -> dict[str, AttributeValue]:
    return {
        name: value if isinstance(value, (str, bool, int, float)) else _texts(value)
        for name, value in event.attributes().items()
    }


def _texts(value: object) -> AttributeValue:
    return [str(item) for item in value] if isinstance(value, (list, tuple)) else str(value)
