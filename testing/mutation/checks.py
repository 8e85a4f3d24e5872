"""The classifier's tests as plain calls, which cost far less than a run of pytest for each mutant.

Tests that need a fixture or make examples of their own are left out: they are slow, and what they
catch depends on the day.
"""

from __future__ import annotations

import inspect
import itertools
import signal
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import cache, partial
from pathlib import Path
from types import CodeType, FrameType
from typing import Any

import pytest

from backstop import embedded

ROOT = Path(__file__).parents[2]
TESTS = ROOT / "packages" / "backstop-core" / "tests"
MODULES = (
    "test_classify",
    "test_functions",
    "test_lexer",
    "test_statements",
    "test_changes",
    "test_pins",
    "test_routines",
    "test_long_lists",
    "test_uses",
    "test_structure",
    "test_parts",
    "test_dialects",
    "test_expressions",
)

# Of processor time. A check that takes this much longer than usual never ends.
_PATIENCE = 1.0
_SLOW = 0.005

# Assertions, whatever a broken module raises, and a `pytest.raises` that wasn't satisfied.
_FAILURES = (Exception, pytest.fail.Exception)

Check = Callable[[], object]


class TakesTooLong(BaseException):
    """A check that doesn't end; no handler of the classifier's catches it."""


class Checks:
    """Runs the checks until one fails."""

    def __init__(self) -> None:
        self.codes = {
            name: compile(
                (TESTS / f"{name}.py").read_text("utf-8"), str(TESTS / f"{name}.py"), "exec"
            )
            for name in MODULES
        }
        self.usual: dict[str, float] = {}
        self.killers: dict[object, str] = {}
        signal.signal(signal.SIGVTALRM, _give_up)
        # The tests ask at every import, and each answer runs programs.
        pytest.MonkeyPatch().setattr(embedded, "list_binaries", cache(embedded.list_binaries))

    def measure(self) -> None:
        """Run every check on what is imported now; each must pass, and tells how long it takes."""
        for module, code in self.codes.items():
            for name, check in _checks_of(module, code):
                started = time.process_time()
                check()
                self.usual[name] = time.process_time() - started

    def failing(self, like: object) -> str | None:
        """Return the name of a check that fails, or nothing; what failed for a like goes first."""
        likely = self.killers.get(like, "")
        for module in sorted(self.codes, key=lambda module: not likely.startswith(f"{module}:")):
            name = self.failing_of(module, likely)
            if name is not None:
                self.killers[like] = name
                return name
        return None

    def failing_of(self, module: str, likely: str) -> str | None:
        """Return the name of a check of one module that fails, or nothing."""
        name = f"{module}: import"
        try:
            with _limited(_PATIENCE):
                checks = dict(_checks_of(module, self.codes[module]))
            for name in sorted(checks, key=lambda name: (name != likely, self.slow(name))):
                with _limited(_PATIENCE + 10 * self.usual.get(name, 0)):
                    checks[name]()
        except (*_FAILURES, TakesTooLong):
            return name
        return None

    def slow(self, name: str) -> bool:
        """Whether a check had better come after the others."""
        return self.usual.get(name, 0) > _SLOW


def _checks_of(module: str, code: CodeType) -> Iterator[tuple[str, Check]]:
    namespace: dict[str, Any] = {"__name__": module, "__file__": code.co_filename}
    exec(code, namespace)
    for name, function in namespace.items():
        if not name.startswith("test_") or hasattr(function, "is_hypothesis_test"):
            continue
        parameters = set(inspect.signature(function).parameters)
        marks = [mark for mark in getattr(function, "pytestmark", ()) if mark.name == "parametrize"]
        cases = [list(_cases(*mark.args)) for mark in marks]
        for number, chosen in enumerate(itertools.product(*cases)):
            arguments = {key: value for case in chosen for key, value in case.items()}
            if set(arguments) == parameters:
                yield f"{module}::{name}[{number}]", partial(function, **arguments)


def _cases(names: str | tuple[str, ...], values: list[Any]) -> Iterator[dict[str, Any]]:
    if isinstance(names, str):
        names = tuple(name.strip() for name in names.split(","))
    for value in values:
        yield dict(zip(names, (value,) if len(names) == 1 else value))


@contextmanager
def _limited(seconds: float) -> Iterator[None]:
    signal.setitimer(signal.ITIMER_VIRTUAL, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_VIRTUAL, 0)


def _give_up(_: int, __: FrameType | None) -> None:
    raise TakesTooLong
