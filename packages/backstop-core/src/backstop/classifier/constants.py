"""What a column compared with a constant says: which values of it pass.

It knows which comparisons hold for every value by their own text: a key that is positive, a
pattern that matches everything, a bound that nothing lies beyond.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence

from backstop.classifier.literals import decoded, number, single_text
from backstop.classifier.patterns import like_selects, regex_selects, similar_selects
from backstop.classifier.reach import (
    FALSE_SIDE,
    LOWER_BOUND,
    NO_ROWS,
    TRUE_SIDE,
    UPPER_BOUND,
    Alternative,
    Reach,
    Share,
)
from backstop.syntax.lexer import Token, TokenKind, strings

_NAMES = (TokenKind.WORD, TokenKind.QUOTED)
_TRUE_WORDS = frozenset({"true", "t", "yes", "y", "on"})
_FALSE_WORDS = frozenset({"false", "f", "no", "n", "off"})
_LOWEST = frozenset({-(2.0**15), -(2.0**31), -(2.0**63), float("-inf")})
_HIGHEST = frozenset({2.0**15 - 1, 2.0**31 - 1, 2.0**63 - 1, float("inf")})
_SIZED_TYPES = frozenset({"VARCHAR", "NUMERIC"})
# What a text search has of the operators of a path: followed by, cat <-> dog.
_FOLLOWED_BY = re.compile(r"<(?:-|[0-9]+)>")
_SELECTS: dict[str, Callable[[str], bool]] = {
    "LIKE": like_selects,
    "SIMILAR": similar_selects,
    "~": regex_selects,
    "^@": bool,
}


def holds_parameter(tokens: Sequence[Token]) -> bool:
    """Whether a parameter stands among these tokens."""
    return any(token.kind is TokenKind.PLACEHOLDER for token in tokens)


def holds_null(tokens: Sequence[Token]) -> bool:
    """Whether NULL stands among these tokens."""
    return any(token.upper == "NULL" for token in tokens)


def holds_null_text(tokens: Sequence[Token]) -> bool:
    """Whether NULL stands among these tokens, or inside of a literal such as '{NULL}'."""
    return any("NULL" in token.text.upper() for token in tokens)


def truths(tokens: Sequence[Token], *, digits: bool = False) -> set[bool]:
    """Return the truth values that constants may stand for, or nothing if one can't be one.

    A text is a truth value only beside a column that is one; ``digits`` takes '1' and '0' too.
    """
    found: set[bool] = set()
    for token in tokens:
        if token.upper in ("TRUE", "FALSE"):
            found.add(token.upper == "TRUE")
        elif token.upper in ("BOOLEAN", "BOOL"):
            # 1::boolean and 0::boolean may be any of them.
            found |= {True, False} if any(other.upper == "," for other in tokens) else set()
        for word in _words(token):
            if word in _TRUE_WORDS or (digits and word == "1"):
                found.add(True)
            elif word in _FALSE_WORDS or (digits and word == "0"):
                found.add(False)
            else:
                return set()
    return found


def _words(token: Token) -> Iterator[str]:
    """Give the words in a string or a long list, in lower case; unclear text may be any."""
    for string in strings(token):
        text = decoded(string)
        yield from ("t", "f") if text is None else _entries(text.strip().lower())


def _entries(text: str) -> list[str]:
    """Return the entries of an array that a text may hold, or the text itself."""
    if text[:1] == "{" and text[-1:] == "}":
        return [entry.strip(' "') for entry in text[1:-1].split(",")]
    return [text]


def is_computed(tokens: Sequence[Token]) -> bool:
    """Whether a constant is the outcome of a call, which hardly any row has: now()."""
    calls = zip(tokens, tokens[1:])
    if any(
        name.kind in _NAMES and after.upper == "(" and name.upper not in _SIZED_TYPES
        for name, after in calls
    ):
        return True
    return any(token.upper.startswith(("CURRENT_", "LOCALTIME")) for token in tokens)


def holds_truth(tokens: Sequence[Token]) -> bool:
    """Whether TRUE or FALSE stands among these tokens."""
    return any(token.upper in ("TRUE", "FALSE") for token in tokens)


def is_empty_array(tokens: Sequence[Token]) -> bool:
    """Whether constants hold no value at all: '{}' and ARRAY[]."""
    if any(token.kind in (TokenKind.NUMBER, TokenKind.PLACEHOLDER) for token in tokens):
        return False
    return all(not (text or "").strip("{} ") for text in _texts(tokens))


def _texts(tokens: Sequence[Token]) -> list[str | None]:
    """Return what every string among these tokens stands for, those of a long list too."""
    return [decoded(string) for token in tokens for string in strings(token)]


def ordered(
    mark: str, tokens: Sequence[Token], columns: frozenset[str], least: float | None
) -> Reach | None:
    """Return the reach of ``column < constant`` and the like.

    ``least`` is a number that all values are above by nature, such as keys are above 0.
    """
    if holds_null(tokens) or None in _texts(tokens):
        return None
    side = LOWER_BOUND if mark.startswith(">") else UPPER_BOUND
    word = single_text(tokens)
    if truths(tokens) and (word is not None or holds_truth(tokens)):
        return _ordered_truth(mark, truths(tokens), word is not None, columns)
    bound = number(tokens)
    if bound != bound:  # NaN, which is above all other numbers.
        bound = float("inf")
    if word == "" or bound in (_LOWEST if side == LOWER_BOUND else _HIGHEST):
        return _at_the_end(mark, word == "", columns)
    if side == LOWER_BOUND and least is not None:
        if bound is None and not holds_parameter(tokens):
            return None
        if bound is not None and bound <= least:
            return None
    return (Alternative(Share.SIDE, columns, side, bound),)


def _at_the_end(mark: str, empty: bool, columns: frozenset[str]) -> Reach | None:
    """Compare with the lowest or highest value that there is; an empty text is the lowest."""
    if empty and mark.startswith("<"):
        return (Alternative(Share.FEW, columns),)
    return None if mark.endswith("=") else (Alternative(Share.MOST, columns),)


def _ordered_truth(
    mark: str, truth: set[bool], text: bool, columns: frozenset[str]
) -> Reach | None:
    if len(truth) > 1 or mark == (">=" if False in truth else "<="):
        return None
    if text:
        side = LOWER_BOUND if mark.startswith(">") else UPPER_BOUND
        return (Alternative(Share.SIDE, columns, side),)
    if mark == ("<" if False in truth else ">"):
        return NO_ROWS
    return (Alternative(Share.SIDE, columns, TRUE_SIDE if mark[0] == ">" else FALSE_SIDE),)


def selects(mark: str, tokens: Sequence[Token]) -> bool:
    """Whether a pattern turns any text away; that of a parameter counts as one that does."""
    for index, token in enumerate(tokens):
        if token.upper == "ESCAPE":
            tokens = tokens[:index]
            break
    if holds_parameter(tokens):
        return True
    texts = _texts(tokens)
    known = [text for text in texts if text is not None]
    if len(known) < len(texts) or not known:
        return False
    joined = all(token.upper != "," for token in tokens)
    patterns = ["".join(known)] if joined else known
    patterns = [entry for pattern in patterns for entry in _entries(pattern)]
    return all(_SELECTS[mark](pattern) for pattern in patterns)


def contains_something(mark: str, tokens: Sequence[Token]) -> bool:
    """Whether a document, an array or a range is one that not all others contain or overlap."""
    if mark in ("?", "?|") or holds_parameter(tokens):
        return True
    texts = _texts(tokens)
    # Every address lies in the networks of no bits.
    if mark in ("<<", "<<=") and any((text or "").strip().endswith("/0") for text in texts):
        return False
    if mark in ("@?", "@@") and not all(_looks_for(mark, text or "$") for text in texts):
        return False
    if any(token.kind is TokenKind.NUMBER for token in tokens):
        return True
    return any(any(mark.isalnum() for mark in text or "") for text in texts)


def _looks_for(mark: str, text: str) -> bool:
    """Whether a path tests what stands in the document; ``@@`` may search for words as well."""
    tests = any(sign in _FOLLOWED_BY.sub("", text) for sign in "?=<>")
    return tests == ("$" in text) if mark == "@@" else tests and "$" in text
