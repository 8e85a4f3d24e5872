"""The connection on which a restore runs: one of its own, with the settings of the alias."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from django.db import OperationalError, connections

import backstop
from backstop.django import conf
from backstop.errors import ConnectionFailed, describe
from backstop.settings import Settings


def settings_for(alias: str) -> Settings:
    """Return what the guard of an alias was told to do; raises ConfigurationError."""
    return conf.guard_for(alias).settings


@contextmanager
def connection_for(snapshot_id: str, alias: str) -> Iterator[Any]:
    """Give an idle driver connection to the alias's database, whatever Django's own is in.

    For a database that was dropped as a whole, and is to be created again, it leads to another of
    its server's. Raises ConnectionFailed, and what the storage raises.
    """
    own = connections[alias].copy()
    storage = settings_for(alias).storage
    try:
        try:
            own.ensure_connection()
        except OperationalError as error:
            if not backstop.snapshots.show(snapshot_id, storage).manifest.create_database:
                cause = error.__cause__ or error
                raise ConnectionFailed(
                    f"Database {alias!r} accepts no connection: {describe(cause)}."
                ) from None
            own.settings_dict = {**own.settings_dict, "NAME": None}
            own.ensure_connection()
        yield own.connection
    finally:
        own.close()
