"""Whether storage and the database let Backstop do its work: everything is tried, nothing is kept.

What fails says so, and the next is still tried. Nothing of the database is changed.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass, field
from datetime import datetime, timedelta, timezone
from enum import Enum
from time import time

from backstop.drivers import connect, session_for
from backstop.errors import ConfigurationError, SnapshotNotFound, describe
from backstop.postgres import rights
from backstop.postgres.transaction.savepoints import transaction
from backstop.postgres.trying import Trial, clock, try_saving
from backstop.session import Session
from backstop.settings import StorageArgument
from backstop.snapshots import identifiers
from backstop.snapshots.repository import Repository
from backstop.storage import Storage, open_storage

# S3 refuses requests that are a quarter of an hour off; ids and ages go by the clocks long before.
_SKEW_SECONDS = 60.0


class State(str, Enum):
    """What one check found."""

    OK = "ok"
    WARNING = "warning"
    FAILED = "failed"


@dataclass(frozen=True)
class Check:
    """The answer of one check; ``error`` is what it met, if it met one."""

    name: str
    state: State
    detail: str
    error: Exception | None = None


@dataclass(frozen=True)
class TableCheck:
    """What would fail with one table (``problems``), and what may (``warnings``)."""

    table: str
    problems: tuple[str, ...]
    warnings: tuple[str, ...]


@dataclass(frozen=True)
class NewestSnapshot:
    """The newest complete snapshot; ``age`` is in seconds."""

    id: str
    created_at: datetime
    age: float


@dataclass
class Readiness:
    """What all checks found; ``lists`` are names of tables by what is missing."""

    checks: list[Check] = field(default_factory=list)
    storage: dict[str, object] | None = None
    database: dict[str, object] | None = None
    lists: dict[str, list[str]] = field(default_factory=dict)
    tables: list[TableCheck] = field(default_factory=list)
    newest: NewestSnapshot | None = None

    @property
    def ok(self) -> bool:
        """Whether nothing has failed; warnings don't count."""
        return all(check.state is not State.FAILED for check in self.checks)

    def add(self, name: str, state: State, detail: str, error: Exception | None = None) -> None:
        """Add the answer of one check."""
        self.checks.append(Check(name, state, detail, error))

    def attempt(self, name: str, checks: Callable[[], None]) -> None:
        """Run checks; an error is the answer of those that are left."""
        try:
            checks()
        except Exception as error:
            self.add(name, State.FAILED, describe(error), error)


def check(
    storage: StorageArgument | None = None,
    dsn: str | None = None,
    *,
    conn: object | None = None,
    last_success: timedelta | None = None,
) -> Readiness:
    """Try everything that protection needs of a storage, of a database, or of both.

    Storage gets one small object, which is read and deleted again. Each table that the role can
    change is locked and read for a moment, without waiting. With ``last_success`` nothing is
    written to storage: it is asked only whether its newest snapshot is younger than that. An idle
    driver connection, ``conn``, may stand in for ``dsn``, and stays open.
    Raises ConfigurationError; everything else that fails is in the answer.
    """
    if storage is None and dsn is None and conn is None:
        raise ConfigurationError("Give storage, dsn, or both: there is nothing to check.")
    if last_success is not None and storage is None:
        raise ConfigurationError("last_success needs storage: that is where snapshots are.")
    found = Readiness()
    if storage is not None:
        place = storage
        if last_success is None:
            found.attempt("storage", lambda: _check_storage(found, open_storage(place)))
        else:
            age = last_success
            found.attempt("last success", lambda: _check_age(found, open_storage(place), age))
    if dsn is not None:
        database = dsn
        found.attempt("database", lambda: _check_by_dsn(found, database))
    elif conn is not None:
        found.attempt("database", lambda: _check_database(found, session_for(conn)))
    return found


def _check_storage(found: Readiness, storage: Storage) -> None:
    answer = storage.check()
    found.storage = {
        "url": storage.url,
        "writable": answer.writable,
        "readable": answer.readable,
        "deletable": answer.deletable,
    }
    found.add("storage", State.OK, f"{storage.url} takes snapshots")
    if not answer.readable:
        found.add("reading", State.WARNING, "refused: list, verify and restore won't work here")
    if not answer.deletable:
        found.add("deleting", State.WARNING, "refused: prune won't work here (it may be meant)")
    now = storage.clock()
    found.storage["clock_skew"] = None if now is None else _skew(found, "storage", now.timestamp())


def _check_age(found: Readiness, storage: Storage, most: timedelta) -> None:
    newest = Repository(storage).newest()
    if newest is None:
        raise SnapshotNotFound(f"{storage.url} holds no snapshot.")
    created = identifiers.created_at(newest)
    age = datetime.now(timezone.utc) - created
    found.newest = NewestSnapshot(newest, created, age.total_seconds())
    said = f"the newest snapshot, {newest}, is {timedelta(seconds=round(age.total_seconds()))} old"
    if age > most:
        raise SnapshotNotFound(f"{said[0].upper()}{said[1:]}, more than {most}.")
    found.add("last success", State.OK, said)


def _check_by_dsn(found: Readiness, dsn: str) -> None:
    with closing(connect(dsn)) as session:
        _check_database(found, session)


def _check_database(found: Readiness, session: Session) -> None:
    with transaction(session):
        server = rights.identity(session)
        tables = rights.tables(session)
        found.database = {
            "version": server.version,
            "name": server.database,
            "user": server.user,
            "read_only": server.read_only,
            "tables": len(tables),
        }
        said = f"PostgreSQL {server.version}, database {server.database}, as {server.user}"
        found.add("database", State.OK, said)
        found.database["clock_skew"] = _skew(found, "server", clock(session))
        if server.read_only:
            said = "the server takes no writes now: restore won't work"
            found.add("writing", State.WARNING, said)
        trials = {} if server.read_only else _trials(session, tables)
    _judge(found, tables, trials)


def _trials(session: Session, tables: list[rights.TableRights]) -> dict[str, Trial]:
    return {
        entry.table: try_saving(session, entry.quoted)
        for entry in tables
        if entry.changes and entry.savable
    }


def _judge(found: Readiness, tables: list[rights.TableRights], trials: dict[str, Trial]) -> None:
    found.tables = [
        judged
        for entry in tables
        if (judged := _judge_table(entry, trials.get(entry.table, Trial()))) is not None
    ]
    found.lists = {
        "unreadable": [entry.table for entry in tables if not entry.reads],
        "unlockable": [entry.table for entry in tables if not entry.locks],
        "filtered": [entry.table for entry in tables if entry.filtered],
        "not_owned": [entry.table for entry in tables if not entry.owns],
        "busy": [table for table, trial in trials.items() if trial.busy],
        "unsavable": [judged.table for judged in found.tables if judged.problems],
    }
    if found.lists["unsavable"]:
        said = (
            f"{len(found.lists['unsavable'])} of {len(tables)} tables can be changed by the role, "
            "but not read whole and locked"
        )
        found.add("rights", State.FAILED, said)
    else:
        said = f"whatever the role can change, Backstop can save ({len(tables)} tables)"
        found.add("rights", State.OK, said)
    for name, of, said in (
        ("busy", "locks", "tables were held by others just then: a snapshot waits for them"),
        (
            "filtered",
            "row security",
            "tables may hide rows from the role; a snapshot that misses some of what a statement "
            "took says so",
        ),
        ("not_owned", "restoring", "tables are not the role's own: restore those as their owner"),
    ):
        if found.lists[name]:
            found.add(of, State.WARNING, f"{len(found.lists[name])} {said}")


def _judge_table(entry: rights.TableRights, trial: Trial) -> TableCheck | None:
    problems: list[str] = []
    warnings: list[str] = []
    if entry.changes and not entry.reads:
        problems.append("the role may change it, and not read all of it: GRANT SELECT")
    if entry.changes and not entry.locks:
        problems.append("the role may change it, and not lock it: GRANT UPDATE")
    if trial.problem is not None:
        (warnings if trial.busy else problems).append(trial.problem)
    if entry.filtered:
        warnings.append("row security may hide rows from the role")
    if not (problems or warnings):
        return None
    return TableCheck(entry.table, tuple(problems), tuple(warnings))


def _skew(found: Readiness, whose: str, there: float) -> float:
    """Return by how many seconds another clock is ahead, and warn where that matters."""
    skew = round(there - time(), 1)
    if abs(skew) >= _SKEW_SECONDS:
        found.add(
            "clock",
            State.WARNING,
            f"the {whose}'s is {abs(skew):,.0f} seconds {'ahead' if skew > 0 else 'behind'}; ids, "
            "--since and prune go by the clock of the machine that took a snapshot",
        )
    return skew
