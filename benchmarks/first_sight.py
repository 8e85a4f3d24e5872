"""What classifying a text takes that was never seen before, over an application's statements.

python -m benchmarks.first_sight [--json] [--check] [--write] [--rounds N]

The application is Django's admin over a library's tables: whatever it sends from `migrate` to the
removal of what was added, each text once, beside parsing it with sqlglot.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from importlib.metadata import version
from statistics import median, quantiles
from time import process_time
from typing import Any

import django
import sqlglot
from django.conf import settings
from rich.console import Console
from rich.table import Table

from backstop import classify
from backstop.embedded import EmbeddedServer
from benchmarks.django_databases import database
from benchmarks.report import Report, compared, installed, write
from testing import driver
from testing.admin import SETTINGS

CLASSIFY, PARSER = "classify", "sqlglot.parse"
_CONTRIB = ("admin", "auth", "contenttypes", "messages", "sessions")
_APPS = [*(f"django.contrib.{app}" for app in _CONTRIB), "testing.corpora.library"]


@contextmanager
def application(server: EmbeddedServer) -> Iterator[Any]:
    """Set the application up on a server, and give its connection."""
    chosen = {
        **SETTINGS,
        "INSTALLED_APPS": _APPS,
        "DATABASES": {"default": database(str(server.socket_folder or "127.0.0.1"), server.port)},
        "ROOT_URLCONF": "testing.corpora.library.urls",
        "SECRET_KEY": "none",
    }
    settings.configure(**chosen)
    with driver.chosen():
        django.setup()
    from django.db import connection

    try:
        yield connection
    finally:
        connection.close()


def sent_by(connection: Any, work: Callable[[], None]) -> list[str]:
    """Return the texts that some work sends, each once, as templates of their parameters."""
    texts: dict[str, None] = {}

    def note(execute: Any, sql: str, params: Any, many: bool, context: Any) -> Any:
        texts[sql] = None
        return execute(sql, params, many, context)

    with connection.execute_wrapper(note):
        work()
    return list(texts)


def use() -> None:
    """Set up the tables, and do in the admin what people do there."""
    from django.contrib.auth.models import User
    from django.core.management import call_command
    from django.db import connection
    from django.test import Client

    from testing.corpora.library import models

    call_command("migrate", verbosity=0)
    with connection.schema_editor() as editor:
        for model in models.MODELS:
            editor.create_model(model)
    models.fill()
    client = Client()
    client.force_login(User.objects.create_superuser("admin"))
    listed = "/admin/library/book/"
    pages = ("", "?q=title", "?active__exact=1", "?o=-2", "?author__id__exact=1", "?p=1", "?e=1")
    for page in ("/admin/", *(listed + query for query in pages)):
        client.get(page, follow=True)
    book = models.Book.objects.earliest("pk")
    values = {"title": "new", "author": book.author.pk, "tags": [], "number": 3}
    for name in ("author", "tag", "book"):
        client.get(f"/admin/library/{name}/")
        client.get(f"/admin/library/{name}/add/")
    client.post(f"{listed}add/", values)
    for action in ("change", "history", "delete"):
        client.get(f"{listed}{book.pk}/{action}/")
    client.post(f"{listed}{book.pk}/change/", {**values, "title": "changed"})
    chosen = {"action": "delete_selected", "_selected_action": [book.pk]}
    client.post(listed, chosen)
    client.post(listed, {**chosen, "post": "yes"})
    client.post("/admin/logout/")
    call_command("clearsessions")


def times_of(function: Callable[[str], object], texts: Sequence[str], rounds: int) -> list[float]:
    """Return the microseconds that each text takes: the median of some rounds, each time new."""
    found: list[list[float]] = [[] for _ in texts]
    for turn in range(rounds + 1):
        for text, times in zip(texts, found):
            # No cache has seen it with so many spaces behind it.
            new = text + " " * (turn + 1)
            start = process_time()
            function(new)
            times.append((process_time() - start) * 1e6)
    return [median(times[1:]) for times in found]


def shares(times: Sequence[float]) -> dict[str, float]:
    """Return the median, the 99th percentile and the most of some times."""
    return {"p50": median(times), "p99": quantiles(times, n=100)[98], "most": max(times)}


def main(arguments: list[str] | None = None) -> int:
    """Measure and show; with --check the exit code says whether it is faster than parsing."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--json", action="store_true", help="print JSON in place of a table")
    parser.add_argument("--check", action="store_true", help="exit with 1 if parsing is faster")
    parser.add_argument("--write", action="store_true", help="write the documentation's page")
    parser.add_argument("--rounds", type=int, default=5, help="how often each text is measured")
    options = parser.parse_args(arguments)
    with EmbeddedServer() as server, application(server) as connection:
        texts = sent_by(connection, use)
    found = {
        CLASSIFY: shares(times_of(classify, texts, options.rounds)),
        PARSER: shares(times_of(_parse, texts, options.rounds)),
    }
    if options.json:
        print(json.dumps({"texts": len(texts), **found}, indent=2))
    else:
        table = Table(f"{len(texts)} texts, µs", *found[CLASSIFY])
        for name, times in found.items():
            table.add_row(name, *(f"{time:,.0f}" for time in times.values()))
        Console(width=100, highlight=False).print(table)
        print(*compared(report(len(texts), found)), sep="\n")
    if options.write:
        programs = {"sqlglot": version("sqlglot"), **installed("Django")}
        write(report(len(texts), found), programs)
    slower = any(found[CLASSIFY][share] > found[PARSER][share] for share in ("p50", "p99"))
    return 1 if options.check and slower else 0


def report(count: int, found: dict[str, dict[str, float]]) -> Report:
    """Return what the documentation shows."""
    return Report(
        "first_sight",
        "An application's statements, seen for the first time",
        f"What classifying takes, and parsing with sqlglot (pure Python): {count:,} different "
        "texts that Django's admin sends over the tables of a library, from `migrate` to the "
        "removal of what was added. Each text is new each time; medians of its times.",
        "microseconds a text",
        {name: {row: found[row][name] for row in found} for name in found[CLASSIFY]},
    )


def _parse(text: str) -> object:
    try:
        return sqlglot.parse(text, read="postgres")
    except sqlglot.errors.SqlglotError:
        return None


if __name__ == "__main__":
    sys.exit(main())
