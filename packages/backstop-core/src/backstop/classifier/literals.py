"""What string literals and constants in a text stand for."""

from __future__ import annotations

import re
from collections.abc import Sequence

from backstop.syntax.lexer import Token, TokenKind

# What an E'' string holds besides plain characters: escapes, doubled quotes, and the place where
# it goes on in another line.
_ESCAPE = re.compile(
    r"\\(?:x([0-9A-Fa-f]{1,2})|u([0-9A-Fa-f]{4})|U([0-9A-Fa-f]{8})|([0-7]{1,3})|(.))|''"
    r"|'[ \t\f\v]*(?:--[^\n\r]*)?[\n\r](?:[ \t\n\r\f\v]|--[^\n\r]*[\n\r])*'",
    re.DOTALL,
)
_CONTROLS = {"b": "\b", "f": "\f", "n": "\n", "r": "\r", "t": "\t"}


def literal_text(tokens: Sequence[Token]) -> str | None:
    """Return the text that adjacent string literals stand for, or nothing if it isn't clear."""
    parts: list[str] = []
    for token in tokens:
        part = decoded(token.text) if token.kind is TokenKind.STRING else None
        if part is None:
            return None
        parts.append(part)
    return "".join(parts)


def decoded(text: str) -> str | None:
    """Return the text that one string literal stands for, or nothing if it isn't clear."""
    if text.startswith("$"):
        tag = text.index("$", 1) + 1
        return text[tag:-tag]
    if text.startswith("'"):
        return text[1:-1].replace("''", "'")
    if text[:1] in "nN":
        return text[2:-1].replace("''", "'")
    if text[:1] in "eE":
        return _ESCAPE.sub(_unescape, text[2:-1])
    return None


def _unescape(match: re.Match[str]) -> str:
    if match[0].startswith("'"):
        return "'" if match[0] == "''" else ""
    hexadecimal = match[1] or match[2] or match[3]
    if hexadecimal:
        code = int(hexadecimal, 16)
        return chr(code) if code < 0x110000 else "\ufffd"
    if match[4]:
        return chr(int(match[4], 8) & 0xFF)
    return _CONTROLS.get(match[5], match[5])


def number(tokens: Sequence[Token]) -> float | None:
    """Return the number that stands alone here, with its sign, quotes, brackets or cast."""
    kept = [token for token in _without_cast(tokens) if token.upper not in ("(", ")")]
    texts = [
        (literal_text([token]) or "") if token.kind is TokenKind.STRING else token.text
        for token in kept
    ]
    try:
        return float("".join(texts).replace("_", ""))
    except ValueError:
        return None


def single_text(tokens: Sequence[Token]) -> str | None:
    """Return the text of the literal that stands alone here, with or without a cast."""
    kept = _without_cast(tokens)
    while kept and kept[0].upper == "(":
        kept = _without_cast(kept[1:-1])
    return literal_text(kept)


def _without_cast(tokens: Sequence[Token]) -> Sequence[Token]:
    """Leave the casts at the end out; CAST(… AS …) stays as it is."""
    for index, token in enumerate(tokens):
        if token.upper == "::":
            rest = tokens[index:]
            computed = any(t.kind is TokenKind.OPERATOR and t.upper != "::" for t in rest)
            return tokens if computed else tokens[:index]
    return tokens
