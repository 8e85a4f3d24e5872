"""Options that several commands share, each with the variable that stands in for it."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any, TypeVar

import click

from backstop.ages import TooLong, read_period

Decorated = TypeVar("Decorated", bound=Callable[..., Any])


def read_age(
    _context: click.Context, _parameter: click.Parameter, value: str | None
) -> timedelta | None:
    """Read an age such as ``12h``, ``30d`` or ``1w2d``; a callback of an option."""
    if value is None:
        return None
    try:
        return read_period(value)
    except TooLong:
        raise click.BadParameter(f"{value!r} is longer ago than the calendar goes.") from None
    except ValueError:
        raise click.BadParameter(f"{value!r} is not an age: write 12h, 30d, 2w or 1w2d.") from None


def storage_option(*, required: bool = True) -> Callable[[Decorated], Decorated]:
    """Add ``--storage``."""
    return click.option(
        "--storage",
        metavar="URL",
        envvar="BACKSTOP_STORAGE",
        show_envvar=True,
        required=required,
        help="Where the snapshots are: s3://bucket[/prefix][@http://host:port] or file:///folder.",
    )


def dsn_option(*, required: bool = True) -> Callable[[Decorated], Decorated]:
    """Add ``--dsn``."""
    return click.option(
        "--dsn",
        metavar="DSN",
        envvar="BACKSTOP_DSN",
        show_envvar=True,
        required=required,
        help="The database: postgresql://user@host:port/database or key=value pairs. Other "
        "users of this machine can see it here, not in the variable.",
    )


identity_option = click.option(
    "--identity",
    metavar="FILE",
    envvar="BACKSTOP_IDENTITY",
    show_envvar=True,
    help="The file with the age identity that opens snapshots that are encrypted.",
)
json_option = click.option("--json", "as_json", is_flag=True, help="Print the result as JSON.")
yes_option = click.option("-y", "--yes", is_flag=True, help="Don't ask, also on a terminal.")
snapshot_argument = click.argument("snapshot_id", metavar="ID")
