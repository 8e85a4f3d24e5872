"""What a name counts as: a function, an operator, a setting or a keyword."""

from __future__ import annotations

from pathlib import Path

import pytest

from backstop.classifier import classify
from backstop.levels import RiskLevel

LISTS = Path(__file__).parents[1] / "src" / "backstop" / "classifier" / "data"


def _lines(file: Path) -> list[str]:
    lines = file.read_text(encoding="utf-8").splitlines()
    return [line for line in lines if not line.startswith(("# ", "-- "))]


EFFECTS = [
    tuple(line.split("\t"))
    for line in _lines(Path(__file__).parent / "data" / "functions_with_effects.tsv")
]


def _listed(file: str) -> list[str]:
    """Return the names in a list of the classifier's; the versions that have them stand behind."""
    return [line.partition("\t")[0] for line in _lines(LISTS / file)]


BUILT_IN = frozenset(_listed("functions.txt"))
KEYWORDS = [
    tuple(line.split("\t")) for line in _lines(Path(__file__).parent / "data" / "keywords.tsv")
]


@pytest.mark.parametrize(("word", "function", "column"), KEYWORDS)
def test_a_keyword_calls_a_function_where_the_server_takes_it_for_one(
    word: str, function: str, column: str
) -> None:
    kinds = {finding.kind for finding in classify(f"SELECT {word}(1)").findings}
    assert ("unknown-function" in kinds) == (function == "function" and word not in BUILT_IN)


@pytest.mark.parametrize(("word", "function", "column"), KEYWORDS)
def test_a_keyword_is_a_column_only_where_it_may_be_one(
    word: str, function: str, column: str
) -> None:
    level = classify(f"DELETE FROM users WHERE 1 = 2 + {word}").level
    assert level is (RiskLevel.LOW if column == "column" else RiskLevel.CRITICAL)


@pytest.mark.parametrize(("level", "kind", "runs", "function"), EFFECTS)
def test_a_function_with_effects_is_as_the_table_says(
    level: str, kind: str, runs: str, function: str
) -> None:
    (finding,) = classify(f"SELECT {function}(1)").findings
    assert (finding.level.value, finding.kind) == (level, kind)
    assert f"{function}()" in finding.reason


@pytest.mark.parametrize(("level", "kind", "runs", "function"), EFFECTS)
def test_a_text_counts_where_a_function_runs_it(
    level: str, kind: str, runs: str, function: str
) -> None:
    given = classify(f"SELECT {function}('DELETE FROM users')").level
    assert given is (RiskLevel.CRITICAL if runs == "runs" else RiskLevel(level))


@pytest.mark.parametrize("sql", ["SELECT pg_catalog.setval('s', 1)", "SELECT SetVal('s', 1)"])
def test_a_function_is_known_by_its_schema_and_in_any_case(sql: str) -> None:
    assert classify(sql).findings[0].kind == "function-with-effects"


def test_every_listed_function_may_be_called_in_a_read() -> None:
    for function in _listed("functions.txt"):
        assert classify(f'SELECT pg_catalog."{function}"(a)').level is RiskLevel.SAFE, function


def test_every_listed_operator_may_be_used_in_a_read() -> None:
    for operator in _listed("operators.txt"):
        assert classify(f"SELECT a {operator} b").level is RiskLevel.SAFE, operator


def test_every_listed_setting_may_be_changed() -> None:
    for setting in _listed("settings.txt"):
        assert classify(f"SET {setting} = 1").level is RiskLevel.SAFE, setting
        assert classify(f"RESET {setting}").level is RiskLevel.SAFE, setting
