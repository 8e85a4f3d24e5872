"""``backstop snapshots list``: every complete snapshot, oldest first."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import click
from rich.filesize import decimal
from rich.table import Table

import backstop
from backstop.cli._console import moment, print_json, results, say, table
from backstop.cli._options import json_option, selection_options, storage_option
from backstop.snapshots import Fate, SnapshotSummary, Status

_WITH_SIZE = 100


@click.command("list")
@storage_option()
@selection_options
@json_option
def list_command(storage: str, as_json: bool, **known: Any) -> None:
    """List the snapshots, oldest first, without reading one."""
    print_summaries(
        backstop.snapshots.list(storage, **known),
        as_json=as_json,
        asked=any(value is not None for value in known.values()),
    )


def print_summaries(
    found: Sequence[SnapshotSummary], *, as_json: bool, asked: bool = False
) -> None:
    """Print snapshots as the command does; ``asked`` is whether only some were asked for."""
    if as_json:
        print_json([summary_document(summary) for summary in found])
    elif found:
        console = results()
        console.print(summaries_table(found, console.width))
    else:
        say("No snapshot is like that." if asked else "There are no snapshots in this storage.")


def summary_document(summary: SnapshotSummary) -> dict[str, object]:
    """Return what ``--json`` shows of one snapshot in a listing; fields are only ever added."""
    return {
        "id": summary.id,
        "created_at": summary.created_at.isoformat(),
        "operation": summary.operation,
        "level": summary.level,
        "tables": list(summary.tables),
        "rows": summary.rows,
        "bytes": summary.bytes,
        "actor": summary.actor,
        "status": summary.status.value,
        "fate": summary.fate.value,
        "pinned": summary.pinned,
    }


def summaries_table(summaries: Iterable[SnapshotSummary], width: int) -> Table:
    """Return the listing for people, without the size where ``width`` is short of columns."""
    rows = [
        (
            summary.id,
            moment(summary.created_at),
            f"{summary.operation} {', '.join(summary.tables)}",
            f"{summary.rows:,}",
            decimal(summary.bytes),
            summary.actor,
            what_became(summary.status, summary.fate) + (", pinned" if summary.pinned else ""),
        )
        for summary in summaries
    ]
    headers = ("id", "created (UTC)", "statement", "rows", "size", "actor", "fate")
    kept = [header for header in headers if header != "size" or width >= _WITH_SIZE]
    return table(
        kept,
        [[row[headers.index(header)] for header in kept] for row in rows],
        right=("rows", "size"),
        whole=("id", "created (UTC)", "fate"),
    )


def what_became(status: Status, fate: Fate) -> str:
    """Say what became of a statement: it failed, or its transaction's fate."""
    if status is Status.FAILED:
        return "failed"
    return fate.value
