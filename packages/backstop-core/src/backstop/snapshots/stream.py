"""The stream from a COPY to storage, in constant memory.

The thread that reads from the server fills a bounded queue; a second one compresses, hashes and
hands the bytes to storage, and with recipients a third encrypts in between. When storage is slow,
the queue is full and the COPY waits.
"""

from __future__ import annotations

import contextlib
import hashlib
import queue
import threading
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from types import TracebackType
from typing import IO, cast

import zstandard

from backstop.encryption import SUFFIX, Identities, Recipients, Undecryptable, no_key
from backstop.errors import SnapshotDamaged, SnapshotFailed
from backstop.pieces import PieceReader, Through
from backstop.storage import Storage

_BLOCK = 128 * 1024
_BLOCKS_IN_FLIGHT = 4
_COMPRESSION_LEVEL = 1

# S3 takes at most 10,000 parts: a longer object would need larger ones, and more memory.
OBJECT_LIMIT = 8 * 1024**3


@dataclass(frozen=True)
class DataObject:
    """One stored object: its key, the bytes it has there, and their SHA-256."""

    key: str
    bytes: int
    sha256: str

    @property
    def is_encrypted(self) -> bool:
        """Whether only an identity of one of its recipients opens it."""
        return self.key.endswith(SUFFIX)


class RowStream:
    """Takes the bytes of COPY … TO STDOUT and stores them, compressed, under ``prefix``.

    With ``recipients`` they are encrypted as well. Use it as a context manager; ``objects`` and
    ``bytes`` (uncompressed) are complete after the block. Leaving the block with an error stores
    nothing more and leaves no half object.
    """

    def __init__(
        self,
        storage: Storage,
        prefix: str,
        max_bytes: int | None = None,
        recipients: Recipients | None = None,
    ) -> None:
        self.objects: list[DataObject] = []
        self.bytes = 0
        self._storage = storage
        self._prefix = prefix
        self._max_bytes = max_bytes
        self._recipients = recipients
        self._block = bytearray()
        self._queue: queue.Queue[bytes | None] = queue.Queue(_BLOCKS_IN_FLIGHT)
        self._failure: BaseException | None = None
        self._aborted = False
        self._thread = threading.Thread(target=self._store, name="backstop-stream", daemon=True)

    def __enter__(self) -> RowStream:
        self._thread.start()
        return self

    def write(self, data: bytes) -> int:
        """Take one piece; raises what storage raised, or SnapshotFailed past ``max_bytes``."""
        self._block += data
        if len(self._block) >= _BLOCK:
            self._flush()
        return len(data)

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        if kind is None:
            try:
                self._flush()
            except BaseException:
                self._finish(aborted=True)
                raise
        self._finish(aborted=kind is not None)
        if kind is None and self._failure is not None:
            raise self._failure

    def _flush(self) -> None:
        if not self._block:
            return
        self.bytes += len(self._block)
        if self._max_bytes is not None and self.bytes > self._max_bytes:
            raise SnapshotFailed(
                f"The rows take more than max_snapshot_bytes ({self._max_bytes:,} bytes). "
                "Narrow the statement, or raise max_snapshot_bytes."
            )
        if self._failure is not None:
            raise self._failure
        block, self._block = bytes(self._block), bytearray()
        self._queue.put(block)

    def _finish(self, *, aborted: bool) -> None:
        self._aborted = aborted
        self._queue.put(None)
        self._thread.join()

    def _store(self) -> None:
        try:
            while (block := self._next_block()) is not None:
                self.objects.append(self._store_object(block))
        except BaseException as error:
            self._failure = error
            # The reading thread may be waiting for room in the queue.
            while self._next_block() is not None:
                pass

    def _store_object(self, block: bytes) -> DataObject:
        key = f"{self._prefix}-{len(self.objects) + 1:04d}.copy.zst"
        pieces = self._compressed(block)
        if self._recipients is None:
            return self._store_pieces(key, pieces)
        encrypted = self._recipients.encrypted(pieces)
        with contextlib.closing(encrypted):
            return self._store_pieces(key + SUFFIX, encrypted)

    def _store_pieces(self, key: str, pieces: Iterator[bytes]) -> DataObject:
        hashed = HashedPieces(pieces)
        size = self._storage.write(key, hashed)
        return DataObject(key, size, hashed.sha256)

    def _compressed(self, block: bytes | None) -> Iterator[bytes]:
        compressor = zstandard.ZstdCompressor(level=_COMPRESSION_LEVEL).compressobj()
        size = 0
        while block is not None:
            piece = compressor.compress(block)
            if piece:
                size += len(piece)
                yield piece
            block = self._next_block() if size < OBJECT_LIMIT else None
        if self._aborted:
            raise SnapshotFailed("The copy was abandoned.")
        yield compressor.flush()

    def _next_block(self) -> bytes | None:
        block = self._queue.get()
        if block is None:
            # Storage may ask on a thread of its own: the end must be there for every asker.
            self._queue.put(None)
        return block


class HashedPieces(Iterator[bytes]):
    """Pieces, counted and hashed as they pass."""

    def __init__(self, pieces: Iterator[bytes]) -> None:
        self.bytes = 0
        self._pieces = pieces
        self._digest = hashlib.sha256()

    def __next__(self) -> bytes:
        piece = next(self._pieces)
        self._digest.update(piece)
        self.bytes += len(piece)
        return piece

    @property
    def sha256(self) -> str:
        """The SHA-256 of what has passed."""
        return self._digest.hexdigest()


class ObjectReader:
    """Reads stored objects back as one stream of COPY text, verifying every byte.

    ``read`` raises SnapshotDamaged as soon as an object is seen not to be what was written, at
    the latest at its end, and WrongKey where it is encrypted and there are no ``identities``.
    """

    def __init__(
        self,
        storage: Storage,
        objects: Iterable[DataObject],
        identities: Identities | None = None,
    ) -> None:
        self._storage = storage
        self._objects = iter(objects)
        self._identities = identities
        self._current: _VerifiedObject | None = None

    def read(self, size: int = _BLOCK) -> bytes:
        """Return at least one and up to ``size`` bytes, nothing at the end."""
        while True:
            if self._current is None:
                stored = next(self._objects, None)
                if stored is None:
                    return b""
                self._current = _VerifiedObject(self._storage, stored, self._identities)
            piece = self._current.read(size)
            if piece:
                return piece
            self._current = None


class _VerifiedObject:
    """One stored object, decrypted and decompressed as it is read, verified when it ends."""

    def __init__(self, storage: Storage, stored: DataObject, identities: Identities | None) -> None:
        self._stored = stored
        self._hashed = HashedPieces(storage.read(stored.key))
        self._pieces: HashedPieces | Through = self._hashed
        if stored.is_encrypted:
            if identities is None:
                raise no_key(stored.key)
            self._pieces = identities.decrypted(self._hashed)
        source = cast("IO[bytes]", PieceReader(self._pieces))
        self._reader = zstandard.ZstdDecompressor().stream_reader(source)

    def read(self, size: int) -> bytes:
        try:
            piece = self._reader.read(size)
            if not piece:
                # What stands behind the end of the compressed bytes is hashed as well.
                _exhaust(self._pieces)
                _exhaust(self._hashed)
        except (zstandard.ZstdError, Undecryptable):
            raise _damaged(self._stored) from None
        if not piece and self._hashed.sha256 != self._stored.sha256:
            raise _damaged(self._stored)
        return piece


def verify_bytes(storage: Storage, stored: DataObject) -> None:
    """Read a stored object, which needs no key; raises SnapshotDamaged unless it is as written."""
    hashed = HashedPieces(storage.read(stored.key))
    _exhaust(hashed)
    if (hashed.bytes, hashed.sha256) != (stored.bytes, stored.sha256):
        raise _damaged(stored)


def _exhaust(pieces: Iterator[bytes]) -> None:
    """Read pieces to their end."""
    for _ in pieces:
        pass


def _damaged(stored: DataObject) -> SnapshotDamaged:
    """Return the error that a stored object isn't what was written."""
    return SnapshotDamaged(
        f"{stored.key} is damaged: its bytes are not those that were stored. Nothing is "
        "restored from it; look for an earlier version of the object in the bucket."
    )
