"""What stands where in a list of tokens, which every rule builds on."""

from __future__ import annotations

import pytest

from backstop.syntax import tokenize
from backstop.syntax.structure import match_brackets, skip_top_level, words_at


@pytest.mark.parametrize(
    ("sql", "start", "found"),
    [
        ("SELECT a FROM t", 0, 2),
        ("SELECT (a FROM t)", 0, 6),
        ("SELECT a[b FROM c] FROM t", 0, 7),
        ("(SELECT a) FROM t", 1, 3),
        ("[a] FROM t", 1, 2),
        ("SELECT t.from, u", 0, 6),
        ("SELECT a AS from, u", 0, 6),
        ("SELECT a IS DISTINCT FROM b FROM t", 0, 6),
        ("SELECT a", 0, 2),
    ],
)
def test_a_word_is_found_outside_of_brackets(sql: str, start: int, found: int) -> None:
    tokens = tokenize(sql)
    words = frozenset({"FROM"})
    assert skip_top_level(tokens, match_brackets(tokens), start, len(tokens), words) == found


def test_only_from_belongs_to_distinct() -> None:
    tokens = tokenize("SELECT DISTINCT ON (a) b")
    assert skip_top_level(tokens, match_brackets(tokens), 0, len(tokens), frozenset({"ON"})) == 2


def test_a_word_past_the_end_is_not_found() -> None:
    tokens = tokenize("SELECT a FROM t")
    assert skip_top_level(tokens, {}, 0, 2, frozenset({"FROM"})) == 2


@pytest.mark.parametrize(
    ("index", "answer"), [(0, True), (1, False), (2, False), (3, False), (4, False)]
)
def test_words_stand_one_after_the_other(index: int, answer: bool) -> None:
    assert words_at(tokenize("a b a"), index, "A", "B") is answer
