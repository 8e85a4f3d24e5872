"""Table locks, taken in OID order so that two captures can't wait for each other."""

from __future__ import annotations

from collections.abc import Mapping

from backstop.postgres.relations import Relation
from backstop.session import Session

# TRUNCATE and DROP take this one themselves: an upgrade from a weaker lock deadlocks with a
# reader that then writes.
ACCESS_EXCLUSIVE = "ACCESS EXCLUSIVE"
# Keeps every other writer out, and lets readers in.
SHARE_ROW_EXCLUSIVE = "SHARE ROW EXCLUSIVE"


def lock(session: Session, modes: Mapping[Relation, str]) -> None:
    """Lock each relation in its mode, waiting for each as long as lock_timeout lets us."""
    for relation in sorted(modes, key=lambda relation: relation.oid):
        only = "" if relation.kind == "f" else "ONLY "
        session.execute(f"LOCK TABLE {only}{relation.sql} IN {modes[relation]} MODE")
