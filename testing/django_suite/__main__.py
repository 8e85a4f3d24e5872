"""Compares Django with the app installed with Django without, by Django's own test suite.

python -m testing.django_suite [--suite FOLDER] [--mode monitor --mode protect] [LABEL ...]

On an embedded server, or the one that BACKSTOP_TEST_DSN names (a superuser's), by the driver that
BACKSTOP_TEST_DRIVER names. Shows every test that passes without the app and doesn't with it, and
fails where one of them isn't among the known ones.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path

import django
from psycopg2.extensions import parse_dsn

from testing.django_suite.known import KNOWN
from testing.django_suite.labels import apart, labels
from testing.suites import Outcomes, compare, fetch, import_path, say_passed, server

_MODES = ("monitor", "protect")
_SERVER = {"max_locks_per_transaction": "256"}
_LOGIN = {"host": "HOST", "port": "PORT", "user": "USER", "password": "PASSWORD"}


def run(suite: Path, dsn: str, chosen: list[str], mode: str | None) -> Outcomes:
    """Run the parts of the suite, and return what became of each test."""
    found: Outcomes = {}
    for group in apart(chosen):
        found.update(_run_together(suite, dsn, group, mode))
    return found


def _run_together(suite: Path, dsn: str, chosen: list[str], mode: str | None) -> Outcomes:
    """Run parts of the suite in a process and databases of their own."""
    parts = parse_dsn(dsn)
    with tempfile.TemporaryDirectory() as folder:
        results = Path(folder, "results.json")
        variables = {
            "DJANGO_SUITE_LOGIN": json.dumps(
                {name: parts[part] for part, name in _LOGIN.items() if part in parts}
            ),
            "DJANGO_SUITE_RESULTS": str(results),
            "TMPDIR": folder,
            "PYTHONPATH": import_path(suite),
        }
        if mode is not None:
            store = Path(folder, "store").as_uri()
            settings = {"STORAGE": store, "ACTOR": "django-suite", "MODE": mode}
            variables["DJANGO_SUITE_BACKSTOP"] = json.dumps(settings)
        subprocess.run(
            [sys.executable, "-m", "testing.django_suite.running", *chosen],
            env={**os.environ, **variables},
            cwd=suite,
            check=False,
        )
        tests: Outcomes = json.loads(results.read_text(encoding="utf-8"))
        return tests


def main(arguments: list[str]) -> int:
    """Fetch the suite, run it plain and in each mode, and compare; 0 where all is known."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("labels", nargs="*", metavar="LABEL", help="parts of the suite; else all")
    parser.add_argument("--mode", action="append", choices=_MODES, help="the modes; else both")
    parser.add_argument("--suite", type=Path, metavar="FOLDER", help="Django's sources, if here")
    given = parser.parse_args(arguments)
    with tempfile.TemporaryDirectory() as folder, server(_SERVER) as dsn:
        sources = given.suite or fetch("Django", django.__version__, Path(folder))
        suite = sources.resolve() / "tests"
        chosen = given.labels or labels(suite)
        plain = run(suite, dsn, chosen, None)
        say_passed(plain)
        kept = [
            compare(plain, run(suite, dsn, chosen, mode), mode, 1.0, KNOWN[mode])
            for mode in given.mode or _MODES
        ]
    return 0 if all(kept) else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
