"""Large objects are not saved: what takes some says so, or isn't run where it has to be saved."""

from __future__ import annotations

import pytest

import backstop


@pytest.fixture(autouse=True)
def number(connect):
    connection = connect()
    connection.autocommit = True
    cursor = connection.cursor()
    cursor.execute("CREATE TABLE parts (id int); SELECT lo_from_bytea(0, 'abc')")
    return cursor.fetchone()[0]


@pytest.mark.parametrize(
    "sql", ["SELECT lo_unlink({number})", "DO $$ BEGIN PERFORM lo_unlink({number}); END $$"]
)
def test_a_statement_that_takes_only_large_objects_is_not_run_where_it_has_to_be_saved(
    sql, number, guarded, store, connect
):
    with pytest.raises(backstop.SnapshotFailed, match="Large objects are not saved, and 1 of them"):
        guarded().cursor().execute(sql.format(number=number))
    cursor = connect().cursor()
    cursor.execute("SELECT count(*) FROM pg_largeobject_metadata")
    assert cursor.fetchone() == (1,)
    assert backstop.snapshots.list(store) == []


def test_where_other_things_go_as_well_they_are_saved_and_the_large_objects_named(
    number, guarded, store, dsn
):
    guarded().cursor().execute(f"SELECT lo_unlink({number}); DROP TABLE parts")
    (snapshot,) = backstop.snapshots.list(store)
    report = backstop.restore(snapshot.id, storage=store, dsn=dsn)
    assert report.plan.not_covered == ("Large objects are not saved, and 1 of them go.",)
    assert report.created
    assert not report.complete
