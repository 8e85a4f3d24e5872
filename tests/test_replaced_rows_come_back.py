"""Rows that a statement puts in place of others go again when these come back."""

from __future__ import annotations

import pytest

import backstop

pytestmark = pytest.mark.proof

SETUP = """
CREATE TABLE keyed (id int PRIMARY KEY, place int UNIQUE, name text);
INSERT INTO keyed SELECT g, g, 'n' || g FROM generate_series(1, 6) AS g;
CREATE TABLE keyless (id int, name text);
INSERT INTO keyless SELECT g % 4, 'n' || g % 3 FROM generate_series(1, 12) AS g;
CREATE TABLE whole (id int PRIMARY KEY, name text) PARTITION BY RANGE (id);
CREATE TABLE low PARTITION OF whole FOR VALUES FROM (0) TO (10);
CREATE TABLE rest PARTITION OF whole DEFAULT;
INSERT INTO whole SELECT g, 'n' FROM generate_series(5, 15) AS g;
CREATE FUNCTION refresh() RETURNS void LANGUAGE plpgsql AS $$ BEGIN
    TRUNCATE keyed, keyless;
    INSERT INTO keyed SELECT g, 9 - g, 'x' FROM generate_series(3, 8) AS g;
    INSERT INTO keyless SELECT g, 'x' FROM generate_series(1, 3) AS g;
END $$;
"""


@pytest.fixture
def setup(connect):
    connection = connect()
    connection.autocommit = True
    cursor = connection.cursor()
    cursor.execute(SETUP)
    return cursor


@pytest.mark.usefixtures("setup")
@pytest.mark.parametrize(
    "sql",
    [
        "DELETE FROM keyed; INSERT INTO keyed SELECT g, 9 - g, 'x' FROM generate_series(1, 8) AS g",
        "DELETE FROM keyless; INSERT INTO keyless SELECT id, 'x' FROM keyed",
        "TRUNCATE keyed; INSERT INTO keyed VALUES (3, 5, 'x'), (70, 6, 'y')",
        "TRUNCATE keyless; INSERT INTO keyless VALUES (3, 'x'), (1, 'n1')",
        "TRUNCATE keyless; INSERT INTO keyless VALUES (3, 'x'); TRUNCATE keyless",
        "DELETE FROM whole WHERE id IN (7, 12); INSERT INTO whole VALUES (1, 'z'), (7, 'q')",
        "TRUNCATE whole; INSERT INTO whole SELECT g, 'y' FROM generate_series(1, 30) AS g",
        "UPDATE keyed SET name = 'y' WHERE id > 2; INSERT INTO keyed VALUES (9, 9, 'z')",
        "WITH gone AS (DELETE FROM keyed WHERE id < 3 RETURNING *)"
        " INSERT INTO keyed SELECT id + 10, place + 10, name FROM gone",
        "CREATE TEMP TABLE kept AS SELECT * FROM keyless;"
        "TRUNCATE keyless; INSERT INTO keyless SELECT id + 1, name FROM kept",
        "SELECT refresh()",
        # To the same type: the table is written anew, and defined as before.
        "ALTER TABLE keyed ALTER name TYPE text USING 'x'",
        "ALTER TABLE keyless ALTER name TYPE text USING name || 'x', ALTER id TYPE int USING 1",
    ],
)
def test_what_stood_in_place_of_lost_rows_goes_when_they_come_back(sql, comes_back):
    comes_back(sql)


def test_rows_written_since_stay_beside_those_that_come_back(setup, guarded, store, dsn):
    db = guarded(snapshot_at="LOW")
    db.cursor().execute("DELETE FROM keyed; INSERT INTO keyed VALUES (1, 1, 'x'), (2, 2, 'x')")
    db.commit()
    setup.execute("UPDATE keyed SET name = 'mine' WHERE id = 2; INSERT INTO keyed VALUES (9, 9)")
    (snapshot,) = backstop.snapshots.list(store)
    report = backstop.restore(snapshot.id, storage=store, dsn=dsn)
    assert report.conflicts == [
        "1 rows of public.keyed were changed after the statement and were left as they are."
    ]
    setup.execute("SELECT id, name FROM keyed ORDER BY id")
    assert setup.fetchall() == [
        (1, "n1"), (2, "mine"), (3, "n3"), (4, "n4"), (5, "n5"), (6, "n6"), (9, None)
    ]  # fmt: skip
