"""The stream to storage keeps memory constant, and every failure of storage comes out."""

from __future__ import annotations

import threading
from dataclasses import replace

import pytest

from backstop.errors import SnapshotDamaged, SnapshotFailed, StorageError
from backstop.snapshots import stream as stream_module
from backstop.snapshots.stream import ObjectReader, RowStream
from backstop.storage import open_storage

ROWS = [f"{number}\tname {number}\n".encode() for number in range(100_000)]


@pytest.fixture
def storage(tmp_path):
    return open_storage((tmp_path / "store").as_uri())


def stored(storage, rows=ROWS, **options):
    with RowStream(storage, "data/x/1", **options) as stream:
        for row in rows:
            stream.write(row)
    return stream


def test_what_was_written_is_read_back(storage):
    stream = stored(storage)
    reader = ObjectReader(storage, stream.objects)
    assert b"".join(iter(lambda: reader.read(1000), b"")) == b"".join(ROWS)
    assert stream.bytes == len(b"".join(ROWS))


def test_no_rows_make_no_object(storage):
    stream = stored(storage, rows=[])
    assert stream.objects == []
    assert ObjectReader(storage, stream.objects).read() == b""


def test_a_long_stream_becomes_several_objects(storage, monkeypatch):
    monkeypatch.setattr(stream_module, "OBJECT_LIMIT", 10_000)
    stream = stored(storage)
    assert len(stream.objects) > 1
    assert stream.objects[0].key != stream.objects[1].key
    reader = ObjectReader(storage, stream.objects)
    assert b"".join(iter(lambda: reader.read(1 << 16), b"")) == b"".join(ROWS)


def test_too_many_bytes_are_a_failed_snapshot_and_leave_no_object(storage):
    with pytest.raises(SnapshotFailed, match="max_snapshot_bytes"):
        stored(storage, max_bytes=300_000)
    assert list(storage.list("")) == []


def test_an_error_in_the_block_leaves_no_object_and_no_thread(storage):
    def lose_the_connection():
        with RowStream(storage, "data/x/1") as stream:
            for row in ROWS:
                stream.write(row)
            raise ConnectionResetError("gone")

    with pytest.raises(ConnectionResetError):
        lose_the_connection()
    assert list(storage.list("")) == []
    assert not [thread for thread in threading.enumerate() if thread.name == "backstop-stream"]


@pytest.mark.parametrize("after", [0, 1, 5])
def test_a_failing_store_stops_the_copy_and_never_blocks_it(storage, monkeypatch, after):
    def fail(key, chunks):
        for _ in range(after):
            next(chunks)
        raise StorageError("full")

    monkeypatch.setattr(storage, "write", fail)
    with pytest.raises(StorageError, match="full"):
        stored(storage, rows=ROWS * 5)


@pytest.mark.parametrize("damage", ["flip", "truncate", "extend", "swap"])
def test_a_damaged_object_is_never_read_as_if_it_were_whole(storage, tmp_path, damage):
    stream = stored(storage)
    (path,) = (tmp_path / "store" / "data" / "x").iterdir()
    whole = path.read_bytes()
    if damage == "flip":
        path.write_bytes(whole[:5000] + bytes([whole[5000] ^ 1]) + whole[5001:])
    elif damage == "truncate":
        path.write_bytes(whole[:-100])
    elif damage == "extend":
        path.write_bytes(whole + b"more")
    objects = stream.objects
    if damage == "swap":
        objects = [replace(stream.objects[0], sha256="0" * 64)]
    reader = ObjectReader(storage, objects)
    with pytest.raises(SnapshotDamaged, match="is damaged"):
        list(iter(lambda: reader.read(1 << 16), b""))
