"""The shape of one INSERT … ON CONFLICT DO UPDATE, by token indexes.

Which rows conflict can't be told from the text, only that they are no more than it is given. A
statement that has anything beyond the grammar known here must come back as nothing.
"""

from __future__ import annotations

from dataclasses import dataclass

from backstop.syntax.lexer import Token, row_ends
from backstop.syntax.parts import Part
from backstop.syntax.row_statements import assigned_in
from backstop.syntax.structure import (
    Name,
    folded,
    is_name,
    read_name,
    skip_top_level,
    upper_at,
    words_at,
)

_QUERIES = frozenset({"SELECT", "TABLE", "WITH", "("})


@dataclass(frozen=True)
class UpsertStatement:
    """One INSERT … ON CONFLICT DO UPDATE.

    ``columns`` are those that it assigns, by their indexes; ``moved`` leaves out those that get the
    very value which conflicts. ``rows`` is how many rows its VALUES list holds; without one,
    ``query`` gives them.
    """

    columns: tuple[int, ...]
    moved: tuple[int, ...]
    rows: int | None
    query: Name | None


def read_upsert(tokens: list[Token], pairs: dict[int, int], part: Part) -> UpsertStatement | None:
    """Read the clauses of an INSERT that overwrites, or nothing if it has another shape."""
    stop = part.stop
    at = _read_target(tokens, pairs, part.start + 1, stop)
    conflict = _conflict(tokens, pairs, at, stop) if at is not None else None
    if at is None or conflict is None or at >= conflict:
        return None
    update = skip_top_level(tokens, pairs, conflict + 2, stop, frozenset({"DO"}))
    if not words_at(tokens, update, "DO", "UPDATE", "SET"):
        return None
    end = skip_top_level(tokens, pairs, update + 3, stop, frozenset({"WHERE", "RETURNING"}))
    columns = assigned_in(tokens, pairs, update + 3, end)
    if not columns:
        return None
    rows = _count_rows(tokens, pairs, at, conflict)
    query = Name(at, conflict) if rows is None else None
    keys = _keys(tokens, pairs, conflict + 2)
    moved = tuple(column for column in columns if not _is_kept(tokens, column, end, keys))
    return UpsertStatement(columns, moved, rows, query)


def _read_target(tokens: list[Token], pairs: dict[int, int], at: int, stop: int) -> int | None:
    """``INTO name [AS alias] [(columns)] [OVERRIDING … VALUE]``: the index after it."""
    name = read_name(tokens, at + 1, stop) if upper_at(tokens, at, stop) == "INTO" else None
    if name is None:
        return None
    at = name.stop
    if upper_at(tokens, at, stop) == "AS":
        if not is_name(tokens, at + 1, stop):
            return None
        at += 2
    if upper_at(tokens, at, stop) == "(" and not _opens_query(tokens, at):
        at = pairs[at] + 1
    if upper_at(tokens, at, stop) == "OVERRIDING":
        at += 3
    return at


def _opens_query(tokens: list[Token], bracket: int) -> bool:
    # VALUES can be a column's name.
    return upper_at(tokens, bracket + 1) in _QUERIES or words_at(tokens, bracket + 1, "VALUES", "(")


def _conflict(tokens: list[Token], pairs: dict[int, int], at: int, stop: int) -> int | None:
    """Return where the last ON CONFLICT stands; a join before it can have a column of this name."""
    found = None
    while at < stop:
        at = skip_top_level(tokens, pairs, at, stop, frozenset({"ON"}))
        if at < stop and upper_at(tokens, at + 1, stop) == "CONFLICT":
            found = at
        at += 1
    return found


def _count_rows(tokens: list[Token], pairs: dict[int, int], at: int, stop: int) -> int | None:
    """Count the rows of a list that is nothing but VALUES."""
    if stop == at + 2 and words_at(tokens, at, "DEFAULT", "VALUES"):
        return 1
    if upper_at(tokens, at, stop) != "VALUES":
        return None
    # Many entries at once stand only at a list's start.
    rows = row_ends(tokens[at + 2]) if at + 2 < stop else 0
    while True:
        at += 1
        if upper_at(tokens, at, stop) != "(":
            return None
        rows += 1
        at = pairs[at] + 1
        if at == stop:
            return rows
        if tokens[at].upper != ",":
            return None


def _keys(tokens: list[Token], pairs: dict[int, int], at: int) -> frozenset[str]:
    """Return the columns that the conflict is about, where they are listed."""
    found: set[str] = set()
    end = pairs[at] if upper_at(tokens, at) == "(" else at
    while at < end:
        start, at = at + 1, skip_top_level(tokens, pairs, at + 1, end, frozenset({","}))
        if at == start + 1 and is_name(tokens, start, end):
            found.add(folded(tokens[start]))
    return frozenset(found)


def _is_kept(tokens: list[Token], column: int, stop: int, keys: frozenset[str]) -> bool:
    """``key = EXCLUDED.key``: the value that conflicts stays."""
    name = folded(tokens[column])
    return (
        name in keys
        and words_at(tokens, column + 1, "=", "EXCLUDED", ".")
        and is_name(tokens, column + 4, stop)
        and folded(tokens[column + 4]) == name
        and (column + 5 == stop or tokens[column + 5].upper == ",")
    )
