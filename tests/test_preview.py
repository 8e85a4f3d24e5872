"""A preview says what a statement would destroy, and runs nothing of it."""

from __future__ import annotations

import json

import psycopg2
import pytest

import backstop
from backstop.cli import main
from testing.dumps import dump

SHOP = """
CREATE SCHEMA shop;
CREATE TABLE shop.users (id int PRIMARY KEY, name text);
INSERT INTO shop.users SELECT n, 'user ' || n FROM generate_series(1, 2000) AS n;
CREATE TABLE shop.orders (
    id int PRIMARY KEY, user_id int REFERENCES shop.users ON DELETE CASCADE, total int
);
INSERT INTO shop.orders SELECT n, 1 + n % 100, n FROM generate_series(1, 500) AS n;
CREATE VIEW shop.names AS SELECT name FROM shop.users;
CREATE FUNCTION shop.wipe() RETURNS int LANGUAGE sql AS 'DELETE FROM shop.orders; SELECT 1';
CREATE TABLE shop.watched (id int PRIMARY KEY);
CREATE FUNCTION shop.noted() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NULL; END';
CREATE TRIGGER noted AFTER DELETE ON shop.watched FOR EACH ROW EXECUTE FUNCTION shop.noted();
"""


@pytest.fixture
def shop(connect):
    connection = connect()
    connection.autocommit = True
    connection.cursor().execute(SHOP)
    return connection


@pytest.fixture
def previewed(shop, connect, dsn):
    """Give a function that previews a statement, which leaves the database as it is."""

    def look(sql, params=None):
        before = dump(dsn)
        connection = connect()
        found = backstop.preview(connection, sql, params)
        idle = psycopg2.extensions.TRANSACTION_STATUS_IDLE
        assert connection.info.transaction_status == idle
        assert dump(dsn) == before
        return found

    return look


def counted(found):
    return {table.table: (table.rows, table.exact, table.carried) for table in found.tables}


def test_a_scoped_delete_is_counted_with_what_a_key_carries_on(previewed):
    found = previewed("DELETE FROM shop.users WHERE id <= 10")
    assert counted(found) == {
        "shop.users": (10, True, False),
        "shop.orders": (50, True, True),
    }
    assert (found.objects, found.not_covered, found.untold) == ((), (), ())
    assert found.rows == 60
    assert 10 * 8 < found.bytes < 10_000
    assert found.result.level is backstop.RiskLevel.LOW


def test_the_reach_is_measured(previewed):
    found = previewed("DELETE FROM shop.users WHERE id <= %s", (1500,))
    assert found.result.level is backstop.RiskLevel.IMPACT_CRITICAL
    assert counted(found)["shop.users"] == (1500, True, False)


def test_a_truncate_names_what_its_cascade_takes(previewed):
    found = previewed("TRUNCATE shop.users CASCADE")
    assert counted(found) == {
        "shop.users": (2000, True, False),
        "shop.orders": (500, True, True),
    }
    assert {table.lock for table in found.tables} == {"ACCESS EXCLUSIVE"}


def test_a_drop_names_the_objects_that_go(previewed):
    found = previewed("DROP TABLE shop.users CASCADE")
    assert counted(found) == {"shop.users": (2000, True, False)}
    assert "view shop.names" in found.objects
    assert any("orders_user_id_fkey" in name for name in found.objects)
    assert found.result.level is backstop.RiskLevel.CRITICAL


def test_a_schema_is_shown_with_all_that_is_in_it(previewed):
    found = previewed("DROP SCHEMA IF EXISTS shop CASCADE")
    assert counted(found)["shop.users"] == (2000, True, True)
    assert {"schema shop", "table shop.orders", "view shop.names"} <= set(found.objects)
    assert found.untold == ()


def test_a_view_is_shown_with_what_depends_on_it(previewed, shop):
    shop.cursor().execute("CREATE VIEW public.more AS SELECT * FROM shop.names")
    found = previewed("DROP VIEW shop.names CASCADE")
    assert {"view shop.names", "view public.more"} <= set(found.objects)
    assert found.tables == ()


@pytest.mark.parametrize(
    "sql",
    [
        "ALTER TABLE shop.users DROP COLUMN name CASCADE",
        "DO $$ BEGIN DELETE FROM shop.users; END $$",
    ],
)
def test_what_only_a_run_tells_is_named_and_its_table_counted_whole(previewed, sql):
    found = previewed(sql)
    assert counted(found)["shop.users"][:2] == (2000, False)
    assert len(found.untold) == 1
    assert "only a run tells" in found.untold[0]
    assert found.not_covered == ()


def test_what_a_function_does_is_said_to_be_untold(previewed):
    found = previewed("SELECT shop.wipe()")
    assert found.result.level is backstop.RiskLevel.CRITICAL
    assert counted(found).get("shop.orders", (500, False, True)) == (500, False, True)
    assert found.untold


def test_what_triggers_do_is_said_to_be_untold(previewed):
    found = previewed("DELETE FROM shop.watched WHERE id > 3")
    assert any("shop.watched" in sentence for sentence in found.untold)


@pytest.mark.parametrize("sql", ["SELECT 1", "DROP TABLE shop.nothing", "BEGIN", ""])
def test_what_destroys_nothing_has_nothing_to_show(previewed, sql):
    found = previewed(sql)
    assert (found.tables, found.objects, found.rows) == ((), (), 0)


def test_what_the_server_would_refuse_is_told(previewed):
    found = previewed("DELETE FROM shop.users WHERE nothing = 1")
    assert "42703" in " ".join(found.untold)


def test_uncommitted_rows_count_and_the_transaction_goes_on(shop, connect):
    connection = connect()
    connection.cursor().execute("INSERT INTO shop.users VALUES (3000, 'new')")
    found = backstop.preview(connection, "DELETE FROM shop.users WHERE id > 1990")
    assert counted(found)["shop.users"] == (11, True, False)
    connection.commit()


def test_a_guarded_connection_has_its_own_limits(shop, guarded):
    connection = guarded(max_rows=5)
    found = backstop.preview(connection, "DELETE FROM shop.users WHERE id <= 10")
    assert found.result.level is backstop.RiskLevel.IMPACT_CRITICAL


def test_the_command_line_says_the_same(shop, dsn, capsys):
    assert main(["preview", "DELETE FROM shop.users WHERE id <= 10", "--dsn", dsn, "--json"]) == 0
    document = json.loads(capsys.readouterr().out)
    assert (document["level"], document["rows"]) == ("LOW", 60)
    assert document["tables"][1]["carried"] is True
    assert main(["preview", "DROP TABLE shop.users CASCADE", "--dsn", dsn]) == 0
    assert "view shop.names" in capsys.readouterr().out
