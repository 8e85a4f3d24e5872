"""``backstop restore``: the plan, the question, the progress, the report."""

from __future__ import annotations

from typing import Any

import click
from rich.console import Console
from rich.text import Text

import backstop
from backstop.cli._console import (
    agreed,
    can_ask,
    notices,
    print_facts,
    print_json,
    print_list,
    results,
    say,
    table,
)
from backstop.cli._exits import Exit
from backstop.cli._options import (
    dsn_option,
    identity_option,
    json_option,
    snapshot_argument,
    storage_option,
    yes_option,
)
from backstop.cli.progress import progress_bar
from backstop.recovery import OnConflict, RestorePlan, RestoreReport

_COUNTS = ("saved", "put back", "old values", "already there", "taken out", "left alone")


@click.command()
@snapshot_argument
@dsn_option()
@storage_option()
@click.option("--dry-run", is_flag=True, help="Only show the plan; nothing is changed.")
@click.option(
    "--into",
    metavar="NAME",
    help="Copy the rows into a new table of this name instead, to look at them.",
)
@click.option(
    "--on-conflict",
    type=click.Choice([choice.value for choice in OnConflict]),
    default=OnConflict.REPORT.value,
    show_default=True,
    help="Rows and large objects edited since the statement: leave them and say so, give them "
    "what they held, or change nothing at all.",
)
@click.option(
    "--fast",
    is_flag=True,
    help="Put lost columns at the end of their table, instead of making it anew in its old order.",
)
@click.option(
    "--lock-timeout",
    type=click.FloatRange(min=0, min_open=True),
    default=10.0,
    show_default=True,
    metavar="SECONDS",
    help="How long to wait for the lock on each table.",
)
@identity_option
@yes_option
@json_option
def restore(
    snapshot_id: str,
    dsn: str,
    storage: str,
    dry_run: bool,
    yes: bool,
    as_json: bool,
    **options: Any,
) -> Exit:
    """Bring back what one statement destroyed, in one transaction.

    ID may be any beginning that only one snapshot has. On a terminal it shows its plan and asks;
    without one it asks nothing, and never overwrites later edits unless told to.
    """
    return perform(
        snapshot_id, dry_run=dry_run, yes=yes, as_json=as_json, storage=storage, dsn=dsn, **options
    )


def perform(snapshot_id: str, *, dry_run: bool, yes: bool, as_json: bool, **arguments: Any) -> Exit:
    """Do as the command does; the other arguments are those of `backstop.restore`."""
    planned = backstop.restore(snapshot_id, dry_run=True, **arguments)
    plan = planned.plan
    if dry_run:
        print_json(_document(planned, dry_run=True)) if as_json else print_plan(results(), plan)
        return Exit.DONE
    if not as_json or (can_ask() and not yes):
        print_plan(notices(), plan)
    if plan.nothing_to_do is None and not agreed(f"Restore into {plan.database}?", yes=yes):
        say("Nothing was changed.")
        return Exit.FAILED
    with progress_bar(notices()) as progress:
        report = backstop.restore(plan.snapshot_id, progress=progress, **arguments)
    if as_json:
        print_json(_document(report, dry_run=False))
    else:
        print_report(results(), report)
    return Exit.DONE if report.complete else Exit.IN_PART


def print_plan(console: Console, plan: RestorePlan) -> None:
    """Print what a restore is going to do."""
    print_facts(console, [("snapshot", plan.snapshot_id), ("database", plan.database)])
    if plan.nothing_to_do is not None:
        print_list(console, "Nothing to do", [plan.nothing_to_do])
        return
    console.print(Text("Plan", style="bold"))
    print_facts(console, [(f"  {number}.", step) for number, step in enumerate(plan.steps, 1)])
    print_list(console, "Notes", plan.notes)
    print_list(console, "Not covered by this snapshot", plan.not_covered, style="yellow")


def print_report(console: Console, report: RestoreReport) -> None:
    """Print what a restore has done."""
    if report.plan.nothing_to_do is not None:
        console.print(report.plan.nothing_to_do)
        return
    if report.tables:
        console.print(
            table(
                ("rows of", *_COUNTS),
                [
                    (
                        rows.table,
                        *(
                            f"{count:,}"
                            for count in (
                                rows.saved,
                                rows.inserted,
                                rows.updated,
                                rows.unchanged,
                                rows.removed,
                                rows.conflicts,
                            )
                        ),
                    )
                    for rows in report.tables
                ],
                right=_COUNTS,
            )
        )
    print_list(console, "Created", report.created)
    print_list(console, "At the end of its table, as --fast asks for", report.appended)
    print_list(console, "Left alone", report.conflicts, style="yellow")
    print_list(console, "Could not be put back", report.problems, style="red")
    print_list(console, "Not covered by the snapshot", report.plan.not_covered, style="yellow")
    if report.complete:
        console.print(Text("Everything came back.", style="bold green"))
    else:
        console.print(Text("Restored in part; the rest is named above.", style="bold yellow"))


def _document(report: RestoreReport, *, dry_run: bool) -> dict[str, object]:
    plan = report.plan
    return {
        "snapshot_id": plan.snapshot_id,
        "database": plan.database,
        "dry_run": dry_run,
        "applied": report.applied,
        # A plan alone can't tell.
        "complete": None if dry_run else report.complete,
        "nothing_to_do": plan.nothing_to_do,
        "steps": list(plan.steps),
        "notes": list(plan.notes),
        "not_covered": list(plan.not_covered),
        "tables": [
            {
                "table": rows.table,
                "saved": rows.saved,
                "inserted": rows.inserted,
                "updated": rows.updated,
                "unchanged": rows.unchanged,
                "conflicts": rows.conflicts,
                "removed": rows.removed,
            }
            for rows in report.tables
        ],
        "created": list(report.created),
        "appended": list(report.appended),
        "existing": list(report.existing),
        "conflicts": list(report.conflicts),
        "problems": list(report.problems),
    }
