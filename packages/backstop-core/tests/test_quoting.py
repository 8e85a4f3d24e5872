"""Whatever a name or a value holds, the server reads back what was meant."""

from __future__ import annotations

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from backstop.drivers import session_for
from backstop.postgres import query, quoting

# A server stores neither NUL nor half a surrogate pair.
texts = st.text(st.characters(exclude_characters="\0", exclude_categories=("Cs",)), max_size=40)
names = texts.filter(lambda name: 0 < len(name.encode()) <= 63)


@pytest.fixture(params=["on", "off"])
def session(request, connect):
    connection = connect()
    connection.cursor().execute(
        f"SET escape_string_warning = off; SET standard_conforming_strings = {request.param};"
        "SET client_encoding = 'LATIN1'"
    )
    return session_for(connection)


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(text=texts)
def test_a_literal_is_read_back_as_it_was(session, text):
    assert query.row(session, f"SELECT {quoting.literal(text)} AS value") == {"value": text}


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(name=names)
def test_an_identifier_is_read_back_as_it_was(session, name):
    assert query.row(session, f"SELECT 1 AS {quoting.identifier(name)}") == {name: 1}


@settings(max_examples=30, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(name=names)
def test_a_name_literal_finds_its_table(session, name):
    session.execute(f"CREATE TEMPORARY TABLE {quoting.identifier(name)} ()")
    try:
        found = query.row(
            session, f"SELECT to_regclass({quoting.name_literal('pg_temp', name)}) IS NULL AS lost"
        )
        assert found == {"lost": False}
    finally:
        session.execute(f"DROP TABLE pg_temp.{quoting.identifier(name)}")
