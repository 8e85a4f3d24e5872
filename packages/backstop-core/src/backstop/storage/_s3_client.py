"""The boto3 client of an S3 store, and how its transfer manager is bounded.

boto3 is imported when the first client is made: it takes a second, which no one who only
classifies statements should pay.
"""

from __future__ import annotations

import os
import threading
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from boto3.s3.transfer import TransferConfig
    from botocore.awsrequest import AWSPreparedRequest
    from mypy_boto3_s3.client import S3Client

    from backstop.storage.url import S3Location

MIB = 1024 * 1024

# Parts of one upload that are on their way at once; one more is being filled meanwhile.
_UPLOADS = 2

_creating = threading.Lock()


def _renew_lock() -> None:
    # Another thread may have held it when the process forked, and isn't there to release it.
    global _creating
    _creating = threading.Lock()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_renew_lock)


class ClientOfProcess:
    """Gives the one client that a store has in this process, which all its threads share."""

    def __init__(self, location: S3Location) -> None:
        self._location = location
        # By process id: connections that a fork inherits would mix up two processes' requests.
        self._clients: dict[int, S3Client] = {}

    def __call__(self) -> S3Client:
        """Return the client, made at the first call; raises what boto3 raises."""
        process = os.getpid()
        client = self._clients.get(process)
        if client is None:
            with _creating:
                client = self._clients.get(process)
                if client is None:
                    client = self._clients[process] = _create(self._location)
        return client


def transfer_config(location: S3Location) -> TransferConfig:
    """Make the transfer manager's settings, with which an upload holds three parts in memory."""
    from boto3.s3.transfer import TransferConfig

    part = location.part_size * MIB
    config = TransferConfig(
        multipart_threshold=part,
        multipart_chunksize=part,
        max_concurrency=_UPLOADS,
        max_io_queue=2,
        # The other implementation, in C, has a memory bound of its own.
        preferred_transfer_client="classic",
    )
    # Parts of a stream are held in memory, ten of them unless told otherwise.
    config.max_in_memory_upload_chunks = _UPLOADS
    return config


def _create(location: S3Location) -> S3Client:
    from boto3 import Session
    from botocore.config import Config

    addressing = location.addressing or ("path" if location.endpoint else "auto")
    settings: dict[str, Any] = {
        "connect_timeout": location.connect_timeout,
        "read_timeout": location.read_timeout,
        "retries": {"total_max_attempts": location.max_attempts, "mode": "standard"},
        "s3": {"addressing_style": addressing},
        # Ten threads that upload at once find a connection; none is opened before it is needed.
        "max_pool_connections": 10 * _UPLOADS,
    }
    # Before botocore 1.36 there was no such choice, and it did what "when_required" does.
    for name in ("request_checksum_calculation", "response_checksum_validation"):
        if name in Config.OPTION_DEFAULTS:
            settings[name] = location.checksums
    # A session of our own: boto3's default one may not be shared between threads.
    session = Session(profile_name=location.profile)
    client = session.client(
        "s3",
        region_name=location.region,
        endpoint_url=location.endpoint,
        config=Config(**settings),
    )
    client.meta.events.register_first("before-send.s3", _expect_nothing_without_body)
    return client


def _expect_nothing_without_body(request: AWSPreparedRequest, **_: Any) -> None:
    # Servers written in Go answer "Expect: 100-continue" of an empty object with the final
    # answer. Many versions of botocore (boto/botocore#3755) then misread the next answer on that
    # connection, stall until the timeout and send the request twice.
    empty = request.headers.get("Content-Length") in ("0", b"0")
    if empty and "Expect" in request.headers:
        # Not part of what was signed.
        del request.headers["Expect"]
