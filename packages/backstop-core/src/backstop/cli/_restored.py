"""How a restore is shown: its plans, what it has done, and both for programs."""

from __future__ import annotations

from rich.console import Console
from rich.text import Text

from backstop.cli._console import print_facts, print_list, shown, table
from backstop.recovery import RestorePlan, RestoreReport, UndoReport

_COUNTS = ("saved", "put back", "old values", "already there", "taken out", "left alone")


def print_plans(console: Console, planned: UndoReport) -> None:
    """Print what a restore is going to do, snapshot by snapshot."""
    for number, restored in enumerate(planned.restores):
        if number:
            console.print()
        print_plan(console, restored.plan)
    if len(planned.restores) > 1:
        console.print()
        console.print(
            Text("Each is planned as the database is now; what comes before it may change that.")
        )


def print_reports(console: Console, report: UndoReport) -> None:
    """Print what a restore has done, snapshot by snapshot."""
    for restored in report.restores:
        if len(report.restores) > 1:
            print_facts(console, [("snapshot", restored.plan.snapshot_id)])
        print_report(console, restored)
    if report.undo is not None:
        console.print(Text(f"To undo this restore: backstop restore {report.undo}"))
    if report.not_undoable is not None:
        console.print(Text(shown(report.not_undoable), style="red"))


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


def document(report: UndoReport, *, together: bool, dry_run: bool) -> dict[str, object]:
    """Return what ``--json`` shows; ``together`` is for what may be several snapshots."""
    restores = [_restore_document(restored, dry_run=dry_run) for restored in report.restores]
    last = {"undo": report.undo, "not_undoable": report.not_undoable}
    if not together:
        # A plan alone can't tell.
        return {**restores[0], "complete": None if dry_run else report.complete, **last}
    return {
        "dry_run": dry_run,
        "applied": report.applied,
        "complete": None if dry_run else report.complete,
        "restores": restores,
        **last,
    }


def _restore_document(report: RestoreReport, *, dry_run: bool) -> dict[str, object]:
    plan = report.plan
    return {
        "snapshot_id": plan.snapshot_id,
        "database": plan.database,
        "dry_run": dry_run,
        "applied": report.applied,
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
