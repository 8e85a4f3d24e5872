"""Any driver's arguments as statements, as far as that is known without knowing the driver.

A driver that merges parameters into the text itself shows the merged text by ``mogrify``; without
one, parameters travel apart from the text and can't carry SQL.
"""

from __future__ import annotations

from typing import Any

from backstop.statement import Statement, values, values_of_all, with_parameters


def single(cursor: Any, query: Any, parameters: Any) -> Statement:
    """Return the statement of execute()."""
    text = _text(cursor, query)
    if not parameters:
        return Statement(text, lambda: text)
    return with_parameters(text, values(parameters), lambda: _merged(cursor, text, parameters))


def many(cursor: Any, query: Any, sets: list[Any]) -> Statement:
    """Return the statement of executemany(): its template, or all the merged texts."""
    text = _text(cursor, query)
    return with_parameters(
        text,
        values_of_all(sets),
        lambda: ";\n".join(dict.fromkeys(_merged(cursor, text, one) for one in sets)),
    )


def _merged(cursor: Any, text: str, parameters: Any) -> str:
    mogrify = getattr(cursor, "mogrify", None)
    if mogrify is None:
        return text
    merged = mogrify(text, parameters)
    return merged.decode(errors="replace") if isinstance(merged, bytes) else str(merged)


def _text(cursor: Any, query: Any) -> str:
    if isinstance(query, bytes):
        return query.decode(errors="replace")
    if hasattr(query, "as_string"):
        return str(query.as_string(cursor))
    return str(query)
