"""What is dropped where nothing can be around it comes back: inside its own BEGIN, or outside."""

from __future__ import annotations

import pytest

import backstop
from testing.dumps import dump

SCHEMA = """
CREATE TABLE orders (id int PRIMARY KEY, state text);
INSERT INTO orders SELECT g, 'paid' FROM generate_series(1, 5) AS g;
CREATE INDEX orders_state ON orders (state);
CREATE VIEW paid AS SELECT id FROM orders WHERE state = 'paid';
CREATE FUNCTION twice(n int) RETURNS int LANGUAGE sql AS 'SELECT n * 2';
"""


@pytest.fixture
def round_trip(connect, guarded, store, dsn):
    """Give a function that runs a text in autocommit and takes all its snapshots back."""
    setup = connect()
    setup.autocommit = True
    setup.cursor().execute(SCHEMA)

    def there_and_back(sql, **settings):
        before = dump(dsn)
        db = guarded(**settings)
        db.cursor().execute(sql)
        db.close()
        assert dump(dsn) != before
        snapshots = backstop.snapshots.list(store)
        for snapshot in reversed(snapshots):
            backstop.restore(snapshot.id, storage=store, dsn=dsn)
            backstop.restore(snapshot.id, storage=store, dsn=dsn)
        assert dump(dsn) == before
        return snapshots

    return there_and_back


@pytest.mark.parametrize("settings", [{}, {"snapshot_at": "LOW"}])
@pytest.mark.parametrize(
    "sql",
    [
        "DROP INDEX CONCURRENTLY orders_state",
        "BEGIN; DROP VIEW paid; DROP INDEX orders_state; COMMIT",
        "BEGIN ISOLATION LEVEL SERIALIZABLE; DROP FUNCTION twice; COMMIT",
        "BEGIN; CREATE OR REPLACE FUNCTION twice(n int) RETURNS int LANGUAGE sql AS 'SELECT 1'; "
        "DROP VIEW paid; COMMIT",
    ],
)
def test_what_has_no_rows_comes_back(sql, settings, round_trip):
    (snapshot,) = round_trip(sql, **settings)
    assert snapshot.fate.value == "committed"


def test_rows_and_definitions_of_one_text_come_back_by_two_snapshots(round_trip):
    rows, definitions = round_trip("BEGIN; DELETE FROM orders; DROP VIEW paid; COMMIT")
    assert (rows.rows, definitions.rows) == (5, 0)


@pytest.mark.parametrize(
    "sql", ["BEGIN; DROP VIEW paid; ROLLBACK", "BEGIN; CREATE VIEW new AS SELECT 1; COMMIT"]
)
def test_a_text_that_takes_nothing_has_no_snapshot(sql, connect, guarded, store):
    setup = connect()
    setup.autocommit = True
    setup.cursor().execute(SCHEMA)
    db = guarded()
    db.cursor().execute(sql)
    assert backstop.snapshots.list(store) == []


def test_a_transaction_that_a_text_leaves_open_decides(connect, guarded, store):
    setup = connect()
    setup.autocommit = True
    setup.cursor().execute(SCHEMA)
    db = guarded()
    cursor = db.cursor()
    cursor.execute("BEGIN; DROP VIEW paid")
    cursor.execute("ROLLBACK")
    (snapshot,) = backstop.snapshots.list(store)
    assert snapshot.fate.value == "rolled back"
