"""No statement is rated too low: a real server says what each one does.

The default run looks at a few hundred generated statements of each kind. The variable
``BACKSTOP_SOUNDNESS_EXAMPLES`` (a number) widens the search, to tens of thousands over night; each
run with it draws other statements.
"""

from __future__ import annotations

import os
import re
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from testing.live_schema import TABLES
from testing.sql_conditions import Conditions, Scope
from testing.sql_statements import Statements
from testing.tables import read_table

pytestmark = pytest.mark.proof

ROOT = Path(__file__).parents[1]
TRUTH = ROOT / "packages/backstop-core/tests/data/classification.tsv"
WIDER = os.environ.get("BACKSTOP_SOUNDNESS_EXAMPLES")
search = settings(
    max_examples=int(WIDER or 400),
    derandomize=WIDER is None,
    database=None,
    deadline=None,
    suppress_health_check=list(HealthCheck),
)
_PARAMETER = re.compile(r"%\(\w+\)s|%s|\$1|(?<=\s):[a-z]\w*|\?(?=$|\))")


def known_statements() -> list[str]:
    """Give the statements of the truth table, with a value for each parameter."""
    rows = read_table(TRUTH)
    return [_PARAMETER.sub("'5'", sql).replace("%%", "%") for _, _, sql in rows]


@st.composite
def scoped_changes(draw):
    choose = lambda options: draw(st.sampled_from(options))  # noqa: E731
    conditions = Conditions(choose)
    table, depth = choose(TABLES), choose((1, 1, 2, 2, 3))
    own, joined = Scope((table,)), Scope(("t", "u"), bare=False)
    return choose(
        (
            f"DELETE FROM {table} WHERE {conditions.condition(own, depth)}",
            f"UPDATE {table} SET state = 'x' WHERE {conditions.condition(own, depth)}",
            f"DELETE FROM {table} AS t USING {choose(TABLES)} AS u "
            f"WHERE {conditions.condition(joined, depth)}",
        )
    )


@st.composite
def statements(draw):
    choose = lambda options: draw(st.sampled_from(options))  # noqa: E731
    return Statements(choose).statement(choose((0, 1, 2)))


def test_no_statement_of_the_truth_table_is_rated_too_low(referee):
    objections = [referee.objection(sql) for sql in known_statements()]
    assert [objection for objection in objections if objection] == []


@search
@given(scoped_changes())
def test_a_where_that_restricts_nothing_is_seen(referee, sql):
    assert referee.objection(sql) is None


@search
@given(statements())
def test_no_generated_statement_is_rated_too_low(referee, sql):
    assert referee.objection(sql) is None


@pytest.mark.parametrize("kind", [scoped_changes, statements])
def test_most_generated_statements_have_a_meaning(referee, kind):
    failed = []

    @settings(search, max_examples=100)
    @given(kind())
    def look(sql):
        outcome = referee.try_out(sql)
        if outcome.failed:
            failed.append(f"{outcome.message}{sql}")

    look()
    assert len(failed) < 40, failed
