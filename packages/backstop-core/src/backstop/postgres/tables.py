"""Tables and their columns: what CREATE TABLE has to say, and how partitions hang together."""

from __future__ import annotations

from typing import Any

from backstop.postgres import query, quoting
from backstop.postgres.objects import CatalogObject
from backstop.session import Session

_PERSISTENCE = {"p": "", "u": "UNLOGGED ", "t": "TEMPORARY "}


def definitions(session: Session, oids: list[int]) -> list[CatalogObject]:
    """Return what recreates the tables, without defaults, keys, indexes and rows."""
    columns = _columns(session, oids)
    objects = []
    for table in _tables(session, oids):
        objects.append(_table(table, [item for item in columns if item["oid"] == table["oid"]]))
        if table["bound"]:
            objects.append(_partition(table))
    return objects


def _table(table: dict[str, Any], columns: list[dict[str, Any]]) -> CatalogObject:
    inherits = table["parents"] and not table["bound"]
    # What a child inherits comes from its parents; a partition has it all and is attached later.
    own = [column for column in columns if column["local"] or not inherits]
    create = (
        f"CREATE {_PERSISTENCE[table['persistence']]}TABLE {table['sql']} ("
        + ", ".join(_column(column) for column in own)
        + ")"
    )
    if inherits:
        create += f" INHERITS ({', '.join(parent['sql'] for parent in table['parents'])})"
    if table["partition_key"]:
        create += f" PARTITION BY {table['partition_key']}"
    if table["access_method"] not in (None, "heap"):
        create += f" USING {quoting.identifier(table['access_method'])}"
    if table["options"]:
        create += f" WITH ({', '.join(table['options'])})"
    settings = [setting for column in columns for setting in _column_settings(table, column)]
    return CatalogObject(
        "table",
        f"table {table['label']}",
        (create, *settings),
        (*(f"table {parent['label']}" for parent in table["parents"]), *_checks(table))
        if inherits
        else (),
    )


def _partition(table: dict[str, Any]) -> CatalogObject:
    # Attached with its rows and keys in place, so that those of the parent find theirs.
    (parent,) = table["parents"]
    return CatalogObject(
        "partition",
        f"partition {table['label']}",
        (f"ALTER TABLE ONLY {parent['sql']} ATTACH PARTITION {table['sql']} {table['bound']}",),
        (
            f"table {table['label']}",
            f"table {parent['label']}",
            *table["own_keys"],
            *_checks(table),
        ),
        "after",
    )


def _checks(table: dict[str, Any]) -> list[str]:
    # A child takes its parent's CHECKs over when it is made or attached, not afterwards.
    return [f"constraint {name}" for name in table["parent_checks"]]


def _column(column: dict[str, Any]) -> str:
    text = f"{quoting.identifier(column['name'])} {column['type']}"
    if column["collation"]:
        text += f" COLLATE {column['collation']}"
    if column["generated"] == "s":
        text += f" GENERATED ALWAYS AS ({column['expression']}) STORED"
    if column["generated"] == "v":
        text += f" GENERATED ALWAYS AS ({column['expression']})"
    if column["not_null_name"]:
        text += f" CONSTRAINT {quoting.identifier(column['not_null_name'])}"
    if column["not_null"]:
        text += " NOT NULL"
    return text


def _column_settings(table: dict[str, Any], column: dict[str, Any]) -> list[str]:
    alter = f"ALTER TABLE ONLY {table['sql']} ALTER COLUMN {quoting.identifier(column['name'])}"
    settings = []
    if column["storage"]:
        settings.append(f"{alter} SET STORAGE {column['storage']}")
    if column["compression"]:
        settings.append(f"{alter} SET COMPRESSION {column['compression']}")
    if column["statistics"] is not None:
        settings.append(f"{alter} SET STATISTICS {column['statistics']}")
    if column["options"]:
        settings.append(f"{alter} SET ({', '.join(column['options'])})")
    return settings


def _tables(session: Session, oids: list[int]) -> list[dict[str, Any]]:
    return query.rows(
        session,
        f"""
        SELECT c.oid, c.oid::pg_catalog.regclass::pg_catalog.text AS sql,
               n.nspname || '.' || c.relname AS label,
               c.relpersistence AS persistence, am.amname AS access_method,
               ARRAY(SELECT pg_catalog.unnest(c.reloptions)
                     UNION ALL
                     SELECT 'toast.' || option FROM pg_catalog.unnest(toast.reloptions) AS option
               ) AS options,
               CASE c.relkind WHEN 'p' THEN pg_catalog.pg_get_partkeydef(c.oid) END
                   AS partition_key,
               CASE WHEN c.relispartition
                    THEN pg_catalog.pg_get_expr(c.relpartbound, c.oid) END AS bound,
               ARRAY(SELECT pg_catalog.json_build_object(
                         'sql', i.inhparent::pg_catalog.regclass::pg_catalog.text,
                         'label', pn.nspname || '.' || p.relname)
                     FROM pg_catalog.pg_inherits i
                     JOIN pg_catalog.pg_class p ON p.oid = i.inhparent
                     JOIN pg_catalog.pg_namespace pn ON pn.oid = p.relnamespace
                     WHERE i.inhrelid = c.oid ORDER BY i.inhseqno) AS parents,
               ARRAY(SELECT 'constraint ' || n.nspname || '.' || c.relname || '.' || conname
                     FROM pg_catalog.pg_constraint
                     WHERE contype IN ('c', 'p', 'u', 'x') AND conrelid = c.oid
                     UNION ALL
                     SELECT 'index ' || n.nspname || '.' || x.relname
                     FROM pg_catalog.pg_index i
                     JOIN pg_catalog.pg_class x ON x.oid = i.indexrelid
                     WHERE i.indrelid = c.oid) AS own_keys,
               ARRAY(SELECT pn.nspname || '.' || p.relname || '.' || con.conname
                     FROM pg_catalog.pg_inherits i
                     JOIN pg_catalog.pg_class p ON p.oid = i.inhparent
                     JOIN pg_catalog.pg_namespace pn ON pn.oid = p.relnamespace
                     JOIN pg_catalog.pg_constraint con
                       ON con.conrelid = p.oid AND con.contype = 'c'
                     WHERE i.inhrelid = c.oid) AS parent_checks
        FROM pg_catalog.pg_class c
        JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
        LEFT JOIN pg_catalog.pg_am am ON am.oid = c.relam
        LEFT JOIN pg_catalog.pg_class toast ON toast.oid = c.reltoastrelid
        WHERE c.oid = ANY ({quoting.oid_array(oids)})
        ORDER BY c.oid
        """,
    )


def _columns(session: Session, oids: list[int]) -> list[dict[str, Any]]:
    # Since version 18 NOT NULL is a constraint, with a name that a dump shows when it isn't the
    # default one.
    return query.rows(
        session,
        f"""
        SELECT a.attrelid AS oid, a.attname AS name, a.attislocal AS local,
               pg_catalog.format_type(a.atttypid, a.atttypmod) AS type,
               CASE WHEN a.attcollation <> t.typcollation
                    THEN a.attcollation::pg_catalog.regcollation::pg_catalog.text END AS collation,
               a.attnotnull AS not_null, n.conname AS not_null_name,
               a.attgenerated AS generated,
               CASE WHEN a.attgenerated <> ''
                    THEN pg_catalog.pg_get_expr(d.adbin, d.adrelid) END AS expression,
               CASE WHEN a.attstorage <> t.typstorage
                    THEN CASE a.attstorage WHEN 'p' THEN 'PLAIN' WHEN 'e' THEN 'EXTERNAL'
                         WHEN 'm' THEN 'MAIN' WHEN 'x' THEN 'EXTENDED' END END AS storage,
               CASE pg_catalog.to_json(a)->>'attcompression'
                    WHEN 'p' THEN 'pglz' WHEN 'l' THEN 'lz4' END AS compression,
               CASE WHEN a.attstattarget >= 0 THEN a.attstattarget END AS statistics,
               a.attoptions AS options
        FROM pg_catalog.pg_attribute a
        JOIN pg_catalog.pg_type t ON t.oid = a.atttypid
        LEFT JOIN pg_catalog.pg_attrdef d ON d.adrelid = a.attrelid AND d.adnum = a.attnum
        LEFT JOIN pg_catalog.pg_constraint n
          ON n.conrelid = a.attrelid AND n.contype = 'n' AND n.conkey = ARRAY[a.attnum]
        WHERE a.attrelid = ANY ({quoting.oid_array(oids)})
          AND a.attnum > 0 AND NOT a.attisdropped
        ORDER BY a.attrelid, a.attnum
        """,
    )
