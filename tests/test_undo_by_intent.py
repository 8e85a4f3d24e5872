"""A restore finds what is meant by a table, an hour, and who did what, and can be undone itself."""

from __future__ import annotations

import contextlib
import time
from datetime import datetime, timedelta, timezone

import psycopg2
import pytest

import backstop
from backstop.snapshots import identifiers
from backstop.snapshots.repository import Repository
from backstop.storage import open_storage
from backstop.storage.folder import FolderStorage
from testing.dumps import dump

SHOP = """
CREATE SCHEMA shop;
CREATE SCHEMA crm;
CREATE TABLE shop.users (id int PRIMARY KEY, name text);
INSERT INTO shop.users SELECT n, 'user ' || n FROM generate_series(1, 20) AS n;
CREATE TABLE crm.users (id int PRIMARY KEY);
INSERT INTO crm.users SELECT generate_series(1, 5);
CREATE TABLE shop.notes (note text);
INSERT INTO shop.notes VALUES ('a'), ('b');
CREATE TABLE shop.events (id int PRIMARY KEY) PARTITION BY RANGE (id);
CREATE TABLE shop.events_1 PARTITION OF shop.events FOR VALUES FROM (0) TO (100);
INSERT INTO shop.events SELECT generate_series(1, 9);
"""


@pytest.fixture
def shop(connect):
    connection = connect()
    connection.autocommit = True
    connection.cursor().execute(SHOP)
    return connection.cursor()


@pytest.fixture
def send(shop, guarded):
    """Give a function that sends statements under guard, each in a transaction of its own."""
    connection = guarded(snapshot_at="LOW")

    def sent(*statements, actor=None):
        with contextlib.ExitStack() as block:
            if actor is not None:
                block.enter_context(backstop.context(actor=actor))
            for sql in statements:
                connection.cursor().execute(sql)

    return sent


@pytest.fixture
def undo(store, dsn):
    def undone(*ids, **known):
        return backstop.undo(*ids, storage=store, dsn=dsn, **known)

    return undone


def restored_ids(report):
    return [restored.plan.snapshot_id for restored in report.restores]


def ids(store):
    return [summary.id for summary in backstop.snapshots.list(store)]


def test_the_last_snapshot_of_a_table_is_restored(send, undo, store, dsn):
    send("DELETE FROM shop.users WHERE id < 5")
    before = dump(dsn)
    send("DELETE FROM shop.users", "DELETE FROM shop.notes")
    report = undo(last=True, table="shop.users")
    assert report.complete
    assert restored_ids(report) == [ids(store)[1]]
    undo(last=True, table="shop.notes")
    assert dump(dsn) == before


def test_what_could_be_several_is_listed_and_nothing_is_done(send, undo, store, dsn):
    send("DELETE FROM shop.users WHERE id < 5", "DELETE FROM shop.users")
    after = dump(dsn)
    with pytest.raises(backstop.AmbiguousSnapshot, match="2 snapshots") as caught:
        undo(table="shop.users")
    assert [summary.id for summary in caught.value.candidates] == ids(store)[::-1]
    assert dump(dsn) == after


def test_a_name_that_tables_of_two_schemas_have_is_ambiguous(send, undo, store, dsn):
    send("DELETE FROM crm.users", "DELETE FROM shop.users")
    with pytest.raises(backstop.AmbiguousSnapshot, match=r"crm\.users or shop\.users"):
        undo(last=True, table="users")
    before = ids(store)
    assert restored_ids(undo(last=True, table="crm.users")) == [before[0]]


def test_several_come_back_together_the_newest_first(send, undo, store, dsn):
    before = dump(dsn)
    send(
        "DELETE FROM shop.users WHERE id < 5",
        "UPDATE shop.users SET name = 'nobody', id = id + 100 WHERE id > 10",
        "ALTER TABLE shop.users DROP COLUMN name",
        "DROP TABLE shop.users",
    )
    newest_first = ids(store)[::-1]
    report = undo(every=True, table="shop.users")
    assert report.complete, report
    assert restored_ids(report) == newest_first
    assert dump(dsn) == before
    assert undo(*newest_first).complete
    assert dump(dsn) == before


def test_an_error_in_one_takes_back_all(send, undo, store, dsn, shop):
    send("DELETE FROM shop.users", "UPDATE shop.notes SET note = 'c'")
    shop.execute("INSERT INTO shop.users VALUES (7, 'another')")
    after = dump(dsn)
    with pytest.raises(backstop.RestoreFailed, match="Nothing was changed"):
        undo(every=True, since=timedelta(minutes=5), on_conflict="abort")
    assert dump(dsn) == after


def test_time_actor_and_operation_narrow_the_choice(send, undo, store, dsn):
    send("DELETE FROM shop.users WHERE id = 1", actor="alice")
    between = datetime.now(timezone.utc)
    time.sleep(0.01)
    send("DELETE FROM shop.users WHERE id = 2", actor="bob")
    send("UPDATE shop.users SET name = 'x' WHERE id = 3", actor="bob")
    first, second, third = ids(store)

    def listed(**known):
        return [summary.id for summary in backstop.snapshots.list(store, **known)]

    assert listed(actor="alice") == [first]
    assert listed(since=between) == [second, third]
    assert listed(until=between.replace(tzinfo=None)) == [first]
    assert listed(operation="delete", since=timedelta(hours=1)) == [first, second]
    assert listed(operation="DEL") == []
    assert restored_ids(undo(actor="bob", operation="DELETE", dry_run=True)) == [second]
    assert restored_ids(undo(last=True, until=between, dry_run=True)) == [first]


def test_what_destroyed_nothing_is_not_meant(guarded, shop, undo, store):
    connection = guarded(autocommit=False)
    connection.cursor().execute("DELETE FROM shop.users")
    connection.rollback()
    with pytest.raises(backstop.SnapshotNotFound, match="rolled back"):
        undo(last=True, table="shop.users")
    with pytest.raises(backstop.SnapshotNotFound, match="like that"):
        undo(last=True, table="shop.nothing")


def test_snapshots_of_another_database_are_never_taken(
    send, store, dsn, undo, postgres_maintenance
):
    send("DELETE FROM shop.users")
    name = psycopg2.extensions.parse_dsn(dsn)["dbname"]
    other = psycopg2.extensions.make_dsn(dsn, dbname="postgres")
    with pytest.raises(backstop.AmbiguousSnapshot, match="other databases") as caught:
        backstop.undo(last=True, table="shop.users", storage=store, dsn=other)
    assert [summary.id for summary in caught.value.candidates] == ids(store)
    assert undo(last=True, table="shop.users", dry_run=True).restores[0].plan.database == name


def test_a_partitioned_table_is_found_by_its_own_name(send, undo, dsn):
    before = dump(dsn)
    send("TRUNCATE shop.events")
    assert undo(last=True, table="shop.events").complete
    assert dump(dsn) == before


def test_only_some_rows_come_back(send, undo, shop, dsn):
    send("DELETE FROM shop.users")
    report = undo(last=True, table="shop.users", where="id = 7 OR users.name LIKE '% 1_'")
    assert report.complete
    (table,) = report.restores[0].tables
    assert (table.saved, table.inserted) == (11, 11)
    shop.execute("SELECT id FROM shop.users ORDER BY id")
    assert shop.fetchall() == [(number,) for number in (7, *range(10, 20))]
    send("UPDATE shop.users SET name = 'x'")
    undo(last=True, table="shop.users", where="id = 12")
    shop.execute("SELECT id FROM shop.users WHERE name <> 'x'")
    assert shop.fetchall() == [(12,)]


@pytest.mark.parametrize("where", ["", "id = 7; DROP TABLE shop.users", "id = 7) OR (true", "'"])
def test_a_condition_is_one_condition(send, undo, where):
    send("DELETE FROM shop.users")
    with pytest.raises(backstop.ConfigurationError, match="one condition"):
        undo(last=True, table="shop.users", where=where)


def test_rows_that_nothing_tells_apart_are_not_put_back_one_by_one(send, undo):
    send("UPDATE shop.notes SET note = 'c'")
    with pytest.raises(backstop.ConfigurationError, match=r"No key of shop\.notes"):
        undo(last=True, table="shop.notes", where="note = 'a'")


@pytest.mark.parametrize(
    "sql",
    [
        "UPDATE shop.users SET name = 'x'",
        "UPDATE shop.users SET id = id + 100",
        "UPDATE shop.notes SET note = 'c'",
        "INSERT INTO shop.users VALUES (1, 'x'), (99, 'y') "
        "ON CONFLICT (id) DO UPDATE SET name = excluded.name",
    ],
)
def test_a_restore_can_be_undone(send, store, dsn, sql):
    before = dump(dsn)
    send(sql)
    after = dump(dsn)
    report = backstop.undo(last=True, storage=store, dsn=dsn)
    assert dump(dsn) == before
    summary = backstop.snapshots.list(store)[-1]
    assert (summary.id, summary.operation) == (report.undo, "RESTORE")
    redone = backstop.restore(report.undo, storage=store, dsn=dsn)
    assert redone.complete
    assert dump(dsn) == after
    backstop.restore(redone.undo, storage=store, dsn=dsn)
    assert dump(dsn) == before


def test_overwritten_edits_can_be_had_back(send, store, dsn, shop):
    send("DELETE FROM shop.users")
    shop.execute("INSERT INTO shop.users VALUES (7, 'edited')")
    edited = dump(dsn)
    report = backstop.undo(last=True, on_conflict="overwrite", storage=store, dsn=dsn)
    assert report.complete
    backstop.restore(report.undo, storage=store, dsn=dsn)
    assert dump(dsn) == edited


def test_a_function_that_a_restore_replaced_can_be_had_back(send, store, dsn, shop):
    shop.execute("CREATE FUNCTION shop.f() RETURNS int LANGUAGE sql AS 'SELECT 1'")
    before = dump(dsn)
    send("CREATE OR REPLACE FUNCTION shop.f() RETURNS int LANGUAGE sql AS 'SELECT 2'")
    after = dump(dsn)
    report = backstop.undo(last=True, storage=store, dsn=dsn)
    assert dump(dsn) == before
    backstop.restore(report.undo, storage=store, dsn=dsn)
    assert dump(dsn) == after


def test_what_only_adds_is_not_saved(send, undo, store):
    send("DELETE FROM shop.users")
    report = undo(last=True)
    assert (report.undo, report.not_undoable) == (None, None)
    assert len(ids(store)) == 1


def test_the_last_is_never_what_a_restore_has_saved(send, undo, dsn):
    before = dump(dsn)
    send("UPDATE shop.users SET name = 'x'")
    after = dump(dsn)
    first = undo(last=True, table="shop.users")
    second = undo(last=True, table="shop.users")
    assert restored_ids(first) == restored_ids(second)
    assert dump(dsn) == before
    undo(last=True, operation="RESTORE")
    assert dump(dsn) == after


def test_a_restore_that_is_not_to_be_undoable_saves_nothing(send, undo, store):
    send("UPDATE shop.users SET name = 'x'")
    assert undo(last=True, undoable=False).undo is None
    assert len(ids(store)) == 1


def test_a_restore_is_done_though_it_can_not_be_saved(send, undo, dsn, monkeypatch):
    before = dump(dsn)
    send("UPDATE shop.users SET name = 'x'")

    def refused(*_):
        raise backstop.StorageError("the store is read-only")

    monkeypatch.setattr(FolderStorage, "put", refused)
    report = undo(last=True)
    assert dump(dsn) == before
    assert not report.complete
    assert "read-only" in report.not_undoable


def test_a_connection_of_the_users_is_idle_again(send, store, connect, dsn):
    before = dump(dsn)
    send("UPDATE shop.users SET name = 'x'")
    connection = connect()
    report = backstop.undo(last=True, storage=store, conn=connection)
    assert report.undo is not None
    assert not connection.autocommit
    assert connection.info.transaction_status == psycopg2.extensions.TRANSACTION_STATUS_IDLE
    assert dump(dsn) == before


@pytest.mark.parametrize(
    ("arguments", "known"),
    [((), {}), (("1k",), {"last": True}), (("1k",), {"actor": "a"}), ((), {"every": True})],
)
def test_what_is_meant_has_to_be_said_once(undo, arguments, known):
    with pytest.raises(backstop.ConfigurationError):
        undo(*arguments, **known)


def test_the_last_is_found_among_ten_thousand_without_reading_them(
    send, store, dsn, monkeypatch, tmp_path
):
    send("DELETE FROM shop.users")
    (wanted,) = ids(store)
    for number in range(10_000):
        folder = tmp_path / "store" / "manifests" / identifiers.new_id()
        folder = folder / f"DELETE@CRITICAL@{number}-9@7-5@agent" / f"shop.table_{number % 99}"
        folder.mkdir(parents=True)
        (folder / f"{'a' * 64}.json").touch()
    read = []
    get = FolderStorage.get
    monkeypatch.setattr(FolderStorage, "get", lambda self, key: read.append(key) or get(self, key))
    # Not by the clock: what else the machine does is no matter of ours.
    start = time.process_time()
    report = backstop.undo(last=True, table="shop.users", dry_run=True, storage=store, dsn=dsn)
    assert restored_ids(report) == [wanted]
    assert time.process_time() - start < 2
    assert {key.split("/")[1] for key in read} == {wanted}


def test_what_was_stored_before_keys_told_the_database_is_found(send, undo, store, tmp_path):
    send("DELETE FROM shop.users")
    (wanted,) = ids(store)
    repository = Repository(open_storage(store))
    (key,) = repository.storage.list("manifests/")
    body, digest = repository.storage.get(key), key.rpartition("/")[2]
    older = f"manifests/{wanted}/DELETE/CRITICAL/20-999/tester/shop.users/{digest}"
    repository.storage.put(older, body)
    repository.storage.delete([key])
    assert ids(store) == [wanted]
    assert restored_ids(undo(last=True, table="shop.users")) == [wanted]


def test_what_a_restore_saves_is_encrypted_and_redacted_alike(guarded, shop, store, dsn, tmp_path):
    pyrage = pytest.importorskip("pyrage")
    key = pyrage.x25519.Identity.generate()
    identity = tmp_path / "key"
    identity.write_text(str(key))
    connection = guarded(
        snapshot_at="LOW", encrypt_to=[str(key.to_public())], redact=["shop.users.name"]
    )
    shop.execute("ALTER TABLE shop.users ADD COLUMN active bool DEFAULT true")
    before = dump(dsn)
    connection.cursor().execute("UPDATE shop.users SET active = false")
    after = dump(dsn)
    report = backstop.undo(last=True, storage=store, dsn=dsn, identity=identity)
    assert dump(dsn) == before
    saved = backstop.snapshots.show(report.undo, store).manifest
    assert saved.encrypted_to == (str(key.to_public()),)
    assert [table.redacted for table in saved.tables] == [("name",)]
    with pytest.raises(backstop.WrongKey):
        backstop.restore(report.undo, storage=store, dsn=dsn)
    backstop.restore(report.undo, storage=store, dsn=dsn, identity=identity)
    assert dump(dsn) == after
