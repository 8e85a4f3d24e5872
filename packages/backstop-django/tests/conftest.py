"""A configured Django, and its default alias on the test's own database."""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any, Callable

import django
import pytest
from django.conf import settings as django_settings
from django.db import connections
from django.db.backends.base.base import BaseDatabaseWrapper
from psycopg2.extensions import parse_dsn

from testing import driver

if TYPE_CHECKING:
    from collections.abc import Iterator

    from testing.postgres import Connect

    Open = Callable[..., BaseDatabaseWrapper]

if not django_settings.configured:
    django_settings.configure(
        INSTALLED_APPS=["backstop.django"],
        DATABASES={
            "default": {"ENGINE": "django.db.backends.postgresql", "NAME": "shop"},
            "replica": {"ENGINE": "django.db.backends.postgresql", "NAME": "replica"},
            "lite": {"ENGINE": "django.db.backends.sqlite3", "NAME": ":memory:"},
        },
        DEFAULT_AUTO_FIELD="django.db.models.AutoField",
        SECRET_KEY="not secret",
        USE_TZ=True,
    )
    with driver.chosen():
        # Models ask their connection for the longest name.
        django.setup()
        importlib.import_module("django.db.backends.postgresql.base")


@pytest.fixture
def orders(connect: Connect) -> None:
    """Make the table orders, with the ids 1 to 7."""
    with connect() as connection:
        connection.cursor().execute(
            "CREATE TABLE orders (id int PRIMARY KEY, total numeric);"
            "INSERT INTO orders SELECT g, g FROM generate_series(1, 7) AS g"
        )
    connection.close()


@pytest.fixture
def configure(settings: Any, store: str) -> Callable[..., None]:
    """Give a function that sets BACKSTOP; a failed snapshot raises."""

    def set_backstop(**values: Any) -> None:
        chosen = {"STORAGE": store, "ACTOR": "tester", "ON_SNAPSHOT_FAILURE": "raise", **values}
        settings.BACKSTOP = {name: value for name, value in chosen.items() if value is not None}

    set_backstop()
    return set_backstop


@pytest.fixture
def open_alias(dsn: str, configure: Callable[..., None], django_db_blocker: Any) -> Iterator[Open]:
    """Give a function that sets BACKSTOP and returns Django's connection of an alias."""
    parts = parse_dsn(dsn)
    found = [connections.settings[alias] for alias in ("default", "replica")]
    before = [dict(one) for one in found]
    for one in found:
        one.update(
            NAME=parts["dbname"],
            USER=parts["user"],
            PASSWORD=parts.get("password", ""),
            HOST=parts["host"],
            PORT=parts["port"],
        )

    def open_connection(alias: str = "default", **values: Any) -> BaseDatabaseWrapper:
        configure(**values)
        return connections[alias]  # type: ignore[return-value]

    for alias in connections:
        if hasattr(connections._connections, alias):  # type: ignore[attr-defined]
            del connections[alias]
    with django_db_blocker.unblock():
        yield open_connection
        for connection in connections.all(initialized_only=True):
            # By class: SQLite's own method leaves a database in memory open.
            BaseDatabaseWrapper.close(connection)
            del connections[connection.alias]
    for one, kept in zip(found, before):
        one.clear()
        one.update(kept)
