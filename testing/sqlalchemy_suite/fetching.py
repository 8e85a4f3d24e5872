"""Fetches the source distribution of the SQLAlchemy that is installed, by pip."""

from __future__ import annotations

import subprocess
import sys
import tarfile
from pathlib import Path

import sqlalchemy


def fetch(folder: Path) -> Path:
    """Unpack SQLAlchemy's source distribution into ``folder``; its tests lie in ``test``.

    Raises subprocess.CalledProcessError where pip can't have it; pip has said why.
    """
    subprocess.run(
        [
            *(sys.executable, "-m", "pip", "download", "--quiet", "--no-deps"),
            *("--no-binary=SQLAlchemy", f"--dest={folder}"),
            f"SQLAlchemy=={sqlalchemy.__version__}",
        ],
        check=True,
    )
    (archive,) = [*folder.glob("sqlalchemy-*.tar.gz"), *folder.glob("SQLAlchemy-*.tar.gz")]
    with tarfile.open(archive) as opened:
        opened.extractall(folder, filter="data")
    return folder / archive.name[: -len(".tar.gz")]
