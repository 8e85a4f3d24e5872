"""Mode "block" with a look: a statement whose text doesn't tell runs where it can be taken back.

What it has done is looked at before anybody else can see it. If it destroyed too much it is taken
back and refused; otherwise that run stands, so that the statement takes effect once.
"""

from __future__ import annotations

from typing import Callable, TypeVar

from backstop.assessment import sights
from backstop.errors import StatementBlocked, describe
from backstop.hidden import leads_on
from backstop.levels import AT_RISK
from backstop.postgres import presence
from backstop.postgres.transaction import lasting
from backstop.postgres.transaction.savepoints import untouched
from backstop.result import RiskResult
from backstop.running.in_transaction import NEEDS_NO_TRANSACTION, Running
from backstop.session import Session, TransactionStatus
from backstop.settings import Thresholds
from backstop.statement import Statement

Answer = TypeVar("Answer")


class CannotRehearse(Exception):
    """The statement can't run in a transaction, or nobody could see what it does there.

    Nothing of it has happened.
    """


def rehearse(
    session: Session,
    statement: Statement,
    result: RiskResult,
    run: Callable[[], Answer],
    thresholds: Thresholds,
    refusal: Callable[[RiskResult], StatementBlocked],
) -> Answer:
    """Run the statement and return what it gave, or raise the ``refusal`` with all taken back.

    Raises CannotRehearse where a transaction of ours is what keeps it from running, or the catalog
    can't be read.
    """
    was_idle = session.status() is TransactionStatus.IDLE
    alone = session.autocommit and was_idle
    try:
        with untouched(session):
            before = presence.look(session)
        lasts = lasting.note(session, statement.text)
    except Exception as error:
        raise CannotRehearse from error
    notices = session.notices()
    running = Running(session, alone=alone)
    running.start()
    try:
        answer = run()
    except BaseException as error:
        running.abandon()
        if alone and session.sqlstate(error) in NEEDS_NO_TRANSACTION:
            session.keep_notices(notices)
            raise CannotRehearse from error
        raise
    try:
        effects = running.look(fires=leads_on(result))
        raised = sights.judge(session, statement, result, before, effects, thresholds)
    except Exception as error:
        told = f"what it did can't be seen: {describe(error).rstrip('.')}."
        raised = sights.raised(statement, result, AT_RISK, told)
    except BaseException:
        running.withdraw()
        raise
    if raised is None:
        running.keep()
        return answer
    running.withdraw()
    lasts.put_back(session)
    session.keep_notices(notices)
    if was_idle and session.status() is TransactionStatus.IN_TRANSACTION:
        session.rollback()
    raise refusal(raised)
