"""What became of the statements of a psycopg 3 connection, however its transactions ended."""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING, Any, Callable

import psycopg
import pytest

import backstop
from backstop.embedded import EmbeddedServer
from testing.dumps import dump

if TYPE_CHECKING:
    from psycopg import Connection

    Work = Callable[[Connection[Any]], Any]
    ByPsycopg = Callable[..., Connection[Any]]

pytestmark = pytest.mark.usefixtures("orders")

SQL = "DELETE FROM orders"


def fates(store: str) -> list[str]:
    return [str(one.fate.value) for one in backstop.snapshots.list(store)]


def committed(connection: Connection[Any]) -> None:
    connection.execute(SQL)
    connection.commit()


def rolled_back(connection: Connection[Any]) -> None:
    connection.execute(SQL)
    connection.rollback()


def closed(connection: Connection[Any]) -> None:
    connection.execute(SQL)
    connection.close()


def context(connection: Connection[Any]) -> None:
    with connection:
        connection.execute(SQL)


def failed_context(connection: Connection[Any]) -> None:
    with suppress(LookupError), connection:
        connection.execute(SQL)
        raise LookupError


def block(connection: Connection[Any]) -> None:
    with connection.transaction():
        connection.execute(SQL)


def failed_block(connection: Connection[Any]) -> None:
    with suppress(LookupError), connection.transaction():
        connection.execute(SQL)
        raise LookupError


def left_block(connection: Connection[Any]) -> None:
    with connection.transaction():
        connection.execute(SQL)
        raise psycopg.Rollback


def forced_block(connection: Connection[Any]) -> None:
    with connection.transaction(force_rollback=True):
        connection.execute(SQL)


def nested_block(connection: Connection[Any]) -> None:
    with connection.transaction():
        connection.execute("SELECT 1")
        with connection.transaction():
            connection.execute(SQL)


def failed_nested_block(connection: Connection[Any]) -> None:
    with connection.transaction():
        connection.execute("SELECT 1")
        with connection.transaction():
            connection.execute(SQL)
            raise psycopg.Rollback


def named_block(connection: Connection[Any]) -> None:
    with connection.transaction("first"):
        connection.execute(SQL)
        with connection.transaction("Second"):
            connection.execute("INSERT INTO orders VALUES (8, 8)")
            raise psycopg.Rollback


def block_after_an_error(connection: Connection[Any]) -> None:
    with suppress(psycopg.errors.DivisionByZero), connection.transaction():
        connection.execute(SQL)
        connection.execute("SELECT 1 / 0")


def commit_after_an_error(connection: Connection[Any]) -> None:
    connection.execute("BEGIN") if connection.autocommit else None
    connection.execute(SQL)
    with pytest.raises(psycopg.errors.DivisionByZero):
        connection.execute("SELECT 1 / 0")
    # The server answers this commit by rolling back, and psycopg raises nothing.
    connection.commit()


def text(connection: Connection[Any]) -> None:
    connection.execute("BEGIN") if connection.autocommit else None
    connection.execute(SQL)
    connection.execute("ROLLBACK")


def piped_block(connection: Connection[Any]) -> None:
    with connection.pipeline(), connection.transaction():
        connection.execute("SELECT 1")
        connection.execute(SQL)


def failed_piped_block(connection: Connection[Any]) -> None:
    with suppress(LookupError), connection.pipeline(), connection.transaction():
        connection.execute(SQL)
        connection.execute("INSERT INTO orders VALUES (8, 8)")
        raise LookupError


def piped_block_with_an_error(connection: Connection[Any]) -> None:
    failed = suppress(psycopg.errors.DivisionByZero)
    with failed, connection.pipeline(), connection.transaction():
        connection.execute(SQL)
        connection.execute("SELECT 1 / 0")


ALWAYS: dict[Work, str] = {
    context: "committed",
    block: "committed",
    failed_block: "rolled back",
    left_block: "rolled back",
    forced_block: "rolled back",
    nested_block: "committed",
    failed_nested_block: "rolled back",
    named_block: "committed",
    block_after_an_error: "rolled back",
    commit_after_an_error: "rolled back",
    text: "rolled back",
    piped_block: "committed",
    failed_piped_block: "rolled back",
    piped_block_with_an_error: "rolled back",
}
IN_TRANSACTIONS: dict[Work, str] = {
    committed: "committed",
    rolled_back: "rolled back",
    closed: "rolled back",
    failed_context: "rolled back",
}


@pytest.mark.parametrize(
    ("work", "fate", "autocommit"),
    [
        *((work, fate, True) for work, fate in ALWAYS.items()),
        *((work, fate, False) for work, fate in {**ALWAYS, **IN_TRANSACTIONS}.items()),
    ],
)
def test_a_fate_is_what_the_database_shows(
    by_psycopg: ByPsycopg, store: str, dsn: str, work: Work, fate: str, autocommit: bool
) -> None:
    before = dump(dsn)
    connection = by_psycopg(autocommit=autocommit)
    work(connection)
    if not connection.closed:
        connection.commit()
    assert fates(store) == [fate]
    assert (dump(dsn) != before) is (fate == "committed")


@pytest.mark.parametrize("end", ["tpc_commit", "tpc_rollback"])
def test_two_phases_leave_the_fate_unknown(store: str, end: str) -> None:
    settings = {"max_prepared_transactions": "2"}
    with EmbeddedServer(settings=settings) as server, psycopg.connect(server.dsn()) as connection:
        connection.execute("CREATE TABLE orders AS SELECT 1 AS id")
        connection.commit()
        backstop.guard(connection, storage=store, actor="tester")
        assert connection.tpc_recover() == []
        connection.tpc_begin(connection.xid(1, "one", "two"))
        connection.execute(SQL)
        connection.tpc_prepare()
        getattr(connection, end)()
        left = connection.execute("SELECT count(*) FROM orders").fetchone()
        assert left == (0 if end == "tpc_commit" else 1,)
    assert fates(store) == ["unknown"]


@pytest.mark.parametrize("end", ["tpc_commit", "tpc_rollback"])
def test_one_phase_tells_the_fate(by_psycopg: ByPsycopg, store: str, end: str) -> None:
    connection = by_psycopg(autocommit=False)
    connection.tpc_begin("one")
    connection.execute(SQL)
    getattr(connection, end)()
    assert fates(store) == ["committed" if end == "tpc_commit" else "rolled back"]


def test_a_commit_that_the_server_refuses_is_a_rollback(by_psycopg: ByPsycopg, store: str) -> None:
    connection = by_psycopg(autocommit=False)
    connection.execute(
        "CREATE TABLE lines (id int REFERENCES orders DEFERRABLE INITIALLY DEFERRED);"
        "INSERT INTO lines VALUES (1)"
    )
    connection.commit()
    connection.execute(SQL)
    with pytest.raises(psycopg.errors.ForeignKeyViolation):
        connection.commit()
    assert fates(store) == ["rolled back"]


def test_a_failed_statement_is_recorded(by_psycopg: ByPsycopg, store: str) -> None:
    connection = by_psycopg(snapshot_at="LOW")
    connection.execute("CREATE TABLE lines (id int REFERENCES orders)")
    connection.execute("INSERT INTO lines VALUES (1)")
    for work in (
        lambda: connection.execute(SQL),
        lambda: connection.cursor().executemany("DELETE FROM orders WHERE id > %s", [(0,)]),
        lambda: list(connection.cursor().stream("DELETE FROM orders RETURNING id")),
    ):
        with pytest.raises(psycopg.errors.ForeignKeyViolation):
            work()
    assert [one.status.value for one in backstop.snapshots.list(store)] == ["failed"] * 3
    assert connection.execute("SELECT count(*) FROM orders").fetchone() == (7,)
