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
