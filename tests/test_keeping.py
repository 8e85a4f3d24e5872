"""Snapshots are taken, restored and pruned at the same time, and none of it harms another."""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing

import psycopg2
import pytest

import backstop
from backstop.snapshots import identifiers
from backstop.snapshots.repository import Repository
from backstop.storage import open_storage
from backstop.storage.folder import FolderStorage

ROWS = "SELECT g AS id, 'row ' || g AS name FROM generate_series(1, 200) AS g"


@pytest.fixture
def users(dsn):
    with closing(psycopg2.connect(dsn)) as connection, connection:
        connection.cursor().execute(f"CREATE TABLE users AS {ROWS}")
        connection.cursor().execute("ALTER TABLE users ADD PRIMARY KEY (id)")


def fetch(dsn, sql):
    with closing(psycopg2.connect(dsn)) as connection, connection.cursor() as cursor:
        cursor.execute(sql)
        return cursor.fetchall()


class AtOnce:
    """What three kinds of users do with one store, again and again."""

    def __init__(self, dsn, store):
        self.dsn, self.store = dsn, store
        self.restored = []

    def destroy(self):
        with closing(psycopg2.connect(self.dsn)) as raw:
            connection = backstop.guard(raw, self.store, "agent", on_snapshot_failure="raise")
            connection.cursor().execute("DELETE FROM users")
            connection.cursor().execute(f"INSERT INTO users {ROWS}")
            connection.commit()

    def restore(self):
        for summary in backstop.snapshots.list(self.store)[:-4:-1]:
            name = f"copy_{identifiers.new_id()}"
            try:
                backstop.restore(summary.id, storage=self.store, dsn=self.dsn, into=name)
            except (backstop.SnapshotNotFound, backstop.ObjectNotFound):
                # It was pruned meanwhile: nothing of it is there.
                assert fetch(self.dsn, f"SELECT to_regclass('{name}')") == [(None,)]
                continue
            assert fetch(self.dsn, f"SELECT count(*) FROM {name}") == [(200,)]
            self.restored.append(name)

    def prune(self):
        backstop.snapshots.prune(self.store, keep_last=4)


@pytest.mark.usefixtures("users")
def test_snapshots_restores_and_prunes_at_once_leave_only_whole_snapshots(dsn, store):
    users = AtOnce(dsn, store)
    end = time.monotonic() + 60

    def repeat(step):
        while len(users.restored) < 10 and time.monotonic() < end:
            step()

    with ThreadPoolExecutor() as pool:
        steps = (users.destroy, users.restore, users.prune, users.prune)
        for done in [pool.submit(repeat, step) for step in steps]:
            done.result()
    assert users.restored
    # An outcome or a fate may be written just after its snapshot went: that has no manifest.
    for summary in backstop.snapshots.list(store):
        assert backstop.snapshots.verify(summary.id, store).problems == ()
        assert summary.rows == 200


@pytest.mark.usefixtures("users")
def test_a_restore_whose_snapshot_is_pruned_on_the_way_changes_nothing(dsn, store, monkeypatch):
    with closing(psycopg2.connect(dsn)) as raw:
        connection = backstop.guard(raw, store, "agent")
        connection.cursor().execute("DELETE FROM users WHERE id <= 150")
        connection.commit()
    (summary,) = backstop.snapshots.list(store)
    read = FolderStorage.read

    def read_after_prune(self, key):
        if key.startswith("data/"):
            Repository(open_storage(store)).discard(summary.id)
        return read(self, key)

    monkeypatch.setattr(FolderStorage, "read", read_after_prune)
    with pytest.raises(backstop.ObjectNotFound):
        backstop.restore(summary.id, storage=store, dsn=dsn)
    assert fetch(dsn, "SELECT count(*) FROM users") == [(50,)]
