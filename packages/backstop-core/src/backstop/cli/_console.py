"""What people see: two consoles, and text that can't play tricks on a terminal.

Names and statements come from agents: control characters in them are shown, never sent.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any

import click
from rich import box
from rich.console import Console
from rich.table import Table
from rich.text import Text

from backstop.levels import RiskLevel

# Wide enough that nothing is wrapped or cut where no terminal has a width of its own.
_WITHOUT_TERMINAL = 4000

_LEVEL_STYLES = {
    RiskLevel.SAFE.value: "green",
    RiskLevel.LOW.value: "green",
    RiskLevel.HIGH.value: "yellow",
    RiskLevel.IMPACT_CRITICAL.value: "bold red",
    RiskLevel.CRITICAL.value: "bold red",
}


def results(plain_width: int = _WITHOUT_TERMINAL) -> Console:
    """Return the console for results: standard output; ``plain_width`` is for no terminal."""
    return _console(plain_width, stderr=False)


def notices(plain_width: int = _WITHOUT_TERMINAL) -> Console:
    """Return the console for everything that isn't a result: standard error."""
    return _console(plain_width, stderr=True)


def shown(value: object) -> str:
    """Return a text as a terminal may get it: what doesn't print becomes an escape."""
    return "".join(
        character
        if character.isprintable() or character == "\n"
        else character.encode("unicode_escape").decode("ascii")
        for character in str(value)
    )


def say(message: object, *, style: str = "") -> None:
    """Tell the user something that isn't a result."""
    notices().print(Text(shown(message), style=style))


def print_json(document: Any) -> None:
    """Print a result for programs; plain ASCII, so that no locale can change it."""
    click.echo(json.dumps(document, indent=2))


def print_facts(console: Console, facts: Iterable[tuple[str, object]]) -> None:
    """Print names with their values, one below the other; empty values are left out."""
    grid = Table.grid(padding=(0, 2))
    grid.add_column(style="dim", no_wrap=True)
    grid.add_column(overflow="fold")
    for name, value in facts:
        if value not in ("", None):
            grid.add_row(name, value if isinstance(value, Text) else Text(shown(value)))
    console.print(grid)


def print_list(console: Console, title: str, items: Iterable[object], *, style: str = "") -> None:
    """Print a heading and its items; nothing where there are none."""
    listed = list(items)
    if not listed:
        return
    console.print(Text(title, style="bold"))
    for item in listed:
        grid = Table.grid(padding=(0, 1))
        grid.add_column(no_wrap=True)
        grid.add_column(overflow="fold")
        grid.add_row("  •", Text(shown(item), style=style))
        console.print(grid)


def table(
    headers: Sequence[str],
    rows: Iterable[Sequence[object]],
    *,
    right: Sequence[str] = (),
    whole: Sequence[str] = (),
) -> Table:
    """Return a table; columns named in ``right`` are numbers, those in ``whole`` never wrap."""
    made = Table(box=box.SIMPLE_HEAD, pad_edge=False, show_edge=False, collapse_padding=True)
    for header in headers:
        made.add_column(
            header,
            justify="right" if header in right else "left",
            no_wrap=header in right or header in whole,
            overflow="fold",
        )
    for row in rows:
        made.add_row(*(cell if isinstance(cell, Text) else Text(shown(cell)) for cell in row))
    return made


def level_text(level: RiskLevel | str) -> Text:
    """Return a risk level in its colour."""
    return Text(shown(level), style=_LEVEL_STYLES.get(str(level), ""))


def moment(value: datetime) -> str:
    """Return a time in UTC as people read it."""
    return f"{value:%Y-%m-%d %H:%M}"


def can_ask() -> bool:
    """Whether somebody is there to answer: both the question and the answer need a terminal."""
    return sys.stdin.isatty() and sys.stderr.isatty()


def agreed(question: str, *, yes: bool) -> bool:
    """Ask on a terminal; without one, or with ``yes``, nothing is asked and the answer is yes."""
    if yes or not can_ask():
        return True
    return click.confirm(question, err=True)


def _console(plain_width: int, *, stderr: bool) -> Console:
    console = Console(stderr=stderr, markup=False, highlight=False, emoji=False)
    if not console.is_terminal:
        console.width = plain_width
    return console
