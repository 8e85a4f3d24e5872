"""Manifests and outcomes as JSON, written and read.

A document of a format that isn't known is refused, never guessed; fields that aren't known are
passed over.
"""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Iterable, Mapping
from typing import Any, TypeVar

from backstop.errors import SnapshotDamaged
from backstop.postgres.model.difference import Rename
from backstop.postgres.objects import CatalogObject
from backstop.postgres.sequences import Position
from backstop.snapshots.manifest import (
    FORMAT,
    Consistency,
    DatabaseInfo,
    Erasure,
    Manifest,
    Outcome,
    SavedColumn,
    SavedLargeObjects,
    SavedTable,
    StatementInfo,
    Status,
    WrittenRows,
)
from backstop.snapshots.stream import DataObject

Value = TypeVar("Value")


def to_json(value: Manifest | Outcome) -> bytes:
    """Write a manifest or an outcome as indented JSON in UTF-8."""
    return json.dumps(dataclasses.asdict(value), indent=1, ensure_ascii=False).encode()


def manifest_from_json(data: bytes, key: str) -> Manifest:
    """Read a manifest; SnapshotDamaged names ``key`` where it isn't one of this format."""
    document = _document(data, key)
    try:
        document["statement"] = _build(StatementInfo, document["statement"])
        document["database"] = _build(DatabaseInfo, document["database"])
        document["consistency"] = Consistency(document["consistency"])
        document["tables"] = tuple(_table(table) for table in document["tables"])
        document["sequences"] = tuple(_build(Position, item) for item in document["sequences"])
        document.update(definitions_from_json(document))
        document["large_objects"] = _large_objects(document.get("large_objects"))
        document["not_covered"] = tuple(document["not_covered"])
        document["encrypted_to"] = tuple(document.get("encrypted_to", ()))
        for name in ("partitioned", "triggered"):
            document[name] = tuple(document.get(name, ()))
        if document.get("written") is not None:
            document["written"] = _written(document["written"])
        return _build(Manifest, document)
    except (KeyError, TypeError, ValueError):
        raise _unreadable(key) from None


def definitions_from_json(document: Mapping[str, Any]) -> dict[str, Any]:
    """Return the fields of a manifest that hold objects and DDL."""
    found: dict[str, Any] = {
        name: tuple(CatalogObject.from_json(item) for item in document.get(name, ()))
        for name in ("objects", "left", "made")
    }
    found["renamed"] = tuple(
        Rename(*(CatalogObject.from_json(item[name]) for name in ("before", "after")))
        for item in document.get("renamed", ())
    )
    found["create_database"] = tuple(document.get("create_database", ()))
    return found


def outcome_from_json(data: bytes, key: str) -> Outcome:
    """Read an outcome; SnapshotDamaged names ``key`` where it isn't one of this format."""
    document = _document(data, key)
    try:
        document["status"] = Status(document["status"])
        if document["consistency"] is not None:
            document["consistency"] = Consistency(document["consistency"])
        document["written"] = _written(document["written"])
        left = document.get("sequences", ())
        document["sequences"] = tuple(_build(Position, item) for item in left)
        document["left"] = tuple(CatalogObject.from_json(item) for item in document.get("left", ()))
        document["not_covered"] = tuple(document["not_covered"])
        return _build(Outcome, document)
    except (KeyError, TypeError, ValueError):
        raise _unreadable(key) from None


def _document(data: bytes, key: str) -> dict[str, Any]:
    try:
        document = json.loads(data)
        found = document["format"]
    except (KeyError, TypeError, ValueError):
        raise _unreadable(key) from None
    if found != FORMAT:
        raise SnapshotDamaged(
            f"{key} has format {found!r}; this version of Backstop reads format {FORMAT}. "
            "Use the version that wrote it, or a newer one."
        )
    return dict(document)


def _written(documents: Iterable[Mapping[str, Any]]) -> tuple[WrittenRows, ...]:
    return tuple(
        _build(
            WrittenRows,
            {
                **item,
                "xids": tuple(item["xids"]),
                "columns": tuple(item["columns"]),
                "objects": tuple(_build(DataObject, stored) for stored in item["objects"]),
            },
        )
        for item in documents
    )


def _table(document: dict[str, Any]) -> SavedTable:
    return _build(
        SavedTable,
        {
            **document,
            "operations": tuple(document["operations"]),
            "columns": tuple(_build(SavedColumn, column) for column in document["columns"]),
            "key": tuple(document["key"]),
            "assigned": tuple(document["assigned"]),
            "objects": tuple(_build(DataObject, item) for item in document["objects"]),
            "writers": tuple(document["writers"]),
            "redacted": tuple(document.get("redacted", ())),
            "parents": tuple(document.get("parents", ())),
            "erased": tuple(_build(Erasure, item) for item in document.get("erased", ())),
        },
    )


def _large_objects(document: dict[str, Any] | None) -> SavedLargeObjects | None:
    if document is None:
        return None
    objects = tuple(_build(DataObject, item) for item in document["objects"])
    oids = tuple(document["oids"])
    return _build(SavedLargeObjects, {**document, "oids": oids, "objects": objects})


def _build(kind: type[Value], document: Mapping[str, Any]) -> Value:
    # A later version may have added fields: what isn't known here is passed over.
    names = {known.name for known in dataclasses.fields(kind)}  # type: ignore[arg-type]
    return kind(**{name: value for name, value in document.items() if name in names})


def _unreadable(key: str) -> SnapshotDamaged:
    return SnapshotDamaged(f"{key} is damaged: it is not a document of Backstop's.")
