"""Sequences: back to where they stood, unless somebody has drawn numbers since."""

from __future__ import annotations

import pytest

import backstop

pytestmark = pytest.mark.proof

SETUP = """
CREATE SEQUENCE numbers;
SELECT setval('numbers', 4711);
CREATE TABLE orders (id serial, number int GENERATED ALWAYS AS IDENTITY);
INSERT INTO orders SELECT FROM generate_series(1, 5);
"""


@pytest.fixture(autouse=True)
def cursor(connect):
    connection = connect()
    connection.autocommit = True
    connection.cursor().execute(SETUP)
    return connection.cursor()


@pytest.mark.parametrize(
    "sql",
    [
        "ALTER SEQUENCE numbers RESTART WITH 100000",
        "ALTER SEQUENCE numbers RESTART",
        "ALTER SEQUENCE numbers INCREMENT BY -1 MAXVALUE 200000 RESTART 100000",
        "ALTER SEQUENCE numbers MINVALUE -5 START -5 RESTART",
        "ALTER SEQUENCE numbers AS smallint MAXVALUE 300 RESTART 7",
        "ALTER SEQUENCE numbers MINVALUE 5000 START 6000 RESTART",
        "ALTER TABLE orders ALTER number SET MINVALUE -9 SET START -9 RESTART",
        "ALTER SEQUENCE numbers RENAME TO other",
        "ALTER TABLE orders ALTER COLUMN number RESTART WITH 900",
        "TRUNCATE orders RESTART IDENTITY",
        "DO $$ BEGIN ALTER SEQUENCE numbers RESTART WITH 100000; END $$",
    ],
)
def test_a_sequence_comes_back_to_where_it_stood(sql, comes_back):
    comes_back(sql)


def test_a_sequence_from_which_numbers_were_drawn_since_never_gives_them_again(
    cursor, guarded, store, dsn
):
    guarded().cursor().execute("ALTER SEQUENCE numbers RESTART WITH 100000")
    (snapshot,) = backstop.snapshots.list(store)
    cursor.execute("SELECT nextval('numbers')")
    assert backstop.restore(snapshot.id, storage=store, dsn=dsn).complete
    cursor.execute("SELECT nextval('numbers')")
    assert cursor.fetchone() == (100001,)
