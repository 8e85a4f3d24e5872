"""``backstop preview``: what a statement would destroy, without running it."""

from __future__ import annotations

import sys
from contextlib import closing

import click
from rich.console import Console
from rich.filesize import decimal

from backstop.cli._console import (
    level_text,
    print_facts,
    print_json,
    print_list,
    results,
    table,
)
from backstop.cli._options import dsn_option, json_option
from backstop.previewing import Preview, preview_statement
from backstop.settings import Thresholds
from backstop.statement import Statement


@click.command()
@click.argument("sql")
@dsn_option()
@json_option
def preview(sql: str, dsn: str, as_json: bool) -> None:
    """Show what SQL would destroy, and what its snapshot would take, without running it.

    SQL is one statement, or several, as the server gets them; - reads them from standard input.
    Rows are counted in a transaction that can only read, and nothing is locked.
    """
    # It needs a driver, which most other commands don't.
    from backstop.drivers import connect

    text = sys.stdin.read() if sql == "-" else sql
    with closing(connect(dsn)) as session:
        found = preview_statement(session, Statement(text, lambda: text), Thresholds())
    print_json(_document(found)) if as_json else _print(results(), found)


def _print(console: Console, found: Preview) -> None:
    print_facts(
        console,
        [
            ("statement", found.result.operation),
            ("level", level_text(found.result.level)),
            ("reason", found.result.reason),
            ("in protect", "saved, then run" if found.result.requires_snapshot else "run"),
            ("snapshot", f"about {decimal(found.bytes)}, {found.seconds:,.1f} s"),
        ],
    )
    if found.tables:
        console.print()
        console.print(
            table(
                ("rows of", "rows", "size", "statement does", "lock"),
                [
                    (
                        f"{one.table} (carried on)" if one.carried else one.table,
                        f"{one.rows:,}" if one.exact else f"up to {one.rows:,}",
                        decimal(one.bytes),
                        ", ".join(one.operations),
                        one.lock,
                    )
                    for one in found.tables
                ],
                right=("rows", "size"),
            )
        )
    print_list(console, "Objects that would be dropped or changed", found.objects)
    print_list(console, "Not covered by a snapshot", found.not_covered, style="yellow")
    print_list(console, "Only a run would tell", found.untold, style="yellow")


def _document(found: Preview) -> dict[str, object]:
    return {
        "operation": found.result.operation,
        "level": found.result.level.value,
        "reason": found.result.reason,
        "requires_snapshot": found.result.requires_snapshot,
        "rows": found.rows,
        "bytes": found.bytes,
        "seconds": found.seconds,
        "tables": [
            {
                "table": one.table,
                "operations": list(one.operations),
                "rows": one.rows,
                "exact": one.exact,
                "carried": one.carried,
                "lock": one.lock,
                "bytes": one.bytes,
            }
            for one in found.tables
        ],
        "objects": list(found.objects),
        "not_covered": list(found.not_covered),
        "untold": list(found.untold),
    }
