"""A sink's own thread, so that no statement ever waits for a sink that is slow or stuck.

What waits for the thread is bounded: a sink that is stuck loses events, and the log says so.
The thread ends when nothing comes for a while. A process that ends gives its sinks two seconds.
"""

from __future__ import annotations

import atexit
import os
import threading
from collections import deque
from collections.abc import Mapping
from time import monotonic
from typing import Callable
from weakref import WeakSet

from backstop.sinks.failures import Failures

Document = Mapping[str, object]
Deliver = Callable[[Document], None]

_MOST_WAITING = 10_000
_IDLE_SECONDS = 5.0
_LAST_SECONDS = 2.0

_sinks: WeakSet[Background] = WeakSet()
_delivering = threading.local()


class Background:
    """Delivers events one by one, in their order, on a thread of its own.

    ``patience`` is for how many seconds the sender of an urgent event waits until that is
    delivered; once it was in vain, nobody waits until the sink has gone on.
    """

    def __init__(self, name: str, deliver: Deliver, *, patience: float = 0.0) -> None:
        self._deliver = deliver
        self._patience = patience
        self._failures = Failures(name)
        self.renew()
        _sinks.add(self)

    def renew(self) -> None:
        """Begin anew, as in the child of a fork: what waits is delivered by the parent."""
        self._changed = threading.Condition()
        self._waiting: deque[Document] = deque()
        self._sent = self._done = 0
        self._stuck = False
        self._thread: threading.Thread | None = None

    def send(self, event: Document, *, urgent: bool = False) -> None:
        """Hand over one event; raises nothing."""
        if getattr(_delivering, "now", False):
            # The sink itself sends statements: their events would never end.
            return
        try:
            with self._changed:
                if len(self._waiting) >= _MOST_WAITING:
                    self._failures.tell(f"it is stuck, and {_MOST_WAITING:,} events wait for it")
                    return
                self._waiting.append(event)
                self._sent += 1
                self._wake()
                if urgent and self._patience and not self._stuck:
                    number = self._sent
                    done = self._changed.wait_for(lambda: self._done >= number, self._patience)
                    self._stuck = not done
        except Exception as error:
            self._failures.tell(error)

    def flush(self, timeout: float) -> bool:
        """Wait until everything is delivered that was sent before; false if that takes longer."""
        with self._changed:
            number = self._sent
            return self._changed.wait_for(lambda: self._done >= number, timeout)

    def _wake(self) -> None:
        if self._thread is None:
            thread = threading.Thread(target=self._run, name="backstop-events", daemon=True)
            thread.start()
            self._thread = thread
        else:
            self._changed.notify_all()

    def _run(self) -> None:
        _delivering.now = True
        changed = self._changed
        while True:
            with changed:
                if not changed.wait_for(lambda: self._waiting, _IDLE_SECONDS):
                    self._thread = None
                    return
                event = self._waiting.popleft()
            try:
                self._deliver(event)
            except Exception as error:
                self._failures.tell(error)
            with changed:
                self._done += 1
                self._stuck = False
                changed.notify_all()


def flush_events(timeout: float = 5.0) -> bool:
    """Wait until every sink has what it was sent; false if that takes longer."""
    deadline = monotonic() + timeout
    # Every one of them gets its turn, whether or not another is stuck.
    delivered = [sink.flush(max(0.0, deadline - monotonic())) for sink in list(_sinks)]
    return all(delivered)


def _renew_all() -> None:
    for sink in list(_sinks):
        sink.renew()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_renew_all)
atexit.register(flush_events, _LAST_SECONDS)
