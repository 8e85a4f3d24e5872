"""What became of a snapshot's statement, however Django ended its transaction."""

from __future__ import annotations

from typing import Any

import pytest
from django.db import IntegrityError, transaction

import backstop

pytestmark = pytest.mark.usefixtures("orders")


def fates(store: str) -> list[str]:
    return [str(one.fate.value) for one in backstop.snapshots.list(store)]


def delete(connection: Any) -> None:
    with connection.cursor() as cursor:
        cursor.execute("DELETE FROM orders")


def test_atomic_commits(open_alias: Any, store: str) -> None:
    connection = open_alias()
    with transaction.atomic():
        delete(connection)
        assert fates(store) == ["unknown"]
    assert fates(store) == ["committed"]


@pytest.mark.parametrize("how", ["exception", "set_rollback"])
def test_atomic_rolls_back(open_alias: Any, store: str, how: str) -> None:
    connection = open_alias()

    def work() -> None:
        with transaction.atomic():
            delete(connection)
            if how == "exception":
                raise LookupError
            transaction.set_rollback(True)

    if how == "exception":
        with pytest.raises(LookupError):
            work()
    else:
        work()
    assert fates(store) == ["rolled back"]


def test_nested_atomic_rolls_back_alone(open_alias: Any, store: str) -> None:
    connection = open_alias()

    def inner() -> None:
        with transaction.atomic():
            delete(connection)
            raise LookupError

    with transaction.atomic():
        connection.cursor().execute("UPDATE orders SET total = 0")
        with pytest.raises(LookupError):
            inner()
        with transaction.atomic():
            connection.cursor().execute("UPDATE orders SET total = 1")
    assert fates(store) == ["committed", "rolled back", "committed"]


def test_savepoints_by_hand(open_alias: Any, store: str) -> None:
    connection = open_alias()
    with transaction.atomic():
        savepoint = connection.savepoint()
        delete(connection)
        connection.savepoint_rollback(savepoint)
        delete(connection)
    assert fates(store) == ["rolled back", "committed"]


def test_without_autocommit(open_alias: Any, store: str) -> None:
    connection = open_alias()
    connection.ensure_connection()
    transaction.set_autocommit(False)
    delete(connection)
    transaction.rollback()
    delete(connection)
    transaction.commit()
    transaction.set_autocommit(True)
    assert fates(store) == ["rolled back", "committed"]


def test_closing_rolls_back(open_alias: Any, store: str) -> None:
    connection = open_alias()
    connection.ensure_connection()
    transaction.set_autocommit(False)
    delete(connection)
    connection.close()
    assert fates(store) == ["rolled back"]
    # The next driver connection is guarded as well.
    delete(connection)
    assert fates(store) == ["rolled back", "committed"]


def test_a_commit_that_the_server_refuses_rolls_back(open_alias: Any, store: str) -> None:
    connection = open_alias()
    with connection.cursor() as cursor:
        cursor.execute(
            "CREATE TABLE lines (id int REFERENCES orders DEFERRABLE INITIALLY DEFERRED)"
        )
        cursor.execute("INSERT INTO lines VALUES (1)")
    with pytest.raises(IntegrityError), transaction.atomic():
        delete(connection)
    assert fates(store) == ["rolled back"]


def test_by_a_statement(open_alias: Any, store: str) -> None:
    connection = open_alias()
    with connection.cursor() as cursor:
        cursor.execute("BEGIN")
        cursor.execute("DELETE FROM orders")
        cursor.execute("COMMIT")
    assert fates(store) == ["committed"]
