"""What every place that keeps snapshots can do, and which keys it accepts.

The rest of Backstop speaks to storage through this class only. A store must never hold a whole
object in memory, leave half an object under a key, or show a secret in its URL.
"""

from __future__ import annotations

import re
import secrets
from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import TYPE_CHECKING

from backstop.errors import StorageError, StorageUnreachable

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from datetime import datetime

# Bytes that a store hands out at a time when it reads.
READ_SIZE = 1024 * 1024

_ALPHABET = "A-Za-z0-9._~%+,=@-"
_COMPONENT = re.compile(rf"[{_ALPHABET}]{{1,200}}")
_LAST_OF_PREFIX = re.compile(rf"[{_ALPHABET}]{{0,200}}")

# S3 allows 1,024 bytes; the rest is room for the prefix of the storage URL.
_KEY_LENGTH = 800


class AccessRefused(StorageUnreachable):
    """Storage answered, and refuses this operation to our credentials or our user."""


@dataclass(frozen=True)
class StorageCheck:
    """What a store let us do with one small object.

    ``writable`` is always true, as a store that can't be written fails the check. ``readable``
    and ``deletable`` are false where storage refuses it, which a hardened store may do on
    purpose: who only takes snapshots needs neither.
    """

    writable: bool
    readable: bool
    deletable: bool


class Storage(ABC):
    """One place that keeps objects under keys such as ``data/<id>/000001.copy.zst``.

    A key is made of ``/``-separated components of 1 to 200 characters out of letters, digits
    and ``._~%+,=@-``; no component is ``.`` or ``..``, no key is a folder of another, and a key
    has at most 800 characters. Any other key raises a ValueError.

    Keys are written once: whoever writes chooses a key that nobody else uses. Some servers
    silently ignore the headers that would make a write conditional, so no store relies on them,
    and writing a key again replaces its object.

    Every method may be called from several threads at once, and after a fork. All of them raise
    StorageUnreachable when storage doesn't answer or refuses our credentials, and StorageError
    for everything else that it answers. Nothing is contacted before the first call.
    """

    @property
    @abstractmethod
    def url(self) -> str:
        """The storage URL, safe to show: it holds no secret."""

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Storage) and self.url == other.url

    def __hash__(self) -> int:
        return hash(self.url)

    @abstractmethod
    def write(self, key: str, chunks: Iterable[bytes]) -> int:
        """Store one object from a stream of chunks and return its size in bytes.

        Memory stays constant, whatever the size. The chunks may be pulled by another thread,
        but never by two at once. When the iterable raises, that exception comes out unchanged;
        then, and when storage fails, nothing is left under the key, and no more is pulled than
        the chunk that was awaited. (Of a storage that falls silent after the last byte, nobody
        can know.)
        """

    @abstractmethod
    def put(self, key: str, data: bytes) -> None:
        """Store one small object in a single request; it is there whole or not at all."""

    @abstractmethod
    def read(self, key: str) -> Iterator[bytes]:
        """Stream an object in chunks of at most 1 MiB; storage is asked at the first of them.

        Raises ObjectNotFound, and StorageError when less comes than storage announced.
        """

    def get(self, key: str) -> bytes:
        """Read one small object whole; raises as ``read`` does."""
        return b"".join(self.read(key))

    @abstractmethod
    def list(self, prefix: str) -> Iterator[str]:
        """Find the keys that begin with ``prefix``, sorted, without reading an object.

        The prefix is a string, as in S3: it may end within a component, or be empty. A store
        that nobody has written to yet is empty.
        """

    @abstractmethod
    def size(self, key: str) -> int:
        """Ask for an object's size in bytes; raises ObjectNotFound."""

    @abstractmethod
    def delete(self, keys: Iterable[str]) -> None:
        """Delete objects, in no promised order; a key that holds none is no error.

        Whatever must go first is deleted by a call of its own.
        """

    def clock(self) -> datetime | None:
        """Return what time it is where objects are kept; None where that is this machine."""
        return None

    def locked_until(self, key: str) -> datetime | None:  # noqa: ARG002
        """Return until when storage itself keeps an object, whoever deletes it; None if not.

        Raises ObjectNotFound where storage has such locks.
        """
        return None

    def remove_unfinished(
        self,
        begun_before: datetime,  # noqa: ARG002
        *,
        dry_run: bool = False,  # noqa: ARG002
    ) -> int:
        """Remove what writes have left that a crash ended, and return how many that were.

        No listing shows these. With ``dry_run`` they are only counted.
        """
        return 0

    def check(self) -> StorageCheck:
        """Write one small object below ``check/``, read it back and delete it.

        Raises StorageError when storage doesn't exist, doesn't answer, can't be written, or
        gives back something else than was written.
        """
        key = f"check/{secrets.token_hex(8)}"
        written = secrets.token_bytes(32)
        self.put(key, written)
        try:
            readable = self._reads_back(key, written)
        finally:
            deletable = self._deletes(key)
        return StorageCheck(writable=True, readable=readable, deletable=deletable)

    def _reads_back(self, key: str, written: bytes) -> bool:
        try:
            if self.get(key) != written:
                raise StorageError(
                    f"{self.url} gave back other bytes than were written. "
                    "Don't keep snapshots there before that is understood."
                )
        except AccessRefused:
            return False
        return True

    def _deletes(self, key: str) -> bool:
        # Only an explicit refusal is an answer; whatever else fails here, fails the check.
        try:
            self.delete([key])
        except AccessRefused:
            return False
        return True

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self.url}>"


def is_key(text: str) -> bool:
    """Tell whether a store accepts this key."""
    return len(text) <= _KEY_LENGTH and all(
        _COMPONENT.fullmatch(part) and part not in (".", "..") for part in text.split("/")
    )


def is_part_of_key(above: str, name: str) -> bool:
    """Tell whether a store accepts a name below what is the beginning of a key already."""
    is_short = len(above) + len(name) <= _KEY_LENGTH
    return is_short and name not in (".", "..") and bool(_COMPONENT.fullmatch(name))


def validate_key(key: str) -> str:
    """Return the key, or raise a ValueError for one that could reach outside of the store."""
    if not is_key(key):
        raise ValueError(f"{key[:200]!r} can't be a key in storage")
    return key


def validate_prefix(prefix: str) -> str:
    """Return the prefix of a listing, or raise a ValueError for one that no key can begin with."""
    *folders, last = prefix.split("/")
    if (folders and not is_key("/".join(folders))) or not _LAST_OF_PREFIX.fullmatch(last):
        raise ValueError(f"{prefix[:200]!r} can't be the beginning of a key in storage")
    return prefix
