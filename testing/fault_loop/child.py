"""The process that does a piece of work, and stops at the step that it was told.

Run as a script it is the mother of such processes: everything is imported by then, and each is a
fork of her. Orders come as lines of JSON; so do the answers of mother and child.
"""

from __future__ import annotations

import contextlib
import json
import logging
import os
import time
from dataclasses import asdict, dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import boto3  # noqa: F401 - so that no child has to
import psycopg2
import pytest

import backstop
from backstop.snapshots import retention
from testing.steps import SERVER, STATEMENT, Step, Steps

if TYPE_CHECKING:
    from collections.abc import Iterator

SNAPSHOT, RESTORE, PRUNE = "snapshot", "restore", "prune"

COMMIT = "the application's COMMIT"
END = "the end"


@dataclass(frozen=True)
class Job:
    """A piece of work; ``stop`` is the number of the step before which it stops, if it does.

    ``sql`` is run in autocommit, or in a transaction at the ``isolation`` level that is named.
    ``snapshot`` is what a restore brings back.
    """

    verb: str
    storage: str
    dsn: str = ""
    sql: str = ""
    isolation: str | None = None
    on_failure: str = "log"
    snapshot: str = ""
    stop: int | None = None

    def to_json(self) -> str:
        """Write it on one line."""
        return json.dumps(asdict(self))


class Stop:
    """Stops before a numbered step, until somebody says go on."""

    def __init__(self, number: int | None) -> None:
        self.steps: list[str] = []
        self._number = number
        self._connections: list[Any] = []

    def __call__(self, step: Step) -> None:
        """Take a step in."""
        self.steps.append(f"{step.kind}: {' '.join(step.text.split())[:160]}")
        if step.connection is not None:
            self._connections.append(step.connection)
        if len(self.steps) == self._number:
            tell(stopped=self.steps[-1], backend=self._backend())
            read_line()

    def _backend(self) -> int | None:
        """Return the server process of the connection that was used last and is open."""
        opened = [connection for connection in self._connections if not connection.closed]
        return opened[-1].info.backend_pid if opened else None


def do(job: Job, steps: Steps, stop: Stop) -> None:
    """Do the job, and show its steps from the first that is Backstop's to the very end."""
    if job.verb == SNAPSHOT:
        run_statement(job, steps, stop)
        return
    steps.watch(stop)
    if job.verb == RESTORE:
        backstop.restore(job.snapshot, storage=job.storage, dsn=job.dsn)
    else:
        with every_age():
            backstop.snapshots.prune(job.storage, keep_last=1)
    steps.show(Step(STATEMENT, END))


def run_statement(job: Job, steps: Steps, stop: Stop) -> None:
    """Run the job's statement on a guarded connection, and commit."""
    raw = psycopg2.connect(job.dsn)
    if job.isolation is None:
        raw.autocommit = True
    else:
        raw.set_session(isolation_level=job.isolation)
        raw.cursor().execute("INSERT INTO earlier VALUES (1)")
    db = backstop.guard(
        raw,
        storage=job.storage,
        actor="victim",
        snapshot_at="LOW",
        on_snapshot_failure=job.on_failure,
    )
    steps.watch(stop)
    try:
        db.cursor().execute(job.sql)
        if job.isolation is not None:
            steps.show(Step(SERVER, COMMIT, raw))
            db.commit()
        steps.show(Step(STATEMENT, END, raw))
    except backstop.SnapshotFailed:
        db.rollback()
        raise


@contextlib.contextmanager
def every_age() -> Iterator[None]:
    """Let a prune remove what a crash has left just now; it has to be a day old elsewhere."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(retention, "_IN_PROGRESS", timedelta(minutes=-1))
        yield


def perform(job: Job) -> None:
    """Do the job, and tell what came of it."""
    logged: list[str] = []
    handler = logging.Handler()
    handler.emit = lambda record: logged.append(record.getMessage())  # type: ignore[method-assign]
    logging.getLogger("backstop").addHandler(handler)
    patch = pytest.MonkeyPatch()
    # Thousands of small files, which no power cut has to spare.
    patch.setattr("os.fsync", lambda _: None)
    stop = Stop(job.stop)
    error = None
    tell(started=os.getpid())
    began = time.monotonic()
    try:
        do(job, Steps(patch, closely=True), stop)
    except Exception as raised:
        error = [kind.__name__ for kind in type(raised).__mro__], str(raised)
    tell(done=error, logged=logged, steps=stop.steps, seconds=time.monotonic() - began)


def tell(**answer: Any) -> None:
    """Say something to whoever gave the orders."""
    os.write(1, json.dumps(answer).encode() + b"\n")


def read_line() -> str:
    """Read an order; byte by byte, as mother and child read the same pipe."""
    line = b""
    while not line.endswith(b"\n"):
        byte = os.read(0, 1)
        if not byte:
            # Whoever gave the orders is gone.
            os._exit(1)
        line += byte
    return line.decode()


def main() -> None:
    """Have a child do one job after the other."""
    while True:
        job = Job(**json.loads(read_line()))
        pid = os.fork()
        if pid == 0:
            with contextlib.suppress(BaseException):
                perform(job)
            os._exit(0)
        _, status = os.waitpid(pid, 0)
        tell(ended=status)


if __name__ == "__main__":
    main()
