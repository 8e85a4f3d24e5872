"""How many rows the transaction in hand has updated and deleted, table by table.

The server counts what triggers, functions and referential actions do as well. The counters
survive ROLLBACK TO, so only their differences mean something; TRUNCATE doesn't move them.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from backstop.postgres import query
from backstop.session import Session


@dataclass(frozen=True)
class Touched:
    """Rows of one relation that were updated or deleted."""

    label: str
    rows: int


def touched_rows(session: Session) -> dict[int, Touched]:
    """Return the counters of every table that this transaction has updated or deleted from."""
    found = query.rows(
        session,
        """
        SELECT relid AS oid, schemaname || '.' || relname AS label, n_tup_upd + n_tup_del AS rows
        FROM pg_catalog.pg_stat_xact_user_tables WHERE n_tup_upd + n_tup_del > 0
        """,
    )
    return {int(entry["oid"]): Touched(entry["label"], int(entry["rows"])) for entry in found}


def since(before: Mapping[int, Touched], after: Mapping[int, Touched]) -> dict[int, Touched]:
    """Return what was touched between two looks at the counters."""
    return {
        oid: Touched(touched.label, touched.rows - (before[oid].rows if oid in before else 0))
        for oid, touched in after.items()
        if oid not in before or touched.rows > before[oid].rows
    }
