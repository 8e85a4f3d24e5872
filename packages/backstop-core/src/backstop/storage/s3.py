"""Snapshots in a bucket of S3, or of a server that speaks its protocol, by boto3.

Nothing here relies on conditional requests (If-None-Match): several servers ignore them without
a word. Safety comes from keys that are used once, and from reading back what matters.

An upload that fails is aborted. What a killed process leaves of an upload isn't an object and
isn't listed; a lifecycle rule of the bucket (AbortIncompleteMultipartUpload) removes it.
"""

from __future__ import annotations

from contextlib import contextmanager, suppress
from datetime import datetime, timezone
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING, Any, cast

from backstop.errors import StorageError
from backstop.storage._s3_client import MIB, ClientOfProcess, transfer_config
from backstop.storage._s3_errors import may_be_stored, translate
from backstop.storage._stream import ChunkStream
from backstop.storage.base import READ_SIZE, Storage, is_key, validate_key, validate_prefix

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from typing import IO

    from backstop.storage.url import S3Location

# What one DeleteObjects request may name.
_DELETE_BATCH = 1000


class S3Storage(Storage):
    """A bucket as a store, with boto3's ordinary credential chain and its transfer manager.

    Each storage has one client for each process, made at the first call. An upload holds at most
    three parts (``part_size``, 5 MiB) in memory; see ChunkStream for uploads of more than 10 GB.
    """

    def __init__(self, location: S3Location) -> None:
        self._location = location
        self._prefix = location.prefix + "/" if location.prefix else ""
        self._client = ClientOfProcess(location)

    @property
    def url(self) -> str:
        """The ``s3://`` URL in its normal form."""
        return self._location.url

    def write(self, key: str, chunks: Iterable[bytes]) -> int:
        """Store one object from a stream of chunks and return its size in bytes."""
        name = self._name(key)
        stream = ChunkStream(chunks, self._location.part_size * MIB)
        try:
            with self._translated(f"write {key}"):
                self._upload(name, stream)
        except Exception:
            if stream.error is None:
                raise
        if stream.error is not None:
            # As it was, not as what the transfer made of it.
            raise stream.error
        return stream.size

    def _upload(self, name: str, stream: ChunkStream) -> None:
        from boto3.s3.transfer import create_transfer_manager

        with create_transfer_manager(self._client(), transfer_config(self._location)) as manager:
            future = manager.upload(
                fileobj=cast("IO[bytes]", stream),
                bucket=self._location.bucket,
                key=name,
                extra_args=self._object_settings(),
            )
            stream.stop_when(future.done)
            try:
                future.result()
            except Exception as error:
                # Before its last bytes were sent, an object can't have come to be.
                if stream.exhausted:
                    self._remove_traces(name, error)
                raise

    def put(self, key: str, data: bytes) -> None:
        """Store one small object in a single request; it is there whole or not at all."""
        name = self._name(key)
        with self._translated(f"write {key}"):
            try:
                self._client().put_object(
                    Bucket=self._location.bucket, Key=name, Body=data, **self._object_settings()
                )
            except Exception as error:
                self._remove_traces(name, error)
                raise

    def read(self, key: str) -> Iterator[bytes]:
        """Stream an object in chunks of at most 1 MiB."""
        return self._read(key, self._name(key))

    def _read(self, key: str, name: str) -> Iterator[bytes]:
        with self._translated(f"read {key}", key):
            response = self._client().get_object(Bucket=self._location.bucket, Key=name)
        body, announced, received = response["Body"], response.get("ContentLength"), 0
        try:
            while True:
                with self._translated(f"read {key}", key):
                    chunk = body.read(READ_SIZE)
                if not chunk:
                    break
                received += len(chunk)
                yield chunk
        finally:
            body.close()
        if announced is not None and received != announced:
            raise StorageError(
                f"Can't read {key}: {self.url} gave {received:,} of {announced:,} bytes."
            )

    def list(self, prefix: str) -> Iterator[str]:
        """Find the keys that begin with ``prefix``, sorted as the server sorts them."""
        return self._list(self._prefix + validate_prefix(prefix))

    def _list(self, prefix: str) -> Iterator[str]:
        with self._translated("list the objects"):
            paginator = self._client().get_paginator("list_objects_v2")
            pages = iter(paginator.paginate(Bucket=self._location.bucket, Prefix=prefix))
        while True:
            with self._translated("list the objects"):
                page = next(pages, None)
            if page is None:
                return
            for found in page.get("Contents", ()):
                key = found["Key"][len(self._prefix) :]
                # Consoles make objects such as "data/" to show a folder.
                if is_key(key):
                    yield key

    def size(self, key: str) -> int:
        """Ask for an object's size in bytes."""
        name = self._name(key)
        with self._translated(f"read {key}", key):
            return self._client().head_object(Bucket=self._location.bucket, Key=name)[
                "ContentLength"
            ]

    def clock(self) -> datetime | None:
        """Return the server's time, which stands on each of its answers, refusals included."""
        from botocore.exceptions import ClientError

        with self._translated("ask for the time"):
            try:
                answer: Any = self._client().head_object(
                    Bucket=self._location.bucket, Key=self._name("check/clock")
                )
            except ClientError as error:
                answer = error.response
        said = answer["ResponseMetadata"].get("HTTPHeaders", {}).get("date")
        return parsedate_to_datetime(said) if said else None

    def locked_until(self, key: str) -> datetime | None:
        """Return the end of an object's retention; a legal hold has none."""
        name = self._name(key)
        with self._translated(f"read {key}", key):
            found = self._client().head_object(Bucket=self._location.bucket, Key=name)
        if found.get("ObjectLockLegalHoldStatus") == "ON":
            return datetime.max.replace(tzinfo=timezone.utc)
        until = found.get("ObjectLockRetainUntilDate")
        if until is None and self._location.retention is not None:
            # S3 tells it only to those who have the right s3:GetObjectRetention.
            until = found["LastModified"] + self._location.retention
        return until if until is not None and until > datetime.now(timezone.utc) else None

    def remove_unfinished(self, begun_before: datetime, *, dry_run: bool = False) -> int:
        """Abort the uploads that a crash ended; none where the server doesn't let us list them."""
        from botocore.exceptions import ClientError

        bucket, removed = self._location.bucket, 0
        with self._translated("list unfinished uploads"), suppress(ClientError):
            paginator = self._client().get_paginator("list_multipart_uploads")
            for page in paginator.paginate(Bucket=bucket, Prefix=self._prefix):
                for upload in page.get("Uploads", ()):
                    if upload["Initiated"] >= begun_before:
                        continue
                    if not dry_run:
                        self._client().abort_multipart_upload(
                            Bucket=bucket, Key=upload["Key"], UploadId=upload["UploadId"]
                        )
                    removed += 1
        return removed

    def delete(self, keys: Iterable[str]) -> None:
        """Delete objects, a thousand with each request."""
        names = [self._name(key) for key in keys]
        for start in range(0, len(names), _DELETE_BATCH):
            self._delete(names[start : start + _DELETE_BATCH])

    def _delete(self, names: Sequence[str]) -> None:
        from botocore.exceptions import ClientError

        if len(names) > 1:
            with self._translated("delete objects"), suppress(ClientError):
                answer = self._client().delete_objects(
                    Bucket=self._location.bucket,
                    Delete={"Objects": [{"Key": name} for name in names], "Quiet": True},
                )
                names = [failed["Key"] for failed in answer.get("Errors", ())]
        # One by one where the server doesn't delete in bulk, and to learn why one couldn't be.
        for name in names:
            with self._translated(f"delete {name[len(self._prefix) :]}"):
                self._client().delete_object(Bucket=self._location.bucket, Key=name)

    def _remove_traces(self, name: str, error: Exception) -> None:
        if may_be_stored(error):
            with suppress(Exception):
                self._client().delete_object(Bucket=self._location.bucket, Key=name)

    def _name(self, key: str) -> str:
        return self._prefix + validate_key(key)

    def _object_settings(self) -> dict[str, Any]:
        settings: dict[str, Any] = {
            "ServerSideEncryption": self._location.sse,
            "SSEKMSKeyId": self._location.sse_kms_key_id,
            "StorageClass": self._location.storage_class,
        }
        retention = self._location.retention
        if retention is not None:
            settings["ObjectLockMode"] = self._location.object_lock_mode.upper()
            settings["ObjectLockRetainUntilDate"] = datetime.now(timezone.utc) + retention
        return {name: value for name, value in settings.items() if value is not None}

    @contextmanager
    def _translated(self, purpose: str, key: str | None = None) -> Iterator[None]:
        try:
            yield
        except Exception as error:
            ours = translate(error, purpose, self._location, key)
            if ours is error:
                raise
            raise ours from error
