"""The guarded connection: a subclass of the connection's own class, which it takes on in place.

It stands where the driver waits for the server. Nothing is sent before, so that a statement can
be saved, refused, or run twice, whatever cursor it comes by.
"""

from __future__ import annotations

import threading
from collections.abc import MutableMapping
from functools import cache
from typing import TYPE_CHECKING, Any, Callable, ClassVar, TypeVar
from weakref import WeakKeyDictionary

import psycopg
from psycopg._connection_base import BaseConnection
from psycopg._copy_base import BaseCopy
from psycopg.sql import Composable

from backstop.drivers import driver_of, unsupported
from backstop.drivers import psycopg_statements as statements
from backstop.drivers.psycopg import PsycopgSession
from backstop.errors import ConfigurationError, UnsupportedConnection
from backstop.guarding import Guard, GuardedSession
from backstop.levels import Mode
from backstop.modes import Action
from backstop.psycopg import calls, pipelines
from backstop.psycopg.calls import Call, Waiting
from backstop.psycopg.held import HeldCopy, HeldStream
from backstop.psycopg.runs import Run, statement_of
from backstop.settings import Options, Settings, StorageArgument, build_settings
from backstop.statement import Statement
from backstop.syntax.controls import controls
from backstop.syntax.statements import ControlKind

if TYPE_CHECKING:
    from typing_extensions import Unpack

Connection = TypeVar("Connection", bound=psycopg.Connection[Any])

_guarding = threading.Lock()

_COMMITS = (ControlKind.COMMIT, ControlKind.COMMIT_PREPARED)
_ROLLBACKS = (ControlKind.ROLLBACK, ControlKind.ROLLBACK_PREPARED)
_JUST_RUN = (Action.RUN, Action.BLOCK)


# A connection that is open takes on only a class of its own layout, which its base class gives.
class Guarding(BaseConnection[Any]):
    """What a guarded connection does where the driver waits, whether that blocks or not."""

    backstop_session: GuardedSession
    backstop_settings: Settings
    _backstop_base: ClassVar[Any]
    # By cursor; hardly ever there is any, which every statement asks.
    _backstop_held: MutableMapping[Any, HeldCopy | HeldStream]
    # Whether a generator that is being waited for may itself wait.
    _backstop_nests = True

    @classmethod
    def connect(cls, *args: Any, **kwargs: Any) -> Any:
        """Open another connection, of the class that this one had, which nobody guards yet."""
        return cls._backstop_base.connect(*args, **kwargs)

    def _plain_wait(self, gen: Waiting) -> Any:
        """Wait as the driver does, for what nests no wait of its own."""
        raise NotImplementedError

    def _passed(self, gen: Waiting, wait: Callable[[Waiting], Any]) -> Any:
        """Wait for what the driver does next; a statement passes the guard first."""
        call = Call.of(gen)
        if call is not None and call.name in calls.STATEMENTS:
            return self._guarded(call)
        if call is not None and isinstance(call.owner, BaseCopy):
            gen = self._reading(call)
        elif call is not None:
            held = self._backstop_held.get(call.owner)
            if call.name == calls.STREAM_NEXT and isinstance(held, HeldStream):
                return held.next(call.owner, first=call.argument(0, "first"))
            if call.name not in calls.HARMLESS:
                raise UnsupportedConnection(
                    f"psycopg {psycopg.__version__} does something on a cursor that this version "
                    f"of Backstop doesn't know ({call.name}); nothing was sent to the server."
                )
        return wait(gen)

    def _just_runs(self, gen: Waiting) -> bool:
        """Whether it is a statement that there is nothing to do about."""
        found = calls.executed(gen)
        text = None if found is None else statements.classified_text(*found)
        return text is not None and self.backstop_session.passes(text) and not self._backstop_held

    def _exec_command(self, command: Any, *args: Any, **kwargs: Any) -> Waiting:
        """Send one of the driver's own commands, such as a COMMIT or a SAVEPOINT."""
        send = super()._exec_command
        if not self._backstop_nests:
            # It comes with a statement, which has passed the guard: a BEGIN or a DEALLOCATE.
            answer = yield from send(command, *args, **kwargs)
            return answer
        # What becomes of a command isn't known while it is only queued.
        pipeline = self._pipeline if self.backstop_session.is_pending else None

        def run() -> Any:
            answer = self._plain_wait(send(command, *args, **kwargs))
            if pipeline is not None:
                self._plain_wait(pipeline._sync_gen())
            return answer

        if pipeline is not None:
            self._plain_wait(pipeline._sync_gen())
        return self._commanded(self._command_text(command), run)

    def _commanded(self, text: str, run: Callable[[], Any]) -> Any:
        guarded = self.backstop_session
        kinds = [control.kind for control in controls(text)]
        if kinds == [ControlKind.BEGIN]:
            return run()
        if len(kinds) == 1 and kinds[0] in (*_COMMITS, *_ROLLBACKS):
            return guarded.finish(run, committed=kinds[0] in _COMMITS)
        answer = guarded.execute(Statement(text, lambda: text), run)
        if kinds == [ControlKind.PREPARE_TRANSACTION]:
            guarded.forget()
        return answer

    def _guarded(self, call: Call) -> Any:
        """Run a statement of the application's under guard."""
        if self._backstop_held:
            self._backstop_held.pop(call.owner, None)
        statement = None if call.owner.closed else statement_of(call)
        if statement is None:
            return self._plain_wait(call.generator())
        guarded = self.backstop_session
        connection: Any = self
        run = Run(connection, self._plain_wait, call)
        if self.backstop_settings.mode is Mode.MONITOR:
            return guarded.execute(statement, run.as_the_driver, run.rows)
        with pipelines.outside(connection, self._plain_wait):
            judgement = guarded.judge(statement)
            if judgement.action not in _JUST_RUN:
                guarded.take(judgement, run.as_a_whole, run.rows)
                if run.held is not None:
                    self._backstop_held = self._backstop_held or WeakKeyDictionary()
                    self._backstop_held[call.owner] = run.held
                return None
        return guarded.take(judgement, run.as_the_driver, run.rows)

    def _reading(self, call: Call) -> Waiting:
        """Return what reads on in a copy(), from what is held of it if it is."""
        held = self._backstop_held.pop(call.owner.cursor, None)
        if isinstance(held, HeldCopy):
            held.lend(call.owner)
            return call.anew()
        return call.generator()

    def _command_text(self, command: Any) -> str:
        if isinstance(command, Composable):
            whole: Any = self
            return command.as_string(whole)
        return command if isinstance(command, str) else command.decode(self.info.encoding)


class GuardedConnection(Guarding, psycopg.Connection[Any]):
    """A psycopg 3 connection under guard; everything else is the connection's own.

    ``backstop_session`` is core's view of the connection, ``backstop_settings`` what the guard was
    told to do.
    """

    _backstop_base = psycopg.Connection

    def wait(self, gen: Waiting, *args: Any, **kwargs: Any) -> Any:
        """Wait for what the driver does next; a statement passes the guard first."""
        plain = super().wait
        wait = (lambda one: plain(one, *args, **kwargs)) if args or kwargs else plain
        return wait(gen) if self._just_runs(gen) else self._passed(gen, wait)

    def close(self) -> None:
        """Close; what wasn't committed is rolled back by the server."""
        super().close()
        self.backstop_session.finish(lambda: None, committed=False)

    def _plain_wait(self, gen: Waiting) -> Any:
        return super().wait(gen)


@cache
def _guarded_class(base: type[psycopg.Connection[Any]]) -> type[GuardedConnection]:
    """Return the guarded subclass of a connection class."""
    if base is psycopg.Connection:
        return GuardedConnection
    members = {"__module__": __name__, "_backstop_base": base}
    return type(f"Guarded{base.__name__}", (GuardedConnection, base), members)


def guard(
    conn: Connection,
    storage: StorageArgument | None = None,
    actor: str | None = None,
    mode: str | Mode | None = None,
    **options: Unpack[Options],
) -> Connection:
    """Put a psycopg 3 connection under guard, in place, and return it.

    The settings are those of :func:`backstop.guard`. Cursors that were made before are guarded as
    well. Guarding a connection twice with the same settings changes nothing.

    Raises UnsupportedConnection (a TypeError) for anything but an open, synchronous, ordinary
    psycopg 3 connection, and ConfigurationError for a wrong setting or a second, different guard.
    """
    settings = build_settings(storage, actor, mode, **options)
    _check(conn)
    take_on(conn, settings, lambda: Guard(settings))
    return conn


def take_on(conn: Any, settings: Settings, guard: Callable[[], Guard]) -> None:
    """Put a connection under the guard that ``guard`` gives, unless it has one of such settings."""
    with _guarding:
        if not isinstance(conn, GuardedConnection):
            # Whoever waits has the connection's lock.
            session = PsycopgSession(conn, holds_lock=True)
            guarded: Any = conn
            guarded.backstop_session = GuardedSession(guard(), session)
            guarded.backstop_settings = settings
            guarded._backstop_held = {}
            base: Any = type(conn)
            guarded.__class__ = _guarded_class(base)
        elif conn.backstop_settings != settings:
            raise ConfigurationError(
                "conn is guarded already, with other settings. Use the guard that there is, "
                "or guard another connection."
            )


def let_go(conn: Any) -> None:
    """Give a connection its own class back."""
    with _guarding:
        if isinstance(conn, GuardedConnection):
            released: Any = conn
            released.__class__ = conn._backstop_base


def _check(conn: Any) -> None:
    if driver_of(conn) != "psycopg":
        raise unsupported(conn)
    if conn.closed:
        raise UnsupportedConnection("conn is closed: give an open psycopg connection.")
    if conn.info.get_parameters().get("replication"):
        raise UnsupportedConnection(
            "conn is a replication connection, which takes no SQL: give an ordinary one."
        )
