"""Whatever transaction a statement is in, its meaning stays, and its snapshot tells the truth."""

from __future__ import annotations

import logging

import psycopg2
import pytest

import backstop
from backstop.drivers.psycopg2 import Psycopg2Session
from backstop.postgres.transaction import savepoints
from backstop.session import TransactionStatus
from backstop.snapshots import Consistency, Fate, Status
from testing.dumps import dump

STOCK = """
CREATE TABLE stock (sku int PRIMARY KEY, amount int CHECK (amount < 100));
INSERT INTO stock SELECT g, g FROM generate_series(1, 20) AS g;
CREATE TABLE part (sku int REFERENCES stock DEFERRABLE INITIALLY DEFERRED);
INSERT INTO part VALUES (1);
"""


@pytest.fixture
def stock(connect):
    connection = connect()
    connection.autocommit = True
    connection.cursor().execute(STOCK)
    return connection.cursor()


def count(cursor, table="stock"):
    cursor.execute(f"SELECT count(*) FROM {table}")
    return cursor.fetchone()[0]


def only_snapshot(store):
    (summary,) = backstop.snapshots.list(store)
    return backstop.snapshots.show(summary.id, store)


def test_executemany_in_autocommit_commits_set_by_set_as_without_guard(stock, guarded, store, dsn):
    stock.execute("DELETE FROM part")
    db = guarded(snapshot_at="LOW")
    before = dump(dsn)
    with pytest.raises(psycopg2.errors.DivisionByZero):
        db.cursor().executemany("DELETE FROM stock WHERE 12 / %s = sku", [(4,), (3,), (0,), (2,)])
    assert count(stock) == 18
    snapshot = only_snapshot(store)
    assert snapshot.manifest.consistency is Consistency.BEFORE
    assert snapshot.outcome.status is Status.UNKNOWN
    report = backstop.restore(snapshot.manifest.id, storage=store, dsn=dsn)
    assert not report.complete
    assert dump(dsn) == before


def test_what_a_text_committed_before_it_failed_stays_restorable(stock, guarded, store, dsn):
    stock.execute("DELETE FROM part")
    before = dump(dsn)
    db = guarded(autocommit=False)
    with pytest.raises(psycopg2.errors.DivisionByZero):
        db.cursor().execute("DELETE FROM stock; COMMIT; SELECT 1 / 0")
    assert count(stock) == 0
    snapshot = only_snapshot(store)
    assert snapshot.outcome.status is Status.UNKNOWN
    backstop.restore(snapshot.manifest.id, storage=store, dsn=dsn)
    assert dump(dsn) == before


def test_several_statements_in_autocommit_stay_one_transaction(stock, guarded, store):
    with pytest.raises(psycopg2.errors.DivisionByZero):
        guarded().cursor().execute(
            "DELETE FROM stock WHERE sku > 5; SELECT 1 / 0; DELETE FROM part"
        )
    assert (count(stock), count(stock, "part")) == (20, 1)
    assert only_snapshot(store).outcome.status is Status.FAILED


def test_a_commit_that_the_server_refuses_is_a_failed_statement(stock, guarded, store):
    with pytest.raises(psycopg2.errors.ForeignKeyViolation):
        guarded().cursor().execute("DELETE FROM stock")
    assert count(stock) == 20
    assert only_snapshot(store).outcome.status is Status.FAILED


def test_a_statement_that_cannot_be_in_a_transaction_runs_as_it_is(stock, guarded):
    db = guarded(on_snapshot_failure="log")
    db.cursor().execute("VACUUM FULL stock")
    db.cursor().execute("CREATE INDEX CONCURRENTLY i ON stock (amount)")
    db.cursor().execute("DROP INDEX CONCURRENTLY i")


def test_temporary_tables_are_nobody_s_loss(guarded, store, caplog):
    db = guarded(autocommit=False)
    cursor = db.cursor()
    with caplog.at_level(logging.ERROR):
        cursor.execute("CREATE TEMPORARY TABLE scratch (id int)")
        cursor.execute("DELETE FROM scratch")
        cursor.execute("DROP TABLE scratch")
    db.commit()
    assert not caplog.records
    assert backstop.snapshots.list(store) == []


@pytest.mark.usefixtures("stock")
def test_what_does_not_exist_is_no_failure(guarded, store, caplog):
    with caplog.at_level(logging.ERROR):
        guarded().cursor().execute("DROP TABLE IF EXISTS nowhere, nothing.there")
    assert not caplog.records
    assert backstop.snapshots.list(store) == []


@pytest.mark.usefixtures("stock")
def test_what_this_version_cannot_save_is_an_error_in_the_log(guarded, caplog):
    with caplog.at_level(logging.ERROR):
        guarded(on_snapshot_failure="log").cursor().execute(
            "COPY stock TO PROGRAM 'cat > /dev/null'"
        )
    (record,) = caplog.records
    assert "SNAPSHOT FAILED, not restorable" in record.message
    assert record.backstop["backstop.snapshot.error"].startswith("This version can't save")


@pytest.fixture
def old_view(stock, guarded):
    """Open a transaction that has looked at the stock before others changed it."""

    def open_transaction(level):
        stock.execute("DROP TABLE part")
        db = guarded(autocommit=False)
        db.set_session(isolation_level=level)
        cursor = db.cursor()
        cursor.execute("INSERT INTO stock VALUES (100, 10); DELETE FROM stock WHERE sku = 1")
        cursor.execute("SELECT FROM stock WHERE sku = 2 FOR UPDATE")
        stock.execute("INSERT INTO stock VALUES (200, 20); DELETE FROM stock WHERE sku = 3")
        return db

    return open_transaction


@pytest.mark.parametrize("level", ["REPEATABLE READ", "SERIALIZABLE"])
@pytest.mark.parametrize("sql", ["TRUNCATE stock CASCADE", "DROP TABLE stock CASCADE"])
def test_what_others_committed_since_the_first_query_comes_back(
    sql, level, old_view, stock, store, dsn
):
    db = old_view(level)
    db.cursor().execute(sql)
    db.commit()
    snapshot = only_snapshot(store)
    assert snapshot.manifest.consistency is Consistency.EXACT
    assert backstop.restore(snapshot.manifest.id, storage=store, dsn=dsn).complete
    stock.execute("SELECT sku FROM stock ORDER BY sku")
    assert [row[0] for row in stock.fetchall()] == [2, *range(4, 21), 100, 200]


def test_an_old_view_without_a_second_connection_is_said(old_view, stock, store, dsn, monkeypatch):
    def refuse(session, connect_timeout):
        raise backstop.errors.ConnectionFailed("refused")

    monkeypatch.setattr(Psycopg2Session, "beside", refuse)
    db = old_view("REPEATABLE READ")
    db.cursor().execute("TRUNCATE stock CASCADE")
    db.commit()
    snapshot = only_snapshot(store)
    assert snapshot.manifest.consistency is Consistency.NOT_EXACT
    assert not backstop.restore(snapshot.manifest.id, storage=store, dsn=dsn).complete
    stock.execute("SELECT count(*) FROM stock WHERE sku = 200")
    assert stock.fetchone() == (0,)


def test_settings_of_the_user_hold_after_a_snapshot(stock, guarded):
    stock.execute("DELETE FROM part")
    db = guarded(autocommit=False)
    cursor = db.cursor()
    wanted = {"lock_timeout": "7s", "statement_timeout": "50s", "search_path": "public",
              "DateStyle": "SQL, DMY", "IntervalStyle": "iso_8601", "row_security": "on",
              "idle_in_transaction_session_timeout": "1min"}  # fmt: skip
    for name, value in wanted.items():
        cursor.execute(f"SET {name} = {value if ',' in value else repr(value)}")
    cursor.execute("DELETE FROM stock")
    found = {}
    for name in [*wanted, "transaction_read_only"]:
        cursor.execute(f"SHOW {name}")
        found[name] = cursor.fetchone()[0]
    assert found == {**wanted, "transaction_read_only": "off"}


def test_a_question_that_fails_on_its_way_leaves_the_transaction_usable(stock, connect):
    session = Psycopg2Session(connect())
    session.execute("DELETE FROM part")
    # As the application's own statement_timeout may make it.
    asked = savepoints.undone(session, "backstop_reading", "SELECT 1 / 0")
    with pytest.raises(psycopg2.errors.DivisionByZero), asked:
        pytest.fail("nothing was asked")
    assert session.status() is TransactionStatus.IN_TRANSACTION


def test_a_lock_that_others_hold_fails_the_snapshot_in_time_and_nothing_else(
    stock, connect, guarded, store
):
    stock.execute("DELETE FROM part")
    holder = connect()
    holder.cursor().execute("SELECT FROM stock WHERE sku = 1 FOR UPDATE")
    db = guarded(autocommit=False, lock_timeout=0.3)
    db.cursor().execute("INSERT INTO stock VALUES (77, 7)")
    with pytest.raises(backstop.SnapshotFailed, match="lock timeout"):
        db.cursor().execute("TRUNCATE stock CASCADE")
    db.commit()
    holder.rollback()
    assert count(stock) == 21
    assert backstop.snapshots.list(store) == []


def test_rows_that_come_while_we_wait_are_saved_too(stock, connect, guarded, store):
    """The lock is taken first, so that what was committed until then is seen."""
    stock.execute("DELETE FROM part")
    db = guarded(autocommit=False)
    cursor = db.cursor()
    cursor.execute("SELECT count(*) FROM stock")
    stock.execute("INSERT INTO stock VALUES (78, 7)")
    cursor.execute("DELETE FROM stock")
    assert cursor.rowcount == 21
    db.commit()
    snapshot = only_snapshot(store)
    assert snapshot.manifest.rows == 21
    assert snapshot.fate is Fate.COMMITTED


@pytest.mark.parametrize(
    "sql",
    [
        "DELETE FROM stock WHERE stock.sku > 5",
        "WITH stock AS (SELECT 3 AS sku) DELETE FROM stock WHERE stock.sku > 5",
        "UPDATE stock s SET amount = 0 WHERE s.sku > 5",
    ],
)
def test_names_are_those_of_the_search_path(sql, stock, guarded, store, dsn):
    stock.execute("CREATE SCHEMA other; CREATE TABLE other.stock (LIKE stock INCLUDING ALL)")
    stock.execute("INSERT INTO other.stock SELECT g, g FROM generate_series(1, 9) AS g")
    before = dump(dsn)
    db = guarded(snapshot_at="LOW")
    db.cursor().execute("SET search_path = other")
    db.cursor().execute(sql)
    assert dump(dsn) != before
    snapshot = only_snapshot(store).manifest
    assert [(table.label, table.rows) for table in snapshot.tables] == [("other.stock", 4)]
    assert backstop.restore(snapshot.id, storage=store, dsn=dsn).complete
    assert dump(dsn) == before


@pytest.mark.parametrize("table", ["stock", "elsewhere"])
def test_of_a_text_that_moves_names_a_run_tells_what_it_means(table, stock, guarded, store, dsn):
    stock.execute(
        f"CREATE SCHEMA other; CREATE TABLE other.{table} (id int); DROP TABLE part;"
        f"INSERT INTO other.{table} VALUES (1), (2)"
    )
    before = dump(dsn)
    guarded().cursor().execute(f"SET search_path = other; TRUNCATE {table}")
    assert dump(dsn) != before
    manifest = only_snapshot(store).manifest
    assert f"other.{table}" in [table.label for table in manifest.tables]
    assert backstop.restore(manifest.id, storage=store, dsn=dsn).complete
    assert dump(dsn) == before
