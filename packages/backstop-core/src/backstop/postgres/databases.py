"""Databases as a whole: what creates one again, and what is in it beyond objects and rows."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from backstop.postgres import query, quoting, server
from backstop.session import Session

# Each came with the version named: the choice of a provider, its rules, one column for any locale.
_PROVIDERS, _RULES, _ONE_LOCALE = 150000, 160000, 170000
_PROVIDER_NAMES = {"c": "libc", "i": "icu", "b": "builtin"}


@dataclass(frozen=True)
class Database:
    """One database: its name, the statements that create it empty, and what those leave out."""

    name: str
    ddl: tuple[str, ...]
    unsaved: tuple[str, ...]


def find_database(session: Session, spelled: str) -> Database | None:
    """Return the database that a statement spells like this, None where there is none."""
    version = server.version(session)
    found = query.rows(
        session,
        f"""
        SELECT d.datname AS name, pg_catalog.pg_encoding_to_char(d.encoding) AS encoding,
               d.datcollate AS collate, d.datctype AS ctype, d.datconnlimit AS connections,
               pg_catalog.pg_get_userbyid(d.datdba) AS owner, t.spcname AS tablespace,
               {"d.datlocprovider" if version >= _PROVIDERS else "'c'"} AS provider,
               {_locale(version)} AS locale,
               {"d.daticurules" if version >= _RULES else "NULL"} AS rules,
               d.datacl IS NOT NULL AS has_grants,
               pg_catalog.shobj_description(d.oid, 'pg_database') IS NOT NULL AS has_comment,
               EXISTS (SELECT FROM pg_catalog.pg_db_role_setting s WHERE s.setdatabase = d.oid)
                   AS has_settings
        FROM pg_catalog.pg_database d
        JOIN pg_catalog.pg_tablespace t ON t.oid = d.dattablespace
        WHERE d.datname = (pg_catalog.parse_ident({quoting.literal(spelled)}))[1]
        """,
    )
    return _database(found[0]) if found else None


def exists(session: Session, name: str) -> bool:
    """Whether there is a database of that name."""
    return bool(
        query.rows(
            session,
            "SELECT FROM pg_catalog.pg_database "
            f"WHERE datname = {quoting.literal(name)}::pg_catalog.name",
        )
    )


def _locale(version: int) -> str:
    if version >= _ONE_LOCALE:
        return "d.datlocale"
    return "d.daticulocale" if version >= _PROVIDERS else "NULL"


def _database(entry: dict[str, Any]) -> Database:
    name = quoting.identifier(entry["name"])
    return Database(
        entry["name"],
        (
            f"CREATE DATABASE {name} {' '.join(_options(entry))}",
            f"ALTER DATABASE {name} OWNER TO {quoting.identifier(entry['owner'])}",
        ),
        tuple(
            f"The database's own {what} {verb} not saved."
            for what, verb in (("grants", "are"), ("comment", "is"), ("settings", "are"))
            if entry[f"has_{what}"]
        ),
    )


def _options(entry: dict[str, Any]) -> list[str]:
    found = [
        "TEMPLATE template0",
        f"ENCODING {quoting.literal(entry['encoding'])}",
        f"LC_COLLATE {quoting.literal(entry['collate'])}",
        f"LC_CTYPE {quoting.literal(entry['ctype'])}",
    ]
    provider = _PROVIDER_NAMES[entry["provider"]]
    if provider != "libc":
        word = "ICU_LOCALE" if provider == "icu" else "BUILTIN_LOCALE"
        found += [f"LOCALE_PROVIDER {provider}", f"{word} {quoting.literal(entry['locale'])}"]
    if entry["rules"]:
        found.append(f"ICU_RULES {quoting.literal(entry['rules'])}")
    if entry["tablespace"] != "pg_default":
        found.append(f"TABLESPACE {quoting.identifier(entry['tablespace'])}")
    if entry["connections"] != -1:
        found.append(f"CONNECTION LIMIT {entry['connections']}")
    return found
