"""Which database, which transaction: what a manifest records of where it was taken."""

from __future__ import annotations

import itertools
from collections.abc import Collection
from dataclasses import dataclass
from typing import Any

from backstop.postgres import query
from backstop.postgres.transaction.xids import low_half
from backstop.session import Session


@dataclass(frozen=True)
class ServerState:
    """The connection's database, role and transaction.

    ``transaction_id`` is the top-level transaction's xid, as text; ``isolation`` is spelled as
    PostgreSQL does (``read committed``).
    """

    database: str
    database_oid: int
    system_identifier: str
    version: int
    user: str
    isolation: str
    transaction_id: str

    @property
    def origin(self) -> str:
        """What tells the database apart from those of the same and of other servers."""
        return f"{self.system_identifier}-{self.database_oid}"


def state(session: Session) -> ServerState:
    """Ask the server; this gives the transaction an id if it had none."""
    answer = query.row(
        session,
        """
        SELECT d.datname AS database, d.oid AS database_oid,
               (SELECT system_identifier::pg_catalog.text FROM pg_catalog.pg_control_system())
                   AS system_identifier,
               pg_catalog.current_setting('server_version_num')::pg_catalog.int4 AS version,
               current_user AS user,
               pg_catalog.current_setting('transaction_isolation') AS isolation,
               pg_catalog.pg_current_xact_id()::pg_catalog.xid::pg_catalog.text AS transaction_id
        FROM pg_catalog.pg_database d WHERE d.datname = pg_catalog.current_database()
        """,
    )
    return ServerState(**answer)


def version(session: Session) -> int:
    """Return the server's version as one number, such as 150018."""
    asked = "SELECT pg_catalog.current_setting('server_version_num')::pg_catalog.int4 AS version"
    return int(query.row(session, asked)["version"])


OWN_XIDS = """
    FROM pg_catalog.pg_locks
    WHERE locktype = 'transactionid' AND mode = 'ExclusiveLock' AND granted
      AND pid = pg_catalog.pg_backend_pid()
"""
"""Where the ids of the transaction in hand stand, as ``transactionid``, savepoints included."""


def own_xids(session: Session) -> list[str]:
    """Return the xids of the transaction in hand, those of its savepoints included."""
    found: list[dict[str, Any]] = query.rows(
        session,
        f"SELECT transactionid::pg_catalog.text AS xid {OWN_XIDS}",
    )
    return [entry["xid"] for entry in found]


@dataclass(frozen=True)
class Completed:
    """Which transactions had ended: those before the id ``end``, but for the ``running`` ones."""

    end: int
    running: frozenset[int]


def completed(session: Session) -> Completed | None:
    """Return which transactions have ended.

    None where the transaction's view is frozen, and doesn't tell.
    """
    answer = query.row(
        session,
        """
        SELECT pg_catalog.pg_current_snapshot()::pg_catalog.text AS seen,
               pg_catalog.current_setting('transaction_isolation') AS isolation
        """,
    )
    if not answer["isolation"].startswith("read "):
        return None
    _, end, running = answer["seen"].split(":")
    return Completed(int(end), frozenset(int(xid) for xid in running.split(",") if xid))


def others_completed(
    session: Session, since: Completed | None, taken_back: Collection[str] = ()
) -> bool:
    """Whether others may have written and ended since ``completed`` told ``since``.

    The ids of this transaction don't count, nor do those that it has ``taken_back``.
    """
    now = completed(session)
    if since is None or now is None:
        return True
    own = {int(xid) for xid in (*own_xids(session), *taken_back)}
    ended = itertools.chain(since.running, range(since.end, now.end))
    return any(xid not in now.running and low_half(xid) not in own for xid in ended)
