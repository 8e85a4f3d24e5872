"""The tables that the referee runs statements on: three copies of one schema, differently filled.

Every table has the same columns, so that a generated statement nearly always has a meaning. The
rows are wide: NULLs, empty strings, negatives, extremes and duplicates, drawn from the same values
that the generated statements compare with. A predicate that really restricts leaves a row in at
least one copy.
"""

from __future__ import annotations

import random
from typing import TYPE_CHECKING, Any

from psycopg2.extras import execute_values

if TYPE_CHECKING:
    from psycopg2.extensions import connection as Connection  # noqa: N812

COPIES = ("one", "two", "three")

INTEGERS = (-(2**52), -5, -1, 0, 1, 2, 5, 7, 18, 100, 2**52)
TEXTS = ("", "a", "b", "A", "open", "paid", "it's", "50%", "_", "zz", "\U0001f600")
NUMBERS = ("-1e20", "-0.5", "0", "0.01", "5", "100.5", "1e20", "NaN")
TIMES = ("-infinity", "0001-01-01", "2000-01-01", "2020-02-29 12:00+00", "infinity")
DOCUMENTS = ("{}", '{"a": 1}', '{"a": null, "b": [1, 2]}', "[]", '"a"', "null")
ARRAYS = ("{}", "{a}", "{a,b}", "{NULL}", "{paid,open,a}")

COLUMNS = {
    "integer": ("id", "org_id", "age", "amount", '"Select"'),
    "text": ("name", "state"),
    "boolean": ("active", "flag"),
    "number": ("score",),
    "time": ("created",),
    "document": ("data",),
    "array": ("tags",),
}
NULLABLE = {
    "integer": ("org_id", "age", '"Select"'),
    "text": ("name",),
    "boolean": ("active",),
    "time": ("created",),
}
TABLES = ("users", "orders", '"Order Lines"', "events", "parent")

_COLUMNS = """
    id bigint NOT NULL, org_id bigint, age bigint, amount bigint NOT NULL DEFAULT 0,
    "Select" bigint, name text, state text NOT NULL DEFAULT '', active boolean,
    flag boolean NOT NULL DEFAULT false, score numeric, created timestamptz, data jsonb, tags text[]
"""
# What the statements of the truth table name besides.
_MORE_COLUMNS = """
    a int, b int, x int, y int, k int, n text, email text, user_id bigint, order_id bigint, org int,
    total numeric, starts_on date, ends_on date, deleted_at timestamptz, created_at timestamptz
"""
_MORE_TABLES = ("t", "a", "b", "other", "banned", "new", "dup", "old_users", "items", "posts", "u")
_DEFINITION = f"""
    CREATE SCHEMA {{copy}};
    SET LOCAL search_path = {{copy}};
    CREATE TABLE users ({_COLUMNS}, PRIMARY KEY (id));
    CREATE TABLE orders ({_COLUMNS}, PRIMARY KEY (id));
    CREATE TABLE "Order Lines" ({_COLUMNS});
    CREATE TABLE events ({_COLUMNS}) PARTITION BY HASH (id);
    CREATE TABLE events_0 PARTITION OF events FOR VALUES WITH (MODULUS 2, REMAINDER 0);
    CREATE TABLE events_1 PARTITION OF events FOR VALUES WITH (MODULUS 2, REMAINDER 1);
    CREATE TABLE parent ({_COLUMNS});
    CREATE TABLE child () INHERITS (parent);
    CREATE TABLE empty ({_COLUMNS});
    CREATE SEQUENCE counter;
    CREATE SEQUENCE s;
    CREATE TYPE color AS ENUM ('red', 'green');
    CREATE DOMAIN small AS int CHECK (VALUE < 100);
    CREATE TYPE pair AS (a int, b text);
    CREATE VIEW adults AS SELECT * FROM users WHERE age >= 18;
    CREATE VIEW v AS SELECT * FROM empty;
    CREATE MATERIALIZED VIEW m AS SELECT org_id, count(*) FROM users GROUP BY org_id;
    CREATE INDEX i ON users (name);
    CREATE FUNCTION wipe(int DEFAULT 0) RETURNS int LANGUAGE sql AS
        $$ INSERT INTO empty (id) VALUES (1) RETURNING 1 $$;
    CREATE FUNCTION f() RETURNS void LANGUAGE sql AS '';
    CREATE PROCEDURE p() LANGUAGE sql AS '';
    {"".join(f"CREATE TABLE {table} (LIKE users, {_MORE_COLUMNS});" for table in _MORE_TABLES)}
    {" ".join(f"ALTER TABLE users ADD {column};" for column in _MORE_COLUMNS.split(","))}
"""
FILLED = ("users", "orders", '"Order Lines"', "events", "child", "parent")
_ROWS = 60
_NAMES = [name.strip('"') for group in COLUMNS.values() for name in group]


def create(connection: Connection, seed: int = 0) -> None:
    """Create the three copies and fill them; the same seed gives the same rows."""
    dice = random.Random(seed)
    with connection, connection.cursor() as cursor:
        for copy in COPIES:
            cursor.execute(_DEFINITION.format(copy=copy))
            ranks = range(len(FILLED)) if copy == COPIES[0] else reversed(range(len(FILLED)))
            for table, rank in zip(FILLED, ranks):
                columns = ", ".join(f'"{name}"' for name in _NAMES)
                execute_values(
                    cursor, f"INSERT INTO {table} ({columns}) VALUES %s", _rows(dice, rank)
                )
            cursor.execute(
                "UPDATE users SET email = name, a = age % 5; REFRESH MATERIALIZED VIEW m;"
                # Nothing is compared with the rows of an empty table.
                "INSERT INTO banned (id, age, amount, state, flag) VALUES (-1, 100, 0, '', true)"
            )


def drop(connection: Connection) -> None:
    """Drop the three copies."""
    with connection, connection.cursor() as cursor:
        cursor.execute(f"DROP SCHEMA IF EXISTS {', '.join(COPIES)} CASCADE")


def _rows(dice: random.Random, rank: int) -> list[tuple[Any, ...]]:
    # Positive, as those of a sequence: what every key of an application satisfies must count.
    large = [2**53 + number for number in dice.sample(range(1000), _ROWS // 2)]
    named = [number for number in INTEGERS[:-1] if number > 0]
    others = dice.sample(range(101, 400), _ROWS - len(large) - len(named) - 1)
    keys = [*named, 2**60 + rank, *large, *others]
    rows = [[_value(name, key, dice) for name in _NAMES] for key in keys]
    for name, values in _ends(rank).items():
        often = values * 4
        for row, value in zip(dice.sample(rows, len(often)), often):
            row[_NAMES.index(name)] = value
    return [tuple(row) for row in rows]


def _ends(rank: int) -> dict[str, tuple[Any, ...]]:
    """Give each column values of its own, beyond those of the statements.

    No table has the highest one in every copy.
    """
    ends: dict[str, tuple[Any, ...]] = {}
    for position, name in enumerate(("org_id", "age", "amount", "Select")):
        beyond = 2**53 + 10 * rank + position
        ends[name] = (-beyond, beyond)
    ends["score"] = (f"0.{rank + 1}7",)
    ends["created"] = (f"20{rank + 10}-07-01",)
    for name in ("name", "state"):
        ends[name] = ("\U0010fffd" * (rank + 1) + name, f"only {name} {rank}")
    return ends


def _value(name: str, key: int, dice: random.Random) -> Any:
    if name == "id":
        return key
    required = name in ("amount", "state", "flag")
    if not required and dice.random() < 0.15:
        return None
    return dice.choice(_VALUES[name])


_VALUES: dict[str, tuple[Any, ...]] = {
    # Beside the values that statements compare with, some above and below them all.
    **dict.fromkeys(("org_id", "age", "amount", "Select"), (-(2**52) - 1, *INTEGERS, 2**52 + 1)),
    **dict.fromkeys(("name", "state"), (*TEXTS, "active", "x", "\U0010fffc")),
    "active": (True, False),
    "flag": (True, False),
    "score": NUMBERS,
    "created": TIMES,
    "data": DOCUMENTS,
    "tags": ARRAYS,
}
