"""A snapshot that fails: the statement and its transaction never notice, unless that is wanted."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

import pytest
from psycopg2 import extensions

import backstop

if TYPE_CHECKING:
    from pathlib import Path

    from testing.guarded import Guarded
    from testing.postgres import Connect

pytestmark = pytest.mark.usefixtures("orders")


@pytest.fixture(params=["folder", "endpoint"])
def broken_store(
    request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> str:
    if request.param == "folder":
        (tmp_path / "file").write_text("in the way of a folder")
        return (tmp_path / "file" / "store").as_uri()
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "backstop-test")
    return "s3://bucket@http://127.0.0.1:1?region=us-east-1"


def test_protect_runs_it_and_logs_an_error(
    guarded: Guarded, broken_store: str, connect: Connect, caplog: pytest.LogCaptureFixture
) -> None:
    connection = guarded(autocommit=False, storage=broken_store, on_snapshot_failure="log")
    cursor = connection.cursor()
    cursor.execute("INSERT INTO orders VALUES (8, 8)")
    cursor.execute("CREATE TABLE kept AS SELECT * FROM orders")
    cursor.execute("DELETE FROM orders")
    assert cursor.rowcount == 8
    connection.commit()
    reader = connect().cursor()
    reader.execute("SELECT (SELECT count(*) FROM orders), (SELECT count(*) FROM kept)")
    assert reader.fetchall() == [(0, 8)]
    (record,) = [one for one in caplog.records if one.levelno >= logging.ERROR]
    assert record.name == "backstop.statement"
    assert "SNAPSHOT FAILED" in record.getMessage()


def test_protect_runs_it_in_autocommit(guarded: Guarded, broken_store: str) -> None:
    connection = guarded(storage=broken_store, on_snapshot_failure="log")
    cursor = connection.cursor()
    cursor.execute("DELETE FROM orders")
    assert cursor.rowcount == 7
    assert connection.get_transaction_status() == extensions.TRANSACTION_STATUS_IDLE


def test_raise_stops_it_and_leaves_the_transaction(guarded: Guarded, broken_store: str) -> None:
    connection = guarded(autocommit=False, storage=broken_store, on_snapshot_failure="raise")
    cursor = connection.cursor()
    cursor.execute("INSERT INTO orders VALUES (8, 8)")
    with pytest.raises(backstop.SnapshotFailed, match="DELETE was not run"):
        cursor.execute("DELETE FROM orders")
    connection.commit()
    cursor.execute("SELECT count(*) FROM orders")
    assert cursor.fetchall() == [(8,)]


@pytest.mark.parametrize("autocommit", [False, True])
def test_raise_leaves_an_idle_connection_idle(
    guarded: Guarded, broken_store: str, autocommit: bool
) -> None:
    connection = guarded(autocommit=autocommit, storage=broken_store)
    with pytest.raises(backstop.SnapshotFailed):
        connection.cursor().execute("TRUNCATE orders")
    assert connection.get_transaction_status() == extensions.TRANSACTION_STATUS_IDLE


def test_a_lock_that_is_taken_is_waited_for_no_longer_than_told(
    guarded: Guarded, connect: Connect, caplog: pytest.LogCaptureFixture
) -> None:
    other = connect()
    other.cursor().execute("LOCK TABLE orders IN ROW EXCLUSIVE MODE")
    connection = guarded(autocommit=False, on_snapshot_failure="log", lock_timeout=0.2)
    cursor = connection.cursor()
    cursor.execute("DELETE FROM orders")
    assert cursor.rowcount == 7
    connection.commit()
    assert "SQLSTATE 55P03" in caplog.text


def test_a_snapshot_that_gets_too_large_fails(
    guarded: Guarded, store: str, caplog: pytest.LogCaptureFixture
) -> None:
    connection = guarded(on_snapshot_failure="log", max_snapshot_bytes=5)
    connection.cursor().execute("DELETE FROM orders")
    assert "SNAPSHOT FAILED" in caplog.text
    assert backstop.snapshots.list(store) == []


def test_in_an_aborted_transaction_nothing_is_sent(guarded: Guarded, store: str) -> None:
    connection = guarded(autocommit=False)
    cursor = connection.cursor()
    with pytest.raises(Exception, match="division by zero"):
        cursor.execute("SELECT 1 / 0")
    with pytest.raises(Exception, match="current transaction is aborted"):
        cursor.execute("DELETE FROM orders")
    assert backstop.snapshots.list(store) == []
