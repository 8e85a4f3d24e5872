"""Options that several commands share, each with the variable that stands in for it."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import datetime, timedelta
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


def read_moment(
    _context: click.Context, _parameter: click.Parameter, value: str | None
) -> datetime | timedelta | None:
    """Read a time as ISO 8601 writes it, or an age; a callback of an option."""
    if value is None:
        return None
    text = value.strip()
    try:
        # Not every Python reads the Z.
        return datetime.fromisoformat(re.sub("[zZ]$", "+00:00", text))
    except ValueError:
        pass
    try:
        return read_period(text)
    except ValueError:
        raise click.BadParameter(
            f"{value!r} is neither a time nor an age: write 2026-05-01T14:30, or 2h, 30m, 1d."
        ) from None


def selection_options(command: Decorated) -> Decorated:
    """Add the options that tell snapshots by what is known of their statements."""
    for option in reversed(
        (
            click.option("--table", metavar="NAME", help="Of this table: shop.users, or users."),
            click.option(
                "--since",
                metavar="TIME",
                callback=read_moment,
                help="From this time on: 2026-05-01T14:30 (UTC, or with an offset), or an age as "
                "30m, 2h or 1d.",
            ),
            click.option(
                "--until", metavar="TIME", callback=read_moment, help="Before this time or age."
            ),
            click.option("--actor", metavar="NAME", help="Of statements that this actor sent."),
            click.option(
                "--operation",
                metavar="COMMAND",
                help="Of statements that begin so: DELETE, or DROP, or DROP TABLE.",
            ),
        )
    ):
        command = option(command)
    return command


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
