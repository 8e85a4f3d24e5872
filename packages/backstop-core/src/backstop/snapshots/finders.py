"""The query that finds the rows of a DELETE or UPDATE, made of slices of its own text."""

from __future__ import annotations

from backstop.syntax.changes import RowChange


def finder(change: RowChange, *, ordered: bool = False) -> str:
    """Return a query for (tableoid, ctid), as text, of the rows that the change finds.

    Each row is found once. ``ordered`` puts rows of one relation together. The change has a
    WHERE, and none of its common table expressions writes.
    """
    target = change.alias or change.table
    source = f"{'ONLY ' if change.only else ''}{change.table}"
    source += f" AS {change.alias}" if change.alias else ""
    source += f", {change.from_clause}" if change.from_clause else ""
    # A join can find a row twice.
    distinct = "DISTINCT" if change.from_clause is not None else ""
    # Line breaks end a comment that a slice may end with.
    select = (
        f"{change.with_clause or ''}\nSELECT {distinct} "
        f"{target}.tableoid AS relation, {target}.ctid AS place FROM {source}\n"
        f"WHERE {change.where}\n"
    )
    order = "ORDER BY found.relation, found.place" if ordered else ""
    return (
        "SELECT found.relation::pg_catalog.text, found.place::pg_catalog.text "
        f"FROM ({select}) AS found {order}"
    )
