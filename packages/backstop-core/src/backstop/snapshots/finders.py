"""The query that finds the rows of a DELETE or UPDATE, made of slices of its own text."""

from __future__ import annotations

from backstop.syntax.changes import RowChange
from backstop.syntax.lexer import tokenize


def finder(change: RowChange, resolved: str, *, ordered: bool = False) -> str:
    """Return a query for (tableoid, ctid), as text, of the rows that the change finds.

    ``resolved`` is the target's qualified name. Each row is found once; ``ordered`` puts rows of
    one relation together. The change has a WHERE, and none of its common table expressions writes.
    """
    target = change.alias or change.table
    # A join can find a row twice.
    distinct = "DISTINCT" if change.from_clause is not None else ""
    select = (
        f"{change.with_clause or ''}\nSELECT {distinct} "
        f"{target}.tableoid AS relation, {target}.ctid AS place\n{_matches(change, resolved)}"
    )
    order = "ORDER BY found.relation, found.place" if ordered else ""
    return (
        "SELECT found.relation::pg_catalog.text, found.place::pg_catalog.text "
        f"FROM ({select}) AS found {order}"
    )


def view_finder(change: RowChange, resolved: str) -> str:
    """Return a query with one row for each that the change finds in a view, joins multiplied."""
    return f"{change.with_clause or ''}\nSELECT 1 {_matches(change, resolved)}"


def _matches(change: RowChange, resolved: str) -> str:
    # A SELECT would take a bare name for that of a common table expression; a DELETE doesn't.
    bare = len(tokenize(change.table)) == 1
    source = f"{'ONLY ' if change.only else ''}{resolved if bare else change.table}"
    source += f" AS {change.alias or change.table}" if bare or change.alias else ""
    source += f", {change.from_clause}" if change.from_clause else ""
    # Line breaks end a comment that a slice may end with.
    return f"FROM {source}\nWHERE {change.where}\n"
