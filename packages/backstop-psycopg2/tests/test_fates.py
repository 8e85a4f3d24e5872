"""What became of a snapshot's statement, whichever way its transaction ended."""

from __future__ import annotations

from typing import TYPE_CHECKING

import psycopg2
import pytest

import backstop

if TYPE_CHECKING:
    from testing.guarded import Guarded

pytestmark = pytest.mark.usefixtures("orders")


def fates(store: str) -> list[str]:
    return [str(one.fate.value) for one in backstop.snapshots.list(store)]


def test_committed(guarded: Guarded, store: str) -> None:
    connection = guarded(autocommit=False)
    connection.cursor().execute("DELETE FROM orders")
    assert fates(store) == ["unknown"]
    connection.commit()
    assert fates(store) == ["committed"]


def test_rolled_back(guarded: Guarded, store: str) -> None:
    connection = guarded(autocommit=False)
    connection.cursor().execute("DELETE FROM orders")
    connection.rollback()
    assert fates(store) == ["rolled back"]


@pytest.mark.parametrize("how", ["close", "reset"])
def test_closing_and_resetting_roll_back(guarded: Guarded, store: str, how: str) -> None:
    connection = guarded(autocommit=False)
    connection.cursor().execute("DELETE FROM orders")
    getattr(connection, how)()
    assert fates(store) == ["rolled back"]


@pytest.mark.parametrize(
    ("sql", "fate"),
    [("COMMIT", "committed"), ("END", "committed"), ("ROLLBACK", "rolled back")],
)
@pytest.mark.parametrize("autocommit", [False, True])
def test_ends_by_a_statement(
    guarded: Guarded, store: str, sql: str, fate: str, autocommit: bool
) -> None:
    connection = guarded(autocommit=autocommit)
    cursor = connection.cursor()
    if autocommit:
        cursor.execute("BEGIN")
    cursor.execute("DELETE FROM orders")
    cursor.execute(sql)
    assert fates(store) == [fate]


def test_rolled_back_to_a_savepoint_before_it(guarded: Guarded, store: str) -> None:
    connection = guarded(autocommit=False)
    cursor = connection.cursor()
    cursor.execute("DELETE FROM orders WHERE true")
    cursor.execute("SAVEPOINT before")
    cursor.execute("INSERT INTO orders VALUES (8, 8)")
    cursor.execute("TRUNCATE orders")
    cursor.execute("ROLLBACK TO before")
    connection.commit()
    assert fates(store) == ["committed", "rolled back"]


def test_a_savepoint_after_it_changes_nothing(guarded: Guarded, store: str) -> None:
    connection = guarded(autocommit=False)
    cursor = connection.cursor()
    cursor.execute("DELETE FROM orders")
    cursor.execute("SAVEPOINT after; INSERT INTO orders VALUES (8, 8)")
    cursor.execute("ROLLBACK TO SAVEPOINT after")
    connection.commit()
    assert fates(store) == ["committed"]


def test_a_failed_statement_is_recorded(guarded: Guarded, store: str) -> None:
    connection = guarded(autocommit=False)
    connection.cursor().execute("CREATE TABLE lines (id int REFERENCES orders)")
    connection.cursor().execute("INSERT INTO lines VALUES (1)")
    connection.commit()
    with pytest.raises(psycopg2.errors.ForeignKeyViolation):
        connection.cursor().execute("DELETE FROM orders")
    connection.rollback()
    (snapshot,) = backstop.snapshots.list(store)
    assert snapshot.status.value == "failed"


def test_a_commit_of_an_aborted_transaction_rolls_back(guarded: Guarded, store: str) -> None:
    connection = guarded(autocommit=False)
    connection.cursor().execute("DELETE FROM orders")
    with pytest.raises(psycopg2.errors.DivisionByZero):
        connection.cursor().execute("SELECT 1 / 0")
    # The server answers this commit by rolling back, and psycopg2 raises nothing.
    connection.commit()
    assert fates(store) == ["rolled back"]


@pytest.mark.parametrize("fails", [False, True])
def test_with_commits_or_rolls_back(guarded: Guarded, store: str, fails: bool) -> None:
    connection = guarded(autocommit=False)
    raised = False
    try:
        with connection as entered, entered.cursor() as cursor:
            cursor.execute("DELETE FROM orders")
            if fails:
                raise LookupError
    except LookupError:
        raised = True
    assert raised is fails
    assert fates(store) == ["rolled back" if fails else "committed"]


def test_each_transaction_has_its_own(guarded: Guarded, store: str) -> None:
    connection = guarded(autocommit=False)
    connection.cursor().execute("DELETE FROM orders")
    connection.rollback()
    connection.cursor().execute("UPDATE orders SET total = 0")
    connection.cursor().execute("TRUNCATE orders")
    connection.commit()
    assert fates(store) == ["rolled back", "committed", "committed"]


def test_what_the_raw_connection_ended_is_unknown(guarded: Guarded, store: str) -> None:
    connection = guarded(autocommit=False)
    connection.cursor().execute("DELETE FROM orders")
    connection.__wrapped__.commit()
    connection.cursor().execute("SELECT 1")
    connection.rollback()
    assert fates(store) == ["unknown"]


def test_two_phases(guarded: Guarded, store: str, dsn: str) -> None:
    connection = guarded(autocommit=False)
    connection.cursor().execute("SHOW max_prepared_transactions")
    connection.rollback()
    connection.tpc_begin(connection.xid(1, "gtrid", "branch"))
    connection.cursor().execute("DELETE FROM orders")
    connection.tpc_commit()
    assert fates(store) == ["committed"]


@pytest.mark.parametrize("by_statement", [False, True])
def test_a_commit_that_the_server_refuses_rolls_back(
    guarded: Guarded, store: str, by_statement: bool
) -> None:
    connection = guarded(autocommit=False)
    cursor = connection.cursor()
    cursor.execute(
        "CREATE TABLE line (id int REFERENCES orders DEFERRABLE INITIALLY DEFERRED);"
        "INSERT INTO line SELECT min(id) FROM orders"
    )
    connection.commit()
    cursor.execute("DELETE FROM orders")
    with pytest.raises(psycopg2.errors.ForeignKeyViolation):
        cursor.execute("COMMIT") if by_statement else connection.commit()
    assert fates(store) == ["rolled back"]
