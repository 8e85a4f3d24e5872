"""What hangs on a table: triggers, rules, policies, statistics, replica identity, comments."""

from __future__ import annotations

from typing import Any

from backstop.postgres import query, quoting
from backstop.postgres.objects import CatalogObject
from backstop.session import Session

_ENABLED = {"D": "DISABLE", "R": "ENABLE REPLICA", "A": "ENABLE ALWAYS"}
_COMMANDS = {"r": "SELECT", "a": "INSERT", "w": "UPDATE", "d": "DELETE", "*": "ALL"}
_REPLICA_IDENTITY = {"n": "NOTHING", "f": "FULL"}


def definitions(session: Session, oids: list[int]) -> list[CatalogObject]:
    """Return what recreates the tables' triggers, rules, policies and statistics."""
    return [
        *(_switched(entry, "trigger") for entry in _triggers(session, oids)),
        *(_switched(entry, "rule") for entry in _rules(session, oids)),
        *(_policy(entry) for entry in _policies(session, oids)),
        *(item for entry in _extended_statistics(session, oids) for item in _statistics(entry)),
        *(item for entry in _tables(session, oids) for item in _table_settings(entry)),
    ]


def comments(session: Session, oids: list[int]) -> list[CatalogObject]:
    """Return the comments on the relations and on everything that is part of them."""
    return [
        CatalogObject(
            "comment",
            f"comment on {entry['target']}",
            (f"COMMENT ON {entry['target']} IS {quoting.literal(entry['text'])}",),
            tuple(entry["depends_on"]),
            "last",
        )
        for entry in _comments(session, oids)
    ]


def _switched(entry: dict[str, Any], kind: str) -> CatalogObject:
    ddl = [entry["definition"].rstrip(";")]
    if entry["enabled"] in _ENABLED:
        ddl.append(
            f"ALTER TABLE {entry['sql']} {_ENABLED[entry['enabled']]} {kind.upper()} "
            f"{quoting.identifier(entry['name'])}"
        )
    return CatalogObject(
        kind,
        f"{kind} {entry['name']} on {entry['label']}",
        tuple(ddl),
        (f"table {entry['label']}",),
        "last",
    )


def _policy(entry: dict[str, Any]) -> CatalogObject:
    create = (
        f"CREATE POLICY {quoting.identifier(entry['name'])} ON {entry['sql']} "
        f"AS {'PERMISSIVE' if entry['permissive'] else 'RESTRICTIVE'} "
        f"FOR {_COMMANDS[entry['command']]} TO {', '.join(entry['roles'])}"
    )
    if entry["using"]:
        create += f" USING ({entry['using']})"
    if entry["check"]:
        create += f" WITH CHECK ({entry['check']})"
    return CatalogObject(
        "policy",
        f"policy {entry['name']} on {entry['label']}",
        (create,),
        (f"table {entry['label']}",),
        "last",
    )


def _statistics(entry: dict[str, Any]) -> list[CatalogObject]:
    ddl = [entry["definition"]]
    if entry["target"] is not None and entry["target"] >= 0:
        ddl.append(f"ALTER STATISTICS {entry['sql']} SET STATISTICS {entry['target']}")
    own = f"statistics {entry['sql']}"
    owner = f"ALTER STATISTICS {entry['sql']} OWNER TO {entry['owner']}"
    return [
        CatalogObject("statistics", own, tuple(ddl), (f"table {entry['label']}",), "last"),
        CatalogObject("privileges", f"owner of {own}", (owner,), (own,), "privileges"),
    ]


def _table_settings(entry: dict[str, Any]) -> list[CatalogObject]:
    ddl = []
    if entry["row_security"]:
        ddl.append(f"ALTER TABLE {entry['sql']} ENABLE ROW LEVEL SECURITY")
    if entry["forced"]:
        ddl.append(f"ALTER TABLE ONLY {entry['sql']} FORCE ROW LEVEL SECURITY")
    if entry["replica_identity"] in _REPLICA_IDENTITY:
        ddl.append(
            f"ALTER TABLE ONLY {entry['sql']} REPLICA IDENTITY "
            f"{_REPLICA_IDENTITY[entry['replica_identity']]}"
        )
    if not ddl:
        return []
    return [
        CatalogObject(
            "table setting",
            f"settings of {entry['label']}",
            tuple(ddl),
            (f"table {entry['label']}",),
            "last",
        )
    ]


def _triggers(session: Session, oids: list[int]) -> list[dict[str, Any]]:
    return query.rows(
        session,
        f"""
        SELECT t.tgname AS name, t.tgenabled AS enabled,
               pg_catalog.pg_get_triggerdef(t.oid) AS definition,
               t.tgrelid::pg_catalog.regclass::pg_catalog.text AS sql,
               n.nspname || '.' || c.relname AS label
        FROM pg_catalog.pg_trigger t
        JOIN pg_catalog.pg_class c ON c.oid = t.tgrelid
        JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
        WHERE NOT t.tgisinternal AND t.tgparentid = 0
          AND t.tgrelid = ANY ({quoting.oid_array(oids)})
        ORDER BY t.tgrelid, t.tgname
        """,
    )


def _rules(session: Session, oids: list[int]) -> list[dict[str, Any]]:
    return query.rows(
        session,
        f"""
        SELECT r.rulename AS name, r.ev_enabled AS enabled,
               pg_catalog.pg_get_ruledef(r.oid) AS definition,
               r.ev_class::pg_catalog.regclass::pg_catalog.text AS sql,
               n.nspname || '.' || c.relname AS label
        FROM pg_catalog.pg_rewrite r
        JOIN pg_catalog.pg_class c ON c.oid = r.ev_class
        JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
        WHERE r.ev_class = ANY ({quoting.oid_array(oids)})
        ORDER BY r.ev_class, r.rulename
        """,
    )


def _policies(session: Session, oids: list[int]) -> list[dict[str, Any]]:
    return query.rows(
        session,
        f"""
        SELECT p.polname AS name, p.polcmd AS command, p.polpermissive AS permissive,
               p.polrelid::pg_catalog.regclass::pg_catalog.text AS sql,
               n.nspname || '.' || c.relname AS label,
               ARRAY(SELECT CASE role WHEN 0 THEN 'PUBLIC'
                            ELSE pg_catalog.quote_ident(pg_catalog.pg_get_userbyid(role)) END
                     FROM pg_catalog.unnest(p.polroles) AS role) AS roles,
               pg_catalog.pg_get_expr(p.polqual, p.polrelid) AS using,
               pg_catalog.pg_get_expr(p.polwithcheck, p.polrelid) AS check
        FROM pg_catalog.pg_policy p
        JOIN pg_catalog.pg_class c ON c.oid = p.polrelid
        JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
        WHERE p.polrelid = ANY ({quoting.oid_array(oids)})
        ORDER BY p.polrelid, p.polname
        """,
    )


def _extended_statistics(session: Session, oids: list[int]) -> list[dict[str, Any]]:
    return query.rows(
        session,
        f"""
        SELECT pg_catalog.pg_get_statisticsobjdef(s.oid) AS definition,
               s.stxstattarget AS target,
               pg_catalog.quote_ident(pg_catalog.pg_get_userbyid(s.stxowner)) AS owner,
               pg_catalog.quote_ident(sn.nspname) || '.' || pg_catalog.quote_ident(s.stxname)
                   AS sql,
               n.nspname || '.' || c.relname AS label
        FROM pg_catalog.pg_statistic_ext s
        JOIN pg_catalog.pg_namespace sn ON sn.oid = s.stxnamespace
        JOIN pg_catalog.pg_class c ON c.oid = s.stxrelid
        JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
        WHERE s.stxrelid = ANY ({quoting.oid_array(oids)})
        ORDER BY s.oid
        """,
    )


def _tables(session: Session, oids: list[int]) -> list[dict[str, Any]]:
    return query.rows(
        session,
        f"""
        SELECT c.oid::pg_catalog.regclass::pg_catalog.text AS sql,
               n.nspname || '.' || c.relname AS label,
               c.relrowsecurity AS row_security, c.relforcerowsecurity AS forced,
               c.relreplident AS replica_identity
        FROM pg_catalog.pg_class c
        JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
        WHERE c.oid = ANY ({quoting.oid_array(oids)})
        ORDER BY c.oid
        """,
    )


def _comments(session: Session, oids: list[int]) -> list[dict[str, Any]]:
    return query.rows(
        session,
        f"""
        WITH part AS (
            SELECT c.oid AS relation, 'pg_class' AS catalog, c.oid AS object, 0 AS number,
                   CASE c.relkind WHEN 'S' THEN 'SEQUENCE ' ELSE 'TABLE ' END
                       || c.oid::pg_catalog.regclass::pg_catalog.text AS target
            FROM pg_catalog.pg_class c WHERE c.oid = ANY ({quoting.oid_array(oids)})
            UNION ALL
            SELECT a.attrelid, 'pg_class', a.attrelid, a.attnum,
                   'COLUMN ' || a.attrelid::pg_catalog.regclass::pg_catalog.text || '.'
                       || pg_catalog.quote_ident(a.attname)
            FROM pg_catalog.pg_attribute a
            WHERE a.attnum > 0 AND NOT a.attisdropped
              AND a.attrelid = ANY ({quoting.oid_array(oids)})
            UNION ALL
            SELECT conrelid, 'pg_constraint', oid, 0,
                   'CONSTRAINT ' || pg_catalog.quote_ident(conname) || ' ON '
                       || conrelid::pg_catalog.regclass::pg_catalog.text
            FROM pg_catalog.pg_constraint
            WHERE conrelid = ANY ({quoting.oid_array(oids)})
               OR confrelid = ANY ({quoting.oid_array(oids)})
            UNION ALL
            SELECT indrelid, 'pg_class', indexrelid, 0,
                   'INDEX ' || indexrelid::pg_catalog.regclass::pg_catalog.text
            FROM pg_catalog.pg_index WHERE indrelid = ANY ({quoting.oid_array(oids)})
            UNION ALL
            SELECT tgrelid, 'pg_trigger', oid, 0,
                   'TRIGGER ' || pg_catalog.quote_ident(tgname) || ' ON '
                       || tgrelid::pg_catalog.regclass::pg_catalog.text
            FROM pg_catalog.pg_trigger WHERE tgrelid = ANY ({quoting.oid_array(oids)})
            UNION ALL
            SELECT ev_class, 'pg_rewrite', oid, 0,
                   'RULE ' || pg_catalog.quote_ident(rulename) || ' ON '
                       || ev_class::pg_catalog.regclass::pg_catalog.text
            FROM pg_catalog.pg_rewrite WHERE ev_class = ANY ({quoting.oid_array(oids)})
            UNION ALL
            SELECT polrelid, 'pg_policy', oid, 0,
                   'POLICY ' || pg_catalog.quote_ident(polname) || ' ON '
                       || polrelid::pg_catalog.regclass::pg_catalog.text
            FROM pg_catalog.pg_policy WHERE polrelid = ANY ({quoting.oid_array(oids)})
        )
        SELECT part.target, d.description AS text,
               ARRAY['table ' || n.nspname || '.' || c.relname] AS depends_on
        FROM part
        JOIN pg_catalog.pg_description d
          ON d.classoid = ('pg_catalog.' || part.catalog)::pg_catalog.regclass
         AND d.objoid = part.object AND d.objsubid = part.number
        JOIN pg_catalog.pg_class c ON c.oid = part.relation
        JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
        ORDER BY part.relation, part.target
        """,
    )
