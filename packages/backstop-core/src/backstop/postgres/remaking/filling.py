"""Whether the cells of a column, or rows, hold anything that somebody has written there.

A column that is added to a table has the same value in all rows that are there, NULL or its
default, which the server only stores once (``pg_attribute.attmissingval``).
"""

from __future__ import annotations

from collections.abc import Callable

from backstop.postgres import query, quoting
from backstop.postgres.rows.comparing import RowMarks, as_text
from backstop.session import Session


def unfilled(session: Session, table: str, column: str, alias: str) -> str:
    """Return the condition that a cell holds what the column had when it was added.

    ``table`` is as SQL spells it. A cell that somebody has given that very value looks the same.
    """
    found = query.row(
        session,
        f"""
        SELECT attmissingval::pg_catalog.text AS missing,
               pg_catalog.format_type(atttypid, atttypmod) AS type
        FROM pg_catalog.pg_attribute
        WHERE attrelid = {quoting.literal(table)}::pg_catalog.regclass
          AND attname = {quoting.literal(column)} AND NOT attisdropped
        """,
    )
    cell = f"{alias}.{quoting.identifier(column)}"
    if found["missing"] is None:
        return f"({cell} IS NULL)"
    missing = f"(({quoting.literal(found['missing'])}::{found['type']}[])[1])"
    return f"({as_text(cell)} IS NOT DISTINCT FROM {as_text(missing)})"


def is_filled(session: Session, oid: int, column: str, marks: Callable[[str], RowMarks]) -> bool:
    """Whether a column that a statement has added, of a table and those under it, was written to.

    ``marks`` tells by the label of a table which of its rows the statement has written.
    """
    for entry in _tables_under(session, oid):
        table = entry["sql"]
        written = (
            f"SELECT EXISTS (SELECT FROM ONLY {table} o "
            f"WHERE NOT {marks(entry['label']).condition('o')} "
            f"AND NOT {unfilled(session, table, column, 'o')}) AS found"
        )
        if query.row(session, written)["found"]:
            return True
    return False


def is_written_since(session: Session, table: str, marks: RowMarks, xid: str) -> bool:
    """Whether a table has rows that somebody has written since a transaction, but for its own."""
    found = query.row(
        session,
        f"SELECT EXISTS (SELECT FROM ONLY {table} o WHERE NOT {marks.condition('o')} "
        f"AND pg_catalog.age(o.xmin) < pg_catalog.age({quoting.literal(xid)}::pg_catalog.xid)) "
        "AS found",
    )
    return bool(found["found"])


def _tables_under(session: Session, oid: int) -> list[dict[str, str]]:
    return query.rows(
        session,
        f"""
        WITH RECURSIVE under (oid) AS (
            SELECT {oid}::pg_catalog.oid
            UNION
            SELECT inhrelid FROM pg_catalog.pg_inherits JOIN under ON inhparent = under.oid)
        SELECT c.oid::pg_catalog.regclass::pg_catalog.text AS sql,
               n.nspname || '.' || c.relname AS label
        FROM under JOIN pg_catalog.pg_class c ON c.oid = under.oid
        JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
        WHERE c.relkind = 'r'
        """,
    )
