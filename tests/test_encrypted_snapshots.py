"""Encrypted snapshots: they come back by their keys only, and hold nothing that others can read."""

from __future__ import annotations

import contextlib
import io
import json
import logging

import psycopg2
import pytest

import backstop
from backstop.cli import main
from backstop.snapshots.repository import Repository
from backstop.storage import open_storage
from testing.dumps import dump

pyrage = pytest.importorskip("pyrage")

SCHEMA = """
CREATE TABLE person (id int PRIMARY KEY, name text, email text DEFAULT 'nobody@secret.example');
CREATE TABLE visit (
    person int REFERENCES person ON DELETE CASCADE ON UPDATE CASCADE, place text
);
CREATE FUNCTION greet() RETURNS text LANGUAGE sql AS $$ SELECT 'secret greeting' $$;
COMMENT ON TABLE person IS 'a secret comment';
INSERT INTO person SELECT g, 'secret name ' || g, g || '@secret.example'
    FROM generate_series(1, 99) g;
INSERT INTO visit SELECT g, 'secret place ' || g FROM generate_series(1, 99) g;
SELECT lo_from_bytea(5001, 'secret contents');
"""

STATEMENTS = [
    "DELETE FROM person WHERE id > 7",
    "UPDATE person SET name = 'new', id = id + 1000",
    "UPDATE visit SET place = 'elsewhere'",
    "TRUNCATE person CASCADE",
    "DROP TABLE person CASCADE",
    "ALTER TABLE person DROP COLUMN email",
    "CREATE OR REPLACE FUNCTION greet() RETURNS text LANGUAGE sql AS $$ SELECT 'hello' $$",
    "SELECT lo_unlink(5001)",
    "SELECT lo_put(5001, 2, 'other')",
    "DROP SCHEMA public CASCADE",
]


class Key:
    def __init__(self, folder):
        identity = pyrage.x25519.Identity.generate()
        self.public = str(identity.to_public())
        self.secret = str(identity)
        self.path = str(folder / f"{self.public[:12]}.txt")
        with open(self.path, "w") as file:
            file.write(self.secret)


@pytest.fixture
def new_key(tmp_path):
    return lambda: Key(tmp_path)


@pytest.fixture
def key(new_key):
    return new_key()


@pytest.fixture(autouse=True)
def filled(connect):
    with connect() as connection:
        connection.cursor().execute(SCHEMA)


def everything_stored(store):
    storage = open_storage(store)
    return {name: storage.get(name) for name in storage.list("")}


def newest(store):
    return backstop.snapshots.list(store)[-1]


@pytest.mark.parametrize("sql", STATEMENTS)
def test_an_encrypted_snapshot_comes_back_and_nobody_else_reads_it(
    comes_back, key, monkeypatch, store, sql, caplog
):
    caplog.set_level(logging.DEBUG, "backstop")
    monkeypatch.setenv("BACKSTOP_ENCRYPT_TO", key.public)
    monkeypatch.setenv("BACKSTOP_IDENTITY", key.path)
    comes_back(sql)
    bodies = everything_stored(store)
    assert not [name for name, body in bodies.items() if b"secret" in body.lower()]
    assert not [name for name, body in bodies.items() if key.secret.encode() in body]
    rows = [name for name in bodies if name.startswith("data/") and not name.endswith("/begun")]
    assert [name for name in rows if not name.endswith(".copy.zst.age")] == []
    assert key.secret not in caplog.text


def test_an_encrypted_snapshot_in_a_bucket_comes_back(guarded, dsn, moto_endpoint, key):
    before = dump(dsn)
    bucket = moto_endpoint.create_bucket()
    guarded(storage=bucket, encrypt_to=[key.public]).cursor().execute("TRUNCATE person CASCADE")
    snapshot = newest(bucket)
    assert backstop.snapshots.verify(snapshot.id, bucket).problems == ()
    assert backstop.restore(snapshot.id, storage=bucket, dsn=dsn, identity=key.path).complete
    assert dump(dsn) == before


def test_without_a_key_a_snapshot_is_listed_shown_and_verified(guarded, store, key):
    guarded(encrypt_to=[key.public]).cursor().execute("DROP TABLE person CASCADE")
    found = newest(store)
    assert (found.tables, found.rows) == (("public.person",), 99)
    manifest = backstop.snapshots.show(found.id, store).manifest
    assert manifest.encrypted_to == (key.public,)
    assert "table public.person" in {item.identity for item in manifest.objects}
    assert not any(item.ddl or item.parts or item.drop for item in manifest.objects)
    verified = backstop.snapshots.verify(found.id, store)
    assert (verified.problems, verified.objects) == ((), 1)
    opened = backstop.snapshots.show(found.id, store, identity=key.path).manifest
    assert any("secret.example" in ddl for item in opened.objects for ddl in item.ddl)


def test_a_wrong_key_and_none_are_told_before_anything_is_asked_of_the_database(
    guarded, store, dsn, key, new_key
):
    guarded(encrypt_to=[key.public]).cursor().execute("DELETE FROM person")
    snapshot, other = newest(store), new_key()
    nowhere = {"storage": store, "dsn": "postgresql://nobody@127.0.0.1:1/none"}
    with pytest.raises(backstop.WrongKey, match=r"BACKSTOP_IDENTITY.*Nothing was changed"):
        backstop.restore(snapshot.id, **nowhere)
    with pytest.raises(backstop.WrongKey, match=f"{key.public}.*--identity") as caught:
        backstop.restore(snapshot.id, **nowhere, identity=other.path)
    assert other.secret not in str(caught.value)
    with pytest.raises(backstop.WrongKey):
        backstop.snapshots.verify(snapshot.id, store, identity=other.path)
    with pytest.raises(backstop.WrongKey):
        Repository(open_storage(store)).load(snapshot.id)


def test_keys_are_changed_by_naming_both_and_old_snapshots_stay_readable(
    guarded, store, dsn, new_key
):
    before = dump(dsn)
    old, new = new_key(), new_key()
    ids = []
    for names in ([old.public], [old.public, new.public], [new.public]):
        guarded(encrypt_to=names).cursor().execute("DELETE FROM visit")
        ids.append(newest(store).id)
        reader = old if names[0] == old.public else new
        assert backstop.restore(ids[-1], storage=store, dsn=dsn, identity=reader.path).complete
        assert dump(dsn) == before
    opens = [
        [
            not backstop.snapshots.verify(name, store, identity=one.path).problems
            for name in ids[cut]
        ]
        for one, cut in ((old, slice(0, 2)), (new, slice(1, 3)))
    ]
    assert opens == [[True, True], [True, True]]
    with pytest.raises(backstop.WrongKey):
        backstop.snapshots.verify(ids[0], store, identity=new.path)
    with pytest.raises(backstop.WrongKey):
        backstop.snapshots.verify(ids[2], store, identity=old.path)


def test_an_old_snapshot_comes_back_by_its_key_after_a_later_one_did_by_another(
    guarded, store, dsn, new_key
):
    before = dump(dsn)
    keys = [new_key(), new_key()]
    for key, place in zip(keys, ("first", "second")):
        connection = guarded(encrypt_to=[key.public])
        connection.cursor().execute(f"UPDATE person SET name = '{place}'")
    snapshots = backstop.snapshots.list(store)
    for key, snapshot in reversed(list(zip(keys, snapshots))):
        assert backstop.restore(snapshot.id, storage=store, dsn=dsn, identity=key.path).complete
    assert dump(dsn) == before


@pytest.mark.parametrize("area", ["data", "manifests", "outcomes"])
def test_damaged_ciphertext_is_found_and_nothing_is_restored(guarded, store, dsn, key, area):
    # The outcome holds what the statement left of large objects.
    sql = "SELECT lo_put(5001, 2, 'other')"
    guarded(encrypt_to=[key.public], snapshot_at="LOW").cursor().execute(sql)
    snapshot, storage = newest(store), open_storage(store)
    name = [name for name in storage.list(f"{area}/{snapshot.id}/") if "begun" not in name][-1]
    body = storage.get(name)
    if area == "outcomes":
        document = json.loads(body)
        document["sealed"] = document["sealed"][:-8] + "AAAAAAAA"
        storage.put(name, json.dumps(document).encode())
    else:
        place = len(body) - 40
        storage.put(name, body[:place] + bytes([body[place] ^ 1]) + body[place + 1 :])
    before = dump(dsn)
    with pytest.raises(backstop.SnapshotDamaged):
        backstop.restore(snapshot.id, storage=store, dsn=dsn, identity=key.path)
    assert dump(dsn) == before
    assert backstop.snapshots.verify(snapshot.id, store, identity=key.path).problems


def test_an_application_with_public_keys_needs_no_secret_one(guarded, store, key, new_key):
    connection = guarded(encrypt_to=[key.public, new_key().public], snapshot_at="LOW")
    connection.cursor().execute("UPDATE person SET id = id + 1000")
    found = backstop.snapshots.show(newest(store).id, store)
    assert found.outcome.status is backstop.snapshots.Status.SUCCEEDED


def test_what_a_restore_saves_of_its_own_changes_is_encrypted_as_well(guarded, store, dsn, key):
    connection = guarded(encrypt_to=[key.public], snapshot_at="LOW")
    connection.cursor().execute("UPDATE person SET name = 'new' WHERE id < 5")
    destroyed = dump(dsn)
    report = backstop.restore(newest(store).id, storage=store, dsn=dsn, identity=key.path)
    assert report.complete
    shown = backstop.snapshots.show(report.undo, store).manifest
    assert shown.encrypted_to == (key.public,)
    assert not [body for body in everything_stored(store).values() if b"secret" in body.lower()]
    assert backstop.restore(report.undo, storage=store, dsn=dsn, identity=key.path).complete
    assert dump(dsn) == destroyed


def test_comparing_and_exporting_need_the_key(guarded, store, dsn, key, tmp_path):
    guarded(encrypt_to=[key.public]).cursor().execute("DELETE FROM visit")
    snapshot = newest(store).id
    with pytest.raises(backstop.WrongKey):
        backstop.diff(snapshot, storage=store, dsn=dsn)
    with pytest.raises(backstop.WrongKey):
        backstop.snapshots.export(snapshot, io.BytesIO(), storage=store)
    found = backstop.diff(snapshot, storage=store, dsn=dsn, identity=key.path)
    assert [(table.table, table.missing) for table in found.tables] == [("public.visit", 99)]
    written = io.BytesIO()
    assert backstop.snapshots.export(snapshot, written, storage=store, identity=key.path) == 99
    assert b"secret place 7" in written.getvalue()


@pytest.fixture
def run(capsys, monkeypatch, dsn, store):
    monkeypatch.setenv("BACKSTOP_STORAGE", store)
    monkeypatch.setenv("BACKSTOP_DSN", dsn)
    monkeypatch.setattr("sys.stdin", io.StringIO())

    def call(*arguments):
        capsys.readouterr()
        code = main(arguments)
        return code, *capsys.readouterr()

    return call


def test_the_command_line_takes_an_identity(guarded, store, dsn, key, run):
    before = dump(dsn)
    guarded(encrypt_to=[key.public]).cursor().execute("DROP TABLE visit")
    snapshot = newest(store).id
    code, _, error = run("restore", snapshot)
    assert code == 2
    assert "--identity" in error
    assert run("snapshots", "verify", snapshot)[0] == 0
    assert key.public in run("snapshots", "show", snapshot)[1]
    assert run("snapshots", "show", snapshot, "--sql")[0] == 2
    code, sql, _ = run("snapshots", "show", snapshot, "--sql", "--identity", key.path)
    assert code == 0
    assert "CREATE TABLE" in sql
    assert run("restore", snapshot, "--identity", key.path)[0] == 0
    assert dump(dsn) == before


def test_a_dropped_database_is_encrypted_and_comes_back(connect, dsn, store, key):
    name = "encrypted_" + psycopg2.extensions.parse_dsn(dsn)["dbname"]
    raw = connect()
    raw.autocommit = True
    raw.cursor().execute(f"CREATE DATABASE {name}")
    there = psycopg2.extensions.make_dsn(dsn, dbname=name)
    try:
        with contextlib.closing(psycopg2.connect(there)) as other, other:
            other.cursor().execute(SCHEMA)
        before = dump(there)
        guarded = backstop.guard(
            raw,
            storage=store,
            actor="tester",
            encrypt_to=[key.public],
            on_snapshot_failure="raise",
        )
        guarded.cursor().execute(f"DROP DATABASE {name}")
        assert not [body for body in everything_stored(store).values() if b"secret" in body]
        snapshot = newest(store).id
        backstop.restore(snapshot, storage=store, dsn=dsn, identity=key.path)
        assert dump(there) == before
    finally:
        raw.cursor().execute(f"DROP DATABASE IF EXISTS {name}")
