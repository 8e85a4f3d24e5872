"""``backstop snapshots prune``: removing what is old, and what crashes left behind."""

from __future__ import annotations

from datetime import timedelta

import click
from rich.console import Console

import backstop
from backstop.cli._console import agreed, can_ask, notices, print_json, print_list, results, say
from backstop.cli._exits import Exit
from backstop.cli._options import json_option, read_age, storage_option, yes_option
from backstop.snapshots import PruneReport


@click.command()
@storage_option()
@click.option(
    "--keep-within",
    callback=read_age,
    metavar="AGE",
    help="Remove snapshots older than this: 12h, 30d, 2w. Without it none is removed.",
)
@click.option("--dry-run", is_flag=True, help="Only show what would be removed.")
@yes_option
@json_option
def prune(
    storage: str, keep_within: timedelta | None, dry_run: bool, yes: bool, as_json: bool
) -> Exit:
    """Remove old snapshots, and what crashes left without a manifest.

    On a terminal it shows what would go and asks; without one it asks nothing.
    """
    if not dry_run:
        planned = backstop.snapshots.prune(storage, keep_within=keep_within, dry_run=True)
        if not _confirmed(planned, yes=yes):
            return Exit.FAILED
    report = backstop.snapshots.prune(storage, keep_within=keep_within, dry_run=dry_run)
    if as_json:
        print_json(
            {
                "dry_run": report.dry_run,
                "snapshots": list(report.snapshots),
                "leftovers": list(report.leftovers),
            }
        )
    elif not (report.snapshots or report.leftovers):
        say("There is nothing to remove.")
    else:
        _print(report, results(), "Would be removed" if dry_run else "Removed")
    if keep_within is None and not as_json:
        say("Snapshots stay whatever their age without --keep-within.", style="dim")
    return Exit.DONE


def _confirmed(planned: PruneReport, *, yes: bool) -> bool:
    count = len(planned.snapshots) + len(planned.leftovers)
    if not count or yes or not can_ask():
        return True
    _print(planned, notices(), "To be removed")
    if agreed(f"Remove {count} for good?", yes=yes):
        return True
    say("Nothing was removed.")
    return False


def _print(report: PruneReport, console: Console, verb: str) -> None:
    print_list(console, f"{verb}, snapshots:", report.snapshots)
    print_list(console, f"{verb}, left behind by crashes:", report.leftovers)
