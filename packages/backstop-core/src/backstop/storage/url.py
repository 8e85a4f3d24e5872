"""Storage URLs: the one string by which a user names the place for snapshots.

Reading a URL contacts nothing, and no message about a wrong one repeats what stands in it: people
paste credentials into URLs.
"""

from __future__ import annotations

import os
import re
from dataclasses import dataclass
from datetime import timedelta
from urllib.parse import quote, unquote, urlencode, urlsplit

from backstop.ages import read_period
from backstop.errors import ConfigurationError
from backstop.storage._options import OPTIONS, OptionError, read_options
from backstop.storage.base import Storage, is_key

S3_EXAMPLE = "s3://my-bucket/backstop@http://localhost:9000?region=us-east-1"
FOLDER_EXAMPLE = "file:///var/lib/backstop"

_BUCKET = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{2,254}")
_ENDPOINT = re.compile(r"@(?=https?://)", re.IGNORECASE)
_HOST = re.compile(r"[A-Za-z0-9._-]+|[0-9a-fA-F:.]+")
_SCHEME = re.compile(r"[A-Za-z][A-Za-z0-9+.-]{0,19}")
_PREFIX_LENGTH = 200


@dataclass(frozen=True)
class StorageLocation:
    """A place for snapshots, as a storage URL names it."""

    @property
    def url(self) -> str:
        """The URL in its normal form, which ``parse`` reads back as an equal location."""
        raise NotImplementedError


@dataclass(frozen=True)
class FolderLocation(StorageLocation):
    """A folder of this machine, by its absolute path."""

    path: str

    @property
    def url(self) -> str:
        """The ``file://`` URL of the folder."""
        path = self.path if os.name != "nt" else "/" + self.path.replace("\\", "/")
        return "file://" + quote(path)


@dataclass(frozen=True)
class S3Location(StorageLocation):
    """A bucket at AWS, or at the ``endpoint`` of a server that speaks S3.

    Timeouts are in seconds and count for each attempt, ``part_size`` is in MiB. What is None is
    left to boto3 and its configuration.
    """

    bucket: str
    prefix: str = ""
    endpoint: str | None = None
    region: str | None = None
    sse: str | None = None
    sse_kms_key_id: str | None = None
    object_lock: str | None = None
    object_lock_mode: str = "governance"
    addressing: str | None = None
    checksums: str = "when_required"
    storage_class: str | None = None
    profile: str | None = None
    connect_timeout: float = 5.0
    read_timeout: float = 60.0
    max_attempts: int = 3
    part_size: int = 5

    @property
    def retention(self) -> timedelta | None:
        """How long objects are locked from when they are written."""
        return None if self.object_lock is None else read_period(self.object_lock)

    @property
    def url(self) -> str:
        """The ``s3://`` URL, with the options that differ from their defaults."""
        options = {
            name: f"{getattr(self, name):g}"
            if isinstance(getattr(self, name), float)
            else getattr(self, name)
            for name in OPTIONS
            if getattr(self, name) != getattr(S3Location, name)
            # With a lock, leaving it out means another.
            or (name == "checksums" and self.object_lock is not None)
        }
        return (
            f"s3://{self.bucket}"
            + (f"/{self.prefix}" if self.prefix else "")
            + (f"@{self.endpoint}" if self.endpoint else "")
            + (f"?{urlencode(options, safe='/:')}" if options else "")
        )


def parse(url: str) -> StorageLocation:
    """Read a storage URL; raises ConfigurationError, which shows nothing of what was wrong.

    ``s3://bucket[/prefix][@http[s]://endpoint[:port]][?options]`` or
    ``file:///absolute/folder``.
    """
    scheme, separator, rest = url.strip().partition("://")
    if not separator:
        raise _wrong("it has no scheme", f"{S3_EXAMPLE} or {FOLDER_EXAMPLE}")
    if scheme.lower() == "s3":
        return _parse_s3(rest)
    if scheme.lower() == "file":
        return _parse_folder(rest)
    named = f"{scheme}:// is" if _SCHEME.fullmatch(scheme) else "its scheme is"
    raise _wrong(f"{named} not supported", f"{S3_EXAMPLE} or {FOLDER_EXAMPLE}")


def open_storage(url_or_storage: str | Storage) -> Storage:
    """Open the storage of a URL without contacting it; a Storage is returned as it is.

    Raises ConfigurationError for a URL that can't be read.
    """
    if isinstance(url_or_storage, Storage):
        return url_or_storage
    if not isinstance(url_or_storage, str):
        raise _wrong(
            f"it is of type {type(url_or_storage).__name__}, not a URL",
            f"{S3_EXAMPLE} or {FOLDER_EXAMPLE}",
        )
    location = parse(url_or_storage)
    if isinstance(location, S3Location):
        from backstop.storage.s3 import S3Storage

        return S3Storage(location)
    from backstop.storage.folder import FolderStorage

    assert isinstance(location, FolderLocation)  # noqa: S101 - the only other kind
    return FolderStorage(location)


def _parse_folder(rest: str) -> FolderLocation:
    path, _, query = rest.partition("?")
    if query or "#" in path:
        raise _wrong("a folder has no options (write ? as %3F, # as %23)", FOLDER_EXAMPLE)
    if not path.startswith("/"):
        raise _wrong("the folder must be absolute, after three slashes", FOLDER_EXAMPLE)
    path = unquote(path)
    if any(ord(character) < 32 for character in path):
        raise _wrong("the folder's name holds a control character", FOLDER_EXAMPLE)
    if os.name == "nt":
        path = path.lstrip("/")
    path = os.path.normpath(path)
    if path.strip("/") == "":
        raise _wrong("it names no folder", FOLDER_EXAMPLE)
    # normpath keeps two leading slashes, which mean nothing here.
    return FolderLocation(re.sub(r"^/+", "/", path))


def _parse_s3(rest: str) -> S3Location:
    place, _, query = rest.partition("?")
    place, *endpoints = _ENDPOINT.split(place, maxsplit=1)
    bucket, _, prefix = place.partition("/")
    if "@" in place:
        raise _wrong(
            "after @ stands an endpoint that begins with http:// or https://; credentials don't "
            "belong in the URL: give them by environment variables or a profile",
            S3_EXAMPLE,
        )
    if not bucket:
        raise _wrong("it names no bucket", S3_EXAMPLE)
    if not _BUCKET.fullmatch(bucket):
        raise _wrong(
            "the bucket's name must have 3 or more characters out of letters, digits and ._-",
            S3_EXAMPLE,
        )
    prefix = prefix[:-1] if prefix.endswith("/") else prefix
    if prefix and (len(prefix) > _PREFIX_LENGTH or not is_key(prefix)):
        raise _wrong(
            "the prefix must be at most 200 characters out of letters, digits and /._~%+,=-, "
            "without empty, . or .. components",
            S3_EXAMPLE,
        )
    endpoint = _parse_endpoint(endpoints[0]) if endpoints else None
    options = _parse_options(query) if query else {}
    if "sse_kms_key_id" in options and not str(options.get("sse", "")).startswith("aws:kms"):
        raise _wrong("sse_kms_key_id needs sse=aws:kms or sse=aws:kms:dsse", S3_EXAMPLE)
    if "object_lock_mode" in options and "object_lock" not in options:
        raise _wrong("object_lock_mode needs object_lock, such as object_lock=30d", S3_EXAMPLE)
    if "object_lock" in options:
        # AWS takes an object with a lock only with its checksum.
        options.setdefault("checksums", "when_supported")
    return S3Location(bucket, prefix, endpoint, **options)  # type: ignore[arg-type]


def _parse_endpoint(text: str) -> str:
    try:
        parts = urlsplit(text)
        host, port = parts.hostname or "", parts.port
    except ValueError:
        # Without its cause: the standard library's message repeats a part of the URL.
        raise _wrong("the endpoint's host or port can't be read", S3_EXAMPLE) from None
    if "@" in parts.netloc:
        raise _wrong(
            "the endpoint holds a user name or password; give credentials by environment "
            "variables or a profile",
            S3_EXAMPLE,
        )
    if not _HOST.fullmatch(host):
        raise _wrong("the endpoint's host can't be read", S3_EXAMPLE)
    if parts.path not in ("", "/") or parts.fragment:
        raise _wrong("the endpoint has a path; a prefix stands before the @", S3_EXAMPLE)
    shown = f"[{host}]" if ":" in host else host
    return f"{parts.scheme}://{shown}" + (f":{port}" if port is not None else "")


def _parse_options(query: str) -> dict[str, str | float]:
    try:
        return read_options(query)
    except OptionError as error:
        raise _wrong(str(error), S3_EXAMPLE) from None


def _wrong(problem: str, example: str) -> ConfigurationError:
    return ConfigurationError(
        f"The parameter storage is not a storage URL: {problem}. A right one: {example}"
    )
