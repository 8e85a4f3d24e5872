"""Makes the schemas of applications that aren't ours, each by its own framework.

python -m testing.application_schemas django|sqlalchemy DSN

In a process of its own: a framework that is set up once is so for good. Django migrates its
contributed apps and Django OAuth Toolkit; SQLAlchemy creates, and fills, the tables of its own
suite of tests for dialects.
"""

from __future__ import annotations

import importlib
import os
import pkgutil
import subprocess
import sys
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import TYPE_CHECKING, Any

from psycopg2.extensions import parse_dsn

if TYPE_CHECKING:
    from collections.abc import Iterator

_ROOT = Path(__file__).parents[1]
_DJANGO_APPS = (
    "admin", "auth", "contenttypes", "flatpages", "messages", "redirects", "sessions", "sites",
)  # fmt: skip


def make_schema(framework: str, dsn: str) -> None:
    """Let a framework make its schema in an empty database."""
    done = subprocess.run(
        [sys.executable, "-m", "testing.application_schemas", framework, dsn],
        cwd=_ROOT, capture_output=True, text=True, check=False,
    )  # fmt: skip
    if done.returncode != 0:
        raise RuntimeError(f"{framework} did not make its schema: {done.stderr}")


def with_django(dsn: str) -> None:
    """Migrate a database, and add a row or two of everything that has none then."""
    import django
    from django.conf import settings
    from django.core.management import call_command

    parts = parse_dsn(dsn)
    settings.configure(
        INSTALLED_APPS=[*(f"django.contrib.{app}" for app in _DJANGO_APPS), "oauth2_provider"],
        DATABASES={
            "default": {
                "ENGINE": "django.db.backends.postgresql",
                "NAME": parts["dbname"],
                "USER": parts["user"],
                "PASSWORD": parts.get("password", ""),
                "HOST": parts.get("host", ""),
                "PORT": parts.get("port", ""),
            }
        },
        DEFAULT_AUTO_FIELD="django.db.models.AutoField",
        SECRET_KEY="not secret",
        SITE_ID=1,
        USE_TZ=True,
    )
    django.setup()
    call_command("migrate", verbosity=0, skip_checks=True)
    _fill_django()


def _fill_django() -> None:
    from django.contrib.admin.models import ADDITION, LogEntry
    from django.contrib.auth.models import Group, Permission, User
    from django.contrib.flatpages.models import FlatPage
    from django.contrib.redirects.models import Redirect
    from django.contrib.sessions.backends.db import SessionStore
    from django.utils import timezone
    from oauth2_provider.models import AccessToken, Application  # type: ignore[import-untyped]

    user = User.objects.create_user("ann", "ann@example.org", "secret")
    group = Group.objects.create(name="editors")
    group.permissions.set(Permission.objects.all()[:5])
    user.groups.add(group)
    LogEntry.objects.create(user=user, object_repr="ann", action_flag=ADDITION)
    FlatPage.objects.create(url="/about/", title="About").sites.set([1])
    Redirect.objects.create(site_id=1, old_path="/old/", new_path="/new/")
    SessionStore().create()
    application = Application.objects.create(
        user=user, client_type="public", authorization_grant_type="password"
    )
    AccessToken.objects.create(
        user=user, application=application, token="token", expires=timezone.now()
    )


def with_sqlalchemy(dsn: str) -> None:
    """Create the tables of SQLAlchemy's suite, of each name the first."""
    import sqlalchemy
    import sqlalchemy.dialects.postgresql.provision

    testing: Any = importlib.import_module("sqlalchemy.testing")
    config = testing.config
    requirements = importlib.import_module("sqlalchemy.testing.requirements")
    engine = sqlalchemy.create_engine(dsn.replace("postgresql://", "postgresql+psycopg2://", 1))
    # What SQLAlchemy's own plug-in for pytest sets up, before the suite can be imported.
    options = SimpleNamespace(backend_only=False, dropfirst=False)
    config.requirements = testing.requires = requirements.SuiteRequirements()
    config.Config.set_as_current(config.Config(engine, {}, options, None), testing)
    with engine.begin() as connection:
        connection.execute(sqlalchemy.text("CREATE SCHEMA test_schema"))
    known: set[str] = set()
    for suite in _suites():
        metadata = suite.metadata = sqlalchemy.MetaData()
        suite.tables = SimpleNamespace()
        suite.define_tables(metadata)
        if known.isdisjoint(metadata.tables):
            known.update(metadata.tables)
            vars(suite.tables).update((t.name, t) for t in metadata.tables.values())
            with engine.begin() as connection:
                metadata.create_all(connection)
                suite.insert_data(connection)


def _suites() -> Iterator[Any]:
    import sqlalchemy.testing.suite
    from sqlalchemy.testing import fixtures

    for found in pkgutil.iter_modules(sqlalchemy.testing.suite.__path__):
        module: ModuleType = importlib.import_module(f"sqlalchemy.testing.suite.{found.name}")
        for value in list(vars(module).values()):
            if (
                isinstance(value, type)
                and issubclass(value, fixtures.TablesTest)
                and value.__module__ == module.__name__
                and "define_tables" in vars(value)
            ):
                yield value


if __name__ == "__main__":
    os.environ.pop("DJANGO_SETTINGS_MODULE", None)
    {"django": with_django, "sqlalchemy": with_sqlalchemy}[sys.argv[1]](sys.argv[2])
