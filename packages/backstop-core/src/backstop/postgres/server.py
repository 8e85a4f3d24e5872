"""Which database, which transaction: what a manifest records of where it was taken."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from backstop.postgres import query
from backstop.postgres.xids import is_older
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


def after_completed(session: Session) -> str | None:
    """Return the id after the newest one of a transaction that has ended.

    None where the transaction's view is frozen, and doesn't tell.
    """
    answer = query.row(
        session,
        """
        SELECT pg_catalog.pg_snapshot_xmax(pg_catalog.pg_current_snapshot())::pg_catalog.text
                   AS xid,
               pg_catalog.current_setting('transaction_isolation') AS isolation
        """,
    )
    return answer["xid"] if answer["isolation"].startswith("read ") else None


def others_completed(session: Session, since: str | None) -> bool:
    """Whether others may have written and ended since ``after_completed`` was ``since``."""
    now = after_completed(session)
    if since is None or now is None:
        return True
    own = (xid for xid in own_xids(session) if not is_older(xid, since) and is_older(xid, now))
    return int(now) - int(since) > sum(1 for _ in own)
