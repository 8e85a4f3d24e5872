"""``backstop snapshots``: the verbs that need storage and, but for one, no database."""

from __future__ import annotations

import click

from backstop.cli.diff import diff
from backstop.cli.export import export
from backstop.cli.listing import list_command
from backstop.cli.prune import pin, prune, unpin
from backstop.cli.show import show
from backstop.cli.verify import verify


@click.group()
def snapshots() -> None:
    """See, verify, pin and prune what is stored; only diff needs a database."""


for command in (list_command, show, diff, export, verify, pin, unpin, prune):
    snapshots.add_command(command)
