"""Has a file's bytes go to the disk while more of them are written."""

from __future__ import annotations

import os
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from typing_extensions import Self

# So much is on the disk in a moment; less of it at once would be slower in all.
_AT_ONCE = 32 * 1024 * 1024


class Syncing:
    """The way of one open file's bytes to the disk, as a context inside of the file's.

    An error of the disk is told once only, to whoever syncs next: none is lost here.
    """

    def __init__(self, descriptor: int) -> None:
        self._descriptor = descriptor
        self._unsynced = 0
        self._executor = ThreadPoolExecutor(1, "backstop-sync")
        self._running: Future[None] | None = None

    def wrote(self, size: int) -> None:
        """Take in that more has been written; raises the OSError of an earlier sync."""
        self._unsynced += size
        if self._unsynced < _AT_ONCE or (self._running is not None and not self._running.done()):
            return
        self._wait()
        self._unsynced = 0
        self._running = self._executor.submit(os.fsync, self._descriptor)

    def finish(self) -> None:
        """Have all of it on the disk; raises the OSError of an earlier sync, too."""
        self._wait()
        os.fsync(self._descriptor)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        self._executor.shutdown()

    def _wait(self) -> None:
        if self._running is not None:
            self._running.result()
