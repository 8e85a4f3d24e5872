"""What psycopg asks its connection to wait for, read before it begins.

Everything that a psycopg 3 connection sends is a generator of the driver's, handed to the
connection's ``wait``: whatever class the cursor has, however it was made, and whichever method
was called by whatever name. A generator that hasn't begun still shows its owner and arguments.
"""

from __future__ import annotations

from collections.abc import Generator
from inspect import CO_VARARGS, CO_VARKEYWORDS
from typing import Any

from psycopg._copy_base import BaseCopy
from psycopg._cursor_base import BaseCursor

Waiting = Generator[Any, Any, Any]

EXECUTE = "_execute_gen"
EXECUTE_MANY = ("_executemany_gen_pipeline", "_executemany_gen_no_pipeline")
DECLARE = "_declare_gen"
STREAM = "_stream_send_gen"
STREAM_NEXT = "_stream_fetchone_gen"
COPY = "_start_copy_gen"

STATEMENTS = frozenset({EXECUTE, *EXECUTE_MANY, DECLARE, STREAM, COPY})
"""What a cursor sends of the application's."""

HARMLESS = frozenset({STREAM_NEXT, "_close_gen", "_fetch_gen", "_scroll_gen"})
"""What else a cursor waits for. A version of psycopg that brings more may send statements by it."""


class Call:
    """A generator of a cursor or of a copy that has not begun."""

    def __init__(self, generator: Waiting, code: Any, owner: Any, values: dict[str, Any]) -> None:
        self.owner = owner
        self.name: str = code.co_name
        self._first: Waiting | None = generator
        self._code = code
        self._values = values

    @classmethod
    def of(cls, generator: Waiting) -> Call | None:
        """Return the call; None for a generator that is none of these."""
        frame = getattr(generator, "gi_frame", None)
        code = getattr(generator, "gi_code", None)
        if frame is None or code is None or not code.co_argcount:
            return None
        # A copy: they change as the generator runs.
        values = dict(frame.f_locals)
        owner = values.get(code.co_varnames[0])
        if not isinstance(owner, (BaseCursor, BaseCopy)):
            return None
        return cls(generator, code, owner, values)

    def argument(self, position: int, name: str) -> Any:
        """Return one of the arguments, None where it was left out."""
        if position + 1 < self._code.co_argcount:
            return self._values.get(self._code.co_varnames[position + 1])
        return self._values.get(name)

    def replace(self, position: int, name: str, value: Any) -> None:
        """Put another value in an argument's place."""
        if position + 1 < self._code.co_argcount:
            name = self._code.co_varnames[position + 1]
        self._values[name] = value
        self._first = None

    def generator(self) -> Waiting:
        """Return the generator, each time one that hasn't begun."""
        first, self._first = self._first, None
        return self.anew() if first is None else first

    def anew(self) -> Waiting:
        """Call the owner's method of that name again."""
        args, kwargs = _arguments(self._code, self._values)
        again: Waiting = getattr(self.owner, self.name)(*args, **kwargs)
        return again


def executed(generator: Any) -> tuple[Any, Any, Any] | None:
    """Return cursor, query and parameters of an execute(); None for any other generator.

    It tells most statements apart without a `Call` of their own.
    """
    code: Any = getattr(generator, "gi_code", None)
    if code is None or code.co_name != EXECUTE or generator.gi_frame is None:
        return None
    values = generator.gi_frame.f_locals
    owner, query, parameters = code.co_varnames[:3]
    return values[owner], values[query], values[parameters]


def _arguments(code: Any, values: dict[str, Any]) -> tuple[list[Any], dict[str, Any]]:
    names = code.co_varnames
    by_name = code.co_argcount + code.co_kwonlyargcount
    args = [values[name] for name in names[1 : code.co_argcount]]
    kwargs = {name: values[name] for name in names[code.co_argcount : by_name]}
    if code.co_flags & CO_VARARGS:
        args.extend(values[names[by_name]])
        by_name += 1
    if code.co_flags & CO_VARKEYWORDS:
        kwargs.update(values[names[by_name]])
    return args, kwargs
