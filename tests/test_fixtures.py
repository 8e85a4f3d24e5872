"""The shared fixtures keep their word: every test of the product leans on them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import psycopg2
import pytest

from testing.dumps import dump, sort_rows
from testing.postgres import url_of

if TYPE_CHECKING:
    from testing.postgres import Connect, Server

SCHEMA = """
    CREATE TABLE person (id serial PRIMARY KEY, name text NOT NULL);
    INSERT INTO person (name) VALUES ('a'), (E'form\\ffeed'), ('c');
"""


@pytest.mark.parametrize("_again", [1, 2])
def test_every_test_gets_an_empty_database(connect: Connect, _again: int) -> None:
    with connect() as connection, connection.cursor() as cursor:
        cursor.execute("CREATE TABLE left_behind ()")


def test_a_database_is_dropped_though_a_connection_is_open(dsn: str) -> None:
    connection = psycopg2.connect(dsn)
    with connection.cursor() as cursor:
        cursor.execute("SELECT 1")
    # Closed after the database is gone, when the garbage is collected.


def test_equal_databases_have_equal_dumps_whatever_the_order_of_rows(
    dsn: str, connect: Connect
) -> None:
    connection = connect()
    with connection, connection.cursor() as cursor:
        cursor.execute(SCHEMA)
    before = dump(dsn)
    assert dump(dsn) == before
    with connection, connection.cursor() as cursor:
        cursor.execute("UPDATE person SET name = name WHERE id = 1")
    assert dump(dsn) == before


@pytest.mark.parametrize(
    "change",
    [
        "UPDATE person SET name = 'x' WHERE id = 1",
        "SELECT nextval('person_id_seq')",
        "ALTER TABLE person ALTER name SET DEFAULT ''",
        "GRANT SELECT ON person TO PUBLIC",
        "COMMENT ON TABLE person IS 'x'",
        "ALTER TABLE person ADD UNIQUE (name)",
    ],
)
def test_a_dump_shows_every_difference(dsn: str, connect: Connect, change: str) -> None:
    connection = connect()
    with connection, connection.cursor() as cursor:
        cursor.execute(SCHEMA)
    before = dump(dsn)
    with connection, connection.cursor() as cursor:
        cursor.execute(change)
    assert dump(dsn) != before


def test_a_dump_that_cannot_be_made_is_an_error(postgres_server: Server) -> None:
    with pytest.raises(psycopg2.OperationalError, match="no_such_database"):
        dump(postgres_server.dsn("no_such_database"))


def test_rows_are_sorted_within_their_block_only() -> None:
    text = "b;\na;\nCOPY t (x) FROM stdin;\n2\n1\x0c\n\\.\nd;\nc;\nCOPY u FROM stdin;\n\\.\n"
    expected = "b;\na;\nCOPY t (x) FROM stdin;\n1\x0c\n2\n\\.\nd;\nc;\nCOPY u FROM stdin;\n\\.\n"
    assert sort_rows(text) == expected


@pytest.mark.parametrize(
    ("dsn_given", "expected"),
    [
        ("postgresql://u@h:1/old", "postgresql://u@/new?port=1&host=h"),
        ("host=/run/pg user=u password='p w'", "postgresql://u:p%20w@/new?host=%2Frun%2Fpg"),
        ("user=u sslmode=require dbname=old", "postgresql://u@/new?sslmode=require"),
    ],
)
def test_a_dsn_of_either_form_leads_to_another_database(dsn_given: str, expected: str) -> None:
    given, query = url_of(dsn_given, "new").split("?")
    assert given == expected.split("?")[0]
    assert sorted(query.split("&")) == sorted(expected.split("?")[1].split("&"))
