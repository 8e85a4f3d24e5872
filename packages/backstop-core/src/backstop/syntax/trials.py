"""What of a text can be run inside of a transaction, to see what it does and take that back."""

from __future__ import annotations

import re
from collections.abc import Sequence

from backstop.syntax.lexer import LexError, Token
from backstop.syntax.parts import WRITES, find_parts, unwrap
from backstop.syntax.statements import ControlKind, split, transaction_control
from backstop.syntax.structure import match_brackets, words_at
from backstop.syntax.traits import leaves_transaction

_ENDS = (ControlKind.BEGIN, ControlKind.COMMIT)
# What they prepare or forget is no data.
_HARMLESS = ("PREPARE", "DEALLOCATE")
_TRIAL = "backstop_trial"
_READ_LATER = re.compile(r"\b(?:copy|declare)\b", re.IGNORECASE)
_MARKS = (ControlKind.SAVEPOINT, ControlKind.RELEASE, ControlKind.ROLLBACK_TO)


def trial_of(sql: str) -> str | None:
    """Return the text without its own BEGIN and COMMIT, or without its CONCURRENTLY.

    Of a query that is copied out or read later, what runs it to its end. Of several statements,
    those are left out whose effects no rollback takes back. None where nothing is to be left out,
    or nothing else remains, and where it takes back a part of itself.
    """
    try:
        statements = split(sql)
        leaves = leaves_transaction(sql)
    except LexError:
        return None
    if len(statements) == 1:
        tokens = list(statements[0].tokens)
        ended = _to_its_end(sql, tokens)
        return ended if ended is not None or leaves else _without_concurrently(sql, tokens)
    kept = []
    for statement in statements:
        control = transaction_control(statement.tokens)
        if control is None or control.kind in _MARKS:
            # What a statement alone could not repeat, another of the text may prepare.
            kept += [] if leaves and leaves_transaction(statement.text) else [statement.text]
        elif control.kind not in _ENDS:
            return None
    return ";\n".join(kept) if 0 < len(kept) < len(statements) else None


def is_tried_in_part(sql: str) -> bool:
    """Whether something of a text can be tried out beside what no rollback takes back."""
    return bool(left_out(sql)) and trial_of(sql) is not None


def left_out(sql: str) -> list[str]:
    """Return the first words of the statements whose effects no rollback takes back."""
    try:
        if not leaves_transaction(sql):
            return []
        found = [item for item in split(sql) if leaves_transaction(item.text)]
    except LexError:
        return []
    words = (statement.tokens[0].upper for statement in found)
    return list(dict.fromkeys(word for word in words if word not in _HARMLESS))


def detaches_concurrently(sql: str) -> bool:
    """Whether a text detaches a partition in the way that leaves a CHECK in it."""
    try:
        (only,) = split(sql)
    except ValueError:
        return False
    found = _without_concurrently(sql, only.tokens)
    return found is not None and only.tokens[0].upper == "ALTER"


def runs_while_read(sql: str) -> bool:
    """Whether a text is one query that runs as it is read: of a cursor, or copied out."""
    if _READ_LATER.search(sql) is None:
        # Most are neither, and the tokens of a long one take their time.
        return False
    try:
        statements = split(sql)
    except LexError:
        return False
    return len(statements) == 1 and _to_its_end(sql, list(statements[0].tokens)) is not None


def _to_its_end(sql: str, tokens: list[Token]) -> str | None:
    """Return what runs a cursor's or a COPY's query to its end, and gives the client nothing."""
    pairs = match_brackets(tokens)
    wrapped = unwrap(tokens, pairs, 0, len(tokens))
    if wrapped is None or wrapped.kind not in ("COPY", "DECLARE"):
        return None
    if any(part.head in WRITES for part in find_parts(tokens, pairs, wrapped.start, wrapped.stop)):
        return None
    query = sql[tokens[wrapped.start].start : tokens[wrapped.stop - 1].end]
    # A line break ends a comment.
    return f"DECLARE {_TRIAL} NO SCROLL CURSOR FOR {query}\n; MOVE ALL IN {_TRIAL}"


def _without_concurrently(sql: str, tokens: Sequence[Token]) -> str | None:
    listed = list(tokens)
    if words_at(listed, 0, "DROP", "INDEX", "CONCURRENTLY"):
        word = listed[2]
    elif words_at(listed, 0, "ALTER", "TABLE") and listed[-1].upper == "CONCURRENTLY":
        word = listed[-1]
    else:
        return None
    return sql[: word.start] + sql[word.end :]
