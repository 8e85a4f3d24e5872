"""What hangs on a relation: triggers, rules, policies, statistics, row security."""

from __future__ import annotations

from typing import Any

from backstop.postgres import query, quoting
from backstop.postgres.model.catalog import address, lasting, own, relations
from backstop.postgres.model.spelling import labelled, quoted
from backstop.postgres.objects import CatalogObject
from backstop.session import Session

_ENABLED = {"D": "DISABLE", "R": "ENABLE REPLICA", "A": "ENABLE ALWAYS"}
_COMMANDS = {"r": "SELECT", "a": "INSERT", "w": "UPDATE", "d": "DELETE", "*": "ALL"}
_REPLICA_IDENTITY = {"n": "NOTHING", "f": "FULL"}


def read(session: Session, version: int) -> list[CatalogObject]:  # noqa: ARG001
    """Return what creates the triggers, rules, policies, statistics and row security."""
    return [
        *(_switched(entry, "trigger", "pg_trigger") for entry in _triggers(session)),
        *(_switch(entry) for entry in _partition_switches(session)),
        *(_switched(entry, "rule", "pg_rewrite") for entry in _rules(session)),
        *(_policy(entry) for entry in _policies(session)),
        *(item for entry in _extended_statistics(session) for item in _statistics(entry)),
        *(item for entry in _settings(session) for item in _relation_settings(entry)),
    ]


def _switched(entry: dict[str, Any], kind: str, catalog: str) -> CatalogObject:
    name = quoting.identifier(entry["name"])
    ddl = [entry["definition"].rstrip(";")]
    if entry["enabled"] in _ENABLED:
        ddl.append(f"ALTER TABLE {entry['sql']} {_ENABLED[entry['enabled']]} {kind.upper()} {name}")
    return CatalogObject(
        kind,
        f"{kind} {entry['name']} on {entry['label']}",
        tuple(ddl),
        stage="last",
        drop=(f"DROP {kind.upper()} {name} ON {entry['sql']}",),
        address=address(catalog, entry["oid"]),
        target=f"{kind.upper()} {name} ON {entry['sql']}",
        name=entry["name"],
    )


def _switch(entry: dict[str, Any]) -> CatalogObject:
    """Return what switches a partition's share of a trigger, where it isn't as the whole's."""
    name = quoting.identifier(entry["name"])
    alter = f"ALTER TABLE {entry['sql']}"
    switch, usual = (_ENABLED.get(entry[whose], "ENABLE") for whose in ("enabled", "whole"))
    return CatalogObject(
        "trigger setting",
        f"setting of trigger {entry['name']} on {entry['label']}",
        (f"{alter} {switch} TRIGGER {name}",),
        (f"trigger {entry['name']} on {entry['root']}", f"partition {entry['label']}"),
        "last",
        drop=(f"{alter} {usual} TRIGGER {name}",),
        replaces=True,
    )


def _policy(entry: dict[str, Any]) -> CatalogObject:
    name = quoting.identifier(entry["name"])
    create = (
        f"CREATE POLICY {name} ON {entry['sql']} "
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
        stage="last",
        drop=(f"DROP POLICY {name} ON {entry['sql']}",),
        address=address("pg_policy", entry["oid"]),
        target=f"POLICY {name} ON {entry['sql']}",
        name=entry["name"],
    )


def _statistics(entry: dict[str, Any]) -> list[CatalogObject]:
    own_identity = f"statistics {entry['label']}"
    objects = [
        CatalogObject(
            "statistics",
            own_identity,
            (entry["definition"],),
            stage="last",
            drop=(f"DROP STATISTICS {entry['sql']}",),
            address=address("pg_statistic_ext", entry["oid"]),
            target=f"STATISTICS {entry['sql']}",
            schema=entry["schema"],
            name=entry["name"],
        )
    ]
    if entry["target"] is not None and entry["target"] >= 0:
        alter = f"ALTER STATISTICS {entry['sql']} SET STATISTICS"
        objects.append(
            CatalogObject(
                "statistics target",
                f"target of {own_identity}",
                (f"{alter} {entry['target']}",),
                (own_identity,),
                "last",
                drop=(f"{alter} -1",),
                replaces=True,
            )
        )
    return objects


def _relation_settings(entry: dict[str, Any]) -> list[CatalogObject]:
    sql = entry["sql"]
    found = []
    if entry["row_security"]:
        found.append(
            (
                "row security",
                f"ALTER TABLE {sql} ENABLE ROW LEVEL SECURITY",
                f"ALTER TABLE {sql} DISABLE ROW LEVEL SECURITY",
            )
        )
    if entry["forced"]:
        found.append(
            (
                "forced row security",
                f"ALTER TABLE ONLY {sql} FORCE ROW LEVEL SECURITY",
                f"ALTER TABLE ONLY {sql} NO FORCE ROW LEVEL SECURITY",
            )
        )
    if entry["replica_identity"] in _REPLICA_IDENTITY:
        alter = f"ALTER TABLE ONLY {sql} REPLICA IDENTITY"
        found.append(
            (
                "replica identity",
                f"{alter} {_REPLICA_IDENTITY[entry['replica_identity']]}",
                f"{alter} DEFAULT",
            )
        )
    return [
        CatalogObject(
            kind,
            f"{kind} of {entry['label']}",
            (there,),
            (f"table {entry['label']}",),
            "last",
            drop=(back,),
            replaces=True,
        )
        for kind, there, back in found
    ]


def _triggers(session: Session) -> list[dict[str, Any]]:
    return query.rows(
        session,
        f"""
        SELECT t.oid, t.tgname AS name, t.tgenabled AS enabled, r.sql, r.label,
               pg_catalog.pg_get_triggerdef(t.oid) AS definition
        FROM ({relations("rpfvm")}) AS r
        JOIN pg_catalog.pg_trigger t ON t.tgrelid = r.oid
        WHERE NOT t.tgisinternal
          AND NOT EXISTS (
              SELECT FROM pg_catalog.pg_depend d
              WHERE d.classid = 'pg_catalog.pg_trigger'::pg_catalog.regclass AND d.objid = t.oid
                AND d.refclassid = 'pg_catalog.pg_trigger'::pg_catalog.regclass
                AND d.deptype = 'P')
        ORDER BY t.tgrelid, t.tgname
        """,
    )


def _partition_switches(session: Session) -> list[dict[str, Any]]:
    return query.rows(
        session,
        f"""
        WITH RECURSIVE share AS (
            SELECT d.objid AS oid, d.refobjid AS parent, d.refobjid AS root
            FROM pg_catalog.pg_depend d
            WHERE d.classid = 'pg_catalog.pg_trigger'::pg_catalog.regclass
              AND d.refclassid = 'pg_catalog.pg_trigger'::pg_catalog.regclass AND d.deptype = 'P'
            UNION
            SELECT share.oid, share.parent, d.refobjid FROM share
            JOIN pg_catalog.pg_depend d
              ON d.classid = 'pg_catalog.pg_trigger'::pg_catalog.regclass AND d.objid = share.root
             AND d.refclassid = 'pg_catalog.pg_trigger'::pg_catalog.regclass AND d.deptype = 'P'
        )
        SELECT t.tgname AS name, t.tgenabled AS enabled, whole.tgenabled AS whole, r.sql, r.label,
               n.nspname || '.' || c.relname AS root
        FROM share
        JOIN pg_catalog.pg_trigger t ON t.oid = share.oid
        JOIN pg_catalog.pg_trigger whole ON whole.oid = share.root
        JOIN pg_catalog.pg_class c ON c.oid = whole.tgrelid
        JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
        JOIN ({relations("rp")}) AS r ON r.oid = t.tgrelid
        WHERE t.tgenabled <> whole.tgenabled AND NOT EXISTS (
            SELECT FROM pg_catalog.pg_depend d
            WHERE d.classid = 'pg_catalog.pg_trigger'::pg_catalog.regclass AND d.objid = whole.oid
              AND d.refclassid = 'pg_catalog.pg_trigger'::pg_catalog.regclass AND d.deptype = 'P')
        ORDER BY t.oid
        """,
    )


def _rules(session: Session) -> list[dict[str, Any]]:
    return query.rows(
        session,
        f"""
        SELECT w.oid, w.rulename AS name, w.ev_enabled AS enabled, r.sql, r.label,
               pg_catalog.pg_get_ruledef(w.oid) AS definition
        FROM ({relations("rpfvm")}) AS r
        JOIN pg_catalog.pg_rewrite w ON w.ev_class = r.oid
        WHERE w.rulename <> '_RETURN'
        ORDER BY w.ev_class, w.rulename
        """,
    )


def _policies(session: Session) -> list[dict[str, Any]]:
    return query.rows(
        session,
        f"""
        SELECT p.oid, p.polname AS name, p.polcmd AS command, p.polpermissive AS permissive,
               r.sql, r.label,
               ARRAY(SELECT CASE role WHEN 0 THEN 'PUBLIC'
                            ELSE pg_catalog.quote_ident(pg_catalog.pg_get_userbyid(role)) END
                     FROM pg_catalog.unnest(p.polroles) AS role ORDER BY 1) AS roles,
               pg_catalog.pg_get_expr(p.polqual, p.polrelid) AS using,
               pg_catalog.pg_get_expr(p.polwithcheck, p.polrelid) AS check
        FROM ({relations("rp")}) AS r
        JOIN pg_catalog.pg_policy p ON p.polrelid = r.oid
        ORDER BY p.polrelid, p.polname
        """,
    )


def _extended_statistics(session: Session) -> list[dict[str, Any]]:
    return query.rows(
        session,
        f"""
        SELECT s.oid, pg_catalog.pg_get_statisticsobjdef(s.oid) AS definition,
               (pg_catalog.to_json(s)->>'stxstattarget')::pg_catalog.int4 AS target,
               n.nspname AS schema, s.stxname AS name, {labelled("n", "s.stxname")} AS label,
               {quoted("n", "s.stxname")} AS sql
        FROM pg_catalog.pg_statistic_ext s
        JOIN pg_catalog.pg_namespace n ON n.oid = s.stxnamespace
        WHERE {own("s")} AND {lasting("n")}
        ORDER BY s.oid
        """,
    )


def _settings(session: Session) -> list[dict[str, Any]]:
    return query.rows(
        session,
        f"""
        SELECT r.sql, r.label, c.relrowsecurity AS row_security, c.relforcerowsecurity AS forced,
               c.relreplident AS replica_identity
        FROM ({relations("rp")}) AS r
        JOIN pg_catalog.pg_class c ON c.oid = r.oid
        WHERE c.relrowsecurity OR c.relforcerowsecurity OR c.relreplident IN ('n', 'f')
        ORDER BY c.oid
        """,
    )
