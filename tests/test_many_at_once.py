"""Fifty threads and eight processes at once on the same tables and store, with prunes and lists."""

from __future__ import annotations

import contextlib
import subprocess
import sys
import threading
from collections import Counter
from concurrent.futures import ThreadPoolExecutor

import psycopg2
import pytest

import backstop
from testing.contents import Tables
from testing.fault_loop.checks import check_nothing_is_left
from testing.postgres import embedded_server
from testing.steps import Steps

THREADS, PROCESSES = 50, 8
WORKERS = range(1, THREADS + PROCESSES + 1)

SCHEMA = """
CREATE TABLE counter (id int PRIMARY KEY, amount int);
CREATE TABLE item (id int PRIMARY KEY, owner int, note text);
CREATE TABLE part (id int PRIMARY KEY, item int REFERENCES item ON DELETE CASCADE)
"""
ROWS = """
INSERT INTO counter SELECT g, 0 FROM generate_series(1, 5) AS g;
INSERT INTO item SELECT g, g % 60, md5(g::text) FROM generate_series(0, 599) AS g;
INSERT INTO part SELECT g, g FROM generate_series(0, 599) AS g
"""

# Each has rows of its own in tables that all of them use, and rows that all of them use.
WORK = ["DELETE FROM item WHERE owner = {0}", "UPDATE counter SET amount = amount + 1 WHERE id < 4"]

_PROCESS = """
import sys
from tests.test_many_at_once import work
work(sys.argv[1], sys.argv[2], int(sys.argv[3]))
"""


def work(dsn, store, worker):
    with contextlib.closing(psycopg2.connect(dsn)) as raw:
        raw.autocommit = True
        db = backstop.guard(
            raw,
            storage=store,
            actor=f"worker-{worker}",
            snapshot_at="LOW",
            on_snapshot_failure="raise",
            lock_timeout=60.0,
        )
        for sql in WORK:
            db.cursor().execute(sql.format(worker))


@pytest.fixture
def server():
    with embedded_server({"max_connections": "100"}) as server:
        yield server


@contextlib.contextmanager
def pruning(store):
    """Prunes and lists all the while, and gives what went wrong."""
    wrong, over = [], threading.Event()

    def prune():
        while not over.wait(0.2):
            try:
                backstop.snapshots.prune(store, keep_last=1, keep_actor=["worker-*"])
                for snapshot in backstop.snapshots.list(store)[-3:]:
                    wrong.extend(backstop.snapshots.verify(snapshot.id, store).problems)
            except Exception as error:
                wrong.append(error)

    threads = [threading.Thread(target=prune) for _ in range(2)]
    for thread in threads:
        thread.start()
    try:
        yield wrong
    finally:
        over.set()
        for thread in threads:
            thread.join()


def amounts_saved(store, snapshots):
    """Return which before-images of the counters were saved, and how often each."""
    saved = Counter()
    for snapshot in snapshots:
        if "counter" in snapshot.tables[0]:
            (table,) = backstop.snapshots.show(snapshot.id, store).manifest.tables
            reader = backstop.snapshots.repository.Repository(
                backstop.storage.open_storage(store)
            ).reader(table.objects)
            saved.update(tuple(map(int, line.split())) for line in reader.read().splitlines())
    return saved


@pytest.mark.proof
def test_fifty_threads_and_eight_processes_save_exactly_what_each_destroys(server, store):
    dsn = server.dsn()
    with contextlib.closing(psycopg2.connect(dsn)) as connection:
        tables = Tables(connection, SCHEMA, ROWS)
        tables.reset()
        before = tables.contents()
        with pruning(store) as wrong:
            processes = [
                subprocess.Popen(
                    [sys.executable, "-c", _PROCESS, dsn, store, str(worker)],
                    stderr=subprocess.PIPE,
                    encoding="utf-8",
                )
                for worker in WORKERS[THREADS:]
            ]
            with ThreadPoolExecutor(THREADS) as pool:
                list(pool.map(lambda worker: work(dsn, store, worker), WORKERS[:THREADS]))
            for process in processes:
                _, said = process.communicate(timeout=60)
                assert process.returncode == 0, said
        assert wrong == []
        check_nothing_is_left(tables)
        snapshots = backstop.snapshots.list(store)
        assert len(snapshots) == len(WORK) * len(WORKERS)
        for snapshot in snapshots:
            assert not backstop.snapshots.verify(snapshot.id, store).problems
        # Each value that a counter had was saved by exactly one statement.
        assert amounts_saved(store, snapshots) == Counter(
            (number, amount) for number in (1, 2, 3) for amount in range(len(WORKERS))
        )
        newest_first = [snapshot.id for snapshot in reversed(snapshots)]
        undone = backstop.undo(*newest_first, storage=store, conn=connection, undoable=False)
        assert undone.complete, [report.conflicts for report in undone.restores if report.conflicts]
        assert tables.contents() == before


@pytest.mark.parametrize("sql", ["UPDATE counter SET amount = amount + 1", "TRUNCATE counter"])
def test_ids_tell_the_order_in_which_statements_ran(sql, connect, guarded, store, monkeypatch):
    cursor = connect().cursor()
    cursor.execute(f"{SCHEMA}; {ROWS}; COMMIT; SELECT * FROM counter ORDER BY id")
    before = cursor.fetchall()
    overtaken, overtaking = guarded(snapshot_at="LOW"), guarded(snapshot_at="LOW")
    steps = Steps(monkeypatch)

    def overtake(step):
        if step.text.startswith("LOCK TABLE"):
            steps.watch(None)
            overtaking.cursor().execute("UPDATE counter SET amount = amount + 100")

    steps.watch(overtake)
    overtaken.cursor().execute(sql)
    newest_first = [found.id for found in backstop.snapshots.list(store)][::-1]
    assert len(newest_first) == 2
    assert backstop.undo(*newest_first, storage=store, conn=connect()).complete
    cursor.execute("COMMIT; SELECT * FROM counter ORDER BY id")
    assert cursor.fetchall() == before
