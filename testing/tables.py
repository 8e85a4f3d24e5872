"""Truth tables as data files: a row a line, columns separated by tabs, # before a comment."""

from __future__ import annotations

from pathlib import Path


def read_table(path: Path) -> list[tuple[str, ...]]:
    """Return the rows of a table; ⏎ stands for a line break.

    The last column may hold tabs: the first row says how many columns there are.
    """
    lines = path.read_text(encoding="utf-8").splitlines()
    rows = [line for line in lines if line and not line.startswith("#")]
    separators = rows[0].count("\t")
    return [tuple(row.replace("⏎", "\n").split("\t", separators)) for row in rows]
