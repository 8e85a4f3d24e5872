"""The memory that saving a table takes in a process that does nothing else.

python -m benchmarks.peak DSN STORAGE TABLE

Prints the bytes by which the process has grown at its highest, over what it had when its guard had
saved a row already.
"""

from __future__ import annotations

import resource
import subprocess
import sys
from pathlib import Path

import psycopg2

import backstop

MOST_MEMORY = 64 * 1024**2
"""The bytes by which it may grow, whatever the table's size."""


def grown(dsn: str, storage: str, table: str) -> int:
    """Return the bytes that saving a table takes, measured in a process of its own."""
    command = [sys.executable, "-m", "benchmarks.peak", dsn, storage, table]
    done = subprocess.run(command, check=True, capture_output=True, text=True)
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


def main(dsn: str, storage: str, table: str) -> None:
    """Save a row, and then the table, and print how much the second took."""
    connection = backstop.guard(
        psycopg2.connect(dsn), storage=storage, actor="benchmark", on_snapshot_failure="raise"
    )
    cursor = connection.cursor()
    cursor.execute("CREATE TEMPORARY TABLE one (id int); INSERT INTO one VALUES (1)")
    cursor.execute("DELETE FROM one")
    before = _highest()
    cursor.execute(f"TRUNCATE {table}")
    after = _highest()
    connection.rollback()
    print(after - before)


if __name__ == "__main__":
    main(*sys.argv[1:])
