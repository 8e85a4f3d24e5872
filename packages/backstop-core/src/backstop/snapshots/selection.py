"""Finding snapshots by what is known on the bad day: a table, an hour, who did it, and what.

What a listing shows is enough to find them; a manifest is read only where a listing can't tell.
What could mean several things is never guessed: the candidates are named.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta, timezone
from typing import NoReturn

from backstop.errors import AmbiguousSnapshot, ConfigurationError, SnapshotNotFound
from backstop.snapshots import identifiers
from backstop.snapshots.keys import SnapshotSummary, origin_of
from backstop.snapshots.repository import Repository

RESTORE = "RESTORE"
"""The operation of the snapshots that a restore takes of what it changes itself."""

_OF_A_SERVER = "DROP DATABASE"


@dataclass(frozen=True)
class Selection:
    """Which snapshots are meant; what is None doesn't matter.

    ``table`` is a name with its schema, or a name that only one schema's snapshots have. ``since``
    and ``until`` bound the time of the statement, the latter excluded. ``operation`` is the leading
    command, or how it begins: DROP stands for DROP TABLE as well.
    """

    table: str | None = None
    since: datetime | None = None
    until: datetime | None = None
    actor: str | None = None
    operation: str | None = None

    @property
    def is_any(self) -> bool:
        """Whether it says anything."""
        return self != Selection()

    def fits(self, summary: SnapshotSummary) -> bool:
        """Whether a snapshot is meant."""
        return (
            (self.since is None or summary.created_at >= self.since)
            and (self.until is None or summary.created_at < self.until)
            and (self.actor is None or summary.actor == self.actor)
            and (self.operation is None or _begins(summary.operation, self.operation))
            and (self.table is None or bool(self.tables_of(summary)))
        )

    def tables_of(self, summary: SnapshotSummary) -> list[str]:
        """Return the tables of a snapshot that ``table`` could mean."""
        return [label for label in summary.tables if self.table and names(self.table, label)]


def names(table: str, label: str) -> bool:
    """Whether a name, with its schema or without, could mean a table."""
    return label == table or label.endswith(f".{table}")


def moment(name: str, value: datetime | timedelta | None) -> datetime | None:
    """Return a time, given as such (in UTC where it has no zone) or as an age."""
    if isinstance(value, timedelta):
        return datetime.now(timezone.utc) - value
    if value is None or isinstance(value, datetime):
        naive = value is not None and value.tzinfo is None
        return value.replace(tzinfo=timezone.utc) if value is not None and naive else value
    raise ConfigurationError(f"{name} is {value!r}: it takes a datetime, or an age as a timedelta.")


def matching(repository: Repository, selection: Selection) -> list[SnapshotSummary]:
    """Return every snapshot that is meant, oldest first, with what became of its statement."""
    return repository.with_fates(list(_fitting(repository, selection))[::-1])


def choose(
    repository: Repository, selection: Selection, origin: str, *, last: bool, every: bool
) -> list[str]:
    """Return the ids of the snapshots to restore in one database, newest first.

    Those whose statement destroyed nothing don't count, nor those of other databases, nor what
    restores have saved, unless ``operation`` asks for them. There has to be one, unless the
    ``last`` is wanted, or ``every`` one. Raises SnapshotNotFound, and AmbiguousSnapshot with the
    candidates.
    """
    if last and (selection.table is None or "." in selection.table):
        told = map(repository.with_fate, _at_home(repository, selection, origin))
        newest = next((one for one in told if not one.is_needless), None)
        return [newest.id] if newest is not None else _not_found(repository, selection)
    at_home = repository.with_fates(list(_at_home(repository, selection, origin)))
    found = [summary for summary in at_home if not summary.is_needless]
    if not found:
        _not_found(repository, selection)
    _refuse_two_tables(selection, found)
    if len(found) > 1 and not (last or every):
        raise AmbiguousSnapshot(
            f"That means {len(found):,} snapshots. Give the id of one; or ask for the last of them "
            "(--last), for every one (--all), or for less (--since, --until, --actor, "
            "--operation).",
            found,
        )
    return [summary.id for summary in (found[:1] if last else found)]


def _at_home(
    repository: Repository, selection: Selection, origin: str
) -> Iterator[SnapshotSummary]:
    """Give the snapshots of one database that are meant, newest first."""
    for summary in _fitting(repository, selection):
        if not _is_of_a_restore(summary, selection):
            found = _with_origin(repository, summary)
            if _is_from(found, origin):
                yield found


def _fitting(repository: Repository, selection: Selection) -> Iterator[SnapshotSummary]:
    beginning = ""
    if selection.since is not None:
        # Clocks differ, but not by a day.
        until = selection.until or datetime.now(timezone.utc) + timedelta(days=1)
        beginning = identifiers.common_beginning(selection.since, until)
    return filter(selection.fits, repository.newest_first(beginning))


def _refuse_two_tables(selection: Selection, found: Sequence[SnapshotSummary]) -> None:
    """Raise AmbiguousSnapshot where tables of several schemas have the name."""
    newest: dict[str, SnapshotSummary] = {}
    for summary in found:
        for label in selection.tables_of(summary):
            newest.setdefault(label, summary)
    if len(newest) > 1 and selection.table not in newest:
        raise AmbiguousSnapshot(
            f"{selection.table} could be {' or '.join(sorted(newest))}. Give the schema as well.",
            _distinct(newest.values()),
        )


def _not_found(repository: Repository, selection: Selection) -> NoReturn:
    found = matching(repository, selection)
    if not found:
        raise SnapshotNotFound(
            f"No snapshot in {repository.storage.url} is like that. "
            "`backstop snapshots list` shows all there are."
        )
    counted = [summary for summary in found if not _is_of_a_restore(summary, selection)]
    elsewhere = [summary for summary in counted if not summary.is_needless]
    if elsewhere:
        raise AmbiguousSnapshot(
            f"No snapshot of this database is like that, but {len(elsewhere):,} of other databases "
            "are. If one of these is meant, give its id.",
            list(reversed(elsewhere)),
        )
    if counted:
        raise SnapshotNotFound(
            f"{len(counted):,} snapshots are like that, but their statements failed or were rolled "
            "back, so they destroyed nothing."
        )
    raise SnapshotNotFound(
        f"Only what restores have saved is like that: to undo a restore, ask for --operation "
        f"{RESTORE}, or give the id."
    )


def _with_origin(repository: Repository, summary: SnapshotSummary) -> SnapshotSummary:
    if summary.origin:
        return summary
    # It was written before a listing told the database.
    return replace(summary, origin=origin_of(repository.load(summary.id).manifest.database))


def _is_from(summary: SnapshotSummary, origin: str) -> bool:
    if summary.operation == _OF_A_SERVER:
        return summary.origin.partition("-")[0] == origin.partition("-")[0]
    return summary.origin == origin


def _is_of_a_restore(summary: SnapshotSummary, selection: Selection) -> bool:
    return summary.operation == RESTORE and selection.operation is None


def _begins(operation: str, wanted: str) -> bool:
    words = " ".join(wanted.upper().split())
    return f"{operation} ".startswith(f"{words} ")


def _distinct(summaries: Iterable[SnapshotSummary]) -> list[SnapshotSummary]:
    return list({summary.id: summary for summary in summaries}.values())
