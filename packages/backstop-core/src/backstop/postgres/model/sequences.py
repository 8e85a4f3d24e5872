"""Sequences, those of identity columns and those that a column owns included."""

from __future__ import annotations

from typing import Any

from backstop.postgres import query, quoting
from backstop.postgres.model.catalog import address, relations
from backstop.postgres.model.spelling import labelled, quoted
from backstop.postgres.objects import CatalogObject
from backstop.session import Session

_GENERATED = {"a": "ALWAYS", "d": "BY DEFAULT"}
_MOST = {"smallint": 2**15 - 1, "integer": 2**31 - 1, "bigint": 2**63 - 1}


def read(session: Session, version: int) -> list[CatalogObject]:  # noqa: ARG001
    """Return what creates the sequences; where they stand isn't part of that."""
    objects = []
    for entry in _sequences(session):
        objects += _identity(entry) if entry["identity"] else _sequence(entry)
    return objects


def _identity(entry: dict[str, Any]) -> list[CatalogObject]:
    own = f"sequence {entry['label']}"
    alter = f"ALTER TABLE {entry['table']} ALTER COLUMN {quoting.identifier(entry['column'])}"
    generated = _GENERATED[entry["identity"]]
    return [
        CatalogObject(
            "identity",
            own,
            (
                f"{alter} ADD GENERATED {generated} AS IDENTITY "
                f"(SEQUENCE NAME {entry['sql']} START WITH {entry['seqstart']} "
                f"{_options(_by_type(entry))})",
            ),
            drop=(f"{alter} DROP IDENTITY",),
            definition=(f"{alter} ADD GENERATED AS IDENTITY",),
            **_common(entry),
        ),
        CatalogObject(
            "identity setting",
            f"generation of {own}",
            (f"{alter} SET GENERATED {generated}",),
            (own,),
            replaces=True,
            within=own,
        ),
        _settings(entry, own),
    ]


def _sequence(entry: dict[str, Any]) -> list[CatalogObject]:
    own = f"sequence {entry['label']}"
    unlogged = "UNLOGGED " if entry["persistence"] == "u" else ""
    objects = [
        CatalogObject(
            "sequence",
            own,
            (
                f"CREATE {unlogged}SEQUENCE {entry['sql']} AS {entry['type']} "
                f"START WITH {entry['seqstart']} {_options(entry)}",
            ),
            drop=(f"DROP SEQUENCE {entry['sql']}",),
            definition=(f"CREATE {unlogged}SEQUENCE {entry['sql']}",),
            **_common(entry),
        ),
        _settings(entry, own),
    ]
    if entry["table"]:
        objects.append(_column(entry, own))
    return objects


def _column(entry: dict[str, Any], own: str) -> CatalogObject:
    """Return what lets a column own a sequence, which only one with the owner of its table can."""
    alter = f"ALTER SEQUENCE {entry['sql']}"
    owned = f"{alter} OWNED BY {entry['table']}.{quoting.identifier(entry['column'])}"
    return CatalogObject(
        "sequence owner",
        f"column of {own}",
        (f"{alter} OWNED BY NONE", f"{alter} OWNER TO {entry['owner']}", owned),
        (own, f"table {entry['table_label']}", f"owner of table {entry['table_label']}"),
        "owners",
        drop=(f"{alter} OWNED BY NONE",),
        replaces=True,
        definition=(owned,),
    )


def _settings(entry: dict[str, Any], own: str) -> CatalogObject:
    kind = "" if entry["identity"] else f"AS {entry['type']} "
    alter = f"ALTER SEQUENCE {entry['sql']} {kind}START WITH {entry['seqstart']} {_options(entry)}"
    return CatalogObject(
        "sequence options",
        f"options of {own}",
        (_within_bounds(entry), alter),
        (own,),
        replaces=True,
        within=own,
        definition=(alter,),
    )


def _within_bounds(entry: dict[str, Any]) -> str:
    """Return what moves a sequence to where its bounds let it stand, if it stands elsewhere."""
    lowest, highest = entry["seqmin"], entry["seqmax"]
    return (
        f"SELECT pg_catalog.setval({quoting.literal(entry['sql'])}::pg_catalog.regclass, "
        f"LEAST(GREATEST(last_value, {lowest}), {highest}), is_called) "
        f"FROM {entry['sql']} WHERE last_value NOT BETWEEN {lowest} AND {highest}"
    )


def _common(entry: dict[str, Any]) -> dict[str, Any]:
    return {
        "address": address("pg_class", entry["oid"]),
        "target": f"SEQUENCE {entry['sql']}",
        "schema": entry["schema"],
        "name": entry["name"],
    }


def _options(entry: dict[str, Any]) -> str:
    cycle = "CYCLE" if entry["seqcycle"] else "NO CYCLE"
    lowest, highest = (
        f"NO {name}" if bound is None else f"{name} {bound}"
        for name, bound in (("MINVALUE", entry["seqmin"]), ("MAXVALUE", entry["seqmax"]))
    )
    return (
        f"INCREMENT BY {entry['seqincrement']} {lowest} {highest} CACHE {entry['seqcache']} {cycle}"
    )


def _by_type(entry: dict[str, Any]) -> dict[str, Any]:
    """Return it without the bounds of its type: the column may have got another one."""
    most = _MOST[entry["type"]]
    lowest = None if entry["seqmin"] == -most - 1 else entry["seqmin"]
    highest = None if entry["seqmax"] == most else entry["seqmax"]
    return {**entry, "seqmin": lowest, "seqmax": highest}


def _sequences(session: Session) -> list[dict[str, Any]]:
    return query.rows(
        session,
        f"""
        SELECT r.*, c.relpersistence AS persistence,
               pg_catalog.format_type(s.seqtypid, NULL) AS type,
               s.seqstart, s.seqincrement, s.seqmin, s.seqmax, s.seqcache, s.seqcycle,
               a.attidentity AS identity, a.attname AS column,
               pg_catalog.quote_ident(pg_catalog.pg_get_userbyid(t.relowner)) AS owner,
               {quoted("tn", "t.relname")} AS table, {labelled("tn", "t.relname")} AS table_label
        FROM ({relations("S")}) AS r
        JOIN pg_catalog.pg_class c ON c.oid = r.oid
        JOIN pg_catalog.pg_sequence s ON s.seqrelid = r.oid
        LEFT JOIN pg_catalog.pg_depend d
          ON d.classid = 'pg_catalog.pg_class'::pg_catalog.regclass AND d.objid = r.oid
         AND d.refclassid = 'pg_catalog.pg_class'::pg_catalog.regclass
         AND d.deptype IN ('a', 'i') AND d.refobjsubid > 0
        LEFT JOIN pg_catalog.pg_class t ON t.oid = d.refobjid
        LEFT JOIN pg_catalog.pg_namespace tn ON tn.oid = t.relnamespace
        LEFT JOIN pg_catalog.pg_attribute a ON a.attrelid = t.oid AND a.attnum = d.refobjsubid
        ORDER BY r.oid
        """,
    )
