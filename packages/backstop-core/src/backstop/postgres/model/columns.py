"""Columns of tables, their settings, and their defaults, which are objects of their own."""

from __future__ import annotations

from typing import Any

from backstop.postgres import query, quoting
from backstop.postgres.model import spelling
from backstop.postgres.model.catalog import address, relations
from backstop.postgres.objects import CatalogObject
from backstop.session import Session

INHERITED = "INHERITED"
"""The end of the definition of a column that a child has from its parents alone."""

_STORAGE = {"p": "PLAIN", "e": "EXTERNAL", "m": "MAIN", "x": "EXTENDED"}
_COMPRESSION = {"p": "pglz", "l": "lz4"}


def in_table(column: dict[str, Any], *, typed: bool, merged: bool) -> str:
    """Return a column as CREATE TABLE lists it; empty where a typed table has it anyway."""
    name = quoting.identifier(column["name"])
    not_null = _not_null(column)
    if typed:
        return f"{name} WITH OPTIONS {not_null}" if not_null else ""
    options = spelling.options(spelling.pairs(column["foreign_options"])).strip()
    # Several parents that have the column may differ in their defaults; its own comes later.
    differ = merged and column["default_of_parent"] and not column["generated"]
    default = "DEFAULT NULL" if differ else ""
    return " ".join(filter(None, (name, column["type"], options, _rest(column), default, not_null)))


def in_stand_in(column: dict[str, Any]) -> str:
    """Return a column as one whose place alone matters is listed."""
    name = quoting.identifier(column["name"])
    return " ".join(filter(None, (name, column["type"], _rest(column))))


def stored_alike(table: str, column: dict[str, Any]) -> list[str]:
    """Return what stores a table's column as another one's of that name is stored."""
    return [
        f"ALTER TABLE {table} ALTER COLUMN {quoting.identifier(column['name'])} {there}"
        for kind, there, _ in _settings(column)
        if kind == "storage"
    ]


def _not_null(column: dict[str, Any]) -> str:
    if not column["not_null"]:
        return ""
    if not column["not_null_name"]:
        return "NOT NULL"
    if not column["not_null_listed"]:
        # Rows that are there may break it, so that it is added later; or a parent brings it along.
        return ""
    only_here = " NO INHERIT" if column["not_null_only_here"] else ""
    return f"CONSTRAINT {quoting.identifier(column['not_null_name'])} NOT NULL{only_here}"


def definition(column: dict[str, Any], *, inherited: bool) -> str:
    """Return what a column is besides its name: what can't be changed without its values."""
    origin = INHERITED if inherited else ""
    return " ".join(filter(None, (column["type"], _rest(column), origin)))


def _rest(column: dict[str, Any]) -> str:
    text = f"COLLATE {column['collation']}" if column["collation"] else ""
    if column["generated"]:
        stored = " STORED" if column["generated"] == "s" else ""
        text += f" GENERATED ALWAYS AS ({column['expression']}){stored}"
    return text.strip()


def after_table(table: dict[str, Any], column: dict[str, Any]) -> list[str]:
    """Return the settings of a column that CREATE TABLE can't make."""
    found = [f"{_alter(table, column, kind)} {there}" for kind, there, _ in _settings(column)]
    of_parent = column["default_of_parent"] and not table["bound"]
    if of_parent and not (column["has_default"] or column["generated"]):
        # A parent's default would be its own from now on.
        found.append(f"{_alter(table, column, 'default')} DROP DEFAULT")
    return found


def settings(table: dict[str, Any], column: dict[str, Any]) -> list[CatalogObject]:
    """Return what ALTER COLUMN may change of a column without touching its values."""
    within = f"table {table['label']}"
    found = _settings(column)
    if column["not_null"] and not column["not_null_name"]:
        found.append(("not null", "SET NOT NULL", "DROP NOT NULL"))
    for name, value in spelling.pairs(column["foreign_options"]):
        option = quoting.identifier(name)
        found.append(
            (
                f"foreign option {name}",
                f"OPTIONS (ADD {option} {quoting.literal(value)})",
                f"OPTIONS (DROP {option})",
            )
        )
    return [
        CatalogObject(
            kind,
            f"{kind} of {table['label']}.{column['name']}",
            (f"{_alter(table, column, kind)} {there}",),
            (within,),
            drop=(f"{_alter(table, column, kind)} {back}",),
            replaces=not kind.startswith(("options", "foreign option ")),
            within=within,
        )
        for kind, there, back in found
    ]


def _alter(table: dict[str, Any], column: dict[str, Any], kind: str) -> str:
    # Partitions can't do without what the table as a whole has.
    only = "" if table["kind"] == "p" and kind == "not null" else "ONLY "
    return f"ALTER TABLE {only}{table['sql']} ALTER COLUMN {quoting.identifier(column['name'])}"


def _settings(column: dict[str, Any]) -> list[tuple[str, str, str]]:
    """Return kind, statement and the statement that takes it back, of each setting."""
    found = []
    if column["storage"] != column["type_storage"]:
        usual = _STORAGE[column["type_storage"]]
        found.append(
            ("storage", f"SET STORAGE {_STORAGE[column['storage']]}", f"SET STORAGE {usual}")
        )
    if column["compression"]:
        method = _COMPRESSION[column["compression"]]
        found.append(("compression", f"SET COMPRESSION {method}", "SET COMPRESSION default"))
    if column["statistics"] is not None and column["statistics"] >= 0:
        target = f"SET STATISTICS {column['statistics']}"
        found.append(("statistics target", target, "SET STATISTICS -1"))
    if column["options"]:
        names = ", ".join(option.split("=")[0] for option in column["options"])
        found.append(("options", f"SET ({', '.join(column['options'])})", f"RESET ({names})"))
    return found


def read_columns(session: Session, version: int) -> list[dict[str, Any]]:
    """Return the columns of all tables, in their order."""
    # Since version 18 NOT NULL is a constraint, with a name that a dump shows when it isn't the
    # default one.
    named, listed, only_here = (
        ("n.conname", "n.convalidated AND (n.conislocal OR c.relispartition)", "n.connoinherit")
        if version >= 180000
        else ("NULL", "NULL", "NULL")
    )
    joined = (
        "LEFT JOIN pg_catalog.pg_constraint n ON n.conrelid = a.attrelid AND n.contype = 'n' "
        "AND n.conkey = ARRAY[a.attnum]"
        if version >= 180000
        else ""
    )
    compression = "NULLIF(a.attcompression, '')" if version >= 140000 else "NULL"
    return query.rows(
        session,
        f"""
        SELECT r.oid, a.attnum AS number, a.attname AS name, a.attislocal AS local,
               EXISTS (SELECT FROM pg_catalog.pg_inherits i
                       JOIN pg_catalog.pg_attribute p ON p.attrelid = i.inhparent
                       WHERE i.inhrelid = a.attrelid AND p.attname = a.attname AND p.atthasdef)
                   AS default_of_parent,
               pg_catalog.format_type(a.atttypid, a.atttypmod) AS type,
               CASE WHEN a.attcollation <> t.typcollation
                    THEN a.attcollation::pg_catalog.regcollation::pg_catalog.text END AS collation,
               a.attnotnull AS not_null, {named} AS not_null_name,
               {listed} AS not_null_listed, {only_here} AS not_null_only_here,
               a.atthasdef AS has_default,
               a.attgenerated AS generated,
               CASE WHEN a.attgenerated <> ''
                    THEN pg_catalog.pg_get_expr(d.adbin, d.adrelid) END AS expression,
               a.attstorage AS storage, t.typstorage AS type_storage,
               {compression} AS compression, a.attstattarget AS statistics,
               a.attoptions AS options, a.attfdwoptions AS foreign_options
        FROM ({relations("rpf")}) AS r
        JOIN pg_catalog.pg_class c ON c.oid = r.oid
        JOIN pg_catalog.pg_attribute a ON a.attrelid = r.oid
        JOIN pg_catalog.pg_type t ON t.oid = a.atttypid
        LEFT JOIN pg_catalog.pg_attrdef d ON d.adrelid = a.attrelid AND d.adnum = a.attnum
        {joined}
        WHERE a.attnum > 0 AND NOT a.attisdropped
        ORDER BY r.oid, a.attnum
        """,
    )


def read(session: Session, version: int) -> list[CatalogObject]:  # noqa: ARG001
    """Return the defaults of the columns of tables and views."""
    found = query.rows(
        session,
        f"""
        SELECT d.oid, r.word, r.sql, r.label, a.attname AS column,
               pg_catalog.pg_get_expr(d.adbin, d.adrelid) AS expression
        FROM ({relations("rpfv")}) AS r
        JOIN pg_catalog.pg_attrdef d ON d.adrelid = r.oid
        JOIN pg_catalog.pg_attribute a ON a.attrelid = d.adrelid AND a.attnum = d.adnum
        WHERE a.attgenerated = ''
        ORDER BY r.oid, d.adnum
        """,
    )
    objects = []
    for entry in found:
        only = "ONLY " if entry["word"] == "TABLE" else ""
        alter = (
            f"ALTER {entry['word']} {only}{entry['sql']} ALTER COLUMN "
            f"{quoting.identifier(entry['column'])}"
        )
        objects.append(
            CatalogObject(
                "default",
                f"default of {entry['label']}.{entry['column']}",
                (f"{alter} SET DEFAULT {entry['expression']}",),
                drop=(f"{alter} DROP DEFAULT",),
                replaces=True,
                address=address("pg_attrdef", entry["oid"]),
            )
        )
    return objects
