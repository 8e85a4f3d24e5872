"""Questions about a text that its tokens answer, each erring to the side of saving more."""

from __future__ import annotations

import re
from collections.abc import Sequence

from backstop.syntax.changes import RowChange, Upsert
from backstop.syntax.lexer import Token, TokenKind, tokenize
from backstop.syntax.statements import split
from backstop.syntax.structure import folded

_NAMES = (TokenKind.WORD, TokenKind.QUOTED)
_OUTSIDE = re.compile(
    r"copy|prepare|deallocate|dblink\w*|http\w*|lo_(?:im|ex)port|pg_file_\w+"
    r"|pg_(?:reload|rotate|terminate|cancel)\w*",
    re.IGNORECASE,
)
# A large object that was open before stays closed, whatever is rolled back.
_CLOSES = re.compile(r"\blo_close\b", re.IGNORECASE)
_OPENS = re.compile(r"\blo_open\b", re.IGNORECASE)
# A name in escapes may be any; pg_settings can be written to.
_PATH = re.compile(r"search_path|set_config|pg_settings|^u&\"", re.IGNORECASE)
_ROLES = frozenset({"ROLE", "SCHEMA", "SESSION", "AUTHORIZATION"})
_SETS = frozenset({"SET", "RESET", "LOCAL", "SESSION"})
_SYSTEM_COLUMNS = frozenset({"ctid", "xmin", "xmax", "cmin", "cmax", "tableoid"})
_QUERIES = frozenset({"SELECT", "TABLE", "VALUES", "WITH"})


def assigned_columns(change: RowChange | Upsert) -> list[str]:
    """Return the columns that a change assigns, as the server folds them."""
    return [folded(tokenize(column)[0]) for column in change.columns]


def moved_columns(change: Upsert) -> list[str]:
    """Return the columns that may get another value than the one which conflicts."""
    return [folded(tokenize(column)[0]) for column in change.moved]


def called_names(tokens: Sequence[Token]) -> list[str]:
    """Return every name that stands before a parenthesis, as a function's would."""
    return sorted(
        {
            folded(token)
            for token, following in zip(tokens, tokens[1:])
            if following.text == "(" and token.kind in _NAMES
        }
    )


def searched_tokens(change: RowChange) -> list[Token]:
    """Return the tokens of everything that decides which rows a change finds."""
    parts = (change.with_clause, change.from_clause, change.where, change.when)
    return tokenize("\n".join(part for part in parts if part))


def looks_at_own_columns_only(change: RowChange) -> bool:
    """Whether each row alone decides if the change finds it: no join, no subquery."""
    if change.from_clause is not None or change.with_clause is not None:
        return False
    return all(token.upper not in _QUERIES for token in searched_tokens(change))


def names_a_place(tokens: Sequence[Token]) -> bool:
    """Whether a system column is named, which tells rows of equal values apart."""
    return any(folded(token) in _SYSTEM_COLUMNS for token in tokens)


def samples_rows(change: RowChange) -> bool:
    """Whether which rows are found depends on chance, or on what others have locked."""
    return any(token.upper in ("TABLESAMPLE", "LOCKED") for token in searched_tokens(change))


def leaves_transaction(sql: str) -> bool:
    """Whether a text has effects that no rollback takes back, or takes what comes only once.

    That are functions that reach other servers and files, COPY from the client, programs, prepared
    statements, which no rollback forgets, and closing what an earlier text has opened.
    """
    if _CLOSES.search(sql) is not None and _OPENS.search(sql) is None:
        return True
    if _OUTSIDE.search(sql) is None:
        return False
    return any(
        statement.tokens[0].upper in ("COPY", "PREPARE", "DEALLOCATE")
        or calls_outside(statement.tokens)
        for statement in split(sql)
    )


# They name functions with their arguments, and call none.
_ONLY_NAMES = ("GRANT", "REVOKE", "COMMENT")


def calls_outside(tokens: Sequence[Token]) -> bool:
    """Whether a function is called whose effects no rollback takes back."""
    if tokens and tokens[0].upper in _ONLY_NAMES:
        return False
    return any(map(_OUTSIDE.fullmatch, called_names(tokens)))


def locks_rows(change: RowChange) -> bool:
    """Whether a subquery locks the rows that it reads, which a read-only query can't do."""
    tokens = searched_tokens(change)
    return any(
        token.upper == "FOR" and following.upper in ("UPDATE", "SHARE", "NO", "KEY")
        for token, following in zip(tokens, tokens[1:])
    )


def moves_names(sql: str) -> bool:
    """Whether one statement of a text may change which tables the names of the next ones mean."""
    statements = split(sql)
    return len(statements) > 1 and any(
        chooses_schemas(statement.tokens) or _moves(statement.tokens) for statement in statements
    )


def chooses_schemas(tokens: Sequence[Token]) -> bool:
    """Whether code may set what names are looked up in: the search path, or the role it tells."""
    previous = ""
    for token in tokens:
        word = token.upper
        if _PATH.search(token.text) is not None or (word in _ROLES and previous in _SETS):
            return True
        if word == "DISCARD" or (word == "ALL" and previous == "RESET"):
            return True
        previous = word
    return False


def _moves(tokens: Sequence[Token]) -> bool:
    return any(
        # Grants, comments and the like are on a schema, or in one, and move nothing.
        token.upper == "RENAME" or (token.upper == "SCHEMA" and before.upper not in ("IN", "ON"))
        for before, token in zip((tokens[0], *tokens), tokens)
    )
