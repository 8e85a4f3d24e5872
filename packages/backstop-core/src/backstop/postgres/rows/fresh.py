"""Rows that a transaction's own view is too old for.

At REPEATABLE READ a transaction sees its tables as they were at its first query, but TRUNCATE and
DROP take what others have committed since as well. A second connection sees that, and not what
the transaction itself has written; the two together are what is destroyed. A lock that keeps
writers out, and lets readers in, is held meanwhile.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager

from backstop.postgres import server
from backstop.postgres.relations import Relation
from backstop.postgres.rows import images
from backstop.postgres.transaction.savepoints import PINNED, change_settings, transaction
from backstop.session import Session, Sink, beside

_CONNECT_TIMEOUT = 5.0


class FreshRows:
    """Copies relations as they are now, out of two connections."""

    def __init__(self, session: Session, second: Session) -> None:
        self._session = session
        self._second = second
        self._own = server.own_xids(session)

    def copy(self, relation: Relation, sink: Sink) -> int:
        """Copy every row of one relation; the settings are pinned already. Returns the rows."""
        rows = images.copy_own(self._session, relation, self._own, sink)
        if self._second_sees(relation):
            rows += images.copy_of_others(self._second, relation, self._own, sink)
        return rows

    def _second_sees(self, relation: Relation) -> bool:
        found = self._second.fetch(
            f"SELECT oid::pg_catalog.text FROM pg_catalog.pg_class WHERE oid = {relation.oid}"
        )
        return bool(found)


@contextmanager
def fresh_rows(session: Session, settings: Mapping[str, str]) -> Iterator[FreshRows]:
    """Open a second connection for the block, with our pinned settings and these.

    Raises ConnectionFailed where the server accepts none.
    """
    with beside(session, _CONNECT_TIMEOUT) as second, transaction(second):
        change_settings(second, {**PINNED, **settings})
        yield FreshRows(session, second)
