"""Reading the catalogs: the rows of queries, as dictionaries.

The rows travel as JSON through COPY in UTF-8, so neither the connection's encoding nor the
application's type casters nor its row factories can change what we read.
"""

from __future__ import annotations

import io
import json
import re
from collections.abc import Mapping
from typing import Any

from backstop.session import Session

_ESCAPED = {"b": "\b", "f": "\f", "n": "\n", "r": "\r", "t": "\t", "v": "\v"}
_ESCAPE = re.compile(r"\\(.)", re.DOTALL)


def rows(session: Session, sql: str) -> list[dict[str, Any]]:
    """Return the rows of a query, each as a dictionary by column name."""
    buffer = io.BytesIO()
    session.copy_out(
        f"COPY (SELECT pg_catalog.row_to_json(answer) FROM ({sql}) AS answer) "
        "TO STDOUT (ENCODING 'UTF8')",
        buffer,
    )
    # A line feed within a row is escaped, as any backslash is.
    lines = buffer.getvalue().decode("utf-8").rstrip("\n").replace("\n", ",")
    found: list[dict[str, Any]] = json.loads(f"[{_unescape(lines)}]")
    return found


def row(session: Session, sql: str) -> dict[str, Any]:
    """Return the only row of a query."""
    (only,) = rows(session, sql)
    return only


def groups(session: Session, queries: Mapping[str, str]) -> dict[str, list[dict[str, Any]]]:
    """Return the rows of several queries, by the name of each, in one round trip."""
    found = rows(
        session,
        " UNION ALL ".join(
            f"SELECT '{name}' AS name, pg_catalog.json_agg(entry) AS entries FROM ({sql}) AS entry"
            for name, sql in queries.items()
        ),
    )
    return {group["name"]: group["entries"] or [] for group in found}


def _unescape(text: str) -> str:
    return _ESCAPE.sub(lambda match: _ESCAPED.get(match[1], match[1]), text)
