"""Judges texts of dialects other than PostgreSQL's by sqlglot's syntax tree alone.

The tree is a general parser's idea of the text, not the server's: a root that isn't listed here,
a function it doesn't know and anything it fails on are unknown, and never SAFE.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

import sqlglot
from sqlglot import exp

from backstop.classifier._source import Risk, Verdict
from backstop.classifier.unreadable import unreadable_risk
from backstop.errors import ConfigurationError
from backstop.levels import RiskLevel
from backstop.result import Finding

_LOW, _HIGH, _CRITICAL = RiskLevel.LOW, RiskLevel.HIGH, RiskLevel.CRITICAL

_READS = (exp.Query, exp.Describe, exp.Show, exp.Transaction, exp.Commit, exp.Rollback, exp.Use)
# Actions of ALTER that leave every value as it is.
_KEEPING = (exp.ColumnDef, exp.AlterRename, exp.RenameColumn, exp.AddConstraint, exp.Query)
_DROPPED = frozenset({"INDEX", "VIEW", "FUNCTION", "PROCEDURE", "TRIGGER"})


def judge_tree(sql: str, dialect: str) -> list[Verdict]:
    """Judge each statement of a text in a dialect; an unknown one raises `ConfigurationError`."""
    known = sorted(name for name in sqlglot.Dialect.classes if name)
    if dialect not in known:
        raise ConfigurationError(
            f"dialect {dialect!r} is not known. Use one of: {', '.join(known)}."
        )
    if "\0" in sql:
        # Some end a text there, others don't: what it says is not certain.
        return [_unknown(sql)]
    try:
        return [_judge(root, sql) for root in sqlglot.parse(sql, read=dialect) if root is not None]
    except Exception:
        # Not only ParseError: deep nesting ends in RecursionError, the compiled build in others.
        return [_unknown(sql)]


def _unknown(sql: str) -> Verdict:
    risk = unreadable_risk(sql)
    return Verdict("UNKNOWN", [_finding(risk, sql)])


def _finding(risk: Risk, sql: str, table: str | None = None) -> Finding:
    return Finding(risk.kind, risk.level, risk.reason, table, 0, len(sql))


def _judge(root: exp.Expr, sql: str) -> Verdict:
    if not isinstance(root, (*_READS, *_RULES)):
        return _unknown(sql)
    verdict = Verdict(_operation(root))
    verdict.add_tables(table.sql() for table in root.find_all(exp.Table) if table.name)
    for node in root.walk():
        for risk in _node_risks(node, root):
            table = node.this.sql() if isinstance(node.this, exp.Table) else None
            verdict.findings.append(_finding(risk, sql, table))
    return verdict


def _operation(root: exp.Expr) -> str:
    name = "SELECT" if isinstance(root, exp.Query) else root.key.upper()
    if isinstance(root, (exp.Drop, exp.Create, exp.Alter)):
        name = f"{name} {str(root.args.get('kind') or '').upper()}".strip()
    return {"TRUNCATETABLE": "TRUNCATE"}.get(name, name)


def _node_risks(node: exp.Expr, root: exp.Expr) -> Iterator[Risk]:
    if isinstance(node, exp.Command):
        yield unreadable_risk(node.sql())
    elif isinstance(node, (exp.Anonymous, exp.AnonymousAggFunc)):
        yield Risk("unknown-function", _HIGH, f"{node.name}() is not a known function.")
    elif isinstance(node, exp.Into):
        yield Risk("creates-table", _LOW, "SELECT … INTO writes what it reads.")
    else:
        rule = _RULES.get(type(node))
        # ALTER TABLE … DROP holds a Drop of its own, which the ALTER's rule has judged.
        if rule is not None and (node is root or not isinstance(root, exp.Alter)):
            yield rule(node)


def _write(node: exp.Expr) -> Risk:
    operation, where = node.key.upper(), node.args.get("where")
    if where is None:
        return Risk(f"{node.key}-without-where", _CRITICAL, f"{operation} has no WHERE. Add one.")
    if not _restricts(where.this):
        return Risk(
            f"{node.key}-where-restricts-nothing",
            _CRITICAL,
            f"The WHERE of the {operation} may hold for every row. Compare a column with a value.",
        )
    return Risk(f"{node.key}-scoped", _LOW, f"{operation} reaches the rows its WHERE names.")


def _restricts(condition: exp.Expr) -> bool:
    condition = condition.unnest()
    if isinstance(condition, exp.Or):
        return _restricts(condition.left) and _restricts(condition.right)
    if isinstance(condition, exp.And):
        return _restricts(condition.left) or _restricts(condition.right)
    if isinstance(condition, exp.Not) and isinstance(condition.this.unnest(), (exp.Is, exp.In)):
        condition = condition.this.unnest()
    if isinstance(condition, exp.Binary) and condition.left == condition.right:
        return False
    listed = (exp.EQ, exp.NEQ, exp.GT, exp.GTE, exp.LT, exp.LTE, exp.In, exp.Between, exp.Like)
    return isinstance(condition, (*listed, exp.Is)) and any(
        column.find_ancestor(exp.Subquery, exp.Select, exp.Where)
        is condition.find_ancestor(exp.Subquery, exp.Select, exp.Where)
        for column in condition.find_all(exp.Column)
    )


def _drop(node: exp.Expr) -> Risk:
    kind = str(node.args.get("kind") or "").upper()
    if kind in _DROPPED and not node.args.get("cascade"):
        return Risk("drop-definition", _HIGH, f"DROP {kind} removes a definition.")
    return Risk("drop", _CRITICAL, f"DROP {kind} destroys what it names.")


def _alter(node: exp.Expr) -> Risk:
    if all(isinstance(action, _KEEPING) for action in node.args.get("actions") or []):
        return Risk("schema-change", _HIGH, "ALTER changes an object.")
    return Risk("alter-destroys", _CRITICAL, "ALTER may drop or rewrite what a table holds.")


def _create(node: exp.Expr) -> Risk:
    if str(node.args.get("kind") or "").upper() == "TABLE" and not node.args.get("replace"):
        return Risk("creates", _LOW, "CREATE TABLE adds a table.")
    if node.args.get("replace") and str(node.args.get("kind") or "").upper() == "TABLE":
        return Risk("replaces-table", _CRITICAL, "CREATE OR REPLACE TABLE destroys the old one.")
    return Risk("schema-change", _HIGH, "CREATE adds or replaces an object.")


def _insert(node: exp.Expr) -> Risk:
    if node.args.get("overwrite"):
        return Risk("insert-overwrites", _CRITICAL, "INSERT OVERWRITE replaces every row.")
    if node.args.get("conflict") or node.args.get("alternative"):
        return Risk("insert-overwrites", _HIGH, "INSERT overwrites the rows it conflicts with.")
    return Risk("insert", _LOW, "INSERT adds rows.")


def _truncate(_: exp.Expr) -> Risk:
    return Risk("truncate", _CRITICAL, "TRUNCATE removes every row.")


def _changes(node: exp.Expr) -> Risk:
    return Risk("changes", _HIGH, f"{node.key.upper()} may change rows, settings or privileges.")


_RULES: dict[type[exp.Expr], Callable[[exp.Expr], Risk]] = {
    exp.Alter: _alter,
    exp.Create: _create,
    exp.Delete: _write,
    exp.Drop: _drop,
    exp.Grant: _changes,
    exp.Insert: _insert,
    exp.Merge: _changes,
    exp.Pragma: _changes,
    exp.Revoke: _changes,
    exp.Set: _changes,
    exp.TruncateTable: _truncate,
    exp.Update: _write,
}
