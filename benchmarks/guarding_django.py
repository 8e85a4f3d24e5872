"""What the Django app adds to a statement that there is nothing to do about.

python -m benchmarks.guarding_django [--json] [--check] [--write] [--rounds N]

A known text in mode "monitor", by a cursor of Django's, over a unix socket to an embedded
PostgreSQL, where nobody takes its events; in this process's own time, as the rest is the server's,
which runs on the same core.
BACKSTOP_TEST_DRIVER names the driver: psycopg2, unless it is psycopg.
"""

from __future__ import annotations

import gc
import importlib
import sys
from typing import Any

import django
from django.conf import settings
from django.db.backends.base.base import BaseDatabaseWrapper

from backstop.embedded import EmbeddedServer
from benchmarks.django_databases import database
from benchmarks.guarding import execute, run_measurement, select_one
from benchmarks.side_by_side import Bound, Case, Outcome, measure
from testing import driver

TITLE = "What watching a statement of Django's takes"
PLAIN, GUARDED = "Django", f"backstop.django, {driver.DRIVER}"
CASE = Case("SELECT 1 in monitor", select_one, 500, Bound(PLAIN, 1.0, over=5.0))


def plain_and_guarded(server: EmbeddedServer, chosen: dict[str, Any]) -> tuple[Any, Any]:
    """Set Django up with the app, and return connections without and with its guard."""
    login = database(str(server.socket_folder or "127.0.0.1"), server.port)
    if not settings.configured:
        settings.configure(
            INSTALLED_APPS=["backstop.django"], DATABASES={"default": login}, USE_TZ=True
        )
    settings.BACKSTOP = {name.upper(): value for name, value in chosen.items()}
    # As they are before the app is ready.
    connect = BaseDatabaseWrapper.connect
    own = {"connect": getattr(connect, "__wrapped__", connect)}
    with driver.chosen():
        django.setup()
        base: Any = importlib.import_module("django.db.backends.postgresql.base")
    from django.db import connections

    configured = connections.configure_settings({"default": login})["default"]
    plain = type("Plain", (base.DatabaseWrapper,), own)(configured, alias="default")
    return plain, base.DatabaseWrapper(configured, alias="default")


def outcomes(server: EmbeddedServer, chosen: dict[str, Any], rounds: int) -> list[Outcome]:
    """Measure a guarded connection beside a plain one."""
    plain, guarded = plain_and_guarded(server, chosen)
    # What there is of Django would be searched through for garbage at random moments.
    gc.freeze()
    try:
        return [measure(CASE, {GUARDED: execute(guarded), PLAIN: execute(plain)}, rounds)]
    finally:
        plain.close()
        guarded.close()
        gc.unfreeze()


if __name__ == "__main__":
    sys.exit(run_measurement(outcomes, "guarding_django", TITLE, __doc__))
