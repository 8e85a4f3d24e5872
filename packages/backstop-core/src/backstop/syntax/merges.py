"""The shape of one MERGE, by token indexes.

Its ON finds every row that a WHEN MATCHED can change. A MERGE that changes what its source doesn't
match, or that has anything beyond the grammar known here, must come back as nothing.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from backstop.syntax.lexer import Token
from backstop.syntax.parts import Part
from backstop.syntax.row_statements import RowStatement, assigned_in, read_target
from backstop.syntax.structure import Name, upper_at, words_at


class _Clause(NamedTuple):
    """What one WHEN does, nothing for DO NOTHING, when, and the columns that it assigns."""

    action: str
    matched: bool
    condition: Name | None
    columns: tuple[int, ...] = ()


def read_merge(tokens: list[Token], pairs: dict[int, int], part: Part) -> RowStatement | None:
    """Read the clauses of a MERGE; ``actions`` is empty if it does nothing at all."""
    stop = part.stop
    if upper_at(tokens, part.start + 1, stop) != "INTO":
        return None
    target = read_target(tokens, pairs, part.start + 2, stop)
    if target is None:
        return None
    table, only, alias, at = target
    if upper_at(tokens, at, stop) != "USING":
        return None
    marks = list(_outside(tokens, pairs, at + 1, stop))
    whens = [index for index in marks if tokens[index].upper == "WHEN"]
    end = next((index for index in marks if tokens[index].upper == "RETURNING"), stop)
    if not whens or end < whens[-1]:
        return None
    # Joins in the source have an ON of their own: the last one is MERGE's.
    ons = [index for index in marks if tokens[index].upper == "ON" and index < whens[0]]
    if not ons:
        return None
    source, condition = Name(at + 1, ons[-1]), Name(ons[-1] + 1, whens[0])
    if source.start >= source.stop or condition.start >= condition.stop:
        return None
    clauses = [
        _read_clause(tokens, pairs, start, after) for start, after in zip(whens, [*whens[1:], end])
    ]
    known = [clause for clause in clauses if clause is not None]
    if len(known) < len(clauses):
        return None
    columns = tuple(column for clause in known for column in clause.columns)
    actions = tuple(dict.fromkeys(clause.action for clause in known if clause.action))
    matched = tuple((clause.condition, bool(clause.action)) for clause in known if clause.matched)
    return RowStatement(table, only, alias, source, condition, None, columns, actions, matched)


def _read_clause(
    tokens: list[Token], pairs: dict[int, int], when: int, stop: int
) -> _Clause | None:
    """``WHEN [NOT] MATCHED [BY SOURCE | BY TARGET] [AND condition] THEN action``."""
    at = when + 1
    unmatched = upper_at(tokens, at, stop) == "NOT"
    at += 1 if unmatched else 0
    if upper_at(tokens, at, stop) != "MATCHED":
        return None
    at += 1
    by_source = unmatched and words_at(tokens, at, "BY", "SOURCE")
    if by_source or (unmatched and words_at(tokens, at, "BY", "TARGET")):
        at += 2
    marks = _outside(tokens, pairs, at, stop)
    then = next((index for index in marks if tokens[index].upper == "THEN"), None)
    if then is None or (then > at and (tokens[at].upper != "AND" or then == at + 1)):
        return None
    condition = Name(at + 1, then) if then > at else None
    action = then + 1
    if stop == action + 2 and words_at(tokens, action, "DO", "NOTHING"):
        return _Clause("", not unmatched, condition)
    if unmatched:
        # Of the rows that no source matches, its ON tells nothing.
        inserts = not by_source and upper_at(tokens, action, stop) == "INSERT"
        return _Clause("INSERT", False, condition) if inserts else None
    if stop == action + 1 and tokens[action].upper == "DELETE":
        return _Clause("DELETE", True, condition)
    if stop > action + 2 and words_at(tokens, action, "UPDATE", "SET"):
        columns = assigned_in(tokens, pairs, action + 2, stop)
        return _Clause("UPDATE", True, condition, columns) if columns else None
    return None


def _outside(tokens: list[Token], pairs: dict[int, int], start: int, stop: int) -> Iterator[int]:
    """Give the indexes of tokens outside of brackets and of CASE … END, fields left out."""
    depth = 0
    index = start
    while index < stop:
        mark = tokens[index].upper
        if mark in ("(", "["):
            index = pairs[index]
        elif upper_at(tokens, index - 1) != ".":
            depth += (mark == "CASE") - (mark == "END")
            if depth == 0:
                yield index
        index += 1
