"""Starts an embedded server, watches over it, and leaves neither process nor file behind.

A script of its own, which imports the standard library alone. It gets its plan as the first line
of standard input and answers with one line of JSON. Then it waits: for a word on standard input,
for its end (the starter is gone, were it by ``kill -9``), for another parent, or a signal. It
never leaves before the server is stopped and the folder removed.
"""

from __future__ import annotations

import contextlib
import json
import os
import select
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import IO, Any

_START_TIMEOUT = 60.0
_QUIT_TIMEOUT = 10.0
_ATTEMPTS = 5
_LONGEST_SOCKET_PATH = 100  # the kernel's limit is 107 on Linux and 103 on macOS

# Small, fast to start, and nothing outside the folder: shared memory is a file in it, too.
_DEFAULTS = {
    "dynamic_shared_memory_type": "mmap",
    "fsync": "off",
    "full_page_writes": "off",
    "jit": "off",
    "lc_messages": "C",
    "log_line_prefix": "%m [%p] %d %a: ",
    "max_connections": "50",
    "shared_buffers": "32MB",
    "synchronous_commit": "off",
    "unix_socket_permissions": "0700",
}


class StartError(Exception):
    """The server could not be started; the message is for the starter's user."""


class Supervisor:
    """One server's life, from its folder to its end."""

    def __init__(self, plan: dict[str, Any], orders: IO[bytes]) -> None:
        self.plan = plan
        self.orders = orders
        self.parent = os.getppid()
        self.ending = False
        self.server: subprocess.Popen[bytes] | None = None
        self.folder = Path(tempfile.mkdtemp(prefix="backstop-", dir=plan["temporary"]))
        self.data = self.folder / "data"
        self.log = self.folder / "postgres.log"
        for number in (signal.SIGHUP, signal.SIGINT, signal.SIGTERM):
            signal.signal(number, self._end)

    def _end(self, *_: object) -> None:
        self.ending = True

    def run(self) -> None:
        """Start the server, say so, and return when it is to end or has ended."""
        binaries = self._prepare_folder()
        self._initialise(binaries)
        port = self._launch(binaries)
        if not self.ending:
            answer({"folder": str(self.folder), "port": port, "socket": self._socket_folder()})
        while not self.ending and self.server is not None and self.server.poll() is None:
            # The parent is looked at as well, since a forked child of it may keep the pipe open.
            spoken, _, _ = select.select([self.orders], [], [], 0.5)
            self.ending = self.ending or bool(spoken) or os.getppid() != self.parent

    def clean_up(self) -> None:
        """Stop the server at once and remove everything."""
        if self.server is not None and self.server.poll() is None:
            self.server.send_signal(signal.SIGQUIT)
            try:
                self.server.wait(_QUIT_TIMEOUT)
            except subprocess.TimeoutExpired:
                self.server.kill()
                self.server.wait()
        for _ in range(20):
            shutil.rmtree(self.folder, ignore_errors=True)
            if not self.folder.exists():
                return
            time.sleep(0.1)  # a process of a killed server may still be writing

    def _prepare_folder(self) -> Path:
        binaries = Path(self.plan["binaries"])
        for folder in (self.data, self.folder / "socket"):
            folder.mkdir(mode=0o700)
            if self.plan["account"]:
                os.chown(folder, *self.plan["account"])
        if self.plan["account"]:
            self.folder.chmod(0o711)
        if self.plan["copies"]:
            source, target = binaries.parents[2], self.folder / "programs"
            for tree in self.plan["copies"]:
                ignore = shutil.ignore_patterns("include", "*.a")
                shutil.copytree(source / tree, target / tree, symlinks=True, ignore=ignore)
            binaries = target / binaries.relative_to(source)
        return binaries

    def _initialise(self, binaries: Path) -> None:
        command = [str(binaries / "initdb"), "-D", str(self.data), "-U", self.plan["superuser"]]
        command += ["--encoding=UTF8", "--locale=C", "--no-sync"]
        secret = self.folder / "password"
        if self.plan["password"]:
            secret.write_text(self.plan["password"] + "\n", encoding="utf-8")
            if self.plan["account"]:
                os.chown(secret, *self.plan["account"])
            command += ["--auth=scram-sha-256", f"--pwfile={secret}"]
        else:
            command += ["--auth=trust"]
        with self.log.open("wb") as log:
            done = self._spawn(command, log).wait()
        secret.unlink(missing_ok=True)
        if done != 0:
            raise StartError(f"initdb failed. {self._last_words()}")

    def _launch(self, binaries: Path) -> int:
        for _ in range(_ATTEMPTS):
            port = free_port()
            settings = {
                **_DEFAULTS,
                **self.plan["settings"],
                "listen_addresses": "127.0.0.1",
                "port": str(port),
                "unix_socket_directories": self._socket_folder(),
            }
            command = [str(binaries / "postgres"), "-D", str(self.data)]
            for name, value in settings.items():
                command += ["-c", f"{name}={value}"]
            with self.log.open("wb") as log:
                self.server = self._spawn(command, log)
            if self._is_ready(self.server):
                return port
            # Between the look for a free port and its use another process may have taken it.
            if "ddress already in use" not in self._last_words():
                break
        raise StartError(self._last_words())

    def _is_ready(self, server: subprocess.Popen[bytes]) -> bool:
        deadline = time.monotonic() + _START_TIMEOUT
        while server.poll() is None and time.monotonic() < deadline:
            if self.ending:
                return True  # no longer of interest
            with contextlib.suppress(OSError):
                # The server writes its state to the eighth line of its lock file.
                lines = (self.data / "postmaster.pid").read_text(encoding="utf-8").splitlines()
                if len(lines) > 7 and lines[7].strip() == "ready":
                    return True
            time.sleep(0.01)
        return False

    def _socket_folder(self) -> str:
        folder = str(self.folder / "socket")
        return folder if len(folder) + len("/.s.PGSQL.65535") <= _LONGEST_SOCKET_PATH else ""

    def _spawn(self, command: list[str], log: IO[bytes]) -> subprocess.Popen[bytes]:
        environment = {key: value for key, value in os.environ.items() if key[:2] != "PG"}
        environment.update(LC_ALL="C", HOME=str(self.folder))
        account: dict[str, Any] = {}
        if self.plan["account"]:
            user, group = self.plan["account"]
            account = {"user": user, "group": group, "extra_groups": []}
        return subprocess.Popen(  # noqa: S603 - programs that the plan names, no shell
            command,
            # Where the starter stands may be closed to the account that the server runs as.
            cwd=self.folder,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            **account,
        )

    def _last_words(self) -> str:
        text = self.log.read_text(encoding="utf-8", errors="replace")
        return "\n".join(text.strip().splitlines()[-10:])


def free_port() -> int:
    """Find a TCP port on 127.0.0.1 that nobody listens on now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def answer(report: dict[str, Any]) -> None:
    """Tell the starter, who may be gone."""
    with contextlib.suppress(OSError):
        os.write(1, json.dumps(report).encode() + b"\n")


def main() -> int:
    """Run one supervisor on the plan that standard input brings."""
    # Unbuffered: a word that comes right after the plan has to be seen by select.
    orders = os.fdopen(os.dup(0), "rb", buffering=0)
    line = orders.readline()
    if not line:
        return 0
    supervisor = Supervisor(json.loads(line), orders)
    try:
        supervisor.run()
    except (StartError, OSError) as error:
        answer({"error": str(error)})
        return 1
    finally:
        supervisor.clean_up()
    return 0


if __name__ == "__main__":
    sys.exit(main())
