"""Takes away all objects of a database that a reader gives, and creates them again.

The order is worked out from pg_depend by itself, so that the readers can be tested without what
the product makes of their dependencies.
"""

from __future__ import annotations

import re
from collections import defaultdict
from dataclasses import replace
from importlib import import_module
from typing import TYPE_CHECKING

from backstop.drivers import session_for
from backstop.postgres import query
from backstop.postgres.objects import CatalogObject, in_dependency_order
from testing.dumps import dump

if TYPE_CHECKING:
    from collections.abc import Iterable

    from psycopg2.extensions import connection as Connection  # noqa: N812

_FAMILIES = (
    "schemas",
    "extensions",
    "types",
    "domains",
    "languages",
    "functions",
    "aggregates",
    "access_methods",
    "operators",
    "casts",
    "text",
    "foreign",
    "collations",
    "events",
    "defaults",
)


def run(connection: Connection, *statements: str) -> None:
    """Run statements under the settings that everything is read and restored with."""
    with connection, connection.cursor() as cursor:
        cursor.execute("SET search_path = ''; SET check_function_bodies = off")
        for statement in statements:
            cursor.execute(statement)


def objects_of(connection: Connection) -> list[CatalogObject]:
    """Read the objects of all families, in the order in which they can be created."""
    session = session_for(connection)
    run(connection)
    with connection:
        found = [
            item
            for family in _FAMILIES
            for item in import_module(f"backstop.postgres.model.{family}").read(
                session, connection.server_version
            )
        ]
        needed = _needed(query.rows(session, _DEPENDENCIES), found)
    return in_dependency_order(
        replace(item, depends_on=(*item.depends_on, *needed[item.identity])) for item in found
    )


def assert_comes_back(
    connection: Connection, dsn: str, script: str, given: str = "", *, cascade: bool = False
) -> None:
    """Create what a script says, take it away by the objects' own words, and create it again.

    What ``given`` makes stays in place throughout. With ``cascade``, each object takes along what
    hangs on it, as types and functions that need each other do.
    """
    if given:
        run(connection, given)
    empty = dump(dsn)
    before = {item.identity for item in objects_of(connection)}
    run(connection, script)
    full = dump(dsn)
    assert full != empty
    found = [item for item in objects_of(connection) if item.identity not in before]
    assert found
    made = {item.identity for item in found}
    whole = [item for item in found if item.within not in made]
    run(connection, *_drops(whole, cascade=cascade))
    assert dump(dsn) == empty
    run(connection, *(statement for item in whole for statement in item.ddl))
    assert dump(dsn) == full
    again = [item for item in objects_of(connection) if item.identity not in before]
    assert {item.identity: item.ddl for item in again} == {
        item.identity: item.ddl for item in found
    }


def _drops(found: list[CatalogObject], *, cascade: bool) -> list[str]:
    drops = [statement for item in reversed(found) for statement in item.drop]
    if not cascade:
        return drops
    return [re.sub(r"^DROP (\w+)", r"DROP \1 IF EXISTS", drop) + " CASCADE" for drop in drops]


_DEPENDENCIES = """
    SELECT c.relname || '/' || d.objid AS one, r.relname || '/' || d.refobjid AS other,
           d.deptype AS kind
    FROM pg_catalog.pg_depend d
    JOIN pg_catalog.pg_class c ON c.oid = d.classid
    JOIN pg_catalog.pg_class r ON r.oid = d.refclassid
"""


def _needed(rows: Iterable[dict[str, str]], found: list[CatalogObject]) -> dict[str, list[str]]:
    identities = {item.address.rpartition("/")[0]: item.identity for item in found}
    rows = list(rows)
    # What is no object of its own belongs to one: an array to its type, a member to its extension.
    # A generated column belongs to the columns of its own table.
    whole = {
        row["one"]: row["other"]
        for row in rows
        if row["kind"] in "aieP" and row["one"] != row["other"]
    }

    def owner(address: str) -> str | None:
        seen = set()
        while address not in identities and address in whole and address not in seen:
            seen.add(address)
            address = whole[address]
        return identities.get(address)

    needed = defaultdict(list)
    for row in rows:
        one, other = owner(row["one"]), owner(row["other"])
        if one is not None and other is not None and one != other:
            needed[one].append(other)
    shells = {item.identity for item in found if item.kind == "shell type"}
    for one, others in needed.items():
        for place, other in enumerate(others):
            if f"shell {other}" in shells and one in needed.get(other, ()):
                others[place] = f"shell {other}"
    return needed
