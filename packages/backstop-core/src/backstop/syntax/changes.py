"""What the statements of a text remove or overwrite, as slices of that text.

A before-image is read by a SELECT made of these slices. They are found by the positions of
tokens, never rendered again by a parser, which may mean something else. A statement that removes
or overwrites but whose shape isn't understood must never be left out: it becomes `Unreadable`.
"""

from __future__ import annotations

from backstop.syntax.kinds import (
    Change,
    RowChange,
    TableDrop,
    TableReference,
    Truncation,
    Unreadable,
    Upsert,
)
from backstop.syntax.lexer import Token
from backstop.syntax.merges import read_merge
from backstop.syntax.parts import READS, WRITES, Part, find_parts, unwrap
from backstop.syntax.row_statements import RowStatement, read_row_statement
from backstop.syntax.statements import statements_of
from backstop.syntax.structure import Name, WithList, match_brackets, read_name, upper_at, words_at
from backstop.syntax.upserts import read_upsert

__all__ = [
    "Change",
    "RowChange",
    "TableDrop",
    "TableReference",
    "Truncation",
    "Unreadable",
    "Upsert",
    "changes",
    "overwrites",
]


def changes(sql: str) -> list[Change]:
    """Return the changes of every statement of a text, in order of appearance; raises `LexError`.

    What is prepared (PREPARE p AS …) and an EXECUTE are listed as unreadable: the values come
    later; what a plain EXPLAIN only plans isn't listed. Bodies of functions, DO blocks and rules
    are not looked into.
    """
    found: list[Change] = []
    for tokens in statements_of(sql):
        found.extend(_changes_of(sql, tokens))
    return found


def _changes_of(sql: str, tokens: list[Token]) -> list[Change]:
    pairs = match_brackets(tokens)
    if tokens[0].upper == "TRUNCATE":
        return [_truncation(sql, tokens, pairs)]
    if words_at(tokens, 0, "DROP", "TABLE"):
        return [_table_drop(sql, tokens)]
    start, stop = 0, len(tokens)
    wrapped = unwrap(tokens, pairs, start, stop)
    prepared = False
    while wrapped is not None:
        if wrapped.kind in ("EXPLAIN", "CREATE VIEW"):
            return []
        prepared = prepared or wrapped.kind == "PREPARE"
        start, stop = wrapped.start, wrapped.stop
        wrapped = unwrap(tokens, pairs, start, stop)
    if upper_at(tokens, start) == "EXECUTE":
        return [Unreadable("EXECUTE", tokens[start].start, tokens[stop - 1].end)]
    if upper_at(tokens, start) not in WRITES | READS | {"WITH", "("}:
        return []
    parts = [part for part in find_parts(tokens, pairs, start, stop) if part.head in WRITES]
    if prepared:
        # Its values are not known yet, and nothing is run.
        return [
            Unreadable("PREPARE", tokens[part.start].start, tokens[part.stop - 1].end)
            for part in parts
        ]
    return [change for part in parts for change in _part_changes(sql, tokens, pairs, part)]


def _part_changes(sql: str, tokens: list[Token], pairs: dict[int, int], part: Part) -> list[Change]:
    start, end = tokens[part.start].start, tokens[part.stop - 1].end
    if part.head == "INSERT":
        return [_upsert(sql, tokens, pairs, part)] if overwrites(tokens, pairs, part) else []
    if part.head == "MERGE":
        statement = read_merge(tokens, pairs, part)
        if statement is not None and {"DELETE", "UPDATE"}.isdisjoint(statement.actions):
            return []
    else:
        statement = read_row_statement(tokens, pairs, part)
    if statement is not None and part.visible is not None:
        return [_row_change(sql, tokens, part, statement)]
    table = _added_to(sql, tokens, part) if part.head == "MERGE" else None
    return [Unreadable(part.head, start, end, table)]


def _added_to(sql: str, tokens: list[Token], part: Part) -> str | None:
    """Return the table of a MERGE or an INSERT, where it is clear."""
    if upper_at(tokens, part.start + 1) != "INTO":
        return None
    at = part.start + 2
    if upper_at(tokens, at) == "ONLY":
        at += 2 if upper_at(tokens, at + 1) == "(" else 1
    name = read_name(tokens, at, part.stop)
    return _slice(sql, tokens, *name) if name is not None else None


def _upsert(sql: str, tokens: list[Token], pairs: dict[int, int], part: Part) -> Unreadable:
    start, end = tokens[part.start].start, tokens[part.stop - 1].end
    table = _added_to(sql, tokens, part)
    statement = read_upsert(tokens, pairs, part)
    if statement is None or part.visible is None:
        return Unreadable(part.head, start, end, table)
    with_clause, with_writes = _with_clause(sql, tokens, part)
    query = statement.query
    return Upsert(
        part.head,
        start,
        end,
        table,
        columns=tuple(tokens[index].text for index in statement.columns),
        moved=tuple(tokens[index].text for index in statement.moved),
        rows=statement.rows,
        query=None if query is None else _slice(sql, tokens, *query),
        with_clause=with_clause,
        with_writes=with_writes,
    )


def overwrites(tokens: list[Token], pairs: dict[int, int], part: Part) -> bool:
    """Whether an INSERT has an ON CONFLICT … DO UPDATE."""
    index = part.start
    while index < part.stop:
        mark = tokens[index].upper
        if mark == "(":
            index = pairs[index]
        elif mark == "DO" and upper_at(tokens, index + 1, part.stop) == "UPDATE":
            return True
        index += 1
    return False


def _row_change(sql: str, tokens: list[Token], part: Part, statement: RowStatement) -> RowChange:
    def text(span: Name | None) -> str | None:
        return None if span is None else _slice(sql, tokens, span.start, span.stop)

    with_clause, with_writes = _with_clause(sql, tokens, part)
    return RowChange(
        operation=part.head,
        start=tokens[part.start].start,
        end=tokens[part.stop - 1].end,
        table=_slice(sql, tokens, *statement.table),
        only=statement.only,
        alias=text(statement.alias),
        with_clause=with_clause,
        with_writes=with_writes,
        from_clause=text(statement.from_clause),
        where=text(statement.where),
        current_of=text(statement.current_of),
        columns=tuple(tokens[index].text for index in statement.columns),
        actions=statement.actions,
        when=_when([(text(condition), changed) for condition, changed in statement.matched]),
    )


def _when(matched: list[tuple[str | None, bool]]) -> str | None:
    """Return what is true for a row that one of the WHEN MATCHED changes, if that isn't each."""
    branches, rest = "", False
    for condition, changed in matched:
        if condition is None:
            rest = changed
            break
        # The first whose condition holds decides. A line break ends a comment.
        branches += f" WHEN ({condition}\n) THEN {changed}"
    if branches:
        return f"CASE{branches} ELSE {rest} END"
    return None if rest or not matched else "false"


def _with_clause(sql: str, tokens: list[Token], part: Part) -> tuple[str | None, bool]:
    """Return the WITH list that the part sees, and whether an entry of it writes."""
    visible = part.visible
    if not visible:
        return None, False
    slices = [_entries(sql, tokens, listed, count) for listed, count in visible]
    recursive = any(listed.recursive for listed, _ in visible)
    writes = any(
        tokens[index].upper in WRITES and tokens[index - 1].upper == "("
        for listed, count in visible
        for index in range(listed.entries[0].name, listed.entries[count - 1].stop)
    )
    return f"WITH {'RECURSIVE ' if recursive else ''}{', '.join(slices)}", writes


def _entries(sql: str, tokens: list[Token], listed: WithList, count: int) -> str:
    return _slice(sql, tokens, listed.entries[0].name, listed.entries[count - 1].stop)


def _slice(sql: str, tokens: list[Token], start: int, stop: int) -> str:
    return sql[tokens[start].start : tokens[stop - 1].end]


def _truncation(sql: str, tokens: list[Token], pairs: dict[int, int]) -> Change:
    start, end = tokens[0].start, tokens[-1].end
    at = 2 if upper_at(tokens, 1) == "TABLE" else 1
    tables: list[TableReference] = []
    while True:
        only = upper_at(tokens, at) == "ONLY"
        at += 1 if only else 0
        bracketed = only and upper_at(tokens, at) == "("
        name = read_name(tokens, at + bracketed, len(tokens))
        if name is None:
            return Unreadable("TRUNCATE", start, end)
        tables.append(TableReference(_slice(sql, tokens, name.start, name.stop), only))
        at = pairs[at] + 1 if bracketed else name.stop
        at += 1 if upper_at(tokens, at) == "*" else 0
        if upper_at(tokens, at) != ",":
            break
        at += 1
    options = [token.upper for token in tokens[at:]]
    restart = options[:2] == ["RESTART", "IDENTITY"]
    if restart or options[:2] == ["CONTINUE", "IDENTITY"]:
        options = options[2:]
    if options not in ([], ["CASCADE"], ["RESTRICT"]):
        return Unreadable("TRUNCATE", start, end)
    return Truncation("TRUNCATE", start, end, tuple(tables), restart, options == ["CASCADE"])


def _table_drop(sql: str, tokens: list[Token]) -> Change:
    start, end = tokens[0].start, tokens[-1].end
    if_exists = words_at(tokens, 2, "IF", "EXISTS")
    at = 4 if if_exists else 2
    tables: list[str] = []
    while True:
        name = read_name(tokens, at, len(tokens))
        if name is None:
            return Unreadable("DROP TABLE", start, end)
        tables.append(_slice(sql, tokens, name.start, name.stop))
        at = name.stop
        if upper_at(tokens, at) != ",":
            break
        at += 1
    options = [token.upper for token in tokens[at:]]
    if options not in ([], ["CASCADE"], ["RESTRICT"]):
        return Unreadable("DROP TABLE", start, end)
    return TableDrop("DROP TABLE", start, end, tuple(tables), if_exists, options == ["CASCADE"])
