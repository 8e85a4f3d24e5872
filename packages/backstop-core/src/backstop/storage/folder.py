"""Snapshots in a folder of this machine, readable by their owner only.

An object is written under a temporary name beside its place and renamed when it is safely on the
disk, so that a crash at any moment leaves the whole object or none.
"""

from __future__ import annotations

import errno
import os
import secrets
import time
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING

from backstop.errors import ObjectNotFound, StorageError
from backstop.storage._syncing import Syncing
from backstop.storage.base import (
    READ_SIZE,
    AccessRefused,
    Storage,
    is_part_of_key,
    validate_key,
    validate_prefix,
)

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from datetime import datetime
    from io import FileIO

    from backstop.storage.url import FolderLocation

# "#" can't stand in a key: no object can have this name, and no listing shows it.
_TEMPORARY = "#writing-"

_FULL = {errno.ENOSPC, errno.EDQUOT}
_REFUSED = {errno.EACCES, errno.EPERM, errno.EROFS}
_ABSENT = {errno.ENOENT, errno.EISDIR, errno.ENOTDIR}

# How often a folder may vanish, deleted as empty by somebody else, before a write gives up.
_TRIES = 10


class FolderStorage(Storage):
    """A folder as a store: files have mode 0600, folders that it makes 0700.

    The folder itself is made by the first write. A key that names a folder of other keys can't
    be written.
    """

    def __init__(self, location: FolderLocation) -> None:
        self._location = location
        self._root = Path(location.path)

    @property
    def url(self) -> str:
        """The ``file://`` URL of the folder."""
        return self._location.url

    def write(self, key: str, chunks: Iterable[bytes]) -> int:
        """Store one object from a stream of chunks and return its size in bytes."""
        path = self._path(key)
        written = 0
        with self._translated(f"write {key}"):
            descriptor, temporary = _open_temporary(path.parent)
        try:
            # Unbuffered: a buffer's last bytes would meet a full disk again in close().
            with (
                os.fdopen(descriptor, "wb", buffering=0) as file,
                Syncing(file.fileno()) as syncing,
            ):
                # The iterable runs outside of the translation: its errors are not storage's.
                for chunk in chunks:
                    with self._translated(f"write {key}"):
                        _write_all(file, chunk)
                        syncing.wrote(len(chunk))
                    written += len(chunk)
                with self._translated(f"write {key}"):
                    syncing.finish()
            with self._translated(f"write {key}"):
                _publish(temporary, path)
        except BaseException:
            with suppress(OSError):
                temporary.unlink()
            raise
        return written

    def put(self, key: str, data: bytes) -> None:
        """Store one small object; it is there whole or not at all."""
        self.write(key, [data])

    def read(self, key: str) -> Iterator[bytes]:
        """Stream an object in chunks of at most 1 MiB."""
        return self._read(key, self._path(key))

    def _read(self, key: str, path: Path) -> Iterator[bytes]:
        with self._translated(f"read {key}", key):
            file = path.open("rb", buffering=0)
        with file:
            announced = os.fstat(file.fileno()).st_size
            received = 0
            while True:
                with self._translated(f"read {key}", key):
                    chunk = file.read(READ_SIZE)
                if not chunk:
                    break
                received += len(chunk)
                yield chunk
            if received != announced:
                raise StorageError(
                    f"{key} in {self.url} ended after {received:,} of {announced:,} bytes; "
                    "somebody changed it while it was read."
                )

    def list(self, prefix: str) -> Iterator[str]:
        """Find the keys that begin with ``prefix``, sorted."""
        validate_prefix(prefix)
        folder, slash, _ = prefix.rpartition("/")
        start = self._root / folder
        if start != self._root and not start.is_dir():
            return iter(())
        return self._walk(str(start), folder + slash, prefix)

    def _walk(self, folder: str, above: str, prefix: str) -> Iterator[str]:
        with self._translated(f"list {above}*"):
            names = _names(folder, above, prefix)
        for name in sorted(names):
            if name.endswith("/"):
                yield from self._walk(os.path.join(folder, name), above + name, "")
            else:
                yield above + name

    def size(self, key: str) -> int:
        """Ask for an object's size in bytes."""
        path = self._path(key)
        with self._translated(f"read {key}", key):
            if path.is_dir():
                raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR))
            return path.stat().st_size

    def delete(self, keys: Iterable[str]) -> None:
        """Delete objects, and the folders that this leaves empty."""
        for key in keys:
            path = self._path(key)
            with suppress(ObjectNotFound), self._translated(f"delete {key}", key):
                path.unlink()
            # An rmdir takes empty folders only, so a write that just began is not disturbed.
            with suppress(OSError):
                for folder in path.parents:
                    if folder == self._root:
                        break
                    folder.rmdir()

    def remove_unfinished(self, begun_before: datetime, *, dry_run: bool = False) -> int:
        """Remove the temporary files of writes that a crash ended."""
        with self._translated("list unfinished writes"):
            found = [
                Path(folder, name)
                for folder, _, names in os.walk(self._root)
                for name in names
                if name.startswith(_TEMPORARY)
                and _changed_at(Path(folder, name)) < begun_before.timestamp()
            ]
        if not dry_run:
            for path in found:
                with self._translated("delete an unfinished write"), suppress(FileNotFoundError):
                    path.unlink()
        return len(found)

    def _path(self, key: str) -> Path:
        return self._root.joinpath(*validate_key(key).split("/"))

    @contextmanager
    def _translated(self, purpose: str, key: str | None = None) -> Iterator[None]:
        """Turn an OSError into one of ours; without a key, an absent file is not an object."""
        try:
            yield
        except OSError as error:
            raise self._translate(error, purpose, key) from error

    def _translate(self, error: OSError, purpose: str, key: str | None) -> StorageError:
        reason = os.strerror(error.errno) if error.errno else str(error)
        if error.errno in _FULL:
            return StorageError(
                f"Can't {purpose}: the disk that holds {self.url} is full. "
                "Make room there, or choose another storage."
            )
        if error.errno in _REFUSED:
            return AccessRefused(
                f"Can't {purpose}: {self.url} refuses it ({reason}). "
                "Give the user that runs this process rights on that folder."
            )
        if error.errno in _ABSENT and key is not None:
            return ObjectNotFound(f"{self.url} holds no object {key}")
        return StorageError(f"Can't {purpose}: {self.url} answered: {reason}")


def _changed_at(path: Path) -> float:
    try:
        return path.stat().st_mtime
    except FileNotFoundError:
        # It has been given its name meanwhile.
        return time.time()


def _names(folder: str, above: str, prefix: str) -> list[str]:
    try:
        entries = os.scandir(folder)
    except FileNotFoundError:
        # Not written to yet, or deleted while the caller walked.
        return []
    beginning = prefix[len(above) :]
    with entries:
        return [
            # With its slash a folder sorts where its keys do: "a.b" before "a/b".
            entry.name + "/" if entry.is_dir() else entry.name
            for entry in entries
            if is_part_of_key(above, entry.name) and entry.name.startswith(beginning)
        ]


def _open_temporary(folder: Path) -> tuple[int, Path]:
    temporary = folder / (_TEMPORARY + secrets.token_hex(8))
    for _ in range(_TRIES):
        # The folder may be deleted as empty at any moment, by another process that prunes.
        with suppress(FileNotFoundError):
            _make_folder(folder)
            flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_BINARY", 0)
            return os.open(temporary, flags, 0o600), temporary
    raise FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT))


def _make_folder(folder: Path) -> None:
    # Not os.makedirs: it gives the mode to the last folder only.
    missing = []
    while not folder.is_dir():
        missing.append(folder)
        folder = folder.parent
    for each in reversed(missing):
        with suppress(FileExistsError):
            each.mkdir(mode=0o700)
            _sync_folder(each.parent)
    # A file in the folder's place shows itself when the object is opened below it.


def _write_all(file: FileIO, chunk: bytes) -> None:
    rest = memoryview(chunk)
    while rest:
        rest = rest[file.write(rest) :]


def _publish(temporary: Path, path: Path) -> None:
    os.replace(temporary, path)
    try:
        _sync_folder(path.parent)
    except OSError:
        with suppress(OSError):
            path.unlink()
        raise


def _sync_folder(folder: Path) -> None:
    # Without it, a rename can be lost in a power cut though the file's contents were written.
    if os.name == "nt":
        return
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
