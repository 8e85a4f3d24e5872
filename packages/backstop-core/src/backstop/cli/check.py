"""``backstop check``: whether storage and the database let Backstop do its work."""

from __future__ import annotations

from datetime import timedelta

import click
from rich.text import Text

from backstop.cli._console import print_json, print_list, results, table
from backstop.cli._exits import Exit, exit_for
from backstop.cli._options import dsn_option, json_option, read_age, storage_option
from backstop.readiness import Readiness, State
from backstop.readiness import check as check_all

_STYLES = {State.OK: "green", State.WARNING: "yellow", State.FAILED: "bold red"}


@click.command()
@storage_option(required=False)
@dsn_option(required=False)
@click.option(
    "--last-success",
    callback=read_age,
    metavar="AGE",
    help="Ask storage only whether its newest snapshot is younger than this: 12h, 2d. Writes "
    "nothing; exits with 4 when there is none.",
)
@json_option
def check(
    storage: str | None, dsn: str | None, last_success: timedelta | None, as_json: bool
) -> Exit:
    """Try everything that protection needs, and say what would fail, table by table.

    Writes one small object to storage, reads it and deletes it. Locks each table that the role
    can change for a moment, without waiting, and copies a row of it; changes nothing in the
    database. Compares the clocks. Exits with 3 when there are tables that the role can change
    and Backstop could not save.
    """
    if not (storage or dsn):
        raise click.UsageError("Give --storage (BACKSTOP_STORAGE), --dsn (BACKSTOP_DSN), or both.")
    if last_success is not None and not storage:
        raise click.UsageError("--last-success needs --storage (BACKSTOP_STORAGE).")
    found = check_all(storage or None, dsn or None, last_success=last_success)
    if as_json:
        print_json(_document(found))
    else:
        _print(found)
    return _exit(found)


def _exit(found: Readiness) -> Exit:
    """Return the code of the first failure."""
    for each in found.checks:
        if each.state is State.FAILED:
            return Exit.IN_PART if each.error is None else exit_for(each.error)
    return Exit.DONE


def _document(found: Readiness) -> dict[str, object]:
    tables = [
        {"table": each.table, "problems": list(each.problems), "warnings": list(each.warnings)}
        for each in found.tables
    ]
    newest = found.newest and {
        "id": found.newest.id,
        "created_at": found.newest.created_at.isoformat(),
        "age_seconds": round(found.newest.age, 1),
    }
    return {
        "ok": found.ok,
        "checks": [
            {"check": each.name, "state": each.state.value, "detail": each.detail}
            for each in found.checks
        ],
        "storage": found.storage,
        "database": found.database and {**found.database, **found.lists, "table_checks": tables},
        "last_success": newest,
    }


def _print(found: Readiness) -> None:
    console = results()
    console.print(
        table(
            ("check", "state", "what was found"),
            [
                (each.name, Text(each.state.value, style=_STYLES[each.state]), each.detail)
                for each in found.checks
            ],
        )
    )
    print_list(
        console,
        "Tables that the role can change and Backstop can't save:",
        (f"{each.table}: {'; '.join(each.problems)}" for each in found.tables if each.problems),
        style="red",
    )
    print_list(
        console,
        "Tables to know about:",
        (f"{each.table}: {'; '.join(each.warnings)}" for each in found.tables if each.warnings),
        style="yellow",
    )
