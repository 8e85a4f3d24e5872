"""Counts what core asks the server, by the function that asks and by how the query begins.

Of a query that is wrapped to be copied out as JSON, the query inside tells it from others.
"""

from __future__ import annotations

import re
import sys
import sysconfig
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from time import perf_counter
from typing import Any

from backstop.drivers.psycopg2 import Psycopg2Session

# So many words of a query tell it from most others.
_WORDS, _LONGEST = 6, 60
_ASKS = ("execute", "fetch", "copy_out", "copy_in")
_ROOTS = ("src", "site-packages", Path(sysconfig.get_path("stdlib")).name, "benchmarks")
_ADDRESS = re.compile(" at 0x[0-9a-f]+")
# Who asks is whoever called these.
_BETWEEN = ("asked.py", "query.py", "transactions.py", "contextlib.py")
_WRAPPED = re.compile(r"COPY \(SELECT pg_catalog\.row_to_json\(\w+\) FROM \(\s*")


@dataclass(frozen=True)
class Share:
    """What one function took of the whole: milliseconds of its own, and how often it was called."""

    name: str
    calls: int
    milliseconds: float


@dataclass
class Asked:
    """What the server was asked: in all, by the function that asks, and by the first words."""

    calls: int = 0
    milliseconds: float = 0.0
    by_asker: dict[str, Share] = field(default_factory=dict)
    by_words: dict[str, Share] = field(default_factory=dict)

    def add(self, asker: str, sql: str, milliseconds: float) -> None:
        """Count one question."""
        self.calls += 1
        self.milliseconds += milliseconds
        for found, name in ((self.by_asker, asker), (self.by_words, _first_words(sql))):
            before = found.get(name, Share(name, 0, 0.0))
            taken = before.milliseconds + milliseconds
            found[name] = Share(name, before.calls + 1, taken)


def _first_words(sql: str) -> str:
    inside = _WRAPPED.sub("", sql, count=1).replace("pg_catalog.", "")
    words = " ".join(inside.split(maxsplit=_WORDS)[:_WORDS])
    return words[:_LONGEST].replace("`", "'").replace("|", "\\|")


@cache
def named(file: str, name: str) -> str:
    """Return a function's name, with its file's below whatever holds the packages."""
    if file == "~":
        return _ADDRESS.sub("", name.strip("<>"))
    path = Path(file)
    for mark in _ROOTS:
        if mark in path.parts:
            path = Path(*path.parts[path.parts.index(mark) + 1 :])
            break
    return f"{path.as_posix()}:{name}"


@contextmanager
def counted() -> Iterator[Asked]:
    """Count what core asks the server meanwhile."""
    found = Asked()
    kept = {name: getattr(Psycopg2Session, name) for name in _ASKS}

    def counting(ask: Callable[..., Any]) -> Callable[..., Any]:
        def asks(session: Any, sql: str, *arguments: Any) -> Any:
            start = perf_counter()
            try:
                return ask(session, sql, *arguments)
            finally:
                taken = (perf_counter() - start) * 1e3
                found.add(_asker(), sql, taken)

        return asks

    for name, ask in kept.items():
        setattr(Psycopg2Session, name, counting(ask))
    try:
        yield found
    finally:
        for name, ask in kept.items():
            setattr(Psycopg2Session, name, ask)


def _asker() -> str:
    frame = sys._getframe(2)
    while frame.f_back is not None and frame.f_code.co_filename.endswith(_BETWEEN):
        frame = frame.f_back
    return named(frame.f_code.co_filename, frame.f_code.co_name)
