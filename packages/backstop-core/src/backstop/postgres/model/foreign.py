"""Foreign-data wrappers, foreign servers and user mappings.

Their options are objects of their own: foreign tables stay in place when these change. What may be
a secret among them isn't saved.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from backstop.postgres import query, quoting
from backstop.postgres.model import spelling
from backstop.postgres.model.catalog import address, own
from backstop.postgres.model.spelling import routine_name
from backstop.postgres.model.withholding import sort_options, withhold
from backstop.postgres.objects import CatalogObject
from backstop.session import Session


def read(session: Session, version: int) -> list[CatalogObject]:  # noqa: ARG001
    """Return what creates the wrappers, then the servers, then the user mappings."""
    queries = {"wrappers": _WRAPPERS, "servers": _SERVERS, "mappings": _USER_MAPPINGS}
    found = query.groups(session, queries)
    return [
        *(item for entry in found["wrappers"] for item in _wrapper(entry)),
        *(item for entry in found["servers"] for item in _server(entry)),
        *(item for entry in found["mappings"] for item in _user_mapping(entry)),
    ]


def _wrapper(entry: dict[str, Any]) -> list[CatalogObject]:
    target = f"FOREIGN DATA WRAPPER {entry['sql']}"
    functions = " ".join(
        f"{word} {entry[word.lower()]}" if entry[word.lower()] else f"NO {word}"
        for word in ("HANDLER", "VALIDATOR")
    )
    item = CatalogObject(
        "foreign-data wrapper",
        f"foreign-data wrapper {entry['name']}",
        (f"CREATE {target} {functions}",),
        drop=(f"DROP {target}",),
        address=address("pg_foreign_data_wrapper", entry["oid"]),
        target=target,
        name=entry["name"],
        definition=(f"CREATE {target}",),
    )
    own_functions = _setting("functions", item, functions)
    return _with_options(item, entry["options"], [own_functions])


def _server(entry: dict[str, Any]) -> list[CatalogObject]:
    target = f"SERVER {entry['sql']}"
    kind = f" TYPE {quoting.literal(entry['type'])}" if entry["type"] is not None else ""
    version = "NULL" if entry["version"] is None else quoting.literal(entry["version"])
    wrapper = f" FOREIGN DATA WRAPPER {entry['wrapper']}"
    item = CatalogObject(
        "server",
        f"server {entry['name']}",
        (f"CREATE {target}{kind} VERSION {version}{wrapper}",),
        drop=(f"DROP {target}",),
        address=address("pg_foreign_server", entry["oid"]),
        target=target,
        name=entry["name"],
        definition=(f"CREATE {target}{kind}{wrapper}",),
    )
    return _with_options(item, entry["options"], [_setting("version", item, f"VERSION {version}")])


def _user_mapping(entry: dict[str, Any]) -> list[CatalogObject]:
    target = f"USER MAPPING FOR {entry['user_sql']} SERVER {entry['server_sql']}"
    item = CatalogObject(
        "user mapping",
        f"user mapping for {entry['user']} on {entry['server']}",
        (f"CREATE {target}",),
        drop=(f"DROP {target}",),
        address=address("pg_user_mapping", entry["oid"]),
        target=target,
        definition=(f"CREATE {target}",),
    )
    if not entry["readable"]:
        # Another role's: there may be some, and there may be none.
        return [item, withhold("options", item, item.address)]
    return _with_options(item, entry["options"], [], of_user=True)


def _with_options(
    item: CatalogObject,
    given: list[str] | None,
    settings: list[CatalogObject],
    *,
    of_user: bool = False,
) -> list[CatalogObject]:
    saved, withheld = sort_options(given, item, of_user=of_user)
    (create,) = item.ddl
    options = [_option(item, name, value) for name, value in saved]
    whole = replace(item, ddl=(f"{create}{spelling.options(saved)}",))
    return [whole, *settings, *options, *withheld]


def _option(item: CatalogObject, name: str, value: str) -> CatalogObject:
    quoted = quoting.identifier(name)
    return CatalogObject(
        "foreign option",
        f"option {name} of {item.identity}",
        (f"ALTER {item.target} OPTIONS (ADD {quoted} {quoting.literal(value)})",),
        (item.identity,),
        drop=(f"ALTER {item.target} OPTIONS (DROP {quoted})",),
        within=item.identity,
    )


def _setting(kind: str, item: CatalogObject, words: str) -> CatalogObject:
    return CatalogObject(
        f"foreign {kind}",
        f"{kind} of {item.identity}",
        (f"ALTER {item.target} {words}",),
        (item.identity,),
        replaces=True,
        within=item.identity,
    )


_WRAPPERS = f"""
    SELECT w.oid, w.fdwname AS name, pg_catalog.quote_ident(w.fdwname) AS sql,
           {routine_name("w.fdwhandler")} AS handler,
           {routine_name("w.fdwvalidator")} AS validator, w.fdwoptions AS options
    FROM pg_catalog.pg_foreign_data_wrapper w
    WHERE {own("w")}
    ORDER BY w.oid
"""

_SERVERS = f"""
    SELECT s.oid, s.srvname AS name, pg_catalog.quote_ident(s.srvname) AS sql,
           s.srvtype AS type, s.srvversion AS version,
           pg_catalog.quote_ident(w.fdwname) AS wrapper, s.srvoptions AS options
    FROM pg_catalog.pg_foreign_server s
    JOIN pg_catalog.pg_foreign_data_wrapper w ON w.oid = s.srvfdw
    WHERE {own("s")}
    ORDER BY s.oid
"""


# The view shows options to nobody but to whom this condition, its own, is true.
_USER_MAPPINGS = f"""
    SELECT m.oid, m.usename AS user, m.srvname AS server,
           CASE m.umuser WHEN 0 THEN 'PUBLIC'
                ELSE pg_catalog.quote_ident(m.usename) END AS user_sql,
           pg_catalog.quote_ident(m.srvname) AS server_sql, m.umoptions AS options,
           coalesce(
               m.umoptions IS NOT NULL
               OR (SELECT rolsuper FROM pg_catalog.pg_roles WHERE rolname = current_user)
               OR CASE m.umuser
                  WHEN 0 THEN pg_catalog.pg_has_role(s.srvowner, 'USAGE')
                  ELSE m.usename = current_user
                       AND (pg_catalog.pg_has_role(s.srvowner, 'USAGE')
                            OR pg_catalog.has_server_privilege(s.oid, 'USAGE')) END,
               false) AS readable
    FROM (SELECT umid AS oid, * FROM pg_catalog.pg_user_mappings) AS m
    JOIN pg_catalog.pg_foreign_server s ON s.oid = m.srvid
    WHERE {own("m")}
    ORDER BY m.oid
"""
