"""The quick proof that a read is SAFE says what the rules over tokens say, or nothing."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from backstop.classifier._classify import _combine, verdicts
from backstop.classifier.reads import ordinary_read, shape_of
from backstop.syntax.lexer import TokenKind, tokenize
from testing.tables import read_table

DATA = Path(__file__).parent / "data"
STATEMENTS = [sql for _, _, sql in read_table(DATA / "classification.tsv")]
_WORDS = r"""
    SELECT FROM WHERE JOIN ON AS AND OR NOT IN IS DISTINCT NULL GROUP BY ORDER HAVING LIMIT OFFSET
    UNION FETCH FIRST OVER PARTITION CASE WHEN THEN END EXTRACT EXISTS BETWEEN LIKE WINDOW USING
    LATERAL ONLY VALUES WITH INTO SET TABLE UPDATE DELETE INSERT MERGE RETURNING FOR OPERATOR
    COLLATE CAST ROW FILTER WITHIN ROLLUP MATERIALIZED ORDINALITY TABLESAMPLE EXECUTE CALL
    t u "T" "t" "a""b" U&"x" lower count sum wipe nextval query_to_xml "lower" "count" pg_catalog
    id a1 _x $1 %s %(a)s %%s :a ? 1 2.5 .5 1e5 0x1 'a' 'a''b' 'a\' E'\'' E'a' N'a' $$a$$ $a$
    ( ( ( ) ) ) , , , . . ; [ ] = <> != < > <= >= + - * / || :: := => .. @> ? | & -> % %% ! ~ # ^
    -- /* */ ' " \ e B date numeric interval
"""
_letters = ["\u017fum", "\u0131nto", "\u00e9"]
_read = st.lists(st.sampled_from([*_WORDS.split(), *_letters]), max_size=14)
_HEADS = ["SELECT ", "SELECT a FROM ", "SELECT * FROM t WHERE ", "select(", "WITH t AS (SELECT "]
_bodies = _read.map(" ".join) | _read.map("".join) | _read.map("\n".join)
_PARTS = """
    t | u.a | count(*) | lower(a) | sum(b) OVER (PARTITION BY c) | FROM t | FROM a.b | FROM "A"."b"
    | JOIN u ON u.id = t.id | WHERE a = 1 | AND b IN (1, 2) | OR (c) | GROUP BY d | ( | ) | AS n
    | ORDER BY lower(e) | (SELECT 1 FROM v) | FROM (SELECT 2) x | IS DISTINCT FROM y | LIMIT 1
    | extract(year FROM z) | UNION SELECT a | FROM f(x) | FROM generate_series(1, 2) g | wipe(1)
    | WITH a AS (SELECT 1) | WITH RECURSIVE t AS (SELECT x FROM t), u AS (SELECT 2 FROM "t")
    SELECT a
    | , v AS (SELECT 3) | SELECT 4 | WITH "T" AS (SELECT 1 FROM w | ) SELECT 1 FROM "T", T, t
    | WITH a AS (DELETE FROM t) | WITH a AS (foo) | WITH a (b) AS (SELECT 1)
    | FROM LATERAL (SELECT 1) l | CROSS JOIN (w | FROM (t | AS from | t.limit | FROM a b, c d, e
"""
_clauses = st.lists(st.sampled_from([part.strip() for part in _PARTS.split("|")]), max_size=8)
_separators = st.sampled_from([" ", ", ", " . ", "\n", ""])


def _agrees(sql: str) -> bool:
    """Whether the quick proof agrees with the rules; it must fail for what can't be read."""
    proven = ordinary_read(sql)
    return proven is None or proven == _combine(verdicts(sql))


def test_it_agrees_on_every_statement_of_the_table() -> None:
    for sql in STATEMENTS:
        assert _agrees(sql), sql
        assert _agrees(f"SELECT ({sql})"), sql
        assert _agrees(f"SELECT * FROM ({sql}) AS x"), sql


@settings(max_examples=3000, deadline=None)
@given(
    _bodies,
    st.sampled_from(_HEADS),
)
@example("t.e'\\'' , wipe(), '", "SELECT ")
@example("a . in (1)", "SELECT ")
@example("1into x", "SELECT ")
@example("1.into x", "SELECT ")
@example("$1into x", "SELECT ")
@example('1), "a.b" AS (SELECT 2) SELECT * FROM a.b, "a.b"', "WITH t AS (SELECT ")
@example("'a'into x", "SELECT ")
@example('"count"(1)', "SELECT ")
def test_it_agrees_on_any_order_of_words(body: str, head: str) -> None:
    assert _agrees(head + body)


@settings(max_examples=1500, deadline=None)
@given(_clauses, _separators)
def test_it_agrees_on_what_reads_are_made_of(parts: list[str], separator: str) -> None:
    assert _agrees(f"SELECT {separator.join(parts)}")
    assert _agrees(separator.join(parts))


@given(st.text())
def test_it_agrees_on_any_text(text: str) -> None:
    assert _agrees(text)
    assert _agrees(f" SELECT {text}")


@pytest.mark.parametrize(
    "sql",
    [
        "SELECT id, name FROM users WHERE id = 42",
        'SELECT "a"."id" FROM "a" LEFT OUTER JOIN "b" ON ("a"."id" = "b"."a_id") LIMIT 21',
        "SELECT count(*), max(t.x) FROM s.t WHERE y IN ('a', 'b') GROUP BY z ORDER BY 1 DESC",
        "SELECT rank() OVER (ORDER BY a) FROM (SELECT a FROM t) AS u, v WHERE b = %s",
    ],
)
def test_ordinary_reads_are_proven(sql: str) -> None:
    assert ordinary_read(sql) == _combine(verdicts(sql))


@pytest.mark.parametrize(
    "sql",
    [
        'SELECT * FROM "a 1"',
        'SELECT * FROM "a 2"',
        """SELECT * FROM "it's" WHERE x = 'y'""",
        """SELECT * FROM "it's" JOIN "that's" ON true""",
        """SELECT '"' FROM "a 1" WHERE x = 'y"'""",
        """SELECT '"' FROM "a 2" WHERE x = 'y"'""",
        "SELECT 'a' -- it's 1\nFROM t WHERE x = 'b'",
        "SELECT 'a\\' , wipe(), 'b'",
        "SELECT $$ ' $$, wipe(), ' '",
        "SELECT 1 FROM t1 WHERE a = 2.5 AND b = '3'",
        "SELECT 1 FROM t2 WHERE a = 3.5 AND b = 'it'",
    ],
)
def test_what_looks_like_a_literal_and_is_none_is_read_as_it_is(sql: str) -> None:
    assert _agrees(sql)


@pytest.mark.parametrize("name", ["t", '"t"'])
def test_texts_that_differ_in_plain_literals_are_one_read(name: str) -> None:
    read = f"SELECT {name}.a FROM {name} WHERE {name}.b = %s AND c = %s LIMIT %s"
    first = ordinary_read(read % (1, "'x'", 5))
    second = ordinary_read(read % (23.5, "'another'", 77))
    assert first is second
    assert first is not None
    assert first.tables == (name,)


_LITERALS = (TokenKind.STRING, TokenKind.NUMBER)


def _but_literals(sql: str) -> list[str]:
    """Return the tokens of a text, with one sign for each of its literals."""
    return ["?" if token.kind in _LITERALS else token.upper for token in tokenize(sql)]


@settings(max_examples=3000, deadline=None)
@given(_bodies, st.sampled_from(_HEADS))
@example("1 AND b = 'it''s' LIMIT 5", "SELECT * FROM t WHERE a = ")
def test_a_shape_is_all_that_a_read_has_besides_literals(body: str, head: str) -> None:
    sql = head + body
    shape = shape_of(sql)
    if ordinary_read(sql) is not None:
        assert shape is not None
        assert _but_literals(shape) == _but_literals(sql)


@pytest.mark.parametrize("sql", ["DELETE FROM t", "INSERT INTO t SELECT 1", "SELECT 'é'", ""])
def test_what_begins_like_no_plain_read_has_no_shape(sql: str) -> None:
    assert shape_of(sql) is None
