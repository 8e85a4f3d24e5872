"""What a function's body may do when it is called, and that only proof makes it free of effects."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from backstop.classifier import classify
from backstop.classifier.routines import READABLE, routine_findings
from backstop.levels import RiskLevel
from testing.tables import read_table

DATA = Path(__file__).parent / "data" / "routines.tsv"


TABLE = read_table(DATA)


def level_of(body: str, language: str) -> RiskLevel:
    findings = routine_findings(body, language)
    return max((finding.level for finding in findings), default=RiskLevel.SAFE)


@pytest.mark.parametrize(("level", "language", "body"), TABLE)
def test_a_body_has_the_level_of_the_table(level: str, language: str, body: str) -> None:
    assert level_of(body, language).value == level


def test_a_statement_of_a_block_is_named_by_what_it_does() -> None:
    for statement in ("REFRESH MATERIALIZED VIEW v", "DO $$ BEGIN NULL; END $$", "GRANT a TO b"):
        (finding,) = routine_findings(f"BEGIN {statement}; END", "plpgsql")
        assert finding.kind == classify(statement).findings[0].kind


def test_every_language_that_can_be_read_is_in_the_table() -> None:
    assert {language for _, language, _ in TABLE} == READABLE


_FRAGMENTS = """
    BEGIN END ; DECLARE x := 1 IF THEN ELSE ELSIF LOOP END_LOOP FOR IN WHILE RETURN QUERY NEXT
    << l >> PERFORM SELECT a INTO FROM t EXCEPTION WHEN others CASE NULL RAISE EXIT OPEN c CURSOR
    ( ) other [ ]
"""


@settings(max_examples=500)
@given(st.lists(st.sampled_from(_FRAGMENTS.split()), max_size=12), st.integers(0, 12))
def test_no_block_hides_a_statement_that_destroys(words: list[str], place: int) -> None:
    words.insert(place, "; TRUNCATE t ;")
    assert level_of(" ".join(words).replace("_", " "), "plpgsql") >= RiskLevel.HIGH
