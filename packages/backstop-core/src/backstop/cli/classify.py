"""``backstop classify``: how much a statement can destroy, and which part of it does."""

from __future__ import annotations

import sys
from pathlib import Path

import click
from rich.cells import cell_len
from rich.console import Console
from rich.text import Text

import backstop
from backstop.cli._console import level_text, print_json, results, shown
from backstop.cli._exits import Exit
from backstop.cli._options import json_option
from backstop.levels import RiskLevel
from backstop.result import Finding, RiskResult

_FINDINGS = 20
_LINES = 5
_EXCERPT = 100
_MARGIN = 30


@click.command()
@click.argument("sql", required=False)
@click.option(
    "-f",
    "--file",
    type=click.Path(exists=True, dir_okay=False, allow_dash=True, path_type=Path),
    help="Read the SQL from this file.",
)
@click.option("--dialect", default="postgres", show_default=True, help="The dialect of the SQL.")
@click.option(
    "--fail-at",
    type=click.Choice([level.value for level in RiskLevel], case_sensitive=False),
    help="Exit with 1 when the risk is at this level or above.",
)
@json_option
def classify(
    sql: str | None, file: Path | None, dialect: str, fail_at: str | None, as_json: bool
) -> Exit:
    """Say how much SQL can destroy, without running it.

    SQL is one statement or several; - reads them from standard input. SQL that begins with a
    comment needs -- before it.
    """
    text = _text(sql, file)
    result = backstop.classify(text, dialect)
    if as_json:
        print_json(_document(result))
    else:
        _print(text, result)
    return Exit.FAILED if fail_at and result.level >= RiskLevel(fail_at) else Exit.DONE


def _text(sql: str | None, file: Path | None) -> str:
    if (sql is None) == (file is None):
        raise click.UsageError("Give the SQL, or - for standard input, or --file.")
    if sql is not None and sql != "-":
        return sql
    from_input = file is None or str(file) == "-"
    data = sys.stdin.buffer.read() if from_input else Path(str(file)).read_bytes()
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError:
        source = "Standard input" if from_input else f"The file {file}"
        raise click.UsageError(f"{source} is not text in UTF-8.") from None


def _document(result: RiskResult) -> dict[str, object]:
    return {
        "level": result.level.value,
        "operation": result.operation,
        "tables": list(result.tables),
        "reason": result.reason,
        "requires_snapshot": result.requires_snapshot,
        "findings": [
            {
                "kind": finding.kind,
                "level": finding.level.value,
                "reason": finding.reason,
                "table": finding.table,
                "start": finding.start,
                "end": finding.end,
            }
            for finding in result.findings
        ],
    }


def _print(sql: str, result: RiskResult) -> None:
    console = results()
    console.print(Text.assemble(level_text(result.level), f"  {shown(result.reason)}"))
    placed = [finding for finding in result.findings if 0 <= finding.start < finding.end]
    for finding in placed[:_FINDINGS]:
        console.print()
        _print_finding(console, sql, finding)
        # The headline has said it already.
        if finding.reason != result.reason:
            console.print(
                Text.assemble("  ", level_text(finding.level), f": {shown(finding.reason)}")
            )
    if len(placed) > _FINDINGS:
        console.print(f"\n… and {len(placed) - _FINDINGS} more; --json shows all of them.")


def _print_finding(console: Console, sql: str, finding: Finding) -> None:
    """Print the lines of the statement that a finding is about, each with its part underlined."""
    position = printed = 0
    for line in sql.splitlines(keepends=True):
        start, end = max(finding.start - position, 0), min(finding.end - position, len(line))
        position += len(line)
        if start >= end or not line[start:end].strip():
            continue
        start += len(line[start:end]) - len(line[start:end].lstrip())
        if printed == _LINES:
            console.print("  …")
            return
        printed += 1
        _print_line(console, line, start, end, finding.level)


def _print_line(console: Console, line: str, start: int, end: int, level: RiskLevel) -> None:
    line = line.replace("\t", " ")
    # Only what is near the part: a line of a thousand values would hide it.
    first = max(start - _MARGIN, 0)
    last = min(max(end, start + 1) + _MARGIN, first + _EXCERPT)
    before, part, after = line[first:start], line[start : min(end, last)], line[end:last]
    stripped = part.rstrip()
    before = ("… " if first else "") + shown(before)
    marked = shown(stripped)
    following = shown(part[len(stripped) :].rstrip("\r\n") + after.rstrip())
    rest = " …" if line[last:].strip() else ""
    style = level_text(level).style
    console.print(
        Text.assemble("  ", before, (marked, style), following.rstrip(), rest), soft_wrap=True
    )
    console.print(
        Text.assemble("  ", " " * cell_len(before), ("^" * max(1, cell_len(marked)), style)),
        soft_wrap=True,
    )
