"""The shape of one statement that finds rows to change, by token indexes.

Shared by what reads before-images and by what judges the WHERE, so that both see the same
clauses. A statement that has anything beyond the grammar known here must come back as nothing.
"""

from __future__ import annotations

from dataclasses import dataclass

from backstop.syntax.lexer import Token
from backstop.syntax.parts import Part
from backstop.syntax.structure import (
    Name,
    is_name,
    read_name,
    skip_top_level,
    upper_at,
    words_at,
)

_AFTER_TABLE = frozenset({"USING", "WHERE", "RETURNING", "SET"})
_CLAUSES = frozenset({"USING", "FROM", "WHERE", "RETURNING"})
_TAIL = frozenset({"WHERE", "RETURNING"})


@dataclass(frozen=True)
class RowStatement:
    """One DELETE, UPDATE or MERGE; each clause without its keyword, ``columns`` by their indexes.

    ``actions`` are what a MERGE may do with a row; ``matched`` are its WHEN MATCHED in order, each
    with its condition, if it has one, and whether it changes the row.
    """

    table: Name
    only: bool
    alias: Name | None
    from_clause: Name | None
    where: Name | None
    current_of: Name | None
    columns: tuple[int, ...]
    actions: tuple[str, ...] = ()
    matched: tuple[tuple[Name | None, bool], ...] = ()


def read_row_statement(
    tokens: list[Token], pairs: dict[int, int], part: Part
) -> RowStatement | None:
    """Read the clauses of a DELETE or UPDATE, or nothing if it has another shape."""
    at, stop = part.start + 1, part.stop
    if part.head == "DELETE":
        if upper_at(tokens, at, stop) != "FROM":
            return None
        at += 1
    target = read_target(tokens, pairs, at, stop)
    if target is None:
        return None
    table, only, alias, at = target
    columns: tuple[int, ...] = ()
    joins = "USING"
    if part.head == "UPDATE":
        if upper_at(tokens, at, stop) != "SET":
            return None
        joins, after = "FROM", skip_top_level(tokens, pairs, at + 1, stop, _CLAUSES)
        columns = assigned_in(tokens, pairs, at + 1, after)
        if not columns:
            return None
        at = after
    return _read_clauses(tokens, pairs, at, stop, joins, (table, only, alias, columns))


def _read_clauses(
    tokens: list[Token],
    pairs: dict[int, int],
    at: int,
    stop: int,
    joins: str,
    target: tuple[Name, bool, Name | None, tuple[int, ...]],
) -> RowStatement | None:
    """Read what follows the table (or the assignments): FROM or USING, WHERE, RETURNING."""
    from_clause = where = None
    if upper_at(tokens, at, stop) == joins:
        after = skip_top_level(tokens, pairs, at + 1, stop, _TAIL)
        from_clause, at = Name(at + 1, after), after
    if upper_at(tokens, at, stop) == "WHERE":
        after = skip_top_level(tokens, pairs, at + 1, stop, frozenset({"RETURNING", "WHERE"}))
        where, at = Name(at + 1, after), after
    if at < stop and tokens[at].upper != "RETURNING":
        return None
    if any(clause is not None and clause.start >= clause.stop for clause in (from_clause, where)):
        return None
    table, only, alias, columns = target
    current_of = _current_of(tokens, where)
    return RowStatement(table, only, alias, from_clause, where, current_of, columns)


def read_target(
    tokens: list[Token], pairs: dict[int, int], at: int, stop: int
) -> tuple[Name, bool, Name | None, int] | None:
    """``[ONLY] name [*] [[AS] alias]``, and the index after it."""
    only = upper_at(tokens, at, stop) == "ONLY"
    at += 1 if only else 0
    bracketed = only and upper_at(tokens, at, stop) == "("
    table = read_name(tokens, at + bracketed, stop)
    if table is None:
        return None
    if bracketed and pairs[at] != table.stop:
        return None
    at = table.stop + bracketed
    at += 1 if upper_at(tokens, at, stop) == "*" else 0
    explicit = upper_at(tokens, at, stop) == "AS"
    at += 1 if explicit else 0
    if explicit or (is_name(tokens, at, stop) and tokens[at].upper not in _AFTER_TABLE):
        if not is_name(tokens, at, stop):
            return None
        return table, only, Name(at, at + 1), at + 1
    return table, only, None, at


def _current_of(tokens: list[Token], where: Name | None) -> Name | None:
    if where is None or where.stop != where.start + 3:
        return None
    if not words_at(tokens, where.start, "CURRENT", "OF"):
        return None
    return Name(where.start + 2, where.stop)


def assigned_in(
    tokens: list[Token], pairs: dict[int, int], start: int, stop: int
) -> tuple[int, ...]:
    """Return the indexes of the columns that a SET list assigns; none if it has another shape."""
    columns: list[int] = []
    at = start
    while True:
        if upper_at(tokens, at, stop) == "(":
            targets = _separated(tokens, pairs, at + 1, pairs[at])
            at = pairs[at] + 1
        elif is_name(tokens, at, stop):
            targets = [at]
            at += 1
            while upper_at(tokens, at, stop) in ("[", "."):
                at = pairs[at] + 1 if tokens[at].upper == "[" else at + 2
        else:
            return ()
        if upper_at(tokens, at, stop) != "=" or not all(
            is_name(tokens, target, stop) for target in targets
        ):
            return ()
        columns.extend(targets)
        at = skip_top_level(tokens, pairs, at, stop, frozenset({","}))
        if at >= stop:
            return tuple(columns)
        at += 1


def _separated(tokens: list[Token], pairs: dict[int, int], start: int, stop: int) -> list[int]:
    """Where each entry of a bracketed list starts."""
    starts = [start]
    at = start
    while True:
        at = skip_top_level(tokens, pairs, at, stop, frozenset({","})) + 1
        if at > stop:
            return starts
        starts.append(at)
