"""Compares Django with the app installed with Django without, by Django's own test suite.

python -m testing.django_suite [--suite FOLDER] [--mode monitor --mode protect] [LABEL ...]

On an embedded server, or the one that BACKSTOP_TEST_DSN names (a superuser's), by the driver that
BACKSTOP_TEST_DRIVER names. Shows every test that passes without the app and doesn't with it, and
fails where one of them isn't among the known ones.
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
from pathlib import Path

from psycopg2.extensions import parse_dsn

from backstop.embedded import EmbeddedServer
from testing.django_suite.fetching import fetch, labels
from testing.django_suite.known import KNOWN

_MODES = ("monitor", "protect")
_LOGIN = {"host": "HOST", "port": "PORT", "user": "USER", "password": "PASSWORD"}

Tests = dict[str, dict[str, str]]


def run(suite: Path, dsn: str, chosen: list[str], mode: str | None) -> Tests:
    """Run the suite in a process of its own, and return what became of it."""
    parts = parse_dsn(dsn)
    # The suite's own folder comes before this checkout.
    path = [str(suite), str(Path(__file__).parents[2]), os.environ.get("PYTHONPATH", "")]
    with tempfile.TemporaryDirectory() as folder:
        results = Path(folder, "results.json")
        variables = {
            "DJANGO_SUITE_LOGIN": json.dumps(
                {name: parts[part] for part, name in _LOGIN.items() if part in parts}
            ),
            "DJANGO_SUITE_RESULTS": str(results),
            "TMPDIR": folder,
            "PYTHONPATH": os.pathsep.join(filter(None, path)),
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
        tests: Tests = json.loads(results.read_text(encoding="utf-8"))
        return tests


def compare(plain: Tests, guarded: Tests, mode: str) -> bool:
    """Show the tests that pass without the app and not with it; whether all of them are known."""
    wanted = [name for name, test in plain.items() if test["outcome"] == "passed"]
    missing = {"outcome": "missing", "why": "it didn't run"}
    found = {name: guarded.get(name, missing) for name in wanted}
    # A test that the guarded run skips shows nothing, and counts as one that fails.
    different = {name: test for name, test in found.items() if test["outcome"] != "passed"}
    _say(f"{mode}: {len(wanted) - len(different)} of {len(wanted)} pass")
    unknown = []
    for name, test in different.items():
        reason = KNOWN[mode].get(name)
        _say(f"  {name}: {test['why']}" + (f"\n    {reason}" if reason else ""))
        if reason is None:
            unknown.append(name)
    return not unknown


def _say(line: str) -> None:
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


@contextlib.contextmanager
def _server() -> Iterator[str]:
    named = os.environ.get("BACKSTOP_TEST_DSN")
    if named:
        yield named
    else:
        with EmbeddedServer(settings={"max_locks_per_transaction": "256"}) as server:
            yield server.dsn()


def main(arguments: list[str]) -> int:
    """Fetch the suite, run it plain and in each mode, and compare; 0 where all is known."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("labels", nargs="*", metavar="LABEL", help="parts of the suite; else all")
    parser.add_argument("--mode", action="append", choices=_MODES, help="the modes; else both")
    parser.add_argument("--suite", type=Path, metavar="FOLDER", help="Django's tests, if here")
    given = parser.parse_args(arguments)
    with tempfile.TemporaryDirectory() as folder, _server() as dsn:
        suite: Path = given.suite.resolve() if given.suite else fetch(Path(folder))
        chosen = given.labels or labels(suite)
        plain = run(suite, dsn, chosen, None)
        passed = sum(test["outcome"] == "passed" for test in plain.values())
        _say(f"plain: {passed} of {len(plain)} pass")
        kept = [
            compare(plain, run(suite, dsn, chosen, mode), mode) for mode in given.mode or _MODES
        ]
    return 0 if all(kept) else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
