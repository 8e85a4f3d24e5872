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

    def __init__(self, generator: Waiting, owner: Any, name: str) -> None:
        self.owner = owner
        self.name = name
        self._first: Waiting | None = generator
        self.args, self.kwargs = _arguments(generator)

    @classmethod
    def of(cls, generator: Waiting) -> Call | None:
        """Return the call; None for a generator that is none of these."""
        frame = getattr(generator, "gi_frame", None)
        code = getattr(generator, "gi_code", None)
        if frame is None or code is None or not code.co_argcount:
            return None
        owner = frame.f_locals.get(code.co_varnames[0])
        if not isinstance(owner, (BaseCursor, BaseCopy)):
            return None
        return cls(generator, owner, code.co_name)

    def argument(self, position: int, name: str) -> Any:
        """Return one of the arguments, None where it was left out."""
        return self.args[position] if position < len(self.args) else self.kwargs.get(name)

    def replace(self, position: int, name: str, value: Any) -> None:
        """Put another value in an argument's place."""
        if position < len(self.args):
            self.args[position] = value
        else:
            self.kwargs[name] = value
        self._first = None

    def generator(self) -> Waiting:
        """Return the generator, each time one that hasn't begun."""
        first, self._first = self._first, None
        return self.anew() if first is None else first

    def anew(self) -> Waiting:
        """Call the owner's method of that name again."""
        again: Waiting = getattr(self.owner, self.name)(*self.args, **self.kwargs)
        return again


def _arguments(generator: Any) -> tuple[list[Any], dict[str, Any]]:
    code, values = generator.gi_code, generator.gi_frame.f_locals
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
