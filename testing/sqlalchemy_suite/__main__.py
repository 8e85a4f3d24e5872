"""Compares guarded engines with unguarded ones, by SQLAlchemy's own tests.

python -m testing.sqlalchemy_suite [--drivers psycopg2 psycopg] [--all] [--suite FOLDER]

The dialect suite, and what SQLAlchemy itself runs on every database of its engine, sql and orm
tests; all of these with --all, which takes an hour. On an embedded server, or the one that
BACKSTOP_TEST_DSN names (a superuser's). Fails where fewer of the tests that pass without a guard
pass with it than is promised.
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

import psycopg2
import sqlalchemy
from psycopg2 import sql

from testing.suites import Outcomes, compare, fetch, fresh_database, import_path, server

_DATABASE = "sqlalchemy_test"
_TIMEOUT = 4 * 3600
# The suite skips what the server isn't set up for.
_SERVER = {"max_prepared_transactions": "10", "max_connections": "200"}
_SETUP = "CREATE SCHEMA test_schema; CREATE SCHEMA test_schema_2"
_PYTEST = (
    *("-p", "testing.sqlalchemy_suite.plugin", "-q", "--tb=short"),
    # Theirs ends after some failures; plug-ins of ours aren't theirs.
    *("-o", "addopts=-p no:warnings -p no:logging -p no:xdist -p no:django -p no:timeout"),
)


@dataclass(frozen=True)
class Part:
    """Some of the tests, and the share of those that pass unguarded which has to pass guarded."""

    name: str
    folders: tuple[str, ...]
    bound: float
    options: tuple[str, ...] = ()


DIALECT = Part("dialect suite", ("test/dialect/test_suite.py",), 1.0)
OTHERS = Part(
    "engine, sql, orm", ("test/engine", "test/sql", "test/orm"), 0.995, ("--backend-only",)
)
MODES = ("monitor", "protect")


def run(suite: Path, dsn: str, driver: str, mode: str, part: Part) -> Outcomes:
    """Run a part in a process and a database of its own, and return what became of each test."""
    with tempfile.TemporaryDirectory() as folder, _database(dsn, driver) as url:
        results = Path(folder, "results")
        variables = {
            "SUITE_MODE": mode,
            "SUITE_STORE": Path(folder, "store").as_uri(),
            "SUITE_RESULTS": str(results),
            "PYTHONPATH": import_path(suite),
        }
        # -s: the tests take the SQLAlchemy that is installed, not their own sources.
        subprocess.run(
            [
                *(sys.executable, "-s", "-m", "pytest", *_PYTEST, f"--dburi={url}"),
                *(*part.options, *part.folders),
            ],
            env={**os.environ, **variables},
            cwd=suite,
            stdout=subprocess.DEVNULL,
            check=False,
            timeout=_TIMEOUT,
        )
        return _read(results)


def _read(results: Path) -> Outcomes:
    found: Outcomes = {}
    for line in results.read_text(encoding="utf-8").splitlines():
        one = json.loads(line)
        # A test that passed can still fail at its end.
        if one["outcome"] != "passed" or one["test"] not in found:
            found[one["test"]] = {"outcome": one["outcome"], "why": one["why"]}
    return found


@contextlib.contextmanager
def _database(dsn: str, driver: str) -> Iterator[str]:
    """Give the address of a fresh database for a driver; it is dropped at the end."""
    with fresh_database(dsn, _DATABASE) as connection:
        with contextlib.closing(psycopg2.connect(dsn, dbname=_DATABASE)) as own:
            own.autocommit = True
            own.cursor().execute(_SETUP)
            _extend(own)
        info = connection.info
        login = info.user + (f":{info.password}" if info.password else "")
        yield f"postgresql+{driver}://{login}@{info.host}:{info.port}/{_DATABASE}"


def _extend(connection: psycopg2.extensions.connection) -> None:
    for name in ("hstore", "citext"):
        # Not every server has them; their tests are skipped then, on both sides.
        with contextlib.suppress(psycopg2.Error):
            connection.cursor().execute(sql.SQL("CREATE EXTENSION {}").format(sql.Identifier(name)))


def main(arguments: list[str]) -> int:
    """Fetch the suite, run it in every form, and compare; 0 where all are within their bounds."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument(
        "--suite", type=Path, metavar="FOLDER", help="SQLAlchemy's sources, where they are here"
    )
    parser.add_argument("--drivers", nargs="+", default=["psycopg2", "psycopg"], metavar="DRIVER")
    parser.add_argument("--modes", nargs="+", default=MODES, choices=MODES)
    parser.add_argument("--all", action="store_true", help="tests of no database as well")
    parser.add_argument("--dialect-only", action="store_true", help="the dialect suite alone")
    given = parser.parse_args(arguments)
    others = Part(OTHERS.name, OTHERS.folders, OTHERS.bound) if given.all else OTHERS
    parts = [DIALECT] if given.dialect_only else [DIALECT, others]
    kept = []
    with tempfile.TemporaryDirectory() as folder, server(_SERVER) as dsn:
        version = sqlalchemy.__version__
        sources = given.suite or fetch("SQLAlchemy", version, Path(folder))
        suite = sources.resolve()
        for driver in given.drivers:
            for part in parts:
                plain = run(suite, dsn, driver, "-", part)
                for mode in given.modes:
                    guarded = run(suite, dsn, driver, mode, part)
                    title = f"{part.name}, {driver} in {mode}"
                    kept.append(compare(plain, guarded, title, part.bound))
    return 0 if all(kept) else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
