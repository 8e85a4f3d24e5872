"""Engines over psycopg 3 are saved, judged and followed as those over psycopg2."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Callable

import pytest
import sqlalchemy
from sqlalchemy import text

import backstop
from testing.dumps import dump
from testing.guarded import restored

if TYPE_CHECKING:
    from collections.abc import Iterator

    Engine = Callable[..., sqlalchemy.Engine]

pytestmark = pytest.mark.usefixtures("orders")


@pytest.fixture
def by_psycopg(dsn: str, store: str) -> Iterator[Engine]:
    """Give a function that makes a guarded engine; a failed snapshot raises."""
    made = []

    def make(**settings: Any) -> sqlalchemy.Engine:
        made.append(
            sqlalchemy.create_engine(dsn.replace("postgresql://", "postgresql+psycopg://", 1))
        )
        settings = {"storage": store, "on_snapshot_failure": "raise", **settings}
        return backstop.protect_engine(made[-1], actor="tester", **settings)

    yield make
    for engine in made:
        engine.dispose()


@pytest.mark.parametrize(
    ("sql", "values"),
    [
        ("DELETE FROM orders", {}),
        ("DROP TABLE orders", {}),
        ("TRUNCATE orders", {}),
        ("DELETE FROM orders WHERE id > :least", {"least": 0}),
        ("DELETE FROM orders WHERE id = :one", [{"one": one} for one in range(1, 8)]),
    ],
)
@pytest.mark.parametrize("level", [None, "AUTOCOMMIT"])
def test_what_it_destroys_comes_back(
    by_psycopg: Engine, store: str, dsn: str, sql: str, values: Any, level: str | None
) -> None:
    before = dump(dsn)
    engine = by_psycopg(snapshot_at="LOW")
    if level is not None:
        engine = engine.execution_options(isolation_level=level)
    with engine.begin() as connection:
        connection.execute(text(sql), values)
    assert dump(dsn) != before
    assert [str(one.fate.value) for one in backstop.snapshots.list(store)] == ["committed"]
    restored(store, dsn, lambda: dump(dsn), before)


def test_rollbacks_are_followed(by_psycopg: Engine, store: str) -> None:
    with by_psycopg().connect() as connection:
        with connection.begin() as outer:
            connection.execute(text("SELECT 1"))
            with connection.begin_nested() as inner:
                connection.execute(text("DELETE FROM orders"))
                inner.rollback()
            connection.execute(text("UPDATE orders SET total = 0"))
            outer.commit()
        connection.execute(text("TRUNCATE orders"))
        connection.rollback()
    fates = [str(one.fate.value) for one in backstop.snapshots.list(store)]
    assert fates == ["rolled back", "committed", "rolled back"]


def test_block_refuses(by_psycopg: Engine) -> None:
    with by_psycopg(mode="block").connect() as connection:
        for sql in ("DELETE FROM orders", "SELECT 1; DROP TABLE orders"):
            with pytest.raises(backstop.StatementBlocked):
                connection.exec_driver_sql(sql)
        assert connection.execute(text("SELECT count(*) FROM orders")).scalar() == 7
