"""DROP DATABASE, the one statement that destroys what its own connection can't see."""

from __future__ import annotations

import re

from backstop.syntax.lexer import LexError
from backstop.syntax.statements import statements_of
from backstop.syntax.structure import read_name, words_at

_WORD = re.compile("database", re.IGNORECASE)


def dropped_database(sql: str) -> str | None:
    """Return the database's name as the text spells it, where dropping it is all that it does."""
    if _WORD.search(sql) is None:
        return None
    try:
        statements = statements_of(sql)
    except LexError:
        return None
    if len(statements) != 1 or not words_at(statements[0], 0, "DROP", "DATABASE"):
        return None
    (tokens,) = statements
    at = 4 if words_at(tokens, 2, "IF", "EXISTS") else 2
    name = read_name(tokens, at, len(tokens))
    return None if name is None else sql[tokens[name.start].start : tokens[name.stop - 1].end]
