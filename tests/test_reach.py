"""A scoped statement that reaches too far is IMPACT_CRITICAL: measured, not guessed."""

from __future__ import annotations

import logging

import pytest

import backstop

ORDERS = """
CREATE TABLE orders (id int PRIMARY KEY, state text, customer int);
INSERT INTO orders SELECT g, 'open', g % 7 FROM generate_series(1, 5000) AS g;
CREATE TABLE small (id int, n int);
INSERT INTO small SELECT g, g FROM generate_series(1, 120) AS g;
CREATE TABLE tiny (id int);
INSERT INTO tiny SELECT generate_series(1, 50);
"""


@pytest.fixture
def shop(connect):
    connection = connect()
    connection.autocommit = True
    connection.cursor().execute(ORDERS)
    return connection.cursor()


def events(caplog):
    return [record.backstop for record in caplog.records if hasattr(record, "backstop")]


@pytest.mark.parametrize(
    ("sql", "reason"),
    [
        ("DELETE FROM orders WHERE state = 'open'", "more than 1,000 rows"),
        ("UPDATE orders o SET state = 'x' WHERE o.customer < 4", "more than 1,000 rows"),
        ("DELETE FROM orders USING tiny t WHERE orders.customer = t.id", "more than 1,000 rows"),
        ("DELETE FROM small WHERE n > 50", "70 of 120 rows"),
    ],
)
@pytest.mark.usefixtures("shop")
def test_a_wide_reach_is_refused_and_nothing_reaches_the_server(sql, reason, guarded):
    db = guarded(autocommit=False, mode="block")
    with pytest.raises(backstop.StatementBlocked, match=reason) as caught:
        db.cursor().execute(sql)
    assert caught.value.result.level is backstop.RiskLevel.IMPACT_CRITICAL
    assert db.info.transaction_status == 0


@pytest.mark.parametrize(
    "sql",
    [
        "DELETE FROM orders WHERE id = 1",
        "DELETE FROM orders WHERE id < 500",
        "DELETE FROM small WHERE n > 70",
        "DELETE FROM tiny WHERE id > 3",
        "UPDATE orders SET state = 'x' WHERE id = %s",
        "DELETE FROM orders WHERE id = -1 AND state = 'open'",
    ],
)
@pytest.mark.parametrize("autocommit", [True, False])
@pytest.mark.usefixtures("shop")
def test_a_narrow_reach_passes(sql, autocommit, guarded):
    db = guarded(autocommit=autocommit, mode="block")
    db.cursor().execute(sql, (3,) if "%s" in sql else None)
    db.close()


@pytest.mark.usefixtures("shop")
def test_protect_saves_a_wide_reach_and_lets_it_run(guarded, store, caplog):
    with caplog.at_level(logging.WARNING, logger="backstop.statement"):
        guarded().cursor().execute("DELETE FROM orders WHERE state = %s", ("open",))
    (snapshot,) = backstop.snapshots.list(store)
    assert (snapshot.level, snapshot.rows) == ("IMPACT_CRITICAL", 5000)
    (event,) = events(caplog)
    assert event["backstop.risk.level"] == "IMPACT_CRITICAL"


@pytest.mark.usefixtures("shop")
def test_limits_are_settings(guarded):
    db = guarded(mode="block", max_rows=10, max_fraction=1.0, protected_tables=["public.ti*"])
    with pytest.raises(PermissionError, match="more than 10 rows"):
        db.cursor().execute("DELETE FROM orders WHERE id < 20")
    with pytest.raises(PermissionError, match="protected table"):
        db.cursor().execute("DELETE FROM tiny WHERE id = 1")


@pytest.mark.usefixtures("shop")
def test_a_write_by_its_key_asks_the_server_once_and_then_never_again(
    guarded, connect, postgres_server
):
    if postgres_server.log_path is None:
        pytest.skip("the server is not ours, and neither is its log")
    db = guarded(autocommit=False)
    cursor = db.cursor()
    cursor.execute("SET application_name = 'keyed'; SET log_statement = 'all'")
    cursor.execute("UPDATE orders SET state = %s WHERE id = %s", ("a", 1))
    start = postgres_server.log_path.stat().st_size
    for number in range(2, 7):
        cursor.execute("UPDATE orders SET state = %s WHERE id = %s", ("b", number))
    with postgres_server.log_path.open(encoding="utf-8") as log:
        log.seek(start)
        ran = [line for line in log if "statement:" in line and "keyed" in line]
    assert len(ran) == 5
    assert not any("/* backstop */" in line for line in ran)


def test_rows_that_a_key_takes_along_are_counted(shop, guarded):
    shop.execute(
        "CREATE TABLE line (o int REFERENCES orders ON DELETE CASCADE);"
        "INSERT INTO line SELECT 1 FROM generate_series(1, 10)"
    )
    db = guarded(mode="block", max_rows=5)
    with pytest.raises(backstop.StatementBlocked, match="more than 5 rows"):
        db.cursor().execute("DELETE FROM orders WHERE id = 1")
    db.cursor().execute("DELETE FROM orders WHERE id = 2")


@pytest.mark.usefixtures("shop")
def test_a_statement_that_the_server_refuses_fails_as_without_guard(guarded):
    db = guarded(mode="block")
    with pytest.raises(Exception, match='column "nothing" does not exist'):
        db.cursor().execute("DELETE FROM orders WHERE nothing = 1")
    assert db.info.transaction_status == 0


def test_a_reach_that_cannot_be_measured_is_not_taken_for_small(shop, guarded):
    shop.execute(
        "CREATE FUNCTION sly(int) RETURNS boolean LANGUAGE plpgsql AS "
        "$$ BEGIN UPDATE tiny SET id = 0 WHERE id = 5; RETURN true; END $$"
    )
    db = guarded(mode="block")
    with pytest.raises(PermissionError, match="can't be measured"):
        db.cursor().execute("DELETE FROM orders WHERE id < 10 AND sly(id)")
    shop.execute("SELECT count(*) FROM tiny WHERE id = 0")
    assert shop.fetchone() == (0,)


@pytest.mark.usefixtures("shop")
def test_measuring_leaves_the_users_transaction_as_it_was(guarded, connect):
    db = guarded(autocommit=False)
    cursor = db.cursor()
    cursor.execute("INSERT INTO tiny VALUES (1000)")
    cursor.execute("DELETE FROM small WHERE n = 1")
    cursor.execute("SHOW transaction_read_only")
    assert cursor.fetchone() == ("off",)
    db.commit()
    check = connect().cursor()
    check.execute("SELECT count(*) FROM tiny WHERE id = 1000")
    assert check.fetchone() == (1,)


@pytest.mark.usefixtures("shop")
def test_many_writes_by_key_are_not_counted_one_by_one(guarded, connect, postgres_server):
    if postgres_server.log_path is None:
        pytest.skip("the server is not ours, and neither is its log")
    db = guarded(autocommit=False)
    cursor = db.cursor()
    cursor.execute("SET application_name = 'many'; SET log_statement = 'all'")
    start = postgres_server.log_path.stat().st_size
    cursor.executemany("DELETE FROM orders WHERE id = %s", [(number,) for number in range(50)])
    with postgres_server.log_path.open(encoding="utf-8") as log:
        log.seek(start)
        ours = [line for line in log if "many" in line and "/* backstop */" in line]
    assert len(ours) < 12


@pytest.mark.usefixtures("shop")
def test_more_writes_by_key_than_the_limit_reach_too_far(guarded):
    db = guarded(mode="block", max_rows=10)
    with pytest.raises(PermissionError, match="more than 10 rows"):
        db.cursor().executemany("DELETE FROM orders WHERE id = %s", [(n,) for n in range(30)])


def test_a_view_and_a_name_that_a_cte_borrows_are_counted_by_what_they_are(shop, guarded):
    shop.execute("CREATE VIEW open_orders AS SELECT * FROM orders WHERE state = 'open'")
    db = guarded(mode="block")
    for sql in (
        "DELETE FROM open_orders WHERE customer < 5",
        "WITH orders AS (SELECT 1 AS id) DELETE FROM orders WHERE customer < 5",
        "WITH gone AS (DELETE FROM tiny WHERE id = 1 RETURNING id) "
        "DELETE FROM orders WHERE customer IN (SELECT id FROM gone)",
    ):
        with pytest.raises(PermissionError, match=r"more than 1,000 rows|can't be measured"):
            db.cursor().execute(sql)


@pytest.mark.parametrize(
    "change", ["SET search_path = far", "SELECT set_config('search_path', 'far', false)"]
)
def test_a_write_by_key_is_looked_up_again_where_its_name_may_mean_another_table(
    change, shop, guarded
):
    shop.execute("CREATE SCHEMA far; CREATE TABLE far.orders AS SELECT 1 AS id FROM orders")
    cursor = guarded(mode="block").cursor()
    cursor.execute("DELETE FROM orders WHERE id = 1")
    cursor.execute(change)
    with pytest.raises(backstop.StatementBlocked, match="more than 1,000 rows"):
        cursor.execute("DELETE FROM orders WHERE id = 1")


@pytest.mark.parametrize("autocommit", [True, False])
def test_a_text_that_moves_its_names_is_measured_where_they_lead(autocommit, shop, guarded, store):
    shop.execute("CREATE SCHEMA far; CREATE TABLE far.orders AS SELECT 1 AS id FROM orders")
    moving = "SET search_path = far; DELETE FROM orders WHERE id = 1"
    guarded(autocommit=autocommit).cursor().execute(moving)
    (snapshot,) = backstop.snapshots.list(store)
    assert snapshot.rows >= 5000
    with pytest.raises(backstop.StatementBlocked, match="can't be measured"):
        guarded(autocommit=autocommit, mode="block").cursor().execute(moving)


@pytest.mark.parametrize(
    "sql",
    [
        "DELETE FROM small WHERE id = (SELECT n FROM taking)",
        "UPDATE small SET n = 0 FROM taking WHERE small.id = taking.n",
        "MERGE INTO small USING taking ON small.id = taking.n WHEN MATCHED THEN DELETE",
        "INSERT INTO tiny SELECT n FROM taking",
    ],
)
def test_a_condition_that_leads_to_code_which_takes_rows_is_saved_with_them(
    sql, shop, guarded, store, dsn
):
    shop.execute(
        "CREATE FUNCTION take() RETURNS int LANGUAGE plpgsql AS "
        "'BEGIN DELETE FROM orders WHERE id > 2; RETURN 1; END';"
        "CREATE VIEW taking AS SELECT take() AS n"
    )
    guarded().cursor().execute(sql)
    for snapshot in backstop.snapshots.list(store):
        backstop.restore(snapshot.id, storage=store, dsn=dsn)
    shop.execute("SELECT (SELECT count(*) FROM orders), (SELECT count(*) FROM small WHERE n > 0)")
    assert shop.fetchone() == (5000, 120)


@pytest.mark.parametrize(
    "moving",
    [
        "number int GENERATED ALWAYS AS (customer * 10) STORED UNIQUE)",
        "number int UNIQUE); CREATE FUNCTION moving() RETURNS trigger LANGUAGE plpgsql AS "
        "'BEGIN NEW.number := NEW.customer * 10; RETURN NEW; END';"
        "CREATE TRIGGER t BEFORE INSERT OR UPDATE ON parent FOR EACH ROW EXECUTE FUNCTION moving()",
    ],
)
@pytest.mark.parametrize(
    "sql",
    [
        "UPDATE parent SET customer = 2 WHERE id = 1",
        "INSERT INTO parent (id, customer) VALUES (1, 2) "
        "ON CONFLICT (id) DO UPDATE SET customer = excluded.customer",
    ],
)
def test_a_key_that_is_set_by_another_column_takes_rows_along(sql, moving, shop, guarded, store):
    shop.execute(
        f"""
        CREATE TABLE parent (id int PRIMARY KEY, customer int, {moving};
        INSERT INTO parent (id, customer) VALUES (1, 1);
        CREATE TABLE child (parent int REFERENCES parent (number) ON UPDATE SET NULL);
        INSERT INTO child SELECT 10 FROM generate_series(1, 3000);
        """
    )
    with pytest.raises(backstop.StatementBlocked, match=r"more than 1,000|can't be measured"):
        guarded(mode="block").cursor().execute(sql)
    guarded().cursor().execute(sql)
    (snapshot,) = backstop.snapshots.list(store)
    assert snapshot.rows >= 3000


@pytest.mark.parametrize(
    "sql", ["DELETE FROM parent WHERE n = 2", "UPDATE parent SET id = 9 WHERE n = 2"]
)
def test_what_refers_to_an_heir_is_taken_along(sql, shop, guarded, store):
    shop.execute(
        """
        CREATE TABLE parent (id int PRIMARY KEY, n int);
        CREATE TABLE heir (PRIMARY KEY (id)) INHERITS (parent);
        INSERT INTO heir VALUES (1, 2);
        CREATE TABLE child (heir int REFERENCES heir ON DELETE CASCADE ON UPDATE CASCADE);
        INSERT INTO child SELECT 1 FROM generate_series(1, 3000);
        """
    )
    guarded().cursor().execute(sql)
    (snapshot,) = backstop.snapshots.list(store)
    assert snapshot.rows == 3001
