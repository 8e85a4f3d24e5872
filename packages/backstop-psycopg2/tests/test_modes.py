"""The modes: what each does with a statement, as the server and the store saw it."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Any

import pytest
from psycopg2 import extensions

import backstop
from testing.server_log import ServerLog

if TYPE_CHECKING:
    from testing.guarded import Guarded
    from testing.postgres import Server

DESTRUCTIVE = [
    "DELETE FROM orders",
    "UPDATE orders SET total = 0",
    "TRUNCATE orders",
    "DROP TABLE orders",
]


pytestmark = pytest.mark.usefixtures("orders")


def events(caplog: pytest.LogCaptureFixture) -> list[dict[str, Any]]:
    records = [one for one in caplog.records if one.name == "backstop.statement"]
    return [one.__dict__["backstop"] for one in records]


@pytest.mark.parametrize("autocommit", [False, True])
@pytest.mark.parametrize("sql", DESTRUCTIVE)
def test_protect_snapshots_then_runs(
    guarded: Guarded,
    store: str,
    caplog: pytest.LogCaptureFixture,
    sql: str,
    autocommit: bool,
) -> None:
    connection = guarded(autocommit=autocommit)
    with caplog.at_level(logging.DEBUG, "backstop.statement"):
        connection.cursor().execute(sql)
    if not autocommit:
        connection.commit()
    (snapshot,) = backstop.snapshots.list(store)
    assert (snapshot.rows, snapshot.actor, snapshot.tables) == (7, "tester", ("public.orders",))
    assert (snapshot.status, snapshot.fate) == ("succeeded", "committed")
    (event,) = events(caplog)
    assert event["backstop.risk.level"] == "CRITICAL"
    assert event["backstop.action"] == "snapshot"
    assert event["backstop.snapshot.id"] == snapshot.id
    assert event["backstop.snapshot.rows"] == 7
    assert connection.get_transaction_status() == extensions.TRANSACTION_STATUS_IDLE


@pytest.mark.parametrize("sql", DESTRUCTIVE)
def test_monitor_logs_and_runs(
    guarded: Guarded,
    store: str,
    caplog: pytest.LogCaptureFixture,
    postgres_server: Server,
    dsn: str,
    sql: str,
) -> None:
    log = ServerLog(postgres_server, dsn)
    connection = guarded(mode="monitor")
    with caplog.at_level(logging.INFO, "backstop.statement"):
        connection.cursor().execute(sql)
        connection.cursor().execute("SELECT 1")
    assert backstop.snapshots.list(store) == []
    assert log.sent() == [sql, "SELECT 1"]
    assert log.ours() == []
    levels = [event["backstop.risk.level"] for event in events(caplog)]
    assert levels == ["CRITICAL", "SAFE"]
    assert {event["backstop.action"] for event in events(caplog)} == {"run"}


@pytest.mark.parametrize("sql", DESTRUCTIVE)
def test_block_refuses_before_the_server_sees_it(
    guarded: Guarded,
    store: str,
    caplog: pytest.LogCaptureFixture,
    postgres_server: Server,
    dsn: str,
    sql: str,
) -> None:
    log = ServerLog(postgres_server, dsn)
    connection = guarded(autocommit=False, mode="block")
    cursor = connection.cursor()
    caplog.set_level(logging.INFO, "backstop.statement")
    with pytest.raises(PermissionError, match=r"CRITICAL.*backstop\.allow") as refused:
        cursor.execute(sql)
    assert isinstance(refused.value, backstop.StatementBlocked)
    assert refused.value.result.level is backstop.RiskLevel.CRITICAL
    assert connection.get_transaction_status() == extensions.TRANSACTION_STATUS_IDLE
    assert log.sent() == []
    assert log.ours() == []
    (event,) = events(caplog)
    assert event["backstop.action"] == "block"
    assert event["error.type"] == "StatementBlocked"
    assert backstop.snapshots.list(store) == []
    cursor.execute("SELECT count(*) FROM orders")
    assert cursor.fetchall() == [(7,)]


def test_a_refused_statement_leaves_the_transaction_usable(guarded: Guarded) -> None:
    connection = guarded(autocommit=False, mode="block")
    cursor = connection.cursor()
    cursor.execute("INSERT INTO orders VALUES (100, 1)")
    with pytest.raises(PermissionError):
        cursor.execute("DELETE FROM orders")
    cursor.execute("DELETE FROM orders WHERE id = 1")
    connection.commit()
    cursor.execute("SELECT count(*) FROM orders")
    assert cursor.fetchall() == [(7,)]


def test_block_refuses_a_text_whose_second_statement_destroys(guarded: Guarded) -> None:
    connection = guarded(mode="block")
    with pytest.raises(PermissionError):
        connection.cursor().execute("INSERT INTO orders VALUES (8, 1); DELETE FROM orders")
    cursor = connection.cursor()
    cursor.execute("SELECT count(*) FROM orders")
    assert cursor.fetchall() == [(7,)]


def test_allow_lets_it_through_block_with_a_snapshot(guarded: Guarded, store: str) -> None:
    connection = guarded(mode="block")
    with backstop.allow(reason="ticket 4711"):
        connection.cursor().execute("DELETE FROM orders")
    (snapshot,) = backstop.snapshots.list(store)
    assert backstop.snapshots.show(snapshot.id, store).manifest.allowed == "ticket 4711"


def test_context_names_another_actor(guarded: Guarded, store: str) -> None:
    connection = guarded()
    with backstop.context(actor="user:42", request="r1"):
        connection.cursor().execute("DELETE FROM orders")
    (snapshot,) = backstop.snapshots.list(store)
    assert snapshot.actor == "user:42"
    assert backstop.snapshots.show(snapshot.id, store).manifest.context == {"request": "r1"}


def test_harmless_statements_send_nothing_more(
    guarded: Guarded, store: str, postgres_server: Server, dsn: str
) -> None:
    connection = guarded()
    # Once the catalog is known, a write by its key asks for nothing either.
    connection.cursor().execute("DELETE FROM orders WHERE id = 8")
    log = ServerLog(postgres_server, dsn)
    for sql in ("SELECT 1", "INSERT INTO orders VALUES (8, 1)", "DELETE FROM orders WHERE id = 8"):
        connection.cursor().execute(sql)
    assert log.ours() == []
    assert backstop.snapshots.list(store) == []


def test_snapshot_at_low_saves_every_write(guarded: Guarded, store: str) -> None:
    connection = guarded(snapshot_at="LOW")
    connection.cursor().execute("DELETE FROM orders WHERE id < 3")
    (snapshot,) = backstop.snapshots.list(store)
    assert (snapshot.rows, snapshot.level) == (2, "LOW")
