"""Functions of the user's that are called with each event, each on a thread of its own."""

from __future__ import annotations

import threading
from collections.abc import Mapping
from typing import Any, Callable
from weakref import WeakValueDictionary

from backstop.sinks.background import Background

Listener = Callable[[Mapping[str, object]], Any]

_listeners: WeakValueDictionary[Listener, Background] = WeakValueDictionary()
_finding = threading.RLock()


def listener(function: Listener) -> Background:
    """Return the sink that calls a function; all guards that name it share one."""
    with _finding:
        found = _listeners.get(function)
        if found is None:
            name = getattr(function, "__qualname__", type(function).__qualname__)
            found = _listeners[function] = Background(
                f"on_event={name}",
                # What one function does to its event is no other's business.
                lambda event: function(dict(event)),
            )
        return found
