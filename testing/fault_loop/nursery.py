"""The processes that do the work, seen from where the orders come from."""

from __future__ import annotations

import json
import os
import select
import signal
import subprocess
import sys
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from types import TracebackType

    from testing.fault_loop.child import Job

_ROOT = Path(__file__).parents[2]
# Whatever dies, nobody may wait for longer.
PATIENCE = 60.0


class FaultFound(Exception):
    """Something isn't as it was promised; the message says what, and after which fault."""


@dataclass(frozen=True)
class Ended:
    """What came of a piece of work; ``errors`` are the names of the error's class and its bases.

    A process that was killed has told nothing: it isn't ``known``.
    """

    known: bool = False
    errors: tuple[str, ...] = ()
    message: str = ""
    logged: tuple[str, ...] = ()
    steps: tuple[str, ...] = ()
    seconds: float = 0.0

    @property
    def failure_is_logged(self) -> bool:
        """Whether a snapshot was said to have failed, or what the statement did to be unknown.

        Without the outcome, what an UPDATE in a transaction has left looks edited later.
        """
        said = ("SNAPSHOT FAILED", "could not be stored")
        return any(words in message for words in said for message in self.logged)


class Nursery:
    """One child at a time, of a mother that lives as long as the block."""

    def __enter__(self) -> Nursery:
        self._mother = subprocess.Popen(
            [sys.executable, "-m", "testing.fault_loop.child"],
            cwd=_ROOT,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            bufsize=0,
        )
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        with self._mother as mother:
            # The child that may be waiting ends with the pipe.
            mother.kill()

    def start(self, job: Job) -> None:
        """Have a child begin; `stopped` or `end` come next."""
        self._say(job.to_json())
        self._pid = int(self._hear()["started"])
        self._ended: Ended | None = None

    def stopped(self) -> tuple[str, int | None] | None:
        """Return the step before which the child has stopped, and its server process.

        None where it came to its end without.
        """
        heard = self._hear()
        if "stopped" in heard:
            return heard["stopped"], heard["backend"]
        self._ended = _ended(heard)
        return None

    def kill(self) -> None:
        """Kill the child -9."""
        os.kill(self._pid, signal.SIGKILL)

    def go_on(self) -> None:
        """Let the child go on."""
        self._say("go on")

    def end(self) -> Ended:
        """Wait for the child's end, and return what came of its work."""
        ended = self._ended or Ended()
        while "ended" not in (heard := self._hear()):
            ended = _ended(heard)
        return ended

    def run(self, job: Job) -> Ended:
        """Do a job without a stop."""
        self.start(replace(job, stop=None))
        return self.end()

    def _say(self, line: str) -> None:
        assert self._mother.stdin is not None
        self._mother.stdin.write(line.encode() + b"\n")

    def _hear(self) -> Any:
        assert self._mother.stdout is not None
        ready, _, _ = select.select([self._mother.stdout], [], [], PATIENCE)
        if not ready:
            raise FaultFound(f"nothing was heard for {PATIENCE:.0f} seconds")
        return json.loads(self._mother.stdout.readline())


def _ended(heard: Any) -> Ended:
    errors, message = heard["done"] or ((), "")
    return Ended(
        True, tuple(errors), message, tuple(heard["logged"]), tuple(heard["steps"]),
        heard["seconds"],
    )  # fmt: skip
