"""Enums, composite types, ranges and base types: all that is no domain and no table's row.

A type that needs functions which take it themselves exists twice, first as a shell: see
:func:`_shell`.
"""

from __future__ import annotations

from typing import Any

from backstop.postgres import query, quoting
from backstop.postgres.model.catalog import address, lasting, own
from backstop.postgres.model.spelling import by_oid, clause, labelled, quoted, routine_name
from backstop.postgres.objects import CatalogObject, Part
from backstop.session import Session

_ALIGNMENT = {"c": "char", "s": "int2", "i": "int4", "d": "double"}
_STORAGE = {"p": "plain", "e": "external", "x": "extended", "m": "main"}

# Ranges of ranges have a name and a type of their own since this version.
_MULTIRANGES = 140000
_SUBSCRIPTS = 140000


def read(session: Session, version: int) -> list[CatalogObject]:
    """Return what creates the types."""
    bases = _bases(session, version)
    found = [
        *(_enum(entry) for entry in _enums(session)),
        *(_composite(entry) for entry in _composites(session)),
        *(item for entry in _ranges(session, version) for item in _range(entry)),
        *(item for entry in bases for item in _base(entry)),
    ]
    return [*by_oid(found), *(_settings(entry) for entry in bases if entry["defined"])]


def shell_of(identity: str) -> str:
    """Return the identity of the shell that comes before a type of that identity."""
    return f"shell {identity}"


def _type(
    entry: dict[str, Any],
    ddl: str,
    parts: tuple[Part, ...] = (),
    definition: str | None = None,
    depends_on: tuple[str, ...] = (),
) -> CatalogObject:
    return CatalogObject(
        "type",
        f"type {entry['label']}",
        (ddl,),
        depends_on,
        drop=(f"DROP TYPE {entry['sql']}",),
        address=address("pg_type", entry["oid"]),
        target=f"TYPE {entry['sql']}",
        schema=entry["schema"],
        name=entry["name"],
        parts=parts,
        definition=None if definition is None else (definition,),
    )


def _shell(entry: dict[str, Any]) -> CatalogObject:
    """Return what makes a type known to the functions that it is defined by.

    Where both exist, they share an address: a function that the type needs can only need the
    shell, and everything else needs the type.
    """
    return CatalogObject(
        "shell type",
        shell_of(f"type {entry['label']}"),
        (f"CREATE TYPE {entry['sql']}",),
        drop=(f"DROP TYPE {entry['sql']}",),
        address=address("pg_type", entry["oid"]),
        schema=entry["schema"],
        name=entry["name"],
    )


def _enum(entry: dict[str, Any]) -> CatalogObject:
    create = f"CREATE TYPE {entry['sql']} AS ENUM"
    labels = ", ".join(quoting.literal(part["name"]) for part in entry["parts"])
    parts = tuple(Part(**part) for part in entry["parts"])
    return _type(entry, f"{create} ({labels})", parts, create)


def _composite(entry: dict[str, Any]) -> CatalogObject:
    create = f"CREATE TYPE {entry['sql']} AS"
    attributes = ", ".join(
        f"{quoting.identifier(part['name'])} {part['definition']}" for part in entry["parts"]
    )
    parts = tuple(Part(**part) for part in entry["parts"])
    return _type(entry, f"{create} ({attributes})", parts, create)


def _range(entry: dict[str, Any]) -> list[CatalogObject]:
    settings = clause(
        [
            ("SUBTYPE", entry["subtype"]),
            ("SUBTYPE_OPCLASS", entry["operator_class"]),
            ("COLLATION", entry["collation"]),
            ("CANONICAL", entry["canonical"]),
            ("SUBTYPE_DIFF", entry["difference"]),
            ("MULTIRANGE_TYPE_NAME", entry["multirange"]),
        ]
    )
    create = f"CREATE TYPE {entry['sql']} AS RANGE {settings}"
    if entry["canonical"] is None:
        return [_type(entry, create)]
    shell = _shell(entry)
    return [shell, _type(entry, create, depends_on=(shell.identity,))]


def _base(entry: dict[str, Any]) -> list[CatalogObject]:
    shell = _shell(entry)
    if not entry["defined"]:
        return [shell]
    length = "VARIABLE" if entry["length"] == -1 else str(entry["length"])
    fixed = [
        *((name, entry[name.lower()]) for name in ("INPUT", "OUTPUT")),
        ("INTERNALLENGTH", length),
        ("ALIGNMENT", _ALIGNMENT[entry["alignment"]]),
        ("CATEGORY", quoting.literal(entry["category"])),
        ("DELIMITER", quoting.literal(entry["delimiter"])),
        ("ELEMENT", entry["element"]),
        ("DEFAULT", None if entry["default"] is None else quoting.literal(entry["default"])),
        ("PASSEDBYVALUE", "true" if entry["by_value"] else None),
        ("PREFERRED", "true" if entry["preferred"] else None),
        ("COLLATABLE", "true" if entry["collatable"] else None),
    ]
    create = f"CREATE TYPE {entry['sql']}"
    ddl = f"{create} {clause([*fixed, *_alterable(entry)])}"
    definition = f"{create} {clause(fixed)}"
    return [shell, _type(entry, ddl, definition=definition, depends_on=(shell.identity,))]


def _alterable(entry: dict[str, Any]) -> list[tuple[str, str | None]]:
    """Return what ALTER TYPE may change, which the functions that each type has are not."""
    functions = ("RECEIVE", "SEND", "TYPMOD_IN", "TYPMOD_OUT", "ANALYZE", "SUBSCRIPT")
    return [
        *((name, entry[name.lower()]) for name in functions if name.lower() in entry),
        ("STORAGE", _STORAGE[entry["storage"]]),
    ]


def _settings(entry: dict[str, Any]) -> CatalogObject:
    within = f"type {entry['label']}"
    settings = clause((name, value or "NONE") for name, value in _alterable(entry))
    return CatalogObject(
        "type settings",
        f"settings of {within}",
        (f"ALTER TYPE {entry['sql']} SET {settings}",),
        (within,),
        replaces=True,
        within=within,
    )


_NAMED = f"""
    t.oid, n.nspname AS schema, t.typname AS name, {labelled("n", "t.typname")} AS label,
    {quoted("n", "t.typname")} AS sql
"""
_FROM = """
    FROM pg_catalog.pg_type t JOIN pg_catalog.pg_namespace n ON n.oid = t.typnamespace
"""
_OWN = f"{lasting('n')} AND {own('t')}"


def _enums(session: Session) -> list[dict[str, Any]]:
    return query.rows(
        session,
        f"""
        SELECT {_NAMED},
               COALESCE((
                   SELECT pg_catalog.json_agg(pg_catalog.json_build_object(
                              'number', label.oid::pg_catalog.int8, 'name', label.enumlabel,
                              'definition', '') ORDER BY label.enumsortorder)
                   FROM pg_catalog.pg_enum label WHERE label.enumtypid = t.oid), '[]') AS parts
        {_FROM} WHERE t.typtype = 'e' AND {_OWN}
        """,
    )


def _composites(session: Session) -> list[dict[str, Any]]:
    return query.rows(
        session,
        f"""
        SELECT {_NAMED},
               COALESCE((
                   SELECT pg_catalog.json_agg(pg_catalog.json_build_object(
                              'number', a.attnum, 'name', a.attname,
                              'definition', pg_catalog.format_type(a.atttypid, a.atttypmod)
                              || CASE WHEN a.attcollation <> base.typcollation
                                      THEN ' COLLATE ' || a.attcollation::pg_catalog.regcollation
                                      ELSE '' END) ORDER BY a.attnum)
                   FROM pg_catalog.pg_attribute a
                   JOIN pg_catalog.pg_type base ON base.oid = a.atttypid
                   WHERE a.attrelid = t.typrelid AND a.attnum > 0 AND NOT a.attisdropped),
                   '[]') AS parts
        {_FROM} JOIN pg_catalog.pg_class c ON c.oid = t.typrelid AND c.relkind = 'c'
        WHERE t.typtype = 'c' AND {_OWN}
        """,
    )


def _ranges(session: Session, version: int) -> list[dict[str, Any]]:
    multirange = (
        "pg_catalog.format_type(r.rngmultitypid, NULL)" if version >= _MULTIRANGES else "NULL"
    )
    return query.rows(
        session,
        f"""
        SELECT {_NAMED}, pg_catalog.format_type(r.rngsubtype, NULL) AS subtype,
               CASE WHEN NOT class.opcdefault
                    THEN {quoted("space", "class.opcname")} END AS operator_class,
               CASE WHEN r.rngcollation <> base.typcollation
                    THEN r.rngcollation::pg_catalog.regcollation::pg_catalog.text END AS collation,
               {routine_name("r.rngcanonical")} AS canonical,
               {routine_name("r.rngsubdiff")} AS difference, {multirange} AS multirange
        {_FROM} JOIN pg_catalog.pg_range r ON r.rngtypid = t.oid
        JOIN pg_catalog.pg_type base ON base.oid = r.rngsubtype
        JOIN pg_catalog.pg_opclass class ON class.oid = r.rngsubopc
        JOIN pg_catalog.pg_namespace space ON space.oid = class.opcnamespace
        WHERE {_OWN}
        """,
    )


def _bases(session: Session, version: int) -> list[dict[str, Any]]:
    subscript = f", {routine_name('t.typsubscript')} AS subscript" if version >= _SUBSCRIPTS else ""
    return query.rows(
        session,
        f"""
        SELECT {_NAMED}, t.typisdefined AS defined, t.typlen AS length, t.typbyval AS by_value,
               t.typalign AS alignment, t.typstorage AS storage, t.typcategory AS category,
               t.typispreferred AS preferred, t.typdelim AS delimiter, t.typdefault AS default,
               t.typcollation <> 0 AS collatable,
               CASE WHEN t.typelem <> 0 THEN pg_catalog.format_type(t.typelem, NULL) END AS element,
               {routine_name("t.typinput")} AS input, {routine_name("t.typoutput")} AS output,
               {routine_name("t.typreceive")} AS receive, {routine_name("t.typsend")} AS send,
               {routine_name("t.typmodin")} AS typmod_in,
               {routine_name("t.typmodout")} AS typmod_out,
               {routine_name("t.typanalyze")} AS analyze{subscript}
        {_FROM}
        WHERE (t.typtype = 'b' OR NOT t.typisdefined) AND {_OWN}
          AND NOT EXISTS (SELECT FROM pg_catalog.pg_type one WHERE one.typarray = t.oid)
        """,
    )
