"""What every store promises, against a folder and two real S3 endpoints."""

from __future__ import annotations

import hashlib
from concurrent.futures import ThreadPoolExecutor

import pytest

from backstop.errors import ObjectNotFound
from backstop.storage import Storage, StorageCheck, open_storage

MIB = 1024 * 1024


# A client takes 0.2 seconds to make, so the tests of this module share one for each server.
@pytest.fixture(scope="module")
def opened() -> dict[str, Storage]:
    return {}


@pytest.fixture(params=["folder", "moto", "rclone"])
def storage(request, tmp_path, opened) -> Storage:
    if request.param == "folder":
        return open_storage((tmp_path / "store").as_uri())
    if request.param not in opened:
        endpoint = request.getfixturevalue(f"{request.param}_endpoint")
        opened[request.param] = open_storage(endpoint.create_bucket())
    opened[request.param].delete(opened[request.param].list(""))
    return opened[request.param]


def blocks(count, size=MIB):
    for number in range(count):
        yield number.to_bytes(4, "big") * (size // 4)


def digest(chunks):
    total = hashlib.sha256()
    for chunk in chunks:
        total.update(chunk)
    return total.hexdigest()


def test_a_small_object_comes_back(storage):
    storage.put("manifests/a.json", b'{"format": 1}')
    assert storage.get("manifests/a.json") == b'{"format": 1}'
    assert storage.size("manifests/a.json") == 13


@pytest.mark.parametrize("chunks", [[], [b""], [b"", b"one", b"", b"two"]])
def test_a_short_stream_comes_back(storage, chunks):
    assert storage.write("data/a/1", iter(chunks)) == len(b"".join(chunks))
    assert storage.get("data/a/1") == b"".join(chunks)


def test_an_empty_object_comes_back(storage):
    storage.put("data/a/empty", b"")
    assert storage.get("data/a/empty") == b""
    assert storage.size("data/a/empty") == 0


# Around the size of a part, and of several; the last has chunks that divide no part.
@pytest.mark.parametrize(
    ("count", "size"), [(7, MIB), (8, MIB), (9, MIB), (16, MIB), (1, 20 * MIB), (7, 3 * MIB + 4)]
)
def test_a_stream_of_several_parts_comes_back(storage, count, size):
    assert storage.write("data/a/1", blocks(count, size)) == count * size
    assert storage.size("data/a/1") == count * size
    assert digest(storage.read("data/a/1")) == digest(blocks(count, size))


def test_reading_gives_chunks_of_at_most_1_mib(storage):
    storage.write("data/a/1", blocks(3))
    assert all(0 < len(chunk) <= MIB for chunk in storage.read("data/a/1"))


def test_reading_may_stop_halfway(storage):
    storage.write("data/a/1", blocks(9))
    reader = storage.read("data/a/1")
    assert next(reader)[:8] == bytes(8)
    reader.close()
    assert storage.size("data/a/1") == 9 * MIB


def test_writing_again_replaces_the_object(storage):
    storage.put("outcomes/a", b"first")
    storage.put("outcomes/a", b"second")
    assert storage.get("outcomes/a") == b"second"


def test_listing_is_sorted_by_key(storage):
    keys = ["a.b/1", "a/b-c/d", "a/b/c", "a/bb", "aa", "data/1/000001.copy.zst", "data/1,2/x=y~"]
    for key in reversed(keys):
        storage.put(key, b"x")
    assert list(storage.list("")) == sorted(keys)


def test_listing_takes_any_beginning_of_a_key(storage):
    for key in ["data/a1/1", "data/a2/1", "data/b/1", "datum"]:
        storage.put(key, b"x")
    assert list(storage.list("data/")) == ["data/a1/1", "data/a2/1", "data/b/1"]
    assert list(storage.list("data/a")) == ["data/a1/1", "data/a2/1"]
    assert list(storage.list("data/a1/")) == ["data/a1/1"]
    assert list(storage.list("dat")) == ["data/a1/1", "data/a2/1", "data/b/1", "datum"]
    assert list(storage.list("nothing/here")) == []
    assert list(storage.list("datum/x")) == []


def test_listing_and_deleting_go_beyond_one_page(storage, request):
    # moto has pages of 20 keys here; rclone, like AWS, of 1,000, which takes seconds to fill.
    count = 1010 if request.node.callspec.id == "rclone" else 110
    keys = [f"index/{number:05}" for number in range(count)]
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda key: storage.put(key, b""), keys))
    assert list(storage.list("index/")) == keys
    storage.delete(storage.list("index/"))
    assert list(storage.list("")) == []


def test_an_empty_store_lists_nothing(storage):
    assert list(storage.list("")) == []


def test_deleting_removes_exactly_the_keys_given(storage):
    for key in ["data/a/1", "data/a/2", "data/b/1"]:
        storage.put(key, b"x")
    storage.delete(["data/a/1", "data/a/2", "data/absent/1"])
    assert list(storage.list("")) == ["data/b/1"]
    storage.delete([])
    storage.delete(["data/b/1"])
    assert list(storage.list("")) == []


def test_what_is_absent_is_an_object_not_found(storage):
    storage.put("data/a/1", b"x")
    for ask in (storage.get, storage.size, lambda key: next(storage.read(key))):
        for key in ("data/a/2", "data/b/1", "data/a"):
            with pytest.raises(ObjectNotFound, match=key):
                ask(key)


@pytest.mark.parametrize("count", [0, 3, 20], ids=["at once", "in the first part", "in a later"])
def test_a_failing_iterator_leaves_nothing_and_its_error_comes_out(storage, count):
    class OurOwnError(Exception):
        pass

    error = OurOwnError("the database went away")

    def failing():
        yield from blocks(count)
        raise error

    with pytest.raises(OurOwnError) as caught:
        storage.write("data/a/1", failing())
    assert caught.value is error
    assert caught.value.__cause__ is None
    assert list(storage.list("")) == []
    with pytest.raises(ObjectNotFound):
        storage.get("data/a/1")


@pytest.mark.parametrize("error", [OSError(28, "not storage's"), KeyboardInterrupt(), ValueError()])
def test_an_error_that_looks_like_storage_s_comes_out_unchanged_too(storage, error):
    def failing():
        yield b"x"
        raise error

    with pytest.raises(type(error)) as caught:
        storage.write("data/a/1", failing())
    assert caught.value is error
    assert list(storage.list("")) == []


def test_what_is_not_bytes_is_a_type_error_and_leaves_nothing(storage):
    with pytest.raises(TypeError):
        storage.write("data/a/1", iter([b"bytes", "text"]))
    assert list(storage.list("")) == []


@pytest.mark.parametrize(
    "key",
    [
        "",
        "/etc/passwd",
        "../outside",
        "data/../../outside",
        "data/./a",
        "data//a",
        "data/a/",
        "data\\a",
        "data/a b",
        "data/a\n",
        "data/a\0",
        "data/ä",
        "data/#writing-1",
        "a" * 201,
        "/".join(["a" * 100] * 9),
    ],
)
def test_a_key_that_could_reach_outside_is_refused(storage, key):
    for use in (
        storage.get,
        storage.read,
        storage.size,
        lambda key: storage.delete([key]),
        lambda key: storage.put(key, b""),
        lambda key: storage.write(key, []),
    ):
        with pytest.raises(ValueError, match="can't be a key"):
            use(key)


@pytest.mark.parametrize("prefix", ["/", "../", "data/../", "a b", "data//", "data/./x"])
def test_a_prefix_that_could_reach_outside_is_refused(storage, prefix):
    with pytest.raises(ValueError, match="can't be the beginning of a key"):
        storage.list(prefix)


def test_every_character_that_a_key_may_have_works(storage):
    key = "data/AZaz09._~%+,=@-/%2F/...x/" + "k" * 200
    storage.put(key, b"x")
    assert list(storage.list("data/AZaz09._~%+,=@-/%2F/")) == [key]
    assert storage.get(key) == b"x"
    storage.delete([key])
    assert list(storage.list("")) == []


def test_eight_threads_share_one_store(storage):
    def work(number):
        key = f"data/{number}/1"
        storage.write(key, blocks(number + 5))
        storage.put(f"manifests/{number}", str(number).encode())
        assert digest(storage.read(key)) == digest(blocks(number + 5))
        assert key in list(storage.list("data/"))
        storage.delete([key])
        return storage.get(f"manifests/{number}")

    with ThreadPoolExecutor(8) as pool:
        assert list(pool.map(work, range(8))) == [str(number).encode() for number in range(8)]
    assert list(storage.list("data/")) == []


def test_a_check_writes_reads_and_deletes_and_leaves_nothing(storage):
    assert storage.check() == StorageCheck(writable=True, readable=True, deletable=True)
    assert list(storage.list("")) == []


def test_the_url_opens_the_same_store(storage):
    storage.put("data/a/1", b"x")
    assert open_storage(storage.url).get("data/a/1") == b"x"
    assert storage.url in repr(storage)


def test_a_store_is_opened_as_itself(storage):
    assert open_storage(storage) is storage
