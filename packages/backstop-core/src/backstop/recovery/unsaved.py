"""What is there of a snapshot's columns whose values were not saved on purpose."""

from __future__ import annotations

from collections.abc import Iterator

from backstop.postgres.objects import CatalogObject
from backstop.snapshots.manifest import Manifest

_CHECKING = frozenset({"not null", "constraint"})


def may_be_broken(manifest: Manifest) -> frozenset[str]:
    """Return the constraints, by identity, that rows without these values may not keep."""
    tables: set[str] = set()
    for table in manifest.tables:
        if table.redacted:
            tables |= {f"table {table.label}", *attached_to(manifest.objects, table.label)}
    return frozenset(
        item.identity
        for item in manifest.objects
        if item.kind in _CHECKING and not tables.isdisjoint(item.depends_on[:1])
    )


def attached_to(objects: tuple[CatalogObject, ...], label: str) -> Iterator[str]:
    """Give the tables that one, by its label, is to be made a partition of, by their identities."""
    for item in objects:
        if item.kind == "partition" and item.identity == f"partition {label}":
            for parent in item.depends_on:
                if parent.startswith("table ") and parent != f"table {label}":
                    yield parent
                    yield from attached_to(objects, parent.partition(" ")[2])
