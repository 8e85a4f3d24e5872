"""DELETE, UPDATE and TRUNCATE: after a restore, a dump of the database is what it was before."""

from __future__ import annotations

import psycopg2.errors
import pytest

import backstop
from testing.dumps import dump

pytestmark = pytest.mark.proof

SHOP = """
CREATE SCHEMA shop;
CREATE TABLE shop.customers (id serial PRIMARY KEY, email text UNIQUE, name text DEFAULT 'n/a');
CREATE TABLE shop.orders (
    id int GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    customer int REFERENCES shop.customers,
    total numeric(10, 2) NOT NULL,
    taxed numeric GENERATED ALWAYS AS (total * 1.2) STORED
);
INSERT INTO shop.customers (email, name) SELECT 'c' || g || '@example.org', 'C ' || g
    FROM generate_series(1, 40) AS g;
INSERT INTO shop.orders (customer, total) SELECT 1 + g % 40, g FROM generate_series(1, 200) AS g;
"""

CHAIN = """
CREATE TABLE a (id int PRIMARY KEY, name text);
CREATE TABLE b (id int PRIMARY KEY, a int REFERENCES a ON DELETE CASCADE ON UPDATE CASCADE);
CREATE TABLE c (id int, b int DEFAULT 0 REFERENCES b ON DELETE SET NULL, note text);
CREATE TABLE d (id int PRIMARY KEY, a int DEFAULT 1 REFERENCES a ON DELETE SET DEFAULT);
INSERT INTO a SELECT g, 'a' || g FROM generate_series(1, 30) AS g;
INSERT INTO b SELECT g, g FROM generate_series(1, 30) AS g;
INSERT INTO c SELECT g, g, 'c' FROM generate_series(1, 30) AS g;
INSERT INTO d SELECT g, 1 + g % 3 FROM generate_series(1, 30) AS g;
"""

TREE = """
CREATE TABLE tree (id int PRIMARY KEY, parent int REFERENCES tree ON DELETE CASCADE);
INSERT INTO tree VALUES (1, NULL), (2, 1), (3, 2), (4, 1), (5, 4), (6, NULL), (7, 6);
CREATE TABLE hen (id int PRIMARY KEY, egg int NOT NULL);
CREATE TABLE egg (id int PRIMARY KEY, hen int NOT NULL REFERENCES hen ON DELETE CASCADE);
ALTER TABLE hen ADD FOREIGN KEY (egg) REFERENCES egg ON DELETE CASCADE
    DEFERRABLE INITIALLY DEFERRED;
BEGIN; INSERT INTO hen VALUES (1, 1), (2, 2); INSERT INTO egg VALUES (1, 1), (2, 2); COMMIT;
"""

FAMILY = """
CREATE TABLE event (id int, at date NOT NULL, note text, PRIMARY KEY (id, at))
    PARTITION BY RANGE (at);
CREATE TABLE event_2025 PARTITION OF event FOR VALUES FROM ('2025-01-01') TO ('2026-01-01');
CREATE TABLE event_2026 PARTITION OF event FOR VALUES FROM ('2026-01-01') TO ('2027-01-01');
INSERT INTO event SELECT g, date '2025-06-01' + g * 7, 'e' || g FROM generate_series(1, 60) AS g;
CREATE TABLE animal (id int PRIMARY KEY, name text);
CREATE TABLE dog (tricks text[]) INHERITS (animal);
INSERT INTO animal VALUES (1, 'generic');
INSERT INTO dog VALUES (2, 'Rex', '{sit,"roll over"}'), (3, 'Ada', NULL);
"""

KEYLESS = """
CREATE TABLE log (at timestamp, line text, data json, place point);
INSERT INTO log SELECT timestamp '2026-01-01', 'same', '{"a": 1}', '(1,2)'
    FROM generate_series(1, 5);
INSERT INTO log SELECT timestamp '2026-01-01' + g * interval '1 h', 'l' || g, '[1, 2]', '(0,0)'
    FROM generate_series(1, 20) AS g;
"""

TABLE = '"Größe x"."Order ""1"" "'
AWKWARD_NAMES = f"""
CREATE SCHEMA "Größe x";
CREATE TABLE {TABLE} ("Id" int PRIMARY KEY, "select" text, "ñ.ñ" text);
INSERT INTO {TABLE} VALUES (1, 'a', 'b'), (2, E'tab\\t', E'line\\nline');
"""


@pytest.mark.parametrize(
    ("schema", "sql"),
    [
        (SHOP, "DELETE FROM shop.orders"),
        (SHOP, "DELETE FROM shop.orders WHERE total > 100"),
        (SHOP, "DELETE FROM ONLY shop.orders AS o WHERE o.id % 2 = 0"),
        (SHOP, "DELETE FROM shop.orders o USING shop.customers c WHERE c.id = o.customer "
               "AND c.name LIKE 'C 1%' RETURNING o.id"),
        (SHOP, "WITH rich AS (SELECT customer FROM shop.orders WHERE total > 150) "
               "DELETE FROM shop.orders WHERE customer IN (SELECT customer FROM rich) -- why not"),
        (SHOP, "DELETE FROM shop.orders WHERE random() < 0.5"),
        (SHOP, "DELETE FROM shop.orders; DELETE FROM shop.customers WHERE id > 10"),
        (SHOP, "WITH gone AS (DELETE FROM shop.orders WHERE customer < 5 RETURNING customer) "
               "DELETE FROM shop.customers WHERE id IN (SELECT customer FROM gone)"),
        (SHOP, "UPDATE shop.customers SET name = lower(name)"),
        (SHOP, "UPDATE shop.orders SET total = total + 1 WHERE customer = 7"),
        (SHOP, "UPDATE shop.orders AS o SET total = 0 FROM shop.customers c "
               "WHERE c.id = o.customer AND c.email = 'c3@example.org'"),
        (SHOP, "UPDATE shop.orders SET (total, customer) = (SELECT 1, 2) WHERE id < 9"),
        (SHOP, "UPDATE shop.orders SET total = 1; UPDATE shop.orders SET total = 2 WHERE id = 1"),
        (SHOP, "TRUNCATE shop.customers, shop.orders"),
        (SHOP, "TRUNCATE shop.customers CASCADE"),
        (SHOP, "TRUNCATE TABLE shop.orders"),
        (CHAIN, "DELETE FROM a WHERE id > 1"),
        (CHAIN, "DELETE FROM a WHERE id BETWEEN 10 AND 12"),
        (CHAIN, "UPDATE a SET id = id + 1000 WHERE id BETWEEN 10 AND 20"),
        (CHAIN, "DELETE FROM b"),
        (TREE, "DELETE FROM tree WHERE id = 1"),
        (TREE, "DELETE FROM tree"),
        (TREE, "DELETE FROM hen WHERE id = 1"),
        (TREE, "UPDATE tree SET id = id + 100 WHERE id IN (3, 5, 7)"),
        (FAMILY, "DELETE FROM event"),
        (FAMILY, "DELETE FROM event WHERE note < 'e3'"),
        (FAMILY, "UPDATE event SET note = note || '!' WHERE id > 20"),
        (FAMILY, "UPDATE event SET at = at + 100 WHERE id = 20"),
        (FAMILY, "TRUNCATE event"),
        (FAMILY, "TRUNCATE ONLY event_2025"),
        (FAMILY, "DELETE FROM animal"),
        (FAMILY, "DELETE FROM ONLY animal"),
        (FAMILY, "UPDATE animal SET name = 'x' WHERE id > 1"),
        (KEYLESS, "DELETE FROM log"),
        (KEYLESS, "DELETE FROM log WHERE line = 'same'"),
        (KEYLESS, "DELETE FROM log WHERE ctid IN "
                  "(SELECT ctid FROM log WHERE line = 'same' LIMIT 2)"),
        (KEYLESS, "UPDATE log SET line = 'changed'"),
        (KEYLESS, "UPDATE log SET at = at + interval '1 h' WHERE line LIKE 'l1%'"),
        (AWKWARD_NAMES, f"DELETE FROM {TABLE}"),
        (AWKWARD_NAMES, f'UPDATE {TABLE} SET "ñ.ñ" = NULL WHERE "Id" = 2'),
    ],
)  # fmt: skip
def test_rows_come_back(schema, sql, connect, comes_back):
    connection = connect()
    connection.autocommit = True
    connection.cursor().execute(schema)
    comes_back(sql)


def test_truncate_restart_identity_comes_back_with_its_sequences(connect, comes_back):
    connection = connect()
    connection.autocommit = True
    connection.cursor().execute(SHOP)
    comes_back("TRUNCATE shop.orders, shop.customers RESTART IDENTITY")


VALUES = {
    "bigint": ["-9223372036854775808", "9223372036854775807"],
    "boolean": ["true", "false"],
    "bytea": ["'\\x00ff5c'", "decode(repeat('ab', 100000), 'hex')"],
    "char(5)": ["'ab'", "''"],
    "cidr": ["'10.0.0.0/8'"],
    "date": ["'infinity'", "'-infinity'", "'12026-01-01'", "'0044-03-15 BC'"],
    "daterange": ["'[2026-01-01,)'", "'empty'"],
    "double precision": ["'NaN'", "'Infinity'", "'-0'", "1e-300", "0.1::float8 + 0.2::float8"],
    "int[]": ["'[0:2]={1,NULL,3}'", "'{}'", "'{{1,2},{3,4}}'"],
    "interval": ["'1 mon'", "'-1 year 2 days -03:00:00'", "'30 days'"],
    "json": ["'{\"b\": 1,  \"a\": [null]}'", "'null'"],
    "jsonb": ["'{\"b\": 1, \"a\": [null]}'", "'null'"],
    "money": ["'12.34'", "'-1'"],
    "numeric": ["'NaN'", "1.000", "12345678901234567890.1234567890"],
    "oid": ["4294967295"],
    "point": ["'(1e-9,2)'"],
    "real": ["0.1", "'-Infinity'"],
    "regclass": ["'pg_class'"],
    "text": ["''", "E'\\\\N'", "E'\\\\.'",
             "E'a\\tb\\nc\\rd\\\\e'", "'ünïcödé 🐘'", "repeat('x', 3000000)"],
    "text[]": ["array['a,b', '\"', NULL, 'NULL', E'\\n']"],
    "time": ["'24:00'"],
    "timestamp": ["'infinity'", "'2026-01-01 00:00:00.000001'"],
    "timestamptz": ["'2026-06-01 12:00:00+05:30'", "'infinity'"],
    "tsvector": ["'a:1A b:2'"],
    "uuid": ["'a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11'"],
    "varbit": ["B'1010'"],
    "xid": ["'4294967295'"],
    "xml": ["'<a> &amp; </a>'"],
}  # fmt: skip


def exists(cursor, kind):
    """Tell whether the server knows a type: xml comes with libxml or not at all."""
    try:
        cursor.execute(f"SELECT NULL::{kind}, '<a/>'::{kind if kind == 'xml' else 'text'}")
    except psycopg2.errors.FeatureNotSupported:
        return False
    return True


@pytest.fixture
def every_type(connect):
    """Create a table with a column of every type, and a row for every value."""

    def create(key: str) -> list[str]:
        connection = connect()
        connection.autocommit = True
        cursor = connection.cursor()
        known = {kind: values for kind, values in VALUES.items() if exists(cursor, kind)}
        columns = [f"v{number}" for number in range(len(known))]
        types = ", ".join(f"{name} {kind}" for name, kind in zip(columns, known))
        cursor.execute(f"CREATE TABLE t ({key}, {types})")
        rows = [(name, value) for name, values in zip(columns, known.values()) for value in values]
        for number, (name, value) in enumerate(rows):
            cursor.execute(f"INSERT INTO t (id, {name}) VALUES ({number}, {value})")
        return columns

    return create


@pytest.mark.parametrize("key", ["id int PRIMARY KEY", "id int"])
@pytest.mark.parametrize("where", ["", " WHERE id >= 0"])
@pytest.mark.parametrize("operation", ["DELETE", "UPDATE"])
def test_values_of_every_type_come_back(key, where, operation, every_type, comes_back):
    columns = every_type(key)
    nulls = ", ".join(f"{name} = NULL" for name in columns)
    comes_back({"DELETE": "DELETE FROM t", "UPDATE": f"UPDATE t SET {nulls}"}[operation] + where)


def test_the_application_s_settings_choose_the_rows_and_change_no_value(
    connect, guarded, store, dsn
):
    setup = connect()
    setup.autocommit = True
    setup.cursor().execute(
        "CREATE TABLE t (id int PRIMARY KEY, d date, i interval, f float8, m money, s text);"
        "INSERT INTO t VALUES (1, '2026-02-03', '1 mon 2 days', 0.1::float8 + 0.2, '1.5', 'é'),"
        "(2, '2026-03-02', '1 day', 1, '2', 'x')"
    )
    before = dump(dsn)
    connection = guarded(snapshot_at="LOW", autocommit=False)
    cursor = connection.cursor()
    cursor.execute(
        "SET DateStyle = 'SQL, DMY'; SET IntervalStyle = 'sql_standard';"
        "SET extra_float_digits = -10; SET client_encoding = 'LATIN1'"
    )
    connection.commit()
    # Under DMY this is the third of February, found by text as the application sees it.
    cursor.execute("DELETE FROM t WHERE d = '03/02/2026' AND d::text = '03/02/2026'")
    assert cursor.rowcount == 1
    cursor.execute("SHOW DateStyle")
    assert cursor.fetchone() == ("SQL, DMY",)
    connection.commit()
    (snapshot,) = backstop.snapshots.list(store)
    assert snapshot.rows == 1
    assert backstop.restore(snapshot.id, storage=store, dsn=dsn).complete
    assert dump(dsn) == before
