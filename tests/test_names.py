"""What a text can't tell, the catalog does: views, overloads, operators, casts, extensions.

The referee is the server: what empties the table must be CRITICAL, and what is SAFE must leave no
trace of a write.
"""

from __future__ import annotations

import io
import logging
from pathlib import Path

import psycopg2
import pytest

import backstop
from backstop.assessment import Assessment, Measure, names
from backstop.drivers.psycopg2 import Psycopg2Session
from backstop.settings import Thresholds
from backstop.statement import Statement
from testing.postgres import filled_database
from testing.tables import read_table

pytestmark = pytest.mark.proof

DATA = Path(__file__).parent / "data"


TABLE = read_table(DATA / "names.tsv")


@pytest.fixture(scope="module")
def database(postgres_server, postgres_maintenance):
    """A connection to the database of names.sql, which no test changes."""
    script = DATA / "names.sql"
    with filled_database(postgres_server, postgres_maintenance, script) as connection:
        yield connection


@pytest.fixture
def connection(database):
    yield database
    database.rollback()


def assessed(connection, sql):
    assessment = Assessment(Psycopg2Session(connection), Thresholds(max_rows=10**9))
    return assessment.assess(Statement(sql, lambda: sql), backstop.classify(sql), Measure.NOTHING)[
        0
    ]


def rows_after(connection, sql):
    """Run a statement as a role that row security holds for, and count what it left."""
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL statement_timeout = '5s'")
        if sql.startswith("COPY"):
            cursor.copy_expert(sql, io.BytesIO())
        else:
            cursor.execute(sql)
        if sql.startswith("DECLARE"):
            cursor.execute("FETCH ALL FROM c")
        elif sql.startswith("PREPARE"):
            cursor.execute("EXECUTE p")
        cursor.execute("SELECT count(*), pg_current_xact_id_if_assigned() IS NULL FROM item")
        return cursor.fetchone()


@pytest.mark.parametrize(("level", "sql"), TABLE)
def test_a_statement_has_the_level_of_what_its_names_stand_for(level, sql, connection):
    result = assessed(connection, sql)
    assert result.level.value == level, result.reason
    assert result.reason.endswith(".")
    assert all(0 <= found.start <= found.end <= len(sql) for found in result.findings)


@pytest.mark.parametrize(("level", "sql"), TABLE)
def test_the_server_agrees(level, sql, connection):
    try:
        rows, nothing_written = rows_after(connection, sql)
    except psycopg2.Error as error:
        # It does nothing at all, and may be rated as it reads.
        pytest.skip(f"the server refuses it: {error.pgerror}")
    assert (rows > 0) or level == "CRITICAL"
    assert nothing_written or level != "SAFE"


@pytest.fixture
def shop(connect):
    """A connection in autocommit to a fresh database with one table."""
    connection = connect()
    connection.autocommit = True
    connection.cursor().execute(
        "CREATE TABLE item (id int); INSERT INTO item VALUES (1);"
        "CREATE FUNCTION harmless() RETURNS int LANGUAGE sql AS 'SELECT 1'"
    )
    return connection.cursor()


WIPE = "CREATE OR REPLACE FUNCTION {} RETURNS int LANGUAGE sql AS 'DELETE FROM item; SELECT 1'"


class CountingSession(Psycopg2Session):
    """Counts what it sends."""

    sent = 0

    def execute(self, sql):
        self.sent += 1
        return super().execute(sql)

    def copy_out(self, sql, sink):
        self.sent += 1
        return super().copy_out(sql, sink)


def test_names_that_mean_nothing_here_cost_no_question(shop):
    session = CountingSession(shop.connection)
    assessment = Assessment(session, Thresholds())

    def level(sql):
        result, _ = assessment.assess(
            Statement(sql, lambda: sql), backstop.classify(sql), Measure.NOTHING
        )
        return result.level.value

    assert level("SELECT * FROM item WHERE id = 1") == "SAFE"
    asked = session.sent
    assert 0 < asked <= 6
    assert level("SELECT * FROM item WHERE id = 2") == "SAFE"
    assert level("INSERT INTO item VALUES (3)") == "LOW"
    assert session.sent == asked
    assert level("SELECT harmless()") == "SAFE"
    assert session.sent > asked
    asked = session.sent
    assert level("SELECT harmless()") == "SAFE"
    assert level("SELECT harmless() + 1 FROM item WHERE id = 7") == "SAFE"
    assert session.sent == asked


def test_what_is_known_is_told_without_a_question(shop):
    session = CountingSession(shop.connection)
    known = names.Names(session)
    read, call = "SELECT * FROM item", "SELECT harmless()"
    known.ask(read, backstop.classify(read))
    asked = session.sent
    assert known.known(call, backstop.classify(call)) is None
    assert session.sent == asked


def test_what_the_connection_itself_creates_is_known_at_once(shop, guarded):
    db = guarded(mode="block", on_snapshot_failure="log")
    cursor = db.cursor()
    cursor.execute("SELECT lower('A')")
    cursor.execute(WIPE.format("lower(int)").replace("DELETE FROM item", "SELECT 2"))
    cursor.execute("SELECT lower(1)")
    with backstop.allow(reason="the test makes it"):
        cursor.execute(WIPE.format("lower(int)"))
    with pytest.raises(backstop.StatementBlocked, match=r"public\.lower\(\) does this: DELETE"):
        cursor.execute("SELECT lower(1)")
    shop.execute("SELECT count(*) FROM item")
    assert shop.fetchone() == (1,)


def test_a_definition_that_a_rollback_brings_back_is_known_again(shop, guarded):
    shop.execute(WIPE.format("wipe()"))
    db = guarded(mode="block", autocommit=False)
    cursor = db.cursor()
    cursor.execute("DROP FUNCTION wipe()")
    cursor.execute("CREATE FUNCTION wipe() RETURNS int LANGUAGE sql AS 'SELECT 1'")
    cursor.execute("SELECT wipe()")
    db.rollback()
    with pytest.raises(backstop.StatementBlocked):
        cursor.execute("SELECT wipe()")


def test_what_others_create_is_known_after_a_minute(shop, connect, monkeypatch):
    assessment = Assessment(Psycopg2Session(shop.connection), Thresholds())
    sql = "SELECT lower(1)"

    def level():
        result, _ = assessment.assess(
            Statement(sql, lambda: sql), backstop.classify(sql), Measure.NOTHING
        )
        return result.level.value

    assert level() == "SAFE"
    other = connect()
    other.cursor().execute(WIPE.format("lower(int)"))
    other.commit()
    now = names.time.monotonic()
    monkeypatch.setattr(names.time, "monotonic", lambda: now + 61)
    assert level() == "CRITICAL"


@pytest.mark.parametrize("mode", ["protect", "block"])
def test_looking_up_leaves_the_transaction_as_it_was(shop, guarded, mode):
    db = guarded(mode=mode, autocommit=False)
    cursor = db.cursor()
    cursor.execute("SELECT harmless()")
    assert cursor.fetchone() == (1,)
    db.rollback()
    assert db.info.transaction_status == 0
    cursor.execute("INSERT INTO item VALUES (2)")
    cursor.execute("SET LOCAL lock_timeout = '7s'")
    cursor.execute("SELECT harmless(), current_setting('lock_timeout')")
    assert cursor.fetchone() == (1, "7s")
    cursor.execute("SELECT current_setting('transaction_read_only')")
    assert cursor.fetchone() == ("off",)
    db.commit()
    shop.execute("SELECT count(*) FROM item")
    assert shop.fetchone() == (2,)


def test_an_isolation_level_can_still_be_set_first(shop, guarded):
    db = guarded(mode="protect")
    cursor = db.cursor()
    cursor.execute("BEGIN")
    cursor.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ")
    cursor.execute("LOCK TABLE item IN SHARE MODE")
    # A question of ours would have taken the transaction's snapshot before the lock.
    cursor.execute("SELECT pg_current_snapshot() IS NOT NULL, harmless()")
    cursor.execute("COMMIT")


def test_a_question_that_fails_is_logged_and_breaks_nothing(shop, guarded, caplog):
    shop.execute("CREATE ROLE blind LOGIN" if not role_exists(shop, "blind") else "SELECT 1")
    shop.execute("REVOKE EXECUTE ON FUNCTION pg_catalog.row_to_json(record) FROM PUBLIC")
    db = guarded(mode="block", autocommit=False)
    cursor = db.cursor()
    cursor.execute("SET ROLE blind")
    with caplog.at_level(logging.WARNING, logger="backstop"):
        cursor.execute("SELECT 1")
    assert cursor.fetchone() == (1,)
    assert "not looked up" in caplog.text


def role_exists(cursor, name):
    cursor.execute("SELECT count(*) FROM pg_roles WHERE rolname = %s", (name,))
    return cursor.fetchone() == (1,)


def test_an_implicit_cast_that_destroys_may_hide_anywhere(shop):
    shop.execute(
        "CREATE TYPE mood AS ENUM ('good');"
        "CREATE FUNCTION shown(mood) RETURNS text LANGUAGE sql AS "
        "$$ DELETE FROM item; SELECT 'x'::text $$;"
        "CREATE CAST (mood AS text) WITH FUNCTION shown(mood) AS IMPLICIT"
    )
    result = assessed(shop.connection, "SELECT upper(m) FROM moods")
    assert result.level.value == "CRITICAL"
    assert "shown" in result.reason


def test_backslashes_are_not_trusted_where_strings_are_not_standard(shop, guarded):
    db = guarded(mode="block")
    cursor = db.cursor()
    cursor.execute(r"SELECT 'a\b'")
    cursor.execute("SET standard_conforming_strings = off")
    cursor.execute("SELECT 'plain'")
    with pytest.raises(backstop.StatementBlocked, match="standard_conforming_strings is off"):
        cursor.execute(r"SELECT '\'; DELETE FROM item; --'")
    shop.execute("SELECT count(*) FROM item")
    assert shop.fetchone() == (1,)


@pytest.mark.parametrize(
    ("body", "level"),
    [
        ("RETURN upper('x')", "SAFE"),
        ("RETURN harmless()::text", "SAFE"),
        ("BEGIN ATOMIC SELECT CASE WHEN true THEN 'x' ELSE 'y' END; END", "SAFE"),
        ("BEGIN ATOMIC INSERT INTO item VALUES (2); SELECT 'x'; END", "HIGH"),
        ("BEGIN ATOMIC DELETE FROM item; SELECT 'x'; END", "CRITICAL"),
        ("BEGIN ATOMIC SELECT wipe()::text; END", "CRITICAL"),
    ],
)
def test_a_body_that_the_server_keeps_parsed_is_read(body, level, shop):
    if shop.connection.server_version < 140000:
        pytest.skip("such bodies came with PostgreSQL 14")
    shop.execute(WIPE.format("wipe()"))
    shop.execute(f"CREATE FUNCTION parsed() RETURNS text LANGUAGE sql {body}")
    assert assessed(shop.connection, "SELECT parsed()").level.value == level


EXTENSIONS = {
    "pg_trgm": [
        ("SAFE", "SELECT similarity('a', 'b'), 'a' % 'b', 'a' <-> 'b', show_trgm('a')"),
        ("HIGH", "SELECT set_limit(0.5)"),
    ],
    "unaccent": [("SAFE", "SELECT unaccent('é'), public.unaccent('é')")],
    "hstore": [("SAFE", "SELECT 'a=>1'::hstore -> 'a', hstore('a', '1'), each('a=>1'::hstore)")],
    "citext": [("SAFE", "SELECT 'A'::citext = 'a', regexp_replace('a'::citext, 'a', 'b')")],
    "ltree": [("SAFE", "SELECT 'a.b'::ltree <@ 'a', nlevel('a.b'), 'a.b'::ltree ~ '*.b'")],
    "pgcrypto": [("SAFE", "SELECT digest('a', 'sha1'), gen_random_bytes(4), crypt('a', 'b')")],
    "uuid-ossp": [("SAFE", "SELECT uuid_generate_v4(), uuid_nil()")],
    "tablefunc": [("HIGH", "SELECT * FROM crosstab('SELECT 1, 2, 3') AS t(a int, b int)")],
    "dblink": [("HIGH", "SELECT * FROM dblink('', 'SELECT 1') AS t(a int)")],
    "vector": [
        ("SAFE", "SELECT '[1,2]'::vector <-> '[3,4]', '[1,2]'::vector(2) <=> '[3,4]'"),
        ("SAFE", "SELECT avg(v), l2_distance(v, v) FROM (SELECT '[1]'::vector AS v) AS s"),
    ],
    "earthdistance": [("SAFE", "SELECT earth_distance(ll_to_earth(1, 2), ll_to_earth(3, 4))")],
}


@pytest.mark.parametrize("extension", EXTENSIONS)
def test_functions_of_extensions_are_known_by_the_catalog(extension, shop):
    shop.execute("SELECT count(*) FROM pg_available_extensions WHERE name = %s", (extension,))
    if shop.fetchone() == (0,):
        pytest.skip("the server doesn't bring this extension")
    shop.execute(f'CREATE EXTENSION "{extension}" CASCADE')
    for level, sql in EXTENSIONS[extension]:
        result = assessed(shop.connection, sql)
        assert (sql, result.level.value) == (sql, level), result.reason
