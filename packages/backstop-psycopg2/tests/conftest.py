"""A table of seven rows for every test that wants one."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Callable

import psycopg
import pytest

import backstop

if TYPE_CHECKING:
    from collections.abc import Iterator

    from testing.postgres import Connect

    ByPsycopg = Callable[..., psycopg.Connection[Any]]


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
def by_psycopg(dsn: str, store: str) -> Iterator[ByPsycopg]:
    """Give a function that opens a guarded psycopg 3 connection; a failed snapshot raises."""
    opened = []

    def open_guarded(
        *,
        autocommit: bool = True,
        connection_class: type[psycopg.Connection[Any]] = psycopg.Connection,
        **settings: Any,
    ) -> psycopg.Connection[Any]:
        raw = connection_class.connect(dsn, autocommit=autocommit)
        opened.append(raw)
        settings.setdefault("on_snapshot_failure", "raise")
        settings.setdefault("storage", store)
        return backstop.guard(raw, actor="tester", **settings)

    yield open_guarded
    for connection in opened:
        connection.close()
