"""Questions about a text that its tokens answer, each erring to the side of saving more."""

from __future__ import annotations

from collections.abc import Sequence

from backstop.syntax.changes import RowChange
from backstop.syntax.lexer import Token, TokenKind, tokenize
from backstop.syntax.statements import split
from backstop.syntax.structure import folded

_NAMES = (TokenKind.WORD, TokenKind.QUOTED)
_SYSTEM_COLUMNS = frozenset({"ctid", "xmin", "xmax", "cmin", "cmax", "tableoid"})


def assigned_columns(change: RowChange) -> list[str]:
    """Return the columns that an UPDATE assigns, as the server folds them."""
    return [folded(tokenize(column)[0]) for column in change.columns]


def called_names(tokens: Sequence[Token]) -> list[str]:
    """Return every name that stands before a parenthesis, as a function's would."""
    return sorted(
        {
            folded(token)
            for token, following in zip(tokens, tokens[1:])
            if following.text == "(" and token.kind in _NAMES
        }
    )


def names_a_place(tokens: Sequence[Token]) -> bool:
    """Whether a system column is named, which tells rows of equal values apart."""
    return any(folded(token) in _SYSTEM_COLUMNS for token in tokens)


def moves_names(sql: str) -> bool:
    """Whether one statement of a text may change which tables the names of the next ones mean."""
    statements = split(sql)
    return len(statements) > 1 and any(
        token.upper in ("RENAME", "SCHEMA") or "search_path" in token.text.lower()
        for statement in statements
        for token in statement.tokens
    )
