"""``backstop snapshots export``: the saved rows of a snapshot, to look at."""

from __future__ import annotations

from typing import IO

import click

import backstop
from backstop.cli._console import say
from backstop.cli._options import identity_option, snapshot_argument, storage_option
from backstop.snapshots.exporting import FORMATS


@click.command()
@snapshot_argument
@storage_option()
@click.option(
    "--format",
    "form",
    type=click.Choice(FORMATS),
    default="csv",
    show_default=True,
    help="CSV with a header, INSERTs, or Parquet with every column as text (needs pyarrow).",
)
@click.option("--table", metavar="NAME", help="The table, where the snapshot has several.")
@click.option(
    "-o",
    "--output",
    type=click.File("wb", lazy=True),
    default="-",
    metavar="FILE",
    help="Write into this file, instead of standard output.",
)
@identity_option
def export(
    snapshot_id: str,
    storage: str,
    form: str,
    table: str | None,
    output: IO[bytes],
    identity: str | None,
) -> None:
    """Write the saved rows of a snapshot as CSV, SQL or Parquet, to look at them.

    No database is needed. ID may be any beginning that only one snapshot has. Every stored byte is
    verified on the way: after exit code 5, what was written is not to be trusted.
    """
    rows = backstop.snapshots.export(
        snapshot_id, output, format=form, table=table, storage=storage, identity=identity
    )
    say(f"{rows:,} rows written.")
