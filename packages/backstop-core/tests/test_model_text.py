"""Text search parsers, templates, dictionaries and configurations come back as they were."""

from __future__ import annotations

import pytest

from testing.recreating import assert_comes_back, objects_of, run

SHOP = "CREATE SCHEMA shop;"

DICTIONARIES = """
    CREATE TEXT SEARCH DICTIONARY shop.plain (TEMPLATE = simple);
    CREATE TEXT SEARCH DICTIONARY shop."few Words" (TEMPLATE = pg_catalog.simple,
        STOPWORDS = english, ACCEPT = false);
    CREATE TEXT SEARCH DICTIONARY shop.stems (TEMPLATE = snowball, LANGUAGE = 'german');
"""
SCRIPTS = {
    "parsers": """
        CREATE TEXT SEARCH PARSER shop."Usual" (START = prsd_start, GETTOKEN = prsd_nexttoken,
            END = prsd_end, LEXTYPES = prsd_lextype, HEADLINE = prsd_headline);
        CREATE TEXT SEARCH PARSER shop.silent (START = prsd_start, GETTOKEN = prsd_nexttoken,
            END = prsd_end, LEXTYPES = prsd_lextype);
        CREATE TEXT SEARCH CONFIGURATION shop.parsed (PARSER = shop."Usual");
        ALTER TEXT SEARCH CONFIGURATION shop.parsed ADD MAPPING FOR word, url WITH english_stem;
    """,
    "templates": """
        CREATE TEXT SEARCH TEMPLATE shop."Same" (INIT = dsimple_init, LEXIZE = dsimple_lexize);
        CREATE TEXT SEARCH TEMPLATE shop.bare (LEXIZE = dsimple_lexize);
        CREATE TEXT SEARCH DICTIONARY shop.own (TEMPLATE = shop."Same", ACCEPT = false);
        CREATE TEXT SEARCH DICTIONARY shop.empty (TEMPLATE = shop.bare);
    """,
    "dictionaries": DICTIONARIES,
    "configurations": DICTIONARIES
    + """
        CREATE TEXT SEARCH CONFIGURATION shop."All of it" (COPY = pg_catalog.english);
        CREATE TEXT SEARCH CONFIGURATION shop.nothing (PARSER = pg_catalog."default");
        CREATE TEXT SEARCH CONFIGURATION shop.little (PARSER = pg_catalog."default");
        ALTER TEXT SEARCH CONFIGURATION shop.little ADD MAPPING FOR asciiword, word
            WITH shop."few Words", pg_catalog.simple, shop.stems;
        ALTER TEXT SEARCH CONFIGURATION shop.little ADD MAPPING FOR int WITH shop.plain;
    """,
}


@pytest.mark.parametrize("what", SCRIPTS)
def test_what_was_dropped_comes_back(connect, dsn, what):
    assert_comes_back(connect(), dsn, SCRIPTS[what], SHOP)


@pytest.mark.parametrize("what", SCRIPTS)
def test_two_readings_of_the_same_database_are_equal(connect, what):
    connection = connect()
    run(connection, SHOP, SCRIPTS[what])
    assert objects_of(connection) == objects_of(connection)


@pytest.mark.parametrize(
    ("made", "altered"),
    [
        ("STOPWORDS = english, ACCEPT = false", "ACCEPT = true"),
        ("STOPWORDS = english", "STOPWORDS, ACCEPT = false"),
        ("ACCEPT = false", "STOPWORDS = german, ACCEPT"),
        ("", "STOPWORDS = english, ACCEPT = false"),
    ],
)
def test_options_of_a_dictionary_are_given_back_in_place(connect, made, altered):
    connection = connect()
    options = f"TEMPLATE = simple, {made}" if made else "TEMPLATE = simple"
    run(connection, SHOP, f"CREATE TEXT SEARCH DICTIONARY shop.plain ({options})")
    before = {item.identity: item for item in objects_of(connection)}
    run(connection, f"ALTER TEXT SEARCH DICTIONARY shop.plain ({altered})")
    after = {item.identity: item for item in objects_of(connection)}
    changed = [item for name, item in before.items() if not after[name].is_like(item)]
    assert [item.identity for item in changed] == ["options of text search dictionary shop.plain"]
    run(connection, *changed[0].ddl)
    again = {item.identity: item for item in objects_of(connection)}
    assert all(again[name].is_like(item) for name, item in before.items())
