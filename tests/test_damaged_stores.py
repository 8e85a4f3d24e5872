"""Whatever happens to what is stored, verify finds it, and restore refuses it."""

from __future__ import annotations

import hashlib
import json
import random
import shutil
from contextlib import closing
from pathlib import Path

import psycopg2
import pytest

import backstop
from backstop.snapshots import Fate, Status
from backstop.snapshots.proofs import proof_of
from backstop.snapshots.repository import Repository
from backstop.snapshots.restores import RecordedRestore
from backstop.storage import open_storage
from testing.dumps import dump
from testing.postgres import fresh_database

# Without a key, so that a snapshot also stores what the UPDATE has left.
SETUP = """
CREATE TABLE users (id int, name text);
INSERT INTO users SELECT g, 'user ' || g FROM generate_series(1, 3000) AS g;
CREATE TABLE other AS SELECT * FROM users;
"""
EARLIER = "UPDATE users SET name = name || '!'"
STATEMENT = "UPDATE users SET name = name || '?'"
REFUSED = (backstop.SnapshotDamaged, backstop.ObjectNotFound)


@pytest.fixture(scope="module", params=["plain", "encrypted"])
def encrypted(request, tmp_path_factory):
    """Have snapshots encrypted in the second round, and read by their key; tell which it is."""
    if request.param == "plain":
        yield False
        return
    pyrage = pytest.importorskip("pyrage")
    identity = pyrage.x25519.Identity.generate()
    key = tmp_path_factory.mktemp("keys") / "key.txt"
    key.write_text(str(identity))
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("BACKSTOP_ENCRYPT_TO", str(identity.to_public()))
        patch.setenv("BACKSTOP_IDENTITY", str(key))
        yield True


@pytest.fixture(scope="module")
def destroyed(postgres_server, postgres_maintenance, tmp_path_factory, encrypted):
    """Give a database, and a store with two snapshots of the same statement on one table."""
    store = tmp_path_factory.mktemp("damaged") / "store"
    with fresh_database(postgres_server, postgres_maintenance) as dsn:
        with closing(psycopg2.connect(dsn)) as raw:
            raw.cursor().execute(SETUP)
            raw.commit()
            connection = backstop.guard(raw, store.as_uri(), "agent", on_snapshot_failure="raise")
            for sql in (EARLIER, STATEMENT):
                connection.cursor().execute(sql)
                connection.commit()
        yield dsn, store, dump(dsn)


class Store:
    """A copy of the store, with the files of its newest snapshot by what they are."""

    def __init__(self, folder):
        self.folder = folder
        self.url = folder.as_uri()
        self.earlier, self.id = (summary.id for summary in backstop.snapshots.list(self.url))

    def file(self, kind, snapshot_id=None):
        """Return where an object of this kind is: rows that were saved, rows as they were left."""
        snapshot_id = snapshot_id or self.id
        if kind == "data":
            return self._rows("manifest", "tables", snapshot_id)
        if kind == "written":
            return self._rows("outcome", "written", snapshot_id)
        (found,) = (self.folder / f"{kind}s" / snapshot_id).rglob("*.json")
        return found

    def _rows(self, kind, part, snapshot_id):
        document = json.loads(self.file(kind, snapshot_id).read_bytes())
        (stored,) = (item for rows in document[part] for item in rows["objects"])
        return self.folder / stored["key"]

    def rewrite(self, kind, change):
        """Change a document, and give it the digest of what it holds now, as a forger would."""
        file = self.file(kind)
        document = json.loads(file.read_bytes())
        change(document)
        body = json.dumps(document).encode()
        file.unlink()
        if kind == "manifest":
            file = file.with_name(hashlib.sha256(body).hexdigest() + ".json")
        elif kind == "outcome":
            stem = file.stem.rpartition("-")[0]
            file = file.with_name(f"{stem}-{proof_of(self.id, body)}.json")
        file.write_bytes(body)


@pytest.fixture
def damaged(destroyed, tmp_path):
    _, store, _ = destroyed
    shutil.copytree(store, tmp_path / "copy")
    return Store(tmp_path / "copy")


@pytest.fixture
def refuses(destroyed, encrypted, monkeypatch):
    """Give a function that finds the damage by verify, and sees that a restore changes nothing."""
    dsn, _, before = destroyed

    def look(store, said=""):
        found = backstop.snapshots.verify(store.id, store.url)
        assert found.problems
        assert said in " ".join(found.problems)
        with pytest.raises(REFUSED) as raised:
            backstop.restore(store.id, storage=store.url, dsn=dsn)
        assert said in str(raised.value)
        assert dump(dsn) == before
        if encrypted:
            monkeypatch.delenv("BACKSTOP_IDENTITY")
            assert backstop.snapshots.verify(store.id, store.url).problems

    return look


def cut(file, to):
    file.write_bytes(file.read_bytes()[:to])


def flip(file, position):
    held = bytearray(file.read_bytes())
    held[position] ^= 1 << (position % 8)
    file.write_bytes(held)


KINDS = ["manifest", "data", "outcome", "written", "fate"]


def test_the_store_holds_every_kind_and_is_whole(damaged, destroyed):
    for kind in KINDS:
        assert damaged.file(kind).stat().st_size > 10
        assert damaged.file(kind) != damaged.file(kind, damaged.earlier)
    for snapshot_id in (damaged.earlier, damaged.id):
        assert backstop.snapshots.verify(snapshot_id, damaged.url).problems == ()


@pytest.mark.parametrize("kind", ["data", "written"])
def test_a_missing_object_of_rows(damaged, refuses, kind):
    damaged.file(kind).unlink()
    refuses(damaged, "holds no object")


def test_without_its_manifest_there_is_no_snapshot(damaged, destroyed):
    dsn, _, before = destroyed
    damaged.file("manifest").unlink()
    with pytest.raises(backstop.SnapshotNotFound):
        backstop.snapshots.verify(damaged.id, damaged.url)
    with pytest.raises(backstop.SnapshotNotFound):
        backstop.restore(damaged.id, storage=damaged.url, dsn=dsn)
    assert [one.id for one in backstop.snapshots.list(damaged.url)] == [damaged.earlier]
    assert dump(dsn) == before


def test_a_missing_outcome_and_fate_read_as_unknown(damaged):
    # A crash leaves it so, and the snapshot can be restored.
    for kind in ("outcome", "fate"):
        damaged.file(kind).unlink()
    shown = backstop.snapshots.show(damaged.id, damaged.url)
    assert (shown.outcome.status, shown.fate) == (Status.UNKNOWN, Fate.UNKNOWN)
    assert backstop.snapshots.verify(damaged.id, damaged.url).problems == ()


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("part", ["nothing", "half", "all but one byte"])
def test_a_truncated_object(damaged, refuses, kind, part):
    file = damaged.file(kind)
    cut(file, {"nothing": 0, "half": file.stat().st_size // 2, "all but one byte": -1}[part])
    refuses(damaged, "damaged")


@pytest.mark.parametrize("kind", ["manifest", "data", "outcome", "written"])
def test_a_flipped_bit_anywhere(damaged, kind):
    file = damaged.file(kind)
    whole = file.read_bytes()
    places = {0, len(whole) - 1, *random.Random(7).sample(range(len(whole)), 40)}
    for place in sorted(places):
        flip(file, place)
        assert backstop.snapshots.verify(damaged.id, damaged.url).problems, place
        file.write_bytes(whole)
    assert backstop.snapshots.verify(damaged.id, damaged.url).problems == ()


@pytest.mark.parametrize("kind", KINDS)
def test_a_flipped_bit_restores_nothing(damaged, refuses, kind):
    # In the middle; of a fate, in the word that counts.
    file = damaged.file(kind)
    flip(
        file, file.read_bytes().index(b"committed") if kind == "fate" else file.stat().st_size // 2
    )
    refuses(damaged, "damaged")


@pytest.mark.parametrize("kind", KINDS)
def test_objects_of_two_snapshots_that_were_swapped(damaged, refuses, kind):
    ours, theirs = damaged.file(kind), damaged.file(kind, damaged.earlier)
    held = ours.read_bytes()
    ours.write_bytes(theirs.read_bytes())
    theirs.write_bytes(held)
    refuses(damaged, "damaged")
    assert backstop.snapshots.verify(damaged.earlier, damaged.url).problems


@pytest.mark.parametrize("kind", ["manifest", "outcome", "fate"])
def test_an_older_document_with_its_own_name_in_the_place_of_this_one(damaged, refuses, kind):
    ours, theirs = damaged.file(kind), damaged.file(kind, damaged.earlier)
    ours.unlink()
    shutil.copy(theirs, ours.with_name(theirs.name))
    refuses(damaged, "damaged")


@pytest.mark.parametrize("kind", ["manifest", "outcome"])
def test_a_stale_document_beside_this_one(damaged, refuses, kind):
    theirs = damaged.file(kind, damaged.earlier)
    shutil.copy(theirs, damaged.file(kind).with_name(theirs.name))
    refuses(damaged, "is not alone")


def test_a_second_fate_that_says_otherwise(damaged, refuses):
    # It would make a restore do nothing, and say that there was nothing to do.
    file = damaged.file("fate").with_name("rolled-back.json")
    file.write_bytes(b'{"format": 1, "fate": "rolled back"}')
    refuses(damaged, "is not alone")


@pytest.mark.parametrize("kind", ["manifest", "outcome", "fate"])
def test_a_version_that_is_not_known(damaged, refuses, kind):
    damaged.rewrite(kind, lambda document: document.update(format=2))
    refuses(damaged, "has format 2; this version of Backstop reads format 1")


def test_rows_that_were_left_out_of_a_forged_manifest(damaged, refuses):
    damaged.rewrite("manifest", lambda document: document["tables"][0].update(rows=1))
    found = backstop.snapshots.verify(damaged.id, damaged.url)
    assert "the manifest says 1" in " ".join(found.problems)


def test_a_name_of_a_later_version_is_unknown_to_a_listing(damaged):
    damaged.file("fate").rename(damaged.file("fate").with_name("half-committed.json"))
    outcome = damaged.file("outcome")
    outcome.rename(outcome.with_name("postponed-1.json"))
    listed = backstop.snapshots.list(damaged.url)[-1]
    assert (listed.status, listed.fate) == (Status.UNKNOWN, Fate.UNKNOWN)


def test_what_is_half_uploaded_is_no_snapshot(damaged, destroyed):
    dsn, _, _ = destroyed
    folder = damaged.folder / "data" / "1k0000000000zz"
    folder.mkdir()
    (folder / "begun").write_bytes(b"{}")
    (folder / "#writing-0123").write_bytes(damaged.file("data").read_bytes()[:100])
    assert len(backstop.snapshots.list(damaged.url)) == 2
    for use in (
        lambda: backstop.snapshots.verify(folder.name, damaged.url),
        lambda: backstop.restore(folder.name, storage=damaged.url, dsn=dsn),
    ):
        with pytest.raises(backstop.SnapshotNotFound):
            use()


@pytest.mark.parametrize("damage", ["truncated", "flipped", "of another snapshot"])
def test_a_damaged_record_of_a_restore(damaged, destroyed, damage):
    # It tells which rows a restore has written, and so which ones may be overwritten.
    dsn, _, before = destroyed
    Repository(open_storage(damaged.url)).save_restore(RecordedRestore(damaged.earlier, "900", "7"))
    file = damaged.file("restore", damaged.earlier)
    if damage == "truncated":
        cut(file, -1)
    elif damage == "flipped":
        flip(file, file.read_bytes().index(b"900"))
    else:
        misplaced = damaged.folder / "restores" / damaged.id
        misplaced.mkdir()
        file.rename(misplaced / file.name)
    with pytest.raises(backstop.SnapshotDamaged, match="restores/"):
        backstop.restore(damaged.earlier, storage=damaged.url, dsn=dsn)
    assert dump(dsn) == before


def test_the_whole_store_still_restores(destroyed, tmp_path):
    # The last one here: what all the others refused is fine without the damage.
    dsn, store, _ = destroyed
    shutil.copytree(store, tmp_path / "copy")
    whole = Store(Path(tmp_path / "copy"))
    assert backstop.restore(whole.id, storage=whole.url, dsn=dsn).complete
    with closing(psycopg2.connect(dsn)) as raw, raw.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM users WHERE name LIKE '%!'")
        assert cursor.fetchone() == (3000,)
