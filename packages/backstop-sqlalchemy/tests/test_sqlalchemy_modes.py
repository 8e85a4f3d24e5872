"""The modes through an engine, as the server and the store saw them."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Any

import pytest
from sqlalchemy import text

import backstop
from testing.server_log import ServerLog

if TYPE_CHECKING:
    from pathlib import Path

    from testing.postgres import Server

pytestmark = pytest.mark.usefixtures("orders")

DESTRUCTIVE = [
    "DELETE FROM orders",
    "UPDATE orders SET total = 0",
    "TRUNCATE orders",
    "DROP TABLE orders",
]


def events(caplog: pytest.LogCaptureFixture) -> list[dict[str, Any]]:
    records = [one for one in caplog.records if one.name == "backstop.statement"]
    return [one.__dict__["backstop"] for one in records]


@pytest.mark.parametrize("isolation", [None, "AUTOCOMMIT"])
@pytest.mark.parametrize("sql", DESTRUCTIVE)
def test_protect_snapshots_then_runs(
    protected: Any, store: str, caplog: pytest.LogCaptureFixture, sql: str, isolation: str | None
) -> None:
    engine = protected({"isolation_level": isolation} if isolation else None)
    with engine.begin() as connection:
        connection.execute(text(sql))
    (snapshot,) = backstop.snapshots.list(store)
    assert (snapshot.rows, snapshot.actor, snapshot.tables) == (7, "tester", ("public.orders",))
    assert (snapshot.status.value, snapshot.fate.value) == ("succeeded", "committed")
    (event,) = events(caplog)
    assert event["backstop.action"] == "snapshot"
    assert event["backstop.snapshot.id"] == snapshot.id


@pytest.mark.parametrize("sql", DESTRUCTIVE)
def test_monitor_logs_and_runs(
    protected: Any,
    store: str,
    caplog: pytest.LogCaptureFixture,
    postgres_server: Server,
    dsn: str,
    sql: str,
) -> None:
    log = ServerLog(postgres_server, dsn)
    engine = protected(mode="monitor")
    caplog.set_level(logging.INFO, "backstop.statement")
    with engine.begin() as connection:
        connection.execute(text(sql))
    assert backstop.snapshots.list(store) == []
    assert sql in log.sent()
    assert log.ours() == []
    assert events(caplog)[-1]["backstop.risk.level"] == "CRITICAL"
    assert {event["backstop.action"] for event in events(caplog)} == {"run"}


@pytest.mark.parametrize("sql", DESTRUCTIVE)
def test_block_refuses_before_the_server_sees_it(
    protected: Any, store: str, postgres_server: Server, dsn: str, sql: str
) -> None:
    engine = protected(mode="block")
    with engine.connect() as connection:
        connection.execute(text("SELECT 1"))
    engine.dispose()
    log = ServerLog(postgres_server, dsn)
    with engine.connect() as connection:
        with pytest.raises(PermissionError, match=r"CRITICAL.*backstop\.allow") as refused:
            connection.execute(text(sql))
        assert type(refused.value) is backstop.StatementBlocked
        assert connection.connection.dbapi_connection.get_transaction_status() == 0
        assert log.sent() == []
        assert log.ours() == []
        assert connection.scalar(text("SELECT count(*) FROM orders")) == 7
        connection.commit()
    assert backstop.snapshots.list(store) == []


def test_a_refused_statement_leaves_the_transaction_usable(protected: Any) -> None:
    engine = protected(mode="block")
    with engine.begin() as connection:
        connection.execute(text("INSERT INTO orders VALUES (8, 8)"))
        with pytest.raises(backstop.StatementBlocked):
            connection.execute(text("DELETE FROM orders"))
        assert connection.in_transaction()
        connection.execute(text("INSERT INTO orders VALUES (9, 9)"))
    with engine.connect() as connection:
        assert connection.scalar(text("SELECT count(*) FROM orders")) == 9


def test_a_failed_snapshot_never_breaks_the_transaction(
    protected: Any, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    (tmp_path / "file").write_text("in the way of a folder")
    storage = (tmp_path / "file" / "store").as_uri()
    engine = protected(storage=storage, on_snapshot_failure="log")
    with engine.begin() as connection:
        connection.execute(text("INSERT INTO orders VALUES (8, 8)"))
        connection.execute(text("CREATE TABLE kept AS SELECT * FROM orders"))
        assert connection.execute(text("DELETE FROM orders")).rowcount == 8
    with engine.connect() as connection:
        assert connection.scalar(text("SELECT count(*) FROM kept")) == 8
    (record,) = [one for one in caplog.records if one.levelno >= logging.ERROR]
    assert "SNAPSHOT FAILED" in record.getMessage()


def test_raise_stops_the_statement(protected: Any, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way of a folder")
    engine = protected(storage=(tmp_path / "file" / "store").as_uri())
    with engine.begin() as connection:
        connection.execute(text("INSERT INTO orders VALUES (8, 8)"))
        with pytest.raises(backstop.SnapshotFailed, match="DELETE was not run"):
            connection.execute(text("DELETE FROM orders"))
    with engine.connect() as connection:
        assert connection.scalar(text("SELECT count(*) FROM orders")) == 8


def test_a_restore_brings_the_rows_back(protected: Any, store: str, dsn: str) -> None:
    engine = protected()
    with engine.begin() as connection:
        connection.execute(text("DROP TABLE orders"))
    (snapshot,) = backstop.snapshots.list(store)
    assert backstop.restore(snapshot.id, storage=store, dsn=dsn).complete
    with engine.connect() as connection:
        assert connection.scalar(text("SELECT sum(id) FROM orders")) == 28
