"""Endpoints that are slow, throttle, lie or refuse, expired credentials, disks that are full."""

from __future__ import annotations

import contextlib
import logging
import re
import subprocess
import sys
import time

import psycopg2
import pytest

import backstop
from backstop.errors import StorageError, StorageUnreachable
from backstop.storage import open_storage
from testing import shop
from testing.bad_endpoint import (
    BadEndpoint,
    altered,
    cut_off,
    hanging_up,
    honest,
    lying,
    refusing,
    shortened,
    slow,
)

SCHEMA, ROWS = shop.SCHEMA, shop.ROWS
DELETE = "DELETE FROM stock WHERE sku < 5"


@pytest.fixture(scope="module")
def endpoint(moto_endpoint):
    with BadEndpoint(moto_endpoint.url).running() as bad:
        yield bad


@pytest.fixture
def behind(endpoint, moto_endpoint):
    """Gives the storage of a fresh bucket behind the endpoint, whose habits are good until then."""
    endpoint.habit = honest
    bucket, _, _ = moto_endpoint.create_bucket().partition("@")

    def opened(options="max_attempts=2"):
        return open_storage(f"{bucket}@{endpoint.url}?{options}")

    yield opened
    endpoint.habit = honest


@pytest.fixture
def delete(module_database, tables, caplog):
    """Gives a function that deletes, guarded, and returns what was logged of a failure."""
    caplog.set_level(logging.ERROR, "backstop")

    def run(storage, policy="log"):
        caplog.clear()
        with contextlib.closing(psycopg2.connect(module_database)) as raw:
            raw.autocommit = True
            db = backstop.guard(
                raw,
                storage=storage,
                actor="tester",
                snapshot_at="LOW",
                on_snapshot_failure=policy,
            )
            db.cursor().execute(DELETE)
        return " ".join(record.getMessage() for record in caplog.records)

    tables.reset()
    return run


def check_whole(storage):
    """Whatever is listed is whole."""
    found = backstop.snapshots.list(storage)
    for snapshot in found:
        assert not backstop.snapshots.verify(snapshot.id, storage).problems
    return found


# Endpoints that fail for a while


@pytest.mark.parametrize("habit", [
    pytest.param(lambda: slow(0.05), id="slow"),
    pytest.param(lambda: refusing(503, "SlowDown", until=1), id="throttling once"),
    pytest.param(lambda: refusing(500, "InternalError", first=2, until=1), id="failing once"),
    pytest.param(lambda: hanging_up(1), id="hanging up once"),
])  # fmt: skip
def test_what_passes_is_got_over(habit, endpoint, behind, delete, tables):
    before = tables.contents()
    endpoint.habit = habit()
    storage = behind()
    assert delete(storage, "raise") == ""
    assert tables.contents() != before
    endpoint.habit = honest
    (snapshot,) = check_whole(storage)
    endpoint.habit = habit()
    report = backstop.restore(snapshot.id, storage=storage, conn=tables.connection)
    assert report.complete
    assert tables.contents() == before


# Endpoints that fail for good

FAILING = [
    pytest.param(lambda: refusing(503, "SlowDown"), "SlowDown", id="throttling"),
    pytest.param(lambda: slow(0.8), "doesn't answer .* Check the endpoint", id="slow"),
    pytest.param(lambda: hanging_up(10**6), "doesn't answer", id="hanging up"),
    pytest.param(
        lambda: refusing(400, "ExpiredToken"), "ExpiredToken.* Check the credentials", id="expired"
    ),
    pytest.param(
        lambda: refusing(403, "ExpiredToken"), "ExpiredToken.* Check the credentials", id="403"
    ),
]


@pytest.mark.proof
@pytest.mark.parametrize("policy", ["log", "raise"])
@pytest.mark.parametrize(("habit", "says"), FAILING)
def test_a_statement_runs_or_not_as_it_was_wished(
    habit, says, policy, endpoint, behind, delete, tables
):
    done, before = tables.contents_after(DELETE), tables.contents()
    endpoint.habit = habit()
    storage = behind("max_attempts=2&read_timeout=0.5")
    began = time.monotonic()
    if policy == "raise":
        with pytest.raises(backstop.SnapshotFailed, match=says):
            delete(storage, policy)
        assert tables.contents() == before
    else:
        logged = delete(storage)
        assert tables.contents() == done
        assert "SNAPSHOT FAILED" in logged
        assert re.search(says, logged)
    assert time.monotonic() - began < 10
    endpoint.habit = honest
    assert check_whole(storage) == []


@pytest.mark.parametrize("policy", ["log", "raise"])
def test_credentials_that_expire_at_any_request_leave_nothing_half_listed(
    policy, endpoint, behind, delete, tables
):
    before, done = tables.contents_after(), tables.contents_after(DELETE)
    storage = behind()
    for number in range(100):
        tables.reset()
        listed_before = {snapshot.id for snapshot in check_whole(storage)}
        endpoint.habit = refusing(403, "ExpiredToken", first=number)
        endpoint.asked = 0
        refused, logged = False, ""
        try:
            logged = delete(storage, policy)
        except backstop.SnapshotFailed:
            refused = True
        was_refused_nothing = endpoint.asked <= number
        endpoint.habit = honest
        assert tables.contents() == (before if refused else done)
        new = [one for one in check_whole(storage) if one.id not in listed_before]
        assert len(new) == (0 if refused or "SNAPSHOT FAILED" in logged else 1)
        for snapshot in new:
            assert backstop.restore(snapshot.id, storage=storage, conn=tables.connection).complete
            assert tables.contents() == before
        if was_refused_nothing:
            break
        assert refused or "ExpiredToken" in logged
    assert 4 < number < 99


@pytest.mark.proof
def test_an_endpoint_that_throttles_for_ever_is_given_up_with_the_usual_settings(
    endpoint, behind, delete
):
    endpoint.habit = refusing(503, "SlowDown")
    endpoint.asked = 0
    began = time.monotonic()
    assert "SlowDown" in delete(behind(""))
    assert time.monotonic() - began < 15
    assert endpoint.asked < 10


# Endpoints that lie


@pytest.mark.proof
@pytest.mark.parametrize("about", ["/data/", "/manifests/", "/outcomes/"])
@pytest.mark.parametrize("change", [cut_off, shortened, altered])
def test_a_lie_is_found_and_never_restored(change, about, endpoint, behind, delete, tables):
    storage = behind()
    delete(storage, "raise")
    done = tables.contents()
    (snapshot,) = check_whole(storage)
    endpoint.habit = lying(change, about)
    with pytest.raises((StorageError, backstop.SnapshotDamaged), match=r"(?i)damaged|broke off"):
        backstop.restore(snapshot.id, storage=storage, conn=tables.connection)
    assert tables.contents() == done
    with contextlib.suppress(StorageError):
        assert backstop.snapshots.verify(snapshot.id, storage).problems
    endpoint.habit = honest
    assert backstop.restore(snapshot.id, storage=storage, conn=tables.connection).complete


@pytest.mark.parametrize("code", ["ExpiredToken", "SlowDown"])
def test_a_restore_and_a_prune_that_are_refused_change_nothing(
    code, endpoint, behind, delete, tables
):
    storage = behind("max_attempts=1")
    delete(storage, "raise")
    done = tables.contents()
    (snapshot,) = check_whole(storage)
    kind = StorageUnreachable if code == "ExpiredToken" else StorageError
    for number in range(3):
        endpoint.habit = refusing(503 if code == "SlowDown" else 403, code, first=number)
        with pytest.raises(kind, match=code):
            backstop.restore(snapshot.id, storage=storage, conn=tables.connection)
        assert tables.contents() == done
    endpoint.habit = refusing(503 if code == "SlowDown" else 403, code)
    with pytest.raises(kind, match=code):
        backstop.snapshots.prune(storage, keep_last=1)
    endpoint.habit = honest
    assert check_whole(storage) == [snapshot]


# Disks that are full

_DELETE_INTO_SMALL_FILES = """
import logging, resource, signal, sys
import psycopg2, backstop
dsn, storage, policy = sys.argv[1:]
logging.basicConfig(level=logging.ERROR, format="%(message)s")
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
raw = psycopg2.connect(dsn)
raw.autocommit = True
db = backstop.guard(raw, storage=storage, actor="tester", on_snapshot_failure=policy)
resource.setrlimit(resource.RLIMIT_FSIZE, (20_000, 20_000))
try:
    db.cursor().execute("DELETE FROM stock")
except backstop.SnapshotFailed:
    print("refused")
"""


@pytest.mark.parametrize("policy", ["log", "raise"])
def test_a_file_that_must_not_grow_fails_the_snapshot_and_not_the_statement(
    policy, module_database, tables, store, tmp_path
):
    tables.reset()
    cursor = tables.connection.cursor()
    cursor.execute("INSERT INTO stock SELECT g, random() * 1e9 FROM generate_series(10, 9999) g")
    done = subprocess.run(
        [sys.executable, "-c", _DELETE_INTO_SMALL_FILES, module_database, store, policy],
        capture_output=True, encoding="utf-8", check=True,
    )  # fmt: skip
    assert done.stdout == ("refused\n" if policy == "raise" else "")
    assert policy == "raise" or "SNAPSHOT FAILED" in done.stderr
    cursor.execute("SELECT count(*) FROM stock")
    assert cursor.fetchone() == ((9999 if policy == "raise" else 0),)
    assert check_whole(store) == []
    assert [path for path in (tmp_path / "store").rglob("*") if path.is_file()] == []
    tables.reset(redefine=True)


@pytest.fixture
def small_disk(tmp_path):
    """Gives a disk of 128 KiB; only root can make one."""
    folder = tmp_path / "disk"
    folder.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=128k", "tmpfs", str(folder)]
    try:
        done = subprocess.run(mount, capture_output=True, check=False)
    except OSError:
        pytest.skip("there is no program to mount a small disk")
    if done.returncode != 0:
        pytest.skip("a small disk can't be mounted here")
    yield folder
    subprocess.run(["umount", str(folder)], check=True)


@pytest.mark.parametrize("policy", ["log", "raise"])
def test_a_disk_that_fills_at_any_moment_leaves_nothing_half_listed(
    policy, small_disk, delete, tables
):
    before, done = tables.contents_after(), tables.contents_after(DELETE)
    storage = open_storage(small_disk.as_uri() + "/store")
    outcomes = set()
    # What the disk counts in are pages of 4 KiB.
    for room in range(12):
        tables.reset()
        filler = small_disk / "filler"
        filler.write_bytes(bytes(4096 * (31 - room)))
        refused, logged = False, ""
        try:
            logged = delete(storage, policy)
        except backstop.SnapshotFailed as error:
            refused, logged = True, str(error)
        failed = refused or "SNAPSHOT FAILED" in logged
        assert not failed or "is full. Make room there" in logged
        assert tables.contents() == (before if refused else done)
        filler.unlink()
        new = check_whole(storage)
        assert len(new) == (0 if failed else 1)
        for snapshot in new:
            assert backstop.restore(snapshot.id, storage=storage, conn=tables.connection).complete
            assert tables.contents() == before
        assert not list(small_disk.rglob("#*"))
        storage.delete(list(storage.list("")))
        outcomes.add(failed)
    assert outcomes == {True, False}
