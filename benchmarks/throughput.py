"""Saving and restoring whole tables, beside COPY by psql, pg_dump -Fc and pg_restore.

python -m benchmarks.throughput [--json] [--check] [--rounds N] [--megabytes N]

By the clock, on an embedded PostgreSQL and an S3 server that are started for it on this machine. A
TRUNCATE in a transaction that is rolled back saves a table; a DROP TABLE is what is restored.
"""

from __future__ import annotations

import argparse
import json
import platform
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import psycopg2

import backstop
from backstop.embedded import EmbeddedServer, ServerBinaries, find_binaries
from benchmarks.peak import MOST_MEMORY, peaks
from benchmarks.report import Report, compared, write
from benchmarks.side_by_side import Bound
from benchmarks.tables import MEGABYTE, SHAPES, Shape
from benchmarks.wall_clock import Case, Outcome, Work, as_documents, measure, show
from testing.s3 import credentials, find_rclone, serve_rclone

FOLDER, S3, COPIED, DUMPED = "to a folder", "to S3", "psql \\copy", "pg_dump -Fc"
RESTORED, PG_RESTORED = "backstop restore", "pg_restore"
# At least 0.8 of the speed of what only reads, and as fast as what PostgreSQL restores with.
SAVING = Bound(COPIED, 1 / 0.8)
STORING = Bound(DUMPED, 1.0)
RESTORING = Bound(PG_RESTORED, 1.0)


@dataclass(frozen=True)
class Place:
    """Where it is measured: a database, PostgreSQL's own programs, a folder, and a bucket."""

    dsn: str
    programs: Path
    folder: Path
    bucket: str

    def storage(self, name: str) -> str:
        """Return the URL of a storage."""
        return self.bucket if name == S3 else (self.folder / "storage").as_uri()

    def execute(self, sql: str) -> None:
        """Run a statement that nobody guards."""
        with closing(psycopg2.connect(self.dsn)) as connection:
            connection.autocommit = True
            connection.cursor().execute(sql)

    def create(self, shape: Shape, megabytes: int) -> None:
        """Make a table."""
        with closing(psycopg2.connect(self.dsn)) as connection:
            connection.autocommit = True
            shape.create(connection, megabytes)

    def guarded(self, name: str) -> backstop.GuardedConnection:
        """Return a guarded connection that saves to one of the storages, or raises."""
        return backstop.guard(
            psycopg2.connect(self.dsn),
            storage=self.storage(name),
            actor="benchmark",
            on_snapshot_failure="raise",
        )

    def copy(self, table: str) -> None:
        """Read a table, and keep nothing."""
        self.program("psql", self.dsn, "--quiet", f"--command=\\copy {table} TO /dev/null")

    def dump(self, table: str) -> Path:
        """Dump a table, compressed, and return the file."""
        file = self.folder / f"{table}.dump"
        self.program("pg_dump", "--format=custom", f"--table={table}", f"--file={file}", self.dsn)
        return file

    def program(self, name: str, *arguments: str) -> None:
        """Run one of PostgreSQL's programs."""
        subprocess.run([self.programs / name, *arguments], check=True)


@contextmanager
def place(server: EmbeddedServer, binaries: ServerBinaries) -> Iterator[Place]:
    """Start an S3 server, and make a folder."""
    rclone = find_rclone()
    if rclone is None:
        raise FileNotFoundError("rclone")
    with TemporaryDirectory() as folder:
        kept = Path(folder)
        (kept / "bucket").mkdir()
        with serve_rclone(rclone, kept / "bucket") as endpoint:
            yield Place(server.dsn(), binaries.folder, kept, endpoint.create_bucket())


def measure_shape(at: Place, shape: Shape, rounds: int) -> Iterator[Outcome]:
    """Measure saving a table that is there, to both storages, and restoring it."""
    table = shape.name
    with closing(at.guarded(FOLDER)) as to_folder, closing(at.guarded(S3)) as to_s3:
        rivals = {COPIED: lambda: at.copy(table), DUMPED: lambda: at.dump(table)}
        for name, connection, bound in ((FOLDER, to_folder, SAVING), (S3, to_s3, STORING)):
            contestants: dict[str, Work] = {name: partial(_save, connection, table), **rivals}
            yield measure(Case(f"saving {table} {name}", contestants, _nothing, bound), rounds)
    yield measure(_restoring(at, table), rounds)


def _save(connection: Any, table: str) -> None:
    with closing(connection.cursor()) as cursor:
        cursor.execute(f"TRUNCATE {table}")
    connection.rollback()


def _nothing() -> None:
    pass


def _restoring(at: Place, table: str) -> Case:
    file = at.dump(table)
    with closing(at.guarded(FOLDER)) as connection:
        connection.cursor().execute(f"DROP TABLE {table}")
        connection.commit()
    snapshot = backstop.snapshots.list(at.storage(FOLDER))[-1]

    def restore() -> None:
        report = backstop.restore(snapshot.id, storage=at.storage(FOLDER), dsn=at.dsn)
        if not report.complete:
            raise AssertionError(f"{table} did not come back whole")

    contestants = {
        RESTORED: restore,
        PG_RESTORED: lambda: at.program("pg_restore", f"--dbname={at.dsn}", str(file)),
    }
    return Case(
        f"restoring {table}", contestants, lambda: at.execute(f"DROP TABLE {table}"), RESTORING
    )


@dataclass(frozen=True)
class Size:
    """What a saved table takes: bytes stored, beside a dump's, and bytes of memory."""

    table: str
    stored: int
    dumped: int
    saving: int
    restoring: int

    @property
    def memory(self) -> int:
        """The bytes that the costlier of saving and restoring takes."""
        return max(self.saving, self.restoring)


def measure_size(at: Place, table: str) -> Size:
    """Measure what a table that is there takes."""
    peak = peaks(at.dsn, at.storage(FOLDER), table)
    # As it was made: what is measured next shall find no rows that nobody has read yet.
    at.execute(f"VACUUM ANALYZE {table}")
    manifest = backstop.snapshots.show(peak.snapshot, at.storage(FOLDER)).manifest
    stored = sum(part.bytes for saved in manifest.tables for part in saved.objects)
    return Size(table, stored, at.dump(table).stat().st_size, peak.saving, peak.restoring)


def main(arguments: list[str] | None = None) -> int:
    """Measure and show; with --check the exit code says whether every bound holds."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--json", action="store_true", help="print JSON in place of a table")
    parser.add_argument("--check", action="store_true", help="exit with 1 if a bound is broken")
    parser.add_argument("--write", action="store_true", help="write the documentation's pages")
    parser.add_argument("--rounds", type=int, default=3, help="how often each case is measured")
    parser.add_argument(
        "--megabytes", type=int, default=1_000, help="how large a table is, as text"
    )
    options = parser.parse_args(arguments)
    binaries = find_binaries()
    if binaries is None or find_rclone() is None:
        parser.error(
            "PostgreSQL or rclone is missing: the group of dependencies 'test' brings both"
        )
    outcomes: list[Outcome] = []
    sizes: list[Size] = []
    with credentials(), EmbeddedServer(binaries=binaries) as server, place(server, binaries) as at:
        for shape in SHAPES:
            at.create(shape, options.megabytes)
            sizes.append(measure_size(at, shape.name))
            outcomes += measure_shape(at, shape, options.rounds)
        version = server.version
    if options.json:
        documents = {"times": as_documents(outcomes), "sizes": [asdict(size) for size in sizes]}
        print(json.dumps(documents, indent=2))
    else:
        print(
            f"Python {platform.python_version()}, PostgreSQL {version} without fsync, "
            f"{options.megabytes:,} MB each; medians of {options.rounds} rounds"
        )
        show(outcomes)
        for report in reports(outcomes, sizes, options.megabytes):
            print(*compared(report), sep="\n")
    if options.write:
        for report in reports(outcomes, sizes, options.megabytes):
            write(report, {"PostgreSQL": version})
    held = all(outcome.holds for outcome in outcomes) and all(
        size.memory <= MOST_MEMORY for size in sizes
    )
    return 1 if options.check and not held else 0


def reports(outcomes: list[Outcome], sizes: list[Size], megabytes: int) -> list[Report]:
    """Return what the documentation shows."""
    return [
        Report(
            "throughput",
            "Saving and restoring whole tables",
            f"Tables of {megabytes:,} MB as text: a TRUNCATE that is saved, and a DROP TABLE that "
            "is restored with its keys and indexes, beside PostgreSQL's own programs.",
            "seconds",
            {
                outcome.case.name: {name: time / 1e3 for name, time in outcome.times.items()}
                for outcome in outcomes
            },
            conditions={"megabytes": megabytes},
        ),
        Report(
            "size",
            "What a saved table takes",
            f"Tables of {megabytes:,} MB as text: what is stored of one, beside its dump, and how "
            "much the processes grow that save and restore it.",
            "megabytes",
            {
                size.table: {
                    "stored": size.stored / MEGABYTE,
                    DUMPED: size.dumped / MEGABYTE,
                    "memory to save": size.saving / MEGABYTE,
                    "memory to restore": size.restoring / MEGABYTE,
                }
                for size in sizes
            },
            conditions={"megabytes": megabytes},
        ),
    ]


if __name__ == "__main__":
    sys.exit(main())
