"""What the role of a restore can't do, told before it begins.

The rules are those of the "Notes" and "Description" of each CREATE command in PostgreSQL's manual,
and of ALTER … OWNER TO: one has to be a member of the new owner.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence

from backstop.postgres import query, quoting
from backstop.postgres.objects import CatalogObject
from backstop.postgres.relations import Relation
from backstop.session import Session

_SUPERUSERS = frozenset(
    {
        "event trigger",
        "operator class",
        "operator family",
        "shell type",
        "foreign-data wrapper",
        "text search parser",
        "text search template",
    }
)
_UNTRUSTED = re.compile(r"\bLANGUAGE (c|internal)\b", re.IGNORECASE)
# Since this version a membership may be given without the right to act as the role.
_SET_OPTION = 160000


def hindrances(
    session: Session,
    created: Iterable[CatalogObject],
    changed: Iterable[CatalogObject],
    undone: Iterable[CatalogObject],
    tables: Iterable[Relation],
    version: int,
) -> list[str]:
    """Return in sentences what the current role can't do of a restore; a superuser can do all.

    ``created`` objects come back, ``changed`` ones are changed back, what was ``undone`` is taken
    away again, and rows go back into existing ``tables``.
    """
    role = query.row(session, _ROLE)
    if role["superuser"]:
        return []
    created, changed = list(created), list(changed)
    told = [
        *_for_superusers(created),
        *_switches([*created, *changed, *undone]),
        *_in_closed_schemas(session, created, may_create=role["may_create"]),
        *_not_owned(session, [table.oid for table in tables] + _tables(changed)),
        *_of_others(session, [*created, *changed], version),
    ]
    return [f"As role {role['name']}: {sentence}" for sentence in told]


def _for_superusers(created: Iterable[CatalogObject]) -> Iterator[str]:
    names = [item.identity for item in created if _needs_superuser(item)]
    if names:
        yield (
            f"only a superuser can create {', '.join(names)}, so all of it would be refused. "
            "Restore as a superuser."
        )


def _switches(objects: Iterable[CatalogObject]) -> Iterator[str]:
    names = [item.identity for item in objects if item.kind == "constraint switch"]
    if names:
        yield (
            "only a superuser can switch what keeps a constraint, so it stays as it is, and is "
            f"reported: the {', the '.join(names)}."
        )


def _needs_superuser(item: CatalogObject) -> bool:
    if item.kind == "function":
        return any(_UNTRUSTED.search(text.partition("AS $")[0]) for text in item.ddl)
    return item.kind in _SUPERUSERS


def _in_closed_schemas(
    session: Session, created: Sequence[CatalogObject], *, may_create: bool
) -> Iterator[str]:
    own = {item.name for item in created if item.kind == "schema"}
    if own and not may_create:
        yield (
            f"schemas can't be created in this database ({', '.join(sorted(own))}), so all of it "
            "would be refused. GRANT CREATE ON DATABASE to the role first."
        )
    names = sorted({item.schema for item in created if item.schema} - own)
    closed = query.rows(
        session,
        f"""
        SELECT nspname AS name FROM pg_catalog.pg_namespace
        WHERE nspname = ANY ({quoting.text_array(names)})
          AND NOT pg_catalog.has_schema_privilege(oid, 'CREATE') ORDER BY 1
        """,
    )
    if closed:
        yield (
            f"nothing can be created in the schema {', '.join(row['name'] for row in closed)}, so "
            "all of it would be refused. GRANT CREATE ON SCHEMA to the role first."
        )


def _tables(changed: Iterable[CatalogObject]) -> list[int]:
    return [item.oid for item in changed if item.kind == "table"]


def _not_owned(session: Session, tables: list[int]) -> Iterator[str]:
    found = query.rows(
        session,
        f"""
        SELECT n.nspname || '.' || c.relname AS name FROM pg_catalog.pg_class c
        JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
        WHERE c.oid = ANY ({quoting.oid_array(tables)})
          AND NOT pg_catalog.pg_has_role(c.relowner, 'USAGE') ORDER BY 1
        """,
    )
    if found:
        yield (
            f"{', '.join(row['name'] for row in found)} belongs to another role, and only the "
            "owner can put rows back without setting off triggers and keys. Restore as the owner."
        )


def _of_others(session: Session, objects: Iterable[CatalogObject], version: int) -> Iterator[str]:
    owners = sorted({item.name for item in objects if item.kind == "owner" and item.name})
    right = "SET" if version >= _SET_OPTION else "MEMBER"
    found = query.rows(
        session,
        f"""
        SELECT wanted AS name FROM pg_catalog.unnest({quoting.text_array(owners)}) AS wanted
        LEFT JOIN pg_catalog.pg_roles r ON r.rolname = wanted
        WHERE r.oid IS NULL OR NOT pg_catalog.pg_has_role(r.oid, '{right}') ORDER BY 1
        """,
    )
    if found:
        yield (
            f"nothing can be given to its owner {', '.join(row['name'] for row in found)}; what "
            "belonged to that role stays with this one, and is reported."
        )


_ROLE = """
    SELECT rolname AS name, rolsuper AS superuser, pg_catalog.has_database_privilege(
               pg_catalog.current_database(), 'CREATE') AS may_create
    FROM pg_catalog.pg_roles WHERE rolname = current_user
"""
