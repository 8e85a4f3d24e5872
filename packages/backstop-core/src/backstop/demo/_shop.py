"""The shop that the demo destroys: three tables in a schema of its own."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing, contextmanager
from typing import TYPE_CHECKING

import psycopg2
from psycopg2 import errors

from backstop.demo._place import undisturbed
from backstop.demo._report import Checksum
from backstop.errors import BackstopError

if TYPE_CHECKING:
    from psycopg2.extensions import connection as Connection  # noqa: N812

SCHEMA = "backstop_demo"
CUSTOMERS = f"{SCHEMA}.customers"
PRODUCTS = f"{SCHEMA}.products"
ORDERS = f"{SCHEMA}.orders"
TABLES = (CUSTOMERS, PRODUCTS, ORDERS)

_TABLES = f"""
    CREATE TABLE {CUSTOMERS} (
        id serial PRIMARY KEY,
        name text NOT NULL,
        email text NOT NULL UNIQUE,
        joined date NOT NULL DEFAULT current_date
    );
    CREATE TABLE {PRODUCTS} (
        id integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
        name text NOT NULL,
        price numeric(10, 2) NOT NULL CHECK (price > 0)
    );
    CREATE TABLE {ORDERS} (
        id bigserial PRIMARY KEY,
        customer_id integer NOT NULL REFERENCES {CUSTOMERS},
        product_id integer NOT NULL REFERENCES {PRODUCTS},
        quantity integer NOT NULL,
        note text,
        ordered_at timestamptz NOT NULL
    );
    CREATE INDEX orders_of_customer ON {ORDERS} (customer_id);
"""

_ROWS = f"""
    INSERT INTO {CUSTOMERS} (name, email, joined)
    SELECT 'Customer ' || n, 'customer' || n || '@example.com', date '2020-01-01' + n
    FROM generate_series(1, 1000) AS n;
    INSERT INTO {PRODUCTS} (name, price)
    SELECT 'Product ' || n, n * 1.99 FROM generate_series(1, 100) AS n;
    INSERT INTO {ORDERS} (customer_id, product_id, quantity, note, ordered_at)
    SELECT 1 + n * 7 % 1000, 1 + n * 13 % 100, 1 + n % 5,
           CASE WHEN n % 10 = 0 THEN E'ring twice\\tthen "wait" ✓ ' || n END,
           timestamptz '2024-01-01 00:00:00+00' + n * interval '97 minutes'
    FROM generate_series(1, 5000) AS n;
"""


@contextmanager
def open_shop(dsn: str) -> Iterator[None]:
    """Make the shop, and take its schema away after the block.

    Raises BackstopError where the schema exists already or can't be made; nothing is changed then.
    """
    made = False
    try:
        with (
            closing(psycopg2.connect(dsn)) as connection,
            connection,
            connection.cursor() as cursor,
        ):
            _make_schema(connection)
            made = True
            cursor.execute(_TABLES)
            cursor.execute(_ROWS)
        yield
    finally:
        if made:
            # IF EXISTS: the interruption may have come before the commit.
            with undisturbed(), closing(psycopg2.connect(dsn)) as connection, connection:
                connection.cursor().execute(f"DROP SCHEMA IF EXISTS {SCHEMA} CASCADE")


def checksums(connection: Connection) -> dict[str, Checksum]:
    """Let the server compute the checksum of every table, over its rows' text in order."""
    found = {}
    for name in TABLES:
        try:
            with connection, connection.cursor() as cursor:
                cursor.execute(
                    "SELECT count(*), md5(coalesce(string_agg("
                    "line, E'\\n' ORDER BY line COLLATE \"C\"), '')) "
                    f"FROM (SELECT shop::text AS line FROM {name} AS shop) AS lines"
                )
                (row,) = cursor.fetchall()
            found[name] = Checksum(*row)
        except errors.UndefinedTable:
            found[name] = Checksum(None, None)
    return found


def structure_problems(connection: Connection) -> list[str]:
    """Try what only works with keys and counters in place; nothing of it stays."""
    problems = []
    try:
        with connection.cursor() as cursor:
            cursor.execute(
                f"INSERT INTO {ORDERS} (customer_id, product_id, quantity, ordered_at) "
                "VALUES (-1, 1, 1, now())"
            )
        problems.append(f"The foreign key of {ORDERS} is gone: an order without customer passed.")
    except errors.ForeignKeyViolation:
        pass
    except psycopg2.Error as error:
        problems.append(f"{ORDERS} takes no orders: {type(error).__name__}.")
    connection.rollback()
    try:
        with connection.cursor() as cursor:
            cursor.execute(f"INSERT INTO {CUSTOMERS} (name, email) VALUES ('Next', 'next')")
    except psycopg2.Error as error:
        problems.append(f"{CUSTOMERS} takes no new customer: {type(error).__name__}.")
    connection.rollback()
    return problems


def _make_schema(connection: Connection) -> None:
    try:
        connection.cursor().execute(f"CREATE SCHEMA {SCHEMA}")
    except errors.DuplicateSchema:
        raise BackstopError(
            f"This database has a schema {SCHEMA} already, which the demo leaves alone. "
            "Rename or drop it, or name another database by --dsn."
        ) from None
    except errors.InsufficientPrivilege:
        raise BackstopError(
            "The demo makes a schema of its own, and the role of --dsn may not: "
            "GRANT CREATE ON DATABASE … TO …, or leave --dsn out."
        ) from None
    except errors.ReadOnlySqlTransaction:
        raise BackstopError(
            "The database of --dsn takes no writes (a standby?): name another, or leave --dsn out."
        ) from None
