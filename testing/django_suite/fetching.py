"""Fetches the source distribution of the Django that is installed, by pip."""

from __future__ import annotations

import re
import subprocess
import sys
import tarfile
from pathlib import Path

import django

_TOUCHES_A_DATABASE = re.compile(
    r"^from django\.test import .*?\b(?:TestCase|TransactionTestCase)\b", re.MULTILINE
)
# They need an extension that no server of the tests has, or browsers, or start projects of their
# own that know nothing of the app.
_LEFT_OUT = {"admin_scripts", "gis_tests", "import_error_package", "test_runner_apps"}


def fetch(folder: Path) -> Path:
    """Unpack Django's source distribution into ``folder``, and return the folder of its tests.

    Raises subprocess.CalledProcessError where pip can't have it; pip has said why.
    """
    subprocess.run(
        [
            *(sys.executable, "-m", "pip", "download", "--quiet", "--no-deps"),
            *("--no-binary=Django", f"--dest={folder}", f"Django=={django.__version__}"),
        ],
        check=True,
    )
    (archive,) = folder.glob("[dD]jango-*.tar.gz")
    with tarfile.open(archive) as opened:
        opened.extractall(folder, filter="data")
    return folder / archive.name[: -len(".tar.gz")] / "tests"


def labels(suite: Path) -> list[str]:
    """Name the parts of the suite that have tests with a database."""
    return sorted(
        part.name
        for part in suite.iterdir()
        if part.is_dir()
        and part.name not in _LEFT_OUT
        and any(
            _TOUCHES_A_DATABASE.search(path.read_text(encoding="utf-8", errors="replace"))
            for path in part.rglob("*.py")
        )
    )
