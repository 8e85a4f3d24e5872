"""What stands where in a list of tokens, which every rule builds on."""

from __future__ import annotations

import pytest

from backstop.syntax import tokenize
from backstop.syntax.structure import match_brackets, read_with, skip_top_level, words_at


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


@pytest.mark.parametrize(
    "clauses",
    [
        "",
        "SEARCH DEPTH FIRST BY a, b SET c",
        "CYCLE a, b SET c",
        "CYCLE a SET c USING d",
        "CYCLE a SET c TO 1 DEFAULT 0",
        "CYCLE a SET c TO 1 DEFAULT 0 USING d",
        "SEARCH BREADTH FIRST BY a SET c CYCLE a SET d USING e",
    ],
)
@pytest.mark.parametrize(
    "form", ["x AS", "x (a, b) AS", "x AS MATERIALIZED", '"x" AS NOT MATERIALIZED']
)
def test_a_with_list_ends_where_the_main_statement_starts(form: str, clauses: str) -> None:
    tokens = tokenize(f"WITH RECURSIVE y AS (SELECT 1), {form} (SELECT 2) {clauses} TABLE x")
    listed = read_with(tokens, match_brackets(tokens), 0, len(tokens))
    assert listed is not None
    assert listed.recursive
    assert tokens[listed.main].upper == "TABLE"
    assert [tokens[entry.name].text.strip('"') for entry in listed.entries] == ["y", "x"]
    assert [tokens[entry.body + 2].text for entry in listed.entries] == ["1", "2"]
    assert listed.entries[-1].stop == listed.main


@pytest.mark.parametrize("clause", ["SEARCH", "CYCLE b", "CYCLE b SET", "CYCLE b SET c TO"])
def test_a_clause_that_breaks_off_ends_with_the_text(clause: str) -> None:
    tokens = tokenize(f"WITH a AS (SELECT 1) {clause}")
    listed = read_with(tokens, match_brackets(tokens), 0, len(tokens))
    assert listed is not None
    assert listed.main == len(tokens)


@pytest.mark.parametrize(
    "sql",
    [
        "SELECT a AS (SELECT 1) SELECT 2",
        "WITH 1 AS (SELECT 1) SELECT 2",
        "WITH a (SELECT 1) SELECT 2",
        "WITH a AS SELECT 1",
        "WITH a AS (SELECT 1), SELECT 2",
        "WITH a AS",
    ],
)
def test_what_is_no_with_list_is_not_read_as_one(sql: str) -> None:
    tokens = tokenize(sql)
    assert read_with(tokens, match_brackets(tokens), 0, len(tokens)) is None
