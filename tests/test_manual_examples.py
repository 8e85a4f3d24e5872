"""PostgreSQL's own examples: none is rated too low, and its queries are known to be harmless."""

from __future__ import annotations

from pathlib import Path

import pytest

from backstop import RiskLevel, classify

pytestmark = pytest.mark.proof

EXAMPLES = Path(__file__).parent / "data" / "manual_examples.sql"


def pages():
    """Give the examples of each page of the manual, in order."""
    text = EXAMPLES.read_text(encoding="utf-8")
    for part in text.split("\n@ ")[1:]:
        page, _, rest = part.partition("\n")
        yield page, [sql.strip("\n") for sql in rest.split("\n;;")[:-1]]


def test_no_example_of_the_manual_is_rated_too_low(referee):
    found = {page: referee.objections_in_turn(examples) for page, examples in pages()}
    assert {page: objections for page, objections in found.items() if objections} == {}
    assert referee.ran > 1_000


def test_the_manual_holds_statements_of_every_level():
    levels = [classify(sql).level for _, examples in pages() for sql in examples]
    assert len(levels) > 2_000
    assert set(levels) == set(RiskLevel) - {RiskLevel.IMPACT_CRITICAL}
