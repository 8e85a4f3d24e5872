"""psycopg2's arguments as statements: the text that the server will get.

Every adapter that comes by a psycopg2 cursor reads its arguments here.
"""

from __future__ import annotations

from typing import Any

from psycopg2 import extensions
from psycopg2.sql import Composable

from backstop.statement import Statement, values, values_of_all, with_parameters


def single(cursor: extensions.cursor, query: Any, parameters: Any) -> Statement | None:
    """Return the statement of execute(); None for an argument that psycopg2 will refuse."""
    text = query if isinstance(query, str) else _text(cursor, query)
    if text is None:
        return None
    if cursor.name is None:
        declares = shown = ""
    else:
        declares = _declaration(cursor, str(cursor.name))
        # Frameworks make up a name for each: what is kept of a text is kept for all of them.
        shown = _declaration(cursor, "cursor")
    if parameters is None:
        return Statement(shown + text, lambda: declares + text)
    return with_parameters(
        shown + text, values(parameters), lambda: declares + _merged(cursor, query, parameters)
    )


def many(cursor: extensions.cursor, query: Any, sets: list[Any]) -> Statement | None:
    """Return the statement of executemany(): its template, or all the merged texts."""
    text = _text(cursor, query)
    if text is None:
        return None
    return with_parameters(
        text,
        values_of_all(sets),
        lambda: ";\n".join(_merged(cursor, query, parameters) for parameters in sets),
        sets=len(sets),
    )


def call(name: str, parameters: Any) -> Statement:
    """Return the statement that callproc() sends, with placeholders for its values."""
    count = len(parameters or ())
    text = f"SELECT * FROM {name}({', '.join(['%s'] * count)})"
    return Statement(text, lambda: text)


def copy_from(table: str) -> Statement:
    """Return the COPY that the method of that name sends."""
    text = f"COPY {_quoted(table)} FROM STDIN"
    return Statement(text, lambda: text)


def copy_to(table: str) -> Statement:
    """Return the COPY that the method of that name sends."""
    text = f"COPY {_quoted(table)} TO STDOUT"
    return Statement(text, lambda: text)


def client_encoding(name: str) -> Statement:
    """Return what set_client_encoding() sends."""
    quoted = str(name).replace("'", "''")
    text = f"SET client_encoding TO '{quoted}'"
    return Statement(text, lambda: text)


def open_large_object(oid: int, mode: str, new_oid: int) -> Statement:
    """Return what has the effect of a large object's constructor: it creates one without an oid."""
    if not oid:
        return large_object("lo_create", new_oid)
    if "w" in mode:
        return large_object("lo_open", oid, "131072")
    return large_object("lo_get", oid)


def large_object(function: str, oid: int, *arguments: str) -> Statement:
    """Return the call of one of the server's functions on a large object."""
    text = f"SELECT {function}({', '.join(['%s', *arguments])})"
    return Statement(text, lambda: text % oid)


def _merged(cursor: extensions.cursor, query: Any, parameters: Any) -> str:
    return cursor.mogrify(query, parameters).decode(_encoding(cursor))


def _text(cursor: extensions.cursor, query: Any) -> str | None:
    if isinstance(query, str):
        return query
    if isinstance(query, bytes):
        # What can't be decoded is still read, and is never taken for something else.
        return query.decode(_encoding(cursor), errors="replace")
    if isinstance(query, Composable):
        return query.as_string(cursor)
    return None


def _encoding(cursor: extensions.cursor) -> str:
    return extensions.encodings[cursor.connection.encoding]


def _declaration(cursor: extensions.cursor, name: str) -> str:
    """Return what psycopg2 sends before the query of a cursor with a name."""
    scrolls = {None: "", True: "SCROLL ", False: "NO SCROLL "}[cursor.scrollable]
    holds = "WITH" if cursor.withhold else "WITHOUT"
    return f"DECLARE {_quoted(name)} {scrolls}CURSOR {holds} HOLD FOR "


def _quoted(name: str) -> str:
    return '"' + str(name).replace('"', '""') + '"'
