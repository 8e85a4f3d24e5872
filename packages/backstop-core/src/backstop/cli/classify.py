"""``backstop classify``: how much SQL can destroy, and which part of it does, by file and line."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import click
from rich.console import Console
from rich.text import Text

import backstop
from backstop.cli._console import level_text, print_json, results, say, shown
from backstop.cli._excerpts import Lines
from backstop.cli._exits import Exit
from backstop.cli._inputs import Input, UnreadableInput, inputs
from backstop.cli._options import json_option
from backstop.cli.psql import classify_script
from backstop.levels import RiskLevel
from backstop.result import Finding, RiskResult

_FINDINGS = 20


@dataclass(frozen=True)
class _Classified:
    """One input with its result; ``name`` is None for SQL that was given as it is."""

    name: str | None
    lines: Lines
    result: RiskResult


@click.command()
@click.argument("arguments", metavar="[SQL | FILE...]", nargs=-1)
@click.option(
    "-f",
    "--file",
    "files",
    type=click.Path(exists=True, allow_dash=True),
    multiple=True,
    help="Read SQL from this file, or from the .sql files of this folder; more may follow it.",
)
@click.option("--dialect", default="postgres", show_default=True, help="The dialect of the SQL.")
@click.option(
    "--fail-at",
    type=click.Choice([level.value for level in RiskLevel], case_sensitive=False),
    help="Exit with 1 when the risk is at this level or above, and show only what is.",
)
@json_option
def classify(
    arguments: tuple[str, ...],
    files: tuple[str, ...],
    dialect: str,
    fail_at: str | None,
    as_json: bool,
) -> Exit:
    """Say how much SQL can destroy, without running it.

    SQL is one statement or several; - reads them from standard input, and what names a file or a
    folder is read. SQL that begins with a comment needs -- before it. Files may be scripts for
    psql, as pg_dump writes them.
    """
    given = inputs(arguments, files)
    done = list(_classify_all(given, dialect))
    limit = RiskLevel(fail_at) if fail_at else None
    if done and as_json:
        print_json(_document(done))
    elif done:
        _print(done, limit)
    if len(done) < len(given):
        return Exit.USAGE
    failed = limit is not None and any(one.result.level >= limit for one in done)
    return Exit.FAILED if failed else Exit.DONE


def _classify_all(given: Sequence[Input], dialect: str) -> Iterator[_Classified]:
    """Classify every input; one that can't be read is told, and left out."""
    for one in given:
        try:
            text = one.read()
        except UnreadableInput as error:
            say(f"Error: {error}")
            continue
        yield _Classified(one.name, Lines(text), _risk(text, dialect))


def _risk(text: str, dialect: str) -> RiskResult:
    # Only a backslash makes a text a script of psql's: one of its commands, or the end of rows.
    if dialect.startswith("postgres") and "\\" in text:
        return classify_script(text)
    return backstop.classify(text, dialect)


def _document(done: Sequence[_Classified]) -> dict[str, object]:
    worst = _worst(done)
    return {
        "level": worst.level.value,
        "operation": worst.operation,
        "tables": list(dict.fromkeys(table for one in done for table in one.result.tables)),
        "reason": worst.reason,
        "requires_snapshot": worst.requires_snapshot,
        "findings": [
            {
                "kind": finding.kind,
                "level": finding.level.value,
                "reason": finding.reason,
                "table": finding.table,
                "start": finding.start,
                "end": finding.end,
                "file": one.name,
                **one.lines.place(finding.start)._asdict(),
            }
            for one in done
            for finding in one.result.findings
        ],
        "files": [
            {"file": one.name, "level": one.result.level.value, "reason": one.result.reason}
            for one in done
            if one.name is not None
        ],
    }


def _worst(done: Sequence[_Classified]) -> RiskResult:
    """Return the result that speaks for all: the first of the riskiest that holds a statement."""
    return max(
        (one.result for one in done),
        key=lambda result: (result.level.rank, result.operation != ""),
    )


def _print(done: Sequence[_Classified], limit: RiskLevel | None) -> None:
    console = results()
    worst = _worst(done)
    console.print(Text.assemble(level_text(worst.level), f"  {shown(worst.reason)}"))
    placed = [
        (one, finding)
        for one in done
        for finding in one.result.findings
        if 0 <= finding.start < finding.end
    ]
    selected = _selected(placed, limit)
    for one, finding in selected:
        console.print()
        _print_finding(console, one, finding, worst.reason)
    if len(placed) > len(selected):
        below = f" below {limit.value}" if limit else ""
        more = f"{len(placed) - len(selected)} more{below}"
        console.print(f"\n… and {more}; --json shows all of them.")
    if len(done) > 1:
        levels = Counter(one.result.level for one in done)
        counts = ", ".join(f"{levels[level]} {level.value}" for level in sorted(levels)[::-1])
        console.print(f"\n{len(done)} files: {counts}.")


def _selected(
    placed: Sequence[tuple[_Classified, Finding]], limit: RiskLevel | None
) -> list[tuple[_Classified, Finding]]:
    """Return what is shown, in order: all at the limit or above; without one, the riskiest."""
    if limit is not None:
        return [pair for pair in placed if pair[1].level >= limit]
    by_risk = sorted(range(len(placed)), key=lambda at: -placed[at][1].level.rank)
    return [placed[at] for at in sorted(by_risk[:_FINDINGS])]


def _print_finding(console: Console, one: _Classified, finding: Finding, headline: str) -> None:
    says = Text.assemble(level_text(finding.level), f": {shown(finding.reason)}")
    if one.name is not None:
        line, column = one.lines.place(finding.start)
        console.print(Text.assemble(f"{shown(one.name)}:{line}:{column}: ", says))
        one.lines.print_excerpt(console, finding)
        return
    one.lines.print_excerpt(console, finding)
    # The headline has said it already.
    if finding.reason != headline:
        console.print(Text.assemble("  ", says))
