"""A fault at any step of a snapshot never breaks the statement, its transaction, or the store."""

from __future__ import annotations

import itertools

import psycopg2
import pytest

import backstop
from backstop.drivers.psycopg2 import Psycopg2Session
from backstop.errors import StorageError
from backstop.storage.folder import FolderStorage
from testing.dumps import dump

STOCK = """
CREATE TABLE stock (sku int PRIMARY KEY, amount int);
INSERT INTO stock SELECT g, g FROM generate_series(1, 50) AS g;
CREATE TABLE part (id int PRIMARY KEY, sku int REFERENCES stock ON DELETE CASCADE);
INSERT INTO part SELECT g, g FROM generate_series(1, 50) AS g;
CREATE TABLE earlier (id int);
"""
# What makes a fault harmless can itself only fail with the connection, which is tested below.
_WAY_BACK = ("SAVEPOINT", "ROLLBACK", "RELEASE", "COMMIT")


class Faults:
    """Lets the nth call of ours fail: a statement at the server, a request at the store."""

    def __init__(self, monkeypatch):
        self.remaining = None
        for name in ("execute", "fetch", "copy_out"):
            self._wrap_session(monkeypatch, name)
        for name in ("put", "write"):
            self._wrap_storage(monkeypatch, name)

    def arm(self, number):
        self.remaining = number

    @property
    def fired(self):
        return self.remaining == 0

    def _due(self):
        if not self.remaining:
            return False
        self.remaining -= 1
        return self.remaining == 0

    def _wrap_session(self, monkeypatch, name):
        original = getattr(Psycopg2Session, name)

        def faulty(session, sql, *arguments):
            if not sql.startswith(_WAY_BACK) and self._due():
                return original(session, "SELECT 1 / 0", *arguments)
            return original(session, sql, *arguments)

        monkeypatch.setattr(Psycopg2Session, name, faulty)

    def _wrap_storage(self, monkeypatch, name):
        original = getattr(FolderStorage, name)

        def faulty(storage, *arguments):
            if self._due():
                raise StorageError("injected")
            return original(storage, *arguments)

        monkeypatch.setattr(FolderStorage, name, faulty)


def state(cursor):
    """Return what tells whether a statement ran: cheaper than a dump, and enough here."""
    cursor.execute(
        "SELECT to_regclass('part') IS NULL, (SELECT count(*) FROM stock),"
        " (SELECT sum(amount) FROM stock)"
    )
    return cursor.fetchone()


@pytest.mark.parametrize("autocommit", [True, False])
@pytest.mark.parametrize(
    "sql",
    [
        "UPDATE stock SET amount = amount + 1 WHERE sku < 10",
        "DELETE FROM stock WHERE sku < 10",
        "TRUNCATE stock CASCADE",
        "DROP TABLE part",
    ],
)
def test_a_fault_at_any_step_leaves_statement_transaction_and_store_whole(
    sql, autocommit, connect, dsn, guarded, store, monkeypatch
):
    setup = connect()
    setup.autocommit = True
    cursor = setup.cursor()
    cursor.execute(STOCK)
    before, unharmed = dump(dsn), state(cursor)
    faults = Faults(monkeypatch)
    for number in itertools.count(1):
        cursor.execute("DROP TABLE IF EXISTS part, stock, earlier;" + STOCK)
        db = guarded(autocommit=autocommit, snapshot_at="LOW", on_snapshot_failure="log")
        if not autocommit:
            db.cursor().execute("INSERT INTO earlier VALUES (1)")
        faults.arm(number)
        db.cursor().execute(sql)
        fired, faults.remaining = faults.fired, None
        # The transaction goes on, and what was done before is still there.
        db.cursor().execute("INSERT INTO earlier VALUES (2)")
        db.commit()
        db.close()
        assert state(cursor) != unharmed
        cursor.execute("SELECT count(*) FROM earlier")
        assert cursor.fetchone() == (1 if autocommit else 2,)
        for summary in backstop.snapshots.list(store):
            assert not backstop.snapshots.verify(summary.id, store).problems
        if not fired:
            break
    assert number > 15
    # Without a fault the last snapshot is complete, and brings everything back.
    last = backstop.snapshots.list(store)[-1]
    cursor.execute("DELETE FROM earlier")
    assert backstop.restore(last.id, storage=store, dsn=dsn).complete
    assert dump(dsn) == before


@pytest.mark.parametrize("kill", [1, 2, 3, 5, 8])
def test_a_connection_that_is_lost_on_the_way_is_the_drivers_error(
    kill, connect, guarded, store, monkeypatch
):
    setup = connect()
    setup.autocommit = True
    setup.cursor().execute(STOCK)
    db = guarded(autocommit=False, on_snapshot_failure="log")
    db.cursor().execute("INSERT INTO earlier VALUES (1)")
    pid = db.info.backend_pid
    original, calls = Psycopg2Session.execute, itertools.count(1)

    def lose(session, sql):
        if next(calls) == kill:
            setup.cursor().execute("SELECT pg_terminate_backend(%s, 5000)", (pid,))
        return original(session, sql)

    monkeypatch.setattr(Psycopg2Session, "execute", lose)
    with pytest.raises((psycopg2.OperationalError, psycopg2.InterfaceError)):
        db.cursor().execute("DELETE FROM stock")
    cursor = setup.cursor()
    cursor.execute("SELECT (SELECT count(*) FROM stock), (SELECT count(*) FROM earlier)")
    assert cursor.fetchone() == (50, 0)
    for summary in backstop.snapshots.list(store):
        report = backstop.restore(summary.id, storage=store, conn=connect())
        assert [table.inserted + table.updated for table in report.tables] in ([0, 0], [])
