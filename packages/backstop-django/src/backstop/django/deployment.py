"""What ``manage.py check --deploy`` tries out: storage, and the rights of the databases' roles.

=============  ================================================================
backstop.E005  storage takes no snapshots
backstop.E006  a database can't be asked, or its role can change what can't be saved
backstop.W001  storage doesn't let us read or delete
backstop.W002  what a role may see of tables, or can restore, is limited
=============  ================================================================

As ``backstop check`` does, it writes one small object to storage and deletes it, and changes
nothing in a database.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import closing
from typing import Any

from django.core.checks import CheckMessage, Error, Warning  # noqa: A004 - Django's name
from django.db import connections

from backstop.django import conf
from backstop.django.databases import has_session
from backstop.errors import ConfigurationError
from backstop.levels import Mode
from backstop.readiness import Readiness, State, check
from backstop.storage import Storage

_STORAGE_HINT = "`backstop check --storage URL` tries it as well; see the page on storage."
_RIGHTS_HINT = "`backstop check --dsn DSN` names the tables: GRANT SELECT, UPDATE on them."


def check_deployment(*, databases: Sequence[str] | None = None, **_: Any) -> list[CheckMessage]:
    """Try storage and rights, of the databases given or of all, where snapshots are taken."""
    messages: list[CheckMessage] = []
    tried: list[Storage] = []
    for alias in connections if databases is None else databases:
        storage = _storage(alias)
        if storage is None:
            continue
        if storage not in tried:
            tried.append(storage)
            messages += _storage_messages(storage)
        messages += _database_messages(alias)
    return messages


def _storage(alias: str) -> Storage | None:
    """Return where an alias's snapshots go; None where none are taken, or nobody can tell."""
    try:
        settings = conf.guard_for(alias).settings
    except ConfigurationError:
        # The check of the settings says so.
        return None
    saves = has_session(connections[alias]) and settings.mode is not Mode.MONITOR
    return settings.storage if saves else None


def _storage_messages(storage: Storage) -> Iterator[CheckMessage]:
    ids = ("backstop.E005", "backstop.W001")
    return _messages(check(storage), "Storage", ids, _STORAGE_HINT)


def _database_messages(alias: str) -> Iterator[CheckMessage]:
    found = Readiness()

    def examine() -> None:
        with closing(connections[alias].copy()) as own:
            own.ensure_connection()
            found.checks += check(conn=own.connection).checks

    found.attempt("database", examine)
    ids = ("backstop.E006", "backstop.W002")
    return _messages(found, f"Database {alias!r}", ids, _RIGHTS_HINT)


def _messages(
    found: Readiness, subject: str, ids: tuple[str, str], hint: str
) -> Iterator[CheckMessage]:
    for one in found.checks:
        said = f"{subject}: {one.name}: {one.detail}."
        if one.state is State.FAILED:
            yield Error(said, hint=hint, id=ids[0])
        elif one.state is State.WARNING:
            yield Warning(said, hint=hint, id=ids[1])
