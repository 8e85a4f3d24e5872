"""Classifying takes time that is linear in the text, whatever the text is, and fails for none."""

from __future__ import annotations

import gc
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest

from backstop.classifier import classify
from backstop.levels import RiskLevel

# To measure their coverage takes longer than the texts themselves, and blurs what is measured here.
pytestmark = [pytest.mark.no_cover, pytest.mark.proof]

Shape = Callable[[int], str]


def _repeat(before: str, unit: str, after: str = "") -> Shape:
    return lambda length: before + unit * (length // len(unit)) + after


def _nest(before: str, opening: str, middle: str, closing: str, after: str = "") -> Shape:
    def shape(length: int) -> str:
        depth = length // (len(opening) + len(closing))
        return before + opening * depth + middle + closing * depth + after

    return shape


def _number(before: str, unit: str, after: str = "") -> Shape:
    """Units that all differ: a tilde stands for their number."""

    def shape(length: int) -> str:
        count = length // (len(unit) + 3)
        return before + "".join(unit.replace("~", str(number)) for number in range(count)) + after

    return shape


SHAPES: dict[str, Shape] = {
    "nested comments": _nest("", "/*", "", "*/", "SELECT 1"),
    "open comments": _repeat("", "/*"),
    "brackets": _nest("SELECT ", "(", "1", ")"),
    "open brackets": _repeat("SELECT ", "("),
    "brackets in a WHERE": _nest("DELETE FROM t WHERE ", "(", "id = 1", ")"),
    "NOTs": _repeat("DELETE FROM t WHERE ", "NOT ", "id = 1"),
    "NOTs in brackets": _nest("DELETE FROM t WHERE ", "NOT (", "id = 1", ")"),
    "a WITH list": _repeat("WITH ", "a AS (SELECT 1), ", "b AS (SELECT 1) SELECT 1"),
    "a WITH list of writes": _repeat(
        "WITH ", "a AS (DELETE FROM t WHERE b = 1), ", "b AS (SELECT 1) SELECT 1"
    ),
    "WITH lists in WITH lists": _nest(
        "", "WITH a AS (", "DELETE FROM t WHERE b = 1", ") DELETE FROM t WHERE a = 1"
    ),
    "WITH lists with SEARCH": _nest("SELECT ", "(WITH a AS (SELECT 1) SEARCH ", "1", ")"),
    "an IN list": _repeat("DELETE FROM t WHERE id IN (", "1234, ", "1)"),
    "an IN list of calls": _repeat("DELETE FROM t WHERE id IN (", "lower(b), ", "1)"),
    "IN lists in IN lists": _nest("DELETE FROM t WHERE ", "a IN (1,2,3,4,5,6,7,8,9,", "b", ")"),
    "rows": _repeat("INSERT INTO t VALUES ", "(1, 'a', NULL), ", "(1, 'b', NULL)"),
    "operators": _repeat("SELECT 1 ", "+", " 1"),
    "signs": _repeat("SELECT 1 ", "@-", " 1"),
    "quotes": _repeat("SELECT '", "''"),
    "backslashes": _repeat("SELECT E'", "\\'"),
    "strings that go on": _repeat("SELECT E'a'", "\n'a'"),
    "dollar quotes of many tags": _number("SELECT ", "$a~$ "),
    "dollar signs": _repeat("SELECT ", "$a"),
    "placeholders": _repeat("SELECT 1 FROM t WHERE a = ", "%s AND b = ", "1"),
    "percent signs": _repeat("SELECT 1 ", "+%(a "),
    "CASE": _nest("DELETE FROM t WHERE ", "CASE WHEN a = 1 THEN ", "1", " END", " = 1"),
    "ORs": _number("DELETE FROM t WHERE ", "a = ~ OR ", "a = 2"),
    "ORs of ranges": _repeat("DELETE FROM t WHERE ", "a < 1 OR a > 5 OR ", "a < 2"),
    "subqueries": _nest("SELECT ", "(SELECT ", "1", ")"),
    "subqueries of a DELETE": _nest(
        "DELETE FROM t WHERE ", "id IN (SELECT id FROM t WHERE ", "b = 1", ")"
    ),
    "DELETEs in DELETEs": _nest("SELECT ", "(DELETE FROM t WHERE a = 1 AND b IN ", "1", ")"),
    "MERGEs in MERGEs": _nest(
        "SELECT ",
        "(MERGE INTO t USING s ON t.a = s.a WHEN MATCHED THEN UPDATE SET a = ",
        "1",
        ")",
    ),
    "SQL in calls in calls": _nest("SELECT ", "dblink('x', ", "1", ")"),
    "named operators": _nest("SELECT ", "OPERATOR(", "1", ")"),
    "assignments": _number("UPDATE t SET ", "a~ = 1, ", "b = 1 WHERE c = 1"),
    "assignments in brackets": _repeat("UPDATE t SET (", "a, ", "b) = (1) WHERE c = 1"),
    "statements": _repeat("", "DELETE FROM t WHERE a = 1;"),
    "a block of loops": _repeat("DO $x$BEGIN ", "FOR a IN SELECT 1 ", "END$x$"),
    "a block of DELETEs": _nest("DO $x$BEGIN ", "IN DELETE FROM t WHERE a = (", "1", ")", "$x$"),
    "letters": _repeat("", "a"),
    "a word before a quote": _repeat("SELECT ", "a", "'"),
    "digits before a word": _repeat("SELECT ", "1", "a"),
    "a read": _repeat("SELECT a FROM t JOIN ", "(SELECT lower(b.c) FROM d) x JOIN ", "y"),
    "a read with WITH": _repeat("WITH ", "a AS (SELECT 1), ", "b AS (SELECT 1) SELECT 1"),
    "a long name": _repeat("SELECT a FROM ", "b.", "c"),
    "names": _repeat("SELECT a FROM ", "b.c, ", "d"),
    "percent names": _repeat("SELECT %(", "a"),
    "digits": _repeat("SELECT * FROM t WHERE a IN (", "1"),
    "letters of no alphabet": _repeat("", "\ud800"),
}


@contextmanager
def _without_collection() -> Iterator[None]:
    gc.collect()
    gc.disable()
    try:
        yield
    finally:
        gc.enable()


def _time(sql: str) -> float:
    """The processor time that one text takes, in seconds."""
    with _without_collection():
        start = time.process_time()
        classify(sql)
        return time.process_time() - start


# Reads of up to 5,000 characters are proven in a way of their own.
@pytest.mark.parametrize("length", [1_200, 6_000])
@pytest.mark.parametrize("shape", SHAPES.values(), ids=SHAPES.keys())
def test_four_times_the_text_takes_four_times_the_time(shape: Shape, length: int) -> None:
    # Quadratic time would be sixteenfold. Others use the machine, too: one good measurement is
    # enough; each is of other texts, which are in no cache.
    assert any(
        _time(shape(4 * length + more)) < 8 * _time(shape(length + more)) + 0.003
        for more in (0, 50, 100)
    )


def test_thousands_of_subqueries_take_no_more_time_each() -> None:
    # In short texts what grows with the square hides behind what each subquery takes.
    shape = SHAPES["subqueries of a DELETE"]
    assert any(_time(shape(160_000 + more)) < 8 * _time(shape(40_000 + more)) for more in (0, 50))


@pytest.mark.parametrize("shape", SHAPES.values(), ids=SHAPES.keys())
def test_a_long_text_has_a_level(shape: Shape) -> None:
    assert isinstance(classify(shape(50_000)).level, RiskLevel)


@pytest.mark.parametrize(
    "sql",
    [
        "SELECT '" + "x" * 1_000_000 + "'",
        b"\xff\x00'\x80" * 250_000,
        "INSERT INTO t VALUES " + "(1, 'a', NULL), " * 60_000 + "(1, 'a', NULL)",
        "/*" * 250_000 + "*/" * 250_000,
        "(" * 500_000 + ")" * 500_000,
    ],
    ids=["a string", "bytes", "rows", "comments", "brackets"],
)
def test_a_text_of_a_megabyte_has_a_level(sql: str | bytes) -> None:
    assert isinstance(classify(sql).level, RiskLevel)
