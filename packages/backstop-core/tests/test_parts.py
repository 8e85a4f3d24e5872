"""Which commands run inside of a statement, and what each of them can see."""

from __future__ import annotations

import pytest

from backstop.syntax import tokenize
from backstop.syntax.parts import Part, find_parts, unwrap
from backstop.syntax.structure import match_brackets


def parts_of(sql: str) -> list[Part]:
    tokens = tokenize(sql)
    return find_parts(tokens, match_brackets(tokens), 0, len(tokens))


def texts_of(sql: str) -> list[str]:
    tokens = tokenize(sql)
    return [sql[tokens[part.start].start : tokens[part.stop - 1].end] for part in parts_of(sql)]


@pytest.mark.parametrize(
    ("sql", "parts"),
    [
        ("SELECT 1", ["SELECT 1"]),
        ("SELECT * FROM (DELETE FROM t) x", ["SELECT * FROM (DELETE FROM t) x", "DELETE FROM t"]),
        (
            "SELECT a[(UPDATE t SET b = 1)]",
            ["SELECT a[(UPDATE t SET b = 1)]", "UPDATE t SET b = 1"],
        ),
        (
            "WITH a AS (SELECT b[1]), c AS (DELETE FROM t) SELECT 1",
            ["SELECT b[1]", "DELETE FROM t", "SELECT 1"],
        ),
        ('SELECT a[(UPDATE "t")]', ['SELECT a[(UPDATE "t")]', 'UPDATE "t"']),
        ("SELECT (update), (delete, 1), insert(1)", ["SELECT (update), (delete, 1), insert(1)"]),
    ],
)
def test_every_command_that_runs_is_a_part(sql: str, parts: list[str]) -> None:
    assert texts_of(sql) == parts


def visible_of(sql: str, head: str = "DELETE") -> list[int] | None:
    """Return how many entries of each WITH list the last part of a kind sees, if that is told."""
    part = [part for part in parts_of(sql) if part.head == head][-1]
    return None if part.visible is None else [count for _, count in part.visible]


@pytest.mark.parametrize(
    ("sql", "visible"),
    [
        ("DELETE FROM t", []),
        ("WITH a AS (SELECT 1), b AS (SELECT 2) DELETE FROM t", [2]),
        ("WITH a AS (SELECT 1), b AS (DELETE FROM t) SELECT 2", [1]),
        ("WITH b AS (DELETE FROM t) SELECT 2", []),
        ("WITH a AS (SELECT 1) (WITH b AS (SELECT 2) DELETE FROM t)", [1]),
        ("WITH a AS (SELECT 1) WITH b AS (SELECT 2) DELETE FROM t", [1, 1]),
        ("SELECT (DELETE FROM t)", []),
        ("SELECT " + "(" * 8 + "(DELETE FROM t)" + ")" * 8, []),
        ("SELECT " + "(" * 9 + "(DELETE FROM t)" + ")" * 9, None),
        ("SELECT " + "(" * 9 + "WITH a AS (SELECT 1) DELETE FROM t" + ")" * 9, [1]),
        ("SELECT " + "(" * 10 + "WITH a AS (SELECT 1) DELETE FROM t" + ")" * 10, None),
        ("SELECT " + "(" * 10 + ")" + "WITH a AS (SELECT 1) DELETE FROM t" + ")" * 9, [1]),
        ("SELECT " + "(" * 11 + ")" + "WITH a AS (SELECT 1) DELETE FROM t" + ")" * 10, None),
    ],
)
def test_a_part_sees_the_entries_before_it(sql: str, visible: list[int] | None) -> None:
    assert visible_of(sql) == visible


def test_what_sees_too_many_entries_is_not_told() -> None:
    def entries(count: int) -> str:
        return ", ".join(f"a{number} AS (SELECT 1)" for number in range(count))

    assert visible_of(f"WITH {entries(500)} DELETE FROM t") == [500]
    assert visible_of(f"WITH {entries(501)} DELETE FROM t") is None
    nested = "WITH a AS (SELECT 1) "
    assert visible_of(nested * 50 + "DELETE FROM t") == [1] * 50
    assert visible_of(nested * 51 + "DELETE FROM t") is None


@pytest.mark.parametrize(
    ("sql", "kind", "inner", "runs"),
    [
        ("EXPLAIN DELETE FROM t", "EXPLAIN", "DELETE FROM t", False),
        ("EXPLAIN VERBOSE DELETE FROM t", "EXPLAIN", "DELETE FROM t", False),
        ("EXPLAIN ANALYZE VERBOSE DELETE FROM t", "EXPLAIN ANALYZE", "DELETE FROM t", True),
        ("EXPLAIN ANALYSE DELETE FROM t", "EXPLAIN ANALYZE", "DELETE FROM t", True),
        ("EXPLAIN (ANALYZE) DELETE FROM t", "EXPLAIN ANALYZE", "DELETE FROM t", True),
        ("EXPLAIN (COSTS, ANALYSE 'on') DELETE FROM t", "EXPLAIN ANALYZE", "DELETE FROM t", True),
        ("EXPLAIN (ANALYZE 'off') DELETE FROM t", "EXPLAIN", "DELETE FROM t", False),
        ("EXPLAIN (ANALYZE 0) DELETE FROM t", "EXPLAIN", "DELETE FROM t", False),
        ("EXPLAIN (FORMAT analyze) DELETE FROM t", "EXPLAIN", "DELETE FROM t", False),
        ("EXPLAIN (SELECT 1)", "EXPLAIN", "(SELECT 1)", False),
        ("EXPLAIN ((SELECT 1))", "EXPLAIN", "((SELECT 1))", False),
        (
            "EXPLAIN (WITH a AS (SELECT 1) TABLE a)",
            "EXPLAIN",
            "(WITH a AS (SELECT 1) TABLE a)",
            False,
        ),
        ("EXPLAIN (VALUES (1))", "EXPLAIN", "(VALUES (1))", False),
        ("EXPLAIN (TABLE t)", "EXPLAIN", "(TABLE t)", False),
        ("PREPARE p AS DELETE FROM t", "PREPARE", "DELETE FROM t", False),
        ("PREPARE p (int) AS DELETE FROM t", "PREPARE", "DELETE FROM t", False),
        ("COPY (DELETE FROM t) TO STDOUT", "COPY", "DELETE FROM t", True),
        ("DECLARE c CURSOR FOR SELECT 1", "DECLARE", "SELECT 1", True),
        (
            "DECLARE c BINARY INSENSITIVE NO SCROLL CURSOR WITH HOLD FOR SELECT 1",
            "DECLARE",
            "SELECT 1",
            True,
        ),
        ("DECLARE c ASENSITIVE CURSOR WITHOUT HOLD FOR SELECT 1", "DECLARE", "SELECT 1", True),
        ("CREATE TABLE a AS SELECT 1", "CREATE TABLE AS", "SELECT 1", True),
        ("CREATE GLOBAL TEMP TABLE a AS SELECT 1", "CREATE TABLE AS", "SELECT 1", True),
        ("CREATE LOCAL TEMPORARY TABLE a AS SELECT 1", "CREATE TABLE AS", "SELECT 1", True),
        ("CREATE UNLOGGED TABLE a (b) AS SELECT 1", "CREATE TABLE AS", "SELECT 1", True),
        ("CREATE TABLE IF NOT EXISTS a.b AS SELECT 1", "CREATE TABLE AS", "SELECT 1", True),
        ("CREATE OR REPLACE VIEW a AS SELECT 1", "CREATE VIEW", "SELECT 1", False),
        ("CREATE RECURSIVE VIEW a (b) AS SELECT 1", "CREATE VIEW", "SELECT 1", False),
        (
            "CREATE MATERIALIZED VIEW a WITH (b = 1) AS SELECT 1",
            "CREATE MATERIALIZED VIEW",
            "SELECT 1",
            True,
        ),
    ],
)
def test_a_wrapped_statement_is_found(sql: str, kind: str, inner: str, runs: bool) -> None:
    tokens = tokenize(sql)
    wrapped = unwrap(tokens, match_brackets(tokens), 0, len(tokens))
    assert wrapped is not None
    text = sql[tokens[wrapped.start].start : tokens[wrapped.stop - 1].end]
    assert (wrapped.kind, text, wrapped.runs) == (kind, inner, runs)


@pytest.mark.parametrize(
    "sql",
    [
        "SELECT 1",
        "EXPLAIN",
        "EXPLAIN (ANALYZE)",
        "PREPARE p",
        "PREPARE p AS",
        "COPY t TO STDOUT",
        "COPY () TO STDOUT",
        "DECLARE c CURSOR",
        "DECLARE c CURSOR FOR",
        "CREATE TABLE",
        "CREATE TABLE a (b int)",
        "CREATE TABLE a (b int GENERATED ALWAYS AS (c) STORED)",
        "CREATE TABLE a AS",
        "CREATE MATERIALIZED VIEW a AS 'SELECT 1'",
        "CREATE INDEX a ON b (c)",
    ],
)
def test_what_wraps_nothing_is_not_unwrapped(sql: str) -> None:
    tokens = tokenize(sql)
    assert unwrap(tokens, match_brackets(tokens), 0, len(tokens)) is None
