"""Where the demo takes place: a database and a storage, the user's or our own, and their end."""

from __future__ import annotations

import signal
import tempfile
import threading
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import FrameType

from backstop.drivers import connect
from backstop.embedded import EmbeddedServer
from backstop.storage import open_storage

# Other ways than Ctrl-C to tell a command to end: all of them have to clean up.
_ENDINGS = tuple(getattr(signal, name) for name in ("SIGTERM", "SIGHUP") if hasattr(signal, name))


@dataclass(frozen=True)
class Place:
    """A database and a storage that answer.

    ``server`` is the embedded server's version, None for a database of the user's;
    ``keeps_snapshots`` is whether the storage is the user's.
    """

    dsn: str
    storage: str
    server: str | None
    keeps_snapshots: bool


@contextmanager
def open_place(dsn: str | None, storage: str | None) -> Iterator[Place]:
    """Give the place; what is not the user's is gone after the block, however it ends.

    Raises ConnectionFailed, StorageError and ConfigurationError before anything is made.
    """
    with ending_cleanly():
        if storage is not None:
            open_storage(storage).check()
        owned = ExitStack()
        try:
            yield _users_place(dsn, storage, owned) if dsn else _own_place(storage, owned)
        finally:
            with undisturbed():
                owned.close()


def _users_place(dsn: str, storage: str | None, owned: ExitStack) -> Place:
    connect(dsn).close()
    if storage is not None:
        return Place(dsn, storage, None, keeps_snapshots=True)
    own = _folder_url(owned.enter_context(tempfile.TemporaryDirectory(prefix="backstop-")))
    return Place(dsn, own, None, keeps_snapshots=False)


def _own_place(storage: str | None, owned: ExitStack) -> Place:
    server = owned.enter_context(EmbeddedServer())
    # The server's folder goes with it, even when this process is killed.
    own = _folder_url(server.folder / "snapshots")
    # Settings of the user's for other servers don't hold for this one.
    dsn = f"{server.dsn()}?sslmode=disable"
    return Place(dsn, storage or own, server.version, keeps_snapshots=storage is not None)


@contextmanager
def ending_cleanly() -> Iterator[None]:
    """Treat a polite request to end like Ctrl-C for as long as the block runs."""
    if threading.current_thread() is not threading.main_thread():
        # Signals are the main thread's affair.
        yield
        return
    before = {number: signal.signal(number, _interrupt) for number in _ENDINGS}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


@contextmanager
def undisturbed() -> Iterator[None]:
    """Let the block, which cleans up, run to its end: a second Ctrl-C must not stop it."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    numbers = (signal.SIGINT, *_ENDINGS)
    before = {number: signal.signal(number, signal.SIG_IGN) for number in numbers}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _interrupt(_number: int, _frame: FrameType | None) -> None:
    raise KeyboardInterrupt


def _folder_url(folder: str | Path) -> str:
    return Path(folder).as_uri()
