"""Fetches the source distribution of the psycopg2 that is installed, by pip."""

from __future__ import annotations

import os
import subprocess
import sys
import tarfile
from pathlib import Path

import psycopg2

from backstop.embedded import list_binaries


def fetch(folder: Path) -> Path:
    """Unpack psycopg2's source distribution into ``folder``; its tests lie in ``tests``.

    Raises subprocess.CalledProcessError where pip can't have it; pip has said why.
    """
    version = vars(psycopg2)["__version__"].split()[0]
    # For the name and version pip asks its set-up script, which asks a server's pg_config.
    programs = [str(binaries.folder) for binaries in list_binaries()]
    subprocess.run(
        [
            *(sys.executable, "-m", "pip", "download", "--quiet", "--no-deps"),
            *("--no-binary=psycopg2", f"--dest={folder}", f"psycopg2=={version}"),
        ],
        env={**os.environ, "PATH": os.pathsep.join([os.environ["PATH"], *programs])},
        check=True,
    )
    (archive,) = folder.glob("psycopg2-*.tar.gz")
    with tarfile.open(archive) as opened:
        opened.extractall(folder, filter="data")
    return folder / archive.name[: -len(".tar.gz")]
