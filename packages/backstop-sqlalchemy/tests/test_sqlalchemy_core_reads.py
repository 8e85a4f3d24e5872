"""Whatever SQLAlchemy Core compiles as a read is SAFE, in every driver's way of writing it."""

from __future__ import annotations

from typing import Any

import pytest
import sqlalchemy as sa
from sqlalchemy.dialects import postgresql as pg
from sqlalchemy.dialects.postgresql import asyncpg, pg8000, psycopg, psycopg2

from backstop.classifier import classify
from backstop.levels import RiskLevel
from testing.corpora.sqlalchemy_reads import reads
from testing.corpora.sqlalchemy_tables import metadata

READS = reads()
DIALECTS = {
    "psycopg2": psycopg2.dialect(),
    "psycopg": psycopg.dialect(),
    "asyncpg": asyncpg.dialect(),
    "pg8000": pg8000.dialect(),
    "named": pg.dialect(paramstyle="named"),
    "qmark": pg.dialect(paramstyle="qmark"),
}


def above_safe(texts: set[str]) -> dict[str, str]:
    """Return the texts that aren't SAFE, with the reason."""
    results = {text: classify(text) for text in texts}
    return {text: found.reason for text, found in results.items() if found.level > RiskLevel.SAFE}


@pytest.mark.parametrize("driver", DIALECTS)
def test_a_compiled_read_is_safe(driver: str) -> None:
    texts = {str(query.compile(dialect=DIALECTS[driver])) for query in READS}
    assert len(texts) > 900
    assert above_safe(texts) == {}


def test_a_read_with_its_values_in_the_text_is_safe() -> None:
    texts = set()
    for query in READS:
        try:
            options = {"literal_binds": True}
            texts.add(str(query.compile(dialect=pg.dialect(), compile_kwargs=options)))
        except (sa.exc.CompileError, NotImplementedError):
            continue  # a type whose values can't be written out
    assert len(texts) > 800
    assert above_safe(texts) == {}


def test_the_server_takes_these_reads(make_engine: Any) -> None:
    engine = make_engine(enable_from_linting=False)
    sent: set[str] = set()

    def note(_connection, _cursor, statement, _parameters, _context, _many) -> None:
        sent.add(statement)

    with engine.connect() as connection:
        metadata.create_all(connection)
        connection.commit()
        sa.event.listen(engine, "before_cursor_execute", note)
        for query in READS:
            with connection.begin_nested():
                connection.execute(query).close()
    assert above_safe(sent) == {}
