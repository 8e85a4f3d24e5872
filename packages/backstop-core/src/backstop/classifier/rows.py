"""The risk of what writes rows: DELETE, UPDATE, INSERT and MERGE, wherever they stand."""

from __future__ import annotations

from dataclasses import replace

from backstop.classifier._source import Risk, Source
from backstop.classifier.conditions import holds_target, restricts
from backstop.classifier.operands import is_escaped
from backstop.classifier.target import Target
from backstop.levels import RiskLevel
from backstop.result import Finding
from backstop.syntax.changes import overwrites
from backstop.syntax.parts import Part
from backstop.syntax.row_statements import RowStatement, read_row_statement
from backstop.syntax.structure import Name, folded, read_name, skip_top_level, upper_at

_FATE = {"DELETE": "goes", "UPDATE": "is overwritten"}
_VERB = {"DELETE": "delete", "UPDATE": "update"}


def judge_part(source: Source, part: Part) -> list[Finding]:
    """Return the findings of one writing part; its first is about the rows."""
    if part.visible is None and part.head != "INSERT":
        return [source.finding(_unreadable(part.head), part.start, part.stop)]
    if part.head in ("DELETE", "UPDATE"):
        statement = read_row_statement(source.tokens, source.pairs, part)
        if statement is None:
            risk = _unreadable(part.head)
            return [source.finding(risk, part.start, part.stop)]
        risk, table = _row_risk(source, part, statement), statement.table
    else:
        name = read_name(source.tokens, part.start + 2, part.stop)
        if name is None or upper_at(source.tokens, part.start + 1) != "INTO":
            return [source.finding(_unreadable(part.head), part.start, part.stop)]
        table = name
        judge = _merge_risk if part.head == "MERGE" else _insert_risk
        risk = judge(source, part, table)
    named = source.name(table)
    findings = [source.finding(risk, part.start, part.stop, named)]
    if _is_catalog(source, table):
        findings.append(source.finding(_catalog(named), part.start, part.stop, named))
    return findings


def _unreadable(operation: str) -> Risk:
    return Risk(
        "unreadable-write",
        RiskLevel.CRITICAL,
        f"The {operation} has a shape that can't be read: it may reach every row. "
        "Write it as one plain statement.",
    )


def _row_risk(source: Source, part: Part, statement: RowStatement) -> Risk:
    operation, table = part.head, source.name(statement.table)
    if statement.current_of is not None:
        return Risk(
            f"{operation.lower()}-scoped",
            RiskLevel.LOW,
            f"{operation} on {table} reaches the one row of a cursor.",
        )
    if statement.where is None:
        return Risk(
            f"{operation.lower()}-without-where",
            RiskLevel.CRITICAL,
            f"{operation} on {table} has no WHERE: every row {_FATE[operation]}. "
            "Add a WHERE that names the rows.",
        )
    target = _target(source, part, statement)
    known = not is_escaped(source.tokens[(statement.alias or statement.table).stop - 1])
    if known and restricts(source, target, statement.where.start, statement.where.stop):
        return Risk(
            f"{operation.lower()}-scoped",
            RiskLevel.LOW,
            f"{operation} on {table} reaches the rows that its WHERE names.",
        )
    return Risk(
        f"{operation.lower()}-where-restricts-nothing",
        RiskLevel.CRITICAL,
        f"The WHERE of the {operation} on {table} may hold for every row: every row "
        f"{_FATE[operation]}. Compare a column of {table} with the values to "
        f"{_VERB[operation]}.",
    )


def _target(source: Source, part: Part, statement: RowStatement) -> Target:
    tokens = source.tokens
    table = folded(tokens[statement.table.stop - 1])
    alias = statement.alias
    name = folded(tokens[alias.start]) if alias is not None else table
    ctes = _visible(source, part)
    target = Target(name, table, ctes=ctes)
    joins = statement.from_clause
    if joins is None:
        return target
    itself = holds_target(source, target, joins.start, joins.stop)
    return Target(name, table, joined=True, itself=itself, ctes=ctes)


def _visible(source: Source, part: Part) -> dict[str, tuple[int, int]]:
    """Return the WITH entries that a part sees, by name: where their bodies start and stop."""
    return {
        folded(source.tokens[entry.name]): (entry.body + 1, source.pairs[entry.body])
        for listed, count in part.visible or ()
        for entry in listed.entries[:count]
    }


def _insert_risk(source: Source, part: Part, name: Name) -> Risk:
    table = source.name(name)
    if overwrites(source.tokens, source.pairs, part):
        return Risk(
            "insert-overwrites",
            RiskLevel.HIGH,
            f"INSERT into {table} overwrites the rows that it conflicts with "
            "(ON CONFLICT … DO UPDATE).",
        )
    return Risk("insert", RiskLevel.LOW, f"INSERT adds rows to {table}.")


def _merge_risk(source: Source, part: Part, name: Name) -> Risk:
    """MERGE is HIGH; CRITICAL if its ON holds for every row, or unmatched rows are changed."""
    tokens, pairs, table = source.tokens, source.pairs, source.name(name)
    using = skip_top_level(tokens, pairs, name.stop, part.stop, frozenset({"USING"}))
    first = skip_top_level(tokens, pairs, using, part.stop, frozenset({"WHEN"}))
    # Joins in the source have an ON of their own: the last one is MERGE's.
    on = using
    while True:
        after = skip_top_level(tokens, pairs, on + 1, first, frozenset({"ON"}))
        if after >= first:
            break
        on = after
    alias = name.stop + (1 if upper_at(tokens, name.stop) == "AS" else 0)
    own = folded(tokens[name.stop - 1])
    called = tokens[alias if alias < using else name.stop - 1]
    changes = _changing_actions(source, first, part.stop)
    if not changes:
        return Risk("merge", RiskLevel.HIGH, f"MERGE adds rows to {table}.")
    by_source = any(tokens[at].upper == "SOURCE" for at in range(first, part.stop))
    target = Target(folded(called), own, joined=True, ctes=_visible(source, part))
    target = replace(target, itself=holds_target(source, target, using + 1, on))
    known = on > using and not is_escaped(called)
    if by_source or not (known and restricts(source, target, on + 1, first)):
        return Risk(
            "merge-unscoped",
            RiskLevel.CRITICAL,
            f"MERGE into {table} may {' and '.join(changes)} every row: its ON or one of its "
            "WHEN clauses doesn't tell which. Join it on a key, and change no unmatched rows.",
        )
    return Risk("merge", RiskLevel.HIGH, f"MERGE may {' and '.join(changes)} rows of {table}.")


def _changing_actions(source: Source, start: int, stop: int) -> list[str]:
    words = {
        source.tokens[at + 1].upper
        for at in range(start, stop - 1)
        if source.tokens[at].upper == "THEN"
    }
    return [_VERB[word] for word in ("UPDATE", "DELETE") if word in words]


def _is_catalog(source: Source, name: Name) -> bool:
    first, last = folded(source.tokens[name.start]), folded(source.tokens[name.stop - 1])
    return first in ("pg_catalog", "information_schema") or last.startswith("pg_")


def _catalog(table: str) -> Risk:
    return Risk(
        "catalog-write",
        RiskLevel.HIGH,
        f"{table} is a system catalog: writing to it can break the database. "
        "Use the command that is made for it.",
    )
