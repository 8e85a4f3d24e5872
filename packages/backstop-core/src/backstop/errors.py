"""Every error that Backstop raises by itself, so that callers can tell ours from the database's.

::

    BackstopError
    ├── ConfigurationError          a wrong argument, setting or storage URL (also a ValueError)
    │   ├── UnsupportedConnection   conn is not a connection that can be guarded (also a TypeError)
    │   └── WrongKey                a snapshot is encrypted, and no identity that was given opens it
    ├── MissingDistribution         a part of Backstop isn't installed (also an ImportError)
    ├── StatementBlocked            mode "block" refused a statement (also a PermissionError)
    ├── SnapshotFailed              a before-image could not be saved
    ├── StorageError                storage answered with an error
    │   ├── StorageUnreachable      storage did not answer, or refused our credentials
    │   └── ObjectNotFound          storage holds no object of that name
    ├── SnapshotNotFound            no snapshot is the one that was meant (also a LookupError)
    │   └── AmbiguousSnapshot       several snapshots could be meant
    ├── SnapshotDamaged             stored bytes are not the bytes that were written
    ├── ConnectionFailed            the database did not accept a connection
    └── RestoreFailed               a restore stopped; the database is as it was before

No message of these holds a password, a connection string or a parameter value.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from backstop.result import RiskResult
    from backstop.snapshots import SnapshotSummary


class BackstopError(Exception):
    """The base class of every error that Backstop raises by itself."""


class ConfigurationError(BackstopError, ValueError):
    """A wrong argument, setting or storage URL; the message names it and the way out."""


class UnsupportedConnection(ConfigurationError, TypeError):
    """``conn`` is not a connection that can be guarded; the message says which ones can."""


class WrongKey(ConfigurationError):
    """A snapshot is encrypted, and no identity that was given, if any, opens it."""


class MissingDistribution(BackstopError, ImportError):
    """A part of Backstop, or the driver it needs, isn't installed; the message says what to do."""


class StatementBlocked(BackstopError, PermissionError):
    """Mode "block" refused a statement before it reached the server.

    With ``rehearse`` it may have been run, looked at and taken back. ``result`` is the
    classification that led to it.
    """

    def __init__(self, message: str, result: RiskResult) -> None:
        super().__init__(message)
        self.result = result

    def __reduce__(self) -> tuple[object, ...]:
        # Task queues and process pools send errors on; args alone would lose the result.
        return type(self), (self.args[0], self.result)


class SnapshotFailed(BackstopError):
    """A before-image could not be saved; nothing half-written is listed."""


class StorageError(BackstopError):
    """Storage answered with an error."""


class StorageUnreachable(StorageError):
    """Storage did not answer, or refused our credentials."""


class ObjectNotFound(StorageError):
    """Storage holds no object of that name."""


class SnapshotNotFound(BackstopError, LookupError):
    """No snapshot in this storage has that id, or is like what was asked for."""


class AmbiguousSnapshot(SnapshotNotFound):
    """Several snapshots could be meant; nothing was guessed.

    ``candidates`` are those that were found by what is known of them, newest first. By the
    beginning of an id there are none: the message lists the ids.
    """

    def __init__(self, message: str, candidates: Sequence[SnapshotSummary] = ()) -> None:
        super().__init__(message)
        self.candidates = tuple(candidates)


class SnapshotDamaged(BackstopError):
    """Stored bytes are missing, or are not the bytes that were written."""


class ConnectionFailed(BackstopError):
    """The database did not accept a connection."""


class RestoreFailed(BackstopError):
    """A restore stopped; its transaction was rolled back and the database is as it was before."""


# Classes of SQLSTATE whose primary message names objects, never values: connection, transaction
# state, constraints, deadlocks, rights and names, resources, object state, operator intervention.
_FREE_OF_VALUES = ("08", "23", "25", "2D", "40", "42", "53", "54", "55", "57", "58")


def describe(error: BaseException) -> str:
    """Return an error as a log or a message may show it: without a value of the statement's.

    Our own messages are given in full. Of a driver's error only the SQLSTATE, and the primary
    message where that can't quote a value; of any other error its type.
    """
    if isinstance(error, BackstopError):
        return str(error)
    sqlstate = getattr(error, "sqlstate", None) or getattr(error, "pgcode", None)
    if not sqlstate:
        return type(error).__name__
    message = ""
    if sqlstate.startswith(_FREE_OF_VALUES):
        message = getattr(getattr(error, "diag", None), "message_primary", None) or ""
    return f"{type(error).__name__} (SQLSTATE {sqlstate}{': ' if message else ''}{message})"
