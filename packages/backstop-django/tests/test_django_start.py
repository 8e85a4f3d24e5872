"""What the README says of Django, in a project as `django-admin startproject` makes it."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from psycopg2.extensions import parse_dsn

if TYPE_CHECKING:
    from testing.postgres import Connect

README = Path(__file__).parents[3] / "README.md"


def block(name: str) -> str:
    found = re.search(
        rf"<!-- django: {name} -->\n```python\n(.*?)```", README.read_text("utf-8"), re.DOTALL
    )
    assert found is not None
    return found[1]


@pytest.mark.usefixtures("orders")
def test_the_readme_works_as_written(
    tmp_path: Path, dsn: str, store: str, connect: Connect
) -> None:
    def run(*command: str) -> str:
        environment = {**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))}
        environment.pop("DJANGO_SETTINGS_MODULE", None)
        done = subprocess.run(
            [sys.executable, *command],
            cwd=tmp_path,
            env=environment,
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    run("-m", "django", "startproject", "site1", ".")
    parts = parse_dsn(dsn)
    names = {"NAME": "dbname", "USER": "user", "PASSWORD": "password", "HOST": "host"}
    database = {name: parts.get(part, "") for name, part in names.items()}
    database.update(ENGINE="django.db.backends.postgresql", PORT=parts["port"])
    with (tmp_path / "site1" / "settings.py").open("a") as file:
        file.write(f"DATABASES = {{'default': {database!r}}}\n")
    run("manage.py", "migrate", "--verbosity", "0")
    with (tmp_path / "site1" / "settings.py").open("a") as file:
        file.write(block("settings").replace("s3://prod-snapshots", store))
    run("manage.py", "check", "--deploy", "--tag", "backstop")
    run("manage.py", "shell", "-c", block("code"))
    *_, last = json.loads(run("manage.py", "backstop_snapshots", "--json"))
    assert (last["operation"], last["rows"], last["actor"]) == ("DELETE", 7, "manage.py shell")
    assert last["id"] in run("manage.py", "backstop_snapshots")
    assert "Everything came back." in run("manage.py", "backstop_restore", last["id"])
    with connect() as connected, connected.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM orders")
        assert cursor.fetchall() == [(7,)]
    connected.close()
