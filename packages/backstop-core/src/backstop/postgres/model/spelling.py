"""How the statements that create objects, and the names that people read, are spelled.

The functions that take an alias give an expression of SQL, for use in a query on the catalogs.
"""

from __future__ import annotations

from collections.abc import Iterable

from backstop.postgres import quoting
from backstop.postgres.objects import CatalogObject

ROUTINE_KINDS = {"f": "function", "w": "function", "p": "procedure", "a": "aggregate"}
"""What a routine is called, by its prokind."""


def quoted(namespace: str, name: str) -> str:
    """Return the expression for a name of SQL in its schema."""
    return f"pg_catalog.quote_ident({namespace}.nspname) || '.' || pg_catalog.quote_ident({name})"


def labelled(namespace: str, name: str) -> str:
    """Return the expression for a name that people read, in its schema."""
    return f"{namespace}.nspname || '.' || {name}"


def routine_identity(routine: str) -> str:
    """Return the expression for the identity of the routine with an OID."""
    kinds = " ".join(f"WHEN '{kind}' THEN '{word}'" for kind, word in ROUTINE_KINDS.items())
    return f"""(
        SELECT CASE named.prokind {kinds} END || ' ' || {labelled("space", "named.proname")}
               || '(' || pg_catalog.oidvectortypes(named.proargtypes) || ')'
        FROM pg_catalog.pg_proc named
        JOIN pg_catalog.pg_namespace space ON space.oid = named.pronamespace
        WHERE named.oid = {routine})"""


def routine_name(routine: str) -> str:
    """Return the expression for the quoted name of the routine with an OID; NULL where it is 0."""
    return f"""(
        SELECT {quoted("space", "named.proname")}
        FROM pg_catalog.pg_proc named
        JOIN pg_catalog.pg_namespace space ON space.oid = named.pronamespace
        WHERE named.oid = {routine})"""


def routine_signature(routine: str) -> str:
    """Return the expression for a routine's quoted name with the types that it takes."""
    return f"""(
        SELECT {quoted("space", "named.proname")}
               || '(' || pg_catalog.oidvectortypes(named.proargtypes) || ')'
        FROM pg_catalog.pg_proc named
        JOIN pg_catalog.pg_namespace space ON space.oid = named.pronamespace
        WHERE named.oid = {routine})"""


def operator_name(operator: str) -> str:
    """Return the expression for the name of the operator with an OID; NULL where it is 0."""
    return f"""(
        SELECT pg_catalog.quote_ident(space.nspname) || '.' || named.oprname
        FROM pg_catalog.pg_operator named
        JOIN pg_catalog.pg_namespace space ON space.oid = named.oprnamespace
        WHERE named.oid = {operator})"""


def operator_types(alias: str) -> str:
    """Return the expression for the types that an operator takes, in brackets."""
    sides = (
        f"CASE {alias}.{side} WHEN 0 THEN 'NONE' "
        f"ELSE pg_catalog.format_type({alias}.{side}, NULL) END"
        for side in ("oprleft", "oprright")
    )
    return f"'(' || {' || $$, $$ || '.join(sides)} || ')'"


def clause(settings: Iterable[tuple[str, str | None]]) -> str:
    """Write the settings that have a value as CREATE TYPE and its like list them."""
    listed = (f"{name} = {value}" for name, value in settings if value is not None)
    return f"({', '.join(listed)})"


def pairs(options: Iterable[str] | None) -> list[tuple[str, str]]:
    """Return name and value of options as the catalogs hold them (``name=value``)."""
    split = (option.partition("=") for option in options or ())
    return [(name, value) for name, _, value in split]


def options(given: Iterable[tuple[str, str]]) -> str:
    """Write an OPTIONS clause with a space before it; nothing where there are no options."""
    listed = ", ".join(
        f"{quoting.identifier(name)} {quoting.literal(value)}" for name, value in given
    )
    return f" OPTIONS ({listed})" if listed else ""


def by_oid(objects: Iterable[CatalogObject]) -> list[CatalogObject]:
    """Return objects of one catalog in the order in which they were made."""
    return sorted(objects, key=lambda item: item.oid)
