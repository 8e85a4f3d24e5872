"""Texts with their own BEGIN and COMMIT, and statements that no transaction may be around."""

from __future__ import annotations

import pytest

import backstop
from testing.dumps import dump

pytestmark = pytest.mark.proof

SHOP = """
CREATE SCHEMA shop;
CREATE TABLE shop.customers (id int PRIMARY KEY, name text);
CREATE INDEX customers_name ON shop.customers (name) WHERE id > 1;
CREATE VIEW shop.names AS SELECT name FROM shop.customers;
CREATE TABLE shop.orders (id int PRIMARY KEY, customer int REFERENCES shop.customers, note text);
CREATE TABLE events (id int, at date) PARTITION BY RANGE (at);
CREATE TABLE events_1 PARTITION OF events FOR VALUES FROM ('2025-01-01') TO ('2026-01-01');
INSERT INTO shop.customers SELECT g, 'n' || g FROM generate_series(1, 9) AS g;
INSERT INTO shop.orders SELECT g, g, 'o' || g FROM generate_series(1, 9) AS g;
INSERT INTO events VALUES (1, '2025-05-05');
"""


@pytest.fixture(autouse=True)
def shop(connect):
    connection = connect()
    connection.autocommit = True
    connection.cursor().execute(SHOP)
    return connection.cursor()


@pytest.fixture
def undone_all(guarded, store, dsn):
    """Give a function that runs texts, restores every snapshot, and compares the dumps."""

    def round_trip(*texts, autocommit=True):
        before = dump(dsn)
        connection = guarded(snapshot_at="LOW", autocommit=autocommit)
        for text in texts:
            connection.cursor().execute(text)
        connection.commit()
        connection.close()
        changed = dump(dsn) != before
        reports = [
            backstop.restore(snapshot.id, storage=store, dsn=dsn)
            for snapshot in reversed(backstop.snapshots.list(store))
        ]
        assert dump(dsn) == before
        assert [report.conflicts + report.problems for report in reports] == [[]] * len(reports)
        return changed, [report.plan.not_covered for report in reports]

    return round_trip


@pytest.mark.parametrize("autocommit", [True, False])
@pytest.mark.parametrize(
    "sql",
    [
        "BEGIN; DROP SCHEMA shop CASCADE; COMMIT",
        "BEGIN; DROP INDEX shop.customers_name; COMMIT",
        "START TRANSACTION; DROP VIEW shop.names; ALTER TABLE shop.orders DROP COLUMN note; END",
        "BEGIN; DELETE FROM shop.orders; COMMIT; BEGIN; DROP TABLE shop.customers CASCADE; COMMIT",
        "BEGIN; DO $$ BEGIN DELETE FROM shop.orders; EXECUTE 'DROP TABLE events'; END $$; COMMIT",
        "BEGIN; SAVEPOINT a; DROP TABLE events; ROLLBACK TO a; DELETE FROM events; COMMIT",
        "BEGIN; DELETE FROM events; SAVEPOINT a; DELETE FROM shop.orders; ROLLBACK TO a; COMMIT",
        "BEGIN; UPDATE shop.orders SET note = 'x' WHERE id = 1; TRUNCATE events; COMMIT",
        "BEGIN; ALTER TABLE shop.orders ALTER note TYPE varchar(1) USING left(note, 1); COMMIT",
        "BEGIN; DELETE FROM shop.orders; INSERT INTO shop.orders VALUES (5, 1), (77, 1); COMMIT",
        "BEGIN; TRUNCATE events; INSERT INTO events VALUES (2, '2025-02-02'); COMMIT",
    ],
)
def test_what_a_text_with_its_own_transaction_takes_comes_back(sql, autocommit, undone_all):
    changed, said = undone_all(sql, autocommit=autocommit)
    assert changed
    # In autocommit nothing can keep others from writing between the snapshot and the text.
    assert [("consistency is 'before'" in " ".join(one)) for one in said] == [autocommit]


@pytest.mark.parametrize(
    "sql",
    [
        "DROP INDEX CONCURRENTLY shop.customers_name",
        "DROP INDEX CONCURRENTLY IF EXISTS shop.customers_name RESTRICT",
    ],
)
def test_what_is_dropped_concurrently_comes_back(sql, undone_all):
    assert undone_all(sql)[0]


def test_a_partition_that_is_detached_concurrently_comes_back_with_its_new_check(
    connect, shop, guarded, store, dsn
):
    if connect().server_version < 140000:
        pytest.skip("this server is older than 140000")
    guarded().cursor().execute("ALTER TABLE events DETACH PARTITION events_1 CONCURRENTLY")
    (snapshot,) = backstop.snapshots.list(store)
    report = backstop.restore(snapshot.id, storage=store, dsn=dsn)
    assert "leaves a CHECK constraint" in report.plan.not_covered[0]
    shop.execute("SELECT tableoid::regclass::text FROM events")
    assert shop.fetchall() == [("events_1",)]


@pytest.mark.parametrize(
    "texts",
    [
        ["BEGIN; DELETE FROM events; ROLLBACK; DELETE FROM shop.orders"],
        ["BEGIN; DELETE FROM events; SAVEPOINT a; DELETE FROM shop.orders", "ROLLBACK TO a", "END"],
        ["DELETE FROM events; COMMIT; BEGIN; DELETE FROM shop.orders", "ROLLBACK"],
        ["BEGIN", "DELETE FROM events", "ROLLBACK; DELETE FROM shop.orders; COMMIT"],
    ],
)
def test_a_text_that_is_rolled_back_in_part_still_counts(texts, undone_all):
    assert undone_all(*texts)[0]


def test_a_text_that_takes_all_of_itself_back_has_nothing_to_restore(guarded, store, dsn):
    guarded().cursor().execute("BEGIN; DELETE FROM events; ROLLBACK")
    for snapshot in backstop.snapshots.list(store):
        plan = backstop.restore(snapshot.id, storage=store, dsn=dsn).plan
        assert plan.nothing_to_do is not None


def test_a_text_that_cannot_be_run_in_one_transaction_is_saved_by_its_words(
    guarded, store, dsn, shop
):
    before = dump(dsn)
    sql = "BEGIN; DELETE FROM shop.orders; COMMIT; VACUUM events"
    with pytest.raises(Exception, match="VACUUM cannot run"):
        guarded().cursor().execute(sql)
    shop.execute("SELECT count(*) FROM shop.orders")
    assert shop.fetchone() == (0,)
    (snapshot,) = backstop.snapshots.list(store)
    backstop.restore(snapshot.id, storage=store, dsn=dsn)
    assert dump(dsn) == before


@pytest.mark.parametrize(
    "sql",
    [
        "DROP INDEX CONCURRENTLY shop.customers_name",
        "BEGIN; DROP VIEW shop.names; DROP INDEX shop.customers_name; COMMIT",
        "BEGIN ISOLATION LEVEL SERIALIZABLE; ALTER VIEW shop.names RENAME TO others; COMMIT",
    ],
)
def test_what_takes_only_definitions_is_saved_by_default(sql, guarded, store, dsn):
    before = dump(dsn)
    guarded().cursor().execute(sql)
    (snapshot,) = backstop.snapshots.list(store)
    assert snapshot.fate.value == "committed"
    backstop.restore(snapshot.id, storage=store, dsn=dsn)
    assert dump(dsn) == before


@pytest.mark.parametrize(
    "sql", ["BEGIN; DROP VIEW shop.names; ROLLBACK", "BEGIN; CREATE VIEW new AS SELECT 1; COMMIT"]
)
def test_a_text_that_takes_nothing_has_no_snapshot(sql, guarded, store):
    guarded().cursor().execute(sql)
    assert backstop.snapshots.list(store) == []


def test_a_transaction_that_a_text_leaves_open_decides(guarded, store):
    cursor = guarded().cursor()
    cursor.execute("BEGIN; DROP VIEW shop.names")
    cursor.execute("ROLLBACK")
    (snapshot,) = backstop.snapshots.list(store)
    assert snapshot.fate.value == "rolled back"


def test_a_text_that_only_adds_runs_once(shop, guarded, store):
    shop.execute("CREATE SEQUENCE runs")
    shop.execute(
        "CREATE FUNCTION counted(int) RETURNS bigint LANGUAGE sql IMMUTABLE "
        "AS 'SELECT nextval(''public.runs'')'"
    )
    guarded().cursor().execute("BEGIN; CREATE INDEX ON events_1 (public.counted(id)); COMMIT")
    shop.execute("SELECT last_value FROM runs")
    assert shop.fetchone() == (1,)
    assert backstop.snapshots.list(store) == []


@pytest.mark.parametrize(
    "sql",
    [
        "SELECT pg_advisory_lock(7); DROP VIEW shop.names",
        "SELECT pg_try_advisory_lock_shared(7); BEGIN; DELETE FROM shop.orders; COMMIT",
    ],
)
def test_a_lock_of_the_session_is_taken_only_once(sql, guarded, connect):
    connection = guarded()
    connection.cursor().execute(sql)
    watching = connect().cursor()
    watching.execute("SELECT count(*) FROM pg_locks WHERE locktype = 'advisory'")
    assert watching.fetchone() == (1,)
    cursor = connection.cursor()
    unlock = "pg_advisory_unlock_shared(7)" if "shared" in sql else "pg_advisory_unlock(7)"
    cursor.execute(f"SELECT {unlock}")
    cursor.execute(f"SELECT {unlock}")
    assert cursor.fetchone() == (False,)


PROCEDURES = """
CREATE FUNCTION shop.empty(int) RETURNS void LANGUAGE sql AS 'TRUNCATE public.events';
CREATE PROCEDURE shop.clear(kept int) LANGUAGE plpgsql AS $$ BEGIN
    DELETE FROM shop.orders WHERE id > kept;
    COMMIT;
    PERFORM shop.empty(1);
    DROP TABLE shop.customers CASCADE;
    UPDATE shop.orders SET note = 'x';
END $$;
CREATE PROCEDURE shop.all() LANGUAGE plpgsql AS $$ BEGIN CALL shop.clear(4); COMMIT; END $$;
CREATE PROCEDURE shop.hidden() LANGUAGE plpgsql AS $$ BEGIN
    DELETE FROM shop.orders;
    COMMIT;
    EXECUTE 'DELETE FROM events';
END $$;
"""


@pytest.mark.parametrize(
    "sql",
    [
        "CALL shop.clear(3)",
        "CALL shop.all()",
        "DO $$ BEGIN DELETE FROM shop.orders; COMMIT; TRUNCATE events; END $$",
    ],
)
def test_what_the_code_of_a_procedure_names_comes_back_though_it_commits_inside(
    sql, shop, undone_all
):
    shop.execute(PROCEDURES)
    changed, said = undone_all(sql)
    assert changed
    assert "Code that commits inside can't be tried out" in " ".join(said[0])


def test_what_such_code_puts_together_at_run_time_is_named_as_not_saved(shop, guarded, store, dsn):
    shop.execute(PROCEDURES)
    guarded().cursor().execute("CALL shop.hidden()")
    (snapshot,) = backstop.snapshots.list(store)
    assert snapshot.tables == ("shop.orders",)
    report = backstop.restore(snapshot.id, storage=store, dsn=dsn)
    assert "put together at run time (EXECUTE)" in " ".join(report.plan.not_covered)
    assert not report.complete


PROGRAM = "COPY (SELECT 1) TO PROGRAM 'cat > /dev/null'"


@pytest.mark.parametrize("autocommit", [True, False])
@pytest.mark.parametrize(
    "rest",
    [
        "DROP SCHEMA shop CASCADE",
        "DROP VIEW shop.names",
        "ALTER TABLE shop.orders DROP COLUMN note; DELETE FROM events",
        "ALTER TABLE shop.orders ALTER note TYPE varchar(1) USING left(note, 1)",
    ],
)
def test_what_stands_beside_a_command_that_no_rollback_takes_back_comes_back(
    rest, autocommit, undone_all
):
    changed, said = undone_all(f"{PROGRAM}; {rest}", autocommit=autocommit)
    assert changed
    assert (
        "What no rollback takes back was not tried out, and what it destroys is not saved: COPY."
    ) in said[0]
