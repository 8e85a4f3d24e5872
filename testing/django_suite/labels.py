"""The parts of Django's test suite that are run, by their labels."""

from __future__ import annotations

import re
from pathlib import Path

_TOUCHES_A_DATABASE = re.compile(
    r"^from django\.test import .*?\b(?:TestCase|TransactionTestCase)\b", re.MULTILINE
)
# They need an extension that no server of the tests has, or browsers, or start projects of their
# own that know nothing of the app.
_LEFT_OUT = {"admin_scripts", "gis_tests", "import_error_package", "test_runner_apps"}
# They drop and alter all the time, which takes long in protect among the others' 1,500 tables.
_APART = {"migrations", "schema"}


def labels(suite: Path) -> list[str]:
    """Name the parts of the suite that have tests with a database."""
    return sorted(
        part.name
        for part in suite.iterdir()
        if part.is_dir()
        and part.name not in _LEFT_OUT
        and any(
            _TOUCHES_A_DATABASE.search(path.read_text(encoding="utf-8", errors="replace"))
            for path in part.rglob("*.py")
        )
    )


def apart(chosen: list[str]) -> list[list[str]]:
    """Return the labels in groups that are better run in databases of their own."""
    groups = (
        [label for label in chosen if label not in _APART],
        [label for label in chosen if label in _APART],
    )
    return [group for group in groups if group]
