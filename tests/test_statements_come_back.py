"""Statements of every form: joined, merged, upserted, through views and cursors, in parts."""

from __future__ import annotations

import pytest
from psycopg2 import sql as composed
from psycopg2.extras import execute_batch, execute_values

import backstop

pytestmark = pytest.mark.proof

STOCK = """
CREATE TABLE item (id int PRIMARY KEY, name text UNIQUE, amount int DEFAULT 0, note text);
CREATE UNIQUE INDEX item_note ON item (lower(note)) WHERE note IS NOT NULL;
INSERT INTO item SELECT g, 'i' || g, g % 7, CASE WHEN g % 2 = 0 THEN 'N' || g END
    FROM generate_series(1, 30) AS g;
CREATE TABLE delivery (item int, amount int);
INSERT INTO delivery SELECT g * 2, g FROM generate_series(1, 20) AS g;
CREATE TABLE log (at int, line text);
INSERT INTO log SELECT g % 5, 'l' || g % 3 FROM generate_series(1, 30) AS g;
CREATE TABLE queue (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, state text, payload jsonb);
INSERT INTO queue (state, payload) SELECT 'new', '{"a": 1}' FROM generate_series(1, 12);
"""

VIEWS = (
    STOCK
    + """
CREATE VIEW low AS SELECT id, name AS label, amount FROM item WHERE amount < 5;
CREATE VIEW lower_still AS SELECT * FROM low WHERE amount < 3 WITH CASCADED CHECK OPTION;
CREATE VIEW guarded WITH (security_barrier) AS SELECT id, note FROM item WHERE id > 10
    WITH LOCAL CHECK OPTION;
CREATE VIEW pairs AS SELECT i.id, i.name, d.amount AS delivered
    FROM item i JOIN delivery d ON d.item = i.id;
CREATE FUNCTION change_pair() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
    IF TG_OP = 'DELETE' THEN
        DELETE FROM delivery WHERE item = OLD.id; DELETE FROM item WHERE id = OLD.id; RETURN OLD;
    END IF;
    UPDATE item SET name = NEW.name WHERE id = OLD.id;
    UPDATE delivery SET amount = NEW.delivered WHERE item = OLD.id;
    RETURN NEW;
END $$;
CREATE TRIGGER change INSTEAD OF DELETE OR UPDATE ON pairs
    FOR EACH ROW EXECUTE FUNCTION change_pair();
CREATE VIEW ruled AS SELECT id, amount FROM item;
CREATE RULE d AS ON DELETE TO ruled DO INSTEAD (
    DELETE FROM delivery WHERE item = OLD.id; UPDATE item SET amount = -1 WHERE id = OLD.id);
"""
)


@pytest.fixture
def setup(connect):
    connection = connect()
    connection.autocommit = True
    return connection.cursor()


@pytest.mark.parametrize(
    ("schema", "sql"),
    [
        (STOCK, "DELETE FROM item AS i USING delivery AS d, log WHERE i.id = d.item "
                "AND log.at = d.amount AND i.amount > 1"),
        (STOCK, "DELETE FROM item * WHERE EXISTS (SELECT FROM delivery d WHERE d.item = item.id)"),
        (STOCK, "DELETE FROM item i USING delivery d, LATERAL (SELECT max(line) AS line FROM log "
                "WHERE log.at = d.amount) AS top WHERE d.item = i.id AND top.line > 'l0'"),
        (STOCK, "UPDATE item i SET amount = d.amount, name = DEFAULT FROM delivery d "
                "LEFT JOIN log ON log.at = d.amount WHERE d.item = i.id AND log.at IS NULL"),
        (STOCK, "UPDATE item SET (amount, note) = (d.amount, NULL) FROM delivery AS d "
                "WHERE d.item = item.id AND d.amount BETWEEN 2 AND 7 RETURNING item.*, d.amount"),
        (STOCK, "UPDATE log SET line = other.line FROM log AS other "
                "WHERE other.at = log.at + 1 AND other.line > log.line"),
        (STOCK, "DELETE FROM item WHERE random() < 0.4 OR id = 1"),
        (STOCK, "UPDATE log SET line = md5(random()::text) WHERE random() < 0.5 OR at = 1"),
        (STOCK, "UPDATE item SET amount = amount WHERE id < 4; DELETE FROM log WHERE at = 1"),
        (STOCK, "DELETE FROM log WHERE ctid = ANY (ARRAY(SELECT ctid FROM log LIMIT 9))"),
        (STOCK, "DELETE FROM queue WHERE id IN (SELECT id FROM queue WHERE state = 'new' "
                "ORDER BY id FOR UPDATE SKIP LOCKED LIMIT 3) RETURNING *"),
        (STOCK, "WITH job AS (SELECT id FROM queue ORDER BY random() FOR UPDATE SKIP LOCKED "
                "LIMIT 2) UPDATE queue SET state = 'run', payload = '{\"b\": 2}' FROM job "
                "WHERE job.id = queue.id RETURNING queue.id"),
        (STOCK, "WITH d AS (DELETE FROM delivery WHERE amount > 9 RETURNING *), "
                "u AS (UPDATE item SET amount = d.amount FROM d WHERE d.item = item.id "
                "RETURNING id), l AS (DELETE FROM log WHERE at IN (SELECT id % 5 FROM u)) "
                "SELECT * FROM u"),
        (STOCK, "WITH RECURSIVE n AS (SELECT 1 AS n UNION ALL SELECT n + 3 FROM n WHERE n < 20), "
                "d AS (DELETE FROM item WHERE id IN (SELECT n FROM n)) "
                "DELETE FROM log WHERE at = 0"),
        (STOCK, "WITH u AS (UPDATE log SET line = 'u' WHERE at = 1 RETURNING at) "
                "DELETE FROM delivery WHERE item > (SELECT count(*) FROM u)"),
        (STOCK, "INSERT INTO item (id, name, amount) VALUES (3, 'n3', 70), (4, 'n4', 80) "
                "ON CONFLICT (id) DO UPDATE SET name = excluded.name, amount = excluded.amount"),
        (STOCK, "INSERT INTO item AS i (id, name) SELECT g + 100, 'i' || g FROM "
                "generate_series(1, 20) AS g ON CONFLICT ON CONSTRAINT item_name_key DO UPDATE "
                "SET amount = i.amount + 100, id = i.id + 500 WHERE i.amount > 2 RETURNING i.id"),
        (STOCK, "INSERT INTO item (id, note) VALUES (100, 'n4'), (101, 'N8') ON CONFLICT "
                "(lower(note)) WHERE note IS NOT NULL DO UPDATE SET note = NULL, amount = 9"),
        (STOCK, "WITH u AS (INSERT INTO item (id) SELECT item FROM delivery WHERE item <= 30 "
                "ON CONFLICT (id) DO UPDATE SET amount = 0 RETURNING id) "
                "DELETE FROM log WHERE at IN (SELECT id FROM u)"),
        (STOCK, "EXPLAIN (ANALYZE, COSTS OFF) DELETE FROM item WHERE amount = 3"),
        (STOCK, "COPY (DELETE FROM item WHERE amount = 3 RETURNING *) TO '/dev/null'"),
        (STOCK, "DELETE FROM item WHERE amount = 1; TRUNCATE log; UPDATE item SET amount = 5"),
        (VIEWS, "DELETE FROM low WHERE amount > 2"),
        (VIEWS, "UPDATE low SET label = 'l' || id, amount = amount + 1"),
        (STOCK, "WITH u AS (UPDATE log SET line = 'u' WHERE at = 1 RETURNING at) "
                "DELETE FROM item WHERE random() < 0.5"),
        (STOCK, "WITH u AS (UPDATE log SET line = 'u' WHERE at = 1 RETURNING at) DELETE FROM item"),
        (VIEWS, "DELETE FROM low WHERE random() < 0.5"),
        (VIEWS, "DELETE FROM lower_still"),
        (VIEWS, "UPDATE lower_still AS l SET amount = 1 FROM delivery d WHERE d.item = l.id"),
        (VIEWS, "UPDATE guarded SET note = 'G' || id WHERE id < 20"),
        (VIEWS, "INSERT INTO low (id, label) VALUES (1, 'x') ON CONFLICT (id) "
                "DO UPDATE SET label = excluded.label"),
        (VIEWS, "DELETE FROM pairs WHERE id < 12"),
        (VIEWS, "UPDATE pairs SET name = name || '!', delivered = 0"),
        (VIEWS, "DELETE FROM ruled WHERE id BETWEEN 5 AND 9"),
    ],
)  # fmt: skip
def test_what_every_form_destroys_comes_back(schema, sql, setup, comes_back):
    setup.execute(schema)
    comes_back(sql)


MERGES = [
    "MERGE INTO item USING delivery AS d ON d.item = item.id "
    "WHEN MATCHED AND d.amount > 8 THEN DELETE "
    "WHEN MATCHED AND item.amount = 0 THEN DO NOTHING "
    "WHEN MATCHED THEN UPDATE SET amount = item.amount + d.amount, note = NULL",
    "WITH big AS (SELECT * FROM delivery WHERE amount > 4) MERGE INTO item i USING big "
    "ON big.item = i.id WHEN MATCHED THEN UPDATE SET id = i.id + 1000",
    "MERGE INTO log USING (VALUES (1, 'l0'), (2, 'l1')) AS v (at, line) "
    "ON v.at = log.at AND v.line = log.line WHEN MATCHED THEN DELETE",
    "MERGE INTO ONLY log USING (SELECT DISTINCT item % 5 AS at FROM delivery) AS d "
    "ON d.at = log.at WHEN MATCHED AND d.at < 3 THEN UPDATE SET line = 'merged', at = 9 "
    "WHEN MATCHED THEN DELETE",
]


@pytest.mark.parametrize("sql", MERGES)
def test_what_a_merge_destroys_comes_back(sql, setup, comes_back):
    if setup.connection.server_version < 150000:
        pytest.skip("MERGE came with PostgreSQL 15")
    setup.execute(STOCK)
    comes_back(sql)


EVERYTHING = (
    "SELECT item::text FROM item UNION ALL SELECT log::text FROM log UNION ALL "
    "SELECT delivery::text FROM delivery ORDER BY 1"
)


@pytest.mark.parametrize(
    ("newest", "sql"),
    [
        (0, "INSERT INTO item (id, name, amount) SELECT g, 'x' || g, 1000 FROM "
            "generate_series(20, 40) AS g ON CONFLICT (id) DO UPDATE SET amount = 1000"),
        (15, "MERGE INTO item USING delivery AS d ON d.item = item.id WHEN MATCHED AND d.amount < 4"
             " THEN DELETE WHEN MATCHED THEN UPDATE SET name = 'm' || id WHEN NOT MATCHED THEN "
             "INSERT VALUES (d.item, NULL, 1000)"),
        (17, "MERGE INTO item USING delivery AS d ON d.item = item.id "
             "WHEN NOT MATCHED BY SOURCE THEN DELETE WHEN MATCHED THEN UPDATE SET note = 'm' || id "
             "WHEN NOT MATCHED THEN INSERT VALUES (d.item, NULL, 1000) RETURNING merge_action()"),
    ],
)  # fmt: skip
def test_rows_that_an_upsert_or_a_merge_put_beside_are_taken_out_again(
    newest, sql, setup, guarded, store, dsn
):
    if setup.connection.server_version < newest * 10000:
        pytest.skip(f"PostgreSQL {newest} or newer")
    setup.execute(STOCK)
    setup.execute(EVERYTHING)
    before = setup.fetchall()
    guarded(snapshot_at="LOW").cursor().execute(sql)
    (snapshot,) = backstop.snapshots.list(store)
    assert backstop.restore(snapshot.id, storage=store, dsn=dsn).complete
    setup.execute(EVERYTHING)
    assert setup.fetchall() == before


def test_rows_that_a_plain_insert_added_stay(setup, guarded, store, dsn):
    setup.execute(STOCK)
    setup.execute(EVERYTHING)
    before = setup.fetchall()
    guarded(snapshot_at="LOW").cursor().execute(
        "WITH moved AS (DELETE FROM log WHERE at = 1 RETURNING at, line) INSERT INTO item "
        "(id, name, amount) SELECT 100 + row_number() OVER (), NULL, 1000 FROM moved"
    )
    setup.execute("SELECT item::text FROM item WHERE amount = 1000 AND id > 30")
    new = setup.fetchall()
    assert new
    (snapshot,) = backstop.snapshots.list(store)
    assert backstop.restore(snapshot.id, storage=store, dsn=dsn).complete
    setup.execute(EVERYTHING)
    assert sorted(setup.fetchall()) == sorted(before + new)


def test_a_text_with_its_own_transaction_comes_back_and_is_no_exact_snapshot(setup, comes_back):
    setup.execute(STOCK)
    comes_back(
        "BEGIN; DELETE FROM item WHERE id < 9; UPDATE item SET id = id + 99; COMMIT",
        complete=False,
    )


def by_cursor(db):
    cursor = db.cursor()
    cursor.execute(
        "DECLARE c CURSOR FOR SELECT * FROM item WHERE amount < 5 ORDER BY id FOR UPDATE"
    )
    cursor.execute("FETCH 2 FROM c")
    cursor.execute("DELETE FROM item WHERE CURRENT OF c")
    cursor.execute("FETCH 3 FROM c")
    cursor.execute("UPDATE item SET amount = 99, id = 500 WHERE CURRENT OF c")
    cursor.execute("CLOSE c")


def by_named_cursor(db):
    reader = db.cursor("reader")
    reader.itersize = 1
    reader.execute("SELECT at, line FROM log WHERE at = 2 FOR UPDATE")
    for _ in range(3):
        reader.fetchone()
        db.cursor().execute("DELETE FROM log WHERE CURRENT OF reader")
    reader.close()


def by_parameters(db):
    cursor = db.cursor()
    cursor.execute("DELETE FROM item WHERE id = ANY(%s) AND name LIKE 'i%%'", ([1, 2, 3],))
    cursor.execute(
        "UPDATE item SET name = %(name)s, note = %(name)s WHERE id IN %(ids)s",
        {"name": "100% 'new'\\", "ids": (7,)},
    )
    statement = composed.SQL("UPDATE {} SET {} = {} WHERE id % 2 = {}").format(
        composed.Identifier("public", "item"),
        composed.Identifier("amount"),
        composed.Literal(77),
        composed.Literal(1),
    )
    cursor.execute(statement)
    cursor.execute(b"DELETE FROM delivery WHERE amount > 12")
    cursor.execute(b"DELETE FROM delivery WHERE amount > %s", [4])
    cursor.execute("UPDATE queue SET payload = %s WHERE id < %s", ('{"%s": null}', 3))


def by_batches(db):
    cursor = db.cursor()
    execute_batch(
        cursor, "DELETE FROM item WHERE id = %s", [(n,) for n in range(1, 9)], page_size=3
    )
    execute_values(
        cursor,
        "UPDATE item SET amount = v.amount FROM (VALUES %s) AS v (id, amount) WHERE item.id = v.id",
        [(n, n * 100) for n in range(9, 20)],
        page_size=4,
    )
    execute_values(
        cursor,
        "INSERT INTO item (id, name) VALUES %s ON CONFLICT (id) DO UPDATE SET name = excluded.name",
        [(n, f"v{n}") for n in range(10, 20)],
    )


def by_many(db):
    cursor = db.cursor()
    cursor.executemany("DELETE FROM item WHERE id = %s", [(n,) for n in range(1, 9)])
    cursor.executemany(
        "UPDATE item SET amount = %(n)s WHERE id > %(n)s", [{"n": n} for n in (25, 20, 28)]
    )
    cursor.executemany("UPDATE log SET line = 'm' || at WHERE at = %s", [(1,), (3,)])


def in_several_texts(db):
    cursor = db.cursor()
    cursor.execute("DELETE FROM item WHERE id < 5; UPDATE item SET amount = 50 WHERE id < 10")
    cursor.execute("UPDATE item SET id = id + 40; DELETE FROM item WHERE id > 60")
    cursor.execute(
        "UPDATE log SET at = 1; UPDATE log SET at = 2; DELETE FROM log WHERE line = 'l1'"
    )
    cursor.execute("TRUNCATE delivery; TRUNCATE log")


def again_and_again(db):
    """Rows that were inserted, updated and deleted in one transaction, more than once."""
    cursor = db.cursor()
    for step in range(3):
        cursor.execute("UPDATE item SET amount = amount + 1, note = NULL WHERE id > %s", (step,))
        cursor.execute("UPDATE log SET line = line || %s", (str(step),))
        cursor.execute("DELETE FROM item WHERE id = %s", (20 + step,))
        cursor.execute("DELETE FROM log WHERE at = %s", (step,))
        cursor.execute("UPDATE item SET id = -id WHERE id %% 2 = %s", (step % 2,))


def in_savepoints(db):
    cursor = db.cursor()
    cursor.execute("SAVEPOINT a; UPDATE item SET amount = 1")
    cursor.execute("SAVEPOINT b")
    cursor.execute("DELETE FROM item")
    cursor.execute("ROLLBACK TO b")
    cursor.execute("UPDATE item SET amount = 2 WHERE id > 4")
    cursor.execute("RELEASE a")
    cursor.execute("DELETE FROM item WHERE amount = 1")


@pytest.mark.parametrize(
    "work",
    [by_cursor, by_named_cursor, by_parameters, by_batches, by_many, in_several_texts,
     again_and_again, in_savepoints],
)  # fmt: skip
def test_all_that_a_transaction_did_comes_back(work, setup, undone):
    setup.execute(STOCK)
    undone(work, autocommit=False)


@pytest.mark.parametrize("work", [by_parameters, by_batches, in_several_texts, again_and_again])
def test_all_that_was_committed_step_by_step_comes_back(work, setup, undone):
    setup.execute(STOCK)
    undone(work)


def test_all_that_executemany_committed_set_by_set_comes_back(setup, undone):
    """What others wrote between two sets can't be known to be all there, so it isn't complete."""
    setup.execute(STOCK)
    undone(by_many, complete=False)
