"""Whether a text is one condition, so that it can't end the statement that it is put into."""

from __future__ import annotations

from backstop.syntax.lexer import LexError, tokenize


def is_condition(text: str) -> bool:
    """Whether a text may stand between the brackets of a WHERE, as far as its tokens tell."""
    try:
        tokens = tokenize(text)
    except LexError:
        return False
    depth = 0
    for token in tokens:
        depth += {"(": 1, ")": -1}.get(token.text, 0)
        if depth < 0 or token.text == ";":
            return False
    return bool(tokens) and depth == 0
