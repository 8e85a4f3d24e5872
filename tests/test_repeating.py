"""Run, compare, run again: what a statement touches beyond its text is found, saved and counted."""

from __future__ import annotations

import io
from pathlib import Path

import pytest

import backstop
from testing.dumps import dump
from testing.server_log import ServerLog

pytestmark = pytest.mark.proof

ORDERS = """
CREATE TABLE orders (id int PRIMARY KEY, state text, total int) WITH (autovacuum_enabled = off);
INSERT INTO orders SELECT g, 'open', g FROM generate_series(1, 100) AS g;
CREATE TABLE one (id int PRIMARY KEY); CREATE TABLE two (id int PRIMARY KEY);
CREATE TABLE three (id int PRIMARY KEY); CREATE SEQUENCE runs;
INSERT INTO one VALUES (1); INSERT INTO two VALUES (1); INSERT INTO three VALUES (1);
"""
# A sequence keeps its position when a run is taken back.
EACH_TIME_ANOTHER = """
CREATE FUNCTION wander() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    CASE nextval('runs')
        WHEN 1 THEN DELETE FROM one; WHEN 2 THEN DELETE FROM two; ELSE DELETE FROM three;
    END CASE;
    RETURN NULL;
END $$;
CREATE TRIGGER wanders AFTER DELETE ON orders FOR EACH STATEMENT EXECUTE FUNCTION wander();
"""
EMPTYING = """
CREATE FUNCTION empty_one() RETURNS trigger LANGUAGE plpgsql AS
    $$ BEGIN TRUNCATE one; RETURN NULL; END $$;
CREATE TRIGGER empties AFTER UPDATE ON orders FOR EACH STATEMENT EXECUTE FUNCTION empty_one();
"""
COUNTING = """
CREATE FUNCTION count_run() RETURNS trigger LANGUAGE plpgsql AS
    $$ BEGIN PERFORM nextval('runs'); DELETE FROM one; RETURN NULL; END $$;
CREATE TRIGGER counts AFTER DELETE ON orders FOR EACH STATEMENT EXECUTE FUNCTION count_run();
"""
MANY = """
CREATE TABLE line (order_id int REFERENCES orders ON DELETE CASCADE, n int);
INSERT INTO line SELECT 1, g FROM generate_series(1, 50000) AS g;
CREATE INDEX ON line (order_id);
CREATE TABLE event (id int PRIMARY KEY, kind int) WITH (autovacuum_enabled = off);
INSERT INTO event SELECT g, 1 FROM generate_series(1, 50000) AS g;
ANALYZE event;
UPDATE event SET kind = 2;
"""


@pytest.fixture
def shop(connect):
    """Give a cursor in autocommit on a small shop."""
    connection = connect()
    connection.autocommit = True
    cursor = connection.cursor()
    cursor.execute(ORDERS)
    return cursor


def shown(store):
    (summary,) = backstop.snapshots.list(store)
    return backstop.snapshots.show(summary.id, store)


def count(cursor, table):
    cursor.execute(f"SELECT count(*) FROM {table}")
    return cursor.fetchone()[0]


@pytest.mark.parametrize("autocommit", [True, False])
def test_what_is_another_table_each_time_is_named_after_two_repetitions(
    autocommit, shop, guarded, store, dsn
):
    shop.execute(EACH_TIME_ANOTHER)
    db = guarded(autocommit=autocommit)
    db.cursor().execute("DELETE FROM orders")
    db.commit()
    assert [count(shop, table) for table in ("orders", "one", "two", "three")] == [0, 1, 1, 0]
    snapshot = shown(store)
    assert snapshot.outcome.not_covered == (
        "1 rows of public.three were changed by triggers or functions and are not saved.",
    )
    report = backstop.restore(snapshot.manifest.id, storage=store, dsn=dsn)
    assert not report.complete
    assert (count(shop, "orders"), count(shop, "three")) == (100, 0)


def test_a_table_that_a_trigger_empties_comes_back(shop, comes_back):
    shop.execute(EMPTYING)
    comes_back("UPDATE orders SET total = 0 WHERE id < 3")


@pytest.mark.parametrize("autocommit", [True, False])
def test_however_often_it_ran_a_statement_takes_effect_once(autocommit, shop, guarded):
    shop.execute(COUNTING + "CREATE TABLE log (id int)")
    db = guarded(autocommit=autocommit)
    cursor = db.cursor()
    cursor.execute("DELETE FROM orders; INSERT INTO log VALUES (1)")
    db.commit()
    shop.execute("SELECT last_value FROM runs")
    assert shop.fetchone() == (2,)
    assert (count(shop, "log"), count(shop, "orders"), count(shop, "one")) == (1, 0, 0)


def test_the_second_run_gives_the_application_its_rows_and_its_count(shop, guarded):
    shop.execute(COUNTING)
    cursor = guarded().cursor()
    cursor.execute("DELETE FROM orders WHERE id < 4 RETURNING id")
    assert cursor.rowcount == 3
    assert sorted(cursor.fetchall()) == [(1,), (2,), (3,)]


@pytest.mark.parametrize("settings", [{"snapshot_at": "LOW"}, {"max_rows": 2}])
def test_the_notices_of_a_run_that_was_taken_back_are_not_kept(settings, shop, guarded):
    shop.execute(
        "CREATE FUNCTION tell() RETURNS trigger LANGUAGE plpgsql AS"
        " $$ BEGIN RAISE NOTICE 'told'; DELETE FROM one; RETURN NULL; END $$;"
        "CREATE TRIGGER tells AFTER DELETE ON orders FOR EACH STATEMENT EXECUTE FUNCTION tell()"
    )
    db = guarded(**settings)
    db.cursor().execute("DO $$ BEGIN RAISE NOTICE 'before'; END $$")
    db.cursor().execute("DELETE FROM orders WHERE id < 5")
    assert [notice.strip() for notice in db.notices] == ["NOTICE:  before", "NOTICE:  told"]


def test_what_reaches_other_servers_is_never_run_twice(shop, guarded, store):
    shop.execute(
        COUNTING + "CREATE FUNCTION dblink_exec(text) RETURNS boolean LANGUAGE sql AS 'SELECT true'"
    )
    guarded(snapshot_at="LOW").cursor().execute(
        "DELETE FROM orders WHERE id < 4 AND dblink_exec('elsewhere')"
    )
    shop.execute("SELECT last_value FROM runs")
    assert shop.fetchone() == (1,)
    assert "public.one" in shown(store).outcome.not_covered[0]


@pytest.mark.parametrize("autocommit", [True, False])
def test_what_was_prepared_is_watched_when_it_is_executed(autocommit, shop, guarded, store, dsn):
    db = guarded(autocommit=autocommit, max_rows=10)
    cursor = db.cursor()
    cursor.execute("PREPARE gone (int) AS DELETE FROM orders WHERE id > $1")
    cursor.execute("EXECUTE gone (98)")
    assert backstop.snapshots.list(store) == []
    cursor.execute("EXECUTE gone (10)")
    db.commit()
    assert count(shop, "orders") == 10
    (snapshot,) = backstop.snapshots.list(store)
    assert (snapshot.operation, snapshot.level, snapshot.rows) == ("EXECUTE", "IMPACT_CRITICAL", 88)
    assert backstop.restore(snapshot.id, storage=store, dsn=dsn).complete
    assert count(shop, "orders") == 98


def test_a_copy_from_the_client_is_never_run_twice(shop, guarded):
    shop.execute(
        "CREATE FUNCTION swallow() RETURNS trigger LANGUAGE plpgsql AS"
        " $$ BEGIN DELETE FROM one; RETURN NEW; END $$;"
        "CREATE TRIGGER swallows BEFORE INSERT ON two FOR EACH ROW EXECUTE FUNCTION swallow()"
    )
    guarded(snapshot_at="LOW", on_snapshot_failure="log").cursor().copy_expert(
        "COPY two FROM STDIN", io.StringIO("7\n8\n")
    )
    assert count(shop, "two") == 3


@pytest.mark.parametrize("autocommit", [True, False])
@pytest.mark.parametrize("mode", ["protect", "block"])
@pytest.mark.parametrize(
    ("sql", "rows"),
    [("DELETE FROM orders WHERE id = 1", 50_001), ("DELETE FROM event WHERE kind = 2", 50_000)],
    ids=["carried on by a key", "estimated at one row"],
)
def test_what_takes_fifty_thousand_rows_is_caught(
    sql, rows, mode, autocommit, shop, guarded, store, dsn
):
    shop.execute(MANY)
    shop.execute("EXPLAIN " + sql)
    assert "rows=1 " in shop.fetchall()[1][0]
    before = (count(shop, "orders"), count(shop, "line"), count(shop, "event"))
    db = guarded(mode=mode, autocommit=autocommit)
    if mode == "block":
        with pytest.raises(backstop.StatementBlocked, match="more than 1,000 rows"):
            db.cursor().execute(sql)
        assert backstop.snapshots.list(store) == []
    else:
        db.cursor().execute(sql)
        db.commit()
        (snapshot,) = backstop.snapshots.list(store)
        assert (snapshot.level, snapshot.rows) == ("IMPACT_CRITICAL", rows)
        assert backstop.restore(snapshot.id, storage=store, dsn=dsn).complete
    db.rollback()
    assert (count(shop, "orders"), count(shop, "line"), count(shop, "event")) == before


@pytest.mark.parametrize("autocommit", [True, False])
@pytest.mark.parametrize(
    "sql",
    [
        "UPDATE orders SET total = %s WHERE id = %s",
        "DELETE FROM orders WHERE total = %s AND id = %s",
        "UPDATE stamped SET total = %s WHERE id = %s",
    ],
)
def test_a_write_by_key_costs_no_way_to_the_server_once_it_is_known(
    sql, autocommit, shop, guarded, dsn, postgres_server
):
    shop.execute(
        "CREATE TABLE stamped (id int PRIMARY KEY, total int, changed timestamptz);"
        "CREATE FUNCTION stamp() RETURNS trigger LANGUAGE plpgsql AS"
        " $$ BEGIN NEW.changed = now(); RETURN NEW; END $$;"
        "CREATE TRIGGER stamps BEFORE UPDATE ON stamped FOR EACH ROW EXECUTE FUNCTION stamp();"
        # A key that refuses carries nothing on.
        "CREATE TABLE refusing (id int REFERENCES orders ON UPDATE CASCADE)"
    )
    log = ServerLog(postgres_server, dsn)
    db = guarded(autocommit=autocommit)
    cursor = db.cursor()
    cursor.execute(sql, (0, -1))
    asked = len(log.ours())
    for number in range(1, 6):
        cursor.execute(sql, (number, number))
    db.commit()
    assert len(log.ours()) == asked


@pytest.mark.parametrize(
    ("sql", "refused"),
    [
        ("UPDATE orders SET total = 0 WHERE id = 1", True),
        ("UPDATE orders SET state = 'x' WHERE id = 1", False),
        ("DELETE FROM orders WHERE id = 1", True),
        ("DELETE FROM one WHERE id = 1", False),
    ],
)
def test_a_protected_column_is_critical_where_its_values_go(sql, refused, shop, guarded):
    db = guarded(mode="block", protected_columns=["orders.total"])
    if refused:
        with pytest.raises(backstop.StatementBlocked, match="protected column"):
            db.cursor().execute(sql)
    else:
        db.cursor().execute(sql)


def test_a_level_that_a_run_raised_is_that_of_the_event(shop, guarded, caplog):
    guarded(max_rows=10).cursor().execute("UPDATE orders SET total = 0 WHERE id < 31")
    (record,) = (found for found in caplog.records if found.name == "backstop.statement")
    assert record.backstop["backstop.risk.level"] == "IMPACT_CRITICAL"
    assert "30 rows (max_rows is 10)" in record.backstop["backstop.risk.reason"]
    assert record.backstop["backstop.snapshot.rows"] == 30


def test_a_snapshot_that_fails_after_a_run_leaves_nothing_of_it(
    shop, guarded, store, dsn, monkeypatch
):
    before = dump(dsn)
    db = guarded(autocommit=False, max_rows=10, max_snapshot_bytes=20)
    db.cursor().execute("INSERT INTO one VALUES (2)")
    with pytest.raises(backstop.SnapshotFailed, match="max_snapshot_bytes"):
        db.cursor().execute("DELETE FROM orders WHERE id < 31")
    shop.execute("SELECT FROM orders FOR UPDATE NOWAIT; LOCK orders NOWAIT")
    db.rollback()
    assert dump(dsn) == before
    assert backstop.snapshots.list(store) == []


def test_a_damaged_after_image_is_found_and_stops_the_restore(shop, guarded, store, dsn):
    guarded(snapshot_at="LOW").cursor().execute("UPDATE orders SET id = id + 1000 WHERE id < 4")
    snapshot = shown(store)
    assert backstop.snapshots.verify(snapshot.manifest.id, store).problems == ()
    (written,) = snapshot.outcome.written
    (stored,) = written.objects
    path = Path(store.removeprefix("file://")) / stored.key
    path.write_bytes(path.read_bytes()[:-1] + b"\0")
    assert backstop.snapshots.verify(snapshot.manifest.id, store).problems
    after = dump(dsn)
    with pytest.raises(backstop.SnapshotDamaged):
        backstop.restore(snapshot.manifest.id, storage=store, dsn=dsn)
    assert dump(dsn) == after


@pytest.mark.parametrize("sql", ["INSERT INTO two VALUES (7)", "SELECT lose()"])
@pytest.mark.parametrize("autocommit", [True, False])
def test_rows_that_go_behind_an_insert_or_a_select_come_back(
    autocommit, sql, shop, guarded, store, dsn
):
    shop.execute(
        "CREATE FUNCTION lose() RETURNS void LANGUAGE plpgsql AS $$"
        " BEGIN EXECUTE 'DELETE FROM ' || 'one'; END $$;"
        "CREATE FUNCTION losing() RETURNS trigger LANGUAGE plpgsql AS"
        " $$ BEGIN PERFORM lose(); RETURN NEW; END $$;"
        "CREATE TRIGGER loses AFTER INSERT ON two FOR EACH ROW EXECUTE FUNCTION losing()"
    )
    db = guarded(autocommit=autocommit, snapshot_at="LOW", on_snapshot_failure="log")
    db.cursor().execute(sql)
    db.commit()
    assert count(shop, "one") == 0
    backstop.restore(shown(store).manifest.id, storage=store, dsn=dsn)
    assert count(shop, "one") == 1
    # A plain INSERT's own rows stay.
    assert count(shop, "two") == (2 if sql.startswith("INSERT") else 1)


@pytest.mark.parametrize("autocommit", [True, False])
def test_a_change_that_the_driver_counts_costs_a_savepoint_and_no_question(
    autocommit, shop, guarded, dsn, postgres_server
):
    log = ServerLog(postgres_server, dsn)
    db = guarded(autocommit=autocommit, max_rows=10)
    cursor = db.cursor()
    sql = "UPDATE orders SET total = %s WHERE id < %s"
    cursor.execute(sql, (0, 2))
    asked = len(log.ours())
    for number in range(1, 6):
        cursor.execute(sql, (number, number))
        assert cursor.rowcount == number - 1
    db.commit()
    assert len(log.ours()) == asked + 5 * len(["SAVEPOINT or BEGIN", "RELEASE or COMMIT"])


@pytest.mark.parametrize(
    "sql",
    [
        "SELECT 1; DELETE FROM orders WHERE id > 20",
        "DELETE FROM orders WHERE id > 20; SELECT 1",
        "WITH gone AS (DELETE FROM orders WHERE id > 20 RETURNING id) SELECT count(*) FROM gone",
        "EXPLAIN (ANALYZE, COSTS OFF) DELETE FROM orders WHERE id > 20",
        "DELETE FROM orders WHERE id > 20 -- enough",
        "DELETE FROM orders WHERE id > 20 RETURNING *",
        "CREATE TABLE gone AS WITH d AS (DELETE FROM orders WHERE id > 20 RETURNING id) TABLE d",
        "DELETE FROM summary WHERE id > 20",
        "UPDATE parted SET state = 'x' WHERE id > 20",
        "UPDATE billed SET id = id + 1000 WHERE id > 50",
    ],
)
@pytest.mark.parametrize("autocommit", [True, False])
def test_whatever_counts_a_wide_reach_is_seen(autocommit, sql, shop, guarded, store, dsn):
    shop.execute(
        "CREATE VIEW summary AS SELECT * FROM orders;"
        "CREATE TABLE parted (id int, state text) PARTITION BY RANGE (id);"
        "CREATE TABLE parted_1 PARTITION OF parted FOR VALUES FROM (0) TO (50);"
        "CREATE TABLE parted_2 PARTITION OF parted FOR VALUES FROM (50) TO (500);"
        "INSERT INTO parted SELECT g, 'a' FROM generate_series(1, 100) AS g;"
        "CREATE TABLE billed (id int PRIMARY KEY, n int); INSERT INTO billed VALUES (99), (1);"
        "CREATE TABLE line (id int REFERENCES billed ON UPDATE CASCADE);"
        "INSERT INTO line SELECT 99 FROM generate_series(1, 30)"
    )
    before = dump(dsn)
    db = guarded(autocommit=autocommit, max_rows=10)
    db.cursor().execute(sql)
    db.commit()
    (snapshot,) = backstop.snapshots.list(store)
    assert snapshot.level == "IMPACT_CRITICAL"
    assert backstop.restore(snapshot.id, storage=store, dsn=dsn).complete
    shop.execute("DROP TABLE IF EXISTS gone")
    assert dump(dsn) == before


@pytest.mark.parametrize("autocommit", [True, False])
def test_a_run_that_can_not_be_looked_at_is_saved_whole_once(
    autocommit, shop, guarded, store, dsn, monkeypatch
):
    shop.execute(COUNTING)
    db = guarded(autocommit=autocommit, snapshot_at="LOW")

    def refuse(session, first):
        session.fetch(f"{first}; SELECT (1 / 0)::text" if first else "SELECT (1 / 0)::text")

    monkeypatch.setattr("backstop.postgres.transaction.counters.look", refuse)
    db.cursor().execute("DELETE FROM orders WHERE id IN (SELECT id FROM orders LIMIT 3)")
    db.commit()
    shop.execute("SELECT last_value FROM runs")
    assert shop.fetchone() == (2,)
    snapshot = shown(store)
    assert "It isn't known what the statement touched" in snapshot.outcome.not_covered[0]
    assert not backstop.restore(snapshot.manifest.id, storage=store, dsn=dsn).complete
    assert count(shop, "orders") == 100


def test_what_the_server_does_not_count_is_not_taken_for_nothing(shop, guarded, store):
    shop.execute(
        "CREATE FUNCTION thin() RETURNS int LANGUAGE plpgsql AS "
        "'BEGIN DELETE FROM orders WHERE id > 3; RETURN 1; END';"
        "CREATE LANGUAGE secret HANDLER plpgsql_call_handler VALIDATOR plpgsql_validator;"
        "CREATE FUNCTION unread() RETURNS int LANGUAGE secret AS "
        "'BEGIN DELETE FROM orders; RETURN 1; END'"
    )
    cursor = guarded(on_snapshot_failure="raise").cursor()
    cursor.execute("SET track_counts = off")
    with pytest.raises(backstop.SnapshotFailed, match="can't be measured"):
        cursor.execute("SELECT unread()")
    cursor.execute("SELECT thin()")
    (snapshot,) = backstop.snapshots.list(store)
    assert snapshot.rows == 100
