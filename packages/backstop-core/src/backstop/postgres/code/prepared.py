"""What the session has prepared, by SQL or by the protocol."""

from __future__ import annotations

from dataclasses import dataclass

from backstop.postgres import query, quoting
from backstop.session import Session


@dataclass(frozen=True)
class PreparedStatement:
    """One prepared statement.

    ``text`` is what the client has sent: with ``by_sql`` the text that holds its PREPARE, else the
    statement itself. ``types`` are those of its parameters, as the session writes them.
    """

    text: str
    by_sql: bool
    types: tuple[str, ...]


def find(session: Session, name: str) -> PreparedStatement | None:
    """Return the prepared statement of a name, if there is one."""
    found = query.rows(
        session,
        "SELECT statement AS text, from_sql AS by_sql, "
        "parameter_types::pg_catalog.text[] AS types "
        f"FROM pg_catalog.pg_prepared_statements WHERE name = {quoting.literal(name)}",
    )
    return next(
        (
            PreparedStatement(entry["text"], entry["by_sql"], tuple(entry["types"]))
            for entry in found
        ),
        None,
    )
