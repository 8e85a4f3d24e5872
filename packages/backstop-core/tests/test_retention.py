"""What prune removes, and what rules, pins and locks keep from it."""

from __future__ import annotations

import os
import threading
import time
from datetime import datetime, timedelta, timezone

import pytest

import backstop
from backstop.snapshots import identifiers
from backstop.snapshots.manifest import (
    Consistency,
    DatabaseInfo,
    Fate,
    Manifest,
    Outcome,
    SavedColumn,
    SavedTable,
    StatementInfo,
    Status,
)
from backstop.snapshots.repository import Repository
from backstop.snapshots.restores import RecordedRestore
from backstop.storage import open_storage
from backstop.storage.folder import FolderStorage

DAY = timedelta(days=1)


def id_of(age):
    """Return the id of a snapshot that was begun so long ago."""
    then = datetime.now(timezone.utc) - age
    microseconds = int(then.timestamp() * 1_000_000)
    return identifiers._encode(microseconds, 11) + identifiers.new_id()[11:]


def save(repository, age, *tables, actor="agent", status=None, fate=None):
    """Store a snapshot of some tables; returns its id."""
    snapshot_id = id_of(age)
    repository.begin(snapshot_id)
    repository.save(
        Manifest(
            id=snapshot_id,
            created_at="",
            version="0.1.0",
            actor=actor,
            mode="protect",
            context={},
            allowed=None,
            statement=StatementInfo("DELETE", "CRITICAL", "No WHERE.", "DELETE FROM users"),
            database=DatabaseInfo("shop", 5, "7", 150018, "app"),
            transaction_id="700",
            isolation="read committed",
            consistency=Consistency.EXACT,
            tables=tuple(
                SavedTable(
                    number, "public", name, ("DELETE",), True,
                    (SavedColumn("id", "integer"),), ("id",), (), 0, 0, (),
                )
                for number, name in enumerate(tables)
            ),
        )
    )  # fmt: skip
    if status is not None:
        repository.save_outcome(snapshot_id, Outcome(status))
    if fate is not None:
        repository.save_fate(snapshot_id, fate)
    return snapshot_id


@pytest.fixture
def repository(tmp_path):
    return Repository(open_storage((tmp_path / "store").as_uri()))


def prune(repository, **rules):
    return backstop.snapshots.prune(repository.storage, **rules)


def left(repository):
    return [summary.id for summary in repository.summaries()]


def test_the_newest_of_each_table_stay(repository):
    old = [save(repository, age * DAY, "users") for age in (9, 8)]
    both = save(repository, 7 * DAY, "users", "orders")
    new = save(repository, 6 * DAY, "users")
    without = [save(repository, age * DAY) for age in (5, 4)]
    report = prune(repository, keep_last=1)
    assert report.snapshots == (*old, without[0])
    # The only one of orders, though there is a newer one of users.
    assert left(repository) == [both, new, without[1]]


def test_any_rule_keeps_a_snapshot(repository):
    young = save(repository, 1 * DAY, "users")
    newest_of_users = save(repository, 20 * DAY, "users", actor="billing-agent")
    of_actor = save(repository, 30 * DAY, "users", actor="audit")
    by_pattern = save(repository, 40 * DAY, "users", actor="billing-agent")
    gone = save(repository, 50 * DAY, "users")
    report = prune(repository, keep_within=3 * DAY, keep_last=2, keep_actor=["audit", "billing-*"])
    assert report.snapshots == (gone,)
    assert left(repository) == [by_pattern, of_actor, newest_of_users, young]


def test_what_destroyed_nothing_goes_first_and_is_no_table_s_newest(repository):
    good = [save(repository, age * DAY, "users") for age in (9, 8)]
    failed = save(repository, 7 * DAY, "users", status=Status.FAILED)
    undone = save(repository, 6 * DAY, "users", fate=Fate.ROLLED_BACK)
    report = prune(repository, keep_last=1)
    assert report.snapshots == (failed, undone, good[0])
    assert left(repository) == [good[1]]


@pytest.mark.parametrize("rules", [{}, {"keep_actor": ["somebody"]}])
def test_without_an_age_or_a_number_no_snapshot_goes(repository, rules):
    kept = save(repository, 900 * DAY, "users")
    assert prune(repository, **rules).snapshots == ()
    assert left(repository) == [kept]


@pytest.mark.parametrize(
    ("name", "value"),
    [("keep_last", 0), ("keep_last", True), ("keep_within", timedelta(seconds=-1))],
)
def test_a_wrong_rule_is_named(repository, name, value):
    with pytest.raises(backstop.ConfigurationError, match=name):
        prune(repository, **{name: value})


def test_a_dry_run_says_what_would_go_and_leaves_all(repository, tmp_path):
    gone = save(repository, 9 * DAY, "users")
    pinned = save(repository, 9 * DAY, "users")
    backstop.snapshots.pin(pinned, repository.storage)
    repository.begin(crashed := id_of(2 * DAY))
    before = sorted(tmp_path.rglob("*"))
    report = prune(repository, keep_within=DAY, dry_run=True)
    assert (report.snapshots, report.leftovers, report.pinned) == ((gone,), (crashed,), (pinned,))
    assert sorted(tmp_path.rglob("*")) == before


def test_a_pin_that_is_set_after_the_listing_holds(repository, monkeypatch):
    late = save(repository, 9 * DAY, "users")
    listed = Repository.summaries

    def listed_before_the_pin(self):
        found = listed(self)
        backstop.snapshots.pin(late, repository.storage)
        return found

    monkeypatch.setattr(Repository, "summaries", listed_before_the_pin)
    assert prune(repository, keep_within=DAY).pinned == (late,)
    monkeypatch.undo()
    assert [(one.id, one.pinned) for one in repository.summaries()] == [(late, True)]


def test_pinning_what_is_removed_at_that_moment_says_so(repository, monkeypatch):
    gone = save(repository, 9 * DAY, "users")
    find = Repository.find

    def found_before_its_end(self, beginning):
        found = find(self, beginning)
        repository.discard(found)
        return found

    monkeypatch.setattr(Repository, "find", found_before_its_end)
    with pytest.raises(backstop.SnapshotNotFound, match="at this moment"):
        backstop.snapshots.pin(gone, repository.storage)
    prune(repository)
    assert list(repository.storage.list("")) == []


def test_what_a_crash_left_goes_after_a_day(repository):
    repository.begin(fresh := id_of(timedelta(hours=1)))
    repository.begin(old := id_of(2 * DAY))
    repository.save_outcome(old, Outcome(Status.UNKNOWN))
    assert prune(repository).leftovers == (old,)
    assert list(repository.storage.list("")) == [f"data/{fresh}/begun"]


def test_what_is_not_ours_in_a_store_stays(repository):
    repository.storage.put("data/notes/read-me.txt", b"of somebody else")
    assert prune(repository).leftovers == ()
    assert list(repository.storage.list("data/")) == ["data/notes/read-me.txt"]


def test_what_becomes_complete_while_prune_looks_stays(repository, monkeypatch):
    # A snapshot that takes more than a day, and is finished right then.
    leftovers = Repository.leftovers
    slow = []

    def finished_after_the_look(self):
        self.begin(id_of(3 * DAY))
        found = leftovers(self)
        slow.append(save(repository, 3 * DAY, "users"))
        return [*found, slow[0]]

    monkeypatch.setattr(Repository, "leftovers", finished_after_the_look)
    prune(repository)
    assert left(repository) == slow


def test_half_written_files_go_after_a_day(repository, tmp_path):
    snapshot_id = save(repository, DAY, "users")
    folder = tmp_path / "store" / "data" / snapshot_id
    old, fresh = folder / "#writing-old", folder / "#writing-fresh"
    for path in (old, fresh):
        path.write_bytes(b"half")
    os.utime(old, (time.time() - 2 * 86400,) * 2)
    assert prune(repository, dry_run=True).unfinished == 1
    assert old.exists()
    assert prune(repository).unfinished == 1
    assert (old.exists(), fresh.exists()) == (False, True)


def test_uploads_that_were_never_finished_go_after_a_day(moto_url, moto_endpoint, monkeypatch):
    repository = Repository(open_storage(moto_url))
    bucket = moto_url[5:].partition("@")[0]
    key = f"data/{identifiers.new_id()}/1-0001.copy.zst"
    moto_endpoint.client.create_multipart_upload(Bucket=bucket, Key=key)
    # moto says 2010 of every upload, which is long ago.
    assert prune(repository).unfinished == 1
    assert "Uploads" not in moto_endpoint.client.list_multipart_uploads(Bucket=bucket)


def test_a_restore_is_known_as_long_as_an_earlier_snapshot_is_there(repository):
    pinned = save(repository, 9 * DAY, "users")
    restored = save(repository, 8 * DAY, "users")
    repository.save_restore(RecordedRestore(restored, "900", "7"))
    backstop.snapshots.pin(pinned, repository.storage)
    prune(repository, keep_within=DAY)
    assert left(repository) == [pinned]
    assert [one.xid for one in repository.restores_after(pinned)] == ["900"]
    backstop.snapshots.unpin(pinned, repository.storage)
    prune(repository, keep_within=DAY)
    assert list(repository.storage.list("")) == []


def test_prunes_at_once_remove_everything_once_and_raise_nothing(repository):
    gone = [save(repository, 9 * DAY, "users") for _ in range(40)]
    kept = save(repository, timedelta(0), "users")
    reports, errors = [], []

    def work():
        try:
            reports.append(prune(repository, keep_within=DAY))
        except Exception as error:
            errors.append(error)

    threads = [threading.Thread(target=work) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert errors == []
    assert set().union(*(report.snapshots for report in reports)) == set(gone)
    assert left(repository) == [kept]


def test_the_newest_of_each_table_are_found_without_reading_a_manifest(
    repository, tmp_path, monkeypatch
):
    made = [id_of(9 * DAY - timedelta(seconds=number)) for number in range(1000)]
    oldest = save(repository, 10 * DAY, "t0")
    (key,) = repository.storage.list(f"manifests/{oldest}/")
    for number, snapshot_id in enumerate(made):
        name = key.replace(".t0", f".t{number % 10}").replace(oldest, snapshot_id)
        path = tmp_path / "store" / name
        path.parent.mkdir(parents=True)
        path.touch()
    monkeypatch.setattr(FolderStorage, "read", None)
    report = prune(repository, keep_last=90, dry_run=True)
    assert report.snapshots == (oldest, *made[:100])


# Object Lock


@pytest.fixture
def locked(moto_endpoint):
    """Give the storage URL of a new bucket with Object Lock."""
    name = "locked-" + identifiers.new_id()
    moto_endpoint.client.create_bucket(Bucket=name, ObjectLockEnabledForBucket=True)
    return f"s3://{name}@{moto_endpoint.url}"


@pytest.mark.parametrize("mode", ["governance", "compliance"])
def test_every_object_is_written_with_its_retention(locked, moto_endpoint, mode):
    repository = Repository(open_storage(f"{locked}?object_lock=30d&object_lock_mode={mode}"))
    save(repository, timedelta(0), "users", status=Status.SUCCEEDED, fate=Fate.COMMITTED)
    bucket = locked[5:].partition("@")[0]
    keys = list(repository.storage.list(""))
    assert len(keys) == 4
    for key in keys:
        head = moto_endpoint.client.head_object(Bucket=bucket, Key=key)
        assert head["ObjectLockMode"] == mode.upper()
        until = head["ObjectLockRetainUntilDate"] - datetime.now(timezone.utc)
        assert timedelta(days=29, hours=23) < until < timedelta(days=30, minutes=1)


def test_an_upload_in_parts_asks_for_its_retention(locked):
    # moto forgets the retention of such an upload, so the request is looked at.
    storage, asked = open_storage(f"{locked}?object_lock=30d"), []
    storage._client().meta.events.register(
        "before-call.s3.CreateMultipartUpload",
        lambda params, **_: asked.append(params["headers"]),
    )
    storage.write("data/a/large", [bytes(2**20)] * 9)
    (headers,) = asked
    assert headers["x-amz-object-lock-mode"] == "GOVERNANCE"
    assert headers["x-amz-object-lock-retain-until-date"]


@pytest.mark.parametrize("options", ["", "?object_lock=30d"], ids=["plain", "with the option"])
def test_prune_leaves_what_is_locked(locked, options):
    with_lock = Repository(open_storage(f"{locked}?object_lock=30d"))
    kept = save(with_lock, 9 * DAY, "users")
    report = prune(Repository(open_storage(locked + options)), keep_within=DAY)
    assert (report.snapshots, report.locked) == ((), (kept,))
    assert left(with_lock) == [kept]
    assert backstop.snapshots.verify(kept, with_lock.storage).problems == ()


def test_prune_removes_what_was_locked_once_the_lock_has_ended(locked):
    repository = Repository(open_storage(f"{locked}?object_lock=1s"))
    gone = save(repository, 9 * DAY, "users")
    time.sleep(1.1)
    report = prune(repository, keep_within=DAY)
    assert (report.snapshots, report.locked) == ((gone,), ())
    assert left(repository) == []


def test_a_legal_hold_keeps_a_snapshot(locked, moto_endpoint):
    repository = Repository(open_storage(locked))
    held = save(repository, 9 * DAY, "users")
    (key,) = repository.storage.list(f"manifests/{held}/")
    moto_endpoint.client.put_object_legal_hold(
        Bucket=locked[5:].partition("@")[0], Key=key, LegalHold={"Status": "ON"}
    )
    assert prune(repository, keep_within=DAY).locked == (held,)


def test_the_lock_is_respected_where_storage_does_not_tell_it(locked):
    plain = Repository(open_storage(locked))
    kept = save(plain, 9 * DAY, "users")
    told = Repository(open_storage(f"{locked}?object_lock=30d"))
    assert prune(told, keep_within=DAY).locked == (kept,)
