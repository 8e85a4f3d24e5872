"""Storage URLs: what each means, and that a wrong one is said without repeating it."""

from __future__ import annotations

import subprocess
import sys

import pytest

from backstop.errors import ConfigurationError
from backstop.storage import open_storage
from backstop.storage.folder import FolderStorage
from backstop.storage.s3 import S3Storage
from backstop.storage.url import FolderLocation, S3Location, parse

RIGHT = {
    "s3://snapshots": S3Location("snapshots"),
    "s3://snapshots/": S3Location("snapshots"),
    "s3://snapshots?": S3Location("snapshots"),
    "S3://snapshots/a/b.c/": S3Location("snapshots", "a/b.c"),
    "s3://prod-snapshots@http://localhost:9000": S3Location(
        "prod-snapshots", endpoint="http://localhost:9000"
    ),
    "s3://b_1/p@https://minio.example/": S3Location("b_1", "p", "https://minio.example"),
    "s3://bucket@HTTP://[::1]:9000": S3Location("bucket", endpoint="http://[::1]:9000"),
    "s3://bucket?region=eu-west-1": S3Location("bucket", region="eu-west-1"),
    "s3://bucket/p@http://h:1?region=auto&addressing=virtual": S3Location(
        "bucket", "p", "http://h:1", region="auto", addressing="virtual"
    ),
    "s3://bucket?sse=AES256&storage_class=STANDARD_IA": S3Location(
        "bucket", sse="AES256", storage_class="STANDARD_IA"
    ),
    "s3://bucket?sse=aws:kms&sse_kms_key_id=arn:aws:kms:eu-west-1:1:key/a-b": S3Location(
        "bucket", sse="aws:kms", sse_kms_key_id="arn:aws:kms:eu-west-1:1:key/a-b"
    ),
    "s3://bucket?sse=aws:kms:dsse": S3Location("bucket", sse="aws:kms:dsse"),
    "s3://bucket?object_lock=30d": S3Location(
        "bucket", object_lock="30d", checksums="when_supported"
    ),
    "s3://bucket?object_lock=1W2D&object_lock_mode=compliance&checksums=when_required": S3Location(
        "bucket", object_lock="1w2d", object_lock_mode="compliance"
    ),
    "s3://bucket?checksums=when_supported&profile=my+team": S3Location(
        "bucket", checksums="when_supported", profile="my team"
    ),
    "s3://bucket?connect_timeout=0.5&read_timeout=10&max_attempts=1&part_size=16": S3Location(
        "bucket", connect_timeout=0.5, read_timeout=10.0, max_attempts=1, part_size=16
    ),
    "file:///var/lib/backstop": FolderLocation("/var/lib/backstop"),
    "file:///a//b/../c/": FolderLocation("/a/c"),
    "file:////a": FolderLocation("/a"),
    "file:///with%20space/%3F%23%25": FolderLocation("/with space/?#%"),
    "file:///with space": FolderLocation("/with space"),
}

WRONG = {
    "": "no scheme",
    "prod-snapshots": "no scheme",
    "/var/lib/backstop": "no scheme",
    "file:/var/lib": "no scheme",
    "gs://bucket": "gs:// is not supported",
    "https://bucket.example": "https:// is not supported",
    "my secret://x": "its scheme is not supported",
    "s3://bucket?object_lock=forever": "object_lock must be a period",
    "s3://bucket?object_lock=0d": "object_lock must be a period",
    "s3://bucket?object_lock=99999999w": "object_lock must be a period",
    "s3://bucket?object_lock_mode=compliance": "needs object_lock",
    "s3://bucket?object_lock=1d&object_lock_mode=soft": "governance or compliance",
    "s3://": "names no bucket",
    "s3:///prefix": "names no bucket",
    "s3://@http://localhost:9000": "names no bucket",
    "s3://?region=eu-west-1": "names no bucket",
    "s3://ab": "bucket's name",
    "s3://buck et": "bucket's name",
    "s3://-bucket": "bucket's name",
    "s3://bucket:9000": "bucket's name",
    "s3://bucket/../other": "the prefix",
    "s3://bucket//a": "the prefix",
    "s3://bucket/a b": "the prefix",
    "s3://bucket/" + "a/" * 101: "the prefix",
    "s3://bucket@localhost:9000": "begins with http",
    "s3://bucket/prefix@localhost:9000": "begins with http",
    "s3://bucket@ftp://localhost": "begins with http",
    "s3://AKIAKEY:topsecret@bucket": "credentials don't belong",
    "s3://bucket@http://": "host can't be read",
    "s3://bucket@http://:9000": "host can't be read",
    "s3://bucket@http://ho st": "host can't be read",
    "s3://bucket@http://host:port": "can't be read",
    "s3://bucket@http://host:99999": "can't be read",
    "s3://bucket@http://[::1": "can't be read",
    "s3://bucket@http://host/prefix": "a prefix stands before the @",
    "s3://bucket@http://host#x": "a prefix stands before the @",
    "s3://bucket@http://AKIAKEY:topsecret@host": "user name or password",
    "s3://bucket@http://AKIAKEY@host": "user name or password",
    "s3://bucket@http://AKIAKEY:top/secret@host": "can't be read",
    "s3://bucket?region": "written as ?name=value",
    "s3://bucket?topsecret": "written as ?name=value",
    "s3://bucket?secret_access_key=topsecret": "no option secret_access_key",
    "s3://bucket?AKIA=topsecret": "no option of such a name",
    "s3://bucket?region=a&region=b": "region stands there twice",
    "s3://bucket?region=": "region must be",
    "s3://bucket?region=eu%20west": "region must be",
    "s3://bucket?sse=topsecret": "sse must be AES256, aws:kms or aws:kms:dsse",
    "s3://bucket?sse_kms_key_id=abc": "sse_kms_key_id needs sse",
    "s3://bucket?sse=AES256&sse_kms_key_id=abc": "sse_kms_key_id needs sse",
    "s3://bucket?addressing=dns": "addressing must be path, virtual or auto",
    "s3://bucket?checksums=always": "checksums must be",
    "s3://bucket?storage_class=cheap": "storage_class must be",
    "s3://bucket?connect_timeout=0": "connect_timeout must be a number from 0.1 to 3600 (seconds)",
    "s3://bucket?read_timeout=nan": "read_timeout must be",
    "s3://bucket?max_attempts=2.5": "max_attempts must be",
    "s3://bucket?max_attempts=0": "max_attempts must be",
    "s3://bucket?part_size=4": "part_size must be a number from 5",
    "file://relative/folder": "must be absolute",
    "file://./folder": "must be absolute",
    "file://": "must be absolute",
    "file:///": "names no folder",
    "file:///a/..": "names no folder",
    "file:///a?region=x": "no options",
    "file:///a#b": "no options",
    "file:///a%00b": "control character",
}


@pytest.mark.parametrize(("url", "location"), RIGHT.items(), ids=list(RIGHT))
def test_a_right_url_means_its_location(url, location):
    assert parse(url) == location


@pytest.mark.parametrize("location", RIGHT.values(), ids=list(RIGHT))
def test_a_location_s_url_means_the_same_location(location):
    assert parse(location.url) == location


@pytest.mark.parametrize(("url", "problem"), WRONG.items(), ids=[ascii(url)[:60] for url in WRONG])
def test_a_wrong_url_is_a_configuration_error_with_a_way_out(url, problem):
    with pytest.raises(ConfigurationError) as caught:
        open_storage(url)
    message = str(caught.value)
    assert problem in message
    assert "storage" in message
    assert "A right one: " in message
    assert caught.value.__cause__ is None
    assert "secret@" not in message
    assert "topsecret" not in message
    assert "AKIA" not in message


@pytest.mark.parametrize("example", ["s3://", "file://x"])
def test_the_example_in_the_message_is_a_right_url(example):
    with pytest.raises(ConfigurationError) as caught:
        parse(example)
    parse(str(caught.value).rpartition("A right one: ")[2])


@pytest.mark.parametrize("value", [None, 3, b"s3://bucket"])
def test_what_is_not_a_url_is_a_configuration_error(value):
    with pytest.raises(ConfigurationError, match=f"of type {type(value).__name__}"):
        open_storage(value)


def test_a_path_is_a_configuration_error_that_shows_a_url(tmp_path):
    with pytest.raises(ConfigurationError, match="file:///"):
        open_storage(tmp_path)


def test_each_scheme_opens_its_store_and_contacts_nothing(tmp_path):
    # The port is one of a block on which nothing listens; the folder doesn't exist.
    assert isinstance(open_storage("s3://bucket@http://127.0.0.1:1"), S3Storage)
    assert isinstance(open_storage((tmp_path / "a").as_uri()), FolderStorage)
    assert not (tmp_path / "a").exists()


def test_opening_a_store_imports_no_boto3():
    script = (
        "import sys; from backstop.storage import open_storage; open_storage('s3://bucket');"
        "open_storage('file:///a'); sys.exit('botocore' in sys.modules or 'boto3' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", script], check=False).returncode == 0


def test_defaults_are_short_and_never_endless():
    location = parse("s3://bucket")
    assert isinstance(location, S3Location)
    assert (location.connect_timeout, location.read_timeout, location.max_attempts) == (5, 60, 3)
    assert location.url == "s3://bucket"
