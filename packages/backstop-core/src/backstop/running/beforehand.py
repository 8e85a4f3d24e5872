"""Saving what a statement destroys just before it runs, where nothing can be around both.

That are texts with their own BEGIN and COMMIT, statements that can't be in a transaction, and a
DROP DATABASE. Where a run inside of a transaction can show what they do, it is made first.
"""

from __future__ import annotations

from dataclasses import replace

from backstop.audit import Event
from backstop.errors import SnapshotFailed
from backstop.postgres.transaction.savepoints import transaction
from backstop.running.in_transaction import Running
from backstop.running.repeating import Execution, Repeating
from backstop.session import Session, TransactionStatus
from backstop.snapshots.capture import Captured, capture
from backstop.snapshots.databases import capture_database
from backstop.snapshots.footprint import NothingToSave
from backstop.snapshots.repository import Repository
from backstop.snapshots.request import SnapshotRequest
from backstop.syntax.databases import dropped_database
from backstop.syntax.trials import detaches_concurrently, left_out, trial_of

_DATA_EXCEPTION = "22"
_LEFT_CHECK = (
    "DETACH PARTITION … CONCURRENTLY leaves a CHECK constraint in the table: a restore attaches it "
    "again, and leaves that there.",
)


def capture_beforehand(
    session: Session,
    repository: Repository,
    request: SnapshotRequest,
    event: Event,
    *,
    alone: bool,
) -> Captured:
    """Save what the request's text would destroy; ``alone`` if it has no transaction yet.

    Raises as :func:`backstop.snapshots.capture.capture` does.
    """
    if session.status() is TransactionStatus.FAILED:
        raise SnapshotFailed("The transaction is aborted, so nothing can be read in it.")
    database = dropped_database(request.sql)
    if alone and database is not None:
        return capture_database(session, repository, request, database)
    if detaches_concurrently(request.sql):
        request = replace(request, not_covered=_LEFT_CHECK)
    trial = None if request.in_parts else trial_of(request.sql)
    if trial is not None:
        request = replace(request, not_covered=(*request.not_covered, *_untried(request.sql)))
        captured = _by_trial(session, repository, request, event, trial, alone=alone)
        if captured is not None:
            return captured
    try:
        return _by_text(session, repository, request, alone=alone)
    except Exception as error:
        if not (session.sqlstate(error) or "").startswith(_DATA_EXCEPTION):
            raise
        # One part fails where it is evaluated, but those before it will have been run.
        return _by_text(session, repository, replace(request, whole=True), alone=alone)


def _untried(sql: str) -> tuple[str, ...]:
    words = left_out(sql)
    if not words:
        return ()
    return (
        "What no rollback takes back was not tried out, and what it destroys is not saved: "
        f"{', '.join(words)}.",
    )


def _by_trial(
    session: Session,
    repository: Repository,
    request: SnapshotRequest,
    event: Event,
    text: str,
    *,
    alone: bool,
) -> Captured | None:
    """Save what a run shows that is taken back; None where the server refuses it.

    Raises NothingToSave where it takes nothing.
    """

    def failed(error: Exception) -> None:
        raise error

    running = Running(session, alone=alone)
    trial = Execution(lambda: session.execute(text), lambda: None, event)
    request = replace(request, at_once=False)
    repeating = Repeating(session, repository, request, trial, running, failed)
    try:
        captured = repeating.try_out()
    except BaseException as error:
        running.withdraw()
        if repeating.statement_failed and isinstance(error, Exception):
            return None
        raise
    if captured is None:
        raise NothingToSave(f"{request.result.operation} has taken nothing when it was tried out.")
    return captured


def _by_text(
    session: Session, repository: Repository, request: SnapshotRequest, *, alone: bool
) -> Captured:
    if not alone:
        return capture(session, repository, request)
    with transaction(session):
        return capture(session, repository, request)
