"""The definitions that a text takes which nothing of ours can be around.

What can't be in a transaction, or ends one itself, can't be run and taken back. So the objects of
the database are looked at before it runs and again afterwards, and what it has dropped or changed
is saved then: definitions are in memory meanwhile, rows aren't.
"""

from __future__ import annotations

import contextlib
from dataclasses import replace

from backstop.postgres.model.difference import Difference, difference
from backstop.postgres.model.reading import Model, read_model
from backstop.postgres.transactions import untouched
from backstop.session import Session, TransactionStatus
from backstop.snapshots.capture import Captured, capture_definitions
from backstop.snapshots.manifest import Outcome, Status
from backstop.snapshots.repository import Repository
from backstop.snapshots.request import SnapshotRequest

_READABLE = (TransactionStatus.IDLE, TransactionStatus.IN_TRANSACTION)


class Beside:
    """One such text, from before it runs until what it has taken is saved."""

    def __init__(self, session: Session, repository: Repository, request: SnapshotRequest) -> None:
        self._session = session
        self._repository = repository
        self._request = request
        self._before: Model | None = None

    def look(self) -> None:
        """Look at the objects before the text runs, where it says that it changes some."""
        # It runs all the same where they can't be read.
        with contextlib.suppress(Exception):
            self._before = self._read()

    def save(self, captured: Captured | None) -> tuple[Captured, Outcome] | None:
        """Save the definitions that it has taken and that aren't in its snapshot, if there are any.

        Raises as :func:`~backstop.snapshots.capture.capture` does.
        """
        after = self._read() if self._before is not None else None
        if self._before is None or after is None:
            return None
        kept = self._request.keeps_rewritten
        objects = difference(self._before, after, keeps_rewritten=kept)
        saved = captured.footprint.objects if captured is not None else Difference()
        if not objects.takes_definitions or objects.is_within(saved):
            return None
        known = {item.identity for item in saved.lost}
        rest = replace(
            objects, lost=tuple(item for item in objects.lost if item.identity not in known)
        )
        with untouched(self._session):
            found = capture_definitions(self._session, self._repository, self._request, rest)
        return found, Outcome(Status.SUCCEEDED, None, not_covered=_unsaved(objects, captured))

    def _read(self) -> Model | None:
        if not self._request.defines or self._session.status() not in _READABLE:
            return None
        with untouched(self._session):
            return read_model(self._session)


def _unsaved(objects: Difference, captured: Captured | None) -> tuple[str, ...]:
    tables = captured.manifest.tables if captured is not None else ()
    saved = {table.oid for table in tables}
    return tuple(
        f"Rows of {objects.dropped.get(oid, f'the relation {oid}')} are gone and not saved."
        for oid in objects.contents
        if oid not in saved
    )
