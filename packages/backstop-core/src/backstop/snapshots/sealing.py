"""What of a manifest and an outcome only an identity of their recipients opens: definitions.

Texts of defaults, checks, comments and functions may hold values, so that all that an object is
made of is sealed. What kind of object it is and its name stay readable, as all that a listing
shows does.
"""

from __future__ import annotations

import dataclasses
import json
from base64 import b64decode, b64encode
from collections.abc import Iterable
from dataclasses import replace
from typing import Any

from backstop.encryption import Identities, Recipients, Undecryptable, wrong_key
from backstop.errors import SnapshotDamaged
from backstop.postgres.model.difference import Rename
from backstop.postgres.objects import CatalogObject
from backstop.snapshots.documents import definitions_from_json
from backstop.snapshots.manifest import Manifest, Outcome


def sealed(manifest: Manifest, recipients: Recipients) -> Manifest:
    """Return a manifest whose definitions are encrypted."""
    definitions = ("objects", "left", "made", "renamed", "create_database")
    return replace(
        manifest,
        objects=_named(manifest.objects),
        left=_named(manifest.left),
        made=_named(manifest.made),
        renamed=tuple(
            Rename(*_named((rename.before, rename.after))) for rename in manifest.renamed
        ),
        create_database=(),
        encrypted_to=recipients.names,
        sealed=_seal(manifest, definitions, recipients),
    )


def opened(manifest: Manifest, identities: Identities) -> Manifest:
    """Return a manifest as it was; raises WrongKey where none of the identities opens it."""
    try:
        document = json.loads(identities.open(b64decode(manifest.sealed)))
    except Undecryptable:
        # What was sealed is as it was written: the manifest's own SHA-256 says so.
        raise wrong_key(f"Snapshot {manifest.id}", manifest.encrypted_to) from None
    return replace(manifest, **definitions_from_json(document), sealed="")


def sealed_outcome(outcome: Outcome, recipients: Recipients) -> Outcome:
    """Return an outcome whose definitions are encrypted."""
    return replace(outcome, left=_named(outcome.left), sealed=_seal(outcome, ("left",), recipients))


def opened_outcome(outcome: Outcome, identities: Identities, snapshot_id: str) -> Outcome:
    """Return the outcome of a snapshot that these identities have opened."""
    try:
        document = json.loads(identities.open(b64decode(outcome.sealed)))
    except (Undecryptable, ValueError):
        raise SnapshotDamaged(
            f"The outcome of {snapshot_id} is damaged: what is encrypted of it can't be opened."
        ) from None
    return replace(outcome, left=definitions_from_json(document)["left"], sealed="")


def _seal(value: Manifest | Outcome, names: Iterable[str], recipients: Recipients) -> str:
    document: dict[str, Any] = dataclasses.asdict(value)
    plain = json.dumps({name: document[name] for name in names}).encode()
    return b64encode(recipients.seal(plain)).decode()


def _named(objects: Iterable[CatalogObject]) -> tuple[CatalogObject, ...]:
    """Return objects of which nothing but what they are and their names is known."""
    return tuple(
        CatalogObject(
            item.kind,
            item.identity,
            ddl=(),
            stage=item.stage,
            address=item.address,
            schema=item.schema,
            name=item.name,
        )
        for item in objects
    )
