"""The server and the S3 endpoint, as processes that can be killed -9 and come back."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import time
from pathlib import Path
from typing import TYPE_CHECKING

import psycopg2

from testing.postgres import embedded_server
from testing.s3 import S3Endpoint, free_port, start_rclone

if TYPE_CHECKING:
    from collections.abc import Iterator

    from psycopg2.extensions import connection as Connection  # noqa: N812

_PATIENCE = 30.0


class MortalServer:
    """An embedded server whose processes can be killed; what was committed is there afterwards."""

    def __init__(self) -> None:
        # The rest stands as it is: a killed process takes no page with it that it has written.
        settings = {"synchronous_commit": "on", "max_wal_size": "256MB"}
        self._embedded = embedded_server(settings)
        self._supervisor: int | None = None
        self._own: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> MortalServer:
        self._embedded.start()
        self.dsn = self._embedded.dsn()
        return self

    def __exit__(self, *_: object) -> None:
        if self._own is not None:
            self._own.send_signal(signal.SIGQUIT)
            self._own.wait(_PATIENCE)
        if self._supervisor is not None:
            os.kill(self._supervisor, signal.SIGCONT)
        self._embedded.stop()

    def connect(self) -> Connection:
        """Connect, as soon as the server lets anybody in."""
        deadline = time.monotonic() + _PATIENCE
        while True:
            try:
                return psycopg2.connect(self.dsn)
            except psycopg2.OperationalError:
                if time.monotonic() > deadline:
                    raise
                time.sleep(0.02)
                if self._own is not None and self._own.poll() is not None:
                    # A child of the one that was killed may have held the port a moment longer.
                    self._launch()

    def kill_backend(self, pid: int, witness: Connection) -> None:
        """Kill the process of one connection, for which the server ends all of them and recovers.

        ``witness`` is a connection that goes with it.
        """
        os.kill(pid, signal.SIGKILL)
        # Before it has noticed, the server would let somebody in whom it throws out at once.
        deadline = time.monotonic() + _PATIENCE
        with contextlib.suppress(psycopg2.OperationalError, psycopg2.InterfaceError):
            while time.monotonic() < deadline:
                witness.cursor().execute("SELECT pg_sleep(0.01)")

    def kill_all(self) -> None:
        """Kill every process of the server, and start it again on what they have left."""
        lock_file = self._embedded.folder / "data" / "postmaster.pid"
        postmaster = int(lock_file.read_text(encoding="utf-8").splitlines()[0])
        command = Path(f"/proc/{postmaster}/cmdline").read_bytes().split(b"\0")[:-1]
        self._command = [os.fsdecode(word) for word in command]
        self._owner = Path(f"/proc/{postmaster}").stat()
        if self._supervisor is None:
            # It would clear away the folder of a server that is gone.
            self._supervisor = _parent(postmaster)
            os.kill(self._supervisor, signal.SIGSTOP)
        children = Path(f"/proc/{postmaster}/task/{postmaster}/children").read_text().split()
        for pid in (postmaster, *map(int, children)):
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        if self._own is not None:
            self._own.wait(_PATIENCE)
        # Of a process whose parent stands still, the server can't see that it is dead.
        for left in (lock_file, *self._embedded.folder.glob("socket/.s.*.lock")):
            left.unlink(missing_ok=True)
        self._launch()

    def _launch(self) -> None:
        account = {} if os.geteuid() != 0 else _account(self._owner)
        with self._embedded.log_path.open("ab") as log:
            self._own = subprocess.Popen(
                self._command,
                cwd=self._embedded.folder,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                **account,  # type: ignore[call-overload]
            )


def _account(owner: os.stat_result) -> dict[str, object]:
    return {"user": owner.st_uid, "group": owner.st_gid, "extra_groups": []}


def _parent(pid: int) -> int:
    status = Path(f"/proc/{pid}/status").read_text(encoding="utf-8")
    return next(int(line.split()[1]) for line in status.splitlines() if line.startswith("PPid:"))


class MortalEndpoint:
    """An rclone that serves a folder, always at the same address."""

    def __init__(self, rclone: str, folder: Path) -> None:
        self._rclone = rclone
        self._folder = folder
        self._address = f"127.0.0.1:{free_port()}"
        self.buckets = folder / "served"
        self.endpoint = S3Endpoint("rclone", f"http://{self._address}")

    def __enter__(self) -> MortalEndpoint:
        self.buckets.mkdir()
        self.revive()
        return self

    def __exit__(self, *_: object) -> None:
        self.kill()

    def kill(self) -> None:
        """Kill it -9."""
        self._process.kill()
        self._process.wait(_PATIENCE)

    def revive(self) -> None:
        """Start it, if it isn't running."""
        self._process = start_rclone(self._rclone, self._folder, self._address)

    @contextlib.contextmanager
    def dead(self) -> Iterator[None]:
        """Let the block do without it."""
        self.kill()
        try:
            yield
        finally:
            self.revive()
