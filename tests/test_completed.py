"""What a look at the database is told of others' transactions, judged by a real server."""

from __future__ import annotations

import pytest
from psycopg2.extensions import ISOLATION_LEVEL_REPEATABLE_READ

import backstop
from backstop.drivers.psycopg2 import Psycopg2Session
from backstop.postgres.server import completed, others_completed, own_xids
from testing.steps import Steps

_READS_THE_MODEL = "pg_catalog.pg_relation_filenode(c.oid), 0) AS file"


@pytest.fixture
def looking(connect):
    session = Psycopg2Session(connect())
    session.execute("CREATE TABLE written (id int); COMMIT; BEGIN")
    return session


def test_nothing_has_completed_while_nobody_wrote(looking):
    since = completed(looking)
    looking.execute("INSERT INTO written VALUES (1); SAVEPOINT a; INSERT INTO written VALUES (2)")
    assert not others_completed(looking, since)


def test_what_others_began_since_has_completed_once_it_ended(looking, connect):
    since = completed(looking)
    other = connect()
    other.cursor().execute("INSERT INTO written VALUES (3)")
    assert not others_completed(looking, since)
    other.commit()
    assert others_completed(looking, since)


def test_what_others_had_begun_before_has_completed_once_it_ended(looking, connect):
    older, newer = connect(), connect()
    older.cursor().execute("INSERT INTO written VALUES (4)")
    newer.cursor().execute("INSERT INTO written VALUES (5)")
    newer.commit()
    since = completed(looking)
    assert not others_completed(looking, since)
    older.commit()
    assert others_completed(looking, since)


def test_own_savepoints_that_were_taken_back_have_to_be_named(looking):
    since = completed(looking)
    looking.execute("SAVEPOINT a; INSERT INTO written VALUES (6)")
    taken_back = own_xids(looking)
    looking.execute("ROLLBACK TO a; INSERT INTO written VALUES (7)")
    assert others_completed(looking, since)
    assert not others_completed(looking, since, taken_back)


def test_a_frozen_view_does_not_tell(connect):
    connection = connect()
    connection.set_isolation_level(ISOLATION_LEVEL_REPEATABLE_READ)
    session = Psycopg2Session(connection)
    assert completed(session) is None
    assert others_completed(session, None)


@pytest.fixture
def dropping(connect, guarded, monkeypatch):
    """Drop a table, while another connection runs something just before it is locked."""
    other = connect().cursor()
    other.execute("CREATE TABLE dropped (id int); INSERT INTO dropped VALUES (1); COMMIT")
    db = guarded()
    steps = Steps(monkeypatch)

    def drop(meanwhile):
        seen, waiting = [], [meanwhile] if meanwhile else []

        def watch(step):
            seen.append(step.text)
            if waiting and step.text.startswith("LOCK TABLE"):
                other.execute(f"{waiting.pop()}; COMMIT")

        steps.watch(watch)
        db.cursor().execute("DROP TABLE dropped CASCADE")
        steps.watch(None)
        return len([text for text in seen if _READS_THE_MODEL in text])

    return drop


def test_a_drop_reads_the_catalogs_three_times_while_nobody_else_writes(dropping):
    assert dropping(None) == 3


def test_what_others_create_meanwhile_is_neither_saved_nor_in_the_way(dropping, store):
    assert dropping("CREATE TABLE another (id int)") == 4
    (snapshot,) = backstop.snapshots.list(store)
    assert snapshot.tables == ("public.dropped",)


def test_what_others_make_depend_on_it_meanwhile_comes_back_with_it(dropping, store, connect):
    dropping("CREATE VIEW late AS SELECT * FROM dropped")
    (snapshot,) = backstop.snapshots.list(store)
    connection = connect()
    assert backstop.restore(snapshot.id, storage=store, conn=connection).complete
    cursor = connection.cursor()
    cursor.execute("SELECT * FROM late")
    assert cursor.fetchall() == [(1,)]
