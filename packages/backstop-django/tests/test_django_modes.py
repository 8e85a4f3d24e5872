"""The modes through Django's connections, as the server and the store saw them."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Any

import pytest
from django.db import models, transaction
from django.db.utils import ProgrammingError
from django.test.utils import CaptureQueriesContext

import backstop
from testing.server_log import ServerLog

if TYPE_CHECKING:
    from pathlib import Path

    from testing.postgres import Connect, Server

pytestmark = pytest.mark.usefixtures("orders")

DESTRUCTIVE = [
    "DELETE FROM orders",
    "UPDATE orders SET total = 0",
    "TRUNCATE orders",
    "DROP TABLE orders",
]


class Order(models.Model):
    total: Any = models.DecimalField(max_digits=10, decimal_places=2, null=True)

    class Meta:
        app_label = "backstop"
        db_table = "orders"
        managed = False

    def __str__(self) -> str:
        return f"order {self.pk}"


def events(caplog: pytest.LogCaptureFixture) -> list[dict[str, Any]]:
    records = [one for one in caplog.records if one.name == "backstop.statement"]
    return [one.__dict__["backstop"] for one in records]


@pytest.mark.parametrize("atomic", [False, True])
@pytest.mark.parametrize("sql", DESTRUCTIVE)
def test_protect_snapshots_then_runs(
    open_alias: Any, store: str, caplog: pytest.LogCaptureFixture, sql: str, atomic: bool
) -> None:
    connection = open_alias()
    if atomic:
        with transaction.atomic():
            connection.cursor().execute(sql)
    else:
        connection.cursor().execute(sql)
    (snapshot,) = backstop.snapshots.list(store)
    assert (snapshot.rows, snapshot.actor, snapshot.tables) == (7, "tester", ("public.orders",))
    assert (snapshot.status.value, snapshot.fate.value) == ("succeeded", "committed")
    (event,) = events(caplog)
    assert event["backstop.action"] == "snapshot"
    assert event["backstop.snapshot.id"] == snapshot.id


@pytest.mark.parametrize("sql", DESTRUCTIVE)
def test_monitor_logs_and_runs(
    open_alias: Any,
    store: str,
    caplog: pytest.LogCaptureFixture,
    postgres_server: Server,
    dsn: str,
    sql: str,
) -> None:
    log = ServerLog(postgres_server, dsn)
    connection = open_alias(MODE="monitor")
    connection.ensure_connection()
    caplog.set_level(logging.INFO, "backstop.statement")
    connection.cursor().execute(sql)
    assert backstop.snapshots.list(store) == []
    assert log.sent()[-1] == sql
    assert log.ours() == []
    (event,) = events(caplog)
    assert (event["backstop.risk.level"], event["backstop.action"]) == ("CRITICAL", "run")


@pytest.mark.parametrize("sql", DESTRUCTIVE)
def test_block_refuses_before_the_server_sees_it(
    open_alias: Any, store: str, postgres_server: Server, dsn: str, sql: str
) -> None:
    log = ServerLog(postgres_server, dsn)
    connection = open_alias(MODE="block")
    with connection.cursor() as cursor:
        before = log.ours()
        with pytest.raises(PermissionError, match=r"CRITICAL.*backstop\.allow") as refused:
            cursor.execute(sql)
        assert type(refused.value) is backstop.StatementBlocked
        assert connection.connection.info.transaction_status == 0
        assert sql not in log.sent()
        assert log.ours() == before
        cursor.execute("SELECT count(*) FROM orders")
        assert cursor.fetchall() == [(7,)]
    assert backstop.snapshots.list(store) == []


def test_a_refused_statement_leaves_the_transaction_usable(open_alias: Any) -> None:
    open_alias(MODE="block")
    with transaction.atomic():
        Order.objects.create(pk=8)
        with pytest.raises(backstop.StatementBlocked), transaction.atomic():
            Order.objects.all().delete()
        Order.objects.create(pk=9)
    assert Order.objects.count() == 9


def test_the_orm_is_guarded_with_parameters(open_alias: Any, store: str) -> None:
    open_alias(SNAPSHOT_AT="LOW")
    assert Order.objects.filter(pk__gt=4).update(total="1.50") == 3
    Order.objects.get(pk=1).delete()
    Order.objects.bulk_create([Order(pk=pk) for pk in (8, 9)])
    found = [(one.operation, one.rows) for one in backstop.snapshots.list(store)]
    assert [one for one in found if one[0] != "INSERT"] == [("UPDATE", 3), ("DELETE", 1)]


def test_many_bytes_and_server_side_cursors(open_alias: Any, store: str) -> None:
    connection = open_alias(SNAPSHOT_AT="LOW")
    with connection.cursor() as cursor:
        cursor.executemany("DELETE FROM orders WHERE id = %s", ((pk,) for pk in (1, 2)))
        assert cursor.rowcount == 2
        cursor.execute(b"DELETE FROM orders WHERE id = 3")
        cursor.execute("SELECT 7 %% 4, '%%'", [])
        assert cursor.fetchone() == (3, "%")
        cursor.execute("SELECT '%'")
        assert cursor.fetchone() == ("%",)
    assert sorted(order.pk for order in Order.objects.iterator(chunk_size=2)) == [4, 5, 6, 7]
    assert len(backstop.snapshots.list(store)) == 2


def test_a_wrappers_text_is_what_counts(open_alias: Any) -> None:
    connection = open_alias(MODE="block")

    def rewrite(execute: Any, sql: str, *rest: Any) -> Any:
        return execute(sql.replace("SELECT 1", "DELETE FROM orders"), *rest)

    with connection.execute_wrapper(rewrite), pytest.raises(PermissionError):
        connection.cursor().execute("SELECT 1")


def test_no_query_of_ours_is_counted_or_logged(open_alias: Any, store: str) -> None:
    connection = open_alias()
    connection.ensure_connection()
    with CaptureQueriesContext(connection) as captured:
        Order.objects.count()
        Order.objects.all()._raw_delete("default")
    assert [query["sql"].split()[0] for query in captured] == ["SELECT", "DELETE"]
    assert len(backstop.snapshots.list(store)) == 1


def test_errors_are_djangos_own(open_alias: Any) -> None:
    connection = open_alias()
    with pytest.raises(ProgrammingError, match="does not exist"):
        connection.cursor().execute("DELETE FROM no_such_table")


def test_in_a_broken_transaction_nothing_is_sent(
    open_alias: Any, store: str, postgres_server: Server, dsn: str
) -> None:
    connection = open_alias()
    log = ServerLog(postgres_server, dsn)
    with transaction.atomic():
        connection.ensure_connection()
        before = log.ours()
        transaction.set_rollback(True)
        with pytest.raises(transaction.TransactionManagementError):
            Order.objects.all().delete()
        transaction.set_rollback(False)
    assert log.ours() == before
    assert backstop.snapshots.list(store) == []


def test_a_failed_snapshot_never_breaks_the_transaction(
    open_alias: Any, tmp_path: Path, caplog: pytest.LogCaptureFixture, connect: Connect
) -> None:
    (tmp_path / "file").write_text("in the way of a folder")
    open_alias(STORAGE=(tmp_path / "file" / "store").as_uri(), ON_SNAPSHOT_FAILURE="log")
    with transaction.atomic():
        Order.objects.filter(pk=1).update(total=100)
        Order.objects.filter(pk__gt=1)._raw_delete("default")
        Order.objects.all()._raw_delete("default")
        Order.objects.create(pk=100)
    assert [order.pk for order in Order.objects.all()] == [100]
    (record,) = [one for one in caplog.records if one.levelno >= logging.ERROR]
    assert "SNAPSHOT FAILED" in record.getMessage()


def test_raise_stops_the_statement(open_alias: Any, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way of a folder")
    open_alias(STORAGE=(tmp_path / "file" / "store").as_uri())
    with pytest.raises(backstop.SnapshotFailed, match="DELETE was not run"):
        Order.objects.all().delete()
    assert Order.objects.count() == 7


def test_other_databases_are_guarded_by_text(
    open_alias: Any, store: str, caplog: pytest.LogCaptureFixture
) -> None:
    with open_alias("lite", MODE="monitor").cursor() as cursor:
        cursor.execute("CREATE TABLE orders (id int)")
        cursor.executemany("INSERT INTO orders VALUES (%s)", [(1,), (2,)])
        cursor.execute("DELETE FROM orders WHERE id = %s", [1])
        cursor.execute("DELETE FROM orders")
    assert events(caplog)[-1]["db.system.name"] == "sqlite"
    assert events(caplog)[-1]["backstop.risk.level"] == "CRITICAL"
    assert backstop.snapshots.list(store) == []


def test_other_databases_are_blocked_by_text(open_alias: Any) -> None:
    with open_alias("lite", MODE="block").cursor() as cursor:
        cursor.execute("CREATE TABLE orders (id int)")
        with pytest.raises(PermissionError, match="no snapshot can be taken here"):
            cursor.execute("DROP TABLE orders")


def test_other_databases_are_never_left_unguarded_in_protect(open_alias: Any) -> None:
    connection = open_alias("lite")
    for _ in range(2):
        with pytest.raises(backstop.ConfigurationError, match="not on sqlite through sqlite3"):
            connection.cursor().execute("SELECT 1")


def test_a_restore_brings_the_rows_back(open_alias: Any, store: str, dsn: str) -> None:
    open_alias()
    Order.objects.all().delete()
    (snapshot,) = backstop.snapshots.list(store)
    assert backstop.restore(snapshot.id, storage=store, dsn=dsn).complete
    assert Order.objects.count() == 7
