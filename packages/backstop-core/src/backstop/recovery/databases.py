"""Restoring a database that was dropped as a whole: it is created again, and then filled."""

from __future__ import annotations

from contextlib import AbstractContextManager
from dataclasses import replace

from backstop.drivers import connect
from backstop.errors import ConnectionFailed, RestoreFailed, describe
from backstop.postgres import databases
from backstop.postgres.model.reading import Model
from backstop.recovery.report import RestorePlan
from backstop.session import Session, beside
from backstop.snapshots.manifest import Manifest

_CONNECT_TIMEOUT = 10.0
# What every server has, to connect to where a database isn't there.
_MAINTENANCE = ("postgres", "template1")


def connect_somewhere(dsn: str) -> Session:
    """Connect as the DSN says, or to another database of its server where that one is gone.

    Raises ConnectionFailed as the DSN's own database does.
    """
    try:
        return connect(dsn)
    except ConnectionFailed as error:
        for database in _MAINTENANCE:
            try:
                return connect(dsn, database)
            except ConnectionFailed:
                continue
        raise error from None


def is_there(session: Session, manifest: Manifest) -> bool:
    """Whether the database of the snapshot exists."""
    found = databases.exists(session, manifest.database.name)
    session.rollback()
    return found


def plan_creation(manifest: Manifest) -> RestorePlan:
    """Return the plan for a database that has to be created first."""
    name = manifest.database.name
    return RestorePlan(
        manifest.id,
        name,
        (
            f"create database {name}",
            f"create {len(manifest.objects):,} objects in it",
            *(
                f"put back {table.rows:,} rows of {table.label}"
                for table in manifest.tables
                if table.rows
            ),
        ),
        not_covered=manifest.not_covered,
    )


def create(session: Session, manifest: Manifest) -> list[str]:
    """Create the empty database; returns in sentences what of it could not be done."""
    creation, *others = manifest.create_database
    problems = []
    with beside(session, _CONNECT_TIMEOUT) as maintenance:
        try:
            maintenance.execute(creation)
        except Exception as error:
            raise RestoreFailed(
                f"The database {manifest.database.name} could not be created: {describe(error)}. "
                "Restore as a role that may create databases, or create it first: it is filled "
                "where it is there and empty."
            ) from error
        for statement in others:
            try:
                maintenance.execute(statement)
            except Exception as error:
                problems.append(f"{statement} could not be done: {describe(error)}.")
    return problems


def inside(session: Session, manifest: Manifest) -> AbstractContextManager[Session]:
    """Give a session in the snapshot's database, which exists."""
    return beside(session, _CONNECT_TIMEOUT, manifest.database.name)


def as_left(manifest: Manifest, model: Model) -> Manifest:
    """Return the manifest with what an empty database has as what the statement left of it.

    A database that has relations is nobody's empty one: there nothing is taken for left.
    """
    if not manifest.create_database or model.storage:
        return manifest
    wanted = {item.identity for item in manifest.objects}
    extra = [item for item in model.objects.values() if item.identity not in wanted]
    return replace(
        manifest,
        left=tuple(model.objects.values()),
        made=tuple(item for item in extra if item.kind == "schema"),
    )
