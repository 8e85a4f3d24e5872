"""``backstop snapshots diff``: what isn't any more as it was saved."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict

import click
from rich.console import Console
from rich.text import Text

import backstop
from backstop.cli._console import print_facts, print_json, print_list, results, shown, table
from backstop.cli._options import (
    dsn_option,
    identity_option,
    json_option,
    snapshot_argument,
    storage_option,
)
from backstop.recovery import RowDifference, SnapshotDifference, TableDifference

_COUNTS = ("same", "missing", "changed", "extra")


@click.command()
@snapshot_argument
@dsn_option()
@storage_option()
@click.option(
    "--rows",
    type=click.IntRange(min=0),
    default=20,
    show_default=True,
    metavar="NUMBER",
    help="Show so many rows of each table that differ.",
)
@identity_option
@json_option
def diff(
    snapshot_id: str, dsn: str, storage: str, rows: int, identity: str | None, as_json: bool
) -> None:
    """Show what differs between a snapshot and the database as it is now.

    ID may be any beginning that only one snapshot has. Nothing is changed.
    """
    found = backstop.diff(snapshot_id, storage=storage, dsn=dsn, rows=rows, identity=identity)
    if as_json:
        print_json(
            {
                "snapshot_id": found.snapshot_id,
                "database": found.database,
                "differs": found.differs,
                "tables": [asdict(one) for one in found.tables],
                "objects": dict(found.objects),
                "renamed": list(found.renamed),
            }
        )
    else:
        _print(results(), found)


def _print(console: Console, found: SnapshotDifference) -> None:
    print_facts(console, [("snapshot", found.snapshot_id), ("database", found.database)])
    if found.tables:
        console.print()
        console.print(
            table(
                ("rows of", *_COUNTS),
                [
                    (
                        one.table if one.exists else f"{one.table} (doesn't exist)",
                        *(f"{getattr(one, count):,}" for count in _COUNTS),
                    )
                    for one in found.tables
                ],
                right=_COUNTS,
            )
        )
    for one in found.tables:
        print_list(console, f"Columns that {one.table} has lost", one.lost_columns)
        print_list(console, f"Rows of {one.table}", _rows(one))
    print_list(console, "Objects", (f"{state}: {name}" for name, state in found.objects.items()))
    print_list(console, "Renamed by the statement", found.renamed)
    if not found.differs:
        console.print(Text("Everything is as it was.", style="bold green"))


def _rows(one: TableDifference) -> Iterator[str]:
    for row in one.rows:
        yield f"{row.state}: {', '.join(_values(one, row))}"
    left = one.missing + one.changed + one.extra - len(one.rows)
    if left:
        yield f"… and {left:,} more"


def _values(one: TableDifference, row: RowDifference) -> Iterator[str]:
    before, now = row.before, row.now
    for name, value in (before or now or {}).items():
        is_changed = before is not None and now is not None and now[name] != value
        if is_changed and now is not None:
            yield shown(f"{name}={_text(value)} → {_text(now[name])}")
        elif row.state != "changed" or name in one.key:
            yield shown(f"{name}={_text(value)}")


def _text(value: str | None) -> str:
    return "NULL" if value is None else value
