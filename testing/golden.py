"""Golden snapshots: a store as it was written once, to be read by every later version.

``python -m testing.golden FOLDER`` writes a new one, for a new format; those that are there are
never written again. Beside the store stand the SQL that made the tables, the statements, and, with
``--encrypted`` after the folder, the key that opens the snapshots.
"""

from __future__ import annotations

import importlib
import sys
from contextlib import closing, suppress
from pathlib import Path

import psycopg2

import backstop
from backstop.embedded import EmbeddedServer

KEY = "key.txt"
FOLDER = Path(__file__).parents[1] / "tests" / "data" / "golden"

SETUP = """\
CREATE SCHEMA shop;
CREATE TYPE shop.mood AS ENUM ('sad', 'ok');
CREATE TABLE shop.users (
    id integer PRIMARY KEY,
    name text NOT NULL,
    mood shop.mood DEFAULT 'ok',
    born date,
    tags text[],
    facts jsonb,
    photo bytea,
    balance numeric(12, 2)
);
INSERT INTO shop.users VALUES
    (1, E'tab\\there', 'ok', '1999-12-31', '{a,"b c",NULL}', '{"n": 1}', '\\x00ff', 1.50),
    (2, E'line\\nend', 'sad', 'infinity', '{}', 'null', NULL, -0.01),
    (3, 'ünïcödé 🙂', NULL, '0044-03-15 BC', NULL, '[]', '', 'NaN'),
    (4, '\\N', 'ok', NULL, '{{1,2},{3,4}}', NULL, '\\x5c', 0);
CREATE TABLE shop.orders (
    id integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    user_id integer,
    total numeric,
    CONSTRAINT positive CHECK (total >= 0)
);
INSERT INTO shop.orders (user_id, total) SELECT g % 4 + 1, g / 4.0 FROM generate_series(1, 40) g;
CREATE INDEX orders_of_user ON shop.orders (user_id) WHERE total > 1;
CREATE VIEW shop.large_orders AS SELECT id, total FROM shop.orders WHERE total > 5;
COMMENT ON VIEW shop.large_orders IS 'Above five';
CREATE TABLE shop.stock (sku integer PRIMARY KEY, amount integer, note text);
INSERT INTO shop.stock SELECT g, g * 10, 'note ' || g FROM generate_series(1, 20) g;
CREATE TABLE shop.log (at timestamptz, line text);
INSERT INTO shop.log SELECT '2026-01-01 00:00Z'::timestamptz + g * interval '1 hour', 'line ' || g
FROM generate_series(1, 30) g;
CREATE FUNCTION shop.twice(integer) RETURNS integer LANGUAGE sql IMMUTABLE AS 'SELECT $1 * 2';
"""

STATEMENTS = (
    "DELETE FROM shop.users WHERE id <> 4",
    "UPDATE shop.stock SET amount = 0",
    "TRUNCATE shop.log",
    "DROP FUNCTION shop.twice(integer)",
    "ALTER TABLE shop.stock DROP COLUMN note",
    "DROP TABLE shop.orders CASCADE",
)
UNDONE = "DELETE FROM shop.stock"
FAILED = "UPDATE shop.stock SET sku = 1"


def write(folder: Path, *, encrypted: bool = False) -> None:
    """Write a store with one snapshot of each statement, of one undone and of one that failed."""
    folder.mkdir(parents=True)
    (folder / "setup.sql").write_text(SETUP, encoding="utf-8")
    (folder / "statements.sql").write_text(";\n".join(STATEMENTS) + ";\n", encoding="utf-8")
    recipients = [_new_key(folder / KEY)] if encrypted else []
    with EmbeddedServer() as server:
        dsn = f"host=127.0.0.1 port={server.port} user=postgres"
        with closing(psycopg2.connect(dsn)) as raw:
            raw.cursor().execute(SETUP)
            raw.commit()
            connection = backstop.guard(
                raw,
                (folder / "store").absolute().as_uri(),
                "golden",
                snapshot_at="LOW",
                on_snapshot_failure="raise",
                encrypt_to=recipients,
            )
            cursor = connection.cursor()
            cursor.execute(UNDONE)
            connection.rollback()
            with suppress(psycopg2.errors.UniqueViolation):
                cursor.execute(FAILED)
            connection.rollback()
            for statement in STATEMENTS:
                cursor.execute(statement)
                connection.commit()


def _new_key(path: Path) -> str:
    """Write a new key, which opens nothing but these snapshots, and return the public one."""
    identity = importlib.import_module("pyrage").x25519.Identity.generate()
    path.write_text(f"{identity}\n", encoding="utf-8")
    return str(identity.to_public())


if __name__ == "__main__":
    write(Path(sys.argv[1]), encrypted="--encrypted" in sys.argv[2:])
