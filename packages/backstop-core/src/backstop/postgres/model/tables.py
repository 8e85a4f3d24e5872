"""Tables, foreign ones too: what CREATE TABLE has to say, and how partitions hang together."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from backstop.postgres import query, quoting
from backstop.postgres.model import columns, spelling
from backstop.postgres.model.catalog import address, relations
from backstop.postgres.model.column_order import Order, keep_order
from backstop.postgres.model.withholding import sort_options
from backstop.postgres.objects import CatalogObject, Part
from backstop.session import Session

KINDS = "rpf"

_PERSISTENCE = {"p": "", "u": "UNLOGGED "}


def read(session: Session, version: int) -> list[CatalogObject]:
    """Return the tables, with their columns, and without defaults, keys, indexes and rows."""
    found = columns.read_columns(session, version)
    by_table: dict[int, list[dict[str, Any]]] = {}
    for column in found:
        by_table.setdefault(column["oid"], []).append(column)
    objects = []
    for table in _tables(session):
        own = by_table.get(table["oid"], [])
        of_parents = [by_table.get(parent["oid"], []) for parent in _inherited_from(table)]
        order = keep_order(table, own, of_parents, version)
        item, *withheld = _with_options(_table(table, own, order), table)
        objects.append(replace(item, ddl=(*order.before, *item.ddl, *order.after)))
        objects += withheld
        objects += [item for column in own for item in columns.settings(table, column)]
        objects += _settings(table)
        if table["bound"]:
            objects.append(_partition(table))
    return objects


def _inherited_from(table: dict[str, Any]) -> list[dict[str, Any]]:
    # A partition has all of its own, and is attached later.
    return [] if table["bound"] else table["parents"]


def _table(table: dict[str, Any], found: list[dict[str, Any]], order: Order) -> CatalogObject:
    parents = [parent["sql"] for parent in _inherited_from(table)]
    foreign = table["kind"] == "f"
    typed = table["of_type"]
    own = [
        column
        for column in found
        if (column["local"] or not parents) and column["name"] not in order.generated
    ]
    merged = len(parents) > 1
    listed = [columns.in_table(column, typed=bool(typed), merged=merged) for column in own]
    listed = [text for text in listed if text]
    persistence = _PERSISTENCE[table["persistence"]]
    start = f"CREATE {'FOREIGN ' if foreign else persistence}TABLE {table['sql']}"
    if typed:
        start += f" OF {typed}"
    end = ""
    if foreign:
        end += f" SERVER {quoting.identifier(table['server'])}"
    if table["partition_key"]:
        end += f" PARTITION BY {table['partition_key']}"
    if table["access_method"] not in (None, "heap"):
        end += f" USING {quoting.identifier(table['access_method'])}"
    options = f" WITH ({', '.join(table['options'])})" if table["options"] else ""
    place = f" TABLESPACE {quoting.identifier(table['tablespace'])}" if table["tablespace"] else ""
    body = f" ({', '.join(listed)})" if listed or not typed else ""
    settings = [text for column in found for text in columns.after_table(table, column)]
    return CatalogObject(
        "table",
        f"table {table['label']}",
        (f"{start}{body}{_inherits((*order.parents, *parents))}{end}{options}{place}", *settings),
        _checks(table) if parents else (),
        drop=(f"DROP {table['word']} {table['sql']}",),
        address=address("pg_class", table["oid"]),
        target=f"{table['word']} {table['sql']}",
        schema=table["schema"],
        name=table["name"],
        parts=tuple(
            Part(
                column["number"],
                column["name"],
                columns.definition(column, inherited=bool(parents) and not column["local"]),
            )
            for column in found
        ),
        definition=(start.replace("UNLOGGED ", "") + _inherits(parents) + end,),
    )


def _inherits(parents: Sequence[str]) -> str:
    return f" INHERITS ({', '.join(parents)})" if parents else ""


def _with_options(item: CatalogObject, table: dict[str, Any]) -> list[CatalogObject]:
    """Return a table with the options of a foreign one, and then those that may be secret."""
    saved, withheld = sort_options(table["foreign_options"], item)
    create, *settings = item.ddl
    definition = tuple(text + spelling.options(saved) for text in item.compared)
    ddl = (create + spelling.options(saved), *settings)
    return [replace(item, ddl=ddl, definition=definition), *withheld]


def _settings(table: dict[str, Any]) -> list[CatalogObject]:
    """Return what ALTER TABLE may change of the table as a whole."""
    within = f"table {table['label']}"
    found = []
    if table["persistence"] == "u":
        found.append(("persistence", "SET UNLOGGED", "SET LOGGED"))
    if table["options"]:
        names = ", ".join(option.split("=")[0] for option in table["options"])
        found.append(
            ("storage options", f"SET ({', '.join(table['options'])})", f"RESET ({names})")
        )
    if table["tablespace"]:
        place = quoting.identifier(table["tablespace"])
        found.append(("tablespace", f"SET TABLESPACE {place}", "SET TABLESPACE pg_default"))
    return [
        CatalogObject(
            kind,
            f"{kind} of {table['label']}",
            (f"ALTER TABLE {table['sql']} {there}",),
            (within,),
            drop=(f"ALTER TABLE {table['sql']} {back}",),
            replaces=kind != "storage options",
            within=within,
        )
        for kind, there, back in found
    ]


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
        drop=(f"ALTER TABLE {parent['sql']} DETACH PARTITION {table['sql']}",),
    )


def _checks(table: dict[str, Any]) -> tuple[str, ...]:
    # A child takes its parent's CHECKs over when it is made or attached, not afterwards.
    return tuple(f"constraint {name}" for name in table["parent_checks"])


def _tables(session: Session) -> list[dict[str, Any]]:
    return query.rows(
        session,
        f"""
        SELECT r.*, c.relpersistence AS persistence, am.amname AS access_method,
               (SELECT spcname FROM pg_catalog.pg_tablespace s WHERE s.oid = c.reltablespace)
                   AS tablespace,
               CASE WHEN c.reloftype <> 0
                    THEN pg_catalog.format_type(c.reloftype, NULL) END AS of_type,
               ARRAY(SELECT pg_catalog.unnest(c.reloptions)
                     UNION ALL
                     SELECT 'toast.' || option FROM pg_catalog.unnest(toast.reloptions) AS option
               ) AS options,
               server.srvname AS server, ft.ftoptions AS foreign_options,
               CASE c.relkind WHEN 'p' THEN pg_catalog.pg_get_partkeydef(c.oid) END
                   AS partition_key,
               CASE WHEN c.relispartition
                    THEN pg_catalog.pg_get_expr(c.relpartbound, c.oid) END AS bound,
               ARRAY(SELECT pg_catalog.json_build_object(
                         'oid', p.oid,
                         'sql', i.inhparent::pg_catalog.regclass::pg_catalog.text,
                         'label', pn.nspname || '.' || p.relname)
                     FROM pg_catalog.pg_inherits i
                     JOIN pg_catalog.pg_class p ON p.oid = i.inhparent
                     JOIN pg_catalog.pg_namespace pn ON pn.oid = p.relnamespace
                     WHERE i.inhrelid = c.oid ORDER BY i.inhseqno) AS parents,
               CASE WHEN c.relispartition THEN
                   ARRAY(SELECT 'constraint ' || r.label || '.' || conname
                         FROM pg_catalog.pg_constraint
                         WHERE contype IN ('c', 'p', 'u', 'x') AND conrelid = c.oid
                         UNION ALL
                         SELECT 'index ' || r.schema || '.' || x.relname
                         FROM pg_catalog.pg_index i
                         JOIN pg_catalog.pg_class x ON x.oid = i.indexrelid
                         WHERE i.indrelid = c.oid AND NOT EXISTS (
                             SELECT FROM pg_catalog.pg_constraint con
                             WHERE con.conindid = x.oid AND con.conrelid = c.oid
                               AND con.contype IN ('p', 'u', 'x'))
                         UNION ALL
                         -- Only with all its own partitions is an index valid, and found.
                         SELECT 'partition of ' || coalesce(
                             'constraint ' || xn.nspname || '.' || xt.relname || '.' || con.conname,
                             'index ' || xn.nspname || '.' || x.relname)
                         FROM pg_catalog.pg_index i
                         JOIN pg_catalog.pg_inherits h ON h.inhparent = i.indexrelid
                         JOIN pg_catalog.pg_class x ON x.oid = h.inhrelid
                         JOIN pg_catalog.pg_namespace xn ON xn.oid = x.relnamespace
                         JOIN pg_catalog.pg_index xi ON xi.indexrelid = x.oid
                         JOIN pg_catalog.pg_class xt ON xt.oid = xi.indrelid
                         LEFT JOIN pg_catalog.pg_constraint con
                           ON con.conindid = x.oid AND con.conrelid = xt.oid
                          AND con.contype IN ('p', 'u', 'x')
                         WHERE i.indrelid = c.oid) END AS own_keys,
               ARRAY(WITH RECURSIVE ancestor (oid) AS (
                         SELECT inhparent FROM pg_catalog.pg_inherits WHERE inhrelid = c.oid
                         UNION
                         SELECT i.inhparent FROM pg_catalog.pg_inherits i
                         JOIN ancestor ON ancestor.oid = i.inhrelid)
                     SELECT pn.nspname || '.' || p.relname || '.' || con.conname
                     FROM ancestor
                     JOIN pg_catalog.pg_class p ON p.oid = ancestor.oid
                     JOIN pg_catalog.pg_namespace pn ON pn.oid = p.relnamespace
                     JOIN pg_catalog.pg_constraint con
                       ON con.conrelid = p.oid AND con.contype = 'c' AND NOT con.connoinherit
                      AND (con.convalidated OR p.relkind = 'p')) AS parent_checks
        FROM ({relations(KINDS)}) AS r
        JOIN pg_catalog.pg_class c ON c.oid = r.oid
        LEFT JOIN pg_catalog.pg_am am ON am.oid = c.relam
        LEFT JOIN pg_catalog.pg_class toast ON toast.oid = c.reltoastrelid
        LEFT JOIN pg_catalog.pg_foreign_table ft ON ft.ftrelid = c.oid
        LEFT JOIN pg_catalog.pg_foreign_server server ON server.oid = ft.ftserver
        ORDER BY c.oid
        """,
    )
