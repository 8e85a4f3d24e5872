"""``backstop snapshots prune``, ``pin`` and ``unpin``: what stays, what goes."""

from __future__ import annotations

import functools
from datetime import timedelta

import click
from rich.console import Console

import backstop
from backstop.cli._console import agreed, can_ask, notices, print_json, print_list, results, say
from backstop.cli._exits import Exit
from backstop.cli._options import (
    dsn_option,
    identity_option,
    json_option,
    read_age,
    snapshot_argument,
    storage_option,
    yes_option,
)
from backstop.cli.erasing import run_erasure
from backstop.snapshots import PruneReport


@click.command()
@storage_option()
@click.option(
    "--keep-within",
    callback=read_age,
    metavar="AGE",
    help="Keep snapshots younger than this: 12h, 30d, 2w.",
)
@click.option(
    "--keep-last",
    type=click.IntRange(min=1),
    metavar="N",
    help="Keep the N newest snapshots of each table.",
)
@click.option(
    "--keep-actor",
    multiple=True,
    metavar="NAME",
    help="Keep those of an actor, or of a pattern such as 'billing-*'. May be repeated.",
)
@click.option(
    "--erase",
    metavar="TABLE",
    help="Remove no snapshot, but rows of this table from all of them, on a person's request.",
)
@click.option("--where", metavar="CONDITION", help="Which rows to erase, in SQL: 'id = 7'.")
@dsn_option(required=False)
@identity_option
@click.option("--dry-run", is_flag=True, help="Only show what would be removed.")
@yes_option
@json_option
def prune(
    storage: str,
    keep_within: timedelta | None,
    keep_last: int | None,
    keep_actor: tuple[str, ...],
    erase: str | None,
    where: str | None,
    dsn: str | None,
    identity: str | None,
    dry_run: bool,
    yes: bool,
    as_json: bool,
) -> Exit:
    """Remove the snapshots that no rule keeps, and what crashes left without a manifest.

    Without --keep-within and --keep-last no snapshot is removed. Pinned ones stay, and those that
    the bucket has locked. On a terminal it shows what would go and asks; without one it asks
    nothing.

    With --erase, the rows that --where means are erased from every snapshot, pinned ones too, and
    all else of it stays restorable. Only this needs the database, which evaluates the condition on
    copies of the saved rows and is left as it is, and the identity where snapshots are encrypted.
    """
    _check_options(erase, where, keeps=bool(keep_within or keep_last or keep_actor))
    if erase is not None and where is not None:
        call = functools.partial(
            backstop.erase, erase, where, storage=storage, dsn=dsn, identity=identity
        )
        return run_erasure(call, dry_run=dry_run, yes=yes, as_json=as_json)

    def run(*, dry_run: bool) -> PruneReport:
        return backstop.snapshots.prune(
            storage,
            keep_within=keep_within,
            keep_last=keep_last,
            keep_actor=keep_actor,
            dry_run=dry_run,
        )

    if not dry_run and can_ask() and not yes and not _confirmed(run(dry_run=True)):
        return Exit.FAILED
    report = run(dry_run=dry_run)
    if as_json:
        print_json(_document(report))
    elif not (report.snapshots or report.leftovers or report.unfinished):
        say("There is nothing to remove.")
    else:
        _print(report, results(), "Would be removed" if dry_run else "Removed")
    if not as_json:
        _explain(report, has_rule=keep_within is not None or keep_last is not None)
    return Exit.DONE


@click.command()
@snapshot_argument
@storage_option()
@json_option
def pin(snapshot_id: str, storage: str, as_json: bool) -> None:
    """Keep a snapshot from being pruned, whatever the rules say.

    ID may be any beginning that only one snapshot has.
    """
    _say_pinned(backstop.snapshots.pin(snapshot_id, storage), True, as_json=as_json)


@click.command()
@snapshot_argument
@storage_option()
@json_option
def unpin(snapshot_id: str, storage: str, as_json: bool) -> None:
    """Let a pinned snapshot be pruned again.

    ID may be any beginning that only one snapshot has.
    """
    _say_pinned(backstop.snapshots.unpin(snapshot_id, storage), False, as_json=as_json)


def _check_options(erase: str | None, where: str | None, *, keeps: bool) -> None:
    if erase is None and where is not None:
        raise click.UsageError(
            "--where says which rows to erase, and needs --erase with their table: "
            "--erase shop.users."
        )
    if erase is not None and where is None:
        raise click.UsageError("--erase needs --where, which says what rows: --where 'id = 7'.")
    if erase is not None and keeps:
        raise click.UsageError(
            "--erase removes rows, and --keep-within, --keep-last and --keep-actor say which "
            "snapshots go: run prune twice, once with --erase and once without."
        )


def _say_pinned(found: str, pinned: bool, *, as_json: bool) -> None:
    if as_json:
        print_json({"id": found, "pinned": pinned})
    else:
        results().print(f"{found} is {'pinned' if pinned else 'not pinned'}.")


def _document(report: PruneReport) -> dict[str, object]:
    return {
        "dry_run": report.dry_run,
        "snapshots": list(report.snapshots),
        "leftovers": list(report.leftovers),
        "pinned": list(report.pinned),
        "locked": list(report.locked),
        "unfinished": report.unfinished,
    }


def _confirmed(planned: PruneReport) -> bool:
    count = len(planned.snapshots) + len(planned.leftovers) + planned.unfinished
    if not count:
        return True
    _print(planned, notices(), "To be removed")
    if agreed(f"Remove {count} for good?", yes=False):
        return True
    say("Nothing was removed.")
    return False


def _print(report: PruneReport, console: Console, verb: str) -> None:
    print_list(console, f"{verb}, snapshots:", report.snapshots)
    print_list(console, f"{verb}, left behind by crashes:", report.leftovers)
    if report.unfinished:
        console.print(f"{verb}, half written objects: {report.unfinished}")


def _explain(report: PruneReport, *, has_rule: bool) -> None:
    print_list(notices(), "Kept, as they are pinned:", report.pinned)
    print_list(notices(), "Kept, as the bucket has them locked:", report.locked)
    if not has_rule:
        say("Snapshots stay without --keep-within or --keep-last.", style="dim")
