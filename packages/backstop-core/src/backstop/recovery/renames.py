"""Undoing renames and moves to another schema, before anything else is compared.

What depends on a renamed object is spelled otherwise in the catalogs; when the name is back, it is
as it was.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from backstop.postgres.model.difference import Rename
from backstop.postgres.model.reading import Model, read_model
from backstop.postgres.objects import CatalogObject
from backstop.postgres.remaking.renaming import rename_back, rename_part_back
from backstop.session import Session
from backstop.snapshots.manifest import Manifest

# What others stand in, and what brings others along, comes first.
_FIRST = ("schema", "extension", "table", "view", "materialized view")


@dataclass(frozen=True)
class Undone:
    """What was done to undo the renames, the ``model`` of the database then.

    ``as_left`` are the identities, under their earlier names, of what had been renamed and was
    otherwise as the statement left it, too.
    """

    model: Model
    done: Sequence[str] = ()
    as_left: frozenset[str] = frozenset()


def undo_renames(session: Session, manifest: Manifest) -> Undone:
    """Give what the statement renamed its names back."""
    done: list[str] = []
    model = read_model(session, about=manifest.objects)
    as_left = frozenset(_as_left(manifest, model))
    while True:
        statement = next(_steps(manifest, model), None)
        if statement is None or statement in done:
            return Undone(model, done, as_left)
        session.execute(statement)
        done.append(statement)
        model = read_model(session, about=manifest.objects)


def _as_left(manifest: Manifest, model: Model) -> Iterator[str]:
    before = {(item.kind, item.address): item for item in manifest.objects if item.address}
    for left in manifest.left:
        now, then = model.objects.get(left.identity), before.get((left.kind, left.address))
        if now is not None and then is not None and now.keeps(left):
            yield then.identity


def _steps(manifest: Manifest, model: Model) -> Iterator[str]:
    """Give the statements that would undo something of it now."""
    by_address = {item.address: item for item in model.objects.values() if item.address}
    for rename in sorted(manifest.renamed, key=_place):
        now = model.objects.get(rename.after.identity)
        if now is None:
            now = by_address.get(rename.after.address)
        if now is None or now.kind != rename.after.kind:
            continue
        if now.identity != rename.before.identity and rename.before.identity in model.objects:
            continue
        statement = rename_back(now, rename.before)
        if statement is not None and _is_ours(now, rename):
            yield statement
    yield from _part_steps(manifest, model)


def _is_ours(now: CatalogObject, rename: Rename) -> bool:
    """Whether its name is one on the way between the two, and nobody's later choice."""
    return now.name in (rename.before.name, rename.after.name) and now.schema in (
        rename.before.schema,
        rename.after.schema,
    )


def _place(rename: Rename) -> int:
    kind = rename.before.kind
    return _FIRST.index(kind) if kind in _FIRST else len(_FIRST)


def _part_steps(manifest: Manifest, model: Model) -> Iterator[str]:
    before = {item.address: item for item in manifest.objects if item.parts}
    for left in manifest.left:
        then = before.get(left.address)
        if then is None:
            continue
        now = model.objects.get(left.identity) or model.objects.get(then.identity)
        if now is None:
            continue
        names = {part.number: part for part in then.parts}
        there = {part.name for part in now.parts}
        for part in left.parts:
            earlier = names.get(part.number)
            renamed = earlier is not None and earlier.name != part.name
            if renamed and earlier is not None and part.name in there and earlier.name not in there:
                yield rename_part_back(now, part, earlier)
