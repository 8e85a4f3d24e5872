r"""A database with every kind of object, and statements that take each of them away.

The files are SQL as psql reads it: ``:owner`` and the like are roles, and what stands between
``\if :since_14`` and ``\endif`` is for servers that have it. The statements stand one on a line.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from psycopg2.extensions import connection as Connection  # noqa: N812

ORDINARY, PRIVILEGED = "ordinary", "privileged"

_FOLDER = Path(__file__).parent
_ROLES = ("owner", "other", "clerk", "reader", "writer")
_OLDEST, _NEWEST = 13, 19


@dataclass(frozen=True)
class Statement:
    """One statement, or several in one text, and what the server must have for it (or nothing)."""

    sql: str
    needs: str = ""

    def for_roles(self, names: Mapping[str, str]) -> str:
        """Return its text with the names of the roles."""
        return _named(self.sql, names)


def role_names() -> dict[str, str]:
    """Return what the roles of the files are called in this run."""
    return {role: f"every_{role}_{os.getpid()}" for role in _ROLES}


def create_roles(maintenance: Connection, names: Mapping[str, str]) -> None:
    """Create the roles; the owner of everything may act as each of the others."""
    with maintenance.cursor() as cursor:
        for name in names.values():
            cursor.execute(f"CREATE ROLE {name} LOGIN")
        for role, name in names.items():
            if role != "owner":
                cursor.execute(f"GRANT {name} TO {names['owner']}")


def drop_roles(maintenance: Connection, names: Mapping[str, str]) -> None:
    """Drop the roles, when the databases that used them are gone."""
    with maintenance.cursor() as cursor:
        for name in names.values():
            cursor.execute(f"DROP OWNED BY {name}; DROP ROLE {name}")


def fill(connection: Connection, names: Mapping[str, str], kind: str) -> None:
    """Fill an empty database, as its superuser, with all that the owner or a superuser may own."""
    connection.autocommit = True
    has = features(connection)
    with connection.cursor() as cursor:
        # Each section on its own: a label that was added to an enum has to be committed first.
        for section in _script(ORDINARY, names, has).split("\n\n-- ")[1:]:
            cursor.execute("-- " + section)
        cursor.execute("RESET ROLE")
        if kind == PRIVILEGED:
            cursor.execute(_script(PRIVILEGED, names, has))
        cursor.execute(_script("comments", names, has))


def features(connection: Connection) -> set[str]:
    """Return what the server has, of all that the files ask for."""
    major = connection.server_version // 10000
    with connection.cursor() as cursor:
        cursor.execute("SELECT name FROM pg_available_extensions")
        found = {f"has_{name}" for (name,) in cursor.fetchall()}
        cursor.execute("SELECT 1 FROM pg_collation WHERE collname = 'und-x-icu'")
        found |= {"has_icu"} if cursor.fetchall() else set()
    return found | {f"since_{version}" for version in range(_OLDEST, major + 1)}


def statements(kind: str) -> list[Statement]:
    """Return the statements for what the owner owns, or for what only a superuser may own."""
    return [
        Statement(line, needs)
        for needs, line in _lines(f"{kind}_statements")
        if line and not line.startswith("--")
    ]


def _script(file: str, names: Mapping[str, str], has: set[str]) -> str:
    lines = (line for needs, line in _lines(file) if not needs or needs in has)
    return _named("\n".join(lines), names)


def _lines(file: str) -> Iterator[tuple[str, str]]:
    needs = ""
    for line in (_FOLDER / f"{file}.sql").read_text(encoding="utf-8").splitlines():
        if line.startswith("\\if :"):
            needs = line[len("\\if :") :]
        elif line == "\\endif":
            needs = ""
        else:
            yield needs, line


def _named(sql: str, names: Mapping[str, str]) -> str:
    return re.sub(r"(?<![:\w]):(\w+)", lambda found: names.get(found[1], found[0]), sql)
