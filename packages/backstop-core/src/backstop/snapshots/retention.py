"""Which snapshots stay and which go: rules, pins, locks, and what crashes left behind.

Nothing is removed that a rule, a pin or a lock keeps. Others may take, restore and prune snapshots
meanwhile: each removal looks once more, and takes the manifest first.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from fnmatch import fnmatchcase

from backstop.errors import ConfigurationError, ObjectNotFound, SnapshotNotFound
from backstop.settings import StorageArgument, storage_from
from backstop.snapshots import identifiers
from backstop.snapshots.keys import SnapshotSummary
from backstop.snapshots.replacing import remove_abandoned
from backstop.snapshots.repository import Repository

# A snapshot without a manifest may still be on its way.
_IN_PROGRESS = timedelta(days=1)


@dataclass(frozen=True)
class PruneReport:
    """What was removed, or would be: snapshots, and ids of what crashes left behind.

    ``pinned`` and ``locked`` are snapshots that no rule keeps, but a pin or storage's own lock
    does; ``unfinished`` is how many half written objects, and erasures that were interrupted, were
    removed or finished.
    """

    snapshots: tuple[str, ...]
    leftovers: tuple[str, ...]
    dry_run: bool
    pinned: tuple[str, ...] = ()
    locked: tuple[str, ...] = ()
    unfinished: int = 0


def prune(
    storage: StorageArgument | None = None,
    *,
    keep_within: timedelta | None = None,
    keep_last: int | None = None,
    keep_actor: Sequence[str] = (),
    dry_run: bool = False,
) -> PruneReport:
    """Remove the snapshots that no rule keeps, and what crashes left without a manifest.

    A snapshot stays when it is younger than ``keep_within``, when it is among the ``keep_last``
    newest of one of its tables, when its actor matches one of ``keep_actor`` (names, or patterns
    as in a shell), while it is pinned, and while storage has it locked. Of those whose statement
    failed or was rolled back none counts as a table's newest, and they go first. Without
    ``keep_within`` and ``keep_last`` no snapshot is removed. What has no manifest is removed a day
    after it was begun: before, it may be on its way.
    """
    rules = _Rules(keep_within, keep_last, tuple(keep_actor))
    repository = Repository(storage_from(storage))
    now = datetime.now(timezone.utc)
    unwanted = rules.unwanted(repository.summaries(), now)
    removal = _Removal(repository, now, dry_run=dry_run)
    for summary in unwanted:
        removal.take(summary)
    return removal.finish()


def pin(snapshot_id: str, storage: StorageArgument | None = None) -> str:
    """Keep a snapshot from being pruned, and return its whole id.

    Raises SnapshotNotFound and AmbiguousSnapshot. Pinning twice is no error.
    """
    repository = Repository(storage_from(storage))
    found = repository.find(snapshot_id)
    if not repository.is_pinned(found):
        repository.pin(found)
    if not repository.is_complete(found):
        raise SnapshotNotFound(f"{found} was removed by somebody else at this moment.")
    return found


def unpin(snapshot_id: str, storage: StorageArgument | None = None) -> str:
    """Let a snapshot be pruned again, and return its whole id; raises as :func:`pin` does."""
    repository = Repository(storage_from(storage))
    found = repository.find(snapshot_id)
    repository.unpin(found)
    return found


@dataclass(frozen=True)
class _Rules:
    within: timedelta | None
    last: int | None
    actors: tuple[str, ...]

    def __post_init__(self) -> None:
        if self.within is not None and self.within < timedelta(0):
            raise ConfigurationError("keep_within is negative: give an age such as 30 days.")
        if self.last is not None and (isinstance(self.last, bool) or self.last < 1):
            raise ConfigurationError("keep_last is below 1: give how many of each table stay.")

    def unwanted(
        self, summaries: Sequence[SnapshotSummary], now: datetime
    ) -> list[SnapshotSummary]:
        """Return what no rule keeps: needless ones first, then from the oldest on."""
        if self.within is None and self.last is None:
            return []
        newest = self._newest(summaries)
        return sorted(
            (
                summary
                for summary in summaries
                if summary.id not in newest
                and not (self.within is not None and now - summary.created_at <= self.within)
                and not any(fnmatchcase(summary.actor, pattern) for pattern in self.actors)
            ),
            key=lambda summary: (not summary.is_needless, summary.id),
        )

    def _newest(self, summaries: Iterable[SnapshotSummary]) -> set[str]:
        """Return the ids of the newest snapshots of each table; those of none count as one."""
        counted: Counter[str | None] = Counter()
        kept = set()
        for summary in sorted(summaries, key=lambda each: each.id, reverse=True):
            if summary.is_needless:
                continue
            tables = summary.tables or (None,)
            if any(counted[table] < (self.last or 0) for table in tables):
                kept.add(summary.id)
            counted.update(tables)
        return kept


class _Removal:
    """Removes one snapshot after the other, unless something keeps it by then."""

    def __init__(self, repository: Repository, now: datetime, *, dry_run: bool) -> None:
        self._repository = repository
        self._begun_before = now - _IN_PROGRESS
        self._dry_run = dry_run
        self._removed: list[str] = []
        self._pinned: list[str] = []
        self._locked: list[str] = []

    def take(self, summary: SnapshotSummary) -> None:
        """Remove one snapshot; its pin may be newer than the listing."""
        if self._repository.is_pinned(summary.id):
            self._pinned.append(summary.id)
        elif self._is_locked(summary.id):
            self._locked.append(summary.id)
        else:
            self._discard(summary.id)
            self._removed.append(summary.id)

    def finish(self) -> PruneReport:
        """Remove what crashes left behind, too, and return what was removed."""
        left = [
            snapshot_id
            for snapshot_id in self._repository.leftovers()
            if identifiers.created_at(snapshot_id) < self._begun_before
        ]
        for snapshot_id in left:
            if not self._repository.is_complete(snapshot_id):
                self._discard(snapshot_id)
        if not self._dry_run:
            self._repository.forget_what_is_gone()
        return PruneReport(
            tuple(self._removed),
            tuple(left),
            self._dry_run,
            tuple(self._pinned),
            tuple(self._locked),
            self._unfinished(),
        )

    def _unfinished(self) -> int:
        before, dry_run = self._begun_before, self._dry_run
        writes = self._repository.storage.remove_unfinished(before, dry_run=dry_run)
        return writes + remove_abandoned(self._repository, before, dry_run=dry_run)

    def _discard(self, snapshot_id: str) -> None:
        if not self._dry_run:
            self._repository.discard(snapshot_id)

    def _is_locked(self, snapshot_id: str) -> bool:
        try:
            return self._repository.locked_until(snapshot_id) is not None
        except ObjectNotFound:
            # Somebody else prunes, too.
            return False
