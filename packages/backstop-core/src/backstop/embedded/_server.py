"""The starter's side of an embedded server; the server's whole life is the supervisor's affair."""

from __future__ import annotations

import atexit
import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from backstop.embedded._binaries import (
    WHEEL_PACKAGE,
    ServerBinaries,
    find_binaries,
    open_to_others,
)
from backstop.errors import BackstopError, ConfigurationError, ConnectionFailed

if TYPE_CHECKING:
    from collections.abc import Mapping
    from types import TracebackType

_SUPERVISOR = Path(__file__).with_name("_supervisor.py")
_SUPERUSER = "postgres"
_STOP_TIMEOUT = 30.0
_NOTHING_FOUND = (
    "No PostgreSQL server (13 or newer) was found on this machine. Install your system's package "
    "(Debian and Ubuntu: apt install postgresql; macOS: brew install postgresql), or run "
    'pip install "backstop-core[demo]", which brings a server of its own, or name a database '
    "of yours by its DSN."
)


class EmbeddedServer:
    """A throw-away PostgreSQL on 127.0.0.1, to be used as a context manager.

    ``settings`` are parameters of the server (``{"log_statement": "all"}``). Without a
    ``password`` every role may log in from this machine without one; with it the superuser
    ``postgres`` has that password and other roles need theirs. ``binaries`` defaults to what
    `find_binaries` finds. Its folder is made in the system's temporary one, or in ``within``.
    """

    def __init__(
        self,
        *,
        settings: Mapping[str, str] | None = None,
        password: str | None = None,
        binaries: ServerBinaries | None = None,
        within: Path | None = None,
    ) -> None:
        self._settings = dict(settings or {})
        self._password = password
        self._binaries = binaries
        self._within = within
        self._supervisor: subprocess.Popen[bytes] | None = None
        self._started: dict[str, Any] = {}
        self._owner = 0

    def __enter__(self) -> EmbeddedServer:
        self.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.stop()

    @property
    def binaries(self) -> ServerBinaries:
        """The programs that this server is started with."""
        if self._binaries is None:
            self._binaries = find_binaries()
        if self._binaries is None:
            raise ConfigurationError(_NOTHING_FOUND)
        return self._binaries

    @property
    def version(self) -> str:
        """The server's version, such as ``15.18``."""
        return self.binaries.version

    @property
    def port(self) -> int:
        """The TCP port on 127.0.0.1."""
        return int(self._state("port"))

    @property
    def folder(self) -> Path:
        """The temporary folder that goes when the server goes."""
        return Path(self._state("folder"))

    @property
    def log_path(self) -> Path:
        """The file that the server writes its log to."""
        return self.folder / "postgres.log"

    @property
    def socket_folder(self) -> Path | None:
        """The folder of the unix socket; None where its path would be too long for one."""
        return Path(self._state("socket")) if self._state("socket") else None

    def start(self) -> None:
        """Start the server and return when it accepts connections."""
        if self._supervisor is not None:
            raise ConfigurationError("This embedded server has been started already.")
        plan = json.dumps(self._plan()).encode()
        self._owner = os.getpid()
        # Its own session: Ctrl-C in a terminal must not stop the server under the starter's feet.
        # Isolated, without site-packages: it needs the standard library alone, and starts faster.
        self._supervisor = subprocess.Popen(  # noqa: S603 - our own script, no shell
            [sys.executable, "-I", "-S", str(_SUPERVISOR)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
        atexit.register(self.stop)
        try:
            self._started = self._converse(self._supervisor, plan)
        except BaseException:
            self.stop()
            raise

    def stop(self) -> None:
        """Stop the server and remove its folder; does nothing when it isn't running."""
        supervisor = self._supervisor
        # A forked child has inherited this object, but not the right to end the server.
        if supervisor is None or os.getpid() != self._owner:
            return
        self._supervisor = None
        self._started = {}
        atexit.unregister(self.stop)
        try:
            # Closing alone would not do: a forked child may hold the pipe's other copy.
            supervisor.communicate(b"stop\n", timeout=_STOP_TIMEOUT)
        except subprocess.TimeoutExpired as error:
            raise BackstopError(
                f"The embedded PostgreSQL did not stop within {_STOP_TIMEOUT:.0f} s; "
                f"process {supervisor.pid} watches it."
            ) from error

    def dsn(self, database: str = "postgres", user: str = _SUPERUSER) -> str:
        """Give the connection string of one database, for every driver that takes URLs."""
        secret = f":{quote(self._password, safe='')}" if self._password else ""
        login = quote(user, safe="") + (secret if user == _SUPERUSER else "")
        return f"postgresql://{login}@127.0.0.1:{self.port}/{quote(database, safe='')}"

    def create_database(self, name: str) -> str:
        """Create an empty database and return its connection string."""
        quoted = '"' + name.replace('"', '""') + '"'
        environment = {key: value for key, value in os.environ.items() if key[:2] != "PG"}
        if self._password:
            environment["PGPASSWORD"] = self._password
        address = f"host=127.0.0.1 port={self.port} user={_SUPERUSER} dbname=postgres"
        psql = str(self.binaries.program("psql"))
        done = subprocess.run(  # noqa: S603 - a program of the server's, no shell
            [psql, "-X", "-q", "-d", address, "-c", f"CREATE DATABASE {quoted}"],
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
        )
        if done.returncode != 0:
            raise BackstopError(f"The database {name} was not created: {done.stdout.strip()}")
        return self.dsn(name)

    def _state(self, key: str) -> Any:
        if not self._started:
            raise ConfigurationError("This embedded server is not running; call start() first.")
        return self._started[key]

    def _plan(self) -> dict[str, Any]:
        if os.name != "posix":
            raise ConfigurationError(
                "The embedded PostgreSQL runs on Linux and macOS only; "
                "name a database of yours by its DSN instead."
            )
        account = _account_for_root() if os.geteuid() == 0 else None
        return {
            "binaries": str(self.binaries.folder),
            "copies": _copies(self.binaries.folder) if account else [],
            "account": account,
            "temporary": str(self._within or _temporary_folder(for_others=account is not None)),
            "superuser": _SUPERUSER,
            "password": self._password,
            "settings": self._settings,
        }

    def _converse(self, supervisor: subprocess.Popen[bytes], plan: bytes) -> dict[str, Any]:
        if supervisor.stdin is None or supervisor.stdout is None:
            raise AssertionError("both pipes were asked for")
        supervisor.stdin.write(plan + b"\n")
        supervisor.stdin.flush()
        answer = supervisor.stdout.readline()
        try:
            report: dict[str, Any] = json.loads(answer)
        except ValueError:
            report = {"error": (answer + supervisor.stdout.read()).decode(errors="replace")}
        if "error" in report:
            raise ConnectionFailed(
                f"The embedded PostgreSQL {self.version} did not start: {report['error'].strip()}"
            )
        return report


def _account_for_root() -> list[int]:
    # PostgreSQL refuses to run as root, and initdb as a user without an entry in passwd.
    import pwd

    for name in ("nobody", "postgres", "daemon"):
        try:
            entry = pwd.getpwnam(name)
        except KeyError:
            continue
        return [entry.pw_uid, entry.pw_gid]
    raise ConfigurationError(
        "PostgreSQL does not run as root, and there is no user nobody to run it as. "
        "Start this as an ordinary user, or name a database of yours by its DSN."
    )


def _copies(folder: Path) -> list[str]:
    """Name what to copy, relative to the wheel's site-packages, where others can't read it."""
    if open_to_others(folder):
        return []
    # The libraries lie beside the package (Linux) or inside it (macOS), found by relative path.
    package = folder.parents[1]
    trees = (folder.parent, package / ".dylibs", package.with_name(f"{WHEEL_PACKAGE}.libs"))
    return [str(tree.relative_to(package.parent)) for tree in trees if tree.is_dir()]


def _temporary_folder(*, for_others: bool) -> Path:
    usual = Path(tempfile.gettempdir()).resolve()
    for candidate in (usual, Path("/tmp"), Path("/var/tmp")):  # noqa: S108 - mkdtemp inside it
        if not for_others or open_to_others(candidate):
            return candidate
    raise ConfigurationError(
        f"The temporary folder {usual} can't be used by other users, and root has to start "
        "PostgreSQL as one. Set TMPDIR to a folder that others can enter."
    )
