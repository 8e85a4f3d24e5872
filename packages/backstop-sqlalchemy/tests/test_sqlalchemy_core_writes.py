"""A DELETE or UPDATE that SQLAlchemy Core compiles is LOW if its WHERE tells rows apart."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Callable

import pytest
import sqlalchemy as sa
from sqlalchemy.dialects import postgresql as pg

from backstop.classifier import classify
from backstop.levels import RiskLevel
from testing.corpora import sqlalchemy_expressions as corpus
from testing.corpora.sqlalchemy_tables import c, item

if TYPE_CHECKING:
    from collections.abc import Iterator


def writes(conditions: Iterator[Any]) -> Iterator[str]:
    """Write a DELETE and an UPDATE on each of the conditions that are one."""
    for condition in conditions:
        if isinstance(condition.type, sa.Boolean):
            for write in (sa.delete(item), sa.update(item).values(order=sa.case((c.id > 1, 2)))):
                options = {"render_postcompile": True}
                statement = write.where(condition)
                yield str(statement.compile(dialect=pg.dialect(), compile_kwargs=options))


def not_at(level: RiskLevel, texts: list[str]) -> list[str]:
    return [text for text in texts if classify(text).level is not level]


@pytest.mark.parametrize("conditions", [corpus.comparisons, corpus.matches, corpus.containers])
def test_a_write_with_a_real_condition_is_low(conditions: Callable[[], Iterator[Any]]) -> None:
    texts = list(writes(conditions()))
    assert len(texts) >= 100
    assert not_at(RiskLevel.LOW, texts) == []


def test_a_write_that_leaves_out_little_is_low_but_for_a_key() -> None:
    texts = list(writes(corpus.exclusions()))
    above = not_at(RiskLevel.LOW, texts)
    assert len(above) == 8
    assert [text for text in above if "item.id" not in text.partition("WHERE")[2]] == []


def test_a_write_whose_condition_always_holds_is_critical() -> None:
    assert not_at(RiskLevel.CRITICAL, list(writes(corpus.tautologies()))) == []
