"""psycopg 3's arguments as statements: the text that the server will get.

Most cursors bind parameters on the server: then the text is one with $1, whatever the values are,
and they can't carry SQL. ClientCursor and copy() merge them into the text, as psycopg2 does.
"""

from __future__ import annotations

from typing import Any, Callable

import psycopg
from psycopg import _queries as queries
from psycopg import adapt, sql
from psycopg.client_cursor import ClientCursorMixin
from psycopg.raw_cursor import RawCursorMixin

from backstop.drivers.numbered import with_literals
from backstop.keeping import kept_by_text
from backstop.statement import Statement, is_classified_by, values, values_of_all, with_parameters
from backstop.syntax.lexer import LexError, tokenize
from backstop.syntax.uses import copies_in


def single(cursor: Any, query: Any, parameters: Any) -> Statement | None:
    """Return the statement of execute(); None for an argument that psycopg will refuse."""
    if type(query) is str and parameters is None:
        return Statement(query, lambda: query)
    return many(cursor, query, [parameters])


def classified_text(cursor: Any, query: Any, parameters: Any) -> str | None:
    """Return by what text execute() is classified, where that takes no merging."""
    if type(query) is not str:
        return None
    if parameters is None or isinstance(cursor, RawCursorMixin):
        return query
    if isinstance(cursor, ClientCursorMixin):
        return query if is_classified_by(query, parameters) else None
    return _bound(query)


def many(cursor: Any, query: Any, sets: list[Any]) -> Statement | None:
    """Return the statement of executemany(): its text, rendered once for each set."""
    if _is_template(query):
        return _template(cursor, query)
    written = _text(cursor, query)
    if written is None:
        return None
    if all(parameters is None for parameters in sets):
        return Statement(written, lambda: written, len(sets))
    if isinstance(cursor, ClientCursorMixin):
        return _merged(cursor, query, written, sets)
    if isinstance(cursor, RawCursorMixin):
        text = written
        merge: Callable[[Any], str] = lambda one: _numbered(cursor, text, one)  # noqa: E731
    else:
        text = _bound(written)
        merge = lambda one: _mogrified(cursor, query, one)  # noqa: E731
    return Statement(text, lambda: ";\n".join(map(merge, sets)), len(sets))


def declared(cursor: Any, query: Any, parameters: Any) -> Statement | None:
    """Return the DECLARE that a server-side cursor sends for a query."""
    if not _is_template(query) and _text(cursor, query) is None:
        return None
    return single(cursor, cursor._make_declare_statement(query), parameters)


def copied(cursor: Any, query: Any, parameters: Any) -> Statement | None:
    """Return the statement of copy(), whose parameters are merged whatever the cursor's class."""
    if _is_template(query):
        merged = _mogrified(cursor, query, None)
        return _copy(Statement(merged, lambda: merged))
    written = _text(cursor, query)
    if written is None:
        return None
    if not parameters:
        return _copy(Statement(written, lambda: written))
    return _copy(_merged(cursor, query, written, [parameters]))


def _copy(statement: Statement) -> Statement:
    """Return a COPY, which can run only once where the application has the data."""
    try:
        tokens = tokenize(statement.text)
    except LexError:
        return statement._replace(once=True)
    return statement._replace(once=copies_in(tokens, 0, len(tokens)))


def _merged(cursor: Any, query: Any, written: str, sets: list[Any]) -> Statement:
    return with_parameters(
        written,
        values_of_all(sets),
        lambda: ";\n".join(_mogrified(cursor, query, parameters) for parameters in sets),
        sets=len(sets),
    )


def _template(cursor: Any, query: Any) -> Statement | None:
    """Return the statement of a template string, whose values and parts psycopg tells apart."""
    if isinstance(cursor, RawCursorMixin):
        return None
    text = _converted(cursor, query)
    return Statement(text, lambda: _mogrified(cursor, query, None))


@kept_by_text
def _bound(written: str) -> str:
    # Placeholders are of ASCII, so that the connection's encoding makes no difference.
    return queries._query2pg_nocache(written.encode(), "utf-8")[0].decode()


def _converted(cursor: Any, query: Any) -> str:
    converted = cursor._query_cls(adapt.Transformer(cursor))
    converted.convert(query, None)
    return bytes(converted.query).decode(cursor.connection.info.encoding)


def _mogrified(cursor: Any, query: Any, parameters: Any) -> str:
    client: Any = psycopg.ClientCursor(cursor.connection)
    # The application may have registered adapters on its cursor alone.
    client._adapters = cursor.adapters
    merged: str = client.mogrify(query, parameters)
    return merged


def _numbered(cursor: Any, text: str, parameters: Any) -> str:
    """Return a text with literals in place of $1, $2 and so on."""
    literals = [sql.Literal(value).as_string(cursor) for value in values(parameters)]
    return with_literals(text, literals)


def _is_template(query: Any) -> bool:
    # Python has them from 3.14 on, and psycopg takes them from 3.3 on.
    return type(query).__module__ == "string.templatelib"


def _text(cursor: Any, query: Any) -> str | None:
    if isinstance(query, str):
        return query
    if isinstance(query, bytes):
        # What can't be decoded is still read, and is never taken for something else.
        return query.decode(cursor.connection.info.encoding, errors="replace")
    if isinstance(query, sql.Composable):
        return query.as_string(cursor)
    return None
