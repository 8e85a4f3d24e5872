"""``manage.py backstop_snapshots``: ``backstop snapshots list``, of an alias's storage."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand, CommandParser

import backstop
from backstop.cli.listing import print_summaries
from backstop.django.management.running import add_database, add_json, failing_alike
from backstop.django.restoring import settings_for


class Command(BaseCommand):
    """Lists the snapshots, oldest first."""

    help = "List the snapshots of a database alias, oldest first."
    requires_system_checks = ()

    def add_arguments(self, parser: CommandParser) -> None:  # noqa: D102
        add_database(parser)
        add_json(parser)

    def handle(self, *_: Any, **options: Any) -> None:  # noqa: D102
        with failing_alike():
            storage = settings_for(options["database"]).storage
            print_summaries(backstop.snapshots.list(storage), as_json=options["json"])
