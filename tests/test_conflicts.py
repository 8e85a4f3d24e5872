"""A restore puts back what is missing or unchanged, and never overwrites a later edit."""

from __future__ import annotations

import pytest

import backstop
from testing.dumps import dump

STOCK = """
CREATE TABLE stock (sku text PRIMARY KEY, amount int, place text UNIQUE);
INSERT INTO stock SELECT 's' || g, g, 'p' || g FROM generate_series(1, 10) AS g;
CREATE TABLE tally (n int);
INSERT INTO tally SELECT g % 3 FROM generate_series(1, 9) AS g;
"""


@pytest.fixture
def editor(connect):
    connection = connect()
    connection.autocommit = True
    cursor = connection.cursor()
    cursor.execute(STOCK)
    return cursor


def lost(guarded, store, sql):
    connection = guarded(snapshot_at="LOW")
    connection.cursor().execute(sql)
    connection.close()
    return backstop.snapshots.list(store)[-1].id


def rows(cursor, sql="SELECT sku, amount FROM stock ORDER BY amount, sku"):
    cursor.execute(sql)
    return cursor.fetchall()


def test_a_row_that_was_inserted_anew_is_left_and_reported(editor, guarded, store, dsn):
    snapshot = lost(guarded, store, "DELETE FROM stock")
    editor.execute("INSERT INTO stock VALUES ('s3', 333, 'new')")
    report = backstop.restore(snapshot, storage=store, dsn=dsn)
    assert not report.complete
    assert report.conflicts == [
        "1 rows of public.stock were changed after the statement and were left as they are."
    ]
    assert report.tables[0].inserted == 9
    assert ("s3", 333) in rows(editor)


def test_an_updated_row_that_was_edited_later_is_left_and_the_others_go_back(
    editor, guarded, store, dsn
):
    snapshot = lost(guarded, store, "UPDATE stock SET amount = 0")
    editor.execute("UPDATE stock SET amount = 99 WHERE sku = 's5'")
    report = backstop.restore(snapshot, storage=store, dsn=dsn)
    assert (report.tables[0].updated, report.tables[0].conflicts) == (9, 1)
    assert rows(editor)[-1] == ("s5", 99)
    assert rows(editor)[:4] == [("s1", 1), ("s2", 2), ("s3", 3), ("s4", 4)]


def test_an_edit_later_in_the_same_transaction_is_an_edit_too(editor, guarded, store, dsn):
    connection = guarded(autocommit=False)
    cursor = connection.cursor()
    cursor.execute("UPDATE stock SET amount = 0")
    cursor.execute("UPDATE stock SET amount = 99 WHERE sku = 's5'")
    connection.commit()
    (snapshot,) = backstop.snapshots.list(store)
    report = backstop.restore(snapshot.id, storage=store, dsn=dsn)
    assert (report.tables[0].updated, report.tables[0].conflicts) == (9, 1)


@pytest.mark.parametrize("first", ["SELECT 1", "SAVEPOINT own", "INSERT INTO tally VALUES (7)"])
def test_a_row_that_comes_later_in_the_same_transaction_is_left(first, editor, guarded, store, dsn):
    connection = guarded(autocommit=False)
    cursor = connection.cursor()
    cursor.execute(first)
    cursor.execute("DELETE FROM stock")
    cursor.execute("INSERT INTO stock VALUES ('s3', 333, 'new')")
    connection.commit()
    (snapshot,) = backstop.snapshots.list(store)
    report = backstop.restore(snapshot.id, storage=store, dsn=dsn)
    assert (report.tables[0].inserted, report.tables[0].conflicts) == (9, 1)
    assert ("s3", 333) in rows(editor)


@pytest.mark.parametrize("autocommit", [True, False])
def test_rows_that_a_trigger_marks_in_place_of_a_delete_go_back(
    autocommit, editor, guarded, store, dsn
):
    editor.execute(
        "CREATE FUNCTION mark() RETURNS trigger LANGUAGE plpgsql AS "
        "'BEGIN UPDATE stock SET amount = 0 WHERE sku = OLD.sku; RETURN NULL; END';"
        "CREATE TRIGGER mark BEFORE DELETE ON stock FOR EACH ROW EXECUTE FUNCTION mark()"
    )
    connection = guarded(autocommit=autocommit)
    connection.cursor().execute("DELETE FROM stock")
    if not autocommit:
        connection.commit()
    (snapshot,) = backstop.snapshots.list(store)
    report = backstop.restore(snapshot.id, storage=store, dsn=dsn)
    assert (report.tables[0].updated, report.tables[0].conflicts) == (10, 0)


def test_rows_written_inside_a_savepoint_of_the_user_are_known_again(editor, guarded, store, dsn):
    before = dump(dsn)
    connection = guarded(autocommit=False)
    cursor = connection.cursor()
    cursor.execute("SAVEPOINT mine")
    cursor.execute("UPDATE stock SET amount = 0 WHERE amount > 2; SELECT 1")
    cursor.execute("UPDATE stock SET amount = -1")
    cursor.execute("RELEASE mine")
    connection.commit()
    snapshots = backstop.snapshots.list(store)
    report = backstop.restore(snapshots[-1].id, storage=store, dsn=dsn)
    assert (report.tables[0].updated, report.tables[0].conflicts) == (10, 0)
    assert dump(dsn) != before


@pytest.mark.parametrize(
    "touch",
    [
        "BEGIN; UPDATE stock SET amount = 1; DELETE FROM stock; ROLLBACK",
        "BEGIN; SELECT FROM stock FOR UPDATE; COMMIT",
        "BEGIN; CREATE TABLE x (sku text REFERENCES stock); INSERT INTO x VALUES ('s1'); COMMIT;"
        "DROP TABLE x",
    ],
)
def test_what_came_to_nothing_is_no_edit(touch, editor, guarded, store, dsn):
    before = dump(dsn)
    snapshot = lost(guarded, store, "UPDATE stock SET amount = 0")
    editor.execute(touch)
    report = backstop.restore(snapshot, storage=store, dsn=dsn)
    assert report.complete
    assert dump(dsn) == before


def test_an_aborted_restore_does_not_stand_in_the_way_of_the_next(editor, guarded, store, dsn):
    snapshot = lost(guarded, store, "UPDATE stock SET amount = 0")
    editor.execute("UPDATE stock SET amount = 99 WHERE sku = 's5'")
    with pytest.raises(backstop.RestoreFailed):
        backstop.restore(snapshot, storage=store, dsn=dsn, on_conflict="abort")
    report = backstop.restore(snapshot, storage=store, dsn=dsn)
    assert (report.tables[0].updated, report.tables[0].conflicts) == (9, 1)


def test_overwrite_gives_edited_rows_their_old_values(editor, guarded, store, dsn):
    before = dump(dsn)
    snapshot = lost(guarded, store, "UPDATE stock SET amount = 0")
    editor.execute("UPDATE stock SET amount = 99 WHERE sku = 's5'")
    report = backstop.restore(snapshot, storage=store, dsn=dsn, on_conflict="overwrite")
    assert report.complete
    assert dump(dsn) == before


def test_abort_changes_nothing(editor, guarded, store, dsn):
    snapshot = lost(guarded, store, "UPDATE stock SET amount = 0")
    editor.execute("UPDATE stock SET amount = 99 WHERE sku = 's5'")
    edited = dump(dsn)
    with pytest.raises(backstop.RestoreFailed, match="Nothing was changed"):
        backstop.restore(snapshot, storage=store, dsn=dsn, on_conflict="abort")
    assert dump(dsn) == edited


def test_a_row_that_another_unique_key_keeps_out_is_a_conflict(editor, guarded, store, dsn):
    snapshot = lost(guarded, store, "DELETE FROM stock WHERE sku = 's1'")
    editor.execute("INSERT INTO stock VALUES ('other', 1, 'p1')")
    report = backstop.restore(snapshot, storage=store, dsn=dsn)
    assert report.tables[0].conflicts == 1
    assert ("s1", 1) not in rows(editor)


def test_without_a_key_a_changed_row_keeps_the_others_from_being_guessed(
    editor, guarded, store, dsn
):
    snapshot = lost(guarded, store, "UPDATE tally SET n = n + 10")
    editor.execute("UPDATE tally SET n = 77 WHERE ctid = (SELECT min(ctid) FROM tally)")
    edited = dump(dsn)
    report = backstop.restore(snapshot, storage=store, dsn=dsn)
    assert not report.complete
    assert dump(dsn) == edited


def test_rows_inserted_later_stay(editor, guarded, store, dsn):
    snapshot = lost(guarded, store, "DELETE FROM tally")
    editor.execute("INSERT INTO tally VALUES (1000)")
    assert backstop.restore(snapshot, storage=store, dsn=dsn).complete
    assert len(rows(editor, "SELECT n FROM tally")) == 10


@pytest.mark.parametrize("end", ["rollback", "ROLLBACK TO SAVEPOINT before"])
def test_what_was_rolled_back_is_not_restored(end, editor, guarded, store, dsn):
    connection = guarded(autocommit=False)
    cursor = connection.cursor()
    cursor.execute("SAVEPOINT before")
    cursor.execute("DELETE FROM stock")
    cursor.execute(end)
    connection.commit()
    (snapshot,) = backstop.snapshots.list(store)
    assert snapshot.fate is backstop.snapshots.Fate.ROLLED_BACK
    editor.execute("DELETE FROM stock WHERE sku = 's1'")
    edited = dump(dsn)
    report = backstop.restore(snapshot.id, storage=store, dsn=dsn)
    assert report.complete
    assert report.plan.nothing_to_do is not None
    assert dump(dsn) == edited


def test_a_failed_statement_is_not_restored(editor, guarded, store, dsn):
    connection = guarded()
    editor.execute("CREATE TABLE part (sku text REFERENCES stock); INSERT INTO part VALUES ('s1')")
    with pytest.raises(Exception, match="foreign key"):
        connection.cursor().execute("DELETE FROM stock")
    (snapshot,) = backstop.snapshots.list(store)
    assert snapshot.status is backstop.snapshots.Status.FAILED
    assert backstop.restore(snapshot.id, storage=store, dsn=dsn).plan.nothing_to_do is not None


def test_a_side_copy_holds_the_saved_rows_and_leaves_the_table_alone(editor, guarded, store, dsn):
    snapshot = lost(guarded, store, "DELETE FROM stock WHERE amount > 7")
    report = backstop.restore(snapshot, storage=store, dsn=dsn, into="stock_before")
    assert report.complete
    assert len(rows(editor, "SELECT * FROM stock_before")) == 3
    assert len(rows(editor)) == 7
    with pytest.raises(backstop.ConfigurationError, match="into"):
        backstop.restore(snapshot, storage=store, dsn=dsn, into="x; DROP TABLE stock")


def test_triggers_do_not_fire_and_rules_do_not_swallow(editor, guarded, store, dsn):
    editor.execute(
        "CREATE FUNCTION shout() RETURNS trigger LANGUAGE plpgsql AS "
        "$$ BEGIN RAISE EXCEPTION 'fired'; END $$;"
        "CREATE TRIGGER a BEFORE INSERT OR UPDATE ON stock FOR EACH ROW EXECUTE FUNCTION shout();"
        "ALTER TABLE stock ENABLE ALWAYS TRIGGER a;"
        "CREATE RULE r AS ON INSERT TO stock DO INSTEAD NOTHING"
    )
    before = dump(dsn)
    snapshot = lost(guarded, store, "DELETE FROM stock WHERE amount > 3")
    assert backstop.restore(snapshot, storage=store, dsn=dsn).complete
    assert dump(dsn) == before


def test_a_row_whose_parent_is_gone_stops_the_restore_and_changes_nothing(
    editor, guarded, store, dsn
):
    editor.execute("CREATE TABLE part (sku text REFERENCES stock); INSERT INTO part VALUES ('s1')")
    snapshot = lost(guarded, store, "DELETE FROM part")
    editor.execute("DELETE FROM stock WHERE sku = 's1'")
    edited = dump(dsn)
    with pytest.raises(backstop.RestoreFailed, match="foreign key"):
        backstop.restore(snapshot, storage=store, dsn=dsn)
    assert dump(dsn) == edited


def test_what_a_trigger_destroys_elsewhere_comes_back(editor, guarded, store, dsn):
    editor.execute(
        "CREATE FUNCTION wipe() RETURNS trigger LANGUAGE plpgsql AS "
        "$$ BEGIN DELETE FROM tally; RETURN OLD; END $$;"
        "CREATE TRIGGER a AFTER DELETE ON stock FOR EACH STATEMENT EXECUTE FUNCTION wipe()"
    )
    before = dump(dsn)
    snapshot = lost(guarded, store, "DELETE FROM stock")
    assert dump(dsn) != before
    assert backstop.restore(snapshot, storage=store, dsn=dsn).complete
    assert dump(dsn) == before


@pytest.mark.parametrize("edited", [True, False])
def test_what_a_later_restore_put_back_is_unchanged_only_if_nobody_had_edited_it(
    edited, editor, guarded, store, dsn
):
    before = dump(dsn)
    first = lost(guarded, store, "UPDATE stock SET amount = 0 WHERE sku = 's1'")
    if edited:
        editor.execute("UPDATE stock SET amount = 77 WHERE sku = 's1'")
    second = lost(guarded, store, "DELETE FROM stock")
    assert backstop.restore(second, storage=store, dsn=dsn).complete
    report = backstop.restore(first, storage=store, dsn=dsn)
    assert report.complete is not edited
    assert (("s1", 77) in rows(editor)) is edited
    assert (dump(dsn) == before) is not edited
