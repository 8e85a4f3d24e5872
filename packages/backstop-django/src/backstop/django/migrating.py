"""Migrations under guard: each is on record by its name, and says how it can be allowed."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from functools import wraps
from typing import Any

from django.db.migrations import Migration
from django.db.migrations.executor import MigrationExecutor

from backstop.context import allow, context
from backstop.django.operations import Allow
from backstop.errors import StatementBlocked

_METHODS = ("apply_migration", "unapply_migration")
_NAMES = "backstop_names"


def name_migrations() -> None:
    """Put migrations on record by name from here on; asked again, it changes nothing."""
    for method in _METHODS:
        run = getattr(MigrationExecutor, method)
        if not hasattr(run, _NAMES):
            setattr(MigrationExecutor, method, _named(run))


def _named(run: Any) -> Any:
    @wraps(run)
    def named(self: Any, state: Any, migration: Migration, *args: Any, **options: Any) -> Any:
        with _migrating(migration):
            return run(self, state, migration, *args, **options)

    setattr(named, _NAMES, True)
    return named


@contextmanager
def _migrating(migration: Migration) -> Iterator[None]:
    name = f"{migration.app_label}.{migration.name}"
    reasons = [found.reason for found in migration.operations if isinstance(found, Allow)]
    with ExitStack() as stack:
        stack.enter_context(context(migration=name))
        if reasons:
            stack.enter_context(allow("; ".join(reasons)))
        try:
            yield
        except StatementBlocked as error:
            raise StatementBlocked(
                f"Migration {name} stopped: {error} For a migration, that is the operation "
                'backstop.django.operations.Allow(reason="…") among its operations.',
                error.result,
            ) from error
