"""A runner that writes down what became of each test, and why it failed.

Databases are created, emptied and destroyed unguarded, as in every test run; tests are guarded.
"""

from __future__ import annotations

import json
import os
import unittest
from pathlib import Path
from typing import Any

from django.db import connections
from django.test import TransactionTestCase
from django.test.runner import DiscoverRunner

_TEAR_DOWN = "_fixture_teardown"


class Outcomes(unittest.TextTestResult):
    """What became of each test, by its id."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.found: dict[str, dict[str, str]] = {}

    def addSuccess(self, test: unittest.TestCase) -> None:  # noqa: N802, D102
        super().addSuccess(test)
        self.found.setdefault(test.id(), {"outcome": "passed", "why": ""})

    def addSkip(self, test: unittest.TestCase, reason: str) -> None:  # noqa: N802, D102
        super().addSkip(test, reason)
        self.found[test.id()] = {"outcome": "skipped", "why": reason}

    def addExpectedFailure(self, test: unittest.TestCase, err: Any) -> None:  # noqa: N802, D102
        super().addExpectedFailure(test, err)
        self.found[test.id()] = {"outcome": "passed", "why": ""}

    def addError(self, test: unittest.TestCase, err: Any) -> None:  # noqa: N802, D102
        super().addError(test, err)
        self._failed(test, err)

    def addFailure(self, test: unittest.TestCase, err: Any) -> None:  # noqa: N802, D102
        super().addFailure(test, err)
        self._failed(test, err)

    def addSubTest(self, test: Any, subtest: Any, err: Any) -> None:  # noqa: N802, D102
        super().addSubTest(test, subtest, err)
        if err is not None:
            self._failed(test, err)

    def _failed(self, test: unittest.TestCase, error: Any) -> None:
        said = (str(error[1]).strip() or "-").splitlines()[0]
        why = f"{getattr(error[0], '__name__', error[0])}: {said[:300]}"
        self.found[test.id()] = {"outcome": "failed", "why": why}


class Guarding:
    """Whether connections that are opened now are guarded: while tests run, and not between."""

    on = False

    @classmethod
    def switch(cls, on: bool) -> None:
        """Have connections opened anew, guarded or not."""
        connections.close_all()
        cls.on = on


def keep_unguarded() -> None:
    """Let the suite empty its databases after a test as everywhere: unguarded."""
    tear_down = getattr(TransactionTestCase, _TEAR_DOWN)

    def unguarded(self: TransactionTestCase) -> None:
        Guarding.switch(False)
        try:
            tear_down(self)
        finally:
            Guarding.switch(True)

    setattr(TransactionTestCase, _TEAR_DOWN, unguarded)


class Runner(DiscoverRunner):
    """Django's runner, which writes to the file that DJANGO_SUITE_RESULTS names."""

    def setup_databases(self, **kwargs: Any) -> Any:
        """Create them unguarded."""
        made = super().setup_databases(**kwargs)
        Guarding.switch(True)
        return made

    def teardown_databases(self, old_config: Any, **kwargs: Any) -> None:
        """Destroy them unguarded."""
        Guarding.switch(False)
        super().teardown_databases(old_config, **kwargs)

    def get_resultclass(self) -> type[Outcomes]:
        """Return the class that keeps what became of each test."""
        return Outcomes

    def suite_result(self, suite: Any, result: Any, **kwargs: Any) -> Any:
        """Write down what was found."""
        Path(os.environ["DJANGO_SUITE_RESULTS"]).write_text(
            json.dumps(result.found), encoding="utf-8"
        )
        return super().suite_result(suite, result, **kwargs)
