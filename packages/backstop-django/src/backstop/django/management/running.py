"""What Backstop's commands have in common: they end as the command line does."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager

from django.core.management.base import CommandError, CommandParser
from django.db import DEFAULT_DB_ALIAS

from backstop.cli._exits import Exit, exit_for
from backstop.errors import BackstopError


def add_database(parser: CommandParser) -> None:
    """Add ``--database``."""
    parser.add_argument(
        "--database",
        default=DEFAULT_DB_ALIAS,
        metavar="ALIAS",
        help='The alias whose connection and storage settings count; else "default".',
    )


def add_json(parser: CommandParser) -> None:
    """Add ``--json``."""
    parser.add_argument("--json", action="store_true", help="Print the result as JSON.")


@contextmanager
def failing_alike() -> Iterator[None]:
    """End the command as the command line does where Backstop raises an error."""
    try:
        yield
    except BackstopError as error:
        raise CommandError(str(error), returncode=exit_for(error)) from error


def end(code: Exit) -> None:
    """End the command with an exit code that isn't that of success."""
    if code is not Exit.DONE:
        sys.exit(code.value)
