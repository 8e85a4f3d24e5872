"""What boto3 raises, said in our own words: what happened to which bucket, and the way out."""

from __future__ import annotations

from typing import TYPE_CHECKING

from backstop.errors import ObjectNotFound, StorageError, StorageUnreachable
from backstop.storage.base import AccessRefused

if TYPE_CHECKING:
    from botocore.exceptions import ClientError

    from backstop.storage.url import S3Location

_NO_OBJECT = {"NoSuchKey", "404", "NotFound"}
_REFUSED = {
    "403",
    "AccessDenied",
    "AccountProblem",
    "AllAccessDisabled",
    "ExpiredToken",
    "Forbidden",
    "InvalidAccessKeyId",
    "InvalidToken",
    "RequestTimeTooSkewed",
    "SignatureDoesNotMatch",
    "TokenRefreshRequired",
}


def translate(error: Exception, purpose: str, location: S3Location, key: str | None) -> Exception:
    """Turn an exception of boto3's into one of ours; any other is returned as it is.

    ``purpose`` completes "Can't …"; ``key`` is the object that was asked for, if it was one.
    """
    from boto3.exceptions import Boto3Error
    from botocore import exceptions as botocore
    from s3transfer.exceptions import CancelledError, TransferNotDoneError

    if isinstance(error, botocore.ClientError):
        return _translate_answer(error, purpose, location, key)
    where = location.endpoint or "AWS"
    if isinstance(error, (botocore.IncompleteReadError, botocore.ResponseStreamingError)):
        return StorageError(f"Can't {purpose}: {where} broke off in the middle of the object.")
    if isinstance(error, (botocore.ConnectionError, botocore.HTTPClientError)):
        return StorageUnreachable(
            f"Can't {purpose}: {where} doesn't answer ({_summary(error)}). "
            "Check the endpoint in the storage URL, and that this machine's network reaches it."
        )
    if isinstance(error, botocore.ProfileNotFound):
        return StorageUnreachable(
            f"Can't {purpose}: the AWS configuration has no such profile ({_summary(error)}). "
            "Check the option profile of the storage URL, or AWS_PROFILE."
        )
    if isinstance(error, _credential_errors()):
        return StorageUnreachable(
            f"Can't {purpose}: there are no usable credentials for {where} ({_summary(error)}). "
            "Set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or name a profile in the storage "
            "URL (?profile=…)."
        )
    if isinstance(
        error, (botocore.BotoCoreError, Boto3Error, CancelledError, TransferNotDoneError)
    ):
        return StorageError(f"Can't {purpose} at {where}: {_summary(error)}")
    return error


def may_be_stored(error: Exception) -> bool:
    """Tell whether the object may be in the bucket although its last request failed.

    That is so when the server failed in the middle of it, or hung up instead of answering.
    """
    from botocore import exceptions as botocore

    if isinstance(error, botocore.ClientError):
        # NoSuchUpload answers the second try to complete an upload whose first try succeeded.
        return _status(error) >= 500 or _code(error) == "NoSuchUpload"
    if isinstance(error, botocore.ReadTimeoutError):
        # It may be, but whoever asks a server that is silent would wait as long once more.
        return False
    return isinstance(error, botocore.HTTPClientError)


def _translate_answer(
    error: ClientError, purpose: str, location: S3Location, key: str | None
) -> StorageError:
    code, where = _code(error), location.endpoint or "AWS"
    said = str(error.response.get("Error", {}).get("Message", "")).strip()
    answer = f"{code}: {said}" if said and said != code else code
    if code == "NoSuchBucket":
        command = f"aws s3 mb s3://{location.bucket}"
        if location.endpoint:
            command += f" --endpoint-url {location.endpoint}"
        return StorageError(
            f"Can't {purpose}: there is no bucket {location.bucket} at {where}. "
            f"Check the name in the storage URL, or create it: {command}"
        )
    if code in _NO_OBJECT and key is not None:
        return ObjectNotFound(f"{location.url} holds no object {key}")
    if code in _REFUSED or _status(error) in (401, 403):
        return AccessRefused(
            f"Can't {purpose}: {where} refuses it for bucket {location.bucket} ({answer}). "
            "Check the credentials, this machine's clock, and what the bucket's policy allows."
        )
    return StorageError(f"Can't {purpose}: {where} answered for {location.bucket}: {answer}")


def _credential_errors() -> tuple[type[Exception], ...]:
    from botocore import exceptions as botocore

    return (
        botocore.NoCredentialsError,
        botocore.PartialCredentialsError,
        botocore.CredentialRetrievalError,
        botocore.UnknownCredentialError,
        botocore.NoAuthTokenError,
        botocore.TokenRetrievalError,
        botocore.SSOError,
    )


def _code(error: ClientError) -> str:
    return str(error.response.get("Error", {}).get("Code", "Unknown"))


def _status(error: ClientError) -> int:
    return int(error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0))


def _summary(error: Exception) -> str:
    return str(error).strip().rstrip(".")
