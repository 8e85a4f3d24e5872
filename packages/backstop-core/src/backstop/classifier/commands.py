"""PostgreSQL's commands by their leading words: what each does when nothing in it says more.

The table holds every command of PostgreSQL 18's grammar. A command that isn't in it is unknown,
and unknown is never SAFE.
"""

from __future__ import annotations

from backstop.classifier._source import Risk, Source
from backstop.levels import RiskLevel
from backstop.syntax.structure import upper_at

_SAFE, _LOW, _HIGH, _CRITICAL = (
    RiskLevel.SAFE,
    RiskLevel.LOW,
    RiskLevel.HIGH,
    RiskLevel.CRITICAL,
)

_COMMANDS: dict[str, tuple[RiskLevel, str, str]] = {
    "ANALYZE": (_LOW, "maintenance", "gathers statistics"),
    "ANALYSE": (_LOW, "maintenance", "gathers statistics"),
    "CALL": (_HIGH, "calls-procedure", "runs a procedure that the text does not show"),
    "CHECKPOINT": (_LOW, "maintenance", "writes all changes to disk"),
    "CLOSE": (_SAFE, "cursor", "closes a cursor"),
    "CLUSTER": (_HIGH, "maintenance", "rewrites a table under an exclusive lock"),
    "COMMENT": (_LOW, "comment", "changes a comment"),
    "DEALLOCATE": (_SAFE, "prepared-statement", "forgets a prepared statement"),
    "DISCARD ALL": (_HIGH, "discards", "drops the session's temporary tables and settings"),
    "DISCARD PLANS": (_SAFE, "discards", "forgets cached plans"),
    "DISCARD SEQUENCES": (_SAFE, "discards", "forgets cached sequence values"),
    "DISCARD TEMP": (_HIGH, "discards", "drops the session's temporary tables"),
    "DISCARD TEMPORARY": (_HIGH, "discards", "drops the session's temporary tables"),
    "EXECUTE": (_HIGH, "executes-prepared", "runs a statement that the text does not show"),
    "FETCH": (_SAFE, "cursor", "reads from a cursor"),
    "GRANT": (_HIGH, "privileges", "changes privileges"),
    "IMPORT FOREIGN SCHEMA": (_HIGH, "schema-change", "adds foreign tables"),
    "LISTEN": (_SAFE, "notification", "waits for notifications"),
    "LOAD": (_HIGH, "loads-code", "loads a library into the server"),
    "LOCK": (_LOW, "lock", "locks tables against other sessions"),
    "MOVE": (_SAFE, "cursor", "moves a cursor"),
    "NOTIFY": (_LOW, "notification", "sends a notification"),
    "REASSIGN OWNED": (_HIGH, "privileges", "changes the owner of many objects"),
    "REFRESH MATERIALIZED VIEW": (_HIGH, "refresh", "replaces a materialized view's rows"),
    "REINDEX": (_HIGH, "maintenance", "rebuilds indexes under a lock"),
    "REVOKE": (_HIGH, "privileges", "changes privileges"),
    "SECURITY LABEL": (_HIGH, "privileges", "changes a security label"),
    "SHOW": (_SAFE, "setting", "shows a setting"),
    "UNLISTEN": (_SAFE, "notification", "stops waiting for notifications"),
    "VACUUM": (_LOW, "maintenance", "reclaims space"),
}

_REWRITES = Risk("maintenance", _HIGH, "VACUUM FULL rewrites the table under an exclusive lock.")

# Objects of CREATE, ALTER and DROP, longest names first in each look-up.
OBJECTS = frozenset(
    {
        "ACCESS METHOD",
        "AGGREGATE",
        "CAST",
        "COLLATION",
        "CONVERSION",
        "DATABASE",
        "DEFAULT PRIVILEGES",
        "DOMAIN",
        "EVENT TRIGGER",
        "EXTENSION",
        "FOREIGN DATA WRAPPER",
        "FOREIGN TABLE",
        "FUNCTION",
        "GROUP",
        "INDEX",
        "LANGUAGE",
        "LARGE OBJECT",
        "MATERIALIZED VIEW",
        "OPERATOR",
        "OPERATOR CLASS",
        "OPERATOR FAMILY",
        "OWNED",
        "POLICY",
        "PROCEDURE",
        "PUBLICATION",
        "ROLE",
        "ROUTINE",
        "RULE",
        "SCHEMA",
        "SEQUENCE",
        "SERVER",
        "STATISTICS",
        "SUBSCRIPTION",
        "SYSTEM",
        "TABLE",
        "TABLESPACE",
        "TEXT SEARCH CONFIGURATION",
        "TEXT SEARCH DICTIONARY",
        "TEXT SEARCH PARSER",
        "TEXT SEARCH TEMPLATE",
        "TRANSFORM",
        "TRIGGER",
        "TYPE",
        "USER",
        "USER MAPPING",
        "VIEW",
    }
)


def command_risk(source: Source, start: int, stop: int) -> tuple[str, Risk] | None:
    """Return the command that stands here and its risk, or nothing if it isn't in the table."""
    for count in (3, 2, 1):
        name = " ".join(upper_at(source.tokens, start + offset, stop) for offset in range(count))
        entry = _COMMANDS.get(name)
        if entry is not None:
            break
    else:
        return None
    level, kind, what = entry
    words = {source.tokens[at].upper for at in range(start, stop)}
    if name == "VACUUM" and "FULL" in words:
        return name, _REWRITES
    if name == "REVOKE" and "CASCADE" in words:
        level, what = _CRITICAL, "takes privileges, and with CASCADE those granted on from them"
    return name, Risk(kind, level, f"{name} {what}.")


def read_object(source: Source, at: int, stop: int) -> tuple[str, int]:
    """Return the kind of object named from an index on, and the index after it."""
    for count in (3, 2, 1):
        name = " ".join(upper_at(source.tokens, at + offset, stop) for offset in range(count))
        if name in OBJECTS:
            return name, at + count
    return "", at
