"""A table of seven rows for every test that wants one."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from testing.postgres import Connect


@pytest.fixture
def orders(connect: Connect) -> None:
    """Make the table orders, with the ids 1 to 7."""
    with connect() as connection:
        connection.cursor().execute(
            "CREATE TABLE orders (id int PRIMARY KEY, total numeric);"
            "INSERT INTO orders SELECT g, g FROM generate_series(1, 7) AS g"
        )
    connection.close()
