"""``backstop snapshots``: the verbs that need storage and no database."""

from __future__ import annotations

import click

from backstop.cli.listing import list_command
from backstop.cli.prune import pin, prune, unpin
from backstop.cli.show import show
from backstop.cli.verify import verify


@click.group()
def snapshots() -> None:
    """See, verify, pin and prune what is stored; no database is needed."""


for command in (list_command, show, verify, pin, unpin, prune):
    snapshots.add_command(command)
