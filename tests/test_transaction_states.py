"""In whatever state a transaction is, a guarded statement does what it would do without a guard."""

from __future__ import annotations

import contextlib
import logging

import psycopg2
import pytest
from psycopg2 import extensions

import backstop
from backstop.embedded import EmbeddedServer
from backstop.snapshots import Fate, Status
from testing.dumps import dump
from testing.replica import PRIMARY_SETTINGS, replica_of

pytestmark = pytest.mark.proof

SCHEMA = """
CREATE TABLE stock (sku int PRIMARY KEY, amount int, label text, since date, lasts interval,
                    picture bytea);
INSERT INTO stock SELECT g, g, E'a\\\\b''é' || g, date '2024-03-02' + g, g * interval '1 mon 3 h',
                         decode('5c00ff', 'hex') FROM generate_series(1, 9) AS g;
CREATE TABLE part (id int PRIMARY KEY,
                   sku int REFERENCES stock ON DELETE CASCADE DEFERRABLE INITIALLY DEFERRED);
INSERT INTO part SELECT g, g FROM generate_series(1, 9) AS g;
CREATE VIEW low AS SELECT * FROM stock WHERE amount < 5;
CREATE TABLE total (id int PRIMARY KEY, sales int);
INSERT INTO total VALUES (1, 100);
CREATE FUNCTION count_sale() RETURNS trigger LANGUAGE plpgsql AS
$$BEGIN UPDATE total SET sales = sales - old.amount; RETURN NULL; END$$;
CREATE TABLE sale (id int PRIMARY KEY, amount int);
INSERT INTO sale SELECT g, g FROM generate_series(1, 9) AS g;
CREATE TRIGGER count_sale AFTER DELETE ON sale FOR EACH ROW EXECUTE FUNCTION count_sale();
CREATE TABLE earlier (id int);
"""
STATEMENTS = [
    "DELETE FROM stock WHERE sku < 4",
    "UPDATE stock SET amount = amount + 1 WHERE sku < 4",
    "TRUNCATE stock CASCADE",
    "INSERT INTO stock VALUES (2, 20) ON CONFLICT (sku) DO UPDATE SET amount = excluded.amount",
    "DELETE FROM low",
    "DELETE FROM sale WHERE id < 4",
]
SHORT = {sql: " ".join(sql.split()[:3]) for sql in STATEMENTS}
every_statement = pytest.mark.parametrize("sql", STATEMENTS, ids=SHORT.get)


@pytest.fixture
def before(connect, dsn):
    connection = connect()
    connection.autocommit = True
    connection.cursor().execute(SCHEMA)
    return dump(dsn)


def settings_of(connection):
    cursor = connection.cursor()
    # A language's settings appear with the first function that is written in it.
    cursor.execute("DO $$BEGIN END$$; SELECT name, setting FROM pg_settings ORDER BY name")
    return cursor.fetchall()


def count(connection, table="stock"):
    cursor = connection.cursor()
    cursor.execute(f"SELECT count(*) FROM {table}")
    return cursor.fetchone()[0]


def comes_back(store, dsn, before):
    """Restore the only snapshot that something came of; what came earlier is taken away first."""
    assert dump(dsn) != before
    with contextlib.closing(psycopg2.connect(dsn)) as connection, connection:
        connection.cursor().execute("TRUNCATE earlier")
    for summary in reversed(backstop.snapshots.list(store)):
        report = backstop.restore(summary.id, storage=store, dsn=dsn)
        assert report.complete
    assert dump(dsn) == before


def fates(store):
    return [summary.fate for summary in backstop.snapshots.list(store)]


def run_autocommit(db, sql):
    db.autocommit = True
    db.cursor().execute(sql)
    assert db.get_transaction_status() == extensions.TRANSACTION_STATUS_IDLE


def run_in_a_transaction(db, sql):
    db.cursor().execute("INSERT INTO earlier VALUES (1)")
    db.cursor().execute(sql)
    assert db.get_transaction_status() == extensions.TRANSACTION_STATUS_INTRANS
    db.commit()


def run_with_connection(db, sql):
    with db, db.cursor() as cursor:
        cursor.execute("INSERT INTO earlier VALUES (1)")
        cursor.execute(sql)


def run_with_autocommit_connection(db, sql):
    db.autocommit = True
    run_with_connection(db, sql)


def run_between_begin_and_commit(db, sql):
    db.autocommit = True
    cursor = db.cursor()
    cursor.execute("BEGIN")
    cursor.execute("INSERT INTO earlier VALUES (1)")
    cursor.execute(sql)
    assert db.get_transaction_status() == extensions.TRANSACTION_STATUS_INTRANS
    cursor.execute("COMMIT")


def run_behind_a_savepoint(db, sql):
    cursor = db.cursor()
    cursor.execute("SAVEPOINT mine")
    cursor.execute("INSERT INTO earlier VALUES (1)")
    cursor.execute(sql)
    cursor.execute("RELEASE mine")
    db.commit()


def run_behind_a_savepoint_rolled_back(db, sql):
    cursor = db.cursor()
    cursor.execute("SAVEPOINT mine")
    with pytest.raises(psycopg2.errors.DivisionByZero):
        cursor.execute("SELECT 1 / 0")
    cursor.execute("ROLLBACK TO mine")
    cursor.execute(sql)
    cursor.execute("SAVEPOINT mine")
    cursor.execute("INSERT INTO earlier VALUES (1)")
    cursor.execute("ROLLBACK TO mine")
    db.commit()


STATES = [run_autocommit, run_in_a_transaction, run_with_connection,
          run_with_autocommit_connection, run_between_begin_and_commit, run_behind_a_savepoint,
          run_behind_a_savepoint_rolled_back]  # fmt: skip


@every_statement
@pytest.mark.parametrize("state", STATES, ids=lambda state: state.__name__)
def test_in_every_state_it_comes_back_and_no_setting_changes(
    state, sql, before, guarded, store, dsn
):
    db = guarded(autocommit=False, snapshot_at="LOW")
    settings = settings_of(db)
    db.rollback()
    state(db, sql)
    assert settings_of(db) == settings
    db.rollback()
    assert set(fates(store)) == {Fate.COMMITTED}
    comes_back(store, dsn, before)


@every_statement
def test_a_savepoint_of_the_users_takes_it_back(sql, before, guarded, store, dsn):
    db = guarded(autocommit=False, snapshot_at="LOW")
    cursor = db.cursor()
    cursor.execute("SAVEPOINT mine")
    cursor.execute(sql)
    cursor.execute("ROLLBACK TO mine")
    db.commit()
    assert dump(dsn) == before
    assert set(fates(store)) == {Fate.ROLLED_BACK}
    for summary in backstop.snapshots.list(store):
        backstop.restore(summary.id, storage=store, dsn=dsn)
    assert dump(dsn) == before


@every_statement
@pytest.mark.parametrize(
    "level", ["READ UNCOMMITTED", "READ COMMITTED", "REPEATABLE READ", "SERIALIZABLE"]
)
def test_at_every_isolation_level(level, sql, before, guarded, store, dsn):
    db = guarded(autocommit=False, snapshot_at="LOW")
    db.set_session(isolation_level=level)
    settings = settings_of(db)
    db.cursor().execute("INSERT INTO earlier VALUES (1)")
    db.cursor().execute(sql)
    assert settings_of(db) == settings
    db.commit()
    if sql.startswith("TRUNCATE") and level in ("REPEATABLE READ", "SERIALIZABLE"):
        # The transaction's view may be older than what goes: the restore says so.
        (summary,) = backstop.snapshots.list(store)
        backstop.restore(summary.id, storage=store, dsn=dsn)
        assert count(db, "stock") == count(db, "part") == 9
    else:
        comes_back(store, dsn, before)


@every_statement
@pytest.mark.parametrize("autocommit", [True, False])
def test_a_read_only_transaction_refuses_it_itself(
    autocommit, sql, before, guarded, store, dsn, caplog
):
    db = guarded(autocommit=autocommit, snapshot_at="LOW")
    db.set_session(readonly=True)
    settings = settings_of(db)
    with (
        caplog.at_level(logging.ERROR),
        pytest.raises(psycopg2.errors.ReadOnlySqlTransaction),
    ):
        db.cursor().execute(sql)
    db.rollback()
    assert settings_of(db) == settings
    assert dump(dsn) == before
    assert not [record for record in caplog.records if "SNAPSHOT FAILED" in record.message]
    listed = backstop.snapshots.list(store)
    assert Status.SUCCEEDED not in [summary.status for summary in listed]


@every_statement
def test_a_transaction_that_has_failed_refuses_it_itself(sql, before, guarded, store, dsn):
    db = guarded(autocommit=False, snapshot_at="LOW")
    with pytest.raises(psycopg2.errors.DivisionByZero):
        db.cursor().execute("SELECT 1 / 0")
    with pytest.raises(psycopg2.errors.InFailedSqlTransaction):
        db.cursor().execute(sql)
    db.commit()
    assert dump(dsn) == before
    assert backstop.snapshots.list(store) == []


@pytest.mark.parametrize("end", ["COMMIT", "END", "COMMIT AND CHAIN"])
@pytest.mark.usefixtures("before")
def test_a_commit_of_a_transaction_that_has_failed_is_a_rollback(end, guarded, store):
    db = guarded(autocommit=False, snapshot_at="LOW")
    db.cursor().execute("DELETE FROM stock WHERE sku < 4")
    with pytest.raises(psycopg2.errors.DivisionByZero):
        db.cursor().execute("SELECT 1 / 0")
    db.cursor().execute(end)
    assert fates(store) == [Fate.ROLLED_BACK]


@pytest.mark.parametrize("immediate", [True, False])
def test_deferred_constraints_are_checked_when_they_would_be(immediate, before, guarded, store):
    db = guarded(autocommit=False, snapshot_at="LOW")
    cursor = db.cursor()
    if immediate:
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
        with pytest.raises(psycopg2.errors.ForeignKeyViolation):
            cursor.execute("UPDATE part SET sku = 77 WHERE id = 1")
    else:
        cursor.execute("UPDATE part SET sku = 77 WHERE id = 1")
        cursor.execute("DELETE FROM stock WHERE sku < 4")
        with pytest.raises(psycopg2.errors.ForeignKeyViolation):
            db.commit()
    db.rollback()
    assert count(db) == count(db, "part") == 9
    assert Fate.COMMITTED not in fates(store)


@pytest.mark.parametrize("fails", [False, True])
@pytest.mark.parametrize("local", ["", "LOCAL "])
def test_the_users_time_limits_stay(local, fails, before, connect, guarded, store):
    db = guarded(autocommit=False, snapshot_at="LOW", lock_timeout=0.1, on_snapshot_failure="log")
    cursor = db.cursor()
    for name in ("statement_timeout", "lock_timeout", "idle_in_transaction_session_timeout"):
        cursor.execute(f"SET {local}{name} = '7s'")
    settings = settings_of(db)
    if fails:
        holder = connect()
        holder.cursor().execute("UPDATE stock SET amount = 0 WHERE sku = 9")
    cursor.execute("DELETE FROM stock WHERE sku < 4")
    assert settings_of(db) == settings
    assert len(backstop.snapshots.list(store)) == (0 if fails else 1)
    db.commit()
    if not local:
        assert settings_of(db) == settings


def test_the_users_lock_timeout_holds_for_the_statement(before, connect, guarded):
    holder = connect()
    holder.cursor().execute("SELECT FROM stock WHERE sku = 1 FOR UPDATE")
    db = guarded(autocommit=False, snapshot_at="LOW")
    db.cursor().execute("SET lock_timeout = '100ms'")
    with pytest.raises(psycopg2.errors.LockNotAvailable):
        db.cursor().execute("DELETE FROM stock WHERE sku < 4")


ODD = {
    "client_encoding LATIN1": "SET client_encoding = LATIN1",
    "client_encoding SQL_ASCII": "SET client_encoding = SQL_ASCII",
    "client_encoding EUC_JP": "SET client_encoding = EUC_JP",
    "DateStyle": "SET DateStyle = 'SQL, DMY'",
    "IntervalStyle": "SET IntervalStyle = 'iso_8601'",
    "search_path": "SET search_path = pg_catalog, public",
    "bytea_output": "SET bytea_output = 'escape'",
    "standard_conforming_strings": "SET standard_conforming_strings = off",
    "extra_float_digits": "SET extra_float_digits = -5",
    "default_transaction_read_only": "SET default_transaction_read_only = off",
    "row_security": "SET row_security = on",
    "TimeZone": "SET TimeZone = 'Asia/Kathmandu'",
}


@pytest.mark.parametrize("autocommit", [True, False])
@pytest.mark.parametrize("name", ODD)
def test_odd_settings_stay_and_mean_what_they_mean(name, autocommit, before, guarded, store, dsn):
    sql = "DELETE FROM stock WHERE since < '05/03/2024' OR label = 'a\\b''nothing'"
    db = guarded(autocommit=autocommit, snapshot_at="LOW")
    db.cursor().execute(ODD[name])
    if not autocommit:
        db.commit()
    settings = settings_of(db)
    db.cursor().execute(sql)
    assert settings_of(db) == settings
    if not autocommit:
        db.commit()
    # The 5th of March where days come first, else the 3rd of May.
    assert count(db) == (7 if name == "DateStyle" else 0)
    comes_back(store, dsn, before)


@pytest.fixture(scope="module")
def preparing_server():
    with EmbeddedServer(settings={"max_prepared_transactions": "5"}) as server:
        yield server


@pytest.mark.parametrize("end", ["commit", "rollback"])
def test_two_phases_end_with_a_fate_that_is_not_known(end, preparing_server, store):
    dsn = preparing_server.create_database(f"prepared_{end}")
    with contextlib.closing(psycopg2.connect(dsn)) as raw:
        raw.cursor().execute(SCHEMA)
        raw.commit()
        before = dump(dsn)
        db = backstop.guard(raw, storage=store, actor="tester", snapshot_at="LOW")
        settings = settings_of(db)
        db.rollback()
        db.tpc_begin(db.xid(1, "global", "branch"))
        db.cursor().execute("INSERT INTO earlier VALUES (1)")
        db.cursor().execute("DELETE FROM stock WHERE sku < 4")
        db.tpc_prepare()
        assert dump(dsn) == before
        db.tpc_commit() if end == "commit" else db.tpc_rollback()
        assert settings_of(db) == settings
        db.rollback()
    (snapshot,) = backstop.snapshots.list(store)
    assert snapshot.fate is not (Fate.ROLLED_BACK if end == "commit" else Fate.COMMITTED)
    if end == "commit":
        comes_back(store, dsn, before)
    else:
        backstop.restore(snapshot.id, storage=store, dsn=dsn)
        assert dump(dsn) == before


def test_what_ended_with_a_prepared_transaction_is_not_relied_on(preparing_server, store):
    dsn = preparing_server.create_database("prepared_settings")
    with contextlib.closing(psycopg2.connect(dsn)) as raw:
        raw.autocommit = True
        raw.cursor().execute(
            "CREATE SCHEMA near; CREATE SCHEMA far; CREATE TABLE near.orders (id int PRIMARY KEY);"
            "CREATE TABLE far.orders AS SELECT 1 AS id FROM generate_series(1, 3000)"
        )
        cursor = backstop.guard(raw, storage=store, actor="tester").cursor()
        cursor.execute("SET search_path = far")
        cursor.execute("BEGIN")
        cursor.execute("SET LOCAL search_path = near")
        cursor.execute("DELETE FROM orders WHERE id = 1")
        cursor.execute("PREPARE TRANSACTION 'near'")
        cursor.execute("DELETE FROM orders WHERE id = 1")
        cursor.execute("ROLLBACK PREPARED 'near'")
    (snapshot,) = backstop.snapshots.list(store)
    assert snapshot.rows == 3000


def test_a_replica_refuses_it_itself(store, caplog):
    with EmbeddedServer(settings=PRIMARY_SETTINGS) as primary:
        with contextlib.closing(psycopg2.connect(primary.dsn())) as raw:
            raw.cursor().execute(SCHEMA)
            raw.commit()
        with replica_of(primary) as dsn, contextlib.closing(psycopg2.connect(dsn)) as raw:
            db = backstop.guard(raw, storage=store, actor="tester", snapshot_at="LOW")
            for sql in STATEMENTS:
                with (
                    caplog.at_level(logging.ERROR),
                    pytest.raises(psycopg2.errors.ReadOnlySqlTransaction),
                ):
                    db.cursor().execute(sql)
                db.rollback()
            assert count(db) == 9
            db.rollback()
    assert not caplog.records
    assert backstop.snapshots.list(store) == []
