"""The transaction control in a text, remembered by text: it is asked for often."""

from __future__ import annotations

from functools import lru_cache

from backstop.syntax.lexer import LexError
from backstop.syntax.statements import ControlKind, TransactionControl, split, transaction_control


@lru_cache(maxsize=512)
def controls(sql: str) -> tuple[TransactionControl, ...]:
    """Return the transaction control of a text in order; none for a text that can't be read."""
    try:
        statements = split(sql)
    except LexError:
        return ()
    found = (transaction_control(statement.tokens) for statement in statements)
    return tuple(control for control in found if control is not None)


def takes_all_back(sql: str) -> bool:
    """Whether a text ends with a ROLLBACK, and commits nothing before."""
    statements = split(sql)
    last = transaction_control(statements[-1].tokens) if statements else None
    kinds = {control.kind for control in controls(sql)}
    ends_so = last is not None and last.kind is ControlKind.ROLLBACK
    return ends_so and kinds.isdisjoint((ControlKind.COMMIT, ControlKind.PREPARE_TRANSACTION))
