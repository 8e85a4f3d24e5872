"""Which names and operators of a text may stand for something in the catalog, by tokens alone."""

from __future__ import annotations

import pytest

from backstop.syntax import tokenize
from backstop.syntax.uses import (
    IMPLIED_OPERATORS,
    LONGEST_NAME,
    Use,
    stored_name,
    used_names,
    used_operators,
)


def uses_of(sql: str) -> list[Use]:
    tokens = tokenize(sql)
    return used_names(tokens, 0, len(tokens))


def use_of(sql: str) -> Use:
    """Return the last use of a text."""
    return uses_of(sql)[-1]


@pytest.mark.parametrize(
    ("sql", "names"),
    [
        ("Lower(a), 1, 'b', %s", ["lower", "a"]),
        ('x.f(1) + y . "G"', ["f", "G"]),
        ("a.b.c.d", ["d"]),
        ("(a).f", ["a", "f"]),
        ("a[1].f", ["a", "f"]),
        ("1 + 2", []),
    ],
)
def test_every_name_that_may_stand_for_something_is_used(sql: str, names: list[str]) -> None:
    assert [use.name for use in uses_of(sql)] == names


def test_names_outside_of_the_stretch_are_left_out() -> None:
    tokens = tokenize("a b.c (d)")
    (use,) = used_names(tokens, 1, 4)
    assert (use.name, use.schema, use.called) == ("c", "b", False)
    assert [use.name for use in used_names(tokens, 1, 3)] == ["b"]


@pytest.mark.parametrize(
    ("sql", "schema", "called", "attribute", "labelled"),
    [
        ("f", None, False, False, False),
        ("f (1)", None, True, False, False),
        ("f [1]", None, False, False, False),
        ("x.f", "x", False, True, False),
        ("a.X.f(1)", "x", True, True, False),
        ("(1).f", None, False, True, False),
        ("1 AS f", None, False, False, True),
        ("(1)::f", None, False, False, False),
    ],
)
def test_a_use_tells_where_its_name_stands(
    sql: str, schema: str | None, called: bool, attribute: bool, labelled: bool
) -> None:
    (use,) = [use for use in uses_of(sql) if use.name == "f"]
    assert (use.schema, use.called) == (schema, called)
    assert (use.attribute, use.labelled) == (attribute, labelled)


def test_a_use_lies_at_its_whole_name() -> None:
    use = use_of("1, x . f (2)")
    assert (use.start, use.end) == (3, 8)


@pytest.mark.parametrize(
    ("sql", "name"),
    [
        ("Data", "data"),
        ('"Da""ta"', 'Da"ta'),
        (r'U&"d\0061t\+000061"', "data"),
        (r'"a\0061"', r"a\0061"),
        (r'u&"a\\b""c"', r'a\b"c'),
        (r'U&"\d83d\de00"', "😀"),
        (r'U&"a\+00D83D\DE00"', "a😀"),
        (r'U&"a\d83d"', "a\ufffd"),
        (r'U&"\+110000"', "\ufffd"),
        (r'U&"\+10FFFF"', "\U0010ffff"),
        ("a" * (LONGEST_NAME + 1), "a" * LONGEST_NAME),
        ("A" * LONGEST_NAME, "a" * LONGEST_NAME),
        ("é" * 32, "é" * 31),
        ("a" + "😀" * 16, "a" + "😀" * 15),
        ("😀" * 15 + "éab", "😀" * 15 + "éa"),
    ],
)
def test_a_name_is_told_as_the_server_stores_it(sql: str, name: str) -> None:
    (token,) = tokenize(sql)
    assert stored_name(token) == name
    assert use_of(sql).name == name


def test_a_name_in_escapes_of_its_own_is_not_told() -> None:
    escaped, _ = uses_of(r"""U&"d!0061ta" UESCAPE '!' (1)""")
    assert escaped.name is None


@pytest.mark.parametrize(
    ("sql", "symbols"),
    [
        ("a + b <-> c", {"+", "<->"}),
        ("a != b", {"<>"}),
        ("\"in\" + 'like'", {"+"}),
        ("a NOT IN (1)", {"=", "<>"}),
        ("a JOIN b USING (c)", {"="}),
        ("a NATURAL JOIN b", {"="}),
        ("CASE a WHEN b THEN c END", {"="}),
        ("nullif(a, b)", {"="}),
        ("a IS DISTINCT FROM b", {"=", "<"}),
        ("a BETWEEN b AND c", {"<", ">", "<=", ">="}),
        ("a LIKE b", {"~~", "!~~"}),
        ("a ILIKE b", {"~~*", "!~~*"}),
        ("a SIMILAR TO b", {"~", "!~"}),
        ("ORDER BY a", {"<", ">"}),
        ("GROUP BY a", {"=", "<"}),
        ("a UNION b", {"=", "<"}),
        ("a INTERSECT b", {"=", "<"}),
        ("a EXCEPT b", {"=", "<"}),
        ("(a, b) OVERLAPS (c, d)", {"<", ">", "<=", ">="}),
        ("a AND b", set()),
    ],
)
def test_an_operator_is_used_when_it_is_written_or_implied(sql: str, symbols: set[str]) -> None:
    tokens = tokenize(sql)
    assert {use.symbol for use in used_operators(tokens, 0, len(tokens))} == symbols


def test_operators_lie_where_they_stand_or_where_the_word_does() -> None:
    tokens = tokenize("a + b IN (c - d)")
    written, *implied = used_operators(tokens, 1, 6)
    assert (written.symbol, written.start, written.end) == ("+", 2, 3)
    assert {(use.start, use.end) for use in implied} == {(6, 8)}


def test_the_implied_operators_are_those_of_all_words() -> None:
    comparisons = {"=", "<>", "<", ">", "<=", ">="}
    assert comparisons | {"~~", "!~~", "~~*", "!~~*", "~", "!~"} == IMPLIED_OPERATORS
