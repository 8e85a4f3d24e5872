"""Answers that were taken in as a whole, and are given to the application as if they came now.

A statement that is saved, or watched, has to be over before anybody can tell what it did. What
stream() and copy() would have taken in piece by piece is kept here until they ask for it.
"""

from __future__ import annotations

import tempfile
from collections import deque
from collections.abc import Generator
from typing import Any, Callable

import psycopg
from psycopg import errors, generators, pq

Wait = Callable[[Generator[Any, Any, Any]], Any]

_ROWS = (pq.ExecStatus.SINGLE_TUPLE, pq.ExecStatus.TUPLES_CHUNK)
_IN_MEMORY = 1 << 20
_LENGTH = 8


class HeldStream:
    """The rows of a stream(), all of them."""

    def __init__(self, connection: psycopg.Connection[Any], wait: Wait) -> None:
        self._results: deque[Any] = deque()
        self.rows: int | None = None
        while (result := wait(generators.fetch(connection.pgconn))) is not None:
            self._results.append(result)
        self._last = self._results.pop() if self._results else None
        if self._last is None:
            return
        if self._last.status == pq.ExecStatus.FATAL_ERROR:
            raise errors.error_from_result(self._last, encoding=connection.info.encoding)
        self.rows = self._last.command_tuples

    def next(self, cursor: Any, *, first: bool) -> Any:
        """Do what psycopg does with the next result, and return it; None after the last."""
        if self._results:
            result = cursor.pgresult = self._results.popleft()
            cursor._tx.set_pgresult(result, set_loaders=first)
            if first:
                cursor._make_row = cursor._make_row_maker()
            return result
        if self._last is not None and self._last.status != pq.ExecStatus.TUPLES_OK:
            raise psycopg.ProgrammingError("the operation in stream() didn't produce a result")
        return None


class HeldCopy:
    """The data of a COPY … TO STDOUT, all of them; on the disk where they are many."""

    def __init__(self, connection: psycopg.Connection[Any], wait: Wait) -> None:
        self._file = tempfile.SpooledTemporaryFile(max_size=_IN_MEMORY)  # noqa: SIM115 - in __del__
        self.rows: int | None = None
        while isinstance(data := wait(generators.copy_from(connection.pgconn)), memoryview):
            self._file.write(len(data).to_bytes(_LENGTH, "big"))
            self._file.write(data)
        self.rows = data.command_tuples
        self._file.seek(0)

    def lend(self, copy: Any) -> None:
        """Let a Copy read from here instead of from the server."""

        def read() -> Generator[Any, Any, memoryview]:
            data = b"" if copy._finished else self._next()
            if not data:
                copy._finished = True
                copy.cursor._rowcount = -1 if self.rows is None else self.rows
            return memoryview(data)
            yield

        copy._read_gen = read

    def __del__(self) -> None:
        # The application may leave its copy() before the end.
        self._file.close()

    def _next(self) -> bytes:
        length = self._file.read(_LENGTH)
        return self._file.read(int.from_bytes(length, "big"))
