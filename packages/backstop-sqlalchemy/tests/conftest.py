"""Engines on the test's database, and a table of seven rows."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Callable

import pytest
import sqlalchemy
from sqlalchemy import Engine

import backstop

if TYPE_CHECKING:
    from collections.abc import Iterator

    from testing.postgres import Connect

    MakeEngine = Callable[..., Engine]


@pytest.fixture
def orders(connect: Connect) -> None:
    """Make the table orders, with the ids 1 to 7."""
    with connect() as connection:
        connection.cursor().execute(
            "CREATE TABLE orders (id int PRIMARY KEY, total numeric);"
            "INSERT INTO orders SELECT g, g FROM generate_series(1, 7) AS g"
        )
    connection.close()


@pytest.fixture
def make_engine(dsn: str) -> Iterator[MakeEngine]:
    """Give a function that makes an unguarded engine, disposed of at the end."""
    made: list[Engine] = []

    def make(**arguments: Any) -> Engine:
        url = dsn.replace("postgresql://", "postgresql+psycopg2://", 1)
        made.append(sqlalchemy.create_engine(url, **arguments))
        return made[-1]

    yield make
    for engine in made:
        engine.dispose()


@pytest.fixture
def protected(make_engine: MakeEngine, store: str) -> MakeEngine:
    """Give a function that makes a guarded engine; a failed snapshot raises."""

    def make(engine: dict[str, Any] | None = None, **settings: Any) -> Engine:
        settings.setdefault("on_snapshot_failure", "raise")
        settings.setdefault("storage", store)
        return backstop.protect_engine(make_engine(**(engine or {})), actor="tester", **settings)

    return make
