"""The promise of the first page: a table is lost, and one command brings it back."""

from __future__ import annotations

import logging
import os
import sys
import time

import psycopg2
import pytest

import backstop
from testing.dumps import dump

USERS = """
CREATE TABLE users (id serial PRIMARY KEY, email text UNIQUE, balance numeric DEFAULT 0);
INSERT INTO users (email) SELECT 'u' || g || '@example.org' FROM generate_series(1, 1000) AS g;
"""
UNREACHABLE = "s3://snapshots@http://127.0.0.1:9?connect_timeout=1&max_attempts=1"


@pytest.fixture
def users(connect):
    connection = connect()
    connection.autocommit = True
    connection.cursor().execute(USERS)


@pytest.mark.usefixtures("users")
def test_a_deleted_table_comes_back_from_s3_with_one_command(dsn, s3_url, monkeypatch, command):
    monkeypatch.setenv("DATABASE_URL", dsn)
    before = dump(dsn)
    raw_conn = psycopg2.connect(os.environ["DATABASE_URL"])
    db = backstop.guard(conn=raw_conn, storage=s3_url, actor="gpt-4-agent", mode="protect")
    cursor = db.cursor()
    cursor.execute("SELECT * FROM users WHERE id = %s", (7,))
    assert len(cursor.fetchall()) == 1
    cursor.execute("DELETE FROM users")
    assert cursor.rowcount == 1000
    db.commit()
    db.close()
    assert dump(dsn) != before

    (listed,) = command("snapshots", "list", "--storage", s3_url, "--json").json
    assert listed["tables"] == ["public.users"]
    assert (listed["rows"], listed["actor"], listed["operation"]) == (1000, "gpt-4-agent", "DELETE")
    assert listed["fate"] == "committed"
    assert command("restore", listed["id"], "--dsn", dsn, "--storage", s3_url).returncode == 0
    assert dump(dsn) == before
    assert command("restore", listed["id"], "--dsn", dsn, "--storage", s3_url).returncode == 0
    assert dump(dsn) == before


@pytest.mark.usefixtures("users")
def test_with_storage_down_the_statement_runs_and_earlier_work_commits(connect, dsn, caplog):
    db = backstop.guard(connect(), storage=UNREACHABLE, actor="agent")
    cursor = db.cursor()
    cursor.execute("CREATE TABLE earlier (id int); INSERT INTO earlier VALUES (1)")
    started = time.monotonic()
    with caplog.at_level(logging.ERROR, logger="backstop"):
        cursor.execute("DELETE FROM users")
    assert time.monotonic() - started < 15
    assert cursor.rowcount == 1000
    db.commit()
    assert any("SNAPSHOT FAILED" in record.message for record in caplog.records)
    check = connect().cursor()
    check.execute("SELECT (SELECT count(*) FROM users), (SELECT count(*) FROM earlier)")
    assert check.fetchone() == (0, 1)


@pytest.mark.usefixtures("users")
def test_with_storage_down_no_lock_of_ours_stays(connect):
    db = backstop.guard(connect(), storage=UNREACHABLE, actor="agent", on_snapshot_failure="raise")
    db.cursor().execute("INSERT INTO users (email) VALUES ('mine')")
    with pytest.raises(backstop.SnapshotFailed, match="DELETE was not run"):
        db.cursor().execute("DELETE FROM users")
    other = connect()
    other.cursor().execute("SET lock_timeout = '1s'; LOCK TABLE users IN ROW EXCLUSIVE MODE")
    db.commit()
    other.rollback()
    cursor = other.cursor()
    cursor.execute("SELECT count(*) FROM users")
    assert cursor.fetchone() == (1001,)


@pytest.mark.usefixtures("users")
def test_while_storage_keeps_us_waiting_no_table_is_locked(connect, monkeypatch):
    """A put that hangs stands for a store that doesn't answer."""
    other = connect()
    looked = []

    def look_around(storage, key, data):
        other.cursor().execute("LOCK TABLE users IN ACCESS EXCLUSIVE MODE NOWAIT")
        other.rollback()
        looked.append(key)
        raise backstop.StorageUnreachable("no answer")

    monkeypatch.setattr("backstop.storage.s3.S3Storage.put", look_around)
    db = backstop.guard(connect(), storage="s3://nowhere", actor="agent")
    db.cursor().execute("TRUNCATE users")
    db.rollback()
    assert len(looked) == 1


def test_a_configured_service_needs_only_the_connection(connect, store, monkeypatch):
    for name, value in (("STORAGE", store), ("ACTOR", "svc"), ("MODE", "block")):
        monkeypatch.setenv(f"BACKSTOP_{name}", value)
    db = backstop.guard(connect())
    with pytest.raises(PermissionError):
        db.cursor().execute("DROP TABLE pg_class")
    assert db.info.transaction_status == 0


def test_several_snapshots_of_one_transaction_restored_newest_first_undo_it(
    connect, guarded, store, dsn
):
    connect_setup = connect()
    connect_setup.autocommit = True
    connect_setup.cursor().execute(USERS)
    before = dump(dsn)
    db = guarded(autocommit=False)
    cursor = db.cursor()
    cursor.execute("UPDATE users SET balance = 1")
    cursor.execute("UPDATE users SET balance = balance + 1, email = email || '.old'")
    cursor.execute("DELETE FROM users")
    db.commit()
    snapshots = backstop.snapshots.list(store)
    assert [snapshot.operation for snapshot in snapshots] == ["UPDATE", "UPDATE", "DELETE"]
    for snapshot in reversed(snapshots):
        assert backstop.restore(snapshot.id, storage=store, dsn=dsn).complete
    assert dump(dsn) == before


@pytest.mark.skipif(sys.platform != "linux", reason="reads memory from /proc")
def test_a_million_rows_come_back_and_memory_stays_flat(connect, moto_url, dsn, measured_delete):
    setup = connect()
    setup.autocommit = True
    setup.cursor().execute(
        "CREATE TABLE big (id bigint PRIMARY KEY, a text, b timestamptz, c numeric);"
        "INSERT INTO big SELECT g, md5(g::text), timestamptz '2026-01-01' + g * interval '1 s',"
        " g / 7.0 FROM generate_series(1, 1000000) AS g"
    )
    checksum = "SELECT count(*), md5(string_agg(md5(big::text), '' ORDER BY id)) FROM big"
    cursor = setup.cursor()
    cursor.execute(checksum)
    before = cursor.fetchone()
    plain = measured_delete(dsn, "unguarded", moto_url)
    protected = measured_delete(dsn, "protect", moto_url)
    print(f"peak memory: {plain:,} KiB unguarded, {protected:,} KiB protected")  # noqa: T201
    assert protected - plain < 64 * 1024
    (snapshot,) = backstop.snapshots.list(moto_url)
    assert snapshot.rows == 1_000_000
    assert backstop.restore(snapshot.id, storage=moto_url, dsn=dsn).complete
    cursor.execute(checksum)
    assert cursor.fetchone() == before
