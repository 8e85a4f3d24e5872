"""Splitting a text into statements, and recognising transaction control."""

from __future__ import annotations

import pytest

from backstop.syntax import ControlKind, TransactionControl, split, tokenize, transaction_control


@pytest.mark.parametrize(
    ("sql", "expected"),
    [
        ("SELECT 1", ["SELECT 1"]),
        (" SELECT 1 ; SELECT 2; ", ["SELECT 1", "SELECT 2"]),
        (";;", []),
        ("-- nothing", []),
        ("SELECT ';' ; SELECT $$;$$", ["SELECT ';'", "SELECT $$;$$"]),
        ("SELECT 1 /* ; */ + 1", ["SELECT 1 /* ; */ + 1"]),
        (
            "CREATE RULE r AS ON INSERT TO t DO (DELETE FROM a; DELETE FROM b); SELECT 1",
            ["CREATE RULE r AS ON INSERT TO t DO (DELETE FROM a; DELETE FROM b)", "SELECT 1"],
        ),
        (
            "CREATE FUNCTION f() RETURNS int BEGIN ATOMIC SELECT CASE WHEN a THEN 1 END; "
            "SELECT 2; END; SELECT 3",
            [
                "CREATE FUNCTION f() RETURNS int BEGIN ATOMIC SELECT CASE WHEN a THEN 1 END; "
                "SELECT 2; END",
                "SELECT 3",
            ],
        ),
        (
            "CREATE OR REPLACE PROCEDURE p() BEGIN ATOMIC DELETE FROM t; END; SELECT 1",
            ["CREATE OR REPLACE PROCEDURE p() BEGIN ATOMIC DELETE FROM t; END", "SELECT 1"],
        ),
        ("BEGIN; DELETE FROM t; END", ["BEGIN", "DELETE FROM t", "END"]),
        ("SELECT a[1;2]; SELECT 3", ["SELECT a[1;2]", "SELECT 3"]),
        ("SELECT a[1]; SELECT (2); SELECT 3", ["SELECT a[1]", "SELECT (2)", "SELECT 3"]),
        ("SELECT 1); SELECT 2; SELECT 3", ["SELECT 1)", "SELECT 2", "SELECT 3"]),
        ("SELECT (1; SELECT 2", ["SELECT (1; SELECT 2"]),
        ("SELECT CASE WHEN a THEN 1; SELECT 2", ["SELECT CASE WHEN a THEN 1", "SELECT 2"]),
        (
            "CREATE FUNCTION f() BEGIN ATOMIC SELECT t.case, a AS end; SELECT 2; END; SELECT 3",
            ["CREATE FUNCTION f() BEGIN ATOMIC SELECT t.case, a AS end; SELECT 2; END", "SELECT 3"],
        ),
        (
            "CREATE FUNCTION f() BEGIN ATOMIC SELECT t.end; SELECT 2; END; SELECT 3",
            ["CREATE FUNCTION f() BEGIN ATOMIC SELECT t.end; SELECT 2; END", "SELECT 3"],
        ),
        (
            "CREATE TABLE begin (atomic int); SELECT 1",
            ["CREATE TABLE begin (atomic int)", "SELECT 1"],
        ),
        ("CREATE FUNCTION f() BEGIN; SELECT 1", ["CREATE FUNCTION f() BEGIN", "SELECT 1"]),
        ("CREATE VIEW begin atomic; SELECT 1", ["CREATE VIEW begin atomic", "SELECT 1"]),
        ("ALTER FUNCTION begin atomic; SELECT 1", ["ALTER FUNCTION begin atomic", "SELECT 1"]),
        ("SELECT begin atomic; SELECT 2", ["SELECT begin atomic", "SELECT 2"]),
    ],
)
def test_a_text_falls_into_its_statements(sql: str, expected: list[str]) -> None:
    statements = split(sql)
    assert [statement.text for statement in statements] == expected
    for statement in statements:
        assert sql[statement.start : statement.end] == statement.text


def control(sql: str) -> TransactionControl | None:
    return transaction_control(tuple(tokenize(sql)))


@pytest.mark.parametrize(
    ("sql", "kind"),
    [
        ("BEGIN", ControlKind.BEGIN),
        ("begin work", ControlKind.BEGIN),
        ("BEGIN TRANSACTION ISOLATION LEVEL READ COMMITTED, NOT DEFERRABLE", ControlKind.BEGIN),
        ("START TRANSACTION READ ONLY", ControlKind.BEGIN),
        ("COMMIT", ControlKind.COMMIT),
        ("END WORK", ControlKind.COMMIT),
        ("COMMIT AND NO CHAIN", ControlKind.COMMIT),
        ("COMMIT TRANSACTION", ControlKind.COMMIT),
        ("ROLLBACK AND NO CHAIN", ControlKind.ROLLBACK),
        ("ROLLBACK WORK", ControlKind.ROLLBACK),
        ("ABORT WORK", ControlKind.ROLLBACK),
        ("BEGIN READ WRITE", ControlKind.BEGIN),
        ("BEGIN ISOLATION LEVEL REPEATABLE READ, READ ONLY", ControlKind.BEGIN),
        ("BEGIN ISOLATION LEVEL READ UNCOMMITTED DEFERRABLE", ControlKind.BEGIN),
        ("START TRANSACTION ISOLATION LEVEL SERIALIZABLE", ControlKind.BEGIN),
        ("ROLLBACK TRANSACTION", ControlKind.ROLLBACK),
        ("ABORT", ControlKind.ROLLBACK),
    ],
)
def test_beginnings_and_ends_are_recognised(sql: str, kind: ControlKind) -> None:
    assert control(sql) == TransactionControl(kind)


@pytest.mark.parametrize(
    ("sql", "kind", "name"),
    [
        ("SAVEPOINT Abc", ControlKind.SAVEPOINT, "abc"),
        ('SAVEPOINT "Abc "" d"', ControlKind.SAVEPOINT, 'Abc " d'),
        ("RELEASE a", ControlKind.RELEASE, "a"),
        ("RELEASE SAVEPOINT a", ControlKind.RELEASE, "a"),
        ("RELEASE savepoint", ControlKind.RELEASE, "savepoint"),
        ("RELEASE SAVEPOINT savepoint", ControlKind.RELEASE, "savepoint"),
        ("ROLLBACK TO SAVEPOINT savepoint", ControlKind.ROLLBACK_TO, "savepoint"),
        ("ROLLBACK TRANSACTION TO a", ControlKind.ROLLBACK_TO, "a"),
        ("PREPARE TRANSACTION %s", ControlKind.PREPARE_TRANSACTION, "%s"),
        ("ROLLBACK TO a", ControlKind.ROLLBACK_TO, "a"),
        ("ROLLBACK TO savepoint", ControlKind.ROLLBACK_TO, "savepoint"),
        ("ROLLBACK WORK TO SAVEPOINT a", ControlKind.ROLLBACK_TO, "a"),
        ("PREPARE TRANSACTION 'x'", ControlKind.PREPARE_TRANSACTION, "'x'"),
        ("COMMIT PREPARED 'x'", ControlKind.COMMIT_PREPARED, "'x'"),
        ("ROLLBACK PREPARED 'x'", ControlKind.ROLLBACK_PREPARED, "'x'"),
    ],
)
def test_names_are_folded_as_the_server_does(sql: str, kind: ControlKind, name: str) -> None:
    assert control(sql) == TransactionControl(kind, name)


def test_a_chained_end_says_so() -> None:
    assert control("COMMIT AND CHAIN") == TransactionControl(ControlKind.COMMIT, chain=True)
    assert control("ROLLBACK AND CHAIN") == TransactionControl(ControlKind.ROLLBACK, chain=True)
    assert not TransactionControl(ControlKind.COMMIT).chain


@pytest.mark.parametrize(
    "sql",
    [
        "SELECT 1",
        "COMMIT x",
        "SAVEPOINT",
        "SAVEPOINT a b",
        "PREPARE p AS SELECT 1",
        "START",
        "START WORK",
        "START ISOLATION LEVEL SERIALIZABLE",
        "BEGIN x",
        "COMMIT AND",
        "COMMIT TO a",
        "ABORT TO a",
        "ABORT PREPARED 'x'",
        "END PREPARED 'x'",
        "COMMIT PREPARED",
        "COMMIT PREPARED x",
        "ROLLBACK TO 'a'",
        "ROLLBACK TO a b",
        "PREPARE a 'x'",
        "RELEASE a b",
        "RELEASE SAVEPOINT a b",
        "PREPARE TRANSACTION x",
        "PREPARE TRANSACTION 'x' y",
        "PREPARE 'x'",
        "",
    ],
)
def test_anything_more_or_less_is_no_transaction_control(sql: str) -> None:
    assert control(sql) is None
