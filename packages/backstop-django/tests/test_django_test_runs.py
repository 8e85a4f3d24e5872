"""Test runs of a project that has the app: its test databases are made, used and destroyed."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from psycopg2.extensions import parse_dsn

if TYPE_CHECKING:
    from testing.postgres import Connect

SETTINGS = """
SECRET_KEY = "x"
INSTALLED_APPS = ["shop", "backstop.django"]
USE_TZ = True
DEFAULT_AUTO_FIELD = "django.db.models.AutoField"
DATABASES = {{"default": {{"ENGINE": "django.db.backends.postgresql", **{database!r}}}}}
BACKSTOP = {{"STORAGE": {store!r}, "ACTOR": "web", "MODE": "block"}}
"""
MODELS = """
from django.db import models

class Order(models.Model):
    total = models.IntegerField(default=0)
"""
TESTS = """
from django.db import connection
from django.test import TestCase, TransactionTestCase
from shop.models import Order

class InATransaction(TestCase):
    def test_delete(self):
        Order.objects.create()
        with self.assertNumQueries(1):
            Order.objects.all().delete()

class Flushed(TransactionTestCase):
    def test_truncate(self):
        Order.objects.create()
        with connection.cursor() as cursor:
            cursor.execute("TRUNCATE shop_order")
"""
MANAGE = """
import os, sys
os.environ["DJANGO_SETTINGS_MODULE"] = "settings"
from django.core.management import execute_from_command_line
execute_from_command_line(sys.argv)
"""


@pytest.fixture
def project(tmp_path: Path, dsn: str, store: str) -> Path:
    parts = parse_dsn(dsn)
    names = {"NAME": "dbname", "USER": "user", "PASSWORD": "password", "HOST": "host"}
    database = {name: parts.get(part, "") for name, part in names.items()}
    database["PORT"] = parts["port"]
    shop = tmp_path / "shop"
    shop.mkdir()
    (shop / "__init__.py").touch()
    (shop / "models.py").write_text(MODELS)
    (shop / "tests.py").write_text(TESTS)
    (tmp_path / "settings.py").write_text(SETTINGS.format(database=database, store=store))
    (tmp_path / "manage.py").write_text(MANAGE)
    return tmp_path


def run(project: Path, *command: str) -> str:
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(path for path in sys.path if path)}
    done = subprocess.run(
        [sys.executable, *command],
        cwd=project,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout + done.stderr


@pytest.mark.parametrize("options", [[], ["--parallel", "2"]])
def test_manage_py_test(project: Path, connect: Connect, options: list[str]) -> None:
    assert "Ran 2 tests" in run(project, "manage.py", "test", *options)
    cursor = connect().cursor()
    cursor.execute(
        "SELECT count(*) FROM pg_database WHERE datname LIKE 'test_' || current_database() || '%'"
    )
    assert cursor.fetchall() == [(0,)]


def test_pytest_django(project: Path) -> None:
    (project / "pytest.ini").write_text("[pytest]\nDJANGO_SETTINGS_MODULE = settings\n")
    said = run(project, "-m", "pytest", "-p", "no:cacheprovider", "shop/tests.py")
    assert "2 passed" in said


def test_manage_py_check(project: Path) -> None:
    assert "no issues" in run(project, "manage.py", "check")
