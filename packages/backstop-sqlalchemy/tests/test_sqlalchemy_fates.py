"""What became of a snapshot's statement, however SQLAlchemy ended its transaction."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from sqlalchemy import create_engine, exc, text

import backstop
from backstop.embedded import EmbeddedServer

if TYPE_CHECKING:
    from sqlalchemy import Engine

pytestmark = pytest.mark.usefixtures("orders")

DELETE = text("DELETE FROM orders")


@pytest.fixture
def engine(protected: Any) -> Engine:
    return protected()  # type: ignore[no-any-return]


def fates(store: str) -> list[str]:
    return [str(one.fate.value) for one in backstop.snapshots.list(store)]


def test_committed(engine: Engine, store: str) -> None:
    with engine.connect() as connection:
        connection.execute(DELETE)
        assert fates(store) == ["unknown"]
        connection.commit()
        assert fates(store) == ["committed"]


def test_rolled_back(engine: Engine, store: str) -> None:
    with engine.connect() as connection:
        connection.execute(DELETE)
        connection.rollback()
        assert fates(store) == ["rolled back"]


def test_going_back_to_the_pool_rolls_back(engine: Engine, store: str) -> None:
    with engine.connect() as connection:
        connection.execute(DELETE)
    assert fates(store) == ["rolled back"]


def test_an_exception_rolls_back(engine: Engine, store: str) -> None:
    def fail_in_the_middle() -> None:
        with engine.begin() as connection:
            connection.execute(DELETE)
            raise LookupError

    with pytest.raises(LookupError):
        fail_in_the_middle()
    assert fates(store) == ["rolled back"]


def test_invalidated(engine: Engine, store: str) -> None:
    with engine.connect() as connection:
        connection.execute(DELETE)
        connection.invalidate()
    assert fates(store) == ["rolled back"]


def test_detached(engine: Engine, store: str) -> None:
    with engine.connect() as connection:
        connection.detach()
        connection.execute(DELETE)
        connection.commit()
    assert fates(store) == ["committed"]


@pytest.mark.parametrize(("undo", "fate"), [(True, "rolled back"), (False, "committed")])
def test_savepoints(engine: Engine, store: str, undo: bool, fate: str) -> None:
    with engine.begin() as connection:
        connection.execute(text("UPDATE orders SET total = 0"))
        nested = connection.begin_nested()
        connection.execute(DELETE)
        if undo:
            nested.rollback()
        else:
            nested.commit()
    assert fates(store) == ["committed", fate]


def test_a_commit_that_the_server_refuses_rolls_back(engine: Engine, store: str) -> None:
    with engine.begin() as connection:
        connection.execute(
            text("CREATE TABLE lines (id int REFERENCES orders DEFERRABLE INITIALLY DEFERRED)")
        )
        connection.execute(text("INSERT INTO lines VALUES (1)"))
    with pytest.raises(exc.IntegrityError), engine.begin() as connection:
        connection.execute(DELETE)
    assert fates(store) == ["rolled back"]


def test_two_phases(engine: Engine, store: str) -> None:
    with engine.connect() as connection:
        transaction = connection.begin_twophase("gtrid")
        connection.execute(DELETE)
        transaction.commit()
        assert fates(store) == ["committed"]
        transaction = connection.begin_twophase("gtrid")
        connection.execute(text("TRUNCATE orders"))
        transaction.rollback()
    assert fates(store) == ["committed", "rolled back"]


def test_prepared_is_unknown(store: str) -> None:
    with EmbeddedServer(settings={"max_prepared_transactions": "2"}) as server:
        url = server.dsn().replace("postgresql:", "postgresql+psycopg2:", 1)
        engine = backstop.protect_engine(create_engine(url), storage=store, actor="tester")
        with engine.begin() as connection:
            connection.execute(text("CREATE TABLE orders AS SELECT 1 AS id"))
        with engine.connect() as connection:
            transaction = connection.begin_twophase("gtrid")
            connection.execute(DELETE)
            transaction.prepare()
            transaction.commit()
            assert connection.scalar(text("SELECT count(*) FROM orders")) == 0
        engine.dispose()
    assert fates(store) == ["unknown"]


def test_what_the_driver_connection_ends_is_known(engine: Engine, store: str) -> None:
    with engine.connect() as connection:
        connection.execute(DELETE)
        driver_connection: Any = connection.connection.dbapi_connection
        driver_connection.commit()
    assert fates(store) == ["committed"]


def test_the_same_connection_comes_from_the_pool_again(engine: Engine, store: str) -> None:
    for _ in range(2):
        with engine.begin() as connection:
            connection.execute(text("UPDATE orders SET total = 1"))
    engine.dispose()
    with engine.begin() as connection:
        connection.execute(DELETE)
    assert fates(store) == ["committed"] * 3
