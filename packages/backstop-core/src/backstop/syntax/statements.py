"""Splits a text into its statements, and recognises transaction control.

Works on tokens alone: transaction control must never reach a parser, and a semicolon inside a
quote must never end a statement.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum

from backstop.syntax.lexer import Token, TokenKind, tokenize
from backstop.syntax.structure import folded, upper_at, words_at


@dataclass(frozen=True)
class StatementText:
    """One statement of a text: its slice, without surrounding white space, and its tokens.

    ``start`` and ``end``, and the positions of the tokens, count in the whole text.
    """

    text: str
    start: int
    end: int
    tokens: tuple[Token, ...]


class ControlKind(Enum):
    """The commands that begin, mark or end a transaction."""

    BEGIN = "BEGIN"
    COMMIT = "COMMIT"
    ROLLBACK = "ROLLBACK"
    SAVEPOINT = "SAVEPOINT"
    RELEASE = "RELEASE SAVEPOINT"
    ROLLBACK_TO = "ROLLBACK TO SAVEPOINT"
    PREPARE_TRANSACTION = "PREPARE TRANSACTION"
    COMMIT_PREPARED = "COMMIT PREPARED"
    ROLLBACK_PREPARED = "ROLLBACK PREPARED"


@dataclass(frozen=True)
class TransactionControl:
    """One command of transaction control.

    ``name`` is the savepoint, folded as the server folds it, or the transaction identifier as it
    is written; ``chain`` says that AND CHAIN starts a new transaction at once.
    """

    kind: ControlKind
    name: str | None = None
    chain: bool = False


def split(sql: str) -> list[StatementText]:
    """Return the statements of a text in order, empty ones left out; raises `LexError`."""
    return [
        StatementText(sql[group[0].start : group[-1].end], group[0].start, group[-1].end, group)
        for group in map(tuple, statements_of(sql))
    ]


def statements_of(sql: str) -> list[list[Token]]:
    """Return the tokens of each statement of a text, empty ones left out; raises `LexError`."""
    tokens = tokenize(sql)
    if ";" in sql:
        return split_tokens(tokens)
    return [tokens] if tokens else []


def split_tokens(tokens: list[Token]) -> list[list[Token]]:
    """Return the tokens of each statement, without the semicolons between them."""
    groups: list[list[Token]] = []
    start, depth, blocks = 0, 0, 0
    for index, token in enumerate(tokens):
        mark = token.upper
        if mark in ("(", "["):
            depth += 1
        elif mark in (")", "]"):
            depth -= 1
        elif mark in ("BEGIN", "CASE", "END"):
            blocks = _blocks(tokens, start, index, blocks)
        elif mark == ";" and depth <= 0 and blocks == 0:
            groups.append(tokens[start:index])
            start, depth = index + 1, 0
    groups.append(tokens[start:])
    return [group for group in groups if group]


def _blocks(tokens: list[Token], start: int, index: int, blocks: int) -> int:
    """How many BEGIN ATOMIC and CASE are open after the word at the index."""
    word = tokens[index].upper
    if upper_at(tokens, index - 1) in (".", "AS"):
        return blocks
    if word == "BEGIN":
        atomic = words_at(tokens, index + 1, "ATOMIC") and _creates_routine(tokens, start)
        return blocks + 1 if atomic else blocks
    if blocks == 0:
        return 0
    return blocks + 1 if word == "CASE" else blocks - 1


def _creates_routine(tokens: list[Token], start: int) -> bool:
    if upper_at(tokens, start) != "CREATE":
        return False
    at = start + 3 if words_at(tokens, start + 1, "OR", "REPLACE") else start + 1
    return upper_at(tokens, at) in ("FUNCTION", "PROCEDURE")


_NOISE = frozenset({"WORK", "TRANSACTION"})


def transaction_control(tokens: Sequence[Token]) -> TransactionControl | None:
    """Return the command of transaction control that these tokens are, or nothing.

    Only the complete form counts: trailing words that the command doesn't have make it unknown.
    """
    listed = list(tokens)
    head = upper_at(listed, 0)
    reader = _READERS.get(head)
    return reader(listed) if reader is not None else None


def _begin(tokens: list[Token]) -> TransactionControl | None:
    at = 1
    if tokens[0].upper == "START":
        if upper_at(tokens, 1) != "TRANSACTION":
            return None
        at = 2
    elif upper_at(tokens, 1) in _NOISE:
        at = 2
    modes = {"ISOLATION", "LEVEL", "READ", "WRITE", "ONLY", "NOT", "DEFERRABLE", ","}
    modes |= {"SERIALIZABLE", "REPEATABLE", "COMMITTED", "UNCOMMITTED"}
    known = all(token.upper in modes for token in tokens[at:])
    return TransactionControl(ControlKind.BEGIN) if known else None


def _end(tokens: list[Token]) -> TransactionControl | None:
    head = tokens[0].upper
    rollback = head in ("ROLLBACK", "ABORT")
    if upper_at(tokens, 1) == "PREPARED" and head in ("COMMIT", "ROLLBACK"):
        kind = ControlKind.ROLLBACK_PREPARED if rollback else ControlKind.COMMIT_PREPARED
        return _with_identifier(kind, tokens, 2)
    at = 2 if upper_at(tokens, 1) in _NOISE else 1
    if head == "ROLLBACK" and upper_at(tokens, at) == "TO":
        at += 2 if upper_at(tokens, at + 1) == "SAVEPOINT" and len(tokens) > at + 2 else 1
        return _with_name(ControlKind.ROLLBACK_TO, tokens, at)
    kind = ControlKind.ROLLBACK if rollback else ControlKind.COMMIT
    rest = [token.upper for token in tokens[at:]]
    if rest in ([], ["AND", "NO", "CHAIN"]):
        return TransactionControl(kind)
    return TransactionControl(kind, chain=True) if rest == ["AND", "CHAIN"] else None


def _savepoint(tokens: list[Token]) -> TransactionControl | None:
    return _with_name(ControlKind.SAVEPOINT, tokens, 1)


def _release(tokens: list[Token]) -> TransactionControl | None:
    at = 2 if upper_at(tokens, 1) == "SAVEPOINT" and len(tokens) > 2 else 1
    return _with_name(ControlKind.RELEASE, tokens, at)


def _prepare(tokens: list[Token]) -> TransactionControl | None:
    if upper_at(tokens, 1) != "TRANSACTION":
        return None
    return _with_identifier(ControlKind.PREPARE_TRANSACTION, tokens, 2)


def _with_name(kind: ControlKind, tokens: list[Token], at: int) -> TransactionControl | None:
    if len(tokens) != at + 1 or tokens[at].kind not in (TokenKind.WORD, TokenKind.QUOTED):
        return None
    return TransactionControl(kind, folded(tokens[at]))


def _with_identifier(kind: ControlKind, tokens: list[Token], at: int) -> TransactionControl | None:
    if len(tokens) != at + 1 or tokens[at].kind not in (TokenKind.STRING, TokenKind.PLACEHOLDER):
        return None
    return TransactionControl(kind, tokens[at].text)


_READERS = {
    "BEGIN": _begin,
    "START": _begin,
    "COMMIT": _end,
    "END": _end,
    "ROLLBACK": _end,
    "ABORT": _end,
    "SAVEPOINT": _savepoint,
    "RELEASE": _release,
    "PREPARE": _prepare,
}
