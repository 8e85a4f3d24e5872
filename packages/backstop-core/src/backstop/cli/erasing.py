"""What ``backstop snapshots prune --erase`` shows and asks."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import Protocol

from rich.console import Console

from backstop.cli._console import agreed, can_ask, notices, print_json, print_list, results, say
from backstop.cli._exits import Exit
from backstop.erasing import ErasureReport, SnapshotErasure


class Erase(Protocol):
    """The public function, with everything but whether it only counts."""

    def __call__(self, *, dry_run: bool) -> ErasureReport:
        """Erase, or count."""


def run_erasure(erase: Erase, *, dry_run: bool, yes: bool, as_json: bool) -> Exit:
    """Erase, after asking on a terminal, and show what became of it."""
    if not dry_run and can_ask() and not yes and not _confirmed(erase(dry_run=True)):
        return Exit.FAILED
    report = erase(dry_run=dry_run)
    if as_json:
        print_json(_document(report))
    else:
        _print(report, results(), "Would be erased" if dry_run else "Erased")
        _explain(report)
    return Exit.DONE if report.complete else Exit.IN_PART


def _document(report: ErasureReport) -> dict[str, object]:
    return {
        "dry_run": report.dry_run,
        "table": report.table,
        "complete": report.complete,
        "searched": report.searched,
        "rows": report.rows,
        "snapshots": [
            {
                "id": one.id,
                "tables": list(one.tables),
                "rows": one.rows,
                "written": one.written,
                "pinned": one.pinned,
                "locked_until": one.locked_until.isoformat() if one.locked_until else None,
                "remaining": list(one.remaining),
                "referring": list(one.referring),
            }
            for one in report.snapshots
        ],
        "leftovers": list(report.leftovers),
    }


def _confirmed(planned: ErasureReport) -> bool:
    if not any(one.rows or one.written for one in planned.snapshots):
        return True
    _print(planned, notices(), "To be erased")
    if agreed("Erase these rows for good?", yes=False):
        return True
    say("Nothing was erased.")
    return False


def _print(report: ErasureReport, console: Console, verb: str) -> None:
    erased = [_counted(one) for one in report.snapshots if one.rows or one.written]
    if not erased:
        say(f"No saved row of {report.table} was found, in {report.searched:,} snapshots.")
    print_list(console, f"{verb}:", erased)


def _counted(one: SnapshotErasure) -> str:
    counts = [f"{one.rows:,} rows"] if one.rows else []
    counts += [f"{one.written:,} that its statement left"] if one.written else []
    pinned = ", though it is pinned" if one.pinned else ""
    return f"{one.id}: {' and '.join(counts)} of {', '.join(one.tables)}{pinned}"


def _explain(report: ErasureReport) -> None:
    print_list(notices(), "Not erased:", _remaining(report), style="yellow")
    print_list(
        notices(),
        "Erase the rows that refer to these, too, or a restore fails on their foreign keys:",
        (f"{one.id}: {', '.join(one.referring)}" for one in report.snapshots if one.referring),
    )
    print_list(
        notices(),
        "Crashes have left data that may hold such rows, too; prune removes it a day later:",
        report.leftovers,
    )


def _remaining(report: ErasureReport) -> Iterator[str]:
    for one in report.snapshots:
        yield from (f"{one.id}: {reason}" for reason in one.remaining)
        if one.locked_until is not None:
            yield f"{one.id}: earlier versions, which the bucket keeps {_until(one.locked_until)}"


def _until(end: datetime) -> str:
    if end.year == datetime.max.year:
        return "under a legal hold"
    return f"until {end:%Y-%m-%d %H:%M}"
