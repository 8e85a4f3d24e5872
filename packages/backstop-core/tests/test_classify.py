"""What `classify` says of a text, and what it never does."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from backstop.classifier import classify
from backstop.classifier._classify import _by_rules, verdicts
from backstop.embedded import ServerBinaries, list_binaries
from backstop.errors import ConfigurationError
from backstop.levels import RiskLevel
from backstop.syntax import LexError
from testing.tables import read_table

DATA = Path(__file__).parent / "data"


TABLE = read_table(DATA / "classification.tsv")
STATEMENTS = [sql for _, _, sql in TABLE]


@pytest.mark.parametrize(("level", "kind", "sql"), TABLE)
def test_a_statement_has_the_level_of_the_table(level: str, kind: str, sql: str) -> None:
    result = classify(sql)
    kinds = [finding.kind for finding in result.findings if finding.level is result.level]
    assert (result.level.value, kinds[0] if kinds else "-") == (level, kind)


# What a statement is found to be when nothing else is known of it.
UNKNOWN = {"drop-unknown", "unknown-command", "unreadable", "unreadable-write"}


def _begins(sql: str, command: str) -> bool:
    """Whether a statement is of a command; CREATE TABLE … AS has words of others between."""
    words = re.sub(r" (AS|INTO)$", r"\\b.* \1", command).replace(" ", r"\s+")
    return re.match(rf"{words}\b", sql, re.IGNORECASE | re.DOTALL) is not None


@pytest.mark.parametrize("binaries", list_binaries(), ids=lambda found: found.version)
def test_every_command_that_psql_knows_is_in_the_table(binaries: ServerBinaries, dsn: str) -> None:
    done = subprocess.run(
        [binaries.program("psql"), "-X", "-d", dsn, "-c", r"\h *"],
        env={**os.environ, "LC_ALL": "C", "LANGUAGE": "C"},
        capture_output=True,
        encoding="utf-8",
        check=True,
    )
    commands = re.findall(r"^Command: +(.+)$", done.stdout, re.MULTILINE)
    assert len(commands) > 170
    known: set[str] = set()
    for _, kind, sql in TABLE:
        if kind not in UNKNOWN:
            known |= set(sorted((c for c in commands if _begins(sql, c)), key=len)[-1:])
    assert set(commands) - known == set()


# Thousands of tests of their own would take longer than what they test.
def test_a_finding_lies_within_its_text() -> None:
    for sql in STATEMENTS:
        result = classify(sql)
        for finding in result.findings:
            assert 0 <= finding.start <= finding.end <= len(sql), sql
            assert finding.reason.endswith("."), sql
        assert result.reason.endswith("."), sql


def test_comments_and_case_change_no_level() -> None:
    for sql in STATEMENTS:
        level = classify(sql).level
        assert classify(f"/* trace='1' */ {sql}\n-- after").level == level, sql
        if not any(mark in sql for mark in "'\"$%"):
            assert classify(sql.lower()).level == classify(sql.upper()).level, sql


def test_a_result_says_what_where_and_what_to_do() -> None:
    result = classify("SELECT 1; DELETE FROM shop.users")
    assert result.operation == "DELETE"
    assert result.tables == ("shop.users",)
    assert result.requires_snapshot
    assert result.reason == (
        "DELETE on shop.users has no WHERE: every row goes. Add a WHERE that names the rows."
    )
    (finding,) = result.findings
    assert (finding.kind, finding.table) == ("delete-without-where", "shop.users")
    assert (finding.start, finding.end) == (10, 32)


@pytest.mark.parametrize(
    ("sql", "part", "kind"),
    [
        ("ALTER TABLE t ADD a int, DROP COLUMN b, ADD c int", "DROP COLUMN b", "drop-column"),
        (
            "ALTER TABLE t ALTER a TYPE b(1, 2), ADD c int",
            "ALTER a TYPE b(1, 2)",
            "alter-column-type",
        ),
        ("SELECT 1; DELETE FROM t -- all of it", "DELETE FROM t", "delete-without-where"),
        ("WITH d AS (DELETE FROM t) SELECT 1", "DELETE FROM t", "delete-without-where"),
        ("COPY (SELECT wipe()) TO STDOUT", "wipe()", "unknown-function"),
        ("SELECT 1;\n SELECT 'a; DROP TABLE t", "'a; DROP TABLE t", "unreadable"),
        ("SELECT 1;\n SELECT (1; DROP TABLE t", "(1; DROP TABLE t", "unreadable"),
        ("SELECT 1;\n SELECT 1); DROP TABLE t", "); DROP TABLE t", "unreadable"),
        ("SELECT 1 /* DROP TABLE t", "/* DROP TABLE t", "unreadable"),
    ],
)
def test_a_finding_lies_at_the_part_that_made_it(sql: str, part: str, kind: str) -> None:
    assert (kind, part) in [(f.kind, sql[f.start : f.end]) for f in classify(sql).findings]


def test_every_action_that_destroys_is_found() -> None:
    sql = "ALTER TABLE t DROP a, ADD b int, ALTER c TYPE int"
    assert [sql[f.start : f.end] for f in classify(sql).findings] == ["DROP a", "ALTER c TYPE int"]


@pytest.mark.parametrize(
    ("sql", "says"),
    [
        ("SELECT 1", "SELECT changes nothing."),
        ("BEGIN; SELECT 1; COMMIT", "No statement changes anything."),
        ("SELECT U&\"my\" UESCAPE '!'.lower(1)", "….lower() is not known"),
        ("DROP TABLE a, b", "DROP TABLE destroys a, b and every row"),
        ("DROP OWNED BY bob", "DROP OWNED destroys all that bob owns."),
        ("DROP TYPE mood", "DROP TYPE destroys mood."),
        ("DROP FUNCTION f(int), g (text)", "DROP FUNCTION removes f(int), g (text)."),
        ("DROP TRIGGER IF EXISTS a /* 42 */\n ON t", "DROP TRIGGER removes a ON t."),
        ("DROP USER MAPPING IF EXISTS FOR u SERVER s", "USER MAPPING removes u SERVER s."),
        ("DROP CAST (a AS b)", "DROP CAST removes (a AS b)."),
        ("ALTER USER MAPPING FOR u SERVER s OPTIONS (SET a 'b')", "ALTER USER MAPPING changes u."),
        ("ALTER DEFAULT PRIVILEGES GRANT SELECT ON TABLES TO x", "created from now on."),
    ],
)
def test_a_reason_names_what_it_is_about(sql: str, says: str) -> None:
    assert says in classify(sql).reason


@pytest.mark.parametrize(
    ("sql", "operation", "tables"),
    [
        ('SELECT * FROM a JOIN b.c ON true, "D" e', "SELECT", ("a", "b.c", '"D"')),
        ("WITH x AS (SELECT * FROM a) SELECT * FROM x", "SELECT", ("a",)),
        ("SELECT extract(year FROM b) FROM a", "SELECT", ("a",)),
        ("VALUES (1)", "VALUES", ()),
        ("INSERT INTO a SELECT * FROM b", "INSERT", ("a", "b")),
        ("UPDATE a SET x = 1 WHERE y", "UPDATE", ("a",)),
        ("WITH d AS (DELETE FROM a) UPDATE b SET x = 1 WHERE y = 1", "DELETE", ("a", "b")),
        ("DROP TABLE IF EXISTS a, b.c CASCADE", "DROP TABLE", ("a", "b.c")),
        ("TRUNCATE a, ONLY b", "TRUNCATE", ("a", "b")),
        ("ALTER TABLE ONLY a DROP COLUMN b", "ALTER TABLE", ("a",)),
        ("CREATE TABLE a (b int)", "CREATE TABLE", ("a",)),
        ("COPY a FROM STDIN", "COPY", ("a",)),
        ("EXPLAIN ANALYZE DELETE FROM a", "EXPLAIN", ("a",)),
        ("ROLLBACK TO x", "ROLLBACK TO SAVEPOINT", ()),
        ("DROP MATERIALIZED VIEW a", "DROP MATERIALIZED VIEW", ("a",)),
        ("DROP FOREIGN TABLE a", "DROP FOREIGN TABLE", ("a",)),
        ("DROP VIEW a, b", "DROP VIEW", ("a", "b")),
        ("DROP FUNCTION a", "DROP FUNCTION", ()),
        ("DROP OPERATOR CLASS c USING btree", "DROP OPERATOR CLASS", ()),
        ("DROP OPERATOR FAMILY c USING btree", "DROP OPERATOR FAMILY", ()),
        ("DROP USER MAPPING FOR a SERVER b", "DROP USER MAPPING", ()),
        ("CREATE TABLE IF NOT EXISTS a (b int)", "CREATE TABLE", ("a",)),
        ("CREATE INDEX i ON a (b)", "CREATE INDEX", ()),
        ("CREATE FUNCTION f() RETURNS int RETURN 1", "CREATE FUNCTION", ()),
        ("CREATE OR REPLACE FUNCTION f() RETURNS int RETURN 1", "CREATE FUNCTION", ()),
        ("CREATE PROCEDURE p(function int) AS 'SELECT 1'", "CREATE PROCEDURE", ()),
        ("ALTER TABLE IF EXISTS a ADD b int", "ALTER TABLE", ("a",)),
        ("ALTER INDEX i RENAME TO j", "ALTER INDEX", ()),
        ("ALTER TABLE", "ALTER TABLE", ()),
        ("SELECT * FROM a ORDER BY b, c", "SELECT", ("a",)),
        (
            "MERGE INTO a USING b ON a.id = b.id WHEN MATCHED THEN UPDATE SET x = 1, y = 2",
            "MERGE",
            ("a", "b"),
        ),
        (
            "MERGE INTO a USING (SELECT * FROM b) s ON a.id = s.id WHEN MATCHED THEN DELETE",
            "MERGE",
            ("a", "b"),
        ),
        ("DELETE FROM a USING b WHERE a.id = b.id", "DELETE", ("a", "b")),
        ("UPDATE a SET x = 1 FROM b RETURNING c, d", "UPDATE", ("a", "b")),
        ("SELECT insert, b, merge, c FROM a", "SELECT", ("a",)),
        ("SELECT DISTINCT ON (b) b, c FROM a", "SELECT", ("a",)),
        ("WITH s AS (SELECT 1) SELECT * FROM s.a", "SELECT", ("s.a",)),
        ("SELECT * FROM (WITH RECURSIVE x AS (TABLE a) SELECT * FROM x) y", "SELECT", ("a",)),
        ("SELECT * FROM a, LATERAL unnest(a.b)", "SELECT", ("a",)),
        ("SELECT * FROM ONLY a", "SELECT", ("a",)),
        ("TABLE a", "TABLE", ("a",)),
        ("WITH x AS (TABLE a) SELECT * FROM x", "SELECT", ("a",)),
        ("SELECT b INTO x FROM a", "SELECT", ("x", "a")),
        ("SELECT b INTO TABLE x FROM a", "SELECT", ("x", "a")),
        ("SELECT b INTO TEMP x FROM a", "SELECT", ("x", "a")),
        ("SELECT b INTO LOCAL TEMPORARY x FROM a", "SELECT", ("x", "a")),
        ("SELECT b INTO GLOBAL TEMP TABLE x FROM a", "SELECT", ("x", "a")),
        ("SELECT b INTO UNLOGGED x FROM a", "SELECT", ("x", "a")),
        ("INSERT INTO temp VALUES (1)", "INSERT", ("temp",)),
        ("SELECT coalesce(b, c) FROM a", "SELECT", ("a",)),
        ("SELECT * FROM (a CROSS JOIN b), c", "SELECT", ("a", "b", "c")),
        ("PREPARE p AS DELETE FROM a USING b WHERE a.id = b.id", "PREPARE", ("a", "b")),
        ("SELECT t.values, t.from, b FROM a t", "SELECT", ("a",)),
        ("SELECT 1 AS table, 2 AS values, 3 AS from, b FROM a", "SELECT", ("a",)),
        ("SELECT * FROM (SELECT b FROM a) x", "SELECT", ("a",)),
        ("SELECT b IS DISTINCT FROM c FROM a", "SELECT", ("a",)),
        ("SELECT b FROM a ORDER BY b USING <, c", "SELECT", ("a",)),
        ("SELECT * FROM a JOIN b USING (c, d)", "SELECT", ("a", "b")),
        (
            "SELECT * FROM ROWS FROM (unnest(ARRAY[1]), unnest(ARRAY[2])) AS x(a, b), c",
            "SELECT",
            ("c",),
        ),
        ("SELECT * FROM a JOIN b ON a.x = b.x, c", "SELECT", ("a", "b", "c")),
        ("SELECT * FROM a JOIN b ON a.x = b.x AND (a.y, a.z) = (b.y, b.z)", "SELECT", ("a", "b")),
        ('WITH "X" AS (SELECT 1) SELECT * FROM "X", x, s."X"', "SELECT", ("x", 's."X"')),
        ("SELECT substring(b from 1 for 2) FROM a", "SELECT", ("a",)),
        (
            "INSERT INTO a (b, c) SELECT d, e FROM f ON CONFLICT (b, c) DO UPDATE SET b = 1, c = 2",
            "INSERT",
            ("a", "f"),
        ),
        ("UPDATE a SET x = 1, y = 2 FROM b, c WHERE a.id = b.id", "UPDATE", ("a", "b", "c")),
        ("EXPLAIN SELECT * FROM a", "EXPLAIN", ("a",)),
        ("DECLARE c CURSOR FOR SELECT * FROM a", "DECLARE", ("a",)),
        ("COPY (SELECT * FROM a) TO STDOUT", "COPY", ("a",)),
        ("COPY BINARY a FROM STDIN", "COPY", ("a",)),
        ("CREATE TABLE a AS SELECT * FROM b", "CREATE TABLE AS", ("a", "b")),
        ("CREATE MATERIALIZED VIEW a AS TABLE b", "CREATE MATERIALIZED VIEW", ("a", "b")),
        ("CREATE VIEW a AS SELECT * FROM b", "CREATE VIEW", ("a", "b")),
        (
            "CREATE RULE r AS ON INSERT TO a DO (UPDATE b SET x = 1 WHERE y; DELETE FROM c)",
            "CREATE RULE",
            ("b", "c"),
        ),
        ("TRUNCATE TABLE a, ONLY (b), c.d *", "TRUNCATE", ("a", "b", "c.d")),
        ("(SELECT 1)", "SELECT", ()),
        ("((VALUES (1)))", "SELECT", ()),
        ("WITH x AS (SELECT 1) TABLE a", "SELECT", ("a",)),
        ("DO 'BEGIN END'", "DO", ()),
        ("CALL p()", "CALL", ()),
        ("EXECUTE p(1)", "EXECUTE", ()),
        ("REFRESH MATERIALIZED VIEW a", "REFRESH MATERIALIZED VIEW", ()),
        ("hello world", "HELLO", ()),
        ("'a'", "UNKNOWN", ()),
        ("SELECT 'a", "UNKNOWN", ()),
        ("SET a.b = 1", "SET", ()),
        ("RESET ALL", "RESET", ()),
        (
            "WITH d AS (DELETE FROM a WHERE x), u AS (UPDATE b SET x = 1) INSERT INTO c VALUES (1)",
            "UPDATE",
            ("a", "b", "c"),
        ),
        ("DELETE a", "DELETE", ()),
        ("WITH d AS (DELETE FROM a WHERE x) UPDATE b SET y = 1 WHERE z", "DELETE", ("a", "b")),
        ("", "", ()),
    ],
)
def test_operation_and_tables_are_told(sql: str, operation: str, tables: tuple[str, ...]) -> None:
    result = classify(sql)
    assert (result.operation, result.tables) == (operation, tables)


@pytest.mark.parametrize(
    ("sql", "reason"),
    [
        ("SELECT 1", "SELECT changes nothing."),
        ("", "The text holds no statement."),
        ("DELETE FROM pg_class", "DELETE on pg_class has no WHERE: every row goes."),
        ("DROP TABLE IF EXISTS a, b.c", "DROP TABLE destroys a, b.c and every row in it."),
        ("DROP", "DROP destroys what it names."),
        ("DROP TRIGGER t ON users", "DROP TRIGGER removes t ON users."),
        ("DROP INDEX CONCURRENTLY i", "DROP INDEX removes i."),
        ("CREATE TABLE IF NOT EXISTS a (b int)", "CREATE TABLE adds a."),
        ("CREATE INDEX CONCURRENTLY i ON a (b)", "CREATE INDEX adds i."),
        ("CREATE INDEX ON a (b)", "CREATE INDEX adds an object."),
        ("CREATE OR REPLACE VIEW v AS SELECT 1", "CREATE VIEW adds or replaces v."),
        ("ALTER TABLE IF EXISTS ONLY a ADD b int", "ALTER TABLE adds to a."),
        ("ALTER ROLE", "ALTER ROLE changes an object."),
        ("TRUNCATE a, b", "TRUNCATE removes every row of a, b."),
        ("TRUNCATE a CASCADE", "TRUNCATE removes every row of a and of every table that"),
        ("TRUNCATE", "TRUNCATE removes every row of its tables."),
    ],
)
def test_a_reason_says_what_and_which(sql: str, reason: str) -> None:
    assert classify(sql).reason.startswith(reason)


@pytest.mark.parametrize(
    ("sql", "table"),
    [
        ("DROP TABLE a", "a"),
        ("DROP", None),
        ("CREATE TABLE a (b int)", "a"),
        ("CREATE CAST (a AS b) WITHOUT FUNCTION", None),
        ("ALTER TABLE a ADD b int", "a"),
        ("TRUNCATE ONLY a, b", "a"),
        ("COPY a FROM STDIN", "a"),
        ("COPY a.b TO '/x'", "a.b"),
    ],
)
def test_a_finding_names_its_object(sql: str, table: str | None) -> None:
    assert classify(sql).findings[0].table == table


@pytest.mark.parametrize(
    "sql",
    [
        "SELECT " + "(" * 10_000 + "1" + ")" * 10_000,
        "DELETE FROM t WHERE " + "NOT " * 10_000 + "id = 1",
        "DELETE FROM t WHERE " + "a = 1 OR (" * 3_000 + "b = 1" + ")" * 3_000,
        "DELETE FROM t WHERE " + "id IN (SELECT id FROM t WHERE " * 300 + "x" + ")" * 300,
        "DELETE FROM t WHERE "
        + "(a.id, b.id, c.id) IN (SELECT a.id, a.id, a.id FROM t a LEFT JOIN u b ON a.id = b.x "
        "LEFT JOIN t c ON c.id = b.y WHERE " * 100 + "x" + ")" * 100,
        "DELETE FROM t WHERE id IN (SELECT a.id FROM t a "
        + " ".join(f"JOIN u{n} ON a.id = u{n}.id" for n in range(10_000))
        + " WHERE x)",
        "WITH a AS (" * 1_000 + "SELECT 1" + ") SELECT 1" * 1_000,
        "(WITH a AS (SELECT 1) CYCLE " * 3_000 + ")" * 3_000,
        "WITH a AS (" * 3_000 + "SELECT 1" + ") CYCLE x" * 3_000,
        "/*" * 1_000 + "*/" * 1_000 + "SELECT 1",
        "EXPLAIN " * 10_000 + "SELECT 1",
        "DO $a$ " * 1_000,
        "INSERT INTO t VALUES " + ", ".join(["(1, 'a', now())"] * 5_000),
        "SELECT * FROM t WHERE id IN (" + ", ".join(map(str, range(5_000))) + ")",
    ],
)
def test_depth_and_length_are_no_problem(sql: str) -> None:
    assert isinstance(classify(sql).level, RiskLevel)


@pytest.mark.parametrize("condition", ["id = ANY", "id IN SELECT 1", "id IS", "id =", "id IN ()"])
def test_a_condition_that_breaks_off_has_a_level(condition: str) -> None:
    assert classify(f"DELETE FROM users WHERE {condition}").level >= RiskLevel.LOW


@given(st.text())
def test_any_text_has_a_level(sql: str) -> None:
    assert isinstance(classify(sql).level, RiskLevel)


_FRAGMENTS = """
    SELECT DELETE FROM UPDATE SET WHERE INSERT INTO VALUES MERGE USING ON WITH RECURSIVE AS ( ) [ ]
    , ; . = < > IN NOT AND OR IS NULL TRUE EXISTS ANY ALL CASE WHEN THEN END BETWEEN LIKE '%' 1 'a'
    %s $1 :a ? t u id wipe lower :: int EXPLAIN ANALYZE PREPARE COPY TO STDOUT STDIN PROGRAM DO
    CREATE DROP ALTER TABLE VIEW RULE FUNCTION ALSO CASCADE COLUMN TYPE BEGIN ATOMIC TRUNCATE
    DECLARE CURSOR FOR EXECUTE CALL SET RESET ROLE GROUP BY ORDER LIMIT DISTINCT OPERATOR * + -
    LANGUAGE $$BEGIN$$ $$SELECT(1)$$ /*c*/ "Q" LOCAL SESSION AUTHORIZATION UNION RETURNING
    CURRENT OF
"""
_texts = st.lists(st.sampled_from(_FRAGMENTS.split()), max_size=30).map(" ".join)


@settings(max_examples=500)
@given(_texts)
def test_no_rule_fails_on_any_order_of_words(sql: str) -> None:
    try:
        found = verdicts(sql)
    except LexError:
        return
    assert all(0 <= f.start <= f.end <= len(sql) for verdict in found for f in verdict.findings)


@settings(max_examples=300)
@given(st.lists(st.sampled_from(STATEMENTS), min_size=1, max_size=3))
def test_a_text_is_at_least_as_risky_as_its_riskiest_statement(parts: list[str]) -> None:
    # A line comment at its end must not swallow the next statement.
    whole = classify("\n;\n".join(parts)).level
    assert whole >= max(classify(part).level for part in parts) or _unreadable(parts)


def _unreadable(parts: list[str]) -> bool:
    """Whether a part leaves a quote or bracket open, so that the whole is another text."""
    for part in parts:
        try:
            verdicts(part)
        except LexError:
            return True
    return False


def test_what_can_be_read_does_not_hide_what_cannot() -> None:
    for sql in STATEMENTS:
        level = classify(f"{sql}\n;\nSELECT 'a").level
        assert level >= RiskLevel.HIGH or _unreadable([sql]), sql


@settings(max_examples=200)
@given(st.sampled_from(STATEMENTS))
def test_a_wrapper_does_not_lower_a_level(sql: str) -> None:
    level = classify(sql).level
    if sql.startswith(("DELETE", "UPDATE", "INSERT", "MERGE")) and level < RiskLevel.CRITICAL:
        assert classify(f"EXPLAIN ANALYZE {sql}").level >= level
        assert classify(f"PREPARE p AS {sql}").level >= level
    if sql.startswith("DELETE FROM users WHERE"):
        assert classify(f"WITH d AS ({sql}\n) SELECT 1").level >= level
        assert classify(f"COPY ({sql}\n) TO STDOUT").level >= level


@pytest.mark.parametrize("value", [None, bytearray(b"SELECT 1"), 1])
def test_what_is_not_text_is_refused_by_name(value: object) -> None:
    with pytest.raises(TypeError, match="sql must be a str or bytes, not "):
        classify(value)  # type: ignore[arg-type]


def test_bytes_are_read_as_utf_8() -> None:
    for sql in STATEMENTS:
        assert classify(sql.encode()) == classify(sql), sql


def test_bytes_that_are_no_text_are_judged_all_the_same() -> None:
    assert classify(b"SELECT '\xff'").level is RiskLevel.SAFE
    assert classify(b"SELECT \xff(1)").level is RiskLevel.HIGH
    assert classify(b"DELETE FROM \xff\xfe").level is RiskLevel.CRITICAL
    assert classify(b"DELETE FROM t", "mysql").level is RiskLevel.CRITICAL


def test_an_unknown_dialect_is_refused_with_the_known_ones() -> None:
    with pytest.raises(ConfigurationError, match=r"dialect 'nope' is not known.*mysql.*sqlite"):
        classify("SELECT 1", "nope")


@pytest.mark.parametrize(
    ("sql", "dialect", "level"),
    [
        ("SELECT a FROM t WHERE b = 1", "mysql", RiskLevel.SAFE),
        ("SELECT foo(1)", "mysql", RiskLevel.HIGH),
        ("INSERT INTO t VALUES (1)", "sqlite", RiskLevel.LOW),
        ("INSERT OR REPLACE INTO t VALUES (1)", "sqlite", RiskLevel.HIGH),
        ("DELETE FROM t WHERE id = 1", "sqlite", RiskLevel.LOW),
        ("DELETE FROM t", "mysql", RiskLevel.CRITICAL),
        ("DELETE FROM t WHERE 1 = 1 OR id = 2", "mysql", RiskLevel.CRITICAL),
        ("DELETE FROM t WHERE id = id", "mysql", RiskLevel.CRITICAL),
        ("UPDATE t SET a = (SELECT 1 FROM b WHERE b.c = 1)", "mysql", RiskLevel.CRITICAL),
        ("SELECT 1; DROP TABLE t", "mysql", RiskLevel.CRITICAL),
        ("TRUNCATE TABLE t", "mysql", RiskLevel.CRITICAL),
        ("ALTER TABLE t DROP COLUMN a", "mysql", RiskLevel.CRITICAL),
        ("ALTER TABLE t ADD COLUMN a int", "mysql", RiskLevel.HIGH),
        ("CREATE TABLE t (a int)", "sqlite", RiskLevel.LOW),
        ("CREATE OR REPLACE TABLE t AS SELECT 1", "duckdb", RiskLevel.CRITICAL),
        ("EXPLAIN ANALYZE DELETE FROM t", "mysql", RiskLevel.CRITICAL),
        ("SELECT * INTO a FROM b", "tsql", RiskLevel.LOW),
        ("BEGIN", "sqlite", RiskLevel.SAFE),
        ("SET GLOBAL a = 1", "mysql", RiskLevel.HIGH),
        ("CALL p()", "mysql", RiskLevel.CRITICAL),
        ("SELECT (((", "mysql", RiskLevel.HIGH),
        ("SELECT 1 \0", "mysql", RiskLevel.HIGH),
        ("SELECT " + "(" * 3_000 + "1" + ")" * 3_000, "mysql", RiskLevel.HIGH),
    ],
)
def test_other_dialects_are_read_by_their_tree(sql: str, dialect: str, level: RiskLevel) -> None:
    assert classify(sql, dialect).level is level


@settings(max_examples=300, deadline=None)
@given(st.text() | _texts, st.sampled_from(["mysql", "sqlite", "duckdb", "tsql", "snowflake"]))
def test_any_text_of_any_dialect_has_a_level(sql: str, dialect: str) -> None:
    assert isinstance(classify(sql, dialect).level, RiskLevel)


@pytest.mark.parametrize(
    "sql",
    ["NOT " * 5_000 + "1", "(" * 10_000, "/*" * 1_000 + "*/" * 1_000, "CASE WHEN " * 3_000],
    ids=["NOTs", "brackets", "comments", "CASE"],
)
def test_depth_is_no_problem_in_other_dialects(sql: str) -> None:
    assert classify(f"SELECT {sql}", "mysql").level >= RiskLevel.HIGH


def test_the_name_of_a_driver_family_counts_as_postgres() -> None:
    assert classify("DELETE FROM t", "postgresql") == classify("DELETE FROM t")


_DESTROYERS = """
    alter call cascade copy delete drop exec grant insert merge overwrite program purge rename
    replace revoke rmtree truncate unlink update vacuum
"""


@pytest.mark.parametrize("word", _DESTROYERS.split())
def test_a_word_that_could_destroy_makes_what_is_not_understood_critical(word: str) -> None:
    assert classify(f"FROBNICATE x_{word}s").level is RiskLevel.CRITICAL
    assert classify(f"FROBNICATE x_{word[1:]}s").level is RiskLevel.HIGH


def test_a_text_is_judged_once() -> None:
    assert classify("SELECT 'judged once'") is classify("SELECT 'judged once'")


def test_nothing_follows_the_last_semicolon() -> None:
    assert classify("SET standard_conforming_strings = off ; ").operations == ("SET",)


def test_tracing_comments_do_not_defeat_the_cache() -> None:
    trace = "/*traceparent='00-{0}-{0}-01',route='%2Fusers%2F{0}'*/"
    sql = "SELECT 'with a trace'"
    first = classify(f"{sql} {trace.format(1)}")
    assert classify(f"{sql} {trace.format(2)}") is first
    assert classify(f"{trace.format(3)}{sql} {trace.format(4)}") is first
    behind = classify(f"{trace.format(5)} {sql}")
    assert classify(f"{trace.format(6)} {sql}") is behind


@pytest.mark.parametrize("before", ["", "/* a='b' */ ", "/* a /* b */ */"])
def test_a_finding_stays_in_its_place_behind_a_comment(before: str) -> None:
    sql = f"{before}DELETE FROM t /* c='d' */"
    (finding,) = classify(sql).findings
    assert sql[finding.start : finding.end] == "DELETE FROM t"


@pytest.mark.parametrize(
    "sql",
    [
        "SELECT '/*'; DELETE FROM t --*/",
        "SELECT '/*'; DELETE FROM t; --'*/",
        "SELECT $$/*$$; DELETE FROM t --*/",
        'SELECT "/*"; DELETE FROM t --*/',
        "SELECT 1 -- /*\n; DELETE FROM t --*/",
        "/*/*/ */ */ DELETE FROM t /**/",
        "/*/ */ DELETE FROM t /**/",
        "DELETE FROM t /* a */ -- */",
        "DELETE FROM t *//* a */",
    ],
)
def test_nothing_hides_in_what_only_looks_like_a_comment(sql: str) -> None:
    assert classify(sql).level is RiskLevel.CRITICAL


_SNIPPETS = """
    /* */ /**/ -- ' '' " $$ $a$ E' \\ a=b a='b' , ; / * SELECT DELETE FROM t 1
"""


@settings(max_examples=500)
@given(
    st.lists(st.sampled_from([*_SNIPPETS.split(), "\n"]), max_size=14), st.sampled_from(["", " "])
)
def test_a_text_is_judged_as_with_its_comments(parts: list[str], space: str) -> None:
    sql = f"{space.join(parts)}*/"
    assert classify(sql) == _by_rules(sql)


def test_only_a_few_long_texts_are_kept() -> None:
    texts = [f"SELECT '{number}{'x' * 100_000}'" for number in range(20)]
    results = [classify(sql) for sql in texts]
    assert classify(texts[-1]) is results[-1]
    assert classify(texts[0]) is not results[0]
    longest = f"SELECT '{'x' * 300_000}'"
    assert classify(longest) is not classify(longest)


def _nested(depth: int) -> str:
    """Return DO blocks inside each other; the innermost one is harmless."""
    body = "PERFORM 1;"
    for level in range(depth):
        body = f"DO $b{level}$ BEGIN {body} END $b{level}$;"
    return body


def test_bodies_in_bodies_are_read_to_a_bounded_depth() -> None:
    assert classify(_nested(5)).level is RiskLevel.HIGH
    assert classify(_nested(6)).level is RiskLevel.CRITICAL


def _chained(count: int) -> str:
    """Return a DELETE that reads the last of a chain of WITH entries."""
    entries = ["x0 AS (SELECT id FROM banned)"]
    entries += [f"x{i} AS (SELECT id FROM x{i - 1})" for i in range(1, count)]
    return f"WITH {', '.join(entries)} DELETE FROM users WHERE id IN (SELECT id FROM x{count - 1})"


def _alternatives(count: int) -> str:
    condition = "name = 'a'"
    for number in range(count):
        condition = f"c{number} = 'a' OR ({condition})"
    return f"DELETE FROM users WHERE {condition}"


@pytest.mark.parametrize("nested", [_chained, _alternatives])
def test_a_where_that_is_nested_too_deep_restricts_nothing(nested: Callable[[int], str]) -> None:
    assert classify(nested(20)).level is RiskLevel.LOW
    assert classify(nested(21)).level is RiskLevel.CRITICAL


@pytest.mark.parametrize(
    ("write", "kind"),
    [
        ("DELETE FROM users WHERE id = 1", "unreadable-write"),
        ("INSERT INTO users VALUES (1)", "insert"),
    ],
)
def test_behind_too_many_with_entries_only_what_adds_rows_is_read(write: str, kind: str) -> None:
    entries = ", ".join(f"x{number} AS (SELECT 1)" for number in range(3000))
    assert classify(f"WITH {entries} {write}").findings[0].kind == kind


def test_a_pattern_that_is_very_long_is_not_looked_into() -> None:
    pattern = "a" * 1000
    assert classify(f"DELETE FROM users WHERE name ~ '{pattern}'").level is RiskLevel.LOW
    assert classify(f"DELETE FROM users WHERE name ~ '{pattern}a'").level is RiskLevel.CRITICAL


@pytest.mark.parametrize(
    ("sql", "kind"),
    [
        ("ALTER TABLE a ADD COLUMN b vector(3)", "schema-addition"),
        ("CREATE RULE r AS ON INSERT TO a DO INSTEAD NOTHING", "creates-rule"),
        ("CREATE RULE r AS ON INSERT TO a DO NOTIFY x", "creates-rule"),
        ("CALL p(wipe())", "calls-procedure"),
        ("WITH a AS (foo b, (WITH c AS (bar) SELECT 1)) SELECT 1", "unreadable"),
        ("WITH a AS (foo WITH c AS (SELECT 1) bar) SELECT 1", "unreadable"),
        (
            "MERGE INTO a USING b ON a.id = b.id WHEN NOT MATCHED THEN INSERT (id) VALUES (b.id)",
            "merge",
        ),
    ],
)
def test_what_adds_nothing_to_a_risk_is_not_found(sql: str, kind: str) -> None:
    assert [finding.kind for finding in classify(sql).findings] == [kind]


def test_the_general_parser_is_not_imported_for_postgres() -> None:
    code = (
        "import sys; from backstop.classifier import classify; classify('DELETE FROM t'); "
        "sys.exit('sqlglot' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
