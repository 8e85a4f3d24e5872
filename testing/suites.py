"""What the runs of other projects' own test suites share: fetching, a server, comparing."""

from __future__ import annotations

import contextlib
import os
import subprocess
import sys
import tarfile
from collections.abc import Iterator, Mapping
from pathlib import Path

import psycopg2
from psycopg2 import sql

from backstop.embedded import EmbeddedServer, list_binaries

CHECKOUT = Path(__file__).parents[1]

Outcomes = dict[str, dict[str, str]]
"""By the test's name its ``outcome`` (``passed``, ``failed``, ``skipped``), and ``why``."""


def fetch(distribution: str, version: str, folder: Path) -> Path:
    """Have pip unpack a source distribution into ``folder``, and return where it lies.

    Raises subprocess.CalledProcessError where pip can't have it; pip has said why.
    """
    # For the name and version pip may ask a set-up script, which asks a server's pg_config.
    programs = [str(binaries.folder) for binaries in list_binaries()]
    subprocess.run(
        [
            *(sys.executable, "-m", "pip", "download", "--quiet", "--no-deps"),
            *(f"--no-binary={distribution}", f"--dest={folder}", f"{distribution}=={version}"),
        ],
        env={**os.environ, "PATH": os.pathsep.join([os.environ["PATH"], *programs])},
        check=True,
    )
    (archive,) = folder.glob("*.tar.gz")
    with tarfile.open(archive) as opened:
        opened.extractall(folder, filter="data")
    return folder / archive.name[: -len(".tar.gz")]


@contextlib.contextmanager
def server(settings: Mapping[str, str]) -> Iterator[str]:
    """Give the DSN of an embedded server, or that of BACKSTOP_TEST_DSN."""
    named = os.environ.get("BACKSTOP_TEST_DSN")
    if named:
        yield named
    else:
        with EmbeddedServer(settings=settings) as embedded:
            yield embedded.dsn()


@contextlib.contextmanager
def fresh_database(dsn: str, name: str) -> Iterator[psycopg2.extensions.connection]:
    """Create a database, which is dropped at the end; give a connection to another one."""
    quoted = sql.Identifier(name)
    with contextlib.closing(psycopg2.connect(dsn)) as connection:
        connection.autocommit = True
        cursor = connection.cursor()
        cursor.execute(sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(quoted))
        cursor.execute(sql.SQL("CREATE DATABASE {} TEMPLATE template0").format(quoted))
        try:
            yield connection
        finally:
            cursor.execute(sql.SQL("DROP DATABASE {} WITH (FORCE)").format(quoted))


def import_path(suite: Path) -> str:
    """Return a PYTHONPATH on which the suite comes before this checkout, which has tests too."""
    kept = os.environ.get("PYTHONPATH", "")
    return os.pathsep.join(filter(None, (str(suite), str(CHECKOUT), kept)))


def compare(
    plain: Outcomes,
    guarded: Outcomes,
    title: str,
    bound: float,
    known: Mapping[str, str] | None = None,
) -> bool:
    """Show how many of the tests that pass plain pass guarded as well, and which don't.

    Return whether their share is at least ``bound``, where the ``known`` ones, which are shown with
    their reasons, don't count.
    """
    wanted = [name for name, test in plain.items() if test["outcome"] == "passed"]
    missing = {"outcome": "missing", "why": "it didn't run"}
    # A test that the guarded run skips, or never reaches, shows nothing: it counts as a failure.
    found = {name: guarded.get(name, missing) for name in wanted}
    different = {name: test for name, test in found.items() if test["outcome"] != "passed"}
    say(
        f"{title}: {len(wanted) - len(different)} of {len(wanted)} pass, "
        f"{1 - len(different) / len(wanted):.2%} (at least {bound:.1%})"
    )
    reasons = known or {}
    for name, test in different.items():
        said = f"\n    {reasons[name]}" if name in reasons else ""
        say(f"  {name.removeprefix('tests.')}: {test['why']}{said}")
    unknown = different.keys() - reasons.keys()
    return 1 - len(unknown) / len(wanted) >= bound


def say_passed(plain: Outcomes) -> None:
    """Show how many tests pass without a guard."""
    passed = sum(test["outcome"] == "passed" for test in plain.values())
    say(f"plain: {passed} of {len(plain)} pass")


def say(line: str) -> None:
    """Print a line at once."""
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()
