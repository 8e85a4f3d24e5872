"""Connections of Django's, guarded and plain, for the benchmark of ordinary statements."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from typing import Any, Callable

import django
from django.conf import settings
from django.db.backends.base.base import BaseDatabaseWrapper
from opentelemetry.instrumentation.psycopg2 import Psycopg2Instrumentor
from psycopg2 import extensions

from benchmarks.django_databases import database
from testing import driver


@contextmanager
def connections_of(
    dsns: dict[str, str], modes: dict[str, str | None], chosen: dict[str, Any]
) -> Iterator[dict[str, Any]]:
    """Give a connection of Django's for each connection string, guarded where it has a mode."""
    databases = {name: _database(dsn) for name, dsn in dsns.items()}
    guarded = {name: {"MODE": mode} for name, mode in modes.items() if mode is not None}
    if not settings.configured:
        settings.configure(
            INSTALLED_APPS=["backstop.django"],
            DATABASES={"default": next(iter(databases.values())), **databases},
            USE_TZ=True,
        )
    settings.BACKSTOP = {
        **{name.upper(): value for name, value in chosen.items()},
        "DATABASES": guarded,
    }
    # As it is before the app is ready.
    connect = BaseDatabaseWrapper.connect
    unguarded = getattr(connect, "__wrapped__", connect)
    with driver.chosen():
        django.setup()
    from django.db import connections

    with ExitStack() as opened:
        for name in databases:
            found: Any = connections[name]
            if modes[name] is None:
                found.__class__ = type("Plain", (type(found),), {"connect": unguarded})
            opened.callback(found.close)
            found.ensure_connection()
            found.set_autocommit(False)
        yield {name: connections[name] for name in databases}


def instrument(connection: Any) -> None:
    """Have OpenTelemetry see what is sent by the driver's connection."""
    connection.connection = Psycopg2Instrumentor().instrument_connection(connection.connection)


def page_of(connection: Any) -> Callable[[str], object]:
    """Return what reads a page of a hundred objects by a connection."""
    objects = _model().objects.using(connection.alias)
    return lambda _: list(objects.all()[:100])


def _database(dsn: str) -> dict[str, Any]:
    parts = extensions.parse_dsn(dsn)
    return database(parts["host"], parts["port"], OPTIONS={"options": parts["options"]})


def _model() -> Any:
    from django.apps import apps
    from django.db import models

    found = apps.all_models["backstop"].get("item")
    if found is not None:
        return found
    members = {
        "__module__": __name__,
        "name": models.TextField(),
        "total": models.DecimalField(max_digits=12, decimal_places=2),
        "Meta": type("Meta", (), {"app_label": "backstop", "db_table": "items"}),
        "id": models.IntegerField(primary_key=True),
    }
    return type("Item", (models.Model,), members)
