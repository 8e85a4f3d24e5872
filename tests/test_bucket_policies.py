"""The policies of the documentation let everybody do their work, and nothing else.

moto, once told to, checks signatures and the policies of users and of buckets; of a bucket's policy
it looks at no principal.
"""

from __future__ import annotations

import json
from contextlib import closing

import psycopg2
import pytest
from boto3 import Session

import backstop
from backstop.storage import open_storage
from backstop.storage.base import AccessRefused
from testing.documents import DOCS, blocks

PAGE = DOCS / "operations" / "storage.md"
POLICIES = {block.notes["policy"]: block.text for block in blocks(PAGE) if "policy" in block.notes}
ROLES = ("writer", "restorer", "pruner")


class Bucket:
    """A bucket whose server enforces the policies of the documentation."""

    def __init__(self, endpoint, monkeypatch):
        self.endpoint, self._patch = endpoint, monkeypatch
        self.url = endpoint.create_bucket()
        self.name = self.url[5:].partition("@")[0]
        self._keys = {role: self._user(role) for role in ROLES}

    def policy(self, name):
        return POLICIES[name].replace("prod-snapshots", self.name)

    def become(self, role):
        """Use the credentials of one role from here on."""
        key, secret = self._keys[role]
        self._patch.setenv("AWS_ACCESS_KEY_ID", key)
        self._patch.setenv("AWS_SECRET_ACCESS_KEY", secret)
        return open_storage(self.url)

    def _user(self, role):
        iam = Session("any", "any").client(
            "iam", region_name="us-east-1", endpoint_url=self.endpoint.url
        )
        name = f"{role}-{self.name}"
        iam.create_user(UserName=name)
        iam.put_user_policy(UserName=name, PolicyName=role, PolicyDocument=self.policy(role))
        made = iam.create_access_key(UserName=name)["AccessKey"]
        return made["AccessKeyId"], made["SecretAccessKey"]


@pytest.fixture
def bucket(moto_endpoint, monkeypatch):
    found = Bucket(moto_endpoint, monkeypatch)
    # The server is a thread of this process; from here on it checks every request.
    monkeypatch.setattr("moto.settings.INITIAL_NO_AUTH_ACTION_COUNT", 0)
    try:
        assert list(found.become("restorer").list("manifests/")) == []
    except AccessRefused as error:
        if "SignatureDoesNotMatch" in str(error):
            pytest.skip("this version of moto misreads the signature of a listing")
        raise
    return found


@pytest.fixture
def users(dsn):
    with closing(psycopg2.connect(dsn)) as connection, connection:
        connection.cursor().execute("CREATE TABLE users AS SELECT generate_series(1, 50) AS id")


def destroy(dsn, bucket):
    bucket.become("writer")
    with closing(psycopg2.connect(dsn)) as raw:
        connection = backstop.guard(raw, bucket.url, "app", on_snapshot_failure="raise")
        connection.cursor().execute("DELETE FROM users")
        connection.commit()


def test_every_policy_is_on_the_page():
    assert sorted(POLICIES) == ["bucket", "pruner", "restorer", "writer"]


@pytest.mark.usefixtures("users")
def test_a_writer_takes_snapshots_and_can_neither_see_nor_remove_one(bucket, dsn):
    destroy(dsn, bucket)
    storage = bucket.become("writer")
    answer = storage.check()
    assert (answer.writable, answer.readable, answer.deletable) == (True, False, False)
    storage.write("data/large/1", [bytes(2**20)] * 9)
    with pytest.raises(AccessRefused):
        backstop.snapshots.list(bucket.url)
    bucket.become("restorer")
    (summary,) = backstop.snapshots.list(bucket.url)
    (key,) = open_storage(bucket.url).list(f"manifests/{summary.id}/")
    storage = bucket.become("writer")
    for refused in (
        lambda: storage.get(key),
        lambda: storage.delete([key]),
        lambda: backstop.snapshots.verify(summary.id, bucket.url),
        lambda: backstop.snapshots.prune(bucket.url),
    ):
        with pytest.raises(AccessRefused):
            refused()


@pytest.mark.usefixtures("users")
def test_who_restores_reads_all_and_writes_nothing_but_restores(bucket, dsn):
    destroy(dsn, bucket)
    storage = bucket.become("restorer")
    (summary,) = backstop.snapshots.list(bucket.url)
    assert backstop.snapshots.verify(summary.id, bucket.url).problems == ()
    assert backstop.restore(summary.id, storage=bucket.url, dsn=dsn).complete
    assert len(list(storage.list("restores/"))) == 1
    for refused in (
        lambda: storage.put(f"fates/{summary.id}/rolled-back.json", b"{}"),
        lambda: storage.delete(storage.list("manifests/")),
        lambda: backstop.snapshots.pin(summary.id, bucket.url),
    ):
        with pytest.raises(AccessRefused):
            refused()


@pytest.mark.usefixtures("users")
def test_who_prunes_removes_all_and_writes_nothing(bucket, dsn):
    destroy(dsn, bucket)
    storage = bucket.become("pruner")
    (summary,) = backstop.snapshots.list(bucket.url)
    with pytest.raises(AccessRefused):
        storage.put("manifests/x/forged", b"{}")
    report = backstop.snapshots.prune(bucket.url, keep_last=1)
    assert report.snapshots == ()
    assert [one.id for one in backstop.snapshots.list(bucket.url)] == [summary.id]


@pytest.mark.usefixtures("users")
def test_the_bucket_s_own_policy_holds_whatever_else_was_allowed(moto_endpoint, dsn):
    # These credentials may do anything, as far as users' policies go.
    url = moto_endpoint.create_bucket()
    name = url[5:].partition("@")[0]
    policy = json.loads(POLICIES["bucket"].replace("prod-snapshots", name))
    moto_endpoint.client.put_bucket_policy(Bucket=name, Policy=json.dumps(policy))
    with closing(psycopg2.connect(dsn)) as raw:
        connection = backstop.guard(raw, url, "app", on_snapshot_failure="raise")
        connection.cursor().execute("DELETE FROM users")
        connection.commit()
    answer = open_storage(url).check()
    assert (answer.writable, answer.readable, answer.deletable) == (True, False, False)
