"""What a DROP names, where the text tells it."""

from __future__ import annotations

from dataclasses import dataclass

from backstop.syntax.lexer import LexError, Token
from backstop.syntax.statements import statements_of
from backstop.syntax.structure import folded, read_name, words_at

_KINDS = (
    ("SCHEMA",),
    ("VIEW",),
    ("MATERIALIZED", "VIEW"),
    ("SEQUENCE",),
    ("INDEX",),
    ("FOREIGN", "TABLE"),
)


@dataclass(frozen=True)
class Drop:
    """A DROP of schemas or relations: ``names`` are as the text spells them.

    ``folded`` are what the server makes of names that aren't qualified.
    """

    kind: str
    names: tuple[str, ...]
    folded: tuple[str, ...]


def drop_of(sql: str) -> Drop | None:
    """Return what a text drops, if that is all that it does."""
    try:
        statements = statements_of(sql)
    except LexError:
        return None
    if len(statements) != 1:
        return None
    (tokens,) = statements
    for words in _KINDS:
        if words_at(tokens, 0, "DROP", *words):
            return _read(sql, tokens, " ".join(words), 1 + len(words))
    return None


def _read(sql: str, tokens: list[Token], kind: str, at: int) -> Drop | None:
    for optional in (("CONCURRENTLY",), ("IF", "EXISTS")):
        if words_at(tokens, at, *optional):
            at += len(optional)
    names, plain = [], []
    while (name := read_name(tokens, at, len(tokens))) is not None:
        names.append(sql[tokens[name.start].start : tokens[name.stop - 1].end])
        plain.append(folded(tokens[name.start]))
        at = name.stop
        if not words_at(tokens, at, ","):
            return Drop(kind, tuple(names), tuple(plain))
        at += 1
    return None
