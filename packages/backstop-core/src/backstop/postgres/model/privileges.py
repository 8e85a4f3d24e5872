"""Owners and grants of whatever has them, as they are."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from backstop.postgres import query, quoting
from backstop.postgres.code.summary import FIRST_OWN
from backstop.postgres.objects import CatalogObject
from backstop.session import Session

# Catalog, column of the owner, column of the grants, and the letter for the default grants.
# Schemas come first: who may not use one can't grant anything in it.
_OWNED = (
    ("pg_namespace", "nspowner", "nspacl", "'n'"),
    (
        "pg_class",
        "relowner",
        "relacl",
        "CASE relkind WHEN 'S' THEN 's'::\"char\" ELSE 'r'::\"char\" END",
    ),
    ("pg_type", "typowner", "typacl", "'T'"),
    ("pg_proc", "proowner", "proacl", "'f'"),
    ("pg_language", "lanowner", "lanacl", "'l'"),
    ("pg_foreign_data_wrapper", "fdwowner", "fdwacl", "'F'"),
    ("pg_foreign_server", "srvowner", "srvacl", "'S'"),
    ("pg_operator", "oprowner", None, None),
    ("pg_opclass", "opcowner", None, None),
    ("pg_opfamily", "opfowner", None, None),
    ("pg_collation", "collowner", None, None),
    ("pg_conversion", "conowner", None, None),
    ("pg_ts_config", "cfgowner", None, None),
    ("pg_ts_dict", "dictowner", None, None),
    ("pg_statistic_ext", "stxowner", None, None),
    ("pg_event_trigger", "evtowner", None, None),
    ("pg_publication", "pubowner", None, None),
)
GRANTABLE = [entry for entry in _OWNED if entry[2] is not None]
"""Those of the catalogs whose objects have grants."""

_GRANTED_AS = {
    "DOMAIN": "TYPE",
    "AGGREGATE": "FUNCTION",
    "VIEW": "TABLE",
    "MATERIALIZED VIEW": "TABLE",
    "FOREIGN TABLE": "TABLE",
    "SERVER": "FOREIGN SERVER",
    "PROCEDURAL LANGUAGE": "LANGUAGE",
}


def read(session: Session, owners: Mapping[str, CatalogObject]) -> list[CatalogObject]:
    """Return who owns what, and the grants on it, for the objects at these addresses."""
    columns: dict[str, list[dict[str, Any]]] = {}
    for entry in _column_grants(session):
        columns.setdefault(entry["address"], []).extend(
            {**grant, "column": entry["column"]} for grant in entry["grants"]
        )
    found = []
    for entry in _entries(session):
        item = owners.get(entry["address"])
        if item is None or item.kind == "index" or not item.target:
            continue
        if not entry["follows"]:
            found.append(owner_of(item, entry["owner"], entry["role"]))
        if entry["grants"] is not None:
            grants = entry["grants"] + columns.get(entry["address"], [])
            found.append(grants_on(item, entry["owner"], grants))
    return found


def owner_of(item: CatalogObject, owner: str, role: str) -> CatalogObject:
    """Return what gives an object to its owner."""
    return CatalogObject(
        "owner",
        f"owner of {item.identity}",
        (f"ALTER {item.target} OWNER TO {owner}",),
        (item.identity,),
        "owners",
        replaces=True,
        name=role,
    )


def grants_on(item: CatalogObject, owner: str, grants: list[dict[str, Any]]) -> CatalogObject:
    """Return what grants all that is granted on an object."""
    words = next((word for word in _GRANTED_AS if item.target.startswith(f"{word} ")), "")
    target = _GRANTED_AS[words] + item.target[len(words) :] if words else item.target
    if words == "AGGREGATE":
        # GRANT takes the types alone, as the identity has them.
        types = item.identity[len(f"aggregate {item.schema}.{item.name}") :]
        target = f"FUNCTION {quoting.qualified(item.schema, item.name)}{types}"
    grantees = dict.fromkeys(["PUBLIC", owner, *(grant["grantee"] for grant in grants)])
    ddl = [f"REVOKE ALL ON {target} FROM PUBLIC, {owner}"]
    for giver, given in _together(grants, owner).items():
        lines = [
            f"GRANT {', '.join(names)} ON {target} TO {grantee}"
            f"{' WITH GRANT OPTION' if grantable else ''}"
            for (grantee, grantable), names in given.items()
        ]
        ddl += lines if giver == owner else [f"SET LOCAL ROLE {giver}", *lines, "RESET ROLE"]
    return CatalogObject(
        "privileges",
        f"privileges of {item.identity}",
        tuple(ddl),
        (item.identity,),
        "owners" if item.kind == "schema" else "privileges",
        drop=tuple(f"REVOKE ALL ON {target} FROM {grantee} CASCADE" for grantee in grantees),
        replaces=False,
    )


def _together(
    grants: list[dict[str, Any]], owner: str
) -> dict[str, dict[tuple[str, bool], list[str]]]:
    """Return the privileges by who gave them, the owner first, and by who may use them how."""
    found: dict[str, dict[tuple[str, bool], list[str]]] = {}
    # A grant of somebody else's needs the right to give it, which a grant before gave.
    for grant in sorted(grants, key=lambda grant: grant["grantor"] != owner):
        given = found.setdefault(grant["grantor"], {})
        given.setdefault((grant["grantee"], grant["grantable"]), []).append(_privilege(grant))
    return found


def _privilege(grant: dict[str, Any]) -> str:
    column = grant.get("column")
    return f"{grant['privilege']} ({quoting.identifier(column)})" if column else grant["privilege"]


# In the order in which they were given, which a dump keeps.
GRANTS = """
    SELECT pg_catalog.json_agg(pg_catalog.json_build_object(
               'privilege', g.privilege_type, 'grantable', g.is_grantable,
               'grantor', pg_catalog.quote_ident(pg_catalog.pg_get_userbyid(g.grantor)),
               'grantee', CASE g.grantee WHEN 0 THEN 'PUBLIC' ELSE
                   pg_catalog.quote_ident(pg_catalog.pg_get_userbyid(g.grantee)) END)
               ORDER BY g.ordinality)
"""


def _entries(session: Session) -> list[dict[str, Any]]:
    parts = []
    for catalog, owner, acl, letter in _OWNED:
        own = f"oid >= {FIRST_OWN}"
        if catalog == "pg_namespace":
            own += " OR nspname !~ '^pg_' AND nspname <> 'information_schema'"
        if catalog == "pg_class":
            own += " AND relkind = ANY ('{r,p,v,m,f,S}')"
        if catalog == "pg_type":
            own += " AND NOT EXISTS (SELECT FROM pg_catalog.pg_type t WHERE t.typarray = o.oid)"
        acl_text = (
            f"coalesce({acl}, pg_catalog.acldefault({letter}, {owner}))"
            if acl
            else "NULL::pg_catalog.aclitem[]"
        )
        if catalog == "pg_language":
            # An untrusted one can't be granted to anybody.
            acl_text = f"CASE WHEN lanpltrusted THEN {acl_text} END"
        parts.append(
            f"SELECT '{catalog}' AS catalog, oid, {owner} AS owner, {acl_text} AS acl "
            f"FROM pg_catalog.{catalog} o WHERE {own}"
        )
    return query.rows(
        session,
        f"""
        SELECT o.catalog || '/' || o.oid || '/0' AS address,
               pg_catalog.pg_get_userbyid(o.owner) AS role,
               pg_catalog.quote_ident(pg_catalog.pg_get_userbyid(o.owner)) AS owner,
               -- The owner of a sequence that a column owns follows its table.
               o.catalog = 'pg_class' AND EXISTS (
                   SELECT FROM pg_catalog.pg_depend d
                   WHERE d.classid = 'pg_catalog.pg_class'::pg_catalog.regclass
                     AND d.objid = o.oid AND d.deptype IN ('a', 'i') AND d.refobjsubid > 0
                     AND d.refclassid = 'pg_catalog.pg_class'::pg_catalog.regclass) AS follows,
               CASE WHEN o.acl IS NOT NULL THEN coalesce(({GRANTS}
                   FROM pg_catalog.aclexplode(o.acl) WITH ORDINALITY AS g), '[]') END AS grants
        FROM ({" UNION ALL ".join(parts)}) AS o
        """,
    )


def _column_grants(session: Session) -> list[dict[str, Any]]:
    return query.rows(
        session,
        f"""
        SELECT 'pg_class/' || a.attrelid || '/0' AS address, a.attname AS column,
               ({GRANTS} FROM pg_catalog.aclexplode(a.attacl) WITH ORDINALITY AS g) AS grants
        FROM pg_catalog.pg_attribute a
        WHERE a.attrelid >= {FIRST_OWN} AND a.attacl <> '{{}}' AND NOT a.attisdropped
        ORDER BY a.attrelid, a.attnum
        """,
    )
