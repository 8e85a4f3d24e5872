"""What of a text can be tried out inside of a transaction, and which text drops a database."""

from __future__ import annotations

import pytest

from backstop.syntax.controls import takes_all_back
from backstop.syntax.databases import dropped_database
from backstop.syntax.trials import detaches_concurrently, left_out, trial_of


@pytest.mark.parametrize(
    ("sql", "trial"),
    [
        ("BEGIN; DROP VIEW a; COMMIT", "DROP VIEW a"),
        ("START TRANSACTION READ WRITE; DELETE FROM a; END; TRUNCATE b;",
         "DELETE FROM a;\nTRUNCATE b"),
        ("BEGIN; SAVEPOINT s; DELETE FROM a; ROLLBACK TO s; COMMIT",
         "SAVEPOINT s;\nDELETE FROM a;\nROLLBACK TO s"),
        ("DROP INDEX CONCURRENTLY IF EXISTS a", "DROP INDEX  IF EXISTS a"),
        ("ALTER TABLE a DETACH PARTITION b CONCURRENTLY", "ALTER TABLE a DETACH PARTITION b "),
        ("DELETE FROM a", None),
        ("DELETE FROM a; TRUNCATE b", None),
        ("BEGIN; COMMIT", None),
        ("BEGIN; DELETE FROM a; ROLLBACK", None),
        ("BEGIN; DELETE FROM a; PREPARE TRANSACTION 'p'", None),
        ("BEGIN; COPY a FROM STDIN; COMMIT", None),
        ("BEGIN; SELECT dblink_exec('x'); COMMIT", None),
        ("COPY a TO PROGRAM 'x'; DROP VIEW b; SELECT dblink_exec('x')", "DROP VIEW b"),
        ("BEGIN; COPY a TO PROGRAM 'x'; DROP VIEW b; COMMIT", "DROP VIEW b"),
        ("BEGIN; SELECT lo_open(5, 131072); SELECT lowrite(0, 'x'); COMMIT",
         "SELECT lo_open(5, 131072);\nSELECT lowrite(0, 'x')"),
        ("REINDEX TABLE CONCURRENTLY a", None),
        ("BEGIN; SELECT 'x; COMMIT", None),
    ],
)  # fmt: skip
def test_a_text_is_tried_out_without_what_ends_its_transaction(sql: str, trial: str | None) -> None:
    assert trial_of(sql) == trial


def test_only_a_detached_partition_keeps_a_check() -> None:
    assert detaches_concurrently("ALTER TABLE a DETACH PARTITION b CONCURRENTLY")
    assert not detaches_concurrently("DROP INDEX CONCURRENTLY a")
    assert not detaches_concurrently("BEGIN; ALTER TABLE a DETACH PARTITION b; COMMIT")
    assert not detaches_concurrently("ALTER TABLE a ADD b int; COPY a TO PROGRAM 'x'")
    assert not detaches_concurrently("ALTER TABLE a 'x")


@pytest.mark.parametrize(
    ("sql", "words"),
    [
        ("COPY a TO PROGRAM 'x'; DROP VIEW b; SELECT dblink_exec('x')", ["COPY", "SELECT"]),
        ("PREPARE p AS SELECT 1; DROP VIEW b", []),
        ("DROP VIEW b; GRANT EXECUTE ON FUNCTION dblink(text) TO PUBLIC", []),
        ("DROP VIEW 'b", []),
    ],
)
def test_what_no_rollback_takes_back_is_named(sql: str, words: list[str]) -> None:
    assert left_out(sql) == words


@pytest.mark.parametrize(
    ("sql", "name"),
    [
        ("DROP DATABASE shop", "shop"),
        ('drop /* no */ database if exists "My Shop" with (force);', '"My Shop"'),
        ("DROP DATABASE a; DROP DATABASE b", None),
        ("ALTER DATABASE shop RENAME TO other", None),
        ("DROP TABLE database", None),
        ("DROP DATABASE", None),
        ("DROP DATABASE 'x", None),
    ],
)
def test_the_name_of_a_dropped_database_is_found(sql: str, name: str | None) -> None:
    assert dropped_database(sql) == name


@pytest.mark.parametrize(
    ("sql", "all_back"),
    [
        ("DELETE FROM a; ROLLBACK", True),
        ("BEGIN; DELETE FROM a; ABORT", True),
        ("DELETE FROM a; COMMIT; DELETE FROM b; ROLLBACK", False),
        ("ROLLBACK; DELETE FROM a", False),
        ("DELETE FROM a; ROLLBACK TO s", False),
        ("DELETE FROM a", False),
        ("", False),
    ],
)
def test_only_a_text_that_commits_nothing_and_ends_with_a_rollback_takes_all_back(
    sql: str, all_back: bool
) -> None:
    assert takes_all_back(sql) is all_back
