"""Columns whose values are never saved: they are taken out of a footprint before it is copied.

A partition, or a child, is known by the names of all tables above it as well. What can't be left
out without losing track of the rows is an error, never saved after all.
"""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import replace

from backstop.errors import SnapshotFailed
from backstop.patterns import matches
from backstop.postgres.lineage import Lineage, lineages
from backstop.postgres.relations import Relation
from backstop.session import Session
from backstop.snapshots.footprint import Footprint, RelationFootprint

_logger = logging.getLogger("backstop.snapshots")

_WILDCARDS = "*?["


def redacted(session: Session, footprint: Footprint, patterns: Sequence[str]) -> Footprint:
    """Return a footprint without the columns that match, which it names as not covered.

    Raises SnapshotFailed for a column by which rows are told apart, or are in their partition.
    """
    if not patterns or not footprint.relations:
        return footprint
    known = lineages(session, footprint.oids)
    entries = []
    sentences = []
    for entry in footprint.relations:
        lineage = known.get(entry.relation.oid)
        names = _matching(entry.relation, lineage, patterns) if lineage is not None else ()
        if lineage is not None:
            _warn_of_unknown(entry.relation, lineage, patterns)
        if lineage is not None and names:
            entries.append(_without(entry, names, lineage))
            sentences += [_sentence(entry.relation, name, lineage) for name in names]
        else:
            entries.append(entry)
    return replace(
        footprint,
        relations=tuple(entries),
        not_covered=(*footprint.not_covered, *sentences),
    )


def _matching(relation: Relation, lineage: Lineage, patterns: Sequence[str]) -> tuple[str, ...]:
    return tuple(
        column.name
        for column in relation.columns
        if any(matches(patterns, schema, name, column.name) for schema, name in lineage.names)
    )


def _without(
    entry: RelationFootprint, names: tuple[str, ...], lineage: Lineage
) -> RelationFootprint:
    relation = entry.relation
    needed = [name for name in names if name in {*relation.key, *lineage.partitioned_by}]
    if needed:
        raise SnapshotFailed(
            f"redact names {relation.label}.{needed[0]}, by which its rows are told apart or find "
            "their partition: without it nothing could be put back. Take it out of redact."
        )
    columns = tuple(column for column in relation.columns if column.name not in names)
    return replace(entry, relation=replace(relation, columns=columns), redacted=names)


def _sentence(relation: Relation, name: str, lineage: Lineage) -> str:
    said = f"The values of {relation.label}.{name} are not saved, as redact names it."
    if name in lineage.demanding:
        said += (
            " It takes no NULL and has no default: where rows have to be inserted again, a restore "
            "drops its NOT NULL."
        )
    return said


def _warn_of_unknown(relation: Relation, lineage: Lineage, patterns: Sequence[str]) -> None:
    """Say which patterns name this table and none of its columns: its values are saved."""
    for pattern in patterns:
        table, _, column = pattern.rpartition(".")
        is_this = table and any(matches([table], schema, name) for schema, name in lineage.names)
        if not is_this or any(character in table for character in _WILDCARDS):
            continue
        if not any(matches([column], name) for name in lineage.columns):
            _logger.warning(
                "redact names %r, and %s has no such column: nothing of it is left out.",
                pattern,
                relation.label,
            )
