"""One text's way through a guard, for drivers that send transaction control as any other text."""

from __future__ import annotations

from typing import Any, Callable

from backstop.guarding import GuardedSession
from backstop.statement import Statement
from backstop.syntax.controls import controls
from backstop.syntax.statements import ControlKind

_WORDS = frozenset({"ABORT", "BEGIN", "COMMIT", "END", "PREPARE", "ROLLBACK", "START"})
_COMMITS = (ControlKind.COMMIT, ControlKind.COMMIT_PREPARED)
_ROLLBACKS = (ControlKind.ROLLBACK, ControlKind.ROLLBACK_PREPARED)


def passed(
    session: GuardedSession,
    statement: Statement,
    run: Callable[[], Any],
    rowcount: Callable[[], int | None] = lambda: None,
) -> Any:
    """Run a statement under guard, or end the transaction if that is what it does."""
    word = statement.text.lstrip()[:8].upper().partition(" ")[0].rstrip(";\n\t")
    kinds = [one.kind for one in controls(statement.text)] if word in _WORDS else []
    if kinds == [ControlKind.BEGIN]:
        return run()
    if len(kinds) == 1 and kinds[0] in (*_COMMITS, *_ROLLBACKS):
        return session.finish(run, committed=kinds[0] in _COMMITS)
    answer = session.execute(statement, run, rowcount)
    if kinds == [ControlKind.PREPARE_TRANSACTION]:
        session.forget()
    return answer
