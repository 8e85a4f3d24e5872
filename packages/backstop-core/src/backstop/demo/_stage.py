"""What the audience sees: short sentences, the agent's statements, the log, tables."""

from __future__ import annotations

import logging
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from rich import box
from rich.console import Console
from rich.panel import Panel
from rich.rule import Rule
from rich.text import Text

from backstop.cli._console import shown, table

_LOG_STYLES = {logging.WARNING: "yellow", logging.ERROR: "bold red"}


class Stage(logging.Handler):
    """Prints the demo; as a log handler it shows Backstop's own log as it is written."""

    def __init__(self, console: Console) -> None:
        super().__init__()
        self.console = console

    def title(self, title: str, subtitle: str) -> None:
        """Print the demo's name and what it is going to do."""
        self.console.print(Panel(Text(subtitle), title=title, title_align="left", box=box.ROUNDED))

    def act(self, number: int, title: str) -> None:
        """Begin an act."""
        self.console.print()
        self.console.print(Rule(Text(f"{number}  {title}", style="bold"), align="left"))

    def say(self, sentence: str, style: str = "") -> None:
        """Print one sentence."""
        self.console.print(Text(shown(sentence), style=style))

    def statement(self, sql: str) -> None:
        """Show what the agent sends."""
        self.console.print(Text.assemble(("agent > ", "bold magenta"), (shown(sql), "bold")))

    def error(self, error: Exception) -> None:
        """Show an exception as the agent gets it."""
        self.console.print(
            Text.assemble((f"{type(error).__name__}: ", "bold red"), shown(str(error)))
        )

    def show(self, headers: Sequence[str], rows: Sequence[Sequence[str | Text]]) -> None:
        """Print a table whose columns after the first are right-aligned."""
        self.console.print(table(headers, rows, right=headers[1:]))

    def verdict(self, sentence: str, *, good: bool) -> None:
        """Print the last word."""
        style = "bold green" if good else "bold red"
        self.console.print()
        self.console.print(Panel(Text(sentence), style=style, box=box.ROUNDED))

    def emit(self, record: logging.LogRecord) -> None:
        """Print one line of Backstop's log."""
        style = _LOG_STYLES.get(record.levelno, "dim")
        self.console.print(
            Text.assemble(
                ("  log > ", "dim"), (f"{record.levelname} ", style), shown(record.getMessage())
            )
        )

    @contextmanager
    def showing_the_log(self) -> Iterator[None]:
        """Print what Backstop logs for as long as the block runs, as an application would."""
        logger = logging.getLogger("backstop")
        level = logger.level
        logger.addHandler(self)
        logger.setLevel(logging.INFO)
        try:
            yield
        finally:
            logger.removeHandler(self)
            logger.setLevel(level)
