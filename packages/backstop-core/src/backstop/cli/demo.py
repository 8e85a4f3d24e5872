"""``backstop demo``: lose a table, and get it back."""

from __future__ import annotations

import click

from backstop.cli._console import notices, print_json, results
from backstop.cli._exits import Exit
from backstop.cli._options import json_option

_PLAIN_WIDTH = 120


@click.command()
@click.option(
    "--dsn",
    metavar="DSN",
    help="A database of yours, in place of an embedded PostgreSQL that is thrown away. The demo "
    "works in a schema of its own, backstop_demo, and drops it at the end.",
)
@click.option(
    "--storage",
    metavar="URL",
    help="A storage of yours, in place of a temporary folder; the demo's snapshots stay there.",
)
@json_option
def demo(dsn: str | None, storage: str | None, as_json: bool) -> Exit:
    """Let an agent destroy a small shop, and bring it back.

    Whatever the variables say: it never touches a database or a storage that isn't named here.
    Exits with 0 only when every table came back with the checksum it had.
    """
    # It needs a driver, which no other command does before it has a DSN.
    from backstop.demo import run

    console = notices(_PLAIN_WIDTH) if as_json else results(_PLAIN_WIDTH)
    report = run(console, dsn=dsn, storage=storage)
    if as_json:
        print_json(
            {
                "complete": report.complete,
                "seconds": round(report.seconds, 3),
                "snapshots": list(report.snapshots),
                "tables": [
                    {
                        "table": table.name,
                        "before": {"rows": table.before.rows, "md5": table.before.md5},
                        "destroyed": {"rows": table.destroyed.rows, "md5": table.destroyed.md5},
                        "after": {"rows": table.after.rows, "md5": table.after.md5},
                        "same": table.same,
                    }
                    for table in report.tables
                ],
                "problems": list(report.problems),
            }
        )
    return Exit.DONE if report.complete else Exit.FAILED
