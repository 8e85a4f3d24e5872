"""What the text and the catalog tell of a change before it runs."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from backstop.levels import AT_RISK
from backstop.postgres import relations
from backstop.postgres.references import Referrer, referrers
from backstop.postgres.relations import Reference
from backstop.result import RiskResult
from backstop.session import Session
from backstop.syntax import traits
from backstop.syntax.changes import Change, RowChange, TableDrop, Truncation, Unreadable

if TYPE_CHECKING:
    from backstop.snapshots.footprint import RelationFootprint


def references_of(change: Change) -> list[Reference]:
    """Return the tables that a change names."""
    if isinstance(change, RowChange):
        return [Reference(change.table, change.only)]
    if isinstance(change, Truncation):
        return [Reference(table.name, table.only) for table in change.tables]
    if isinstance(change, TableDrop):
        return [Reference(table) for table in change.tables]
    if isinstance(change, Unreadable) and change.table is not None:
        return [Reference(change.table)]
    return []


def carried(entries: Sequence[RelationFootprint], referrer: Referrer) -> list[tuple[str, str]]:
    """Return what happens to a parent's row, and with it to the rows that refer to it."""
    found = []
    for when in ("DELETE", "UPDATE"):
        concerned = [entry for entry in entries if when in entry.operations]
        moved = (referrer.moved(entry.relation, entry.assigned) for entry in concerned)
        then = referrer.carries(when, set().union(*moved))
        if then is not None and concerned:
            found.append((when, then))
    return found


def is_clear(session: Session, change: RowChange, oids: list[int]) -> bool:
    """Whether it is clear what happens to a row, as far as foreign keys carry it on.

    Where a MERGE may delete a row or set its key, only a run tells which.
    """
    assigned = traits.assigned_columns(change)
    return len(change.effects) == 1 or not any(
        referrer.carries("UPDATE", assigned) for referrer in referrers(session, oids)
    )


def is_volatile(session: Session, change: RowChange) -> bool:
    """Whether it may find other rows each time that it is run."""
    names = traits.called_names(traits.searched_tokens(change))
    return traits.samples_rows(change) or bool(relations.volatile_names(session, names))


def unread_findings(result: RiskResult, found: list[Change]) -> list[str]:
    """Return the reasons of what destroys something and is no change that can be read."""
    return [
        finding.reason
        for finding in result.findings
        if finding.level >= AT_RISK
        and not any(change.start <= finding.start < change.end for change in found)
    ]
