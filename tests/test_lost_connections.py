"""A connection that is lost at any step: the driver says so, and nothing was destroyed."""

from __future__ import annotations

import contextlib
import itertools

import psycopg2
import pytest

import backstop
from testing import shop
from testing.steps import SERVER, STATEMENT, Steps

pytestmark = pytest.mark.proof

SCHEMA, ROWS = shop.SCHEMA, shop.ROWS

STATEMENTS = [
    "DELETE FROM stock WHERE sku < 5",
    "TRUNCATE stock CASCADE",
    "INSERT INTO stock VALUES (2, 20) ON CONFLICT (sku) DO UPDATE SET amount = excluded.amount",
    "DELETE FROM sale WHERE amount < 4",
]


class Loss:
    """Ends a connection at the server just before a numbered step."""

    def __init__(self, monkeypatch, cursor):
        self._cursor = cursor
        self._steps = Steps(monkeypatch)

    def arm(self, number, pid):
        self.lost_before = None
        self._number, self._pid, self._seen = number, pid, 0
        self._steps.watch(self._lose)

    def _lose(self, step):
        if step.kind not in (SERVER, STATEMENT):
            return
        self._seen += 1
        if self._seen == self._number:
            self.lost_before = f"{step.kind} {step.text}"
            self._cursor.execute("SELECT pg_terminate_backend(%s)", (self._pid,))
            # The server itself would look only ten times a second.
            gone = False
            while not gone:
                self._cursor.execute(
                    "SELECT NOT EXISTS (SELECT FROM pg_stat_activity WHERE pid = %s)", (self._pid,)
                )
                (gone,) = self._cursor.fetchone()


@pytest.mark.parametrize(
    ("autocommit", "on_failure"), [(True, "log"), (False, "log"), (False, "raise")]
)
@pytest.mark.parametrize("sql", STATEMENTS, ids=lambda sql: " ".join(sql.split()[:3]))
def test_a_connection_that_is_lost_at_any_step_is_the_drivers_error(
    sql, autocommit, on_failure, module_database, tables, tmp_path, monkeypatch
):
    unharmed, done = tables.contents_after(), tables.contents_after(sql)
    loss = Loss(monkeypatch, tables.connection.cursor())
    # Thousands of small files, which no power cut has to spare.
    monkeypatch.setattr("os.fsync", lambda descriptor: None)
    for number in itertools.count(1):
        tables.reset()
        store = (tmp_path / str(number)).as_uri()
        with contextlib.closing(psycopg2.connect(module_database)) as raw:
            raw.autocommit = autocommit
            if not autocommit:
                raw.cursor().execute("INSERT INTO earlier VALUES (1)")
            db = backstop.guard(
                raw,
                storage=store,
                actor="tester",
                snapshot_at="LOW",
                on_snapshot_failure=on_failure,
            )
            loss.arm(number, raw.info.backend_pid)
            try:
                db.cursor().execute(sql)
            except (psycopg2.OperationalError, psycopg2.InterfaceError):
                assert loss.lost_before
            else:
                assert not loss.lost_before
            if loss.lost_before:
                assert raw.closed, loss.lost_before
        # A transaction that was lost, or is never committed, has done nothing.
        expected = done if autocommit and not loss.lost_before else unharmed
        assert tables.contents() == expected, loss.lost_before
        if not loss.lost_before:
            break
        for summary in reversed(backstop.snapshots.list(store)):
            backstop.restore(summary.id, storage=store, conn=tables.connection)
        assert tables.contents() == unharmed, loss.lost_before
    assert number > 10
