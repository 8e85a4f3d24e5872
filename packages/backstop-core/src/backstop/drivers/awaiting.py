"""How the sessions of asynchronous drivers wait: core itself is written without `await`."""

from __future__ import annotations

from collections.abc import Awaitable
from typing import Any, Callable, NamedTuple


class Bridge(NamedTuple):
    """Leads from a coroutine into ordinary functions, and from these back to what they await.

    ``spawn`` runs a function and is awaited; ``wait``, called anywhere within, gives what an
    awaitable gives, and lets the event loop go on meanwhile. SQLAlchemy has both by the names of
    ``greenlet_spawn`` and ``await_only``.
    """

    spawn: Callable[..., Awaitable[Any]]
    wait: Callable[[Awaitable[Any]], Any]
