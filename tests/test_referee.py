"""The referee of the levels sees what statements do: each of its rules can object."""

from __future__ import annotations

import pytest

from backstop import RiskLevel
from backstop.result import RiskResult
from testing import referee as referee_module

pytestmark = pytest.mark.proof


@pytest.fixture
def rated(monkeypatch):
    """Give a function that has every statement rated at one level."""

    def rate(level):
        result = RiskResult(level, "", (), "Rated for a test.")
        monkeypatch.setattr(referee_module, "classify", lambda _: result)

    return rate


@pytest.mark.parametrize(
    ("sql", "reason"),
    [
        ("INSERT INTO empty (id) VALUES (1)", "read-only"),
        ("SELECT nextval('counter')", "read-only"),
        ("SELECT wipe()", "read-only"),
        ("EXPLAIN ANALYZE DELETE FROM users WHERE id = 1", "read-only"),
        ("COPY empty FROM STDIN", "read-only"),
        ("VACUUM users", "transaction block"),
        # Up to PostgreSQL 15 a read-only transaction lets it pass.
        ("SELECT lo_create(0)", "it"),
        ("SET standard_conforming_strings = off", "the session"),
        ("SELECT set_config('transaction_read_only', 'off', true), 1", None),
        ("SELECT * FROM users FOR UPDATE", None),
        ("COPY users TO STDOUT", None),
        ("SELECT pg_advisory_lock(1)", None),
        ("no statement", None),
    ],
)
def test_what_changes_something_is_not_safe(referee, rated, sql, reason):
    rated(RiskLevel.SAFE)
    objection = referee.objection(sql)
    assert objection is None if reason is None else reason in objection


@pytest.mark.parametrize(
    ("sql", "reason"),
    [
        ("DELETE FROM users", "every row of users"),
        ("UPDATE users SET name = name", "every row of users"),
        ("DELETE FROM events WHERE id > 0", "every row of events"),
        ("DELETE FROM parent", "every row of child, parent"),
        ("TRUNCATE orders", "every row of orders"),
        ("ALTER TABLE orders ALTER name TYPE varchar(1) USING left(name, 1)", "every row"),
        ("ALTER TABLE orders DROP COLUMN age", "column"),
        ("DROP TABLE banned", "relation"),
        ("DROP SEQUENCE counter", "relation"),
        ("DROP TYPE color", "type"),
        ("DROP SCHEMA three CASCADE", "is gone"),
        ("DO $$ BEGIN DELETE FROM orders; END $$", "every row of orders"),
        ("DELETE FROM users WHERE age = 5", None),
        ("DELETE FROM users WHERE name <> 'a'", None),
        ("DELETE FROM ONLY parent WHERE id > 7", None),
        ("ALTER TABLE orders ALTER name TYPE varchar", None),
        ("ALTER TABLE orders ADD made float DEFAULT random()", None),
        ("DROP VIEW v", None),
    ],
)
def test_what_destroys_is_critical(referee, rated, sql, reason):
    rated(RiskLevel.HIGH)
    objection = referee.objection(sql)
    assert objection is None if reason is None else reason in objection


def test_a_text_that_ends_its_transaction_leaves_no_trace(referee, rated):
    rated(RiskLevel.HIGH)
    assert referee.objection("COMMIT; DELETE FROM users; DROP TABLE banned") is None
    assert "every row of users" in referee.objection("DELETE FROM users")
    assert "relation" in referee.objection("DROP TABLE banned")


def test_examples_that_build_on_each_other_are_judged_in_turn(referee, rated):
    rated(RiskLevel.HIGH)
    (objection,) = referee.objections_in_turn(
        ["CREATE TABLE made (a int)", "SELECT nothing", "DROP TABLE made"]
    )
    assert objection.endswith("is gone: DROP TABLE made")
    rated(RiskLevel.SAFE)
    (objection,) = referee.objections_in_turn(["SELECT 1", "SELECT nextval('counter')"])
    assert "read-only" in objection
