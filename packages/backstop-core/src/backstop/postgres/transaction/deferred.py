"""What waits for the commit: constraint triggers of the user's own that are deferred."""

from __future__ import annotations

from backstop.postgres import query, quoting
from backstop.postgres.code.hooks import FIRST_OWN
from backstop.session import Session

_FIRING = "backstop_firing"
# It was kept from its end by something else: deadlocks, want of memory, locks, timeouts.
_UNKNOWN = ("40", "53", "55", "57")
# Those of foreign keys run functions of the server's own, which take nothing at the commit.
_TRIGGERS = f"""
    SELECT DISTINCT n.nspname AS schema, k.conname AS name
    FROM pg_catalog.pg_trigger t
    JOIN pg_catalog.pg_constraint k ON k.oid = t.tgconstraint
    JOIN pg_catalog.pg_namespace n ON n.oid = k.connamespace
    WHERE t.tgdeferrable AND t.tgenabled <> 'D' AND t.tgfoid >= {FIRST_OWN}
    ORDER BY n.nspname, k.conname
"""


def fire(session: Session) -> None:
    """Let each of them do now what it would do at the commit, until a savepoint takes that back.

    One that raises does nothing: it may be satisfied by what comes before the commit. Raises what
    keeps it from being known, such as a timeout.
    """
    for trigger in query.rows(session, _TRIGGERS):
        name = quoting.qualified(trigger["schema"], trigger["name"])
        # A RELEASE would let what is set stay set, also where a savepoint around is rolled back to.
        session.execute(f"SAVEPOINT {_FIRING}")
        try:
            session.execute(f"SET CONSTRAINTS {name} IMMEDIATE")
        except Exception as error:
            state = session.sqlstate(error)
            if state is None or state.startswith(_UNKNOWN):
                raise
            session.execute(f"ROLLBACK TO SAVEPOINT {_FIRING}")
