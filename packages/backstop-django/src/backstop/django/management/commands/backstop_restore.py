"""``manage.py backstop_restore ID``: ``backstop restore``, by an alias's own connection."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand, CommandParser

from backstop.cli.restore import perform
from backstop.django.management.running import add_database, add_json, end, failing_alike
from backstop.django.restoring import connection_for, settings_for
from backstop.recovery import OnConflict


class Command(BaseCommand):
    """Brings back what one statement destroyed."""

    help = "Bring back what one statement destroyed, in one transaction."
    requires_system_checks = ()

    def add_arguments(self, parser: CommandParser) -> None:  # noqa: D102
        parser.add_argument("id", metavar="ID", help="Any beginning that only one snapshot has.")
        add_database(parser)
        parser.add_argument(
            "--dry-run", action="store_true", help="Only show the plan; nothing is changed."
        )
        parser.add_argument(
            "--into", metavar="NAME", help="Copy the rows into a new table of this name instead."
        )
        parser.add_argument(
            "--on-conflict",
            choices=[choice.value for choice in OnConflict],
            default=OnConflict.REPORT.value,
            help="What was edited since: leave it and say so, give it what it held, or change "
            "nothing at all.",
        )
        parser.add_argument(
            "--fast", action="store_true", help="Put lost columns at the end of their table."
        )
        parser.add_argument(
            "--lock-timeout",
            type=float,
            default=10.0,
            metavar="SECONDS",
            help="How long to wait for the lock on each table.",
        )
        parser.add_argument("-y", "--yes", action="store_true", help="Don't ask.")
        add_json(parser)

    def handle(self, *_: Any, **options: Any) -> None:  # noqa: D102
        alias, snapshot_id = options["database"], options["id"]
        names = ("dry_run", "into", "on_conflict", "fast", "lock_timeout", "yes")
        with failing_alike(), connection_for(snapshot_id, alias) as connection:
            code = perform(
                [snapshot_id],
                storage=settings_for(alias).storage,
                conn=connection,
                as_json=options["json"],
                **{name: options[name] for name in names},
            )
        end(code)
