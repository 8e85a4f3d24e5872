"""Stops at each step of a guarded statement: where faults are injected and rivals act.

A step is a call that Backstop makes at the server, a call that it makes at the store, or a run of
the application's own statement. Looked at closely, it is also a commit of Backstop's own, rows on
their way back, an object that is read, and each piece of one that is being written.
"""

from __future__ import annotations

import threading
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Callable

from backstop.drivers.psycopg2 import Psycopg2Session
from backstop.guarded import Guarded
from backstop.storage.folder import FolderStorage
from backstop.storage.s3 import S3Storage

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    import pytest

    from backstop.storage import Storage

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
    """Shows each step to whoever watches, one at a time; with ``closely``, the smaller ones too."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, *, closely: bool = False) -> None:
        self._observer: Observer | None = None
        # A snapshot's rows are written by a thread of their own.
        self._turn = threading.RLock()
        self._inside = False
        smaller = ("copy_in", "commit") if closely else ()
        for name in ("execute", "fetch", "copy_out", *smaller):
            self._wrap_session(monkeypatch, name)
        for name in ("write", "list", "delete", *(("read",) if closely else ())):
            for kind in (FolderStorage, S3Storage):
                self._wrap_storage(monkeypatch, kind, name)
        # A folder's put is a write.
        self._wrap_storage(monkeypatch, S3Storage, "put")
        if closely:
            for kind in (FolderStorage, S3Storage):
                self._wrap_pieces(monkeypatch, kind)
        self._wrap_statement(monkeypatch)

    def watch(self, observer: Observer | None) -> None:
        """Show the steps to ``observer`` from here on; to nobody with None."""
        self._observer = observer

    def show(self, step: Step) -> None:
        """Show a step that only the caller knows of."""
        if self._observer is None:
            return
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

        def shown(session: Psycopg2Session, *arguments: Any) -> Any:
            sql = arguments[0] if arguments else name.upper()
            self.show(Step(SERVER, sql, session.connection))
            return original(session, *arguments)

        monkeypatch.setattr(Psycopg2Session, name, shown)

    def _wrap_storage(
        self, monkeypatch: pytest.MonkeyPatch, kind: type[Storage], name: str
    ) -> None:
        original = getattr(kind, name)

        def shown(storage: Storage, *arguments: Any) -> Any:
            self.show(Step(STORE, f"{name} {arguments[0]}"))
            return original(storage, *arguments)

        monkeypatch.setattr(kind, name, shown)

    def _wrap_pieces(self, monkeypatch: pytest.MonkeyPatch, kind: type[Storage]) -> None:
        original = kind.write

        def shown(storage: Storage, key: str, chunks: Iterable[bytes]) -> int:
            def pieces() -> Iterator[bytes]:
                for number, chunk in enumerate(chunks, start=1):
                    yield chunk
                    self.show(Step(STORE, f"write {key}, after piece {number}"))

            return original(storage, key, pieces())

        monkeypatch.setattr(kind, "write", shown)

    def _wrap_statement(self, monkeypatch: pytest.MonkeyPatch) -> None:
        original = Guarded.execute

        def shown(guarded: Any, statement: Any, run: Any, *arguments: Any) -> Any:
            def run_shown() -> Any:
                self.show(Step(STATEMENT, statement.text))
                return run()

            return original(guarded, statement, run_shown, *arguments)

        monkeypatch.setattr(Guarded, "execute", shown)
