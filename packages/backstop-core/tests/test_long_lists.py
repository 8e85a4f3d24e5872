"""Long lists of literals are scanned as one token, which changes nothing but the time."""

from __future__ import annotations

from unittest import mock

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from backstop.classifier import classify
from backstop.classifier._classify import _by_rules
from backstop.result import RiskResult
from backstop.syntax import (
    LexError,
    TokenKind,
    changes,
    has_hidden_placeholder,
    lexer,
    mask_literals,
    tokenize,
)

_ENTRIES = """
    1 -2.5 1e10 .5 0xFF 1_000 'a' 'it''s' 'a\\' '%s' '%' E'a\\'b' E'%s' e'' N'x' U&'x' B'1' $$a$$
    NULL TRUE DEFAULT %s %(name)s %%s $1 :name ? ?? id t.id now() wipe() (1) (SELECT(1)) "id"
    (DELETE/**/FROM/**/t) '2024-01-01'::date 1::bigint 'a'::mood %s::JSONB 'a'||'b' 'a'/**/'b'
    -- ARRAY[1] x'f'
"""
_OPENINGS = [
    "SELECT * FROM t WHERE id IN (",
    "SELECT a[1 IN (",
    "DELETE FROM t WHERE id IN (",
    "DELETE FROM t WHERE id NOT IN (",
    "DELETE FROM t WHERE 1 IN (",
    "UPDATE t SET a = 1 WHERE id = 1 OR id IN (",
    "INSERT INTO t VALUES (",
    "DELETE FROM t USING (VALUES (",
    "DELETE FROM t WHERE id IN (VALUES (",
    "SELECT values(",
    "DELETE FROM t WHERE id > ANY (VALUES (",
]
_plain = st.sampled_from(["1", "'a'", "%s", "$1", "-2.5", "E'x'", "'2024'::timestamp"])
_others = st.sampled_from([*_ENTRIES.split(), "'a'\n'b'"])
_separators = st.sampled_from([", ", ",", " ,\n", "), (", "),\n  (", ",/**/"])


@st.composite
def _lists(draw: st.DrawFn) -> str:
    parts = [draw(st.sampled_from(_OPENINGS))]
    for entry in draw(st.lists(_plain | _others, min_size=1, max_size=4)):
        run = draw(st.lists(_plain, min_size=0, max_size=12))
        for value in (*run, entry):
            parts += [value, draw(_separators)]
    closing = draw(st.sampled_from(["1)", "1))", "id)", "now())", "'a') OR TRUE", ")", "", "1])"]))
    return "".join([*parts, closing])


def _without_entries(sql: str) -> RiskResult:
    with mock.patch.dict(lexer._ENTRIES, clear=True):
        return _by_rules(sql)


@settings(max_examples=400)
@given(_lists())
def test_a_long_list_has_the_findings_that_its_entries_have(sql: str) -> None:
    found, plain = _by_rules(sql), _without_entries(sql)
    if plain.operation == "UNKNOWN":
        # Which bracket is the one without a partner may stand inside of the list.
        assert (found.level, found.reason) == (plain.level, plain.reason)
    else:
        assert found == plain


@settings(max_examples=200)
@given(_lists())
def test_what_else_reads_the_tokens_says_the_same(sql: str) -> None:
    hidden = has_hidden_placeholder(sql)
    with mock.patch.dict(lexer._ENTRIES, clear=True):
        assert has_hidden_placeholder(sql) == hidden
        try:
            plain = tokenize(sql)
            slices = changes(sql)
        except LexError:
            return
    assert changes(sql) == slices
    # The tokens apart from such runs are the same, at the same places.
    fast = tokenize(sql)
    runs = [token for token in fast if token.kind is TokenKind.ENTRIES]
    outside = [
        token
        for token in plain
        if not any(run.start <= token.start and token.end <= run.end for run in runs)
    ]
    assert [token for token in fast if token.kind is not TokenKind.ENTRIES] == outside


@settings(max_examples=200)
@given(_lists())
def test_masking_leaves_no_value_of_a_long_list(sql: str) -> None:
    masked = mask_literals(sql)
    assert "'" not in masked
    assert "2.5" not in masked


@pytest.mark.parametrize(
    ("sql", "runs"),
    [
        ("SELECT a IN (1, 2, 3, 4, 5, 6, 7, 8, 9)", ["1, 2, 3, 4, 5, 6, 7, 8,"]),
        ("SELECT a IN (1, 2, 3, 4, 5, 6, 7, 8)", []),
        (
            "VALUES (1, NULL), (2, 'a'), (3, %s), (4, 'b'), (5, c)",
            ["1, NULL), (2, 'a'), (3, %s), (4, 'b'), (5,"],
        ),
        ("SELECT a IN (1, 2, 3, NULL, 5, 6, 7, 8, 9)", []),
        ("SELECT f(1, 2, 3, 4, 5, 6, 7, 8, 9)", []),
        (f"SELECT a IN ({'1::integer, ' * 8}9)", [("1::integer, " * 8).strip()]),
        (f"SELECT a IN ({'1::mood, ' * 8}9)", []),
        (f"SELECT a IN ({'1::date, ' * 8}9)", []),
    ],
)
def test_only_long_runs_of_values_are_one_token(sql: str, runs: list[str]) -> None:
    found = [token.text for token in tokenize(sql) if token.kind is TokenKind.ENTRIES]
    assert found == runs


def test_a_call_at_the_end_of_a_long_list_is_seen() -> None:
    many = "1, " * 5_000
    assert classify(f"SELECT * FROM t WHERE a IN ({many}wipe())").level == "HIGH"
    rows = "(1, 'a'), " * 1_000
    assert classify(f"INSERT INTO t VALUES {rows}(1, lo_unlink(1))").level == "CRITICAL"


def test_a_long_list_is_masked_as_such() -> None:
    assert mask_literals(f"DELETE FROM t WHERE a IN ({'1, ' * 9}2)") == (
        "DELETE FROM t WHERE a IN (?, …, ?)"
    )


_VALUES = (
    ["1", "-1", "+1", "1.5", "1e5", "2E-3", "'a'", "'a''b'", r"E'a\'b'", "e'a''b'"]
    + ["%s", "%(a)s", "$1", "?", ":a"]
    + [f"'a'::{name}" for name in ("bigint", "boolean", "double precision", "integer", "interval")]
    + [f"'a'::{name}" for name in ("numeric", "real", "smallint", "varchar", "time", "timestamp")]
    + ["'a'::time with time zone", "'a'::timestamp without time zone"]
)


@pytest.mark.parametrize("value", _VALUES)
def test_every_form_of_a_value_may_be_in_a_long_list(value: str) -> None:
    entries = ", ".join([value] * 10)
    rows = ", ".join([f"({value}, {value})"] * 5)
    for sql in (f"a IN ({entries})", f"VALUES ({entries})", f"VALUES {rows}"):
        assert TokenKind.ENTRIES in {token.kind for token in tokenize(sql)}


@pytest.mark.parametrize("value", ["NULL", "true", "False", "DEFAULT"])
def test_a_word_may_be_in_a_long_row_but_not_in_a_long_list(value: str) -> None:
    entries = ", ".join([value] * 10)
    assert TokenKind.ENTRIES in {token.kind for token in tokenize(f"VALUES ({entries})")}
    assert TokenKind.ENTRIES not in {token.kind for token in tokenize(f"a IN ({entries})")}
