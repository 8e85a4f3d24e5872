"""The file-like object from which the transfer manager reads an upload."""

from __future__ import annotations

import sys
from io import BytesIO
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable
    from typing import Callable

# S3 takes 10,000 parts for one object. Doubling the part size after each 2,000 of them allows
# 484 GiB with parts of 8 MiB, and an upload below 16 GB never needs more memory.
_PARTS_BEFORE_GROWTH = 2000


class StreamStoppedError(Exception):
    """The upload has failed already, so no more chunks are pulled."""


class ChunkStream:
    """Reads an iterable of chunks as parts, one ``read`` for each part.

    ``error`` is what the iterable raised, if it did; ``size`` the bytes that were read so far.
    A read gives more than it was asked for when the parts must grow (the transfer manager sends
    whatever it gets as one part).
    """

    def __init__(self, chunks: Iterable[bytes], part_size: int) -> None:
        self.size = 0
        self.error: BaseException | None = None
        self.exhausted = False
        self._chunks = iter(chunks)
        self._rest = memoryview(b"")
        self._part_size = part_size
        self._parts = 0
        self._stopped: Callable[[], bool] = lambda: False

    def stop_when(self, stopped: Callable[[], bool]) -> None:
        """Pull no further chunk once this is true: the transfer manager itself would go on."""
        self._stopped = stopped

    def read(self, amount: int = -1) -> bytes:
        """Return the next part, empty at the end; without an amount, all that is left."""
        wanted = self._wanted(amount)
        part = BytesIO()
        while part.tell() < wanted and (self._rest or self._pull()):
            taken = min(len(self._rest), wanted - part.tell())
            part.write(self._rest[:taken])
            self._rest = self._rest[taken:]
        self._parts += 1
        self.size += part.tell()
        # Without a copy: the buffer itself becomes the bytes.
        return part.getvalue()

    def _wanted(self, amount: int) -> int:
        if amount < 0:
            return sys.maxsize
        return max(amount, self._part_size << (self._parts // _PARTS_BEFORE_GROWTH))

    def _pull(self) -> bool:
        """Fetch the next chunk that isn't empty; false at the end."""
        while not self._rest:
            if self._stopped():
                raise StreamStoppedError
            try:
                chunk = next(self._chunks, None)
                self._rest = memoryview(chunk or b"")
            except BaseException as error:
                self.error = error
                raise
            if chunk is None:
                self.exhausted = True
                return False
        return True
