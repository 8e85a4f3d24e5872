"""The audit file: one JSON document a line, which many processes may append to at once.

Each line is one write at the file's end. Whatever rotates logs may rename the file: the next line
goes to a new one.
"""

from __future__ import annotations

import json
import os
import threading
from contextlib import suppress
from weakref import WeakValueDictionary

from backstop.errors import BackstopError
from backstop.sinks.background import Background, Document

# What a statement at risk waits for its line, so that the line is there when it has run.
_PATIENCE = 0.25

_files: WeakValueDictionary[str, Background] = WeakValueDictionary()
_finding = threading.RLock()


def audit_file(path: str) -> Background:
    """Return the sink of one file; all guards that name it share one."""
    with _finding:
        found = _files.get(path)
        if found is None:
            sink = _File(path)
            found = _files[path] = Background(f"audit={path}", sink.append, patience=_PATIENCE)
        return found


class _NotWritten(BackstopError):
    """A line could not be appended; the message says why."""


class _File:
    def __init__(self, path: str) -> None:
        self._path = path
        self._descriptor: int | None = None
        self._is_torn = False

    def __del__(self) -> None:
        self._close()

    def append(self, event: Document) -> None:
        # Plain ASCII without a line's end inside of it, whatever the values are.
        line = json.dumps(event, default=str).encode("ascii") + b"\n"
        try:
            self._write(line)
        except OSError as error:
            self._close()
            reason = os.strerror(error.errno) if error.errno else type(error).__name__
            raise _NotWritten(f"{self._path} can't be appended to: {reason}") from error

    def _write(self, line: bytes) -> None:
        descriptor = self._opened()
        if self._is_torn:
            line = b"\n" + line
        written = os.write(descriptor, line)
        # Of a line that the disk had no room for, the rest must not become part of the next.
        self._is_torn = written < len(line)
        if self._is_torn:
            raise _NotWritten(f"{self._path} took a part of a line only: is the disk full?")

    def _opened(self) -> int:
        if self._descriptor is not None and not self._is_current(self._descriptor):
            self._close()
        if self._descriptor is None:
            with suppress(FileExistsError):
                os.makedirs(os.path.dirname(self._path), mode=0o700)
            flags = os.O_WRONLY | os.O_APPEND | os.O_CREAT
            flags |= getattr(os, "O_CLOEXEC", 0) | getattr(os, "O_BINARY", 0)
            self._descriptor = os.open(self._path, flags, 0o600)
            self._is_torn = False
        return self._descriptor

    def _is_current(self, descriptor: int) -> bool:
        """Whether the file that is open is still the one of that name."""
        try:
            named, opened = os.stat(self._path), os.fstat(descriptor)
        except OSError:
            return False
        return os.path.samestat(named, opened)

    def _close(self) -> None:
        if self._descriptor is not None:
            descriptor, self._descriptor = self._descriptor, None
            with suppress(OSError):
                os.close(descriptor)
