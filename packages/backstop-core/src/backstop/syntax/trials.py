"""What of a text can be run inside of a transaction, to see what it does and take that back."""

from __future__ import annotations

from collections.abc import Sequence

from backstop.syntax.lexer import LexError, Token, tokenize
from backstop.syntax.statements import ControlKind, split, transaction_control
from backstop.syntax.structure import upper_at, words_at
from backstop.syntax.traits import leaves_transaction

_ENDS = (ControlKind.BEGIN, ControlKind.COMMIT)
_MARKS = (ControlKind.SAVEPOINT, ControlKind.RELEASE, ControlKind.ROLLBACK_TO)


def trial_of(sql: str) -> str | None:
    """Return the text without its own BEGIN and COMMIT, or without its CONCURRENTLY.

    None where it has neither, where it takes back a part of itself, or where it does what no
    rollback takes back.
    """
    try:
        statements = split(sql)
        if leaves_transaction(sql):
            return None
    except LexError:
        return None
    if len(statements) == 1:
        return _without_concurrently(sql, statements[0].tokens)
    kept = []
    for statement in statements:
        control = transaction_control(statement.tokens)
        if control is None or control.kind in _MARKS:
            kept.append(statement.text)
        elif control.kind not in _ENDS:
            return None
    return ";\n".join(kept) if 0 < len(kept) < len(statements) else None


def detaches_concurrently(sql: str) -> bool:
    """Whether a text detaches a partition in the way that leaves a CHECK in it."""
    trial = trial_of(sql)
    return trial is not None and upper_at(tokenize(sql), 0) == "ALTER"


def _without_concurrently(sql: str, tokens: Sequence[Token]) -> str | None:
    listed = list(tokens)
    if words_at(listed, 0, "DROP", "INDEX", "CONCURRENTLY"):
        word = listed[2]
    elif words_at(listed, 0, "ALTER", "TABLE") and listed[-1].upper == "CONCURRENTLY":
        word = listed[-1]
    else:
        return None
    return sql[: word.start] + sql[word.end :]
