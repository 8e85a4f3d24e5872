"""``backstop snapshots verify``: whether every stored byte is the one that was written."""

from __future__ import annotations

import click

import backstop
from backstop.cli._console import notices, print_json, print_list, results
from backstop.cli._exits import Exit
from backstop.cli._options import (
    identity_option,
    json_option,
    snapshot_argument,
    storage_option,
)


@click.command()
@snapshot_argument
@storage_option()
@identity_option
@json_option
def verify(snapshot_id: str, storage: str, identity: str | None, as_json: bool) -> Exit:
    """Read a snapshot whole and compare it with what was written.

    ID may be any beginning that only one snapshot has. Exits with 5 when something is damaged.
    """
    with notices().status("Reading …"):
        found = backstop.snapshots.verify(snapshot_id, storage, identity=identity)
    if as_json:
        print_json(
            {
                "id": found.id,
                "intact": not found.problems,
                "objects": found.objects,
                "rows": found.rows,
                "problems": list(found.problems),
            }
        )
    elif found.problems:
        print_list(results(), f"{found.id} is damaged:", found.problems, style="red")
    else:
        results().print(f"{found.id} is intact: {found.rows:,} rows in {found.objects} objects.")
    return Exit.DAMAGED if found.problems else Exit.DONE
