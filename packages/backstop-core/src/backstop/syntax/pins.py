"""Which columns a WHERE pins to one value each, by tokens alone."""

from __future__ import annotations

from backstop.syntax.lexer import LexError, Token, TokenKind, tokenize
from backstop.syntax.structure import folded

_CONSTANTS = (TokenKind.PLACEHOLDER, TokenKind.NUMBER, TokenKind.STRING)
_NAMES = (TokenKind.WORD, TokenKind.QUOTED)


def pinned_columns(where: str) -> frozenset[str]:
    """Return the columns, as the server folds them, that are set equal to a constant.

    Only conjuncts of the form ``column = constant`` count, at the top of a WHERE without OR.
    Columns that aren't found are never wrongly found: the answer may only be too small.
    """
    try:
        tokens = tokenize(where)
    except LexError:
        return frozenset()
    conjuncts: list[list[Token]] = [[]]
    depth = 0
    for token in tokens:
        depth += (token.text in ("(", "[")) - (token.text in (")", "]"))
        if depth == 0 and token.upper in ("OR", "BETWEEN"):
            return frozenset()
        if depth == 0 and token.upper == "AND":
            conjuncts.append([])
        else:
            conjuncts[-1].append(token)
    return frozenset(name for conjunct in conjuncts if (name := _pinned(conjunct)) is not None)


def _pinned(conjunct: list[Token]) -> str | None:
    # With a qualifier: `t.column = constant`.
    if len(conjunct) == 5 and conjunct[1].text == "." and conjunct[0].kind in _NAMES:
        conjunct = conjunct[2:]
    if len(conjunct) != 3:
        return None
    column, operator, constant = conjunct
    if column.kind in _NAMES and operator.text == "=" and constant.kind in _CONSTANTS:
        return folded(column)
    return None
