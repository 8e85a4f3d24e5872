"""What a statement writes in savepoints of its own, which are released before it ends."""

from __future__ import annotations

import pytest

import backstop

pytestmark = pytest.mark.proof

SETUP = """
CREATE TABLE keyed (id int PRIMARY KEY, name text);
INSERT INTO keyed SELECT g, 'n' || g FROM generate_series(1, 6) AS g;
CREATE TABLE keyless (id int, name text);
INSERT INTO keyless SELECT g % 4, 'n' || g % 3 FROM generate_series(1, 12) AS g;
CREATE PROCEDURE renew(inout done int DEFAULT 0) LANGUAGE plpgsql AS $$ BEGIN
    BEGIN
        UPDATE keyed SET name = 'x' WHERE id < 4;
        BEGIN
            DELETE FROM keyless;
            INSERT INTO keyless VALUES (9, 'y');
        EXCEPTION WHEN division_by_zero THEN NULL;
        END;
        DELETE FROM keyed WHERE id = 1 / 0;
    EXCEPTION WHEN division_by_zero THEN
        UPDATE keyed SET name = 'z';
    END;
    BEGIN DELETE FROM keyless WHERE id = 1; EXCEPTION WHEN others THEN RAISE; END;
END $$;
CREATE FUNCTION shout() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
    BEGIN UPDATE keyless SET name = upper(name); EXCEPTION WHEN others THEN RAISE; END;
    RETURN NULL;
END $$;
CREATE TRIGGER shout AFTER UPDATE ON keyed FOR EACH STATEMENT EXECUTE FUNCTION shout();
"""


@pytest.fixture
def setup(connect):
    connection = connect()
    connection.autocommit = True
    cursor = connection.cursor()
    cursor.execute(SETUP)
    return cursor


@pytest.mark.usefixtures("setup")
@pytest.mark.parametrize(
    "sql",
    [
        "CALL renew()",
        "UPDATE keyed SET name = 'y' WHERE id > 2",
        "DO $$ BEGIN BEGIN UPDATE keyed SET id = id + 10; EXCEPTION WHEN others THEN RAISE; END;"
        " UPDATE keyed SET name = 'x' WHERE id = 12; END $$",
        "DO $$ BEGIN FOR n IN 1 .. 200 LOOP"
        " BEGIN UPDATE keyed SET name = n WHERE id = n % 7; EXCEPTION WHEN others THEN RAISE; END;"
        " END LOOP; END $$",
        "SAVEPOINT a; UPDATE keyed SET name = 'x'; RELEASE a; UPDATE keyless SET name = 'y'",
    ],
)
@pytest.mark.parametrize("autocommit", [True, False])
def test_rows_that_were_written_in_savepoints_of_a_statement_come_back(sql, autocommit, undone):
    if sql.startswith("SAVEPOINT") and autocommit:
        pytest.skip("it begins no transaction")
    undone(lambda db: db.cursor().execute(sql), autocommit=autocommit)


def test_rows_of_other_savepoints_of_the_transaction_stay(setup, guarded, store, dsn):
    db = guarded(snapshot_at="LOW", autocommit=False)
    cursor = db.cursor()
    cursor.execute("INSERT INTO keyless VALUES (50, 'before')")
    cursor.execute("SAVEPOINT mine")
    cursor.execute("CALL renew()")
    cursor.execute("SAVEPOINT mine_too")
    cursor.execute("INSERT INTO keyed VALUES (60, 'after')")
    cursor.execute("RELEASE mine_too")
    cursor.execute("RELEASE mine")
    db.commit()
    db.close()
    setup.execute("ALTER TABLE keyed DISABLE TRIGGER shout")
    snapshot = backstop.snapshots.list(store)[-1]
    report = backstop.restore(snapshot.id, storage=store, dsn=dsn)
    assert report.complete, report.conflicts
    setup.execute("SELECT name FROM keyed WHERE id = 60")
    assert setup.fetchall() == [("after",)]
    setup.execute("SELECT count(*) FROM keyless WHERE id = 50")
    assert setup.fetchone() == (1,)
