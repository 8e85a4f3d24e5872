"""The folder store: rights, crashes, and a disk that doesn't play along."""

from __future__ import annotations

import errno
import os
import stat
import time

import pytest

from backstop.errors import ObjectNotFound, StorageError, StorageUnreachable
from backstop.storage import StorageCheck, open_storage

NOBODY = 65534


@pytest.fixture
def folder(tmp_path):
    return tmp_path / "made" / "store"


@pytest.fixture
def storage(folder):
    return open_storage(folder.as_uri())


@pytest.fixture
def ordinary_user(tmp_path):
    """Runs a test without root's power to pass over permission bits."""
    if os.geteuid() != 0:
        yield
        return
    for each in [tmp_path, *tmp_path.parents]:
        if each.stat().st_uid == 0 and each.name.startswith(("popen-", "pytest", "test_")):
            each.chmod(0o755)
    os.chown(tmp_path, NOBODY, NOBODY)
    os.seteuid(NOBODY)
    yield
    os.seteuid(0)


def mode(path):
    return stat.S_IMODE(path.stat().st_mode)


def files(folder):
    return sorted(path.name for path in folder.rglob("*") if path.is_file())


@pytest.mark.parametrize("umask", [0o000, 0o022, 0o077])
def test_only_the_owner_may_read_what_is_stored(storage, folder, umask):
    before = os.umask(umask)
    try:
        storage.put("data/a/1", b"x")
        storage.write("data/a/2", [b"x"])
    finally:
        os.umask(before)
    assert {mode(path) for path in folder.rglob("*") if path.is_file()} == {0o600}
    made = [folder.parent, folder, folder / "data", folder / "data" / "a"]
    assert {mode(path) for path in made} == {0o700}


def test_the_folder_is_made_by_writing_only(storage, folder):
    assert list(storage.list("")) == []
    storage.delete(["data/a/1"])
    with pytest.raises(ObjectNotFound):
        storage.size("data/a/1")
    assert not folder.parent.exists()
    storage.put("data/a/1", b"x")
    assert folder.exists()


def test_what_is_being_written_is_not_listed(storage, folder):
    def chunks():
        yield b"x"
        assert len(files(folder)) == 1
        assert list(storage.list("")) == []
        with pytest.raises(ObjectNotFound):
            storage.get("data/a/1")
        yield b"y"

    storage.write("data/a/1", chunks())
    assert files(folder) == ["1"]


def test_a_failed_write_leaves_no_file_and_the_earlier_object(storage, folder):
    storage.put("data/a/1", b"earlier")
    with pytest.raises(ZeroDivisionError):
        storage.write("data/a/1", (1 // (3 - size) * b"x" for size in range(9)))
    assert storage.get("data/a/1") == b"earlier"
    assert files(folder) == ["1"]


def test_an_object_is_on_the_disk_before_it_has_its_name(storage, folder, monkeypatch):
    synced = []
    monkeypatch.setattr(os, "fsync", lambda descriptor: synced.append(files(folder)))
    storage.put("data/a/1", b"x")
    while_writing = [names for names in synced if names and names != ["1"]]
    assert len(while_writing) == 1
    assert synced[-1] == ["1"]


MEGABYTE = bytes(1024 * 1024)


def test_a_large_object_goes_to_the_disk_while_it_is_written(storage, folder, monkeypatch):
    synced = []
    monkeypatch.setattr(
        os, "fsync", lambda descriptor: synced.append(os.fstat(descriptor).st_size >> 20)
    )
    pieces = (time.sleep(0.01) or MEGABYTE for _ in range(100))
    assert storage.write("data/a/1", pieces) == 100 * len(MEGABYTE)
    assert any(32 <= size < 100 for size in synced)
    assert 100 in synced


def test_an_error_of_the_disk_that_is_told_once_fails_the_write(storage, folder, monkeypatch):
    # The system tells of bytes that it has lost once, and of none of them afterwards.
    told = iter([OSError(errno.EIO, os.strerror(errno.EIO))])
    real = os.fsync

    def failing(descriptor):
        is_file = stat.S_ISREG(os.fstat(descriptor).st_mode)
        if is_file and (error := next(told, None)) is not None:
            raise error
        real(descriptor)

    monkeypatch.setattr(os, "fsync", failing)
    with pytest.raises(StorageError, match="Input/output error"):
        storage.write("data/a/1", (MEGABYTE for _ in range(40)))
    assert files(folder) == []


@pytest.mark.parametrize("code", [errno.ENOSPC, errno.EDQUOT])
def test_a_full_disk_is_said_and_leaves_nothing(storage, folder, monkeypatch, code):
    def full(descriptor):
        raise OSError(code, os.strerror(code))

    folder.mkdir(parents=True)
    (folder / "data").mkdir()
    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(StorageError, match="is full") as caught:
        storage.put("data/1", b"x")
    assert storage.url in str(caught.value)
    assert files(folder) == []


def test_a_file_size_limit_in_the_middle_leaves_nothing(storage, folder):
    resource = pytest.importorskip("resource")
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (1_000_000, before[1]))
    try:
        with pytest.raises(StorageError, match="File too large"):
            storage.write("data/a/1", [bytes(300_000)] * 10)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
    assert files(folder) == []


def test_a_rename_that_cannot_be_made_durable_leaves_nothing(storage, folder, monkeypatch):
    storage.put("data/a/0", b"x")
    real = os.fsync

    def failing(descriptor):
        if stat.S_ISDIR(os.fstat(descriptor).st_mode):
            raise OSError(errno.EIO, os.strerror(errno.EIO))
        real(descriptor)

    monkeypatch.setattr(os, "fsync", failing)
    with pytest.raises(StorageError, match="Input/output error"):
        storage.put("data/a/1", b"x")
    assert files(folder) == ["0"]


@pytest.mark.usefixtures("ordinary_user")
def test_missing_rights_are_said_with_the_way_out(storage, folder):
    storage.put("data/a/1", b"x")
    (folder / "data" / "a").chmod(0o500)
    with pytest.raises(StorageUnreachable, match="Permission denied") as caught:
        storage.put("data/a/2", b"x")
    assert "rights" in str(caught.value)
    with pytest.raises(StorageUnreachable, match="delete data/a/1"):
        storage.delete(["data/a/1"])
    (folder / "data" / "a").chmod(0o000)
    for ask in (storage.get, storage.size, lambda key: list(storage.list(key))):
        with pytest.raises(StorageUnreachable, match="Permission denied"):
            ask("data/a/1")
    (folder / "data" / "a").chmod(0o700)


@pytest.mark.usefixtures("ordinary_user")
def test_a_folder_that_cannot_be_written_fails_the_check(storage, folder):
    folder.mkdir(parents=True)
    folder.chmod(0o500)
    with pytest.raises(StorageUnreachable, match="Permission denied"):
        storage.check()
    folder.chmod(0o700)
    assert storage.check() == StorageCheck(writable=True, readable=True, deletable=True)


def test_a_file_in_the_folder_s_place_is_said(storage, folder):
    folder.parent.mkdir()
    folder.write_text("not a folder")
    with pytest.raises(StorageError, match="Not a directory"):
        storage.put("data/a/1", b"x")
    with pytest.raises(StorageError, match="Not a directory"):
        list(storage.list(""))


def test_a_key_cannot_be_a_folder_of_another(storage):
    storage.put("data/a", b"x")
    with pytest.raises(StorageError, match="Not a directory"):
        storage.put("data/a/1", b"x")
    storage.put("data/b/1", b"x")
    with pytest.raises(StorageError, match="Is a directory"):
        storage.put("data/b", b"x")
    assert list(storage.list("")) == ["data/a", "data/b/1"]


def test_deleting_removes_folders_that_are_empty_and_no_others(storage, folder):
    storage.put("data/a/1", b"x")
    storage.put("data/b/1", b"x")
    storage.delete(["data/a/1"])
    assert sorted(path.name for path in (folder / "data").iterdir()) == ["b"]
    storage.delete(["data/b/1"])
    assert folder.exists()
    assert list(folder.iterdir()) == []


def test_a_write_survives_a_prune_that_takes_its_folder(storage, folder, monkeypatch):
    real, once = os.open, []

    def racing(path, *arguments, **options):
        if str(path).startswith(str(folder)) and not once and "#" in str(path):
            once.append(path)
            os.rmdir(os.path.dirname(path))
        return real(path, *arguments, **options)

    monkeypatch.setattr(os, "open", racing)
    storage.put("data/a/1", b"x")
    assert once
    assert storage.get("data/a/1") == b"x"


def test_a_file_that_shrinks_while_it_is_read_is_not_taken_for_whole(storage, folder):
    storage.put("data/a/1", bytes(3_000_000))
    reader = storage.read("data/a/1")
    next(reader)
    os.truncate(folder / "data" / "a" / "1", 1_500_000)
    with pytest.raises(StorageError, match=r"1,500,000 of 3,000,000 bytes"):
        list(reader)
