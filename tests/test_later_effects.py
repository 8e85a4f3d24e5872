"""Code that a statement sets off later: by a cursor when it is read, by a trigger at the commit."""

from __future__ import annotations

import io

import pytest

import backstop

pytestmark = pytest.mark.proof

SHOP = """
CREATE TABLE item (id int);
INSERT INTO item SELECT generate_series(1, 2000);
CREATE TABLE orders (id int PRIMARY KEY, paid boolean);
INSERT INTO orders VALUES (1, true), (2, true);
CREATE FUNCTION wipe() RETURNS int LANGUAGE plpgsql AS
    'BEGIN DELETE FROM public.item; RETURN 1; END';
CREATE FUNCTION scoped(int) RETURNS int LANGUAGE sql AS
    'DELETE FROM item WHERE id > $1 RETURNING id';
"""
TRIGGER = """
CREATE FUNCTION at_commit() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN {}; RETURN NULL; END';
CREATE CONSTRAINT TRIGGER "at Commit" AFTER INSERT OR DELETE OR UPDATE ON orders
    DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION at_commit();
"""


@pytest.fixture
def shop(connect):
    connection = connect()
    connection.autocommit = True
    connection.cursor().execute(SHOP)
    return connection.cursor()


@pytest.fixture
def brings_back(shop, store, dsn):
    """Whether a restore of the snapshots that there are gives the whole table back."""

    def brings_back():
        shop.execute("SELECT count(*) FROM item")
        (left,) = shop.fetchone()
        for one in reversed(backstop.snapshots.list(store)):
            backstop.restore(one.id, storage=store, dsn=dsn)
        shop.execute("SELECT count(*), count(DISTINCT id) FROM item")
        return left < 2000 and shop.fetchone() == (2000, 2000)

    return brings_back


@pytest.mark.parametrize("autocommit", [True, False])
@pytest.mark.parametrize("body", ["DELETE FROM item", "DELETE FROM item WHERE id > 3"])
@pytest.mark.parametrize(
    "sql", ["INSERT INTO orders VALUES (3)", "DELETE FROM orders", "UPDATE orders SET paid = false"]
)
def test_what_a_deferred_trigger_takes_at_the_commit_comes_back(
    sql, body, autocommit, shop, guarded, brings_back
):
    shop.execute(TRIGGER.format(body))
    db = guarded(autocommit=autocommit)
    db.cursor().execute(sql)
    if not autocommit:
        db.commit()
    assert brings_back()


def test_a_deferred_trigger_still_waits_for_the_commit(shop, guarded):
    shop.execute(TRIGGER.format("DELETE FROM item WHERE id > 3"))
    db = guarded(autocommit=False)
    cursor = db.cursor()
    cursor.execute("INSERT INTO orders VALUES (3)")
    cursor.execute("SELECT count(*) FROM item")
    assert cursor.fetchone() == (2000,)
    db.commit()
    cursor.execute("SELECT count(*) FROM item")
    assert cursor.fetchone() == (3,)


def test_a_deferred_trigger_that_is_not_satisfied_yet_stops_nothing(shop, guarded):
    shop.execute(
        TRIGGER.format(
            "IF EXISTS (SELECT FROM orders WHERE NOT paid) THEN RAISE ''unpaid''; END IF;"
            "DELETE FROM item WHERE id = NEW.id"
        )
    )
    db = guarded(autocommit=False)
    cursor = db.cursor()
    cursor.execute("INSERT INTO orders VALUES (3, false)")
    cursor.execute("UPDATE orders SET paid = true WHERE id = 3")
    db.commit()
    cursor.execute("SELECT count(*) FROM item")
    assert cursor.fetchone() == (1999,)


@pytest.mark.parametrize("call", ["wipe()", "scoped(3)"])
@pytest.mark.parametrize("autocommit", [True, False])
@pytest.mark.parametrize("holds", [True, False])
def test_what_a_cursor_will_take_comes_back(holds, autocommit, call, shop, guarded, brings_back):
    if autocommit and not holds:
        pytest.skip("the server refuses it outside of a transaction")
    db = guarded(autocommit=autocommit)
    cursor = db.cursor("reading", withhold=holds)
    cursor.execute(f"SELECT {call}")
    cursor.fetchall()
    cursor.close()
    if not autocommit:
        db.commit()
    assert brings_back()


def test_a_cursor_reads_what_it_would_have_read(shop, guarded):
    db = guarded(autocommit=False)
    cursor = db.cursor("reading")
    cursor.execute("SELECT scoped(id) FROM (VALUES (1999), (1990)) AS v (id)")
    assert cursor.fetchone() == (2000,)
    assert cursor.fetchone() == (1991,)


@pytest.mark.parametrize("autocommit", [True, False])
@pytest.mark.parametrize("call", ["wipe()", "scoped(3)"])
def test_what_a_copy_out_takes_comes_back(call, autocommit, shop, guarded, brings_back):
    db = guarded(autocommit=autocommit)
    copied = io.StringIO()
    db.cursor().copy_expert(f"COPY (SELECT {call} IS NOT NULL -- all\n) TO STDOUT", copied)
    if not autocommit:
        db.commit()
    assert copied.getvalue() == "t\n"
    assert brings_back()


def test_what_a_routine_takes_that_the_text_makes_itself_comes_back(guarded, brings_back):
    guarded().cursor().execute(
        "CREATE FUNCTION own() RETURNS void LANGUAGE sql AS 'DELETE FROM item'; SELECT own()"
    )
    assert brings_back()


@pytest.mark.parametrize(
    "sql",
    [
        "DECLARE c CURSOR WITH HOLD FOR SELECT wipe()",
        "COPY (SELECT wipe()) TO STDOUT",
        "CREATE FUNCTION own() RETURNS void LANGUAGE sql AS 'DELETE FROM item'; SELECT own()",
    ],
)
def test_block_refuses_it(sql, shop, guarded):
    with pytest.raises(backstop.StatementBlocked):
        guarded(mode="block").cursor().execute(sql)
