"""Following foreign keys, from rows that are deleted or updated to those that change with them."""

from __future__ import annotations

from backstop.postgres import relations
from backstop.postgres.references import Referrer, referrers
from backstop.session import Session
from backstop.snapshots.entries import Entries
from backstop.snapshots.finders import Carrier
from backstop.snapshots.reading import carried

Carriers = dict[tuple[object, ...], Carrier]


def follow_references(session: Session, entries: Entries) -> tuple[Carrier, ...]:
    """Enter every table whose rows change with those that are entered; return what carries it."""
    found: Carriers = {}
    looked_at: dict[int, tuple[object, ...]] = {}
    while True:
        pending = {
            oid: state for oid, state in entries.states().items() if looked_at.get(oid) != state
        }
        if not pending:
            return tuple(found.values())
        looked_at.update(pending)
        for referrer in referrers(session, list(pending)):
            _follow(session, entries, referrer, found)


def _follow(session: Session, entries: Entries, referrer: Referrer, found: Carriers) -> None:
    family = relations.with_descendants(session, [referrer.referenced])
    parents = [entries.by_oid[oid] for oid in family if oid in entries.by_oid]
    (parent,) = entries.describe([referrer.referenced])
    (child,) = entries.describe([referrer.oid])
    parted = child.kind == "p"
    oids = relations.with_descendants(session, [child.oid]) if parted else [child.oid]
    for when, then in carried(parents, referrer):
        whole = any(entry.whole for entry in parents if when in entry.operations)
        entries.enter(
            oids, then, whole=whole, assigned=referrer.columns if then == "UPDATE" else ()
        )
        carrier = Carrier(parent, child, referrer, when, then)
        found[referrer.oid, referrer.columns, parent.oid, when, then] = carrier
