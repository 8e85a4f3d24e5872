"""The rows of a few tables, made again and again, and compared whole.

Much faster than dumps where hundreds of runs start from the same contents.
"""

from __future__ import annotations

import contextlib
from collections import Counter
from typing import TYPE_CHECKING

import psycopg2
import pytest

from testing.postgres import fresh_database

if TYPE_CHECKING:
    from collections.abc import Iterator

    from psycopg2.extensions import connection as Connection  # noqa: N812

    from testing.postgres import Server

    # The rows of all tables, each with its table's name, and how often they are there.
    Contents = Counter[tuple[str, str]]

_RESETS_UNTIL_VACUUM = 50


class Tables:
    """Tables of one schema, ``public``, on a superuser's connection in autocommit.

    ``schema`` and ``rows`` are the texts that make the tables and fill them.
    """

    def __init__(self, connection: Connection, schema: str, rows: str) -> None:
        self.use(connection)
        self._schema = schema
        self._rows = rows
        self._names: list[str] = []
        self._resets = 0
        self._known: dict[tuple[str, ...], Contents] = {}

    def use(self, connection: Connection) -> None:
        """Go on with another connection, as after a crash of the server."""
        connection.autocommit = True
        # A test that left a transaction open shall fail, not hang.
        connection.cursor().execute("SET lock_timeout = '5s'")
        self.connection = connection

    def reset(self, *, redefine: bool = False) -> None:
        """Fill the tables with the rows that they began with; with ``redefine`` make them anew."""
        cursor = self.connection.cursor()
        self._resets += 1
        if redefine or not self._names:
            cursor.execute("DROP SCHEMA public CASCADE; CREATE SCHEMA public")
            cursor.execute(f"{self._schema}; {self._rows}")
            self._names = _names(self.connection)
        else:
            emptied = "; ".join(f"DELETE FROM {name}" for name in self._names)
            cursor.execute(
                f"BEGIN; SET LOCAL session_replication_role = replica; {emptied}; {self._rows};"
                "COMMIT"
            )
        if self._resets % _RESETS_UNTIL_VACUUM == 0:
            # What was deleted so often makes every later look slow.
            cursor.execute("VACUUM")

    def contents(self) -> Contents:
        """Count the rows of all tables that there are now."""
        return contents(self.connection)

    def contents_after(self, *texts: str) -> Contents:
        """Tell what these texts, run without a guard, make of the rows; they are reset then."""
        if texts not in self._known:
            self.reset(redefine=True)
            for text in texts:
                with contextlib.suppress(psycopg2.IntegrityError):
                    self.connection.cursor().execute(text)
            self._known[texts] = self.contents()
            self.reset(redefine=True)
        return self._known[texts]


def contents(connection: Connection) -> Contents:
    """Count the rows of all tables of schema public that a connection sees."""
    cursor = connection.cursor()
    reads = [f"SELECT '{name}', {name}::text FROM {name}" for name in _names(connection)]
    cursor.execute(" UNION ALL ".join(reads))
    return Counter(cursor.fetchall())


def _names(connection: Connection) -> list[str]:
    cursor = connection.cursor()
    cursor.execute(
        "SELECT oid::regclass::text FROM pg_class WHERE relkind = 'r' "
        "AND relnamespace = 'public'::regnamespace ORDER BY oid"
    )
    return [name for (name,) in cursor.fetchall()]


@pytest.fixture(scope="module")
def module_database(postgres_server: Server, postgres_maintenance: Connection) -> Iterator[str]:
    """Give the DSN of a database that the tests of one module share."""
    with fresh_database(postgres_server, postgres_maintenance) as dsn:
        yield dsn


@pytest.fixture(scope="module")
def tables(request: pytest.FixtureRequest, module_database: str) -> Iterator[Tables]:
    """Give the tables of the module's ``SCHEMA``, to be filled with its ``ROWS``."""
    module = request.module
    with contextlib.closing(psycopg2.connect(module_database)) as connection:
        yield Tables(connection, module.SCHEMA, module.ROWS)
