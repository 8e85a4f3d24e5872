"""Stops at each step of a guarded statement: where faults are injected and rivals act.

A step is a call that Backstop makes at the server, a call that it makes at the store, or a run of
the application's own statement.
"""

from __future__ import annotations

import threading
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Callable

from backstop.drivers.psycopg2 import Psycopg2Session
from backstop.guarded import Guarded
from backstop.storage.folder import FolderStorage

if TYPE_CHECKING:
    import pytest

SERVER = "server"
STORE = "store"
STATEMENT = "statement"


@dataclass(frozen=True)
class Step:
    """What is about to happen; ``text`` is the SQL, or the key of an object.

    ``connection`` is the driver's connection, None for a step at the store.
    """

    kind: str
    text: str
    connection: object | None = None


# Called before each step; what it raises happens in place of the step.
Observer = Callable[[Step], None]


class Steps:
    """Shows each step to whoever watches, one at a time."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self._observer: Observer | None = None
        # A snapshot's rows are written by a thread of their own.
        self._turn = threading.RLock()
        self._inside = False
        for name in ("execute", "fetch", "copy_out"):
            self._wrap_session(monkeypatch, name)
        for name in ("write", "list", "delete"):
            self._wrap_storage(monkeypatch, name)
        self._wrap_statement(monkeypatch)

    def watch(self, observer: Observer | None) -> None:
        """Show the steps to ``observer`` from here on; to nobody with None."""
        self._observer = observer

    def _show(self, step: Step) -> None:
        with self._turn:
            # What the observer itself does with the store or a session is no step.
            if self._observer is None or self._inside:
                return
            self._inside = True
            try:
                self._observer(step)
            finally:
                self._inside = False

    def _wrap_session(self, monkeypatch: pytest.MonkeyPatch, name: str) -> None:
        original = getattr(Psycopg2Session, name)

        def shown(session: Psycopg2Session, sql: str, *arguments: Any) -> Any:
            self._show(Step(SERVER, sql, session.connection))
            return original(session, sql, *arguments)

        monkeypatch.setattr(Psycopg2Session, name, shown)

    def _wrap_storage(self, monkeypatch: pytest.MonkeyPatch, name: str) -> None:
        original = getattr(FolderStorage, name)

        def shown(storage: FolderStorage, *arguments: Any) -> Any:
            self._show(Step(STORE, f"{name} {arguments[0]}"))
            return original(storage, *arguments)

        monkeypatch.setattr(FolderStorage, name, shown)

    def _wrap_statement(self, monkeypatch: pytest.MonkeyPatch) -> None:
        original = Guarded.execute

        def shown(guarded: Any, statement: Any, run: Any, *arguments: Any) -> Any:
            def run_shown() -> Any:
                self._show(Step(STATEMENT, statement.text))
                return run()

            return original(guarded, statement, run_shown, *arguments)

        monkeypatch.setattr(Guarded, "execute", shown)
