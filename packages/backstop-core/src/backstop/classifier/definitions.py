"""The risk of CREATE, ALTER and DROP: adding is LOW, the undoable HIGH, destroying CRITICAL."""

from __future__ import annotations

from collections.abc import Iterator

from backstop.classifier._source import Risk, Source, Verdict
from backstop.classifier.commands import read_object
from backstop.classifier.expressions import read_expressions
from backstop.classifier.keywords import RESERVED
from backstop.levels import RiskLevel
from backstop.result import Finding
from backstop.syntax.masking import mask_literals
from backstop.syntax.structure import read_name, skip_top_level, upper_at, words_at

ADDITION = "schema-addition"
"""The kind of what changes and replaces nothing that is there; what it runs, the catalog tells."""

_LOW, _HIGH, _CRITICAL = RiskLevel.LOW, RiskLevel.HIGH, RiskLevel.CRITICAL

_DESTROYED = frozenset(
    {"TABLE", "SCHEMA", "DATABASE", "MATERIALIZED VIEW", "SEQUENCE", "TYPE", "DOMAIN", "OWNED"}
    | {"EXTENSION", "FOREIGN TABLE"}
)
_TAKEN = {
    "TABLE": " and every row in it. Rename it, and drop it when nothing has missed it",
    "MATERIALIZED VIEW": " and every row in it",
    "SEQUENCE": " and the number it has reached",
    "DATABASE": " and all that is in it",
    "EXTENSION": " and every object that belongs to it",
}
_ADDED = frozenset(
    {"TABLE", "SEQUENCE", "SCHEMA", "TYPE", "DOMAIN", "STATISTICS", "MATERIALIZED VIEW"}
)
# HIGH, as their code runs when rows are written or read, or as they lock a table.
_ONLY_ADDED = frozenset({"INDEX", "VIEW", "TRIGGER", "POLICY"})
_QUALITIES = frozenset(
    {"OR", "REPLACE", "GLOBAL", "LOCAL", "TEMP", "TEMPORARY", "UNLOGGED", "RECURSIVE", "UNIQUE"}
    | {"TRUSTED", "PROCEDURAL", "CONSTRAINT", "DEFAULT"}
)
_WITH_TABLES = frozenset({"TABLE", "FOREIGN TABLE", "MATERIALIZED VIEW", "VIEW"})
_KEEPS_ALL = frozenset({"TEXT", "VARCHAR"})


def judge_drop(source: Source, start: int, stop: int) -> Verdict:
    """Judge DROP, by what it drops and whether it cascades."""
    what, at = read_object(source, _past_qualities(source, start + 1, stop), stop)
    verdict = Verdict(f"DROP {what}".strip())
    at += 1 if upper_at(source.tokens, at) == "CONCURRENTLY" else 0
    at += 2 if words_at(source.tokens, at, "IF", "EXISTS") else 0
    at += 1 if upper_at(source.tokens, at) in ("BY", "FOR") else 0
    names = _names(source, at, stop)
    shown = ", ".join(names) or "what it names"
    shown = f"all that {shown} owns" if what == "OWNED" else shown
    if what in _WITH_TABLES:
        verdict.add_tables(names)
    if _cascades(source, start, stop):
        risk = Risk(
            "drop-cascade",
            _CRITICAL,
            f"{verdict.operation} of {shown} cascades: everything that depends on it goes too. "
            "Drop the objects one by one, without CASCADE.",
        )
    elif what in _DESTROYED or not what:
        risk = Risk(
            f"drop-{what.lower().replace(' ', '-') or 'unknown'}",
            _CRITICAL,
            f"{verdict.operation} destroys {shown}{_TAKEN.get(what, '')}.",
        )
    else:
        # Of these a name alone doesn't tell which: f(int), t ON users.
        which = mask_literals(source.slice(at, stop)) if at < stop else shown
        risk = Risk("drop-definition", _HIGH, f"{verdict.operation} removes {which}.")
    verdict.findings.append(source.finding(risk, start, stop, names[0] if names else None))
    return verdict


def judge_create(source: Source, start: int, stop: int) -> Verdict:
    """Judge CREATE of anything but functions, rules and what is filled from a query."""
    at = _past_qualities(source, start + 1, stop)
    replaces = words_at(source.tokens, start + 1, "OR", "REPLACE")
    what, at = read_object(source, at, stop)
    verdict = Verdict(f"CREATE {what}".strip())
    at += 1 if upper_at(source.tokens, at) == "CONCURRENTLY" else 0
    at += 3 if words_at(source.tokens, at, "IF", "NOT", "EXISTS") else 0
    names = _names(source, at, stop)[:1]
    if what in _WITH_TABLES:
        verdict.add_tables(names)
    shown = names[0] if names else "an object"
    if not what:
        risk = Risk("unknown-command", _HIGH, "This CREATE is not a known command.")
    elif what in _ADDED and not replaces and not _has_elements(source, at, stop):
        risk = Risk("creates", _LOW, f"{verdict.operation} adds {shown}.")
    else:
        verb = "adds or replaces" if replaces else "adds"
        kind = ADDITION if what in _ONLY_ADDED and not replaces else "schema-change"
        risk = Risk(kind, _HIGH, f"{verdict.operation} {verb} {shown}.")
    verdict.findings.append(source.finding(risk, start, stop, names[0] if names else None))
    verdict.findings.extend(_bounds_findings(source, at, stop))
    return verdict


def _has_elements(source: Source, at: int, stop: int) -> bool:
    """Whether a schema is created with elements, which are commands of their own."""
    return any(source.tokens[index].upper in ("CREATE", "GRANT") for index in range(at, stop))


def _bounds_findings(source: Source, start: int, stop: int) -> list[Finding]:
    """Judge the bounds of a partition: they are computed now, so that a call in them runs now."""
    tokens, pairs = source.tokens, source.pairs
    bounds = skip_top_level(tokens, pairs, start, stop, frozenset({"VALUES"}))
    end = skip_top_level(tokens, pairs, bounds, stop, frozenset({"PARTITION"}))
    return read_expressions(source, bounds, end).findings


def judge_alter(source: Source, start: int, stop: int) -> Verdict:
    """Judge ALTER, by its object and, for tables and types, by each of its actions."""
    what, at = read_object(source, start + 1, stop)
    verdict = Verdict(f"ALTER {what}".strip())
    if what == "SYSTEM":
        risk = Risk(
            "alter-system",
            _CRITICAL,
            "ALTER SYSTEM changes the whole server's configuration. "
            "Use SET for this session, or ask who runs the server.",
        )
        verdict.findings.append(source.finding(risk, start, stop))
        return verdict
    at += 2 if words_at(source.tokens, at, "IF", "EXISTS") else 0
    at += 1 if upper_at(source.tokens, at) in ("ONLY", "FOR") else 0
    bracketed = upper_at(source.tokens, at) == "("
    name = read_name(source.tokens, at + bracketed, stop)
    table = source.name(name) if name is not None else None
    at = name.stop + bracketed if name is not None else at
    at += 1 if upper_at(source.tokens, at) == "*" else 0
    if table is not None and what in _WITH_TABLES:
        verdict.add_tables([table])
    if what in ("TABLE", "FOREIGN TABLE", "TYPE"):
        verdict.findings.extend(_action_findings(source, at, stop, table))
    if not verdict.findings and what == "TABLE" and _only_adds(source, at, stop):
        risk = Risk(ADDITION, _HIGH, f"ALTER TABLE adds to {table or 'an object'}.")
        verdict.findings.append(source.finding(risk, start, stop, table))
    if not verdict.findings and what == "TYPE" and _adds_value(source, at, stop):
        risk = Risk(ADDITION, _HIGH, f"ALTER TYPE adds a value to {table or 'a type'}.")
        verdict.findings.append(source.finding(risk, start, stop, table))
    if not verdict.findings:
        cascades = _cascades(source, start, stop)
        risk = _alter_risk(what, table or "an object", cascades=cascades)
        verdict.findings.append(source.finding(risk, start, stop, table))
    # The default of a new column is computed for the rows that are there.
    calls = read_expressions(source, at, stop).findings
    verdict.findings.extend(call for call in calls if call.level is _CRITICAL)
    return verdict


def _only_adds(source: Source, start: int, stop: int) -> bool:
    """Whether each action of an ALTER TABLE adds a column or a constraint, and does no more.

    A primary key makes its columns NOT NULL, and one of an index that is there renames that.
    """
    tokens = source.tokens
    if any(tokens[index].upper in ("PRIMARY", "INDEX") for index in range(start, stop)):
        return False
    while start < stop:
        if upper_at(tokens, start, stop) != "ADD":
            return False
        start = skip_top_level(tokens, source.pairs, start, stop, frozenset({","})) + 1
    return True


def _adds_value(source: Source, start: int, stop: int) -> bool:
    return words_at(source.tokens[:stop], start, "ADD", "VALUE")


def _alter_risk(what: str, shown: str, *, cascades: bool) -> Risk:
    """Return the risk of an ALTER none of whose actions destroys by itself."""
    if cascades:
        return Risk(
            "alter-cascade",
            _CRITICAL,
            f"ALTER {what} on {shown} cascades: everything that depends on it goes too. "
            "Leave CASCADE out, and drop what depends on it by name.",
        )
    if not what:
        return Risk("unknown-command", _HIGH, "This ALTER is not a known command.")
    if what == "DEFAULT PRIVILEGES":
        shown = "who may use what is created from now on"
    return Risk("schema-change", _HIGH, f"ALTER {what} changes {shown}.")


def _action_findings(source: Source, start: int, stop: int, table: str | None) -> Iterator[Finding]:
    """Find each action of an ALTER that destroys, at its place."""
    while start < stop:
        end = skip_top_level(source.tokens, source.pairs, start, stop, frozenset({","}))
        risk = _action_risk(source, start, end, table or "an object")
        if risk is not None:
            yield source.finding(risk, start, end, table)
        start = end + 1


def _action_risk(source: Source, start: int, stop: int, shown: str) -> Risk | None:
    """Return the risk of one action of ALTER TABLE or ALTER TYPE if it destroys."""
    tokens = source.tokens
    first = upper_at(tokens, start, stop)
    second = upper_at(tokens, start + 1, stop)
    if first == "DROP" and second != "CONSTRAINT":
        return Risk(
            "drop-column",
            _CRITICAL,
            f"ALTER of {shown} drops a column and every value in it. "
            "Rename the column, and drop it when nothing has missed it.",
        )
    # The column's name comes after ALTER, or after ALTER COLUMN; ATTRIBUTE may be its name.
    places = {"COLUMN": (start + 3,), "ATTRIBUTE": (start + 2, start + 3)}
    for at in places.get(second, (start + 2,)) if first == "ALTER" else ():
        at += 2 if words_at(tokens, at, "SET", "DATA") else 0
        if upper_at(tokens, at, stop) == "TYPE" and not _keeps_values(source, at + 1, stop):
            return Risk(
                "alter-column-type",
                _CRITICAL,
                f"ALTER of {shown} changes a column's type: values may be cut or rounded. "
                "Add a new column, fill it, and compare before dropping the old one.",
            )
    return None


def _keeps_values(source: Source, start: int, stop: int) -> bool:
    """Whether a type takes every value as it is: text and varchar refuse what doesn't fit."""
    words = [source.tokens[at].upper for at in range(start, stop)]
    if "USING" in words or not words:
        return False
    return words[0] in _KEEPS_ALL or words[:2] == ["CHARACTER", "VARYING"]


def _past_qualities(source: Source, at: int, stop: int) -> int:
    while upper_at(source.tokens, at, stop) in _QUALITIES:
        at += 1
    return at


def _names(source: Source, at: int, stop: int) -> list[str]:
    """Return the names of a list; it ends at anything else."""
    names: list[str] = []
    while True:
        name = read_name(source.tokens, at, stop)
        if name is None or source.tokens[name.start].upper in RESERVED:
            return names
        names.append(source.name(name))
        if upper_at(source.tokens, name.stop, stop) != ",":
            return names
        at = name.stop + 1


def _cascades(source: Source, start: int, stop: int) -> bool:
    """Whether CASCADE stands outside of brackets, other than in ON DELETE CASCADE."""
    tokens = source.tokens
    at = start
    while True:
        at = skip_top_level(tokens, source.pairs, at, stop, frozenset({"CASCADE"}))
        if at >= stop:
            return False
        if upper_at(tokens, at - 1) not in ("DELETE", "UPDATE"):
            return True
        at += 1
