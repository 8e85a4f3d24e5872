"""What a stretch of tokens calls, wherever the stretch starts."""

from __future__ import annotations

import pytest

from backstop.classifier._source import Source
from backstop.classifier.expressions import read_expressions
from backstop.syntax import tokenize


@pytest.mark.parametrize(
    ("sql", "start", "called"),
    [
        ("my.lower(1)", 0, "my.lower()"),
        (".setval(1)", 0, "setval()"),
        ("my.setval(1)", 1, "setval()"),
        ("a AS mine(1)", 2, "mine()"),
        ("FETCH first(1)", 1, "first()"),
        ("a NOT ilike(1)", 1, "ilike()"),
    ],
)
def test_a_call_is_read_within_its_stretch(sql: str, start: int, called: str) -> None:
    tokens = tokenize(sql)
    (finding,) = read_expressions(Source(sql, tokens), start, len(tokens)).findings
    assert finding.reason.startswith(called)


def test_a_text_that_two_calls_may_run_is_noted_once() -> None:
    sql = "'a', dblink('b', dblink('c', 'd')), dblink('e')"
    tokens = tokenize(sql)
    reading = read_expressions(Source(sql, tokens), 0, len(tokens))
    assert [tokens[index].text for index in reading.texts] == ["'b'", "'c'", "'d'", "'e'"]
