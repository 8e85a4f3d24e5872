"""The exit codes, and the one place that says which error ends with which of them."""

from __future__ import annotations

from enum import IntEnum

from backstop.errors import (
    ConfigurationError,
    ObjectNotFound,
    SnapshotDamaged,
    SnapshotNotFound,
    StorageError,
)


class Exit(IntEnum):
    """What a command's exit code means."""

    DONE = 0
    FAILED = 1
    USAGE = 2
    IN_PART = 3
    NOT_FOUND = 4
    DAMAGED = 5
    UNREACHABLE = 6
    INTERRUPTED = 130


MEANINGS: dict[Exit, str] = {
    Exit.DONE: "done; for restore: everything came back",
    Exit.FAILED: "failed, nothing was changed (classify: at or above --fail-at)",
    Exit.USAGE: "wrong usage or configuration",
    Exit.IN_PART: "done in part; the report names the rest",
    Exit.NOT_FOUND: "no snapshot is meant, or several could be",
    Exit.DAMAGED: "verification failed: what is stored is damaged",
    Exit.UNREACHABLE: "storage is unreachable, or answers with an error",
    Exit.INTERRUPTED: "interrupted",
}

# The first that fits counts: an ObjectNotFound is a StorageError, too.
_CODES: tuple[tuple[type[Exception], Exit], ...] = (
    (ConfigurationError, Exit.USAGE),
    (SnapshotNotFound, Exit.NOT_FOUND),
    (SnapshotDamaged, Exit.DAMAGED),
    (ObjectNotFound, Exit.DAMAGED),
    (StorageError, Exit.UNREACHABLE),
)


def exit_for(error: Exception) -> Exit:
    """Return the exit code that an error ends a command with."""
    for kind, code in _CODES:
        if isinstance(error, kind):
            return code
    return Exit.FAILED
