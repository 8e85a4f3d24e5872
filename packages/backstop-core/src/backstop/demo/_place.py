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
    with ending_cleanly(), ExitStack() as owned:
        if storage is not None:
            open_storage(storage).check()
        if dsn is not None:
            connect(dsn).close()
            folder = None if storage else owned.enter_context(tempfile.TemporaryDirectory())
            yield Place(dsn, storage or _folder_url(folder), None, storage is not None)
            return
        server = owned.enter_context(EmbeddedServer())
        # The server's folder goes with it, even when this process is killed.
        own = _folder_url(server.folder / "snapshots")
        yield Place(
            # Settings of the user's for other servers don't hold for this one.
            f"{server.dsn()}?sslmode=disable",
            storage or own,
            server.version,
            storage is not None,
        )


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


def _folder_url(folder: str | Path | None) -> str:
    return Path(str(folder)).as_uri()
