"""Runs the suite once, in a process of its own.

python -m testing.django_suite.running LABEL...

The suite's folder comes first on the path; ``DJANGO_SUITE_…`` in the environment say the rest.
"""

from __future__ import annotations

import importlib
import inspect
import os
import sys
from typing import Any

from testing import driver

_CHOSEN = {"verbosity": 1, "interactive": False, "parallel": 2, "shuffle": False}


def main(labels: list[str]) -> None:
    """Run what is named."""
    os.environ["DJANGO_SETTINGS_MODULE"] = "testing.django_suite.settings"
    suite: Any = importlib.import_module("runtests")
    outcomes = importlib.import_module("testing.django_suite.outcomes")
    if "DJANGO_SUITE_BACKSTOP" in os.environ:
        suite.ALWAYS_INSTALLED_APPS.append("backstop.django")
        # Test databases are never guarded elsewhere, and the suite has no others.
        databases: Any = importlib.import_module("backstop.django.databases")
        databases._is_test_database = lambda _: not outcomes.Guarding.on
    outcomes.keep_unguarded()
    parameters = inspect.signature(suite.django_tests).parameters
    chosen = {**_CHOSEN, "test_labels": labels}
    with driver.chosen():
        suite.django_tests(**{name: chosen.get(name) for name in parameters})


if __name__ == "__main__":
    main(sys.argv[1:])
