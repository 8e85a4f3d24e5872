"""Leading extensions back to their earlier versions by scripts of their own, where they have some.

That comes before anything is compared: what uses an extension then stays in place.
"""

from __future__ import annotations

from backstop.postgres.model.extensions import way_back
from backstop.postgres.model.reading import NO_OBJECTS, read_model
from backstop.recovery.executing import tried
from backstop.session import Session
from backstop.snapshots.manifest import Manifest


def update_back(session: Session, manifest: Manifest) -> list[str]:
    """Update extensions that are in the version which the statement left; returns how."""
    left = {item.identity: item for item in manifest.left}
    updated = [
        item
        for item in manifest.objects
        if item.identity in left and way_back(left[item.identity], item)
    ]
    model = read_model(session) if updated else NO_OBJECTS
    done = []
    for item in updated:
        now = model.objects.get(item.identity)
        statement = way_back(now, item) if now is not None else None
        is_left = now is not None and way_back(now, left[item.identity]) is None
        if statement is not None and is_left and not tried(session, item, [statement]):
            done.append(statement)
    return done
