"""A statement that was found harmless isn't judged again until something may have changed."""

from __future__ import annotations

import threading
import time

import psycopg
import pytest

import backstop
from backstop.guarded import settled_in
from backstop.guarding import GuardedSession
from backstop.levels import Mode

HARMLESS = "CREATE OR REPLACE FUNCTION seen() RETURNS int LANGUAGE sql AS 'SELECT 1'"
WIPING = (
    "CREATE OR REPLACE FUNCTION seen() RETURNS int LANGUAGE sql AS 'DELETE FROM item; SELECT 1'"
)


@pytest.fixture
def shop(connect):
    """A cursor, in autocommit, of a fresh database with one table of three rows."""
    connection = connect()
    connection.autocommit = True
    connection.cursor().execute(
        f"CREATE TABLE item (id int PRIMARY KEY); INSERT INTO item VALUES (1), (2), (3); {HARMLESS}"
    )
    return connection.cursor()


@pytest.fixture(params=["psycopg2", "psycopg"])
def protected(request, shop, dsn, guarded, store):
    """A guarded connection in autocommit, by each driver."""
    if request.param == "psycopg2":
        yield guarded()
        return
    with psycopg.connect(dsn, autocommit=True) as connection:
        yield backstop.guard(connection, storage=store, actor="tester")


@pytest.fixture
def judged(monkeypatch):
    """The texts that a guard has assessed."""
    texts = []
    assess = GuardedSession._assess

    def noting(self, statement, result):
        texts.append(statement.text)
        return assess(self, statement, result)

    monkeypatch.setattr(GuardedSession, "_assess", noting)
    return texts


READ, INSERT, UPDATE = (
    "SELECT id FROM item WHERE id = %s",
    "INSERT INTO item VALUES (%s)",
    "UPDATE item SET id = id WHERE id = %s",
)


@pytest.mark.parametrize("sql", [READ, INSERT, UPDATE])
def test_it_is_judged_once(sql, protected, judged):
    for number in range(10, 15):
        protected.cursor().execute(sql, (number,))
    assert len(judged) == 1


def test_a_batch_of_many_rows_is_judged_once(protected, judged):
    sql = f"INSERT INTO item VALUES {', '.join(['(%s)'] * 5_000)}"
    for first in (10, 10_000):
        protected.cursor().execute(sql, list(range(first, first + 5_000)))
    assert len(judged) == 1


@pytest.mark.parametrize("mode", ["monitor", "protect"])
def test_reads_that_differ_in_literals_are_judged_once(mode, guarded, shop, monkeypatch):
    judged = []
    monkeypatch.setattr(
        "backstop.guarded.classify", lambda text: judged.append(text) or backstop.classify(text)
    )
    cursor = guarded(mode=mode).cursor()
    for number in range(5):
        sql = f"SELECT id FROM item WHERE id = {number} AND 'a{number}' <> 'b'"
        cursor.execute(sql, () if number % 2 else None)
    assert len(judged) == 1


@pytest.mark.parametrize("sql", ["SELECT seen() + %s", "DELETE FROM item WHERE id = %s"])
def test_what_the_catalog_or_rows_decide_is_judged_for_each_literal(sql, protected, judged):
    for number in range(10, 13):
        protected.cursor().execute(sql % number)
    assert len(judged) == 3


def test_a_view_that_comes_to_delete_is_saved_whatever_literal_it_is_asked_with(protected, store):
    cursor = protected.cursor()
    cursor.execute("CREATE VIEW shown AS SELECT 1 AS id")
    for number in range(2):
        cursor.execute(f"SELECT id FROM shown WHERE id = {number}")
    cursor.execute(WIPING)
    cursor.execute("CREATE OR REPLACE VIEW shown AS SELECT seen() AS id")
    cursor.execute("SELECT id FROM shown WHERE id = 7")
    assert any(snapshot.rows == 3 for snapshot in backstop.snapshots.list(store))


def test_a_value_in_a_literal_of_a_known_read_is_judged_with_it(guarded, shop, store):
    cursor = guarded().cursor()
    cursor.execute("SELECT id FROM item WHERE '1' = '' AND id = 1")
    # psycopg2 puts the value in quotes of its own, which end those of the text.
    cursor.execute(
        "SELECT id FROM item WHERE '%s' = '' AND id = 1", (" = ''; DELETE FROM item; -- ",)
    )
    (snapshot,) = backstop.snapshots.list(store)
    assert snapshot.rows == 3


def test_shapes_do_not_pile_up():
    settled = settled_in(Mode.PROTECT)
    for number in range(5_000):
        text = f"SELECT a{number} FROM item WHERE id = 1"
        settled.add_alike(text, backstop.classify(text))
    assert settled.alike("SELECT a4999 FROM item WHERE id = 77") is not None
    assert len(settled.shapes) <= 2_048


def test_long_texts_do_not_pile_up():
    settled = settled_in(Mode.PROTECT)
    for number in range(40):
        settled.add(f"SELECT '{number:020000}'", backstop.RiskLevel.SAFE)
        settled.add("SELECT 1", backstop.RiskLevel.SAFE)
    assert "SELECT 1" in settled.texts
    assert len(settled.texts) <= 17


@pytest.mark.parametrize(
    "sql",
    [
        "DELETE FROM item WHERE id > 2",
        "DELETE FROM item",
        "SELECT set_config('search_path', 'public', false)",
        "SELECT E'a\\\\b'",
        "SAVEPOINT s",
        "CREATE TEMP TABLE IF NOT EXISTS t (a int)",
    ],
)
def test_what_may_do_more_is_judged_each_time(sql, protected, judged):
    protected.cursor().execute("BEGIN")
    judged.clear()
    for _ in range(3):
        protected.cursor().execute(sql)
    assert len(judged) == 3


def test_a_function_that_is_replaced_is_judged_anew(protected, store):
    cursor = protected.cursor()
    for _ in range(2):
        cursor.execute("SELECT seen()")
    cursor.execute(WIPING)
    kept = len(backstop.snapshots.list(store))
    cursor.execute("SELECT seen()")
    assert len(backstop.snapshots.list(store)) == kept + 1


def test_a_function_that_a_rollback_brings_back_is_judged_anew(shop, protected, store):
    shop.execute(WIPING)
    cursor = protected.cursor()
    cursor.execute("BEGIN")
    cursor.execute(HARMLESS)
    for _ in range(2):
        cursor.execute("SELECT seen()")
    cursor.execute("ROLLBACK")
    kept = len(backstop.snapshots.list(store))
    cursor.execute("SELECT seen()")
    assert len(backstop.snapshots.list(store)) == kept + 1


def test_a_search_path_that_is_set_makes_names_mean_something_else(shop, protected, store):
    shop.execute("CREATE SCHEMA other; SET search_path = other")
    shop.execute(WIPING.replace("DELETE FROM item", "DELETE FROM public.item"))
    cursor = protected.cursor()
    for _ in range(2):
        cursor.execute("SELECT seen()")
    cursor.execute("SET search_path = other")
    cursor.execute("SELECT seen()")
    (snapshot,) = backstop.snapshots.list(store)
    assert snapshot.rows == 3


def test_what_others_change_is_known_after_a_minute(shop, protected, store, monkeypatch):
    shop.execute("CREATE TABLE child (id int PRIMARY KEY)")
    cursor = protected.cursor()
    for _ in range(2):
        cursor.execute("DELETE FROM child WHERE id = 1")
    shop.execute(
        "INSERT INTO child VALUES (1); CREATE FUNCTION wipe() RETURNS trigger LANGUAGE plpgsql AS "
        "'BEGIN DELETE FROM item; RETURN NULL; END';"
        "CREATE TRIGGER wipe AFTER DELETE ON child EXECUTE FUNCTION wipe()"
    )
    now = time.monotonic()
    monkeypatch.setattr(time, "monotonic", lambda: now + 61)
    cursor.execute("DELETE FROM child WHERE id = 1")
    (snapshot,) = backstop.snapshots.list(store)
    assert snapshot.rows == 4


def test_a_read_with_a_snapshot_pending_leaves_its_fate_to_the_end(protected, store):
    cursor = protected.cursor()
    for _ in range(2):
        cursor.execute("SELECT id FROM item")
    cursor.execute("BEGIN")
    cursor.execute("DELETE FROM item")
    cursor.execute("SELECT id FROM item")
    cursor.execute("ROLLBACK")
    (snapshot,) = backstop.snapshots.list(store)
    assert snapshot.fate.value == "rolled back"


def test_another_threads_read_waits_until_a_snapshot_is_taken(shop, guarded, monkeypatch):
    db = guarded()
    for _ in range(2):
        db.cursor().execute("SELECT id FROM item")
    saving, done = threading.Event(), []
    take = backstop.running.protection.Protection.run

    def slow(self, request, execution):
        saving.set()
        time.sleep(0.3)
        answer = take(self, request, execution)
        done.append("saved")
        return answer

    monkeypatch.setattr(backstop.running.protection.Protection, "run", slow)

    def read():
        saving.wait()
        db.cursor().execute("SELECT id FROM item")
        done.append("read")

    reader = threading.Thread(target=read)
    reader.start()
    db.cursor().execute("DELETE FROM item")
    reader.join()
    assert done == ["saved", "read"]


def test_it_asks_nothing_of_the_server(shop, guarded, postgres_server):
    if postgres_server.log_path is None:
        pytest.skip("the server is not ours, and neither is its log")
    cursor = guarded().cursor()
    cursor.execute("SET log_statement = 'all'; SET application_name = 'settled'")
    cursor.execute(READ, (1,))
    start = postgres_server.log_path.stat().st_size
    for number in range(5):
        cursor.execute(READ, (number,))
    with postgres_server.log_path.open(encoding="utf-8") as log:
        log.seek(start)
        ran = [line for line in log if "statement:" in line and "settled" in line]
    assert len(ran) == 5


@pytest.mark.parametrize(
    "change",
    [
        "SELECT move()",
        "SELECT moved FROM moving",
        "INSERT INTO moves VALUES (1)",
        "SELECT * INTO near.orders FROM far.orders",
    ],
)
def test_code_that_makes_names_mean_something_else_is_seen(change, shop, protected, store):
    shop.execute(
        """
        CREATE SCHEMA near; CREATE SCHEMA far;
        CREATE TABLE public.orders (id int PRIMARY KEY);
        CREATE TABLE far.orders AS SELECT 1 AS id FROM generate_series(1, 3000);
        CREATE FUNCTION move() RETURNS void LANGUAGE plpgsql AS 'BEGIN SET search_path = far; END';
        CREATE FUNCTION moved() RETURNS text LANGUAGE sql AS
            'SELECT set_config(''search_path'', ''far'', false)';
        CREATE VIEW moving AS SELECT moved();
        CREATE FUNCTION moves() RETURNS trigger LANGUAGE plpgsql AS
            'BEGIN PERFORM public.moved(); RETURN NEW; END';
        CREATE TABLE moves (id int);
        CREATE TRIGGER t BEFORE INSERT ON moves FOR EACH ROW EXECUTE FUNCTION moves();
        """
    )
    cursor = protected.cursor()
    cursor.execute("SET search_path = near, public")
    for _ in range(2):
        cursor.execute("DELETE FROM orders WHERE id = 1")
    cursor.execute(change)
    cursor.execute("DELETE FROM orders WHERE id = 1")
    (snapshot,) = backstop.snapshots.list(store)
    assert snapshot.rows == 3000


@pytest.mark.usefixtures("shop")
def test_what_a_cursor_reads_is_judged_as_one_text_whatever_its_name(guarded, judged):
    db = guarded(autocommit=False)
    for name in ("a", "50%", 'c"'):
        db.cursor(name).execute(READ, (1,))
    assert set(judged) == {f'DECLARE "cursor" CURSOR WITHOUT HOLD FOR {READ}'}
