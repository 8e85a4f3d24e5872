"""How what Backstop does grows with tables, partitions, foreign keys and snapshots.

python -m benchmarks.scale [--json] [--write] [--largest N]

By the clock, on an embedded PostgreSQL that is started for it, and in a folder. The last column is
how the time grew for ten times as much, 10 where it is in proportion. Of what asks a store, the
objects are counted that it reads.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import shutil
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import asdict, dataclass
from math import log
from pathlib import Path
from tempfile import TemporaryDirectory
from time import perf_counter
from typing import Any

import psycopg2
from rich.console import Console
from rich.table import Table

import backstop
from backstop.drivers import session_for
from backstop.embedded import EmbeddedServer
from backstop.postgres.model.reading import read_model
from backstop.storage.folder import FolderStorage
from benchmarks.report import Report, compared, write

Measured = Callable[[], object]

LISTING, FINDING = "listing snapshots", "finding the last of a table"
_TABLES = ("wanted", "other")
# A file has 65,000 names at most on ext4.
_MOST_LINKS = 50_000
_ROOM = {"max_locks_per_transaction": "5000"}


@dataclass(frozen=True)
class Point:
    """What one size of a curve took: seconds, the best of three, and objects read of a store."""

    curve: str
    size: int
    seconds: float
    reads: int


@dataclass(frozen=True)
class Place:
    """A server, and a folder for what is stored."""

    server: EmbeddedServer
    folder: Path

    @contextmanager
    def database(self, setup: Sequence[str]) -> Iterator[Any]:
        """Make a database by some statements, and connect to it, in autocommit."""
        dsn = self.server.dsn()
        with closing(psycopg2.connect(dsn)) as maintenance:
            maintenance.autocommit = True
            maintenance.cursor().execute("DROP DATABASE IF EXISTS scale")
            maintenance.cursor().execute("CREATE DATABASE scale")
        with closing(psycopg2.connect(dsn, dbname="scale")) as connection:
            connection.autocommit = True
            for statement in setup:
                connection.cursor().execute(statement)
            connection.cursor().execute("VACUUM ANALYZE")
            yield connection

    def guarded(self, connection: Any) -> Any:
        """Put a connection under a guard that saves every change, and raises."""
        return backstop.guard(
            connection, storage=(self.folder / "storage").as_uri(), actor="benchmark",
            snapshot_at="LOW", on_snapshot_failure="raise",
        )  # fmt: skip


@contextmanager
def reading_objects(at: Place, size: int) -> Iterator[Measured]:
    """Read the definitions of tables, each with a key, an index and a default."""
    tables = [
        f"CREATE TABLE t{number} (id serial PRIMARY KEY, name text DEFAULT 'n', at date);"
        f"CREATE INDEX ON t{number} (at)"
        for number in range(size)
    ]
    with at.database(tables) as connection:
        connection.autocommit = False
        yield lambda: read_model(session_for(connection))


@contextmanager
def deleting_of_partitions(at: Place, size: int) -> Iterator[Measured]:
    """Save and delete a row of each partition."""
    parts = [
        "CREATE TABLE whole (id int PRIMARY KEY) PARTITION BY RANGE (id)",
        *(
            f"CREATE TABLE part{number} PARTITION OF whole "
            f"FOR VALUES FROM ({number * 10}) TO ({number * 10 + 10})"
            for number in range(size)
        ),
    ]
    fill = f"INSERT INTO whole SELECT g * 10 FROM generate_series(0, {size - 1}) AS g"
    yield from _saving(at, parts, fill, "DELETE FROM whole")


@contextmanager
def deleting_by_cascade(at: Place, size: int) -> Iterator[Measured]:
    """Save and delete a row of each of many tables, by one foreign key after the other."""
    tables = [
        "CREATE TABLE t0 (id int PRIMARY KEY)",
        *(
            f"CREATE TABLE t{number} (id int PRIMARY KEY "
            f"REFERENCES t{(number - 1) // 2} ON DELETE CASCADE)"
            for number in range(1, size)
        ),
    ]
    fill = ";".join(f"INSERT INTO t{number} VALUES (1)" for number in range(size))
    yield from _saving(at, tables, fill, "DELETE FROM t0")


def _saving(at: Place, setup: list[str], fill: str, sql: str) -> Iterator[Measured]:
    with at.database([*setup, fill]) as connection:
        db = at.guarded(connection)

        def save() -> None:
            cursor = db.cursor()
            cursor.execute("BEGIN")
            cursor.execute(sql)
            cursor.execute("ROLLBACK")

        yield save


@contextmanager
def listing_snapshots(at: Place, size: int) -> Iterator[Measured]:
    """List the snapshots of a store."""
    with _store(at, f"list{size}", size) as (url, _):
        yield lambda: backstop.snapshots.list(url)


@contextmanager
def finding_a_snapshot(at: Place, size: int) -> Iterator[Measured]:
    """Find the last snapshot of a table, which is the oldest of all, and plan its restore."""
    with _store(at, f"find{size}", size) as (url, connection):
        yield lambda: backstop.undo(
            last=True, table="wanted", dry_run=True, storage=url, conn=connection
        )


@contextmanager
def _store(at: Place, name: str, size: int) -> Iterator[tuple[str, Any]]:
    """Fill a store: the first snapshot is of a table that no other one has."""
    url = (at.folder / name).as_uri()
    tables = [f"CREATE TABLE {table} (id int); INSERT INTO {table} VALUES (1)" for table in _TABLES]
    with at.database(tables) as connection:
        db = backstop.guard(connection, storage=url, actor="benchmark", snapshot_at="LOW")
        for table in _TABLES:
            db.cursor().execute(f"DELETE FROM {table}")
        *_, last = sorted(snapshot.id for snapshot in backstop.snapshots.list(url))
        _multiply(at.folder / name, last, size - 1)
        yield url, connection


def _multiply(folder: Path, snapshot_id: str, size: int) -> None:
    """Make more snapshots of one, as files under other ids."""
    files = [path for path in folder.rglob("*") if path.is_file() and snapshot_id in str(path)]
    linked = dict(zip(files, files))
    for number in range(size - 1):
        other = f"{snapshot_id[:-6]}{number:06d}"
        for path in files:
            copy = folder / str(path.relative_to(folder)).replace(snapshot_id, other)
            copy.parent.mkdir(parents=True, exist_ok=True)
            if number % _MOST_LINKS:
                os.link(linked[path], copy)
            else:
                linked[path] = Path(shutil.copyfile(path, copy))


CURVES: dict[str, tuple[Callable[..., Any], Sequence[int]]] = {
    "reading the definitions of tables": (reading_objects, (10, 100, 1_000, 10_000)),
    "saving from partitions": (deleting_of_partitions, (1, 10, 100, 1_000)),
    "saving along foreign keys": (deleting_by_cascade, (5, 50, 200, 500)),
    LISTING: (listing_snapshots, (100, 1_000, 10_000, 100_000)),
    FINDING: (finding_a_snapshot, (100, 1_000, 10_000, 100_000)),
}


def points(at: Place, largest: int) -> Iterator[Point]:
    """Measure every curve, up to a size."""
    for name, (make, sizes) in CURVES.items():
        for size in sizes:
            if size <= largest:
                with make(at, size) as measured:
                    seconds = min(_seconds(measured) for _ in range(3))
                    yield Point(name, size, seconds, _reads(measured))


def _seconds(measured: Measured) -> float:
    start = perf_counter()
    measured()
    return perf_counter() - start


def _reads(measured: Measured) -> int:
    """Return how many objects of a folder are read; both ways to read one end in ``read``."""
    read, count = FolderStorage.read, 0

    def counting(storage: FolderStorage, key: str) -> Iterator[bytes]:
        nonlocal count
        count += 1
        return read(storage, key)

    setattr(FolderStorage, "read", counting)  # noqa: B010 - mypy takes it for a mistake otherwise
    try:
        measured()
    finally:
        setattr(FolderStorage, "read", read)  # noqa: B010
    return count


def as_table(found: Sequence[Point]) -> Table:
    """Return the points for people, with how each grew from the one before."""
    table = Table("curve", "size", "seconds", "growth for ten times as much", "objects read")
    for column in table.columns[1:]:
        column.justify = "right"
    for before, point in zip((None, *found), found):
        growth = ""
        if before is not None and before.curve == point.curve:
            exponent = log(point.seconds / before.seconds) / log(point.size / before.size)
            growth = f"{10**exponent:.1f}"
        seconds, reads = f"{point.seconds:,.3f}", f"{point.reads:,}"
        table.add_row(point.curve, f"{point.size:,}", seconds, growth, reads)
    return table


def main(arguments: list[str] | None = None) -> int:
    """Measure and show."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--json", action="store_true", help="print JSON in place of a table")
    parser.add_argument("--check", action="store_true", help="for the others' sake: no bound here")
    parser.add_argument("--write", action="store_true", help="write the documentation's page")
    parser.add_argument("--largest", type=int, default=100_000, help="the largest size")
    options = parser.parse_args(arguments)
    # A lock for each of the largest number of tables, and of what belongs to them.
    with EmbeddedServer(settings=_ROOM) as server, TemporaryDirectory() as folder:
        found = list(points(Place(server, Path(folder)), options.largest))
        version = server.version
    if options.json:
        print(json.dumps([asdict(point) for point in found], indent=2))
    else:
        print(f"Python {platform.python_version()}, PostgreSQL {version}; the best of three")
        Console(width=120, highlight=False).print(as_table(found))
        print(*compared(report(found)), sep="\n")
    if options.write:
        write(report(found), {"PostgreSQL": version})
    return 0


def _told(found: Sequence[Point]) -> str:
    """Say how many objects were read of the stores."""
    said = []
    for name in (LISTING, FINDING):
        reads = [point.reads for point in found if point.curve == name]
        if reads:
            counts = " to ".join(f"{count:,}" for count in sorted({min(reads), max(reads)}))
            said.append(f"{name} read {counts} objects")
    return f"Whatever the size, {', '.join(said)}." if said else ""


def report(found: Sequence[Point]) -> Report:
    """Return what the documentation shows."""
    sizes = sorted({point.size for point in found})
    return Report(
        "scale",
        "How it grows",
        "Reading the definitions of so many tables, as a DROP does three times; saving and "
        "deleting a row of each of so many partitions, or tables along foreign keys; listing so "
        "many snapshots in a folder; and finding the oldest, by its table, up to a restore's plan. "
        f"The best of three. {_told(found)}",
        "seconds",
        {
            f"{size:,}": {point.curve: point.seconds for point in found if point.size == size}
            for size in sizes
        },
        curves=True,
    )


if __name__ == "__main__":
    sys.exit(main())
