"""Compares guarded connections with unguarded ones, by psycopg2's own test suite.

python -m testing.psycopg2_suite [--suite FOLDER]

On an embedded server, or the one that BACKSTOP_TEST_DSN names (a superuser's). Fails where fewer of
the tests that have an ordinary connection and pass without a guard pass with it than is promised.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psycopg2
from psycopg2 import extensions, sql

from backstop.embedded import EmbeddedServer
from testing.psycopg2_suite.fetching import fetch

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

Tests = dict[str, dict[str, Any]]


def run(suite: Path, dsn: str, form: str, mode: str) -> Tests:
    """Run the suite in a process and a database of its own, and return what became of it."""
    with tempfile.TemporaryDirectory() as folder, _database(dsn) as variables:
        results = Path(folder, "results.json")
        store = Path(folder, "store").as_uri()
        # The suite's own folder comes before this checkout, which has tests as well.
        path = os.pathsep.join([str(suite), str(Path(__file__).parents[2])])
        subprocess.run(
            [
                *(sys.executable, "-m", "testing.psycopg2_suite.running"),
                *(form, mode, store, str(results)),
            ],
            env={**os.environ, **variables, "PYTHONPATH": path},
            cwd=folder,
            check=True,
            timeout=_TIMEOUT,
        )
        tests: Tests = json.loads(results.read_text(encoding="utf-8"))
        return tests


@contextlib.contextmanager
def _database(dsn: str) -> Iterator[dict[str, str]]:
    """Give the suite's variables for a fresh database; it is dropped at the end."""
    name = sql.Identifier(_DATABASE)
    with contextlib.closing(psycopg2.connect(dsn)) as connection:
        connection.autocommit = True
        cursor = connection.cursor()
        cursor.execute(sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(name))
        cursor.execute(sql.SQL("CREATE DATABASE {} TEMPLATE template0").format(name))
        login = extensions.parse_dsn(dsn)
        variables = {"PSYCOPG2_TESTDB": _DATABASE}
        for part in ("host", "port", "user", "password"):
            if part in login:
                variables[f"PSYCOPG2_TESTDB_{part.upper()}"] = login[part]
        try:
            yield variables
        finally:
            cursor.execute(sql.SQL("DROP DATABASE {} WITH (FORCE)").format(name))


def compare(plain: Tests, guarded: Tests, form: Form) -> bool:
    """Show the share of tests that pass, and those that don't; whether they are enough."""
    wanted = [
        name for name, test in plain.items() if test["connects"] and test["outcome"] == "passed"
    ]
    # A test that the guarded run skips shows nothing, and counts as one that fails.
    differences = [name for name in wanted if guarded[name]["outcome"] != "passed"]
    share = 1 - len(differences) / len(wanted)
    _say(
        f"{form.name} in {form.mode}: {len(wanted) - len(differences)} of {len(wanted)} pass, "
        f"{share:.2%} (at least {form.bound:.1%})"
    )
    for name in differences:
        _say(f"  {name.removeprefix('tests.')}: {guarded[name]['why']}")
    return share >= form.bound


def _say(line: str) -> None:
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


@contextlib.contextmanager
def _server() -> Iterator[str]:
    named = os.environ.get("BACKSTOP_TEST_DSN")
    if named:
        yield named
    else:
        with EmbeddedServer(settings=_SERVER) as server:
            yield server.dsn()


def main(arguments: list[str]) -> int:
    """Fetch the suite, run it in every form, and compare; 0 where all are within their bounds."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument(
        "--suite", type=Path, metavar="FOLDER", help="psycopg2's sources, where they are here"
    )
    given: Path | None = parser.parse_args(arguments).suite
    with tempfile.TemporaryDirectory() as folder, _server() as dsn:
        suite = given.resolve() if given else fetch(Path(folder))
        plain = run(suite, dsn, "plain", "-")
        passed = sum(test["outcome"] == "passed" for test in plain.values())
        _say(f"plain: {passed} of {len(plain)} pass")
        kept = [compare(plain, run(suite, dsn, form.name, form.mode), form) for form in FORMS]
    return 0 if all(kept) else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
