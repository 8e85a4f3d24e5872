"""One statement in its transaction: run, looked at, and then kept or taken back.

A statement that would commit by itself gets a transaction of ours. In the application's own
transaction a savepoint stands before it, so that taking it back leaves everything else alone.
Nothing of the application's settings or rows is changed by looking.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterable
from dataclasses import replace

from backstop.errors import SnapshotFailed, describe
from backstop.postgres.relations import Relation
from backstop.postgres.transaction import counters, deferred, writers
from backstop.postgres.transaction.counters import Counters, Effects
from backstop.postgres.transaction.released import with_released
from backstop.session import Session, TransactionStatus

_ALL = "backstop_all"
_RUN = "backstop_run"
_LOOK = "backstop_look"

NEEDS_NO_TRANSACTION = ("25001", "2D000")
"""The SQLSTATEs of "cannot run inside a transaction block", and of a procedure's own COMMIT in one.

The server has refused the statement, and what came before is taken back.
"""


class Running:
    """The transaction, or the part of one, that a statement runs in.

    ``alone`` says that the statement would be a transaction of its own.
    """

    def __init__(self, session: Session, *, alone: bool) -> None:
        self.alone = alone
        self._session = session
        self._begun = False
        self._before: Counters | None = None
        self._unread: Exception | None = None
        self._looking = False
        self._notices: list[str] = []

    def begin(self) -> None:
        """Begin the transaction, or what can be taken back of it with all locks of ours."""
        if self._begun:
            return
        self._session.execute("BEGIN" if self.alone else f"SAVEPOINT {_ALL}")
        self._begun = True

    def start(self) -> None:
        """Mark where the statement begins, in a transaction that is begun if need be."""
        self._notices = self._session.notices()
        if not self._begun and not self.alone:
            first = f"SAVEPOINT {_ALL}; SAVEPOINT {_RUN}"
        elif not self._begun:
            first = "BEGIN"
        else:
            first = "" if self.alone else f"SAVEPOINT {_RUN}"
        self._begun = True
        try:
            self._before = counters.look(self._session, first)
        except Exception as error:
            # The statement runs all the same; what it does then isn't known.
            self._before, self._unread = None, error
            way_back = "ROLLBACK; BEGIN" if self.alone else f"ROLLBACK TO SAVEPOINT {_RUN}"
            self._session.execute(way_back)

    def look(self, *, fires: bool = False) -> Effects:
        """Return what the statement has done; questions of ours are free until its end.

        With ``fires``, what the user's own triggers do at the commit is done now, and taken back
        with the questions.
        """
        if self._before is None:
            why = "" if self._unread is None else f": {describe(self._unread)}"
            raise SnapshotFailed(f"The counters could not be read before it ran{why}")
        self._looking = True
        first = f"SAVEPOINT {_LOOK}"
        if fires:
            self._session.execute(first)
            first = ""
            deferred.fire(self._session)
        after = counters.look(self._session, first)
        found = counters.between(self._before, after)
        # In a transaction of ours every id is the statement's, also the first.
        return replace(found, xids=after.xids) if self.alone else found

    def writers(self, effects: Effects, relations: Iterable[Relation]) -> frozenset[str]:
        """Return the ids that the rows written by the statement have as their xmin.

        The application's own savepoints get an id with the first write inside of them, which may
        be ours: what is written there later isn't the statement's.
        """
        xids = with_released(self._session, effects.xids)
        if self.alone or len(xids) < 2:
            return xids
        return writers.writers(self._session, relations, xids)

    def keep(self) -> None:
        """Let what the statement did stand, and commit where it would commit by itself."""
        self._session.execute(f"{self._looked_back()}{self._kept()}")

    def undo(self) -> None:
        """Take back what the statement did, and be ready to run it again."""
        self._looking = False
        self._session.keep_notices(self._notices)
        if self.alone:
            self._session.execute("ROLLBACK; BEGIN")
        else:
            self._session.execute(f"ROLLBACK TO SAVEPOINT {_RUN}; RELEASE SAVEPOINT {_RUN}")

    def abandon(self) -> None:
        """End a transaction of ours after an error; the application's own is left as it is."""
        # After a lost connection there is nothing left to roll back.
        with contextlib.suppress(Exception):
            if self.alone and self._session.status() is not TransactionStatus.IDLE:
                self._session.execute("ROLLBACK")

    def withdraw(self) -> None:
        """Take back everything, our locks included, before the statement has run."""
        if self.alone:
            self.abandon()
            return
        with contextlib.suppress(Exception):
            self._session.execute(f"ROLLBACK TO SAVEPOINT {_ALL}; RELEASE SAVEPOINT {_ALL}")

    def _looked_back(self) -> str:
        return f"ROLLBACK TO SAVEPOINT {_LOOK}; " if self._looking else ""

    def _kept(self) -> str:
        return "COMMIT" if self.alone else f"RELEASE SAVEPOINT {_ALL}"
