"""What statements of other dialects than PostgreSQL's can destroy, by a general parser's tree."""

from __future__ import annotations

from pathlib import Path

import pytest

from backstop.classifier import classify
from backstop.errors import ConfigurationError
from testing.tables import read_table

TABLE = read_table(Path(__file__).parent / "data" / "dialects.tsv")


@pytest.mark.parametrize(("level", "kind", "operation", "tables", "dialect", "sql"), TABLE)
def test_a_statement_of_a_dialect_is_as_the_table_says(
    level: str, kind: str, operation: str, tables: str, dialect: str, sql: str
) -> None:
    result = classify(sql, dialect)
    kinds = [finding.kind for finding in result.findings]
    assert (result.level.value, kinds) == (level, [] if kind == "-" else [kind])
    assert (result.operation, ", ".join(result.tables) or "-") == (operation, tables)


def test_a_finding_of_a_dialect_names_its_table() -> None:
    (finding,) = classify("DELETE FROM a.b WHERE c", "mysql").findings
    assert finding.table == "a.b"
    (finding,) = classify("SELECT foo(a) FROM b", "mysql").findings
    assert finding.table is None


def test_the_empty_name_is_no_dialect() -> None:
    with pytest.raises(ConfigurationError, match="Use one of: athena"):
        classify("SELECT 1", "")


def test_empty_statements_of_a_dialect_are_left_out() -> None:
    assert classify("; SELECT 1;;", "mysql").operations == ("SELECT",)


def test_a_comment_of_a_dialect_may_be_code_and_stays() -> None:
    sql = "/* a */ DELETE FROM t /*! b */"
    (finding,) = classify(sql, "mysql").findings
    assert (finding.start, finding.end) == (0, len(sql))
