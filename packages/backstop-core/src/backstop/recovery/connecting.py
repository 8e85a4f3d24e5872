"""The connection that a restore works on: the user's own, or one of its own by a DSN."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator

from backstop.drivers import connect, session_for
from backstop.errors import BackstopError, ConfigurationError, RestoreFailed, describe
from backstop.recovery import databases
from backstop.session import Session, TransactionStatus


@contextlib.contextmanager
def connected(
    dsn: str | None, conn: object | None, *, may_be_gone: bool = False
) -> Iterator[Session]:
    """Give the session to work in; whatever stops the block is told as a RestoreFailed.

    ``may_be_gone`` is whether any other database of the DSN's server will do.
    """
    with opened(dsn, conn, may_be_gone=may_be_gone) as session:
        try:
            yield session
        except BackstopError:
            raise
        except Exception as error:
            if session.status() is TransactionStatus.UNUSABLE:
                raise RestoreFailed(
                    f"The connection was lost: {describe(error)}. Run the restore again: "
                    "it changes nothing where everything is back already."
                ) from error
            raise RestoreFailed(
                f"The restore stopped and changed nothing: {describe(error)}."
            ) from error


@contextlib.contextmanager
def opened(dsn: str | None, conn: object | None, *, may_be_gone: bool = False) -> Iterator[Session]:
    """Give the session to work in, and close it where it isn't the user's own."""
    session = _session(dsn, conn, may_be_gone=may_be_gone)
    try:
        yield session
    finally:
        if conn is None:
            session.close()


def _session(dsn: str | None, conn: object | None, *, may_be_gone: bool) -> Session:
    if conn is not None:
        session = session_for(getattr(conn, "__wrapped__", conn))
        if session.status() is not TransactionStatus.IDLE:
            raise ConfigurationError(
                "conn is closed or inside a transaction: commit or roll back first."
            )
        return session
    chosen = dsn or os.environ.get("BACKSTOP_DSN")
    if not chosen:
        raise ConfigurationError(
            "dsn is missing: give dsn='postgresql://user@host/database', or set BACKSTOP_DSN."
        )
    return databases.connect_somewhere(chosen) if may_be_gone else connect(chosen)
