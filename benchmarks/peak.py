"""The memory that saving or restoring a table takes in a process that does nothing else.

python -m benchmarks.peak (saving | restoring) DSN STORAGE (TABLE | SNAPSHOT)

Prints the bytes by which the process has grown at its highest, over what it had when it had done
the same with a table of one row already.
"""

from __future__ import annotations

import resource
import subprocess
import sys
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psycopg2

import backstop

_ONE = "one_row"
MOST_MEMORY = 64 * 1024**2
"""The bytes by which it may grow, whatever the table's size."""


@dataclass(frozen=True)
class Peaks:
    """The bytes that saving and restoring a table took, and the snapshot that was made of it."""

    snapshot: str
    saving: int
    restoring: int


def peaks(dsn: str, storage: str, table: str) -> Peaks:
    """Drop a table that is saved, and restore it, each in a process of its own."""
    saving = _grown("saving", dsn, storage, table)
    snapshot = _last(storage)
    return Peaks(snapshot, saving, _grown("restoring", dsn, storage, snapshot))


def _grown(*arguments: str) -> int:
    command = [sys.executable, "-m", "benchmarks.peak", *arguments]
    done = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True)
    return int(done.stdout)


def _highest() -> int:
    status = Path("/proc/self/status")
    if status.exists():
        # What getrusage tells on Linux is at least what the process had that started this one.
        fields = dict(line.split(":", 1) for line in status.read_text("ascii").splitlines())
        return int(fields["VmHWM"].split()[0]) * 1024
    # In kilobytes, but on macOS.
    unit = 1 if sys.platform == "darwin" else 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit


def _last(storage: str) -> str:
    return backstop.snapshots.list(storage)[-1].id


def _drop(connection: Any, table: str) -> None:
    connection.cursor().execute(f"DROP TABLE {table}")
    connection.commit()


def _drop_one(connection: Any) -> None:
    connection.cursor().execute(f"CREATE TABLE {_ONE} (id int); INSERT INTO {_ONE} VALUES (1)")
    _drop(connection, _ONE)


def _restore(snapshot: str, dsn: str, storage: str) -> None:
    if not backstop.restore(snapshot, storage=storage, dsn=dsn).complete:
        raise AssertionError(f"{snapshot} did not come back whole")


def _save_in_turn(connection: Any, table: str) -> int:
    _drop_one(connection)
    before = _highest()
    _drop(connection, table)
    return _highest() - before


def _restore_in_turn(connection: Any, snapshot: str, dsn: str, storage: str) -> int:
    _drop_one(connection)
    _restore(_last(storage), dsn, storage)
    _drop(connection, _ONE)
    before = _highest()
    _restore(snapshot, dsn, storage)
    return _highest() - before


def main(work: str, dsn: str, storage: str, named: str) -> None:
    """Do it with a row, and then with the table, and print how much the second took."""
    with closing(
        backstop.guard(
            psycopg2.connect(dsn), storage=storage, actor="benchmark", on_snapshot_failure="raise"
        )
    ) as connection:
        if work == "saving":
            print(_save_in_turn(connection, named))
        else:
            print(_restore_in_turn(connection, named, dsn, storage))


if __name__ == "__main__":
    main(*sys.argv[1:])
