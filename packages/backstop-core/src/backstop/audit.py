"""One structured event for each statement, and how the standard ``logging`` gets it.

Names are OpenTelemetry's where it has them. No event holds a literal of the statement's text, a
parameter value, a password or a connection string.
"""

from __future__ import annotations

import contextlib
import logging
from dataclasses import dataclass, field
from datetime import datetime, timezone

from backstop.context import Context
from backstop.errors import describe
from backstop.levels import AT_RISK, Mode, RiskLevel
from backstop.modes import Action
from backstop.result import RiskResult

logger = logging.getLogger("backstop.statement")

_SUMMARY_LENGTH = 255


@dataclass
class Event:
    """What is recorded of one statement; ``duration`` is in seconds, our own work included."""

    result: RiskResult
    mode: Mode
    actor: str
    context: Context
    action: Action
    duration: float = 0.0
    error: BaseException | None = None
    snapshot: str | None = None
    snapshot_rows: int | None = None
    snapshot_bytes: int | None = None
    snapshot_duration: float | None = None
    snapshot_failure: BaseException | None = None
    notes: list[str] = field(default_factory=list)
    system: str = "postgresql"

    def attributes(self) -> dict[str, object]:
        """Return the event with its public names; what doesn't apply is left out."""
        found: dict[str, object | None] = {
            "db.system.name": self.system,
            "db.operation.name": self.result.operation,
            "db.collection.name": ",".join(self.result.tables) or None,
            "db.query.summary": self.summary,
            "error.type": type(self.error).__qualname__ if self.error else None,
            "backstop.risk.level": self.result.level.value,
            "backstop.risk.reason": self.result.reason,
            "backstop.mode": self.mode.value,
            "backstop.actor": self.context.actor or self.actor,
            "backstop.action": self.action.value,
            "backstop.allow.reason": self.context.allowed,
            "backstop.duration": round(self.duration, 6),
            "backstop.snapshot.id": self.snapshot,
            "backstop.snapshot.rows": self.snapshot_rows,
            "backstop.snapshot.bytes": self.snapshot_bytes,
            "backstop.snapshot.duration": (
                None if self.snapshot_duration is None else round(self.snapshot_duration, 6)
            ),
            "backstop.snapshot.error": (
                describe(self.snapshot_failure) if self.snapshot_failure else None
            ),
            "backstop.snapshot.not_covered": self.notes or None,
        }
        for name, value in self.context.attributes.items():
            found[f"backstop.context.{name}"] = value
        return {name: value for name, value in found.items() if value is not None}

    def document(self) -> dict[str, object]:
        """Return the event as files and functions get it: with its time, now, and severity."""
        return {
            "time": datetime.now(timezone.utc).isoformat(timespec="microseconds"),
            "severity": logging.getLevelName(self.severity),
            **self.attributes(),
        }

    @property
    def severity(self) -> int:
        """How loud it is, as one of the levels of ``logging``."""
        if self.snapshot_failure is not None:
            return logging.ERROR
        return severity(self.mode, self.result.level)

    @property
    def summary(self) -> str:
        """Operation and tables, of at most 255 characters."""
        return f"{self.result.operation} {', '.join(self.result.tables)}".strip()[:_SUMMARY_LENGTH]


def severity(mode: Mode, level: RiskLevel) -> int:
    """Return how loud an event of this level is, as one of the levels of ``logging``."""
    if level >= AT_RISK:
        return logging.WARNING
    if mode is Mode.MONITOR or level is RiskLevel.HIGH:
        return logging.INFO
    return logging.DEBUG


def record(event: Event) -> None:
    """Log one event; a handler or filter that raises doesn't reach the statement."""
    if logger.isEnabledFor(event.severity):
        with contextlib.suppress(Exception):
            extra = {"backstop": event.attributes()}
            logger.log(event.severity, "%s", _sentence(event), extra=extra)


def _sentence(event: Event) -> str:
    if event.action is Action.BLOCK:
        return f"{event.summary}: {event.result.level}, refused in mode {event.mode}"
    parts = [f"{event.summary}: {event.result.level} in mode {event.mode}"]
    if event.snapshot_failure is not None:
        parts.append(f"SNAPSHOT FAILED, not restorable: {describe(event.snapshot_failure)}")
    if event.snapshot is not None:
        parts.append(f"snapshot {event.snapshot} of {event.snapshot_rows:,} rows")
    if event.notes:
        parts.append("not covered: " + " ".join(event.notes))
    if event.error is not None:
        parts.append(f"failed with {type(event.error).__qualname__}")
    return "; ".join(parts)
