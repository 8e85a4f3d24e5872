"""The reference of the command line, made of each command's own ``--help``.

``python -m testing.command_line_page`` writes it; a test fails when it differs.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import click
from click.testing import CliRunner

from backstop.cli import app
from backstop.cli._app import Invocation

PAGE = Path(__file__).parents[1] / "docs" / "reference" / "command-line.md"

_INTRODUCTION = """\
# Command line

The command `backstop` lists, verifies and restores snapshots, classifies SQL, and checks a set-up;
every command says here what its `--help` says.

Results go to standard output; questions, progress and errors to standard error. Every command but
the groups takes `--json`; fields are only ever added. Without a terminal nothing is asked.
[Exit codes](exit-codes.md) and [variables](settings.md#variables) are the same for all. The same
from Python: [API](api.md).
"""


def commands(command: click.Command = app, name: str = "backstop") -> Iterator[str]:
    """Give the full name of every command, groups before what is in them."""
    yield name
    if isinstance(command, click.Group):
        for part in sorted(command.commands):
            yield from commands(command.commands[part], f"{name} {part}")


def help_of(name: str) -> str:
    """Give the help text of one command, as wide as a page."""
    words = [*name.split()[1:], "--help"]
    result = CliRunner().invoke(
        app, words, prog_name="backstop", obj=Invocation(), terminal_width=100, color=False
    )
    return result.output.rstrip()


def page() -> str:
    """Give the whole page."""
    sections = [f"## {name}\n\n```text\n{help_of(name)}\n```\n" for name in commands()]
    return "\n".join([_INTRODUCTION, *sections])


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
