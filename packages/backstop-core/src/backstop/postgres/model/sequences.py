"""Sequences, those of identity columns and those that a column owns included."""

from __future__ import annotations

from typing import Any

from backstop.postgres import query, quoting
from backstop.postgres.model.catalog import address, relations
from backstop.postgres.model.spelling import labelled, quoted
from backstop.postgres.objects import CatalogObject
from backstop.session import Session

_GENERATED = {"a": "ALWAYS", "d": "BY DEFAULT"}


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
                f"(SEQUENCE NAME {entry['sql']} START WITH {entry['seqstart']} {_options(entry)})",
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
    column = f"{entry['table']}.{quoting.identifier(entry['column'])}"
    owned = f"ALTER SEQUENCE {entry['sql']} OWNED BY {column}"
    # Both have to be of one owner: of whom the table is now, which may be us until all is back.
    who = (
        "SELECT relowner::pg_catalog.regrole FROM pg_catalog.pg_class "
        f"WHERE oid = {quoting.literal(entry['table'])}::pg_catalog.regclass"
    )
    given = f"'ALTER SEQUENCE %s OWNER TO %s', {quoting.literal(entry['sql'])}, ({who})"
    give = f"DO {quoting.literal(f'BEGIN EXECUTE pg_catalog.format({given}); END')}"
    return CatalogObject(
        "sequence owner",
        f"column of {own}",
        (give, owned),
        (own, f"table {entry['table_label']}"),
        drop=(f"ALTER SEQUENCE {entry['sql']} OWNED BY NONE",),
        replaces=True,
        definition=(owned,),
    )


def _settings(entry: dict[str, Any], own: str) -> CatalogObject:
    kind = "" if entry["identity"] else f"AS {entry['type']} "
    return CatalogObject(
        "sequence options",
        f"options of {own}",
        (f"ALTER SEQUENCE {entry['sql']} {kind}START WITH {entry['seqstart']} {_options(entry)}",),
        (own,),
        replaces=True,
        within=own,
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
    return (
        f"INCREMENT BY {entry['seqincrement']} MINVALUE {entry['seqmin']} "
        f"MAXVALUE {entry['seqmax']} CACHE {entry['seqcache']} {cycle}"
    )


def _sequences(session: Session) -> list[dict[str, Any]]:
    return query.rows(
        session,
        f"""
        SELECT r.*, c.relpersistence AS persistence,
               pg_catalog.format_type(s.seqtypid, NULL) AS type,
               s.seqstart, s.seqincrement, s.seqmin, s.seqmax, s.seqcache, s.seqcycle,
               a.attidentity AS identity, a.attname AS column,
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
