"""What of a session no rollback takes back: advisory locks, and where open large objects stand.

It is noted before a statement runs that may change it, and put back when the run is taken back.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field

from backstop.errors import SnapshotFailed
from backstop.postgres.transaction import locks
from backstop.postgres.transaction.savepoints import undone
from backstop.session import Session, TransactionStatus

_LOCKS = re.compile("advisory", re.IGNORECASE)
_MOVES = re.compile(r"\b(?:lowrite|loread|lo_(?:lseek|truncate)(?:64)?)\b", re.IGNORECASE)
_MOST_HANDLES = 64
# Only asking tells whether a handle is open, and the answer for one that isn't is an error.
_ASK = f"""
    DO $$ DECLARE found pg_catalog.text := ''; BEGIN
    FOR handle IN 0 .. {_MOST_HANDLES - 1} LOOP
        BEGIN
            found := pg_catalog.concat_ws(' ', found, pg_catalog.format(
                '%s:%s', handle, pg_catalog.lo_tell64(handle)));
        EXCEPTION WHEN undefined_object THEN NULL;
        END;
    END LOOP;
    PERFORM pg_catalog.set_config('backstop.handles', found, true);
    END $$
"""
_TELL = "SELECT pg_catalog.current_setting('backstop.handles')"


@dataclass(frozen=True)
class Lasting:
    """The advisory locks that are held, and by their handles the positions of large objects.

    None of what the statement can't change.
    """

    held: frozenset[str] | None = None
    positions: Mapping[int, int] = field(default_factory=dict)

    def put_back(self, session: Session) -> None:
        """Release the locks that came since, and move what is open back to where it stood."""
        if self.held is not None:
            locks.release_advisory(session, self.held)
        for handle, position in self.positions.items():
            session.fetch(f"SELECT pg_catalog.lo_lseek64({handle}, {position}, 0)::pg_catalog.text")


def may_change(sql: str) -> bool:
    """Whether a text may change anything that lasts."""
    return _LOCKS.search(sql) is not None or _MOVES.search(sql) is not None


def note(session: Session, sql: str) -> Lasting:
    """Return what is there before the text runs, in the transaction that it will run in.

    Raises SnapshotFailed when more large objects are open than can be told.
    """
    held = locks.advisory_locks(session) if _LOCKS.search(sql) is not None else None
    # What is open is closed by the end of the transaction.
    moves = _MOVES.search(sql) is not None and session.status() is not TransactionStatus.IDLE
    return Lasting(held, _positions(session) if moves else {})


def _positions(session: Session) -> dict[int, int]:
    with undone(session, "backstop_handles", _ASK):
        (found,) = session.fetch(_TELL)
    pairs = (pair.split(":") for pair in (found[0] or "").split())
    positions = {int(handle): int(position) for handle, position in pairs}
    if _MOST_HANDLES - 1 in positions:
        raise SnapshotFailed(
            f"More than {_MOST_HANDLES} large objects are open, whose positions no rollback keeps. "
            "Close some by lo_close, or write by lo_put, which needs no open one."
        )
    return positions
