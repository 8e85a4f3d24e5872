"""Large objects by psycopg2's own calls come back as those by SQL do."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Callable

import pytest

import backstop

if TYPE_CHECKING:
    from conftest import Opened
    from testing.postgres import Connect

LARGE = 4711


def held(connect: Connect) -> list[tuple[Any, ...]]:
    raw = connect()
    # Else its transaction would keep the lock that a snapshot wants.
    raw.autocommit = True
    cursor = raw.cursor()
    cursor.execute("SELECT oid, lo_get(oid)::text FROM pg_largeobject_metadata ORDER BY oid")
    return cursor.fetchall()


@pytest.fixture
def before(connect: Connect) -> list[tuple[Any, ...]]:
    with connect() as raw:
        raw.cursor().execute("SELECT lo_from_bytea(%s, 'content')", (LARGE,))
    return held(connect)


def overwritten(opened: Any) -> None:
    opened.seek(2)
    opened.write("AB")
    opened.write("CD")


@pytest.mark.parametrize(
    ("do", "left"),
    [
        (lambda opened: opened.unlink(), []),
        (overwritten, [(LARGE, "\\x" + b"coABCDt".hex())]),
        (lambda opened: opened.truncate(3), [(LARGE, "\\x" + b"con".hex())]),
        (lambda opened: (opened.close(), opened.unlink()), []),
    ],
)
def test_what_is_lost_by_the_drivers_calls_comes_back(
    opened: Opened,
    connect: Connect,
    store: str,
    dsn: str,
    before: list[tuple[Any, ...]],
    do: Callable[[Any], Any],
    left: list[tuple[Any, ...]],
) -> None:
    db = opened(on_snapshot_failure="raise")
    do(db.lobject(LARGE, "rw"))
    db.commit()
    assert held(connect) == left
    for snapshot in reversed(backstop.snapshots.list(store)):
        assert backstop.restore(snapshot.id, storage=store, dsn=dsn).complete
    assert held(connect) == before


@pytest.mark.parametrize("mode", ["protect", "monitor", "block"])
def test_reading_saves_and_refuses_nothing(
    opened: Opened, store: str, before: list[tuple[Any, ...]], mode: str
) -> None:
    db = opened(mode=mode)
    read = db.lobject(LARGE, "rb")
    assert (read.read(3), read.tell(), read.read()) == (b"con", 3, b"tent")
    db.lobject(LARGE).export("/dev/null")
    assert backstop.snapshots.list(store) == []
