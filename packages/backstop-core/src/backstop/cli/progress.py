"""The progress bar of a restore, one line for each table."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Callable

from rich.console import Console
from rich.progress import (
    BarColumn,
    DownloadColumn,
    Progress,
    SpinnerColumn,
    TaskID,
    TaskProgressColumn,
    TextColumn,
)

from backstop.cli._console import shown
from backstop.recovery import Progress as Copied


@contextmanager
def progress_bar(console: Console) -> Iterator[Callable[[Copied], None]]:
    """Show a bar for as long as the block runs; what it gives is restore's ``progress``."""
    tasks: dict[str, TaskID] = {}
    columns = (
        SpinnerColumn(finished_text="✓"),
        TextColumn("{task.description}", markup=False),
        BarColumn(),
        TaskProgressColumn(),
        DownloadColumn(),
    )
    with Progress(*columns, console=console) as bar:

        def update(copied: Copied) -> None:
            if copied.table not in tasks:
                tasks[copied.table] = bar.add_task(shown(copied.table), total=copied.total)
            bar.update(tasks[copied.table], completed=copied.done)

        yield update
