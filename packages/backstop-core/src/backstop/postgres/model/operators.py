"""Operators, and the families and classes that say what an index may use them for."""

from __future__ import annotations

from collections import defaultdict
from typing import Any

from backstop.postgres import query
from backstop.postgres.model.catalog import address, lasting, own
from backstop.postgres.model.spelling import (
    clause,
    labelled,
    operator_name,
    operator_types,
    quoted,
    routine_identity,
    routine_name,
    routine_signature,
)
from backstop.postgres.objects import CatalogObject
from backstop.session import Session


def read(session: Session, version: int) -> list[CatalogObject]:  # noqa: ARG001
    """Return what creates the operators, then the operator families, then the classes."""
    members: dict[tuple[str, str], list[dict[str, Any]]] = defaultdict(list)
    for entry in _members(session):
        members[entry["catalog"], entry["holder"]].append(entry)
    return [
        *(_operator(entry) for entry in _operators(session)),
        *(
            _family(entry, members["pg_opfamily", entry["oid"]])
            for entry in _grouped(session, _FAMILIES)
        ),
        *(
            _class(entry, members["pg_opclass", entry["oid"]])
            for entry in _grouped(session, _CLASSES)
        ),
    ]


def _operator(entry: dict[str, Any]) -> CatalogObject:
    sides = (entry[side] and f"OPERATOR({entry[side]})" for side in ("commutator", "negator"))
    commutator, negator = sides
    settings = clause(
        [
            ("FUNCTION", entry["function"]),
            ("LEFTARG", entry["leftarg"]),
            ("RIGHTARG", entry["rightarg"]),
            ("COMMUTATOR", commutator),
            ("NEGATOR", negator),
            ("RESTRICT", entry["restrict"]),
            ("JOIN", entry["join"]),
            ("HASHES", "true" if entry["hashes"] else None),
            ("MERGES", "true" if entry["merges"] else None),
        ]
    )
    target = f"OPERATOR {entry['sql']} {entry['types']}"
    return CatalogObject(
        "operator",
        f"operator {entry['schema']}.{entry['name']} {entry['types']}",
        (f"CREATE OPERATOR {entry['sql']} {settings}",),
        drop=(f"DROP {target}",),
        address=address("pg_operator", entry["oid"]),
        target=target,
        schema=entry["schema"],
        name=entry["name"],
    )


def _family(entry: dict[str, Any], members: list[dict[str, Any]]) -> CatalogObject:
    # Members of no class would be lost with the family alone.
    target = f"OPERATOR FAMILY {entry['sql']} USING {entry['method']}"
    ddl = [f"CREATE {target}"]
    if members:
        ddl.append(f"ALTER {target} ADD {', '.join(_member(member) for member in members)}")
    return _group("operator family", entry, "pg_opfamily", target, ddl, members)


def _class(entry: dict[str, Any], members: list[dict[str, Any]]) -> CatalogObject:
    target = f"OPERATOR CLASS {entry['sql']} USING {entry['method']}"
    listed = [_member(member) for member in members]
    if entry["storage"] or not listed:
        listed.append(f"STORAGE {entry['storage'] or entry['type']}")
    create = (
        f"CREATE OPERATOR CLASS {entry['sql']} {'DEFAULT ' if entry['is_default'] else ''}"
        f"FOR TYPE {entry['type']} USING {entry['method']} FAMILY {entry['family']} "
        f"AS {', '.join(listed)}"
    )
    return _group("operator class", entry, "pg_opclass", target, [create], members)


def _group(
    kind: str,
    entry: dict[str, Any],
    catalog: str,
    target: str,
    ddl: list[str],
    members: list[dict[str, Any]],
) -> CatalogObject:
    return CatalogObject(
        kind,
        f"{kind} {entry['label']} USING {entry['method']}",
        tuple(ddl),
        # The server notes these at the members, which are no objects of their own.
        tuple(dict.fromkeys(need for member in members for need in member["needs"] if need)),
        drop=(f"DROP {target}",),
        address=address(catalog, entry["oid"]),
        target=target,
        schema=entry["schema"],
        name=entry["name"],
    )


def _member(entry: dict[str, Any]) -> str:
    if entry["kind"] == "FUNCTION":
        return f"FUNCTION {entry['number']} {entry['types']} {entry['sql']}"
    order = f" FOR ORDER BY {entry['sort_family']}" if entry["sort_family"] else ""
    return f"OPERATOR {entry['number']} {entry['sql']} {entry['types']}{order}"


def _operators(session: Session) -> list[dict[str, Any]]:
    # One that is only named, by a commutator that was never made, is none yet.
    return query.rows(
        session,
        f"""
        SELECT o.oid, n.nspname AS schema, o.oprname AS name,
               pg_catalog.quote_ident(n.nspname) || '.' || o.oprname AS sql,
               {operator_types("o")} AS types, {routine_name("o.oprcode")} AS function,
               CASE WHEN o.oprleft <> 0
                    THEN pg_catalog.format_type(o.oprleft, NULL) END AS leftarg,
               CASE WHEN o.oprright <> 0
                    THEN pg_catalog.format_type(o.oprright, NULL) END AS rightarg,
               {operator_name("o.oprcom")} AS commutator, {operator_name("o.oprnegate")} AS negator,
               {routine_name("o.oprrest")} AS restrict, {routine_name("o.oprjoin")} AS join,
               o.oprcanhash AS hashes, o.oprcanmerge AS merges
        FROM pg_catalog.pg_operator o
        JOIN pg_catalog.pg_namespace n ON n.oid = o.oprnamespace
        WHERE o.oprcode <> 0 AND {lasting("n")} AND {own("o")}
        ORDER BY o.oid
        """,
    )


_FAMILIES = f"""
    SELECT g.oid, n.nspname AS schema, g.opfname AS name, {labelled("n", "g.opfname")} AS label,
           {quoted("n", "g.opfname")} AS sql, pg_catalog.quote_ident(m.amname) AS method
    FROM pg_catalog.pg_opfamily g
    JOIN pg_catalog.pg_namespace n ON n.oid = g.opfnamespace
    JOIN pg_catalog.pg_am m ON m.oid = g.opfmethod
"""
_CLASSES = f"""
    SELECT g.oid, n.nspname AS schema, g.opcname AS name, {labelled("n", "g.opcname")} AS label,
           {quoted("n", "g.opcname")} AS sql, pg_catalog.quote_ident(m.amname) AS method,
           g.opcdefault AS is_default, pg_catalog.format_type(g.opcintype, NULL) AS type,
           CASE WHEN g.opckeytype <> 0
                THEN pg_catalog.format_type(g.opckeytype, NULL) END AS storage,
           {quoted("space", "f.opfname")} AS family
    FROM pg_catalog.pg_opclass g
    JOIN pg_catalog.pg_namespace n ON n.oid = g.opcnamespace
    JOIN pg_catalog.pg_am m ON m.oid = g.opcmethod
    JOIN pg_catalog.pg_opfamily f ON f.oid = g.opcfamily
    JOIN pg_catalog.pg_namespace space ON space.oid = f.opfnamespace
"""


def _grouped(session: Session, named: str) -> list[dict[str, Any]]:
    return query.rows(session, f"{named} WHERE {lasting('n')} AND {own('g')} ORDER BY g.oid")


def _members(session: Session) -> list[dict[str, Any]]:
    """Return what belongs to a class, or to a family alone, as pg_depend tells them apart."""
    operators = f"""
        SELECT d.refclassid, d.refobjid, 'OPERATOR' AS kind, a.amopstrategy AS number,
               {operator_name("o.oid")} AS sql, {operator_types("o")} AS types,
               (SELECT {quoted("space", "f.opfname")} FROM pg_catalog.pg_opfamily f
                JOIN pg_catalog.pg_namespace space ON space.oid = f.opfnamespace
                WHERE f.oid = a.amopsortfamily) AS sort_family,
               ARRAY['operator ' || {labelled("n", "o.oprname")} || ' ' || {operator_types("o")},
                     (SELECT 'operator family ' || {labelled("space", "f.opfname")}
                             || ' USING ' || pg_catalog.quote_ident(m.amname)
                      FROM pg_catalog.pg_opfamily f
                      JOIN pg_catalog.pg_namespace space ON space.oid = f.opfnamespace
                      JOIN pg_catalog.pg_am m ON m.oid = f.opfmethod
                      WHERE f.oid = a.amopsortfamily)] AS needs
        FROM pg_catalog.pg_depend d
        JOIN pg_catalog.pg_amop a ON a.oid = d.objid
        JOIN pg_catalog.pg_operator o ON o.oid = a.amopopr
        JOIN pg_catalog.pg_namespace n ON n.oid = o.oprnamespace
        WHERE d.classid = 'pg_catalog.pg_amop'::pg_catalog.regclass
    """
    functions = f"""
        SELECT d.refclassid, d.refobjid, 'FUNCTION', a.amprocnum,
               {routine_signature("a.amproc")},
               '(' || pg_catalog.format_type(a.amproclefttype, NULL) || ', '
               || pg_catalog.format_type(a.amprocrighttype, NULL) || ')', NULL,
               ARRAY[{routine_identity("a.amproc")}]
        FROM pg_catalog.pg_depend d
        JOIN pg_catalog.pg_amproc a ON a.oid = d.objid
        WHERE d.classid = 'pg_catalog.pg_amproc'::pg_catalog.regclass
    """
    return query.rows(
        session,
        f"""
        SELECT CASE member.refclassid WHEN 'pg_catalog.pg_opclass'::pg_catalog.regclass
                    THEN 'pg_opclass' ELSE 'pg_opfamily' END AS catalog,
               member.refobjid AS holder, member.kind, member.number, member.sql, member.types,
               member.sort_family, member.needs
        FROM ({operators} UNION ALL {functions}) AS member
        WHERE member.refclassid IN ('pg_catalog.pg_opclass'::pg_catalog.regclass,
                                    'pg_catalog.pg_opfamily'::pg_catalog.regclass)
        ORDER BY member.kind DESC, member.number, member.types
        """,
    )
