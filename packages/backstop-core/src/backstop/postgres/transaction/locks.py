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


def advisory_locks(session: Session) -> frozenset[str]:
    """Return the advisory locks that the session holds, each as the call that releases it once."""
    found = session.fetch(
        """
        SELECT 'pg_catalog.pg_advisory_unlock'
               || CASE mode WHEN 'ShareLock' THEN '_shared' ELSE '' END
               || CASE objsubid
                  WHEN 1 THEN pg_catalog.format('(%s)',
                      (classid::pg_catalog.int8 << 32) | objid::pg_catalog.int8)
                  ELSE pg_catalog.format('(%s, %s)',
                      classid::pg_catalog.int8::bit(32)::pg_catalog.int4,
                      objid::pg_catalog.int8::bit(32)::pg_catalog.int4) END
        FROM pg_catalog.pg_locks
        WHERE locktype = 'advisory' AND granted AND pid = pg_catalog.pg_backend_pid()
        """
    )
    return frozenset(call or "" for (call,) in found)


def release_advisory(session: Session, held: frozenset[str]) -> None:
    """Release the advisory locks that weren't held before; no rollback releases a session's."""
    for call in sorted(advisory_locks(session) - held):
        session.fetch(f"SELECT {call}::pg_catalog.text")
