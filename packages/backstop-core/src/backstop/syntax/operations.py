"""What the leading commands of a text say of it as a whole."""

from __future__ import annotations

from collections.abc import Collection

_DEFINES = (
    *("CREATE", "ALTER", "DROP", "GRANT", "REVOKE", "REASSIGN", "REFRESH", "COMMENT", "SECURITY"),
    *("IMPORT", "CLUSTER"),
)
_ADDS = frozenset(
    {"BEGIN", "START TRANSACTION", "COMMIT", "END", "SAVEPOINT", "RELEASE SAVEPOINT", "SET"}
    | {"CREATE INDEX", "CREATE TABLE", "CREATE SEQUENCE", "CREATE SCHEMA"}
)
_ROWS = frozenset({"TRUNCATE", "DELETE", "UPDATE", "INSERT", "MERGE", "COPY", "SELECT", "WITH"})


def defines(operations: Collection[str]) -> bool:
    """Whether a statement of the text changes or drops objects of the database."""
    return any(operation.startswith(_DEFINES) for operation in operations)


def only_defines(operations: Collection[str]) -> bool:
    """Whether every statement does that, so that none is a call of code which isn't in the text."""
    return all(operation.startswith(_DEFINES) for operation in operations)


def only_adds(operations: Collection[str]) -> bool:
    """Whether nothing that was there is touched, so that running it once more tells nothing."""
    return _ADDS.issuperset(operations)


def only_changes_rows(operations: Collection[str]) -> bool:
    """Whether no statement does more than to read or change rows, but for what it calls."""
    return _ROWS.issuperset(operations)
