"""The transaction control in a text, remembered by text: it is asked for often."""

from __future__ import annotations

from functools import lru_cache

from backstop.syntax.lexer import LexError
from backstop.syntax.statements import TransactionControl, split, transaction_control


@lru_cache(maxsize=512)
def controls(sql: str) -> tuple[TransactionControl, ...]:
    """Return the transaction control of a text in order; none for a text that can't be read."""
    try:
        statements = split(sql)
    except LexError:
        return ()
    found = (transaction_control(statement.tokens) for statement in statements)
    return tuple(control for control in found if control is not None)
