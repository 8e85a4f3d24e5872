"""Texts with $1, $2 and so on, whose values travel apart, said by literals."""

from __future__ import annotations

from collections.abc import Sequence

from backstop.syntax.lexer import TokenKind, tokenize


def with_literals(text: str, literals: Sequence[str]) -> str:
    """Return a text with literals in place of its numbered placeholders."""
    for token in reversed(tokenize(text)):
        if token.kind is TokenKind.PLACEHOLDER and token.text.startswith("$"):
            literal = literals[int(token.text[1:]) - 1]
            text = f"{text[: token.start]}{literal}{text[token.end :]}"
    return text


def quoted(text: str | None) -> str:
    """Return a literal of a text, which reads the same whatever ``standard_conforming_strings``."""
    if text is None:
        return "NULL"
    doubled = text.replace("'", "''")
    if "\\" not in doubled:
        return f"'{doubled}'"
    return " E'" + doubled.replace("\\", "\\\\") + "'"
