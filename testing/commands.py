"""Running Backstop as its users do: as a command, and as a process of its own."""

from __future__ import annotations

import json
import subprocess
import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Callable

import pytest

if TYPE_CHECKING:
    Command = Callable[..., "Done"]

_DELETE = """
import re, sys
import psycopg2
dsn, mode, storage = sys.argv[1:]
db = psycopg2.connect(dsn)
if mode != "unguarded":
    import backstop
    db = backstop.guard(db, storage=storage, actor="big", mode=mode, on_snapshot_failure="raise")
db.cursor().execute("DELETE FROM big")
db.commit() if mode == "protect" else db.rollback()
# Not getrusage(): its peak is inherited from the process that started this one.
print(re.search(r"VmHWM:\\s+(\\d+)", open("/proc/self/status").read())[1])
"""


@dataclass(frozen=True)
class Done:
    """A command that has ended."""

    returncode: int
    stdout: str
    stderr: str

    @property
    def json(self) -> Any:
        """What it printed, read as JSON."""
        return json.loads(self.stdout)


@pytest.fixture
def command() -> Command:
    """Give a function that runs ``backstop`` with arguments, without a terminal."""

    def run(*arguments: str) -> Done:
        done = subprocess.run(
            [sys.executable, "-m", "backstop", *arguments],
            capture_output=True,
            encoding="utf-8",
            stdin=subprocess.DEVNULL,
            check=False,
        )
        return Done(done.returncode, done.stdout, done.stderr)

    return run


@pytest.fixture
def measured_delete() -> Callable[[str, str, str], int]:
    """Give a function that deletes table ``big`` in a process of its own.

    It returns that process's peak of memory in KiB; only in mode "protect" is it committed.
    """

    def run(dsn: str, mode: str, storage: str) -> int:
        done = subprocess.run(
            [sys.executable, "-c", _DELETE, dsn, mode, storage],
            stdout=subprocess.PIPE,
            encoding="utf-8",
            check=True,
        )
        return int(done.stdout)

    return run
