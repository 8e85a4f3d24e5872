"""The benchmarks measure what they say, and notice a broken bound."""

from __future__ import annotations

import json

import pytest

from backstop import RiskLevel, classify
from benchmarks import classifying
from benchmarks.side_by_side import Bound, Case, measure


def _slow(text: str) -> int:
    return sum(range(20_000))


@pytest.mark.parametrize("case", classifying.CASES, ids=lambda case: case.name)
def test_a_case_makes_new_texts_that_are_no_destruction(case: Case) -> None:
    texts = [case.make(number) for number in range(3)]
    assert len(set(texts)) == (1 if case.name == "repeated text" else 3)
    assert all(classify(text).level < RiskLevel.IMPACT_CRITICAL for text in texts)


@pytest.mark.parametrize(("judged", "holds"), [("fast", True), ("slow", False)])
def test_a_bound_is_checked(judged: str, holds: bool) -> None:
    contestants = {judged: str.lower if judged == "fast" else _slow, "rival": _slow}
    case = Case("a case", str, 5, Bound("rival", 0.5))
    assert measure(case, contestants, rounds=3).holds is holds


def test_no_text_is_measured_twice() -> None:
    seen: list[str] = []
    measure(Case("a case", str, 2, Bound("judged", 1.0)), {"judged": seen.append}, rounds=2)
    assert seen == ["0", "1", "2", "3", "4", "5"]


@pytest.mark.parametrize(("factor", "code"), [(1e9, 0), (1e-9, 1)])
def test_a_broken_bound_ends_with_1(
    factor: float, code: int, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    case = Case("a case", str, 1, Bound(classifying.PARSER, factor))
    monkeypatch.setattr(classifying, "CASES", [case])
    assert classifying.main(["--json", "--check", "--rounds", "1"]) == code
    (document,) = json.loads(capsys.readouterr().out)
    assert (document["case"], document["holds"]) == ("a case", code == 0)
    assert classifying.main(["--rounds", "1"]) == 0
    assert ("BROKEN" in capsys.readouterr().out) is (code == 1)
