"""An EXECUTE is as risky as the statement that was prepared under its name."""

from __future__ import annotations

import pytest

import backstop
from testing.server_log import ServerLog

SHOP = """
CREATE TABLE orders (id int PRIMARY KEY, state text);
INSERT INTO orders SELECT g, 'open' FROM generate_series(1, 50) AS g;
CREATE FUNCTION wipe() RETURNS void LANGUAGE sql AS 'DELETE FROM orders';
"""


@pytest.fixture
def shop(connect):
    connection = connect()
    connection.autocommit = True
    connection.cursor().execute(SHOP)
    return connection.cursor()


def count(cursor):
    cursor.execute("SELECT count(*) FROM orders")
    return cursor.fetchone()[0]


@pytest.fixture
def prepare(shop, guarded):
    """Give a function that prepares on a connection's own way, and gives the guarded one."""

    def prepare_beside(*texts, mode="block", **settings):
        db = guarded(mode=mode, **settings)
        for text in texts:
            db.__wrapped__.cursor().execute(text)
        return db

    return prepare_beside


@pytest.mark.parametrize("autocommit", [True, False])
@pytest.mark.parametrize(
    ("text", "call"),
    [
        ("PREPARE gone AS DELETE FROM orders", "EXECUTE gone"),
        ("PREPARE gone (int) AS DELETE FROM orders WHERE true OR id = $1", "EXECUTE gone (%s)"),
        ("PREPARE gone AS SELECT wipe()", "EXECUTE gone"),
        ('PREPARE "Gone" AS DELETE FROM orders', 'EXECUTE "Gone"'),
        ("PREPARE gone AS DELETE FROM orders", 'EXECUTE U&"gon\\0065"'),
        ("PREPARE gone AS DELETE FROM orders", "EXPLAIN ANALYZE EXECUTE gone"),
        ("PREPARE gone AS SELECT wipe()", "CREATE TABLE kept AS EXECUTE gone"),
        ("SELECT 1; PREPARE gone AS DELETE FROM orders; SELECT 2", "SELECT 1; EXECUTE gone"),
    ],
)
def test_what_was_prepared_to_destroy_is_refused_when_it_is_executed(
    text, call, autocommit, shop, prepare
):
    db = prepare(text, autocommit=autocommit)
    db.commit()
    with pytest.raises(backstop.StatementBlocked) as caught:
        db.cursor().execute(call, (1,) if "%s" in call else None)
    assert caught.value.result.level is backstop.RiskLevel.CRITICAL
    assert db.info.transaction_status == 0
    assert count(shop) == 50


def test_what_was_prepared_by_the_protocol_is_read_as_well(shop):
    # psycopg2 has no protocol of its own for it, so that the catalog has to stand for it.
    from backstop.assessment.prepared import Prepared
    from backstop.drivers.psycopg2 import Psycopg2Session
    from backstop.postgres.code.prepared import PreparedStatement

    prepared = Prepared(Psycopg2Session(shop.connection))
    found = PreparedStatement("DELETE FROM orders", False, ())
    assert prepared._text_of("gone", found) == "DELETE FROM orders"


def test_a_plain_read_is_safe_and_an_unknown_name_stays_high(prepare, caplog):
    caplog.set_level("DEBUG", logger="backstop.statement")
    db = prepare(
        "PREPARE plain AS SELECT lower('A')", "PREPARE one AS INSERT INTO orders VALUES (0)"
    )
    cursor = db.cursor()
    cursor.execute("EXECUTE plain")
    assert cursor.fetchone() == ("a",)
    cursor.execute("EXECUTE one")
    with pytest.raises(Exception, match="does not exist"):
        cursor.execute("EXECUTE nothing")
    levels = [record.backstop["backstop.risk.level"] for record in caplog.records]
    assert levels == ["SAFE", "LOW", "HIGH"]


@pytest.mark.parametrize("forgets", ["DEALLOCATE gone", "DEALLOCATE ALL", "DISCARD ALL"])
def test_a_name_that_is_prepared_anew_is_judged_anew(forgets, shop, prepare):
    db = prepare("PREPARE gone AS SELECT 1")
    cursor = db.cursor()
    cursor.execute("EXECUTE gone")
    cursor.execute(forgets)
    cursor.execute("PREPARE gone AS DELETE FROM orders WHERE id < 3")
    with backstop.allow(reason="the test makes it"):
        cursor.execute("EXECUTE gone")
        cursor.execute("DEALLOCATE gone")
        cursor.execute("PREPARE gone AS DELETE FROM orders")
    with pytest.raises(backstop.StatementBlocked, match=r"gone runs\. DELETE on orders"):
        cursor.execute("EXECUTE gone")
    assert count(shop) == 48


def test_a_text_that_prepares_what_it_executes_is_judged_by_its_prepare(shop, prepare):
    db = prepare("PREPARE gone AS SELECT 1")
    cursor = db.cursor()
    cursor.execute("EXECUTE gone")
    with pytest.raises(backstop.StatementBlocked):
        cursor.execute("DEALLOCATE gone; PREPARE gone AS DELETE FROM orders; EXECUTE gone")
    assert count(shop) == 50


@pytest.mark.parametrize("autocommit", [True, False])
def test_the_reach_of_what_is_executed_is_counted_with_its_values(autocommit, shop, prepare):
    db = prepare(
        "PREPARE low (int, text) AS DELETE FROM orders WHERE id <= $1 AND state = $2",
        autocommit=autocommit,
        max_rows=10,
    )
    cursor = db.cursor()
    for narrow in ((3, "open"), (50, "closed")):
        cursor.execute("EXECUTE low (%s, %s)", narrow)
    db.commit()
    assert count(shop) == 47
    for call in (
        "EXECUTE low (%s, %s)",
        "EXPLAIN ANALYZE EXECUTE low (%s, %s)",
        "SELECT 1; EXECUTE low (%s + 0, concat('op', substr(%s, 3)))",
    ):
        with pytest.raises(backstop.StatementBlocked, match="more than 10 rows") as caught:
            cursor.execute(call, (40, "open"))
        assert caught.value.result.level is backstop.RiskLevel.IMPACT_CRITICAL
    with pytest.raises(backstop.StatementBlocked, match="more than 10 rows"):
        cursor.executemany("EXECUTE low (%s, %s)", [(n, "open") for n in (8, 12, 30)])
    assert count(shop) == 47


@pytest.mark.parametrize("autocommit", [True, False])
def test_protect_saves_what_was_prepared_to_destroy(autocommit, shop, prepare, store, dsn):
    text = "PREPARE gone AS DELETE FROM orders"
    db = prepare(text, mode="protect", autocommit=autocommit)
    db.cursor().execute("EXECUTE gone")
    db.commit()
    assert count(shop) == 0
    (snapshot,) = backstop.snapshots.list(store)
    assert (snapshot.level, snapshot.operation, snapshot.rows) == ("CRITICAL", "EXECUTE", 50)
    assert backstop.restore(snapshot.id, storage=store, dsn=dsn).complete
    assert count(shop) == 50


def test_a_known_read_that_is_executed_costs_no_question(shop, guarded, dsn, postgres_server):
    log = ServerLog(postgres_server, dsn)
    cursor = guarded(mode="protect").cursor()
    cursor.execute("PREPARE plain (int) AS SELECT $1 + 1")
    cursor.execute("EXECUTE plain (%s)", (0,))
    asked = len(log.ours())
    for number in range(1, 6):
        cursor.execute("EXECUTE plain (%s)", (number,))
        assert cursor.fetchone() == (number + 1,)
    assert len(log.ours()) == asked


@pytest.mark.parametrize("call", ["EXPLAIN ANALYZE EXECUTE old (3)", "EXECUTE old (3)"])
def test_what_an_execute_takes_by_a_condition_is_measured_by_a_run(call, shop, guarded, store):
    shop.execute("INSERT INTO orders SELECT generate_series(51, 2000)")
    cursor = guarded().cursor()
    cursor.execute("PREPARE old (int) AS DELETE FROM orders WHERE id > $1")
    cursor.execute(call)
    (snapshot,) = backstop.snapshots.list(store)
    assert snapshot.rows == 1997
