"""What acts when others change something: event triggers and publications.

Subscriptions are no objects here: they hold a password, and only a superuser may read them.
"""

from __future__ import annotations

from typing import Any

from backstop.postgres import query, quoting
from backstop.postgres.model.catalog import address, own
from backstop.postgres.model.spelling import clause, labelled, quoted, routine_name
from backstop.postgres.objects import CatalogObject
from backstop.session import Session

_ENABLED = {"D": "DISABLE", "R": "ENABLE REPLICA", "A": "ENABLE ALWAYS"}
_PUBLISHED = ("insert", "update", "delete", "truncate")

# Column lists, row filters and whole schemas in publications came with this version.
_FILTERED = 150000
_GENERATED_COLUMNS = 180000


def read(session: Session, version: int) -> list[CatalogObject]:
    """Return what creates the event triggers, the publications and what these publish."""
    found = [
        *(_event_trigger(entry) for entry in _event_triggers(session)),
        *(_publication(entry) for entry in _publications(session, version)),
        *(_published_table(entry) for entry in _published_tables(session, version)),
    ]
    if version >= _FILTERED:
        found += [_published_schema(entry) for entry in _published_schemas(session)]
    return found


def _event_trigger(entry: dict[str, Any]) -> CatalogObject:
    target = f"EVENT TRIGGER {entry['sql']}"
    tags = ", ".join(quoting.literal(tag) for tag in entry["tags"] or ())
    when = f" WHEN TAG IN ({tags})" if tags else ""
    ddl = [
        f"CREATE {target} ON {entry['event']}{when} EXECUTE FUNCTION {entry['function']}()",
    ]
    if entry["enabled"] in _ENABLED:
        ddl.append(f"ALTER {target} {_ENABLED[entry['enabled']]}")
    return CatalogObject(
        "event trigger",
        f"event trigger {entry['name']}",
        tuple(ddl),
        stage="last",
        drop=(f"DROP {target}",),
        address=address("pg_event_trigger", entry["oid"]),
        target=target,
        name=entry["name"],
    )


def _publication(entry: dict[str, Any]) -> CatalogObject:
    target = f"PUBLICATION {entry['sql']}"
    published = ", ".join(operation for operation in _PUBLISHED if entry[operation])
    settings = clause(
        [
            ("publish", quoting.literal(published)),
            ("publish_via_partition_root", "true" if entry["via_root"] else None),
            ("publish_generated_columns", "stored" if entry["generated"] == "s" else None),
        ]
    )
    everything = " FOR ALL TABLES" if entry["all_tables"] else ""
    return CatalogObject(
        "publication",
        f"publication {entry['name']}",
        (f"CREATE {target}{everything} WITH {settings}",),
        stage="last",
        drop=(f"DROP {target}",),
        address=address("pg_publication", entry["oid"]),
        target=target,
        name=entry["name"],
    )


def _published_table(entry: dict[str, Any]) -> CatalogObject:
    alter = f"ALTER PUBLICATION {entry['publication_sql']}"
    add = f"{alter} ADD TABLE ONLY {entry['sql']}"
    if entry["columns"]:
        add += f" ({', '.join(entry['columns'])})"
    if entry["filter"] is not None:
        add += f" WHERE ({entry['filter']})"
    return CatalogObject(
        "published table",
        f"table {entry['label']} in publication {entry['publication']}",
        (add,),
        (f"publication {entry['publication']}",),
        stage="last",
        drop=(f"{alter} DROP TABLE ONLY {entry['sql']}",),
        address=address("pg_publication_rel", entry["oid"]),
    )


def _published_schema(entry: dict[str, Any]) -> CatalogObject:
    alter = f"ALTER PUBLICATION {entry['publication_sql']}"
    return CatalogObject(
        "published schema",
        f"schema {entry['label']} in publication {entry['publication']}",
        (f"{alter} ADD TABLES IN SCHEMA {entry['sql']}",),
        (f"publication {entry['publication']}",),
        stage="last",
        drop=(f"{alter} DROP TABLES IN SCHEMA {entry['sql']}",),
        address=address("pg_publication_namespace", entry["oid"]),
    )


def _event_triggers(session: Session) -> list[dict[str, Any]]:
    return query.rows(
        session,
        f"""
        SELECT e.oid, e.evtname AS name, pg_catalog.quote_ident(e.evtname) AS sql,
               e.evtevent AS event, e.evttags AS tags, e.evtenabled AS enabled,
               {routine_name("e.evtfoid")} AS function
        FROM pg_catalog.pg_event_trigger e
        WHERE {own("e")}
        ORDER BY e.oid
        """,
    )


def _publications(session: Session, version: int) -> list[dict[str, Any]]:
    generated = "p.pubgencols" if version >= _GENERATED_COLUMNS else "NULL"
    return query.rows(
        session,
        f"""
        SELECT p.oid, p.pubname AS name, pg_catalog.quote_ident(p.pubname) AS sql,
               p.puballtables AS all_tables, p.pubinsert AS insert, p.pubupdate AS update,
               p.pubdelete AS delete, p.pubtruncate AS truncate, p.pubviaroot AS via_root,
               {generated} AS generated
        FROM pg_catalog.pg_publication p
        WHERE {own("p")}
        ORDER BY p.oid
        """,
    )


def _published_tables(session: Session, version: int) -> list[dict[str, Any]]:
    columns, filtered = "NULL", "NULL"
    if version >= _FILTERED:
        filtered = "pg_catalog.pg_get_expr(r.prqual, r.prrelid)"
        columns = """(
            SELECT pg_catalog.json_agg(pg_catalog.quote_ident(a.attname) ORDER BY listed.place)
            FROM pg_catalog.unnest(r.prattrs) WITH ORDINALITY AS listed(number, place)
            JOIN pg_catalog.pg_attribute a ON a.attrelid = r.prrelid AND a.attnum = listed.number)
        """
    return query.rows(
        session,
        f"""
        SELECT r.oid, p.pubname AS publication, pg_catalog.quote_ident(p.pubname)
                   AS publication_sql,
               {labelled("n", "c.relname")} AS label, {quoted("n", "c.relname")} AS sql,
               {columns} AS columns, {filtered} AS filter
        FROM pg_catalog.pg_publication_rel r
        JOIN pg_catalog.pg_publication p ON p.oid = r.prpubid
        JOIN pg_catalog.pg_class c ON c.oid = r.prrelid
        JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
        WHERE {own("r")}
        ORDER BY r.oid
        """,
    )


def _published_schemas(session: Session) -> list[dict[str, Any]]:
    return query.rows(
        session,
        f"""
        SELECT s.oid, p.pubname AS publication, pg_catalog.quote_ident(p.pubname)
                   AS publication_sql, n.nspname AS label, pg_catalog.quote_ident(n.nspname) AS sql
        FROM pg_catalog.pg_publication_namespace s
        JOIN pg_catalog.pg_publication p ON p.oid = s.pnpubid
        JOIN pg_catalog.pg_namespace n ON n.oid = s.pnnspid
        WHERE {own("s")}
        ORDER BY s.oid
        """,
    )
