"""A fault at any step of a snapshot never breaks the statement, its transaction, or the store."""

from __future__ import annotations

import contextlib
import itertools
import logging

import psycopg2
import pytest

import backstop
from backstop.errors import StorageError
from backstop.psycopg2.proxy import ConnectionProxy
from backstop.settings import build_settings
from backstop.snapshots import Fate, Status
from testing import shop
from testing.contents import contents
from testing.steps import SERVER, STORE, Steps

pytestmark = pytest.mark.proof

SCHEMA, ROWS = shop.SCHEMA, shop.ROWS

UPDATE = "UPDATE stock SET amount = amount + 1 WHERE sku < 5"
DELETE = "DELETE FROM stock WHERE sku < 5"
TRUNCATE = "TRUNCATE stock CASCADE"
DROP = "DROP TABLE part"
MERGE = """
MERGE INTO stock USING incoming ON stock.sku = incoming.sku
WHEN MATCHED AND stock.sku = 3 THEN DELETE
WHEN MATCHED THEN UPDATE SET amount = stock.amount + incoming.amount
"""
UPSERT = """
INSERT INTO stock SELECT * FROM incoming
ON CONFLICT (sku) DO UPDATE SET amount = stock.amount + excluded.amount
"""
VIEW = "DELETE FROM low WHERE amount < 4"
TRIGGER = "DELETE FROM sale WHERE amount < 4"
WHOLE = "DELETE FROM sale"
EVERY = [UPDATE, DELETE, TRUNCATE, DROP, MERGE, UPSERT, VIEW, TRIGGER]

# What makes a fault harmless can itself only fail with the connection: test_lost_connections.py.
_WAY_BACK = ("SAVEPOINT", "ROLLBACK", "RELEASE", "COMMIT")
# The savepoint within which a model is read, query after query, none of which is handled by itself.
_READING = "backstop_model"


class Faults:
    """Lets the nth step of ours fail: a statement at the server, a request at the store.

    Of the many queries of a reading of the model, which are all handled alike, only every eighth
    does, and others in a transaction than in autocommit.
    """

    def __init__(self, monkeypatch):
        self.remaining = None
        self.where = None
        self._first = 0
        self._query = None
        Steps(monkeypatch).watch(self.fail)

    def arm(self, number, *, first):
        self.remaining, self.where = number, None
        self._first, self._query = first, None

    def fail(self, step):
        if not self.remaining or step.kind not in (SERVER, STORE):
            return
        if step.kind == SERVER and step.text.startswith(_WAY_BACK):
            if step.text.endswith(_READING):
                self._query = 0 if step.text.startswith("SAVEPOINT") else None
            return
        if self._query is not None:
            self._query += 1
            if self._query % 8 != self._first:
                return
        self.remaining -= 1
        if self.remaining == 0:
            self.where = f"{step.kind}: {step.text}"
            if step.kind == STORE:
                raise StorageError("injected")
            # The server's own error, with what it does to the transaction.
            step.connection.cursor().execute("SELECT 1 / 0")


class Trial:
    """One guarded statement on a connection, and what is left behind it."""

    def __init__(self, tables, raw, faults, caplog):
        self.tables = tables
        self._raw = raw
        self.faults = faults
        self._caplog = caplog

    def run(self, sql, store, number, *, autocommit, policy):
        """Return what came of the statement: an error of ours, or None."""
        raw = self._raw
        self._caplog.clear()
        raw.autocommit = autocommit
        if not autocommit:
            raw.cursor().execute("INSERT INTO earlier VALUES (1)")
        self.settings = settings_of(raw)
        options = {"on_snapshot_failure": "raise" if policy == "raise" else "log"}
        if policy == "allow":
            options["mode"] = "block"
        guarded = ConnectionProxy(
            raw, build_settings(store, "tester", snapshot_at="LOW", **options)
        )
        error = None
        self.faults.arm(number, first=1 if autocommit else 5)
        try:
            with backstop.allow("test") if policy == "allow" else contextlib.nullcontext():
                guarded.cursor().execute(sql)
        except backstop.SnapshotFailed as raised:
            error = raised
        self.faults.remaining = None
        status = raw.get_transaction_status()
        wanted = (
            psycopg2.extensions.TRANSACTION_STATUS_IDLE
            if autocommit
            else psycopg2.extensions.TRANSACTION_STATUS_INTRANS
        )
        assert status == wanted, self.faults.where
        self.locks = locks_of(raw)
        # The transaction goes on, and its settings are those that it had.
        raw.cursor().execute("INSERT INTO earlier VALUES (2)")
        assert settings_of(raw) ^ self.settings == set(), self.faults.where
        guarded.commit()
        assert settings_of(raw) ^ self.settings == set(), self.faults.where
        raw.rollback()
        return error

    @property
    def failure_is_logged(self):
        return any("SNAPSHOT FAILED" in record.getMessage() for record in self._caplog.records)


def settings_of(connection):
    cursor = connection.cursor()
    # A language's settings appear with the first function that is written in it.
    cursor.execute("DO $$BEGIN END$$; SELECT name, setting FROM pg_settings")
    return set(cursor.fetchall())


def locks_of(connection):
    """Return the locks on tables of the user's that a transaction holds, without those of reads."""
    cursor = connection.cursor()
    cursor.execute(
        "SELECT relation::regclass::text, mode FROM pg_locks WHERE pid = pg_backend_pid()"
        " AND locktype = 'relation' AND relation >= 16384 AND mode <> 'AccessShareLock'"
        " AND relation IN (SELECT oid FROM pg_class)"
    )
    return set(cursor.fetchall())


def locks_without_guard(raw, sql):
    raw.autocommit = False
    raw.cursor().execute("INSERT INTO earlier VALUES (1)")
    raw.cursor().execute(sql)
    found = locks_of(raw)
    raw.rollback()
    return found


def leftovers(cursor, pid):
    """Return what no connection may leave behind: locks, and temporary objects."""
    cursor.execute(
        "SELECT locktype, mode FROM pg_locks WHERE pid = %s"
        " UNION ALL SELECT 'temporary', relname FROM pg_class WHERE relpersistence = 't'",
        (pid,),
    )
    return cursor.fetchall()


@pytest.fixture
def trial(module_database, tables, monkeypatch, caplog):
    caplog.set_level(logging.ERROR, "backstop")
    # Thousands of small files, which no power cut has to spare.
    monkeypatch.setattr("os.fsync", lambda descriptor: None)
    with contextlib.closing(psycopg2.connect(module_database)) as raw:
        yield Trial(tables, raw, Faults(monkeypatch), caplog)


def expected(tables, *texts, earlier):
    """Return the contents after these texts, and after the rest of the transaction."""
    values = ", ".join(f"({number})" for number in earlier)
    return tables.contents_after(*texts, f"INSERT INTO earlier VALUES {values}")


def tables_of(store):
    listed = backstop.snapshots.list(store)
    return {table.partition(".")[2] for summary in listed for table in summary.tables}


def check_store(tables, store):
    """Restore everything that is listed; tell whether all of it says that it is complete."""
    complete = []
    for summary in reversed(backstop.snapshots.list(store)):
        assert not backstop.snapshots.verify(summary.id, store).problems
        snapshot = backstop.snapshots.show(summary.id, store)
        report = backstop.restore(summary.id, storage=store, conn=tables.connection)
        ran = snapshot.outcome.status is not Status.FAILED and snapshot.fate is not Fate.ROLLED_BACK
        if ran:
            complete.append(report.complete)
    return bool(complete) and all(complete)


@pytest.mark.parametrize("autocommit", [True, False], ids=["autocommit", "transaction"])
@pytest.mark.parametrize(("sql", "policy"), [
    pytest.param(sql, policy, id=f"{' '.join(sql.split()[:3])} {policy}")
    for policy, statements in [
        ("log", EVERY), ("raise", [DELETE, TRUNCATE, UPSERT, TRIGGER]), ("allow", [TRUNCATE, WHOLE])
    ]
    for sql in statements
])  # fmt: skip
def test_a_fault_at_any_step_leaves_statement_transaction_and_store_whole(
    sql, policy, autocommit, trial, tables, tmp_path
):
    if sql is MERGE and tables.connection.server_version < 150000:
        pytest.skip("the server has no MERGE")
    earlier = [2] if autocommit else [1, 2]
    unharmed = expected(tables, earlier=earlier)
    done = expected(tables, sql, earlier=earlier)
    own_locks = locks_without_guard(trial._raw, sql)
    pid = trial._raw.info.backend_pid
    for number in itertools.count(1):
        tables.reset(redefine=sql is DROP)
        store = (tmp_path / str(number)).as_uri()
        error = trial.run(sql, store, number, autocommit=autocommit, policy=policy)
        where = f"step {number}, {trial.faults.where}"
        # It ran, once, or as it was wished not at all.
        found = tables.contents()
        assert found == (unharmed if error else done), where
        assert policy == "raise" or not error, where
        failed = trial.failure_is_logged
        if failed:
            # What is locked by us protects a snapshot that stands, though it isn't complete.
            standing = set() if error else tables_of(store)
            allowed = {("earlier", "RowExclusiveLock")} if error else own_locks
            others = {lock for lock in trial.locks - allowed if lock[0] not in standing}
            assert others == set(), where
        assert leftovers(tables.connection.cursor(), pid) == [], where
        # What says that it is complete brings everything back, and whatever isn't, says so.
        complete = check_store(tables, store)
        if not error:
            assert not (failed and complete), where
            if not failed:
                assert backstop.snapshots.list(store), where
            if complete:
                assert tables.contents() == unharmed, where
        else:
            assert tables.contents() == unharmed, where
        if trial.faults.where is None:
            break
    assert number > 15
    assert complete
    assert tables.contents() == unharmed


def test_the_judge_sees_what_a_connection_holds(module_database, tables):
    rows = tables.contents_after()
    with contextlib.closing(psycopg2.connect(module_database)) as raw:
        raw.cursor().execute("LOCK TABLE stock; CREATE TEMPORARY TABLE scratch ()")
        assert ("stock", "AccessExclusiveLock") in locks_of(raw)
        found = leftovers(raw.cursor(), raw.info.backend_pid)
        assert ("relation", "AccessExclusiveLock") in found
        assert ("temporary", "scratch") in found
        assert contents(raw) == rows
