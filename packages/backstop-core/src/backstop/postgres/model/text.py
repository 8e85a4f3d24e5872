"""Text search: parsers, templates, dictionaries and configurations.

What a configuration does with each type of token is an object of its own, and so are the options
of a dictionary: columns that are made by the configuration stay in place when these change.
"""

from __future__ import annotations

import re
from typing import Any

from backstop.postgres import query, quoting
from backstop.postgres.code.summary import FIRST_OWN
from backstop.postgres.model.catalog import address, lasting, own
from backstop.postgres.model.spelling import clause, labelled, quoted, routine_name
from backstop.postgres.objects import CatalogObject
from backstop.session import Session

# All that the server's own templates take: only then is it known what an ALTER has to take away.
_OPTIONS = {
    "simple": ("stopwords", "accept"),
    "synonym": ("synonyms", "casesensitive"),
    "thesaurus": ("dictfile", "dictionary"),
    "ispell": ("dictfile", "afffile", "stopwords"),
    "snowball": ("language", "stopwords"),
}
_OPTION = re.compile(r"""("(?:[^"]|"")+"|[^\s"=]+) = (?:E?'(?:[^']|'')*'|[^,']+)(?:, |$)""")


def read(session: Session, version: int) -> list[CatalogObject]:  # noqa: ARG001
    """Return what creates parsers and templates, then dictionaries, then configurations."""
    queries = {
        "parsers": _PARSERS,
        "templates": _TEMPLATES,
        "dictionaries": _DICTIONARIES,
        "configurations": _CONFIGURATIONS,
    }
    found = query.groups(session, queries)
    return [
        *(_parser(entry) for entry in found["parsers"]),
        *(_template(entry) for entry in found["templates"]),
        *(item for entry in found["dictionaries"] for item in _dictionary(entry)),
        *(item for entry in found["configurations"] for item in _configuration(entry)),
    ]


def _object(
    word: str, catalog: str, entry: dict[str, Any], settings: str, definition: str | None = None
) -> CatalogObject:
    target = f"TEXT SEARCH {word} {entry['sql']}"
    return CatalogObject(
        f"text search {word.lower()}",
        f"text search {word.lower()} {entry['label']}",
        (f"CREATE {target} {settings}",),
        drop=(f"DROP {target}",),
        address=address(catalog, entry["oid"]),
        target=target,
        schema=entry["schema"],
        name=entry["name"],
        definition=None if definition is None else (definition,),
    )


def _parser(entry: dict[str, Any]) -> CatalogObject:
    functions = ("START", "GETTOKEN", "END", "LEXTYPES", "HEADLINE")
    settings = clause([(name, entry[name.lower()]) for name in functions])
    return _object("PARSER", "pg_ts_parser", entry, settings)


def _template(entry: dict[str, Any]) -> CatalogObject:
    settings = clause([("INIT", entry["init"]), ("LEXIZE", entry["lexize"])])
    return _object("TEMPLATE", "pg_ts_template", entry, settings)


def _dictionary(entry: dict[str, Any]) -> list[CatalogObject]:
    template = f"TEMPLATE = {entry['template']}"
    given = f", {entry['options']}" if entry["options"] else ""
    known = _OPTIONS.get(entry["builtin"])
    definition = f"({template})" if known is not None else None
    item = _object("DICTIONARY", "pg_ts_dict", entry, f"({template}{given})", definition)
    if known is None:
        return [item]
    stated = {found[1] for found in _OPTION.finditer(entry["options"] or "")}
    listed = [name for name in known if name not in stated]
    if entry["options"]:
        listed.insert(0, entry["options"])
    return [
        item,
        CatalogObject(
            "text search options",
            f"options of {item.identity}",
            (f"ALTER {item.target} ({', '.join(listed)})",),
            (item.identity,),
            replaces=True,
            within=item.identity,
        ),
    ]


def _configuration(entry: dict[str, Any]) -> list[CatalogObject]:
    item = _object("CONFIGURATION", "pg_ts_config", entry, f"(PARSER = {entry['parser']})")
    return [item, *(_mapping(item, mapping) for mapping in entry["mappings"] or ())]


def _mapping(item: CatalogObject, entry: dict[str, Any]) -> CatalogObject:
    token = quoting.identifier(entry["token"])
    names = ", ".join(dictionary["sql"] for dictionary in entry["dictionaries"])
    needed = (
        f"text search dictionary {dictionary['label']}" for dictionary in entry["dictionaries"]
    )
    return CatalogObject(
        "text search mapping",
        f"mapping of {item.identity} for {entry['token']}",
        (f"ALTER {item.target} ALTER MAPPING FOR {token} WITH {names}",),
        (item.identity, *needed),
        drop=(f"ALTER {item.target} DROP MAPPING FOR {token}",),
        replaces=True,
    )


_PARSERS = f"""
    SELECT p.oid, n.nspname AS schema, p.prsname AS name, {labelled("n", "p.prsname")} AS label,
           {quoted("n", "p.prsname")} AS sql, {routine_name("p.prsstart")} AS start,
           {routine_name("p.prstoken")} AS gettoken, {routine_name("p.prsend")} AS end,
           {routine_name("p.prslextype")} AS lextypes,
           {routine_name("p.prsheadline")} AS headline
    FROM pg_catalog.pg_ts_parser p
    JOIN pg_catalog.pg_namespace n ON n.oid = p.prsnamespace
    WHERE {lasting("n")} AND {own("p")}
    ORDER BY p.oid
"""

_TEMPLATES = f"""
    SELECT t.oid, n.nspname AS schema, t.tmplname AS name,
           {labelled("n", "t.tmplname")} AS label, {quoted("n", "t.tmplname")} AS sql,
           {routine_name("t.tmplinit")} AS init, {routine_name("t.tmpllexize")} AS lexize
    FROM pg_catalog.pg_ts_template t
    JOIN pg_catalog.pg_namespace n ON n.oid = t.tmplnamespace
    WHERE {lasting("n")} AND {own("t")}
    ORDER BY t.oid
"""

_DICTIONARIES = f"""
    SELECT d.oid, n.nspname AS schema, d.dictname AS name,
           {labelled("n", "d.dictname")} AS label, {quoted("n", "d.dictname")} AS sql,
           {quoted("tn", "t.tmplname")} AS template, d.dictinitoption AS options,
           CASE WHEN t.oid < {FIRST_OWN} THEN t.tmplname END AS builtin
    FROM pg_catalog.pg_ts_dict d
    JOIN pg_catalog.pg_namespace n ON n.oid = d.dictnamespace
    JOIN pg_catalog.pg_ts_template t ON t.oid = d.dicttemplate
    JOIN pg_catalog.pg_namespace tn ON tn.oid = t.tmplnamespace
    WHERE {lasting("n")} AND {own("d")}
    ORDER BY d.oid
"""

_CONFIGURATIONS = f"""
    SELECT c.oid, n.nspname AS schema, c.cfgname AS name, {labelled("n", "c.cfgname")} AS label,
           {quoted("n", "c.cfgname")} AS sql, {quoted("pn", "p.prsname")} AS parser,
           (SELECT pg_catalog.json_agg(pg_catalog.json_build_object(
                       'token', token.alias, 'dictionaries', mapped.dictionaries)
                       ORDER BY token.tokid)
            FROM (SELECT m.maptokentype AS number,
                         pg_catalog.json_agg(pg_catalog.json_build_object(
                             'sql', {quoted("dn", "d.dictname")},
                             'label', {labelled("dn", "d.dictname")})
                             ORDER BY m.mapseqno) AS dictionaries
                  FROM pg_catalog.pg_ts_config_map m
                  JOIN pg_catalog.pg_ts_dict d ON d.oid = m.mapdict
                  JOIN pg_catalog.pg_namespace dn ON dn.oid = d.dictnamespace
                  WHERE m.mapcfg = c.oid GROUP BY m.maptokentype) AS mapped
            JOIN pg_catalog.ts_token_type(c.cfgparser) AS token ON token.tokid = mapped.number
           ) AS mappings
    FROM pg_catalog.pg_ts_config c
    JOIN pg_catalog.pg_namespace n ON n.oid = c.cfgnamespace
    JOIN pg_catalog.pg_ts_parser p ON p.oid = c.cfgparser
    JOIN pg_catalog.pg_namespace pn ON pn.oid = p.prsnamespace
    WHERE {lasting("n")} AND {own("c")}
    ORDER BY c.oid
"""
