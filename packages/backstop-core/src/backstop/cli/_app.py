"""The command ``backstop`` itself: its verbs, and how every one of them ends."""

from __future__ import annotations

import contextlib
import os
import re
import sys
import traceback
from collections.abc import Sequence
from dataclasses import dataclass
from io import StringIO, TextIOWrapper

import click

from backstop._version import __version__
from backstop.cli._console import say
from backstop.cli._exits import MEANINGS, Exit, exit_for
from backstop.cli.check import check
from backstop.cli.classify import classify
from backstop.cli.demo import demo
from backstop.cli.preview import preview
from backstop.cli.restore import restore
from backstop.cli.snapshots import snapshots
from backstop.errors import BackstopError, describe

_EPILOG = "\n\n".join(
    (
        "\b\nVariables that stand in for options, and for arguments of backstop.guard:\n"
        "  BACKSTOP_STORAGE  where snapshots are kept\n"
        "  BACKSTOP_DSN      the database to restore and check\n"
        "  BACKSTOP_ACTOR    who sends the statements (guard)\n"
        "  BACKSTOP_MODE     protect, monitor or block (guard)\n"
        "  BACKSTOP_AUDIT    a file that gets every event (guard)",
        "\b\nExit codes:\n"
        + "\n".join(f"  {code.value:<4} {meaning}" for code, meaning in MEANINGS.items()),
    )
)

# A DSN may stand where an id or an option was meant, and a message may repeat it.
_SECRETS = (
    (re.compile(r"://[^\s/@]*:[^\s@]*@"), "://…@"),
    (re.compile(r"(password\s*=\s*)('(?:\\.|[^'\\])*'|[^\s&'\")]+)", re.IGNORECASE), r"\1…"),
)


@dataclass
class Invocation:
    """What holds for one call of the command line."""

    traceback: bool = False


@click.group(
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
    epilog=_EPILOG,
)
@click.version_option(__version__, prog_name="backstop", message="%(prog)s %(version)s")
@click.option(
    "--traceback",
    "show_traceback",
    is_flag=True,
    help="Show the traceback of an error. It may hold values of statements.",
)
@click.pass_obj
def app(invocation: Invocation, show_traceback: bool) -> None:
    """Backstop saves what a destructive statement is about to destroy, and brings it back."""
    invocation.traceback = show_traceback


for command in (classify, preview, snapshots, restore, check, demo):
    app.add_command(command)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command and return its exit code."""
    invocation = Invocation()
    # A name that the locale can't write must not end a command with an error.
    if isinstance(sys.stdout, TextIOWrapper):
        sys.stdout.reconfigure(errors="backslashreplace")
    try:
        code = app.main(
            args=None if arguments is None else list(arguments),
            prog_name="backstop",
            standalone_mode=False,
            obj=invocation,
        )
        _flush()
    except click.ClickException as error:
        text = StringIO()
        error.show(text)
        click.echo(_without_secrets(text.getvalue()), err=True, nl=False)
        return error.exit_code
    except (click.Abort, KeyboardInterrupt):
        say("Interrupted.")
        return Exit.INTERRUPTED
    except Exception as error:
        return _failed(error, invocation)
    return int(code or Exit.DONE)


def _failed(error: Exception, invocation: Invocation) -> Exit:
    if invocation.traceback:
        with contextlib.suppress(OSError):
            traceback.print_exception(type(error), error, error.__traceback__)
    elif isinstance(error, BackstopError):
        say(f"Error: {_without_secrets(str(error))}")
    else:
        say(f"Error: {describe(error)}. `backstop --traceback …` shows where it happened.")
    return exit_for(error)


def _flush() -> None:
    """Write what is left, while an error of it can still be told."""
    try:
        sys.stdout.flush()
    except BrokenPipeError:
        # Whoever read it wants no more; Python would complain when it ends.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _without_secrets(message: str) -> str:
    for pattern, replacement in _SECRETS:
        message = pattern.sub(replacement, message)
    return message
