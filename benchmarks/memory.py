"""The memory that saving and restoring a table takes, over the idle process, by its size.

python -m benchmarks.memory [--json] [--check] [--write] [--megabytes N [N ...]] [--shape NAME ...]

In processes of their own, to a folder, on an embedded PostgreSQL that is started for it.
"""

from __future__ import annotations

import argparse
import json
import platform
import sys
from collections.abc import Iterable
from contextlib import closing
from pathlib import Path
from tempfile import TemporaryDirectory

import psycopg2

from backstop.embedded import EmbeddedServer
from benchmarks.peak import MOST_MEMORY, Peaks, peaks
from benchmarks.report import Report, compared, write
from benchmarks.tables import MEGABYTE, SHAPES, Shape

_BY_NAME = {shape.name: shape for shape in SHAPES}

Sizes = dict[int, dict[str, float]]


def measured(server: EmbeddedServer, shape: Shape, megabytes: int) -> Peaks:
    """Return what saving and restoring a table of that size takes."""
    with (
        closing(psycopg2.connect(server.dsn())) as connection,
        TemporaryDirectory() as folder,
    ):
        connection.autocommit = True
        shape.create(connection, megabytes)
        try:
            return peaks(server.dsn(), Path(folder).as_uri(), shape.name)
        finally:
            connection.cursor().execute(f"DROP TABLE IF EXISTS {shape.name}")


def main(arguments: list[str] | None = None) -> int:
    """Measure and show; with --check the exit code says whether the bound holds."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--json", action="store_true", help="print JSON in place of a table")
    parser.add_argument("--check", action="store_true", help="exit with 1 if the bound is broken")
    parser.add_argument("--write", action="store_true", help="write the documentation's page")
    parser.add_argument(
        "--megabytes", type=int, nargs="+", default=[10, 100, 1_000], help="how large, as text"
    )
    parser.add_argument(
        "--shape", nargs="+", choices=list(_BY_NAME), default=list(_BY_NAME), help="which tables"
    )
    options = parser.parse_args(arguments)
    found: Sizes = {}
    with EmbeddedServer() as server:
        for megabytes in options.megabytes:
            found[megabytes] = {}
            for name in options.shape:
                peak = measured(server, _BY_NAME[name], megabytes)
                found[megabytes][f"saving {name}"] = peak.saving / MEGABYTE
                found[megabytes][f"restoring {name}"] = peak.restoring / MEGABYTE
        version = server.version
    if options.json:
        print(json.dumps(found, indent=2))
    else:
        print(f"Python {platform.python_version()}, PostgreSQL {version}; in megabytes")
        for megabytes, taken in found.items():
            print(f"{megabytes:>7,} MB", *(f"{name} {value:.1f}" for name, value in taken.items()))
        print(*compared(report(found)), sep="\n")
    if options.write:
        write(report(found), {"PostgreSQL": version})
    return 1 if options.check and max(_all(found)) > MOST_MEMORY / MEGABYTE else 0


def _all(found: Sizes) -> Iterable[float]:
    return (value for taken in found.values() for value in taken.values())


def report(found: Sizes) -> Report:
    """Return what the documentation shows."""
    return Report(
        "memory",
        "What saving and restoring take of memory",
        "How much a process grows, at its highest, that saves a table of so many megabytes of text "
        "to a folder, and one that restores it; at most 67 megabytes (64 MiB) are allowed, "
        "whatever the size.",
        "megabytes",
        {f"{megabytes:,}": taken for megabytes, taken in found.items()},
        curves=True,
    )


if __name__ == "__main__":
    sys.exit(main())
