"""The S3 store: its requests, its memory, and endpoints that fail in every way."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta, timezone
from io import BytesIO
from socketserver import StreamRequestHandler, ThreadingTCPServer

import pytest

from backstop.errors import ObjectNotFound, StorageError, StorageUnreachable
from backstop.storage import StorageCheck, open_storage
from backstop.storage._stream import ChunkStream
from testing.s3 import ACCESS_KEY, SECRET_KEY, free_port

MIB = 1024 * 1024

OPERATIONS = {
    "put": lambda storage: storage.put("data/a/1", b"x"),
    "write": lambda storage: storage.write("data/a/1", [b"x"]),
    "write parts": lambda storage: storage.write("data/a/1", [bytes(MIB)] * 9),
    "get": lambda storage: storage.get("data/a/1"),
    "list": lambda storage: list(storage.list("")),
    "size": lambda storage: storage.size("data/a/1"),
    "delete": lambda storage: storage.delete(["data/a/1"]),
    "delete many": lambda storage: storage.delete(["data/a/1", "data/a/2"]),
    "check": lambda storage: storage.check(),
}
each_operation = pytest.mark.parametrize("operation", OPERATIONS.values(), ids=list(OPERATIONS))


@pytest.fixture
def storage(moto_url):
    return open_storage(moto_url)


@pytest.fixture
def raw(moto_endpoint):
    return moto_endpoint.client


def bucket_of(storage):
    return storage.url.partition("@")[0][len("s3://") :]


class Body(BytesIO):
    def stream(self, **_):
        yield self.read()


def answer(storage, operation, status, code, then=None):
    """Have the client get this answer to an operation, in place of the server's."""
    from botocore.awsrequest import AWSResponse

    def respond(request, **_):
        if then is not None:
            then(request)
        body = f"<Error><Code>{code}</Code><Message>for the test</Message></Error>"
        return AWSResponse(request.url, status, {}, Body(body.encode()))

    storage._client().meta.events.register(f"before-send.s3.{operation}", respond)


# Endpoints that are not there, or not ours


@pytest.mark.usefixtures("s3_credentials")
@each_operation
def test_a_dead_endpoint_is_unreachable(operation):
    storage = open_storage(f"s3://snapshots@http://127.0.0.1:{free_port()}?max_attempts=1")
    with pytest.raises(StorageUnreachable, match=r"http://127.0.0.1:\d+ doesn't answer"):
        operation(storage)


@pytest.mark.usefixtures("s3_credentials")
def test_a_dead_endpoint_is_given_up_within_ten_seconds_by_default():
    storage = open_storage(f"s3://snapshots@http://127.0.0.1:{free_port()}")
    started = time.monotonic()
    with pytest.raises(StorageUnreachable):
        storage.write("data/a/1", [bytes(MIB)] * 20)
    assert time.monotonic() - started < 10


@pytest.mark.usefixtures("s3_credentials")
def test_a_name_that_does_not_resolve_is_unreachable():
    storage = open_storage("s3://snapshots@http://nowhere.invalid?max_attempts=1")
    with pytest.raises(StorageUnreachable, match=r"nowhere\.invalid doesn't answer"):
        storage.check()


@pytest.fixture
def serve():
    """Runs a server that answers each connection by one function."""
    servers = []

    def start(respond):
        class Handler(StreamRequestHandler):
            def handle(self):
                while self.rfile.readline().strip():
                    pass
                respond(self.wfile)

        server = ThreadingTCPServer(("127.0.0.1", 0), Handler)
        server.daemon_threads = True
        threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
        servers.append(server)
        return f"http://127.0.0.1:{server.server_address[1]}"

    yield start
    for server in servers:
        server.shutdown()
        server.server_close()


@pytest.mark.usefixtures("s3_credentials")
def test_an_endpoint_that_never_answers_is_unreachable(serve):
    endpoint = serve(lambda wfile: time.sleep(3))
    storage = open_storage(f"s3://snapshots@{endpoint}?read_timeout=0.3&max_attempts=2")
    started = time.monotonic()
    with pytest.raises(StorageUnreachable, match="doesn't answer"):
        storage.put("data/a/1", b"x")
    assert time.monotonic() - started < 10


@pytest.mark.usefixtures("s3_credentials")
def test_an_endpoint_that_hangs_up_is_unreachable(serve):
    endpoint = serve(lambda wfile: None)
    storage = open_storage(f"s3://snapshots@{endpoint}?max_attempts=1")
    with pytest.raises(StorageUnreachable, match="doesn't answer"):
        storage.put("data/a/1", b"x")


@pytest.mark.usefixtures("s3_credentials")
@pytest.mark.parametrize("sent", [0, 1, 999, MIB + 1])
def test_a_read_that_is_cut_short_is_a_storage_error(serve, sent):
    def respond(wfile):
        wfile.write(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % (sent + 1))
        wfile.write(bytes(sent))

    storage = open_storage(f"s3://snapshots@{serve(respond)}?max_attempts=1")
    with pytest.raises(StorageError):
        storage.get("data/a/1")


def test_fewer_bytes_than_announced_are_a_storage_error_whatever_boto3_thinks(storage):
    storage.put("data/a/1", b"whole")
    storage._client().meta.events.register(
        "after-call.s3.GetObject", lambda parsed, **_: parsed.update(ContentLength=6)
    )
    with pytest.raises(StorageError, match="gave 5 of 6 bytes"):
        storage.get("data/a/1")


@pytest.mark.parametrize("name", [name for name in OPERATIONS if name != "size"])
def test_a_missing_bucket_is_named_with_the_way_to_create_it(s3_endpoint, name):
    storage = open_storage(f"s3://not-there@{s3_endpoint.url}")
    if s3_endpoint.name == "rclone" and name.startswith("delete"):
        pytest.skip("rclone answers that what is in no bucket is deleted")
    with pytest.raises(StorageError, match="there is no bucket not-there") as caught:
        OPERATIONS[name](storage)
    assert not isinstance(caught.value, (ObjectNotFound, StorageUnreachable))
    assert f"aws s3 mb s3://not-there --endpoint-url {s3_endpoint.url}" in str(caught.value)


@each_operation
def test_wrong_credentials_are_refused_and_not_shown(rclone_endpoint, monkeypatch, operation):
    url = rclone_endpoint.create_bucket()
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "another-secret")
    with pytest.raises(StorageUnreachable, match="refuses it") as caught:
        operation(open_storage(url))
    for secret in (ACCESS_KEY, SECRET_KEY, "another-secret"):
        assert secret not in str(caught.value)


@pytest.mark.usefixtures("s3_credentials")
@each_operation
def test_missing_credentials_are_said(moto_url, monkeypatch, operation):
    monkeypatch.delenv("AWS_ACCESS_KEY_ID")
    monkeypatch.delenv("AWS_SECRET_ACCESS_KEY")
    with pytest.raises(StorageUnreachable, match="Set AWS_ACCESS_KEY_ID"):
        operation(open_storage(moto_url))


@pytest.mark.usefixtures("s3_credentials")
def test_half_of_the_credentials_is_said(moto_url, monkeypatch):
    monkeypatch.delenv("AWS_SECRET_ACCESS_KEY")
    with pytest.raises(StorageUnreachable, match="Set AWS_ACCESS_KEY_ID"):
        open_storage(moto_url).check()


def test_a_missing_profile_is_said(moto_url):
    with pytest.raises(StorageUnreachable, match=r"colleague.*option profile"):
        open_storage(f"{moto_url}?profile=colleague").check()


# What a hardened bucket refuses


@pytest.mark.parametrize(
    ("operation", "check"),
    [
        ("DeleteObject", StorageCheck(True, True, False)),
        ("GetObject", StorageCheck(True, False, True)),
    ],
)
def test_a_check_says_what_the_bucket_refuses(storage, operation, check):
    answer(storage, operation, 403, "AccessDenied")
    assert storage.check() == check


def test_a_bucket_that_refuses_writing_fails_the_check(storage):
    answer(storage, "PutObject", 403, "AccessDenied")
    with pytest.raises(StorageUnreachable, match="AccessDenied: for the test"):
        storage.check()


def test_a_store_that_gives_back_other_bytes_fails_the_check(storage, monkeypatch):
    monkeypatch.setattr(storage, "get", lambda key: b"other bytes")
    with pytest.raises(StorageError, match="gave back other bytes"):
        storage.check()
    assert list(storage.list("")) == []


def test_a_server_that_fails_is_a_storage_error_with_its_answer(moto_url):
    storage = open_storage(f"{moto_url}?max_attempts=1")
    answer(storage, "ListObjectsV2", 503, "SlowDown")
    with pytest.raises(StorageError, match="SlowDown: for the test"):
        list(storage.list(""))


def test_deleting_works_where_bulk_deletes_do_not(storage):
    for key in ("a", "b", "c"):
        storage.put(key, b"x")
    answer(storage, "DeleteObjects", 501, "NotImplemented")
    storage.delete(["a", "b"])
    assert list(storage.list("")) == ["c"]


# Uploads that fail


def uploads(raw, storage):
    return raw.list_multipart_uploads(Bucket=bucket_of(storage)).get("Uploads", [])


def test_a_failing_iterator_leaves_no_multipart_upload(storage, raw):
    def failing():
        # The fifth part is read only when the first was sent.
        yield from [bytes(MIB)] * 40
        assert len(uploads(raw, storage)) == 1
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        storage.write("data/a/1", failing())
    assert uploads(raw, storage) == []


@pytest.mark.parametrize(
    ("operation", "sizes"),
    [
        ("PutObject", 1),
        ("CreateMultipartUpload", 20),
        ("UploadPart", 20),
        ("CompleteMultipartUpload", 20),
    ],
)
def test_an_upload_that_storage_fails_leaves_nothing(moto_url, raw, operation, sizes):
    storage = open_storage(f"{moto_url}?max_attempts=1")
    answer(storage, operation, 500, "InternalError")
    with pytest.raises(StorageError, match="InternalError"):
        storage.write("data/a/1", [bytes(MIB)] * sizes)
    assert uploads(raw, open_storage(moto_url)) == []
    assert list(storage.list("")) == []


def test_a_failed_upload_stops_pulling_chunks(moto_url):
    storage = open_storage(f"{moto_url}?max_attempts=1")
    answer(storage, "UploadPart", 403, "AccessDenied")
    pulled = []

    def endless():
        while True:
            pulled.append(time.sleep(0.01))
            yield bytes(MIB)

    with pytest.raises(StorageUnreachable, match="AccessDenied"):
        storage.write("data/a/1", endless())
    assert len(pulled) < 200


@pytest.mark.parametrize("write", ["put", "write"])
def test_an_object_whose_answer_was_lost_is_removed_again(moto_url, raw, write):
    storage = open_storage(f"{moto_url}?max_attempts=1")
    bucket = bucket_of(storage).partition("?")[0]
    answer(
        storage,
        "PutObject",
        500,
        "InternalError",
        then=lambda request: raw.put_object(Bucket=bucket, Key="data/a/1", Body=b"x"),
    )
    with pytest.raises(StorageError, match="InternalError"):
        getattr(storage, write)("data/a/1", [b"x"] if write == "write" else b"x")
    assert list(storage.list("")) == []


def test_a_store_tells_the_time_even_to_whom_it_refuses_everything(s3_url, monkeypatch):
    for key in ("backstop-test-key", "someone-else"):
        monkeypatch.setenv("AWS_ACCESS_KEY_ID", key)
        now = open_storage(s3_url).clock()
        assert abs(now - datetime.now(timezone.utc)) < timedelta(seconds=30)


# What is sent


@pytest.mark.parametrize("sizes", [1, 9], ids=["one request", "parts"])
def test_encryption_and_storage_class_go_with_every_object(moto_url, raw, sizes):
    storage = open_storage(
        f"{moto_url}?sse=aws:kms&sse_kms_key_id=my-key&storage_class=STANDARD_IA"
    )
    storage.write("data/a/1", [bytes(MIB)] * sizes)
    storage.put("manifests/a", b"x")
    for key in ("data/a/1", "manifests/a"):
        head = raw.head_object(Bucket=moto_url[5:].partition("@")[0], Key=key)
        assert head["ServerSideEncryption"] == "aws:kms"
        assert head["SSEKMSKeyId"].endswith("my-key")
        assert head["StorageClass"] == "STANDARD_IA"


@pytest.mark.parametrize(("option", "sent"), [("", False), ("?checksums=when_supported", True)])
def test_checksums_are_sent_only_where_they_are_wanted(moto_url, option, sent):
    storage, headers = open_storage(moto_url + option), []
    storage._client().meta.events.register(
        "before-send.s3", lambda request, **_: headers.extend(request.headers)
    )
    storage.put("manifests/a", b"x")
    storage.write("data/a/1", [bytes(MIB)] * 9)
    found = {str(name).lower() for name in headers}
    assert any("checksum" in name or "trailer" in name for name in found) is sent


@pytest.mark.parametrize("write", [lambda s: s.put("a", b""), lambda s: s.write("a", [])])
def test_an_empty_object_asks_for_no_interim_answer(storage, write):
    headers = []
    storage._client().meta.events.register(
        "before-send.s3", lambda request, **_: headers.extend(request.headers)
    )
    write(storage)
    assert headers
    assert "Expect" not in headers


def test_an_empty_object_does_not_disturb_the_requests_after_it(s3_url):
    # With a read timeout of a second and one try, a stalled connection would be an error.
    storage = open_storage(f"{s3_url}?read_timeout=1&max_attempts=1")
    for number in range(10):
        storage.put(f"index/{number}", b"")
        storage.put(f"manifests/{number}", b"x")
    storage.write("data/a/1", [bytes(MIB)] * 17)
    assert len(list(storage.list(""))) == 21


def test_a_prefix_keeps_stores_of_one_bucket_apart(s3_endpoint):
    url = s3_endpoint.create_bucket()
    bucket = url[5:].partition("@")[0]
    one, two = (open_storage(url.replace("@", f"/{prefix}@")) for prefix in ("a/b", "a/bb"))
    one.put("data/1", b"one")
    two.put("data/1", b"two")
    assert one.get("data/1") == b"one"
    assert list(one.list("")) == ["data/1"]
    keys = [found["Key"] for found in s3_endpoint.client.list_objects_v2(Bucket=bucket)["Contents"]]
    assert keys == ["a/b/data/1", "a/bb/data/1"]
    one.delete(["data/1"])
    assert two.get("data/1") == b"two"


def test_what_cannot_be_a_key_of_ours_is_not_listed(storage, raw):
    for key in ("data/", "a b", "data//x", "ours"):
        raw.put_object(Bucket=bucket_of(storage), Key=key, Body=b"")
    assert list(storage.list("")) == ["ours"]


# Threads, processes and memory


def test_threads_share_one_client(moto_url):
    storage = open_storage(moto_url)
    with ThreadPoolExecutor(8) as pool:
        clients = {id(client) for client in pool.map(lambda _: storage._client(), range(8))}
    assert len(clients) == 1


def run(script, *arguments):
    command = [sys.executable, "-W", "ignore", "-c", script, *map(str, arguments)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")
def test_a_forked_process_has_a_client_of_its_own(moto_url):
    script = """
import os, sys
from backstop.storage import open_storage
storage = open_storage(sys.argv[1])
storage.put("parent", b"x")
mine = storage._client()
child = os.fork()
if child == 0:
    assert storage._client() is not mine
    storage.put("child", b"x")
    os._exit(0)
assert os.waitpid(child, 0)[1] == 0
assert storage._client() is mine
print(list(storage.list("")))
"""
    assert run(script, moto_url).strip() == "['child', 'parent']"


@pytest.mark.skipif(not os.path.exists("/proc/self/status"), reason="needs Linux's /proc")
def test_memory_does_not_grow_with_the_stream(rclone_endpoint):
    script = """
import hashlib, os, sys
from backstop.storage import open_storage
def peak():
    with open("/proc/self/status") as status:
        return next(int(line.split()[1]) / 1024 for line in status if line.startswith("VmHWM"))
storage = open_storage(sys.argv[1])
storage.check()
before = peak()
storage.write("data/a/1", (os.urandom(128 * 1024) for _ in range(int(sys.argv[2]) * 8)))
written = peak()
assert sum(map(len, storage.read("data/a/1"))) == int(sys.argv[2]) * 1024 * 1024
print(written - before, peak() - before)
"""
    written, read = map(float, run(script, rclone_endpoint.create_bucket(), 160).split())
    assert written < 48
    assert read < 48


# The stream


def test_a_stream_gives_parts_of_exactly_the_size_asked_for():
    stream = ChunkStream([b"abc", b"", b"defgh", b"i"], 4)
    assert [stream.read(4) for _ in range(4)] == [b"abcd", b"efgh", b"i", b""]
    assert (stream.size, stream.exhausted, stream.error) == (9, True, None)


def test_parts_grow_so_that_ten_thousand_hold_a_very_large_object():
    stream = ChunkStream((bytes(64) for _ in iter(int, 1)), 8)
    sizes = [len(stream.read(8)) for _ in range(10_000)]
    assert sizes[:2000] == [8] * 2000
    assert sizes[-1] == 128
    assert sum(sizes) / 8 * 8 * MIB > 480 * 1024**3
