"""Streams as iterators of pieces, and what only reads or writes files made one of them.

Memory stays constant: no piece is produced much earlier than somebody asks for it.
"""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable, Iterator

_PIECES_IN_FLIGHT = 4
# Each time that a piece is handed on, one thread waits for another to let the interpreter go.
_PIECE = 512 * 1024


class PieceReader:
    """Gives pieces as a file does."""

    def __init__(self, pieces: Iterator[bytes]) -> None:
        self._pieces = pieces
        self._rest = b""

    def read(self, size: int = -1) -> bytes:
        """Return up to ``size`` bytes, or the next piece; nothing at the end."""
        while not self._rest:
            piece = next(self._pieces, None)
            if piece is None:
                return b""
            self._rest = piece
        if size < 0:
            size = len(self._rest)
        answer, self._rest = self._rest[:size], self._rest[size:]
        return answer


class PieceWriter:
    """Takes pieces as a file does, and makes whoever writes wait until they are asked for."""

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._pieces: deque[bytes] = deque()
        self._block = bytearray()
        self._ended = False
        self._abandoned = False

    def write(self, data: bytes) -> int:
        """Take some bytes; raises where nobody will ever ask for them."""
        self._block += data
        if len(self._block) >= _PIECE:
            self._hand_on()
        return len(data)

    def flush(self) -> None:
        """Do nothing: what was written is there already."""

    def end(self) -> None:
        """Say that nothing more will be written."""
        with self._changed:
            if self._block:
                self._pieces.append(bytes(self._block))
            self._ended = True
            self._changed.notify_all()

    def abandon(self) -> None:
        """Say that nobody will ask any more."""
        with self._changed:
            self._abandoned = True
            self._pieces.clear()
            self._changed.notify_all()

    def next_piece(self) -> bytes | None:
        """Return the next piece, None at the end."""
        with self._changed:
            self._changed.wait_for(lambda: self._pieces or self._ended or self._abandoned)
            piece = self._pieces.popleft() if self._pieces else None
            self._changed.notify_all()
            return piece

    def _hand_on(self) -> None:
        with self._changed:
            self._changed.wait_for(lambda: self._has_room or self._abandoned)
            if self._abandoned:
                raise _Abandoned
            self._pieces.append(bytes(self._block))
            self._block.clear()
            self._changed.notify_all()

    @property
    def _has_room(self) -> bool:
        return len(self._pieces) < _PIECES_IN_FLIGHT


class Through(Iterator[bytes]):
    """Pieces as ``work`` writes them, on a thread of its own, from the pieces that it reads.

    What reading raises comes out unchanged, whatever ``work`` makes of it. ``close`` ends it early.
    """

    def __init__(
        self, work: Callable[[PieceReader, PieceWriter], None], pieces: Iterator[bytes]
    ) -> None:
        self._output = PieceWriter()
        self._run = _Run(work, pieces, self._output)
        self._thread = threading.Thread(target=self._run, name="backstop-pieces", daemon=True)
        self._is_started = False

    def __next__(self) -> bytes:
        if not self._is_started:
            self._is_started = True
            self._thread.start()
        piece = self._output.next_piece()
        if piece is not None:
            return piece
        self._thread.join()
        if self._run.error is not None:
            raise self._run.error
        raise StopIteration

    def close(self) -> None:
        """Let the thread end at its next step, whatever is left."""
        self._output.abandon()

    def __del__(self) -> None:
        self.close()


class _Abandoned(Exception):
    """Nobody asks for what is written."""


class _Run:
    """One run of a work; it doesn't know who asks, so that it can be seen when nobody does."""

    def __init__(
        self,
        work: Callable[[PieceReader, PieceWriter], None],
        pieces: Iterator[bytes],
        output: PieceWriter,
    ) -> None:
        self._work = work
        self._pieces = pieces
        self._output = output
        self.error: BaseException | None = None

    def __call__(self) -> None:
        try:
            self._work(PieceReader(self._watched()), self._output)
        except BaseException as error:
            self.error = self.error or error
        finally:
            self._output.end()

    def _watched(self) -> Iterator[bytes]:
        try:
            yield from self._pieces
        except BaseException as error:
            self.error = error
            raise
