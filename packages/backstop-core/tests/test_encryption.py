"""Streams and settings of encryption: constant memory, no key in a message, damage is found."""

from __future__ import annotations

import gc
import os
import sys
import threading
import tracemalloc

import pytest

from backstop.encryption import Identities, Recipients, identities_from, recipients_from
from backstop.errors import (
    ConfigurationError,
    MissingDistribution,
    SnapshotDamaged,
    SnapshotFailed,
    StorageError,
    WrongKey,
)
from backstop.settings import build_settings
from backstop.snapshots import stream as stream_module
from backstop.snapshots.stream import ObjectReader, RowStream, verify_bytes
from backstop.storage import open_storage

pyrage = pytest.importorskip("pyrage")

ROWS = [f"{number}\tname {number}\n".encode() for number in range(100_000)]

NOISE = [os.urandom(1 << 16) for _ in range(100)]


class Key:
    """A pair of keys, the secret one in a file."""

    def __init__(self, folder):
        identity = pyrage.x25519.Identity.generate()
        self.public = str(identity.to_public())
        self.secret = str(identity)
        self.path = folder / f"{self.public}.txt"
        self.path.write_text(f"# public key: {self.public}\n{self.secret}\n")
        self.recipients = Recipients((self.public,))
        self.identities = Identities(self.path)


@pytest.fixture
def new_key(tmp_path):
    return lambda: Key(tmp_path)


@pytest.fixture
def key(new_key):
    return new_key()


@pytest.fixture
def storage(tmp_path):
    return open_storage((tmp_path / "store").as_uri())


def stored(storage, recipients, rows=ROWS, **options):
    with RowStream(storage, "data/x/1", recipients=recipients, **options) as stream:
        for row in rows:
            stream.write(row)
    return stream


def everything(reader):
    return b"".join(iter(lambda: reader.read(1 << 16), b""))


def backstops_threads():
    return [thread for thread in threading.enumerate() if thread.name.startswith("backstop")]


def test_what_was_encrypted_is_read_back_by_its_recipient(storage, key):
    stream = stored(storage, key.recipients)
    (only,) = stream.objects
    assert only.key == "data/x/1-0001.copy.zst.age"
    assert storage.get(only.key).startswith(b"age-encryption.org/v1\n")
    assert everything(ObjectReader(storage, stream.objects, key.identities)) == b"".join(ROWS)


def test_every_recipient_opens_it_alone(storage, new_key):
    old, new = new_key(), new_key()
    stream = stored(storage, Recipients((old.public, new.public)))
    for one in (old, new):
        assert everything(ObjectReader(storage, stream.objects, one.identities)) == b"".join(ROWS)


def test_a_file_of_several_identities_opens_what_is_for_one_of_them(storage, new_key, tmp_path):
    old, new = new_key(), new_key()
    both = tmp_path / "both.txt"
    both.write_text(f"{new.secret}\n\n# until last year\n{old.secret}\n")
    stream = stored(storage, old.recipients)
    assert everything(ObjectReader(storage, stream.objects, Identities(both))) == b"".join(ROWS)


def test_without_an_identity_bytes_are_verified_and_not_read(storage, key):
    stream = stored(storage, key.recipients)
    verify_bytes(storage, stream.objects[0])
    with pytest.raises(WrongKey, match="--identity"):
        ObjectReader(storage, stream.objects).read()


@pytest.mark.parametrize("place", [5, 150, -5])
def test_a_flipped_bit_is_damage_with_and_without_a_key(storage, key, place):
    stream = stored(storage, key.recipients)
    (only,) = stream.objects
    body = bytearray(storage.get(only.key))
    body[place] ^= 1
    storage.put(only.key, bytes(body))
    with pytest.raises(SnapshotDamaged):
        verify_bytes(storage, only)
    with pytest.raises(SnapshotDamaged):
        everything(ObjectReader(storage, stream.objects, key.identities))


@pytest.mark.parametrize("change", [lambda body: body[:-9], lambda body: body + b"x"])
def test_another_length_is_damage(storage, key, change):
    stream = stored(storage, key.recipients)
    (only,) = stream.objects
    storage.put(only.key, change(storage.get(only.key)))
    with pytest.raises(SnapshotDamaged):
        everything(ObjectReader(storage, stream.objects, key.identities))


def test_what_anybody_may_encrypt_for_the_same_recipient_is_damage(storage, key):
    stream = stored(storage, key.recipients)
    stored(storage, key.recipients, ROWS[:10])
    with pytest.raises(SnapshotDamaged):
        everything(ObjectReader(storage, stream.objects, key.identities))


def test_a_long_stream_becomes_several_encrypted_objects(storage, key, monkeypatch):
    monkeypatch.setattr(stream_module, "OBJECT_LIMIT", 10_000)
    stream = stored(storage, key.recipients)
    assert len(stream.objects) > 1
    assert everything(ObjectReader(storage, stream.objects, key.identities)) == b"".join(ROWS)


def test_memory_stays_constant_however_much_is_encrypted_and_decrypted(storage, key):
    tracemalloc.start()
    try:
        stream = stored(storage, key.recipients, NOISE * 6)
        reader = ObjectReader(storage, stream.objects, key.identities)
        size = sum(map(len, iter(lambda: reader.read(1 << 16), b"")))
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert size == len(NOISE) * 6 << 16
    assert peak < 8 << 20


def test_a_copy_that_is_given_up_leaves_no_object_and_no_thread(storage, key):
    with pytest.raises(SnapshotFailed, match="max_snapshot_bytes"):
        stored(storage, key.recipients, max_bytes=300_000)
    assert list(storage.list("")) == []
    for thread in backstops_threads():
        thread.join(5)
    assert backstops_threads() == []


@pytest.mark.parametrize("pulled", [0, 1, 3])
def test_the_error_of_storage_comes_out_and_no_thread_stays(storage, key, monkeypatch, pulled):
    def fail(_key, chunks):
        for _ in range(pulled):
            next(chunks)
        raise StorageError("full")

    monkeypatch.setattr(storage, "write", fail)
    with pytest.raises(StorageError, match="full"):
        stored(storage, key.recipients, NOISE)
    for thread in backstops_threads():
        thread.join(5)
    assert backstops_threads() == []


def test_a_reader_that_is_dropped_halfway_leaves_no_thread(storage, key):
    stream = stored(storage, key.recipients, NOISE)
    reader = ObjectReader(storage, stream.objects, key.identities)
    reader.read(100)
    del reader
    gc.collect()
    for thread in backstops_threads():
        thread.join(5)
    assert backstops_threads() == []


def test_an_error_of_storage_in_the_middle_of_a_read_comes_out_unchanged(storage, key, monkeypatch):
    stream = stored(storage, key.recipients, NOISE)
    read = storage.read

    def fail(name):
        yield next(read(name))
        raise StorageError("gone")

    monkeypatch.setattr(storage, "read", fail)
    with pytest.raises(StorageError, match="gone"):
        everything(ObjectReader(storage, stream.objects, key.identities))


def test_recipients_come_from_the_setting_or_the_variable(key, new_key, monkeypatch):
    good = {"storage": "file:///tmp/x", "actor": "tester"}
    assert build_settings(**good).recipients is None
    assert build_settings(**good, encrypt_to=[key.public]).recipients == key.recipients
    other = new_key()
    monkeypatch.setenv("BACKSTOP_ENCRYPT_TO", f"{key.public}, {other.public}")
    assert build_settings(**good).recipients.names == (key.public, other.public)
    assert build_settings(**good, encrypt_to=[]).recipients is None


@pytest.mark.parametrize("wrong", ["age1abc", 5, ["age1abc"], [5], ["ssh-ed25519 AAAA"], [""]])
def test_what_is_no_recipient_is_refused_and_not_repeated(wrong):
    with pytest.raises(ConfigurationError, match="encrypt_to") as caught:
        recipients_from(wrong)
    assert "abc" not in str(caught.value)


def test_a_secret_key_among_the_recipients_is_refused_and_not_repeated(key):
    with pytest.raises(ConfigurationError, match=r"place 2.*secret") as caught:
        recipients_from([key.public, key.secret])
    assert key.secret not in str(caught.value)


def test_a_secret_key_in_place_of_its_file_is_refused_and_not_repeated(key, monkeypatch):
    monkeypatch.setenv("BACKSTOP_IDENTITY", key.secret)
    with pytest.raises(ConfigurationError, match="file") as caught:
        identities_from(None)
    assert key.secret not in str(caught.value)


@pytest.mark.parametrize("content", ["", "# nothing\n", "AGE-SECRET-KEY-1ABC\n", "\xff", None])
def test_a_file_without_an_identity_is_named_and_not_quoted(content, tmp_path):
    path = tmp_path / "key.txt"
    if content is not None:
        path.write_text(content, "latin-1")
    with pytest.raises(ConfigurationError, match=r"identity: the file .*key\.txt") as caught:
        identities_from(path)
    assert "1ABC" not in str(caught.value)


def test_no_key_stands_in_a_representation(key):
    shown = repr((key.recipients, key.identities, build_settings("file:///tmp/x", "tester")))
    assert key.secret not in shown


def test_without_the_library_the_error_says_what_to_install(monkeypatch, key):
    monkeypatch.setitem(sys.modules, "pyrage", None)
    with pytest.raises(MissingDistribution, match=r"backstop-core\[encryption\]"):
        recipients_from([key.public])
    with pytest.raises(MissingDistribution, match=r"backstop-core\[encryption\]"):
        identities_from(key.path)
