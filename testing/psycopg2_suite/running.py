"""Runs the suite once, in a process of its own, with connections of one form.

python -m testing.psycopg2_suite.running FORM MODE STORE FILE

FORM is ``plain``, ``proxy`` or ``subclass``. The folder with the suite comes first on the path, the
server's address is in the suite's own variables (``PSYCOPG2_TESTDB`` …). What became of each test
is written to FILE, as JSON.
"""

from __future__ import annotations

import importlib
import json
import sys
import unittest
from pathlib import Path
from typing import Any, Callable

import psycopg2
from psycopg2 import extensions, extras

import backstop
import backstop.psycopg2

_connect = psycopg2.connect
_connect_in_c = psycopg2._connect  # type: ignore[attr-defined]

_REPLICATION = (extras.LogicalReplicationConnection, extras.PhysicalReplicationConnection)


class Outcomes(unittest.TestResult):
    """What became of each test, why it failed, and whether it had an ordinary connection."""

    def __init__(self) -> None:
        super().__init__()
        self.found: dict[str, dict[str, Any]] = {}
        self._current: dict[str, Any] = {}

    def connected(self) -> None:
        """Take in that the current test has opened an ordinary connection."""
        self._current["connects"] = True

    def startTest(self, test: unittest.TestCase) -> None:  # noqa: N802, D102
        super().startTest(test)
        self._current = {"outcome": "passed", "why": "", "connects": False}
        self.found[test.id()] = self._current

    def addSkip(self, test: unittest.TestCase, reason: str) -> None:  # noqa: N802, D102
        super().addSkip(test, reason)
        self._current.update(outcome="skipped", why=reason)

    def addError(self, test: unittest.TestCase, err: Any) -> None:  # noqa: N802, D102
        super().addError(test, err)
        self._failed(err)

    def addFailure(self, test: unittest.TestCase, err: Any) -> None:  # noqa: N802, D102
        super().addFailure(test, err)
        self._failed(err)

    def addSubTest(self, test: Any, subtest: Any, err: Any) -> None:  # noqa: N802, D102
        super().addSubTest(test, subtest, err)
        if err is not None:
            self._failed(err)

    def _failed(self, error: Any) -> None:
        said = (str(error[1]).strip() or "-").splitlines()[0]
        self._current.update(outcome="failed", why=f"{error[0].__name__}: {said}")


def connecting(form: str, settings: dict[str, Any], seen: Callable[[], None]) -> Any:
    """Return a psycopg2.connect whose ordinary connections are of one form."""

    def connect(dsn: Any = None, connection_factory: Any = None, *args: Any, **kwargs: Any) -> Any:
        if not _is_ordinary(connection_factory, kwargs):
            return _connect(dsn, connection_factory, *args, **kwargs)
        if form == "subclass":
            base = connection_factory or extensions.connection
            connection_factory = backstop.psycopg2.connection_factory(base=base, **settings)
        connection = _connect(dsn, connection_factory, *args, **kwargs)
        seen()
        return backstop.guard(connection, **settings) if form == "proxy" else connection

    return connect


def _is_ordinary(factory: Any, kwargs: dict[str, Any]) -> bool:
    replicates = isinstance(factory, type) and issubclass(factory, _REPLICATION)
    # Some tests put a stand-in in the place of what opens a connection.
    connects = psycopg2._connect is _connect_in_c  # type: ignore[attr-defined]
    return connects and not (kwargs.get("async_") or kwargs.get("async") or replicates)


def main(arguments: list[str]) -> None:
    """Run the suite, and write down what became of each test."""
    form, mode, store, file = arguments
    if form == "proxy":
        # As in an application that imports the adapter before its own modules: what they import
        # by name takes a guarded connection.
        backstop.psycopg2.patch()
    outcomes = Outcomes()
    settings = {"storage": store, "actor": "psycopg2-suite", "mode": mode}
    psycopg2.connect = connecting(form, settings, outcomes.connected)
    suite = importlib.import_module("tests")
    suite.test_suite().run(outcomes)
    Path(file).write_text(json.dumps(outcomes.found), encoding="utf-8")


if __name__ == "__main__":
    main(sys.argv[1:])
