"""A table of seven rows for every test that wants one."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING, Any, Callable

import psycopg
import psycopg2
import pytest
from psycopg2 import extensions

import backstop
import backstop.psycopg2

if TYPE_CHECKING:
    from collections.abc import Iterator

    from testing.postgres import Connect

    ByPsycopg = Callable[..., psycopg.Connection[Any]]
    Opened = Callable[..., backstop.GuardedConnection]


@pytest.fixture(params=["proxy", "subclass"])
def opened(request: pytest.FixtureRequest, dsn: str, store: str) -> Iterator[Opened]:
    """Give a function that opens a guarded connection, in both forms."""
    with contextlib.ExitStack() as stack:

        def open_guarded(*, base: Any = extensions.connection, **settings: Any) -> Any:
            settings = {"storage": store, "actor": "tester", **settings}
            if request.param == "subclass":
                connection = backstop.psycopg2.connect(dsn, base, **settings)
            else:
                raw = psycopg2.connect(dsn, connection_factory=base)
                connection = backstop.guard(raw, **settings)
            return stack.enter_context(contextlib.closing(connection))

        yield open_guarded


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
