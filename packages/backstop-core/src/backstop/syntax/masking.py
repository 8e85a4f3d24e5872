"""Takes the values out of a statement, for logs and manifests.

What it returns must never hold a literal of the user's, whatever the text looks like.
"""

from __future__ import annotations

from backstop.syntax.lexer import LexError, TokenKind, scan

UNREADABLE = "(unreadable statement)"

_MASKS = {TokenKind.STRING: "?", TokenKind.NUMBER: "?", TokenKind.ENTRIES: "?, …,"}


def mask_literals(sql: str) -> str:
    """Return the text with every string and number replaced by ``?``, and without its comments.

    The entries of a long list become ``?, …, ?``.
    A text that can't be scanned becomes ``(unreadable statement)``: where a literal ends in it
    nobody knows.
    """
    try:
        tokens, _ = scan(sql)
    except LexError:
        return UNREADABLE
    parts: list[str] = []
    end = 0
    for index, token in enumerate(tokens):
        if index and token.start > end:
            parts.append(" ")
        parts.append(_MASKS.get(token.kind, token.text))
        end = token.end
    return "".join(parts)
