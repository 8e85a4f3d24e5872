"""Compares guarded connections with unguarded ones, by psycopg2's own test suite.

python -m testing.psycopg2_suite [--suite FOLDER]

On an embedded server, or the one that BACKSTOP_TEST_DSN names (a superuser's). Fails where fewer of
the tests that have an ordinary connection and pass without a guard pass with it than is promised.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

import psycopg2
from psycopg2 import extensions

from testing.suites import (
    Outcomes,
    compare,
    fetch,
    fresh_database,
    import_path,
    say_passed,
    server,
)

_DATABASE = "psycopg2_test"
_TIMEOUT = 900
# The suite skips what the server isn't set up for.
_SERVER = {"max_prepared_transactions": "10"}


@dataclass(frozen=True)
class Form:
    """How connections are guarded, and the share of tests that has to pass all the same."""

    name: str
    mode: str
    bound: float


FORMS = [
    Form("proxy", "monitor", 0.989),
    Form("proxy", "protect", 0.989),
    Form("subclass", "monitor", 0.998),
    Form("subclass", "protect", 0.998),
]


def run(suite: Path, dsn: str, form: str, mode: str) -> Outcomes:
    """Run the suite in a process and a database of its own, and return what became of it.

    Only of the tests that have an ordinary connection.
    """
    with tempfile.TemporaryDirectory() as folder, fresh_database(dsn, _DATABASE):
        results = Path(folder, "results.json")
        store = Path(folder, "store").as_uri()
        subprocess.run(
            [
                *(sys.executable, "-m", "testing.psycopg2_suite.running"),
                *(form, mode, store, str(results)),
            ],
            env={**os.environ, **_login(dsn), "PYTHONPATH": import_path(suite)},
            cwd=folder,
            check=True,
            timeout=_TIMEOUT,
        )
        tests = json.loads(results.read_text(encoding="utf-8"))
        return {name: test for name, test in tests.items() if test["connects"]}


def _login(dsn: str) -> dict[str, str]:
    """Return the variables by which the suite finds its database."""
    login = extensions.parse_dsn(dsn)
    variables = {"PSYCOPG2_TESTDB": _DATABASE}
    for part in ("host", "port", "user", "password"):
        if part in login:
            variables[f"PSYCOPG2_TESTDB_{part.upper()}"] = login[part]
    return variables


def main(arguments: list[str]) -> int:
    """Fetch the suite, run it in every form, and compare; 0 where all are within their bounds."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument(
        "--suite", type=Path, metavar="FOLDER", help="psycopg2's sources, where they are here"
    )
    given: Path | None = parser.parse_args(arguments).suite
    version = vars(psycopg2)["__version__"].split()[0]
    with tempfile.TemporaryDirectory() as folder, server(_SERVER) as dsn:
        suite = given.resolve() if given else fetch("psycopg2", version, Path(folder))
        plain = run(suite, dsn, "plain", "-")
        say_passed(plain)
        kept = []
        for form in FORMS:
            guarded = run(suite, dsn, form.name, form.mode)
            kept.append(compare(plain, guarded, f"{form.name} in {form.mode}", form.bound))
    return 0 if all(kept) else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
