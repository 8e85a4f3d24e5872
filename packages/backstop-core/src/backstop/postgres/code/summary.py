"""The catalog summary: what of the user's own making can stand behind a name in a statement.

Functions, views, tables with policies, domains with checks, operators and casts, by name and
version; and what writes and definitions lead to: triggers and rules. Their definitions are
fetched only for those that a statement uses. PostgreSQL's own objects (OIDs below 16384) are left
out: they are known by their names.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from typing import Any

from backstop.postgres import query
from backstop.postgres.code import hooks
from backstop.postgres.code.hooks import FIRST_OWN as FIRST_OWN
from backstop.session import Session


class ObjectKind(str, Enum):
    """What an entry of the summary is: an object, or a write of a relation."""

    FUNCTION = "function"
    RELATION = "relation"
    DOMAIN = "domain"
    RULE = "rule"
    EXPRESSIONS = "expressions"
    INSERT = "insert"
    UPDATE = "update"
    DELETE = "delete"
    REFRESH = "refresh"


WRITES = frozenset({ObjectKind.INSERT, ObjectKind.UPDATE, ObjectKind.DELETE, ObjectKind.REFRESH})


@dataclass(frozen=True)
class CatalogObject:
    """One function (or procedure, or aggregate), view, table with policies, or domain with checks.

    Or a rule, or what a table computes for the rows that it is given, or a write of a relation,
    which ``leads_to`` other objects. ``version`` changes with its definition. ``language``,
    ``volatile``, ``extension`` (that it belongs to) and ``takes_row`` (its first argument may be a
    row, so that ``row.name`` calls it) describe functions.
    """

    kind: ObjectKind
    oid: int
    version: str
    schema: str
    name: str
    language: str | None = None
    volatile: bool = False
    extension: str | None = None
    takes_row: bool = False
    leads_to: tuple[tuple[ObjectKind, int], ...] = ()

    @property
    def key(self) -> tuple[ObjectKind, int]:
        """What tells it from every other: OIDs are unique in one catalog only."""
        return self.kind, self.oid

    @property
    def label(self) -> str:
        """The name as people read it."""
        name = f"{self.schema}.{self.name}"
        if self.kind is ObjectKind.RULE:
            return f"the rule {self.name}"
        if self.kind is ObjectKind.EXPRESSIONS:
            return f"what {name} computes"
        if self.kind in WRITES:
            return f"{self.kind.name} on {name}"
        return f"{name}()" if self.kind is ObjectKind.FUNCTION else name


@dataclass(frozen=True)
class Operator:
    """One operator, and the OID of the function behind it, with its name if it is built in."""

    symbol: str
    function: int
    builtin: str | None


@dataclass(frozen=True)
class Cast:
    """One cast by a function: ``context`` is i (implicit), a (assignment) or e (explicit).

    ``named`` is whether a statement has to name the target for an explicit cast: a built-in type
    has other names, and a domain over the type leads to it too. ``builtin`` is the function's
    name if it is built in.
    """

    source: str
    target: str
    named: bool
    context: str
    function: int
    builtin: str | None


@dataclass(frozen=True)
class EventTrigger:
    """One event trigger: the OID of its function, and the command tags that run it, None for all.

    ``event`` is ``ddl_command_start`` or ``_end``, ``sql_drop`` or ``table_rewrite``.
    """

    event: str
    tags: tuple[str, ...] | None
    function: int


@dataclass(frozen=True)
class Summary:
    """Everything of the user's own that a name, an operator or a conversion may lead to.

    ``event_triggers`` are what definitions lead to.
    """

    objects: tuple[CatalogObject, ...]
    operators: tuple[Operator, ...]
    casts: tuple[Cast, ...]
    event_triggers: tuple[EventTrigger, ...]
    server_version: int
    """As PostgreSQL numbers it: 150018 for 15.18."""


def load(session: Session) -> Summary:
    """Read the summary of the connection's database: one query, whatever its size."""
    found = query.groups(session, _PARTS)
    return Summary(
        objects=tuple(
            _object(entry)
            for part in ("objects", "rules", "expressions", "writes")
            for entry in found[part]
        ),
        operators=tuple(Operator(**entry) for entry in found["operators"]),
        casts=tuple(Cast(**entry) for entry in found["casts"]),
        event_triggers=tuple(
            EventTrigger(entry["event"], entry["tags"] and tuple(entry["tags"]), entry["function"])
            for entry in found["events"]
        ),
        server_version=int(found["server"][0]["version"]),
    )


def _object(entry: dict[str, Any]) -> CatalogObject:
    leads_to = ((ObjectKind(kind), int(oid)) for kind, oid in entry.get("leads_to", ()))
    kind, oid = ObjectKind(entry["kind"]), int(entry["oid"])
    return CatalogObject(**{**entry, "kind": kind, "oid": oid, "leads_to": tuple(leads_to)})


# xmin and ctid together change with every definition, also with a second one in a transaction.
_OBJECTS = f"""
    SELECT 'function' AS kind, p.oid, p.xmin || ' ' || p.ctid AS version,
           n.nspname AS schema, p.proname AS name, l.lanname AS language,
           p.provolatile = 'v' AS volatile, e.extname AS extension,
           p.pronargs > 0 AND (t.typtype IN ('c', 'p') OR t.typcategory = 'C') AS takes_row
    FROM pg_catalog.pg_proc p
    JOIN pg_catalog.pg_namespace n ON n.oid = p.pronamespace
    JOIN pg_catalog.pg_language l ON l.oid = p.prolang
    LEFT JOIN pg_catalog.pg_type t ON t.oid = p.proargtypes[0]
    LEFT JOIN pg_catalog.pg_depend d
      ON d.classid = 'pg_catalog.pg_proc'::pg_catalog.regclass AND d.objid = p.oid
     AND d.deptype = 'e'
    LEFT JOIN pg_catalog.pg_extension e ON e.oid = d.refobjid
    WHERE p.oid >= {FIRST_OWN} OR n.nspname = 'information_schema'
    UNION ALL
    SELECT 'relation', c.oid, r.xmin || ' ' || r.ctid, n.nspname, c.relname,
           NULL, false, NULL, false
    FROM pg_catalog.pg_class c
    JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
    JOIN pg_catalog.pg_rewrite r ON r.ev_class = c.oid AND r.ev_type = '1'
    WHERE c.relkind = 'v' AND c.oid >= {FIRST_OWN}
    UNION ALL
    SELECT 'relation', c.oid,
           pg_catalog.string_agg(p.xmin || ' ' || p.ctid, ',' ORDER BY p.oid),
           n.nspname, c.relname, NULL, false, NULL, false
    FROM pg_catalog.pg_class c
    JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
    JOIN pg_catalog.pg_policy p ON p.polrelid = c.oid
    WHERE c.relrowsecurity
    GROUP BY c.oid, n.nspname, c.relname
    UNION ALL
    SELECT 'domain', t.oid,
           pg_catalog.concat(pg_catalog.string_agg(k.xmin || ' ' || k.ctid, ',' ORDER BY k.oid),
                             ' ', pg_catalog.max(t.xmin || ' ' || t.ctid)),
           n.nspname, t.typname, NULL, false, NULL, false
    FROM pg_catalog.pg_type t
    JOIN pg_catalog.pg_namespace n ON n.oid = t.typnamespace
    LEFT JOIN pg_catalog.pg_constraint k ON k.contypid = t.oid AND k.contype = 'c'
    WHERE t.oid >= {FIRST_OWN} AND t.typtype = 'd'
      -- A domain over another has its checks, too.
      AND (k.oid IS NOT NULL OR t.typdefaultbin IS NOT NULL OR t.typbasetype >= {FIRST_OWN})
    GROUP BY t.oid, n.nspname, t.typname
"""

_OPERATORS = f"""
    SELECT o.oprname AS symbol, p.oid::pg_catalog.int8 AS function,
           CASE WHEN p.oid < {FIRST_OWN} THEN p.proname END AS builtin
    FROM pg_catalog.pg_operator o
    JOIN pg_catalog.pg_proc p ON p.oid = o.oprcode
    WHERE o.oid >= {FIRST_OWN}
"""

_CASTS = f"""
    SELECT source.typname AS source, target.typname AS target,
           target.oid >= {FIRST_OWN} AND NOT EXISTS (
               SELECT FROM pg_catalog.pg_type t WHERE t.typbasetype = target.oid) AS named,
           c.castcontext AS context, p.oid::pg_catalog.int8 AS function,
           CASE WHEN p.oid < {FIRST_OWN} THEN p.proname END AS builtin
    FROM pg_catalog.pg_cast c
    JOIN pg_catalog.pg_proc p ON p.oid = c.castfunc
    JOIN pg_catalog.pg_type source ON source.oid = c.castsource
    JOIN pg_catalog.pg_type target ON target.oid = c.casttarget
    WHERE c.oid >= {FIRST_OWN}
"""

_SERVER = """
    SELECT pg_catalog.current_setting('server_version_num')::pg_catalog.int4 AS version
"""

_PARTS = {
    "server": _SERVER,
    "objects": _OBJECTS,
    "rules": hooks.RULES,
    "expressions": hooks.EXPRESSIONS,
    "writes": hooks.WRITES,
    "events": hooks.EVENTS,
    "operators": _OPERATORS,
    "casts": _CASTS,
}
