"""The guarded asynchronous connection: the guard stands where the driver awaits the server.

The guard itself is an ordinary function. It runs within a bridge, by which its own questions and
the driver's statement are awaited, so that the event loop goes on.
"""

from __future__ import annotations

from collections.abc import Generator
from functools import cache
from typing import Any, Callable

import psycopg

from backstop.drivers.awaiting import Bridge
from backstop.drivers.psycopg_async import AsyncPsycopgSession
from backstop.guarding import Guard, GuardedSession
from backstop.psycopg.calls import Waiting
from backstop.psycopg.connection import Guarding


class GuardedAsyncConnection(Guarding, psycopg.AsyncConnection[Any]):
    """An asynchronous psycopg 3 connection under guard; everything else is the connection's own."""

    _backstop_base = psycopg.AsyncConnection
    _backstop_bridge: Bridge
    _backstop_nests = False

    async def wait(self, gen: Waiting, *args: Any, **kwargs: Any) -> Any:
        """Wait for what the driver does next; a statement passes the guard first."""
        if not self._backstop_nests and self._just_runs(gen):
            return await super().wait(gen, *args, **kwargs)

        def wait(one: Waiting) -> Any:
            return self._stepped(one, args, kwargs)

        return await self._backstop_bridge.spawn(self._passed, gen, wait)

    async def close(self) -> None:
        """Close; what wasn't committed is rolled back by the server."""
        await super().close()
        self.backstop_session.finish(lambda: None, committed=False)

    def _plain_wait(self, gen: Waiting) -> Any:
        nests, self._backstop_nests = self._backstop_nests, False
        try:
            return self._backstop_bridge.wait(super().wait(gen))
        finally:
            self._backstop_nests = nests

    def _stepped(self, gen: Waiting, args: Any, kwargs: Any) -> Any:
        """Wait for a generator step by step, each taken here, so that it may wait itself."""
        plain: Callable[..., Any] = super().wait
        self._backstop_nests = True
        try:
            state = next(gen)
            while True:
                state = gen.send(self._backstop_bridge.wait(plain(_once(state), *args, **kwargs)))
        except StopIteration as stop:
            return stop.value
        finally:
            self._backstop_nests = False


def _once(state: Any) -> Generator[Any, Any, Any]:
    ready = yield state
    return ready


@cache
def _guarded_class(base: Any) -> type[GuardedAsyncConnection]:
    if base is psycopg.AsyncConnection:
        return GuardedAsyncConnection
    members = {"__module__": __name__, "_backstop_base": base}
    return type(f"Guarded{base.__name__}", (GuardedAsyncConnection, base), members)


def take_on(conn: Any, guard: Guard, bridge: Bridge) -> None:
    """Put a connection under guard, in place, unless it has one of the same settings.

    Raises ConfigurationError for one that has another guard.
    """
    if not isinstance(conn, GuardedAsyncConnection):
        guarded: Any = conn
        guarded.backstop_session = GuardedSession(guard, AsyncPsycopgSession(conn, bridge))
        guarded.backstop_settings = guard.settings
        guarded._backstop_held = {}
        guarded._backstop_bridge = bridge
        base: Any = type(conn)
        guarded.__class__ = _guarded_class(base)
    else:
        guard.require_same(conn.backstop_settings)


def let_go(conn: Any) -> None:
    """Give a connection its own class back."""
    if isinstance(conn, GuardedAsyncConnection):
        released: Any = conn
        released.__class__ = conn._backstop_base
