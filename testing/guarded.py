"""Guarded connections on a folder store, and the round trip that every restore has to pass."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Callable

import pytest

import backstop
from testing.dumps import dump

if TYPE_CHECKING:
    from pathlib import Path

    from backstop.recovery import RestoreReport
    from testing.postgres import Connect

    Guarded = Callable[..., backstop.GuardedConnection]
    RoundTrip = Callable[[str], RestoreReport]
    Undone = Callable[..., list[RestoreReport]]


@pytest.fixture
def store(tmp_path: Path) -> str:
    """Give the URL of a fresh folder store."""
    return (tmp_path / "store").as_uri()


@pytest.fixture
def guarded(connect: Connect, store: str) -> Guarded:
    """Give a function that opens a guarded connection; a failed snapshot raises."""

    def open_guarded(*, autocommit: bool = True, **settings: Any) -> backstop.GuardedConnection:
        raw = connect()
        raw.autocommit = autocommit
        settings.setdefault("on_snapshot_failure", "raise")
        settings.setdefault("storage", store)
        return backstop.guard(raw, actor="tester", **settings)

    return open_guarded


def restored(store: str, dsn: str, dumped: Callable[[], str], before: str) -> RestoreReport:
    """Restore the newest snapshot, which gives the dump from before; again, which changes nothing.

    Returns the first report.
    """
    snapshot = backstop.snapshots.list(store)[-1]
    report = backstop.restore(snapshot.id, storage=store, dsn=dsn)
    assert dumped() == before
    again = backstop.restore(snapshot.id, storage=store, dsn=dsn)
    assert dumped() == before
    assert [table.inserted + table.updated for table in again.tables] == [0] * len(again.tables)
    return report


@pytest.fixture
def comes_back(guarded: Guarded, store: str, dsn: str) -> RoundTrip:
    """Give a function that runs a statement, restores it, and compares the database's dumps.

    The statement must change something; a second restore must change nothing.
    """

    def round_trip(sql: str, *, complete: bool = True) -> RestoreReport:
        before = dump(dsn)
        connection = guarded(snapshot_at="LOW")
        connection.cursor().execute(sql)
        connection.close()
        assert dump(dsn) != before, "the statement changed nothing"
        report = restored(store, dsn, lambda: dump(dsn), before)
        assert report.complete is complete, report.plan.not_covered or report.conflicts
        return report

    return round_trip


@pytest.fixture
def undone(guarded: Guarded, store: str, dsn: str) -> Undone:
    """Give a function that lets another work on a guarded connection, and takes all of it back.

    Every snapshot is restored, the newest first, and each twice: the second time nothing changes.
    """

    def round_trip(
        work: Callable[[backstop.GuardedConnection], Any],
        *,
        autocommit: bool = True,
        complete: bool = True,
    ) -> list[RestoreReport]:
        before = dump(dsn)
        connection = guarded(snapshot_at="LOW", autocommit=autocommit)
        work(connection)
        if not autocommit:
            connection.commit()
        connection.close()
        assert dump(dsn) != before, "the work changed nothing"
        newest_first = [snapshot.id for snapshot in reversed(backstop.snapshots.list(store))]
        reports = []
        for name in newest_first:
            reports.append(backstop.restore(name, storage=store, dsn=dsn))
            backstop.restore(name, storage=store, dsn=dsn)
        assert dump(dsn) == before
        assert [report.complete for report in reports] == [complete] * len(reports)
        return reports

    return round_trip
