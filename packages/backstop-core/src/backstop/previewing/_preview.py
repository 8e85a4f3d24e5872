"""Asking for a preview: on a connection in hand, or on a session.

The statement isn't run, nor is anything written or locked: the text, the catalog and counts of rows
tell, in a transaction that can only read.
"""

from __future__ import annotations

from backstop.assessment import Assessment, Measure
from backstop.classifier import classify
from backstop.drivers import driver_of, reader_of, session_for
from backstop.errors import ConfigurationError
from backstop.postgres.transaction.savepoints import untouched
from backstop.previewing.foreseeing import Foresight, Preview
from backstop.session import Session, TransactionStatus
from backstop.settings import Thresholds
from backstop.statement import Statement


def preview(conn: object, sql: object, params: object = None) -> Preview:
    """Say what a statement would destroy and what its snapshot would take, without running it.

    ``conn`` is a connection of psycopg2 or psycopg 3, guarded or not: its uncommitted rows and
    search_path count, and its transaction goes on. ``sql`` and ``params`` are as ``execute`` takes
    them. The limits of reach are those of the guard, or else the usual ones. Nothing is locked, so
    what others do in the meantime may change the numbers.

    Raises UnsupportedConnection, and ConfigurationError where nothing can be asked.
    """
    raw = getattr(conn, "__wrapped__", conn)
    session = session_for(raw)
    if session.status() in (TransactionStatus.FAILED, TransactionStatus.UNUSABLE):
        raise ConfigurationError("conn is closed, or its transaction is aborted: roll back first.")
    settings = getattr(conn, "backstop_settings", None)
    thresholds = settings.thresholds if settings is not None else Thresholds()
    return preview_statement(session, _statement(raw, sql, params), thresholds)


def preview_statement(session: Session, statement: Statement, thresholds: Thresholds) -> Preview:
    """Say what a statement would do on a session; see :func:`preview`."""
    was_idle = session.status() is TransactionStatus.IDLE
    try:
        assessment = Assessment(session, thresholds)
        result, _ = assessment.assess(statement, classify(statement.text), Measure.BY_COUNTING)
        with untouched(session):
            return Foresight(session, statement.render(), result).look()
    finally:
        if was_idle and session.status() is TransactionStatus.IN_TRANSACTION:
            # Only questions of ours have begun it.
            session.rollback()


def _statement(connection: object, sql: object, params: object) -> Statement:
    cursor = connection.cursor()  # type: ignore[attr-defined]
    try:
        statement = reader_of(driver_of(connection) or "").single(cursor, sql, params)
    finally:
        cursor.close()
    if statement is None:
        raise ConfigurationError("sql is no text that the driver would send.")
    return statement
