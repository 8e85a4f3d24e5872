"""MERGE and INSERT … ON CONFLICT DO UPDATE are found, counted and brought back as other writes."""

from __future__ import annotations

import psycopg2.errors
import pytest

import backstop
from testing.server_log import ServerLog

pytestmark = pytest.mark.proof

STOCK = """
CREATE TABLE item (id int PRIMARY KEY, n int, note text);
INSERT INTO item SELECT g, g % 10, 'old' FROM generate_series(1, 3000) AS g;
CREATE TABLE news (id int PRIMARY KEY, n int);
INSERT INTO news SELECT g, -g FROM generate_series(1, 3000) AS g;
CREATE TABLE part (id int PRIMARY KEY, item int REFERENCES item ON DELETE CASCADE, n int);
INSERT INTO part SELECT g, 1 + g / 4, g FROM generate_series(1, 8000) AS g;
CREATE TABLE noted (id int PRIMARY KEY, n int);
INSERT INTO noted SELECT g, 0 FROM generate_series(1, 10) AS g;
CREATE FUNCTION note() RETURNS trigger LANGUAGE plpgsql AS
    $$ BEGIN UPDATE item SET note = 'seen' WHERE id = new.id; RETURN new; END $$;
CREATE TRIGGER note AFTER UPDATE ON noted FOR EACH ROW EXECUTE FUNCTION note();
CREATE TABLE code (code text PRIMARY KEY, n int);
CREATE TABLE coded (code text REFERENCES code ON UPDATE CASCADE, k int);
INSERT INTO code VALUES ('a', 1), ('b', 2);
INSERT INTO coded SELECT 'a', g FROM generate_series(1, 50) AS g;
CREATE TABLE year (y int, id int, n int, PRIMARY KEY (y, id)) PARTITION BY RANGE (y);
CREATE TABLE year_1 PARTITION OF year FOR VALUES FROM (0) TO (10);
CREATE TABLE year_2 PARTITION OF year FOR VALUES FROM (10) TO (20);
INSERT INTO year SELECT g, g, 0 FROM generate_series(0, 19) AS g;
CREATE TABLE keyless (n int, s text);
INSERT INTO keyless SELECT g % 4, 'k' FROM generate_series(1, 12) AS g;
CREATE VIEW low AS SELECT id, n FROM item WHERE n < 5;
"""

MERGE = "MERGE INTO item AS i USING news ON i.id = news.id"
FEW = "MERGE INTO item i USING (SELECT * FROM news WHERE id < 20) s ON i.id = s.id"


@pytest.fixture
def stock(connect, postgres_server):
    if int(postgres_server.version.split(".")[0]) < 15:
        pytest.skip("MERGE came with version 15")
    connection = connect()
    connection.autocommit = True
    connection.cursor().execute(STOCK)
    return connection.cursor()


@pytest.mark.parametrize(
    "sql",
    [
        f"{FEW} WHEN MATCHED THEN DELETE",
        f"{FEW} WHEN MATCHED AND i.n < 5 THEN DELETE WHEN MATCHED THEN UPDATE SET n = s.n",
        f"{FEW} WHEN MATCHED AND i.n < 5 THEN UPDATE SET note = CASE WHEN i.n = 1 THEN 'x' END",
        "MERGE INTO item i USING (VALUES (1, 'x'), (9999, 'new')) AS v(id, note) ON v.id = i.id "
        "WHEN MATCHED THEN UPDATE SET note = v.note "
        "WHEN NOT MATCHED THEN INSERT VALUES (v.id, 0, v.note)",
        "WITH item AS (SELECT 5 AS id) MERGE INTO item t USING item s ON t.id = s.id "
        "WHEN MATCHED THEN DELETE",
        "MERGE INTO noted i USING news a JOIN item b ON a.id = b.id ON i.id = a.id "
        "WHEN MATCHED AND a.n < -3 THEN UPDATE SET id = i.id + 100000 "
        "WHEN MATCHED THEN DO NOTHING",
        "MERGE INTO code c USING (SELECT 1) AS s ON c.code = 'a' "
        "WHEN MATCHED THEN UPDATE SET code = 'z'",
        "MERGE INTO code c USING (VALUES ('a', 'z'), ('b', 'y')) AS s(code, new) "
        "ON s.code = c.code WHEN MATCHED AND c.code = 'b' THEN DELETE "
        "WHEN MATCHED THEN UPDATE SET code = s.new",
        "MERGE INTO year y USING news ON y.id = news.id AND y.id > 5 "
        "WHEN MATCHED AND y.id % 3 = 0 THEN DELETE WHEN MATCHED THEN UPDATE SET y = 19 - y.y",
        "MERGE INTO year y USING (VALUES (3, 3), (4, 44)) AS v(y, id) ON (y.y, y.id) = (v.y, v.id) "
        "WHEN MATCHED THEN UPDATE SET n = 1 WHEN NOT MATCHED THEN INSERT VALUES (v.y, v.id, 0)",
        "MERGE INTO keyless k USING (VALUES (1), (2)) AS v(n) ON v.n = k.n "
        "WHEN MATCHED AND k.n = 1 THEN DELETE WHEN MATCHED THEN UPDATE SET s = 'changed'",
        "MERGE INTO noted USING news s ON s.id = noted.id AND s.id < 4 "
        "WHEN MATCHED THEN UPDATE SET n = 1",
        f"{FEW} WHEN MATCHED THEN DELETE; MERGE INTO item i USING news s ON i.id = s.id "
        "AND s.id BETWEEN 15 AND 30 WHEN MATCHED THEN DELETE",
        "INSERT INTO item VALUES (1, 5, 'x'), (9999, 0, 'new') ON CONFLICT (id) DO UPDATE "
        "SET n = excluded.n",
        "INSERT INTO code VALUES ('a', 5) ON CONFLICT (code) DO UPDATE SET code = 'z'",
        "INSERT INTO year VALUES (3, 3, 9) ON CONFLICT (y, id) DO UPDATE SET n = excluded.n",
        "INSERT INTO low VALUES (1, 3) ON CONFLICT (id) DO UPDATE SET n = 4",
        "INSERT INTO noted VALUES (1, 5) ON CONFLICT (id) DO UPDATE SET n = excluded.n",
    ],
)  # fmt: skip
@pytest.mark.usefixtures("stock")
def test_what_they_change_comes_back(sql, comes_back):
    comes_back(sql)


@pytest.mark.parametrize(
    "sql",
    [
        # What the second one finds, the first decides.
        f"BEGIN; {FEW} WHEN MATCHED THEN DELETE; "
        f"{MERGE} AND i.id < 40 WHEN MATCHED AND i.n = 1 THEN DELETE; COMMIT",
        "BEGIN; INSERT INTO item VALUES (1, 5, 'x'), (9999, 0, 'new') ON CONFLICT (id) DO UPDATE "
        "SET n = excluded.n; COMMIT",
    ],
)
@pytest.mark.usefixtures("stock")
def test_what_they_change_in_a_text_that_commits_comes_back(sql, comes_back):
    comes_back(sql, complete=False)


@pytest.mark.parametrize(
    ("sql", "saved"),
    [
        (f"{FEW} WHEN MATCHED AND i.n = 1 THEN UPDATE SET n = 0", {"public.item": 2}),
        (
            f"{FEW} WHEN MATCHED AND i.n = 5 THEN DO NOTHING WHEN MATCHED AND 9 / (i.n - 5) > 1 "
            "THEN UPDATE SET n = 0",
            {"public.item": 8},
        ),
        # Only of rows that match, the WHEN can be asked.
        (
            f"{MERGE} AND i.id < 10 WHEN MATCHED AND 100 / (news.id - 2000) > -2 "
            "THEN UPDATE SET n = 0",
            {"public.item": 9},
        ),
        (
            f"{FEW} WHEN MATCHED AND i.id = 1 THEN DELETE WHEN MATCHED THEN UPDATE SET n = 0",
            {"public.item": 19, "public.part": 75},
        ),
    ],
)
@pytest.mark.usefixtures("stock")
def test_a_merge_runs_once_and_what_it_changes_is_saved(
    sql, saved, guarded, store, postgres_server, dsn
):
    log = ServerLog(postgres_server, dsn)
    guarded(snapshot_at="LOW").cursor().execute(sql)
    (snapshot,) = backstop.snapshots.list(store)
    tables = backstop.snapshots.show(snapshot.id, store).manifest.tables
    assert {table.label: table.rows for table in tables} == saved
    assert log.sent().count(sql) == 1


@pytest.mark.parametrize(
    ("more", "assigned"),
    [
        ("", ("n",)),
        ("; INSERT INTO item VALUES (2) ON CONFLICT (id) DO UPDATE SET note = 'x'", ("n", "note")),
        ("; INSERT INTO news VALUES (5000)", ("id", "n", "note")),
    ],
)
@pytest.mark.usefixtures("stock")
def test_a_snapshot_knows_what_an_upsert_may_set(more, assigned, guarded, store):
    guarded(snapshot_at="LOW").cursor().execute(
        "INSERT INTO item VALUES (1, 5, 'x') ON CONFLICT (id) DO UPDATE SET n = excluded.n" + more
    )
    (snapshot,) = backstop.snapshots.list(store)
    (table,) = backstop.snapshots.show(snapshot.id, store).manifest.tables
    assert (table.label, table.assigned) == ("public.item", assigned)


def test_a_merge_that_only_adds_rows_takes_no_snapshot(stock, guarded, store):
    guarded(snapshot_at="LOW").cursor().execute(
        f"{MERGE} AND news.id > 10 WHEN MATCHED THEN DO NOTHING "
        "WHEN NOT MATCHED THEN INSERT VALUES (-news.id, 0, 'new')"
    )
    stock.execute("SELECT count(*) FROM item WHERE note = 'new'")
    assert stock.fetchone() == (10,)
    assert backstop.snapshots.list(store) == []


VALUES = "INSERT INTO item VALUES {} ON CONFLICT (id) DO UPDATE SET n = excluded.n"


def values(count):
    return VALUES.format(", ".join(f"({number}, 1, 'x')" for number in range(1, count + 1)))


@pytest.mark.parametrize(
    ("sql", "reason"),
    [
        (f"{MERGE} WHEN MATCHED THEN UPDATE SET n = 1", "more than 1,000 rows"),
        (f"{MERGE} AND news.id < 300 WHEN MATCHED THEN DELETE", "more than 1,000 rows"),
        (
            f"{MERGE} WHEN NOT MATCHED THEN INSERT VALUES (1) WHEN MATCHED THEN DELETE",
            "more than 1,000 rows",
        ),
        ("MERGE INTO year y USING news ON y.id = news.id WHEN MATCHED THEN DELETE; "
         f"{MERGE} WHEN MATCHED THEN DELETE", "more than 1,000 rows"),
        (f"{FEW} WHEN MATCHED THEN DELETE; {MERGE} WHEN MATCHED THEN DELETE",
         "can't be measured"),
        ("MERGE INTO code c USING coded s ON s.code = c.code WHEN MATCHED AND "
         "c.n = 2 THEN DELETE WHEN MATCHED THEN UPDATE SET code = 'z'", "can't be measured"),
        (values(1001), "more than 1,000 rows"),
        (VALUES.format("(1, 1), (2, 1)") + ";" + values(1000), "more than 1,000 rows"),
        ("INSERT INTO item SELECT j.id FROM news JOIN item i USING (id, n) RIGHT JOIN item j "
         "ON true ON CONFLICT (id) DO UPDATE SET n = 0", "more than 1,000 rows"),
        ("INSERT INTO item TABLE item ON CONFLICT (id) DO UPDATE SET n = 0 RETURNING n",
         "more than 1,000 rows"),
        ("WITH w AS (TABLE news) INSERT INTO item WITH v AS (TABLE w) SELECT * FROM v -- why\n"
         "ON CONFLICT (id) DO UPDATE SET n = 0", "more than 1,000 rows"),
        ("INSERT INTO code VALUES ('a', 1) ON CONFLICT (code) DO UPDATE SET code = 'c'",
         "can't be measured"),
        ("WITH d AS (DELETE FROM keyless WHERE n = 1 RETURNING n) INSERT INTO item SELECT n FROM d "
         "ON CONFLICT (id) DO UPDATE SET n = 0", "can't be measured"),
        ("INSERT INTO item SELECT nextval('s') ON CONFLICT (id) DO UPDATE SET n = 0",
         "can't be measured"),
    ],
)  # fmt: skip
def test_a_wide_reach_is_refused(sql, reason, stock, guarded):
    stock.execute("CREATE SEQUENCE s")
    db = guarded(autocommit=False, mode="block", max_fraction=1.0)
    with pytest.raises(backstop.StatementBlocked, match=reason):
        db.cursor().execute(sql)
    assert db.info.transaction_status == 0


@pytest.mark.parametrize(
    "sql",
    [
        f"{FEW} WHEN MATCHED THEN DELETE",
        f"{MERGE} AND i.id < 900 WHEN MATCHED THEN UPDATE SET n = 1",
        f"{MERGE} WHEN MATCHED AND i.n = 1 THEN UPDATE SET n = news.n",
        f"{MERGE} WHEN MATCHED AND i.n > 1 THEN DO NOTHING WHEN MATCHED THEN UPDATE SET n = 1",
        # Each row counts once, though it may be deleted or updated.
        "MERGE INTO year y USING news ON y.id = news.id "
        "WHEN MATCHED AND y.id = 1 THEN DELETE WHEN MATCHED THEN UPDATE SET n = 1",
        values(1000),
        "INSERT INTO item SELECT id FROM news WHERE id < 900 ON CONFLICT (id) DO UPDATE SET n = 0",
        "INSERT INTO code VALUES ('a', 1) ON CONFLICT (code) DO UPDATE SET code = excluded.code",
        "INSERT INTO noted VALUES (1, 2) ON CONFLICT (id) DO UPDATE SET n = 3",
        "INSERT INTO low VALUES (1, 2) ON CONFLICT (id) DO UPDATE SET n = 3",
    ],
)
@pytest.mark.parametrize("autocommit", [True, False])
@pytest.mark.usefixtures("stock")
def test_a_narrow_reach_passes(sql, autocommit, guarded):
    db = guarded(autocommit=autocommit, mode="block", max_rows=1000, max_fraction=1.0)
    db.cursor().execute(sql)
    db.close()


@pytest.mark.usefixtures("stock")
def test_rows_that_a_merge_may_delete_or_update_count_once(guarded):
    both = "WHEN MATCHED AND y.id = 1 THEN DELETE WHEN MATCHED THEN UPDATE SET n = 1"
    sql = f"MERGE INTO year y USING news ON y.id = news.id {both}"
    guarded(mode="block", max_rows=19, max_fraction=1.0).cursor().execute(sql)
    with pytest.raises(backstop.StatementBlocked, match="more than 17 rows"):
        guarded(mode="block", max_rows=17, max_fraction=1.0).cursor().execute(sql)


@pytest.mark.usefixtures("stock")
def test_a_fraction_of_a_table_counts_for_a_merge_too(guarded):
    db = guarded(mode="block", max_rows=10_000)
    with pytest.raises(backstop.StatementBlocked, match=r"of 3,000 rows"):
        db.cursor().execute(f"{MERGE} AND news.id < 2000 WHEN MATCHED THEN UPDATE SET n = 1")


@pytest.mark.parametrize(
    "sql",
    [
        "DELETE FROM {} WHERE n > 1",
        "UPDATE {} SET id = id + 10000 WHERE n > 1",
        "MERGE INTO {} AS t USING item ON item.id = t.id WHEN MATCHED THEN UPDATE SET n = 5",
        "INSERT INTO {} TABLE news LIMIT 5 ON CONFLICT (id) DO UPDATE SET n = excluded.n",
    ],
)
@pytest.mark.usefixtures("stock")
def test_what_ends_with_the_session_has_no_reach(sql, guarded):
    cursor = guarded(mode="block").cursor()
    cursor.execute("CREATE TEMP TABLE own AS SELECT id, 2 AS n FROM item")
    cursor.execute("CREATE UNIQUE INDEX ON own (id)")
    cursor.execute(sql.format("own"))
    with pytest.raises(psycopg2.errors.UndefinedTable):
        cursor.execute(sql.format("nowhere"))


@pytest.mark.usefixtures("stock")
def test_many_upserts_of_one_row_reach_as_far_as_one_of_many(guarded):
    db = guarded(mode="block", max_rows=10)
    sql = "INSERT INTO item VALUES (%s, 1, 'x') ON CONFLICT (id) DO UPDATE SET n = excluded.n"
    db.cursor().executemany(sql, [(number,) for number in range(10)])
    with pytest.raises(backstop.StatementBlocked, match="more than 10 rows"):
        db.cursor().executemany(sql, [(number,) for number in range(11)])


@pytest.mark.parametrize(
    ("table", "mode"), [("item", "protect"), ("item", "block"), ("noted", "block")]
)
@pytest.mark.usefixtures("stock")
def test_an_upsert_of_one_row_asks_the_server_once_and_then_never_again(
    table, mode, guarded, postgres_server, dsn
):
    log = ServerLog(postgres_server, dsn)
    cursor = guarded(autocommit=False, mode=mode).cursor()
    sql = f"INSERT INTO {table} (id, n) VALUES (%s, 1) ON CONFLICT (id) DO UPDATE SET n = 2"
    cursor.execute(sql, (1,))
    asked = len(log.ours())
    assert asked > 0
    for number in range(2, 7):
        cursor.execute(sql, (number,))
    assert len(log.sent()) == 7
    assert len(log.ours()) == asked


@pytest.mark.parametrize(
    ("sql", "reason"),
    [
        ("INSERT INTO noted VALUES (1, 1) ON CONFLICT (id) DO UPDATE SET n = 1", "2 rows"),
        (
            "INSERT INTO code VALUES ('a', 1) ON CONFLICT (code) DO UPDATE SET code = 'z'",
            "51 rows",
        ),
        ("INSERT INTO item VALUES (1), (2), (3) ON CONFLICT (id) DO UPDATE SET n = 1", "3 rows"),
        (f"{FEW} WHEN MATCHED AND s.id < 3 THEN UPDATE SET n = 1", "2 rows"),
    ],
)
@pytest.mark.usefixtures("stock")
def test_what_may_go_further_is_looked_at_after_a_run(sql, reason, guarded, store):
    guarded(max_rows=1).cursor().execute(sql)
    (snapshot,) = backstop.snapshots.list(store)
    assert snapshot.level == "IMPACT_CRITICAL"
    assert reason in backstop.snapshots.show(snapshot.id, store).manifest.statement.reason


@pytest.mark.usefixtures("stock")
def test_only_the_columns_that_an_upsert_overwrites_are_protected(guarded):
    db = guarded(mode="block", protected_columns=["public.item.note"])
    sql = "INSERT INTO item VALUES (1, 5, 'x') ON CONFLICT (id) DO UPDATE SET {} = excluded.{}"
    db.cursor().execute(sql.format("n", "n"))
    with pytest.raises(backstop.StatementBlocked, match=r"public\.item\.note is a protected"):
        db.cursor().execute(sql.format("note", "note"))
    with pytest.raises(backstop.StatementBlocked, match=r"public\.item\.note is a protected"):
        db.cursor().execute(f"{FEW} WHEN MATCHED THEN UPDATE SET n = 1, note = 'x'")
    db.cursor().execute(f"{FEW} WHEN MATCHED THEN UPDATE SET n = 1")
