"""Judges one statement by its tokens: finds out what command it is and hands it to its rules.

A statement that wraps another is as risky as what is inside. What fits no rule is unknown, and
must never come out SAFE.
"""

from __future__ import annotations

from backstop.classifier import bodies
from backstop.classifier._source import Risk, Source, Verdict
from backstop.classifier.commands import command_risk
from backstop.classifier.definitions import judge_alter, judge_create, judge_drop
from backstop.classifier.expressions import read_expressions
from backstop.classifier.rows import judge_part
from backstop.classifier.settings import judge_setting
from backstop.classifier.unreadable import unreadable_risk
from backstop.levels import RiskLevel
from backstop.syntax.parts import READS, WRITES, Wrapped, find_parts, unwrap
from backstop.syntax.statements import ControlKind, transaction_control
from backstop.syntax.structure import read_name, read_with, skip_top_level, upper_at, words_at

_CONTROL = frozenset(
    {"BEGIN", "START", "COMMIT", "END", "ROLLBACK", "ABORT", "SAVEPOINT", "RELEASE", "PREPARE"}
)
_TWO_PHASE = frozenset(
    {ControlKind.PREPARE_TRANSACTION, ControlKind.COMMIT_PREPARED, ControlKind.ROLLBACK_PREPARED}
)
_QUERY = READS | WRITES | {"WITH", "("}
# What planning alone may run: EXPLAIN computes calls of functions that claim to be stable.
_PLANNED = frozenset({"unknown-function", "unknown-operator", "misplaced-command", "unreadable"})


def judge(source: Source, start: int, stop: int) -> Verdict:
    """Judge the statement between two token indexes."""
    head = source.tokens[start].upper
    if head in _CONTROL:
        verdict = _control(source, start, stop)
        if verdict is not None:
            return verdict
    if head in _QUERY:
        return _query(source, start, stop)
    rule = _RULES.get(head)
    if rule is not None:
        return rule(source, start, stop)
    known = command_risk(source, start, stop)
    if known is None:
        return _unknown(source, start, stop)
    operation, risk = known
    verdict = Verdict(operation)
    if risk.level > RiskLevel.SAFE:
        verdict.findings.append(source.finding(risk, start, stop))
    return verdict


def _unknown(source: Source, start: int, stop: int) -> Verdict:
    risk = unreadable_risk(source.slice(start, stop))
    operation = source.tokens[start].upper or "UNKNOWN"
    return Verdict(operation, [source.finding(risk, start, stop)])


def _control(source: Source, start: int, stop: int) -> Verdict | None:
    control = transaction_control(source.tokens[start:stop])
    if control is None:
        return None
    verdict = Verdict(control.kind.value)
    if control.kind in _TWO_PHASE:
        risk = Risk(
            "two-phase",
            RiskLevel.LOW,
            f"{control.kind.value} acts on a transaction that outlives the session.",
        )
        verdict.findings.append(source.finding(risk, start, stop))
    return verdict


def _query(source: Source, start: int, stop: int) -> Verdict:
    """SELECT, VALUES, TABLE, INSERT, UPDATE, DELETE, MERGE, with or without WITH."""
    tokens = source.tokens
    first = start
    while upper_at(tokens, first, stop) == "(":
        first += 1
    if first > start and upper_at(tokens, first, stop) not in READS | {"WITH"}:
        return _unknown(source, start, stop)
    if upper_at(tokens, first, stop) == "WITH":
        listed = read_with(tokens, source.pairs, first, stop)
        if listed is None:
            return _unknown(source, start, stop)
    parts = find_parts(tokens, source.pairs, start, stop)
    reading = read_expressions(source, start, stop, frozenset(part.start for part in parts))
    verdict = Verdict("SELECT" if first > start or tokens[first].upper == "WITH" else "")
    riskiest, unreadable = RiskLevel.SAFE, start
    for part in parts:
        if part.head in WRITES:
            found = judge_part(source, part)
            verdict.findings.extend(found)
            verdict.add_tables(finding.table for finding in found if finding.table)
            if found[0].level > riskiest:
                riskiest, verdict.operation = found[0].level, part.head
        elif part.head not in READS and part.stop > unreadable:
            # What stands inside of it has been read with it.
            unreadable = part.stop
            risk = unreadable_risk(source.slice(part.start, part.stop))
            verdict.findings.append(source.finding(risk, part.start, part.stop))
    verdict.operation = verdict.operation or tokens[first].upper
    verdict.findings.extend(reading.findings)
    verdict.add_tables(reading.tables)
    _add_texts(verdict, source, reading.texts)
    return verdict


def _add_texts(verdict: Verdict, source: Source, texts: list[int]) -> None:
    """Look into strings that a called function runs as SQL."""
    for index in texts:
        risk = bodies.literal_risk([source.tokens[index]], "sql", source.depth, judge)
        if risk is not None:
            verdict.findings.append(source.finding(risk, index, index + 1))


def _wrapper(source: Source, start: int, stop: int) -> Verdict:
    """EXPLAIN, PREPARE and DECLARE."""
    wrapped = unwrap(source.tokens, source.pairs, start, stop)
    if wrapped is None or not _may_wrap(source, wrapped):
        return _unknown(source, start, stop)
    verdict = judge(source, wrapped.start, wrapped.stop)
    if wrapped.kind == "EXPLAIN":
        verdict.findings = [found for found in verdict.findings if found.kind in _PLANNED]
    verdict.operation = "EXPLAIN" if wrapped.kind.startswith("EXPLAIN") else wrapped.kind
    return verdict


def _may_wrap(source: Source, wrapped: Wrapped) -> bool:
    """Whether the grammar lets this stand inside; no wrapper holds itself, so none nests deep."""
    head = upper_at(source.tokens, wrapped.start)
    if head in _QUERY:
        return True
    return wrapped.kind.startswith("EXPLAIN") and head in (
        "CREATE",
        "DECLARE",
        "EXECUTE",
        "REFRESH",
    )


def _copy(source: Source, start: int, stop: int) -> Verdict:
    tokens = source.tokens
    verdict = Verdict("COPY")
    wrapped = unwrap(tokens, source.pairs, start, stop)
    at = start + 1
    if wrapped is not None:
        if upper_at(tokens, wrapped.start) not in _QUERY:
            return _unknown(source, start, stop)
        inner = judge(source, wrapped.start, wrapped.stop)
        verdict = Verdict("COPY", inner.findings, inner.tables)
        at = wrapped.stop + 1
    direction = skip_top_level(tokens, source.pairs, at, stop, frozenset({"FROM", "TO"}))
    if wrapped is None:
        name = read_name(tokens, at + (upper_at(tokens, at) == "BINARY"), stop)
        if name is None:
            return _unknown(source, start, stop)
        verdict.add_tables([source.name(name)])
    risk = _copy_risk(source, direction, stop)
    if risk is not None:
        table = next(iter(verdict.tables), None)
        verdict.findings.append(source.finding(risk, start, stop, table))
    _add_filter(verdict, source, direction, stop)
    return verdict


def _add_filter(verdict: Verdict, source: Source, start: int, stop: int) -> None:
    """Judge the WHERE of COPY … FROM, which may call functions."""
    where = skip_top_level(source.tokens, source.pairs, start, stop, frozenset({"WHERE"}))
    reading = read_expressions(source, where, stop)
    verdict.findings.extend(reading.findings)
    _add_texts(verdict, source, reading.texts)


def _copy_risk(source: Source, direction: int, stop: int) -> Risk | None:
    end = upper_at(source.tokens, direction + 1, stop)
    to = upper_at(source.tokens, direction, stop) == "TO"
    if direction + 1 >= stop:
        return unreadable_risk("COPY")
    if end == "PROGRAM":
        return Risk(
            "copy-program",
            RiskLevel.CRITICAL,
            "COPY … PROGRAM runs a command of the server's operating system. Use STDIN or STDOUT.",
        )
    if end in ("STDIN", "STDOUT"):
        return None if to else Risk("copy-from", RiskLevel.LOW, "COPY adds rows.")
    return Risk(
        "copy-file",
        RiskLevel.HIGH,
        f"COPY {'writes' if to else 'reads'} a file of the server. Use STDIN or STDOUT.",
    )


def _create(source: Source, start: int, stop: int) -> Verdict:
    tokens = source.tokens
    at = start + (3 if words_at(tokens, start + 1, "OR", "REPLACE") else 1)
    what = upper_at(tokens, at, stop)
    if what in ("FUNCTION", "PROCEDURE"):
        return bodies.judge_routine(source, start, stop, judge)
    if what == "RULE":
        return _rule(source, start, stop)
    wrapped = unwrap(tokens, source.pairs, start, stop)
    if wrapped is None:
        return judge_create(source, start, stop)
    verdict = judge_create(source, start, wrapped.start)
    verdict.operation = wrapped.kind
    inner_head = upper_at(tokens, wrapped.start)
    if inner_head not in _QUERY | {"EXECUTE"}:
        return _unknown(source, start, stop)
    inner = judge(source, wrapped.start, wrapped.stop)
    verdict.findings.extend(inner.findings)
    verdict.add_tables(inner.tables)
    return verdict


def _rule(source: Source, start: int, stop: int) -> Verdict:
    """CREATE RULE: as risky as its actions."""
    tokens = source.tokens
    risk = Risk(
        "creates-rule",
        RiskLevel.HIGH,
        "CREATE RULE changes what later statements on the table do.",
    )
    event = skip_top_level(tokens, source.pairs, start, stop, frozenset({"AS"}))
    if words_at(tokens, event, "AS", "ON", "SELECT"):
        risk = Risk(
            "turns-into-view",
            RiskLevel.CRITICAL,
            "A rule ON SELECT turns a table into a view. Use CREATE VIEW.",
        )
    verdict = Verdict("CREATE RULE", [source.finding(risk, start, stop)])
    at = skip_top_level(tokens, source.pairs, start, stop, frozenset({"DO"})) + 1
    at += 1 if upper_at(tokens, at) in ("ALSO", "INSTEAD") else 0
    end = stop
    if upper_at(tokens, at, stop) == "(":
        at, end = at + 1, source.pairs[at]
    while at < end:
        after = skip_top_level(tokens, source.pairs, at, end, frozenset({";"}))
        if upper_at(tokens, at) in _QUERY:
            inner = judge(source, at, after)
            verdict.findings.extend(inner.findings)
            verdict.add_tables(inner.tables)
        at = after + 1
    return verdict


def _truncate(source: Source, start: int, stop: int) -> Verdict:
    tokens = source.tokens
    verdict = Verdict("TRUNCATE")
    at = start + (2 if upper_at(tokens, start + 1) == "TABLE" else 1)
    while at < stop:
        at += 1 if upper_at(tokens, at) == "ONLY" else 0
        at += 1 if upper_at(tokens, at) == "(" else 0
        name = read_name(tokens, at, stop)
        if name is not None:
            verdict.add_tables([source.name(name)])
        at = skip_top_level(tokens, source.pairs, at, stop, frozenset({","})) + 1
    cascade = any(token.upper == "CASCADE" for token in tokens[start:stop])
    shown = ", ".join(verdict.tables) or "its tables"
    more = " and of every table that refers to them" if cascade else ""
    risk = Risk(
        "truncate",
        RiskLevel.CRITICAL,
        f"TRUNCATE removes every row of {shown}{more}. Use a DELETE that names the rows.",
    )
    table = next(iter(verdict.tables), None)
    verdict.findings.append(source.finding(risk, start, stop, table))
    return verdict


def _do(source: Source, start: int, stop: int) -> Verdict:
    return bodies.judge_do(source, start, stop, judge)


def _execute(source: Source, start: int, stop: int) -> Verdict:
    """EXECUTE and CALL run what the text doesn't show; their arguments may call functions."""
    known = command_risk(source, start, stop)
    if known is None:
        return _unknown(source, start, stop)
    verdict = Verdict(known[0], [source.finding(known[1], start, stop)])
    arguments = read_expressions(source, start + 1, stop)
    critical = [found for found in arguments.findings if found.level is RiskLevel.CRITICAL]
    verdict.findings.extend(critical)
    _add_texts(verdict, source, arguments.texts)
    return verdict


_RULES = {
    "ALTER": judge_alter,
    "CALL": _execute,
    "COPY": _copy,
    "CREATE": _create,
    "DECLARE": _wrapper,
    "DO": _do,
    "DROP": judge_drop,
    "EXECUTE": _execute,
    "EXPLAIN": _wrapper,
    "PREPARE": _wrapper,
    "RESET": judge_setting,
    "SET": judge_setting,
    "TRUNCATE": _truncate,
}
