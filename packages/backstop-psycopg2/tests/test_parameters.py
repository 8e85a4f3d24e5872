"""Parameters: the text that counts is the text that the server gets."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING, Any

import pytest
from psycopg2 import sql
from psycopg2.extensions import AsIs
from psycopg2.extras import execute_batch, execute_values

import backstop

if TYPE_CHECKING:
    from testing.guarded import Guarded

pytestmark = pytest.mark.usefixtures("orders")


@pytest.mark.parametrize(
    ("text", "parameters"),
    [
        ("DELETE FROM orders WHERE id = 1 %s", (AsIs("OR true"),)),
        ("DELETE FROM orders %(rest)s", {"rest": AsIs("")}),
        ("SELECT %s", (AsIs("1; DELETE FROM orders"),)),
        ("DELETE FROM orders WHERE '%s' = ''", (" OR true --",)),
        ("DELETE FROM orders WHERE id = ANY(%s)", ([AsIs("1]) OR (true OR id = ANY(ARRAY[1")],)),
        ("SELECT %(made_up)s", defaultdict(lambda: AsIs("1; DELETE FROM orders"))),
        ("SELECT '%(made_up)s'", defaultdict(lambda: "; DELETE FROM orders --")),
    ],
)
def test_a_parameter_that_carries_sql_is_judged(
    guarded: Guarded, text: str, parameters: Any
) -> None:
    connection = guarded(mode="block")
    with pytest.raises(PermissionError):
        connection.cursor().execute(text, parameters)


def test_values_are_judged_as_values(guarded: Guarded, store: str) -> None:
    connection = guarded(mode="block")
    cursor = connection.cursor()
    cursor.execute("DELETE FROM orders WHERE id = %s", (1,))
    cursor.execute("SELECT %s, '100%%'", ("1; DELETE FROM orders",))
    assert cursor.fetchall() == [("1; DELETE FROM orders", "100%")]


def test_a_snapshot_reads_the_rows_that_the_parameters_choose(guarded: Guarded, store: str) -> None:
    connection = guarded(snapshot_at="LOW")
    cursor = connection.cursor()
    cursor.execute("DELETE FROM orders WHERE id > %(id)s AND 100 %% id > -1", {"id": 4})
    assert cursor.rowcount == 3
    (snapshot,) = backstop.snapshots.list(store)
    assert snapshot.rows == 3


def test_no_parameter_value_is_stored_or_logged(
    guarded: Guarded, store: str, caplog: pytest.LogCaptureFixture
) -> None:
    connection = guarded(snapshot_at="LOW")
    secret = "s3cr3t-value"
    with caplog.at_level("DEBUG"):
        connection.cursor().execute("DELETE FROM orders WHERE id < 3 OR %s = 'x'", (secret,))
        connection.cursor().execute("DELETE FROM orders WHERE id < 5 OR 'y' = 's3cr3t-value'")
    for summary in backstop.snapshots.list(store):
        assert secret not in repr(backstop.snapshots.show(summary.id, store))
    assert secret not in caplog.text
    assert all(secret not in repr(vars(record)) for record in caplog.records)


@pytest.mark.parametrize(
    "text",
    [
        b"DELETE FROM orders",
        sql.SQL("DELETE FROM {}").format(sql.Identifier("orders")),
        sql.Composed([sql.SQL("DELETE FROM "), sql.Identifier("public", "orders")]),
    ],
)
def test_bytes_and_composables(guarded: Guarded, store: str, text: Any) -> None:
    with pytest.raises(PermissionError):
        guarded(mode="block").cursor().execute(text)
    guarded().cursor().execute(text)
    (snapshot,) = backstop.snapshots.list(store)
    assert snapshot.rows == 7


def test_execute_values_and_execute_batch(guarded: Guarded, store: str) -> None:
    cursor = guarded(mode="block").cursor()
    rows = execute_values(
        cursor, "INSERT INTO orders VALUES %s RETURNING id", [(8, 1), (9, 2)], fetch=True
    )
    assert rows == [(8,), (9,)]
    execute_batch(cursor, "DELETE FROM orders WHERE id = %s", [(8,), (9,)])
    with pytest.raises(PermissionError):
        execute_batch(cursor, "UPDATE orders SET total = %s", [(1,), (2,)])
    with pytest.raises(PermissionError):
        execute_values(cursor, "DELETE FROM orders; INSERT INTO orders VALUES %s", [(1, 1)])
    cursor.execute("SELECT count(*) FROM orders")
    assert cursor.fetchall() == [(7,)]


def test_executemany(guarded: Guarded, store: str) -> None:
    connection = guarded(snapshot_at="LOW")
    cursor = connection.cursor()
    cursor.executemany("DELETE FROM orders WHERE id = %s", iter([(1,), (2,)]))
    assert cursor.rowcount == 2
    cursor.execute("SELECT count(*) FROM orders")
    assert cursor.fetchall() == [(5,)]
    (snapshot,) = backstop.snapshots.list(store)
    # Core may save more than the batch takes, never less.
    assert snapshot.rows >= 2


def test_executemany_is_refused_as_a_whole(guarded: Guarded) -> None:
    connection = guarded(mode="block")
    cursor = connection.cursor()
    with pytest.raises(PermissionError):
        cursor.executemany("DELETE FROM orders WHERE id = 1 %s", [(AsIs(""),), (AsIs("OR true"),)])
    cursor.executemany("DELETE FROM orders", [])
    cursor.execute("SELECT count(*) FROM orders")
    assert cursor.fetchall() == [(7,)]


def test_what_psycopg2_refuses_is_refused_by_psycopg2(guarded: Guarded) -> None:
    cursor = guarded().cursor()
    with pytest.raises(TypeError):
        cursor.execute(42)
    with pytest.raises(IndexError):
        cursor.execute("DELETE FROM orders WHERE id = %s", ())
    with pytest.raises((IndexError, TypeError)):
        cursor.execute("DELETE FROM orders WHERE id = %s AND total = %s", (1,))
    with pytest.raises(KeyError):
        cursor.execute("DELETE FROM orders WHERE id = %(id)s", {"other": 1})
