"""Saving a whole database, which only a connection of its own can read."""

from __future__ import annotations

from dataclasses import replace

from backstop.postgres import databases
from backstop.postgres.model.difference import difference
from backstop.postgres.model.reading import NO_OBJECTS, read_model
from backstop.postgres.touched_large_objects import every_large_object
from backstop.postgres.transaction.savepoints import transaction
from backstop.session import Session, beside
from backstop.snapshots.capture import Captured, capture
from backstop.snapshots.footprint import NothingToSave, Rehearsal
from backstop.snapshots.manifest import Consistency
from backstop.snapshots.repository import Repository
from backstop.snapshots.request import SnapshotRequest

_CONNECT_TIMEOUT = 5.0


def capture_database(
    session: Session, repository: Repository, request: SnapshotRequest, spelled: str
) -> Captured:
    """Save all objects and rows of the database that a DROP DATABASE spells like this.

    The connection to it is closed at the end, as nobody may be connected when it is dropped.
    Raises as :func:`capture` does, and ConnectionFailed where the role may not connect to it.
    """
    database = databases.find_database(session, spelled)
    if database is None:
        raise NothingToSave(f"There is no database {spelled}.")
    with beside(session, _CONNECT_TIMEOUT, database.name) as inside, transaction(inside):
        before = read_model(inside, request.limits.lock_timeout)
        everything = Rehearsal(
            frozenset(),
            {},
            after=NO_OBJECTS,
            objects=difference(before, NO_OBJECTS),
            large_objects=every_large_object(inside),
        )
        return capture(
            inside,
            repository,
            replace(
                request,
                at_once=False,
                rehearsal=everything,
                consistency=Consistency.BEFORE,
                create_database=database.ddl,
                not_covered=database.unsaved,
            ),
        )
