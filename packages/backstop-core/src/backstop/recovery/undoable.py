"""Running a restore so that it can be undone: what it changes or removes is saved before.

A restore is guarded as any statement whose text doesn't tell what it does. It runs where it can be
taken back; where it has changed or removed anything that was there, that is saved, and it runs
again. Where it only adds, one run is all.
"""

from __future__ import annotations

import contextlib
import glob
import os
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Callable

from backstop.audit import Event
from backstop.context import current
from backstop.encryption import Recipients, recipients_from
from backstop.errors import SnapshotFailed, describe
from backstop.levels import Mode, RiskLevel
from backstop.modes import Action
from backstop.postgres import existing
from backstop.postgres.transaction.counters import Effects
from backstop.result import RiskResult
from backstop.running.in_transaction import Running
from backstop.running.repeating import Execution, Ran, Repeating
from backstop.session import Session, TransactionStatus
from backstop.settings import Limits, redact_from
from backstop.snapshots.manifest import Fate, Manifest, Outcome, Status
from backstop.snapshots.repository import Repository
from backstop.snapshots.request import SnapshotRequest
from backstop.snapshots.selection import RESTORE

_ACTOR = "backstop restore"


@dataclass(frozen=True)
class OwnSnapshot:
    """The snapshot that a restore has taken of what it changed, or why there is none.

    Where neither is known, the restore has changed and removed nothing that was there.
    """

    snapshot_id: str | None = None
    problem: str | None = None


class _RunningRestore(Running):
    """The transaction of a restore, in which tables that it has created itself don't count.

    Nor, where it restores ``only_rows``, does what it alters to keep triggers silent: it puts that
    back as it was.
    """

    def __init__(self, session: Session, *, only_rows: bool) -> None:
        super().__init__(session, alone=True)
        self._session = session
        self._only_rows = only_rows
        self._known: frozenset[int] = frozenset()

    def start(self) -> None:
        super().start()
        self._known = existing.table_oids(self._session)

    def look(self, *, fires: bool = False) -> Effects:
        effects = super().look(fires=fires)
        # It creates them in savepoints, whose ids nothing tells afterwards.
        known = {oid: effect for oid, effect in effects.tables.items() if oid in self._known}
        if not self._only_rows:
            return replace(effects, tables=known)
        rows = {oid: replace(effect, rewritten=False) for oid, effect in known.items()}
        return replace(effects, tables=rows, changes_relations=False, changes_objects=False)


def run_undoable(
    session: Session,
    repository: Repository,
    manifests: Sequence[Manifest],
    lock_timeout: float,
    restore: Callable[[], None],
) -> OwnSnapshot:
    """Call ``restore`` in a transaction of its own, twice where a snapshot is needed, and commit.

    ``manifests`` are those of what is restored: what is saved is encrypted to whom they are, and
    without the columns that they were saved without.
    The session is idle, in autocommit. What ``restore`` raises passes through. A snapshot that
    fails doesn't keep it from being done.
    """
    snapshot_ids = [manifest.id for manifest in manifests]
    only_rows = not any(manifest.holds_objects for manifest in manifests)
    result = RiskResult(
        RiskLevel.HIGH,
        RESTORE,
        (),
        f"A restore of {', '.join(snapshot_ids)} changes what is there.",
        operations=(RESTORE,),
    )
    actor = current().actor or os.environ.get("BACKSTOP_ACTOR") or _ACTOR
    event = Event(result, Mode.PROTECT, actor, current(), Action.RUN)
    request = SnapshotRequest(
        sql="",
        shown=f"backstop restore {' '.join(snapshot_ids)}",
        result=result,
        actor=actor,
        mode=Mode.PROTECT.value,
        context=current().attributes,
        allowed=None,
        limits=Limits(lock_timeout),
        defines=not only_rows,
        only_rows=only_rows,
        redact=_redacted(manifests),
    )
    repository = _for_the_same(repository, manifests)
    failures: list[Exception] = []

    def judge(effects: Effects | None) -> RiskResult | None:
        if effects is None:
            failures.append(SnapshotFailed("It isn't known what that is."))
            return result
        takes_something = effects.destroyed or effects.large_objects.is_any
        return result if takes_something else None

    running = _RunningRestore(session, only_rows=only_rows)
    repeating = Repeating(
        session,
        repository,
        request,
        Execution(restore, lambda: None, event),
        running,
        failures.append,
        judge,
    )
    try:
        ran = repeating.run()
    except BaseException:
        lost = session.status() is TransactionStatus.UNUSABLE
        running.abandon()
        if repeating.captured is not None:
            status = Status.UNKNOWN if lost else Status.FAILED
            with contextlib.suppress(Exception):
                repository.save_outcome(repeating.captured.manifest.id, Outcome(status))
        raise
    return _recorded(repository, ran, event, failures)


def _for_the_same(repository: Repository, manifests: Sequence[Manifest]) -> Repository:
    given = recipients_from(None)
    names = [*(given.names if given is not None else ())]
    names += [name for manifest in manifests for name in manifest.encrypted_to]
    recipients = Recipients(tuple(dict.fromkeys(names))) if names else None
    return Repository(repository.storage, recipients=recipients, identities=repository.identities)


def _redacted(manifests: Sequence[Manifest]) -> tuple[str, ...]:
    names = [
        # A name isn't a pattern, whatever it holds.
        glob.escape(f"{table.label}.{name}")
        for manifest in manifests
        for table in manifest.tables
        for name in table.redacted
    ]
    return tuple(dict.fromkeys([*redact_from(), *names]))


def _recorded(
    repository: Repository, ran: Ran[None], event: Event, failures: Sequence[Exception]
) -> OwnSnapshot:
    if ran.captured is None or ran.outcome is None:
        told = [describe(error) for error in failures[-1:]] or event.notes
        if not told:
            # It has only added something, even if one had to look twice to know.
            return OwnSnapshot()
        return OwnSnapshot(problem=f"What the restore has changed was not saved: {told[0]}")
    snapshot_id = ran.captured.manifest.id
    # Without these it reads as unknown, and can be restored all the same.
    with contextlib.suppress(Exception):
        repository.save_outcome(snapshot_id, ran.outcome)
        repository.save_fate(snapshot_id, Fate.COMMITTED)
    return OwnSnapshot(snapshot_id)
