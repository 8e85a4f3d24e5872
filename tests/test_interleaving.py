"""Whatever others do between the steps of a statement, what was saved is what was destroyed."""

from __future__ import annotations

import contextlib
import re

import psycopg2
import pytest

import backstop
from backstop.snapshots import Consistency
from testing.interleaving import Action, Interleaving
from testing.steps import Steps

pytestmark = pytest.mark.proof

SCHEMA = """
CREATE TABLE stock (sku int PRIMARY KEY, amount int, note text);
CREATE TABLE wanted (sku int PRIMARY KEY);
CREATE TABLE incoming (sku int PRIMARY KEY, amount int);
CREATE TABLE event (sku int, amount int);
CREATE TABLE parent (id int PRIMARY KEY);
CREATE TABLE child (id int PRIMARY KEY, parent int REFERENCES parent ON DELETE CASCADE);
CREATE TABLE grandchild (id int PRIMARY KEY, child int REFERENCES child ON DELETE SET NULL);
CREATE VIEW low AS SELECT sku, amount FROM stock WHERE amount < 5;
CREATE TABLE total (id int PRIMARY KEY, sales int);
CREATE FUNCTION add_up() RETURNS trigger LANGUAGE plpgsql AS
$$BEGIN UPDATE total SET sales = sales + 1 WHERE id IN (SELECT sku FROM wanted); RETURN NULL; END$$;
CREATE TABLE sale (id int PRIMARY KEY, amount int);
CREATE TRIGGER add_up AFTER DELETE ON sale FOR EACH STATEMENT EXECUTE FUNCTION add_up();
CREATE FUNCTION clear_wanted() RETURNS bigint LANGUAGE sql AS
$$WITH gone AS (DELETE FROM stock WHERE sku IN (SELECT sku FROM wanted) RETURNING 1)
  SELECT count(*) FROM gone$$;
"""
ROWS = """
INSERT INTO stock SELECT g, g, 'as it was' FROM generate_series(1, 9) AS g;
INSERT INTO wanted VALUES (1), (2), (3);
INSERT INTO incoming VALUES (2, 20), (3, 30), (50, 500);
INSERT INTO event SELECT g / 2, g / 2 FROM generate_series(1, 9) AS g;
INSERT INTO parent SELECT generate_series(1, 5);
INSERT INTO child SELECT g, (g + 1) / 2 FROM generate_series(1, 10) AS g;
INSERT INTO grandchild SELECT g, g FROM generate_series(1, 9) AS g;
INSERT INTO total SELECT g, 0 FROM generate_series(1, 9) AS g;
INSERT INTO sale SELECT g, g FROM generate_series(1, 5) AS g;
"""


def actions(*rows):
    return [Action(*row) for row in rows]


ON_STOCK = actions(
    ("insert a row that matches", "INSERT INTO stock VALUES (100, 1, 'new')"),
    ("delete a row that matches", "DELETE FROM stock WHERE sku = 1"),
    ("let a row match", "UPDATE stock SET amount = 1 WHERE sku = 9"),
    ("let a row match no more", "UPDATE stock SET amount = 90 WHERE sku = 1"),
    ("change a row that matches", "UPDATE stock SET note = 'changed' WHERE sku = 2"),
    ("change a key", "UPDATE stock SET sku = 200 WHERE sku = 2"),
    ("exchange who matches", "UPDATE stock SET amount = 10 - amount WHERE sku IN (1, 2, 8, 9)"),
    ("lock a row", "SELECT FROM stock WHERE sku = 1 FOR UPDATE", True),
    ("change a row, in no hurry", "UPDATE stock SET note = 'changed' WHERE sku = 2", True),
    ("let a row match, in no hurry", "UPDATE stock SET amount = 1 WHERE sku = 9", True),
    ("empty it", "TRUNCATE stock"),
    ("add a column", "ALTER TABLE stock ADD extra int DEFAULT 7"),
    ("drop a column", "ALTER TABLE stock DROP note"),
    ("refer to it", "CREATE TABLE late (id int PRIMARY KEY, sku int REFERENCES stock ON DELETE"
     " CASCADE ON UPDATE CASCADE); INSERT INTO late VALUES (1, 1), (2, 9)"),
)  # fmt: skip
ON_WANTED = actions(
    ("want one more", "INSERT INTO wanted VALUES (7)"),
    ("want one less", "DELETE FROM wanted WHERE sku = 1"),
    ("want others", "UPDATE wanted SET sku = sku + 3"),
    ("want others, in no hurry", "UPDATE wanted SET sku = sku + 3", True),
    ("want none", "TRUNCATE wanted"),
)
ON_INCOMING = actions(
    ("bring in one more", "INSERT INTO incoming VALUES (7, 70)"),
    ("bring in one less", "DELETE FROM incoming WHERE sku = 2"),
    ("bring in others", "UPDATE incoming SET sku = sku + 3 WHERE sku < 50"),
    ("bring in others, in no hurry", "UPDATE incoming SET sku = sku + 3 WHERE sku < 50", True),
)
ON_EVENT = actions(
    ("add a twin", "INSERT INTO event VALUES (1, 1)"),
    (
        "remove a twin",
        "DELETE FROM event WHERE ctid = (SELECT max(ctid::text)::tid FROM event WHERE sku = 1)",
    ),
    ("move a twin", "UPDATE event SET amount = amount WHERE sku = 1"),
    ("make twins of others", "UPDATE event SET sku = 1, amount = 1 WHERE sku = 4"),
)
ON_FAMILY = actions(
    ("bear a child", "INSERT INTO child VALUES (100, 1)"),
    ("bear a grandchild", "INSERT INTO grandchild VALUES (100, 1)"),
    ("give a child away", "UPDATE child SET parent = 5 WHERE id = 1"),
    ("take a child in", "UPDATE child SET parent = 1 WHERE id = 9"),
    ("exchange children", "UPDATE child SET parent = 6 - parent WHERE parent <> 3"),
    ("exchange children, in no hurry", "UPDATE child SET parent = 6 - parent WHERE parent <> 3",
     True),
    ("remove a child", "DELETE FROM child WHERE id = 1"),
    ("exchange grandchildren", "UPDATE grandchild SET child = 10 - child"),
    ("empty the last", "TRUNCATE grandchild"),
    ("stay an orphan", "INSERT INTO parent VALUES (100)"),
)  # fmt: skip
ON_TOTAL = actions(
    ("want others", "UPDATE wanted SET sku = sku + 3"),
    ("change a total", "UPDATE total SET sales = 70 WHERE id = 2"),
    ("sell one more", "INSERT INTO sale VALUES (100, 1)"),
)

MERGE = """
MERGE INTO stock USING incoming ON stock.sku = incoming.sku
WHEN MATCHED THEN UPDATE SET amount = stock.amount + incoming.amount
WHEN NOT MATCHED THEN INSERT VALUES (incoming.sku, incoming.amount, 'merged')
"""
UPSERT = """
INSERT INTO stock SELECT sku, amount, 'brought in' FROM incoming
ON CONFLICT (sku) DO UPDATE SET amount = stock.amount + excluded.amount
"""
DELETE = "DELETE FROM stock WHERE amount < 4"
DELETE_WANTED = "DELETE FROM stock WHERE sku IN (SELECT sku FROM wanted)"
UPDATE_JOINED = "UPDATE stock SET amount = amount + 1 FROM wanted w WHERE w.sku = stock.sku"
DELETE_FAMILY = "DELETE FROM parent WHERE id < 3"
# Each statement, the actions on what it touches or reads, and which of them, "" for all.
STATEMENTS = [
    (DELETE, ON_STOCK, ""),
    ("UPDATE stock SET amount = amount + 1 WHERE amount < 4", ON_STOCK, "match|refer|column"),
    ("UPDATE stock SET sku = sku + 1000 WHERE amount < 4", ON_STOCK, "key|exchange|refer"),
    ("DELETE FROM stock", ON_STOCK, "insert|change a row|drop|refer"),
    ("TRUNCATE stock", ON_STOCK, "insert|change a row|lock|empty|drop"),
    (DELETE_WANTED, ON_WANTED, ""),
    ("DELETE FROM stock USING wanted w WHERE w.sku = stock.sku", ON_WANTED, "others"),
    (UPDATE_JOINED, ON_WANTED, ""),
    ("SELECT clear_wanted()", ON_WANTED, ""),
    ("DELETE FROM event WHERE amount < 3", ON_EVENT, ""),
    ("UPDATE event SET amount = amount + 1 WHERE amount < 3", ON_EVENT, ""),
    (DELETE_FAMILY, ON_FAMILY, ""),
    ("TRUNCATE parent CASCADE", ON_FAMILY, "bear|orphan|empty"),
    ("DELETE FROM low", ON_STOCK, "row match|exchange|key"),
    ("DELETE FROM sale WHERE amount < 3", ON_TOTAL, ""),
    (MERGE, ON_INCOMING + ON_STOCK, "bring|row match|key"),
    (UPSERT, ON_INCOMING + ON_STOCK, "bring|row match|key"),
]


@pytest.fixture(scope="module")
def interleaving(module_database, tables, tmp_path_factory):
    store = tmp_path_factory.mktemp("interleaving").as_uri()
    with pytest.MonkeyPatch.context() as monkeypatch:
        # Thousands of small files, which no power cut has to spare.
        monkeypatch.setattr("os.fsync", lambda descriptor: None)
        with contextlib.closing(
            Interleaving(module_database, store, tables, Steps(monkeypatch))
        ) as ready:
            yield ready


@pytest.fixture
def needs_merge(request, postgres_maintenance):
    if request.getfixturevalue("sql") is MERGE and postgres_maintenance.server_version < 150000:
        pytest.skip("the server has no MERGE")


@pytest.mark.usefixtures("needs_merge")
@pytest.mark.parametrize(("sql", "action"), [
    pytest.param(sql, action, id=f"{' '.join(sql.split()[:8])} - {action.name}")
    for sql, actions, which in STATEMENTS for action in actions if re.search(which, action.name)
])  # fmt: skip
def test_what_is_saved_is_what_is_destroyed(sql, action, interleaving, tables):
    acted = 0
    # Where nothing can be mistaken for something else, some gaps stand for all.
    mistakable = sql in (DELETE_WANTED, DELETE_FAMILY) and re.search("others|children", action.name)
    stride = 3 if sql is DELETE else 2 if mistakable else 9
    for run in interleaving.runs(sql, action, stride=stride):
        where = f"{action.name} before step {run.first} of {run.steps}"
        before = tables.contents_after(*[action.sql] * bool(run.acted))
        if isinstance(run.error, backstop.SnapshotFailed):
            # A table that changes its shape under a snapshot may stop it: nothing ran then.
            assert "tables changed" in str(run.error), where
            assert action.sql.startswith(("ALTER", "CREATE")), where
            assert (run.after, run.snapshots) == (before, []), where
            continue
        assert run.error is None, where
        orders = [(action.sql, sql), (sql, action.sql)] if run.acted else [(sql,)]
        assert run.after in [tables.contents_after(*order) for order in orders], where
        assert run.restored == before, where
        assert all(report.complete for report in run.reports), where
        acted += run.acted
    assert acted


@pytest.mark.parametrize(("sql", "action"), [
    (DELETE, ON_STOCK[2]), (DELETE, ON_STOCK[4]), (DELETE, ON_STOCK[8]),
    (DELETE_WANTED, ON_WANTED[2]), ("TRUNCATE stock", ON_STOCK[0]), (DELETE_FAMILY, ON_FAMILY[0]),
    (DELETE_FAMILY, ON_FAMILY[4]), (UPSERT, ON_INCOMING[2]),
])  # fmt: skip
def test_a_view_that_is_frozen_fails_by_itself_or_is_exact_or_says_that_it_is_not(
    sql, action, interleaving, tables
):
    for run in interleaving.runs(sql, action, isolation="REPEATABLE READ", stride=6):
        where = f"{action.name} before step {run.first} of {run.steps}"
        before = tables.contents_after(*[action.sql] * bool(run.acted))
        if run.error is not None:
            cause = run.error.__cause__ or run.error
            assert isinstance(cause, psycopg2.errors.SerializationFailure), where
            assert run.after == run.restored == before, where
        elif sql.startswith("TRUNCATE"):
            (snapshot,) = run.snapshots
            inexact = snapshot.manifest.consistency is Consistency.NOT_EXACT
            assert inexact or run.restored == before, where
            assert inexact != run.reports[0].complete
        else:
            assert run.restored == before, where
            assert all(report.complete for report in run.reports), where


@pytest.mark.parametrize(("sql", "action"), [
    (DELETE, ON_STOCK[2]), (DELETE_WANTED, ON_WANTED[2]), (UPDATE_JOINED, ON_WANTED[0]),
    (DELETE_FAMILY, ON_FAMILY[4]),
])  # fmt: skip
def test_a_statement_in_autocommit_is_as_exact(sql, action, interleaving, tables):
    for run in interleaving.runs(sql, action, autocommit=True, stride=6):
        where = f"{action.name} before step {run.first} of {run.steps}"
        before = tables.contents_after(*[action.sql] * bool(run.acted))
        assert run.error is None, where
        assert run.restored == before, where
        assert all(report.complete for report in run.reports), where


WANT_BACK = Action("want the first again", "UPDATE wanted SET sku = sku - 3")
BRING_BACK = Action("bring in the first", "UPDATE incoming SET sku = sku - 3 WHERE sku < 50")


@pytest.mark.usefixtures("needs_merge")
@pytest.mark.parametrize(("sql", "action", "counter"), [
    (DELETE_WANTED, ON_WANTED[2], WANT_BACK), (UPDATE_JOINED, ON_WANTED[2], WANT_BACK),
    ("SELECT clear_wanted()", ON_WANTED[2], WANT_BACK),
    ("DELETE FROM sale WHERE amount < 3", ON_TOTAL[0], WANT_BACK),
    (UPSERT, ON_INCOMING[2], BRING_BACK), (MERGE, ON_INCOMING[2], BRING_BACK),
])  # fmt: skip
def test_a_rival_that_never_rests_is_at_worst_told_of(sql, action, counter, interleaving, tables):
    """To and fro before every step: each look at the rows sees others."""
    for run in interleaving.runs(sql, action, counter=counter, stride=7):
        where = f"{action.name} before step {run.first} of {run.steps}, {run.acted} times"
        assert run.error is None, where
        before = tables.contents_after(*[action.sql] * (run.acted % 2))
        assert run.restored == before or run.admits_a_gap, where
