"""``backstop restore``: the plan, the question, the progress, the report."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import click

import backstop
from backstop.cli._console import (
    agreed,
    can_ask,
    notices,
    print_json,
    results,
    say,
)
from backstop.cli._exits import Exit
from backstop.cli._options import (
    dsn_option,
    identity_option,
    json_option,
    selection_options,
    storage_option,
    yes_option,
)
from backstop.cli._restored import document, print_plans, print_reports
from backstop.cli.listing import summaries_table, summary_document
from backstop.cli.progress import progress_bar
from backstop.errors import AmbiguousSnapshot
from backstop.recovery import OnConflict, Progress, RestoreReport, UndoReport
from backstop.snapshots import SnapshotSummary


@click.command()
@click.argument("snapshot_ids", metavar="[ID]...", nargs=-1)
@dsn_option()
@storage_option()
@click.option("--last", is_flag=True, help="The newest snapshot that the options below mean.")
@click.option(
    "--all", "every", is_flag=True, help="Every snapshot that the options below mean, newest first."
)
@selection_options
@click.option(
    "--where",
    metavar="CONDITION",
    help='Put back only the rows of --table that fulfil this condition in SQL: "id = 7".',
)
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
    "--undo/--no-undo",
    "undoable",
    default=True,
    help="Save what the restore itself changes or removes, so that it can be undone.  [default: "
    "undo]",
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
    snapshot_ids: tuple[str, ...],
    dry_run: bool,
    into: str | None,
    yes: bool,
    as_json: bool,
    every: bool,
    **options: Any,
) -> Exit:
    """Bring back what statements destroyed, in one transaction.

    Which ones? Give their IDs, or what is known of them: --last --table shop.users. An ID may be
    any beginning that only one snapshot has. Where several could be meant, they are listed, and
    nothing is done (exit code 4). On a terminal it shows its plan and asks; without one it asks
    nothing, and never overwrites later edits unless told to.
    """
    return perform(
        snapshot_ids,
        dry_run=dry_run,
        into=into,
        yes=yes,
        as_json=as_json,
        every=every,
        **options,
    )


def perform(
    snapshot_ids: Sequence[str],
    *,
    dry_run: bool,
    yes: bool,
    as_json: bool,
    into: str | None = None,
    every: bool = False,
    **options: Any,
) -> Exit:
    """Do as the command does; the other arguments are those of `backstop.undo`."""
    try:
        planned = _planned(snapshot_ids, into, every=every, **options)
    except AmbiguousSnapshot as error:
        if error.candidates:
            _print_candidates(error.candidates, as_json=as_json)
        raise
    together = every or len(snapshot_ids) > 1
    if dry_run:
        if as_json:
            print_json(document(planned, together=together, dry_run=True))
        else:
            print_plans(results(), planned)
        return Exit.DONE
    if not as_json or (can_ask() and not yes):
        print_plans(notices(), planned)
    if not agreed(_question(planned), yes=yes or _nothing_to_do(planned)):
        say("Nothing was changed.")
        return Exit.FAILED
    with progress_bar(notices()) as progress:
        report = _done(planned, into, progress, options)
    if as_json:
        print_json(document(report, together=together, dry_run=False))
    else:
        print_reports(results(), report)
    return Exit.DONE if report.complete else Exit.IN_PART


def _planned(
    snapshot_ids: Sequence[str], into: str | None, *, every: bool, **options: Any
) -> UndoReport:
    planned = backstop.undo(*snapshot_ids, every=every, dry_run=True, **options)
    if into is None:
        return planned
    if len(planned.restores) > 1 or options.get("where") is not None:
        raise click.UsageError("--into takes all rows of one snapshot.")
    snapshot_id = planned.restores[0].plan.snapshot_id
    return UndoReport([_aside(snapshot_id, into, options, dry_run=True)])


def _done(
    planned: UndoReport,
    into: str | None,
    progress: Callable[[Progress], None],
    options: dict[str, Any],
) -> UndoReport:
    """Restore what was planned, by its ids: others may have been taken since."""
    chosen = [restored.plan.snapshot_id for restored in planned.restores]
    options = {**options, "progress": progress}
    if into is not None:
        return UndoReport([_aside(chosen[0], into, options, dry_run=False)])
    known = ("last", "since", "until", "actor", "operation")
    kept = {name: value for name, value in options.items() if name not in known}
    if kept.get("where") is None:
        kept.pop("table", None)
    return backstop.undo(*chosen, **kept)


def _aside(snapshot_id: str, into: str, options: dict[str, Any], *, dry_run: bool) -> RestoreReport:
    taken = ("storage", "dsn", "conn", "identity", "lock_timeout", "progress")
    kept = {name: value for name, value in options.items() if name in taken}
    return backstop.restore(snapshot_id, into=into, dry_run=dry_run, **kept)


def _nothing_to_do(planned: UndoReport) -> bool:
    return all(restored.plan.nothing_to_do is not None for restored in planned.restores)


def _question(planned: UndoReport) -> str:
    count = len(planned.restores)
    what = f"Restore {count:,} snapshots" if count > 1 else "Restore"
    return f"{what} into {planned.restores[0].plan.database}?"


def _print_candidates(candidates: Sequence[SnapshotSummary], *, as_json: bool) -> None:
    if as_json:
        print_json([summary_document(summary) for summary in candidates])
        return
    console = results()
    console.print(summaries_table(candidates, console.width))
