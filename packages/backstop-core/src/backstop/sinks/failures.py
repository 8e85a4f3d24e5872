"""What is said of sinks that fail: once a minute for each, never once a statement."""

from __future__ import annotations

import logging
import threading
from time import monotonic

from backstop.errors import describe

_logger = logging.getLogger("backstop.events")

_SECONDS = 60.0


class Failures:
    """The failures of one sink."""

    def __init__(self, sink: str) -> None:
        self._sink = sink
        self._lock = threading.RLock()
        self._lost = 0
        self._told_at: float | None = None

    def tell(self, reason: BaseException | str) -> None:
        """Take in that an event was lost, and log it unless that was done a short time ago."""
        with self._lock:
            self._lost += 1
            now = monotonic()
            if self._told_at is not None and now - self._told_at < _SECONDS:
                return
            lost, self._lost, self._told_at = self._lost, 0, now
        _logger.error(
            "%s did not get %d event(s), last because of: %s",
            self._sink,
            lost,
            reason if isinstance(reason, str) else describe(reason),
        )
