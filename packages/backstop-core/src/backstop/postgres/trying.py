"""Trying what a snapshot does to a table: lock it, copy a row, and undo both at once.

Nothing is waited for and nothing is kept: the lock is let go before the next table's is taken.
"""

from __future__ import annotations

from dataclasses import dataclass

from backstop.errors import describe
from backstop.postgres import query
from backstop.postgres.transaction.locks import SHARE_ROW_EXCLUSIVE
from backstop.postgres.transaction.savepoints import undone
from backstop.session import Session

_LOCK_NOT_AVAILABLE = "55P03"
_SAVEPOINT = "backstop_try"
_READ_ONLY = "SET LOCAL statement_timeout = '10s'; SET LOCAL transaction_read_only = on"


@dataclass(frozen=True)
class Trial:
    """What came of trying one table; ``busy`` is whether somebody else held it just then."""

    problem: str | None = None
    busy: bool = False


def try_saving(session: Session, quoted: str) -> Trial:
    """Lock a table as a snapshot would and copy one row of it, in the transaction in hand."""
    try:
        with undone(session, _SAVEPOINT, _READ_ONLY):
            session.execute(f"LOCK TABLE {quoted} IN {SHARE_ROW_EXCLUSIVE} MODE NOWAIT")
            session.copy_out(f"COPY (SELECT * FROM {quoted} LIMIT 1) TO STDOUT", _Nowhere())
    except Exception as error:
        sqlstate = session.sqlstate(error)
        if sqlstate is None:
            raise
        return Trial(describe(error), busy=sqlstate == _LOCK_NOT_AVAILABLE)
    return Trial()


def clock(session: Session) -> float:
    """Return the server's time, in seconds since 1970."""
    found = query.row(
        session, "SELECT EXTRACT(epoch FROM pg_catalog.clock_timestamp())::float8 AS seconds"
    )
    return float(found["seconds"])


class _Nowhere:
    def write(self, data: bytes, /) -> None:
        """Take bytes that nobody wants."""
