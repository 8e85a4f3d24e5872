"""The queries that find the rows of a statement, made of slices of its own text.

Foreign keys carry a change on to the rows that refer to those which the text finds; these are found
row by row as well, as deep as the keys go. The slices run under the application's settings.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from backstop.postgres import quoting
from backstop.postgres.references import Referrer
from backstop.postgres.relations import Relation
from backstop.syntax.changes import RowChange
from backstop.syntax.lexer import tokenize

_OID = "pg_catalog.oid"
_TID = "pg_catalog.tid"
_TEXT = "pg_catalog.text"


@dataclass(frozen=True)
class Seed:
    """One change of a text that finds its rows by itself.

    ``target`` is what it names; the rows are those of the relations of ``oids``.
    """

    change: RowChange
    target: Relation
    oids: tuple[int, ...]


@dataclass(frozen=True)
class Carrier:
    """A foreign key that carries a change from ``parent`` on to rows of ``child``.

    ``when`` and ``then`` are DELETE or UPDATE: what happens to the parent's row, and then to the
    child's.
    """

    parent: Relation
    child: Relation
    referrer: Referrer
    when: str
    then: str


def found_rows(seeds: Sequence[Seed], carriers: Sequence[Carrier]) -> str:
    """Return a query for (tableoid, ctid, times), as text, ordered so that relations stay together.

    ``times`` is how often a row is found: by several changes of the text, or as one that is first
    updated and then deleted.
    """
    if len(seeds) == 1 and not carriers:
        order = "ORDER BY 1, 2" if len(seeds[0].oids) > 1 else ""
        return f"SELECT relation, place, '1'::{_TEXT} FROM ({seed_rows(seeds[0])}) AS found {order}"
    return (
        f"{_found(seeds, carriers)} "
        f"SELECT relation, place, pg_catalog.count(*)::{_TEXT} "
        "FROM backstop_found GROUP BY 1, 2 ORDER BY 1, 2"
    )


def bounded_counts(seeds: Sequence[Seed], carriers: Sequence[Carrier], limit: int) -> str:
    """Return a query for (tableoid, rows), as text, that stops looking after ``limit`` rows."""
    return (
        f"{_found(seeds, carriers)} "
        f"SELECT relation, pg_catalog.count(*)::{_TEXT} "
        f"FROM (SELECT relation FROM backstop_found LIMIT {limit}) AS bounded GROUP BY 1"
    )


def exact_counts(seeds: Sequence[Seed], carriers: Sequence[Carrier]) -> str:
    """Return a query for (tableoid, rows), as text, that counts each row once."""
    return (
        f"{_found(seeds, carriers)} "
        f"SELECT relation, pg_catalog.count(DISTINCT place)::{_TEXT} FROM backstop_found GROUP BY 1"
    )


def view_finder(change: RowChange, resolved: str) -> str:
    """Return a query with one row for each that the change finds in a view, joins multiplied."""
    return f"{change.with_clause or ''}\nSELECT 1 {_matches(change, resolved)}"


def seed_rows(seed: Seed) -> str:
    """Return a query for (relation, place), as text, of the rows that one change finds."""
    change = seed.change
    target = change.alias or change.table
    # A join can find a row twice.
    distinct = "DISTINCT" if change.from_clause is not None else ""
    return (
        f"SELECT relation::{_TEXT}, place::{_TEXT} FROM ({change.with_clause or ''}\n"
        f"SELECT {distinct} {target}.tableoid AS relation, {target}.ctid AS place\n"
        f"{_matches(change, seed.target.sql)}) AS matching"
    )


def _found(seeds: Sequence[Seed], carriers: Sequence[Carrier]) -> str:
    first = "\nUNION ALL\n".join(
        f"SELECT relation, place, '{_effect(seed.change)}'::{_TEXT}, {number} "
        f"FROM ({seed_rows(seed)}) AS seed"
        for number, seed in enumerate(seeds)
    )
    names = "backstop_found (relation, place, change, seed)"
    if not carriers:
        return f"WITH {names} AS ({first})"
    carried = "\nUNION ALL\n".join(map(_carried_rows, carriers))
    return (
        f"WITH RECURSIVE {names} AS (SELECT * FROM ({first}) AS seeds\nUNION\n"
        "SELECT carried.*, reached.seed FROM backstop_found AS reached "
        f"CROSS JOIN LATERAL ({carried}) AS carried)"
    )


def _carried_rows(carrier: Carrier) -> str:
    matches = " AND ".join(
        f"p.{quoting.identifier(referenced)} {operator} c.{quoting.identifier(own)}"
        for referenced, operator, own in zip(
            carrier.referrer.referenced_columns,
            carrier.referrer.operators,
            carrier.referrer.columns,
        )
    )
    return (
        f"SELECT c.tableoid::{_TEXT}, c.ctid::{_TEXT}, '{carrier.then}'::{_TEXT} "
        f"FROM {carrier.parent.scanned} AS p JOIN {carrier.child.scanned} AS c ON {matches} "
        f"WHERE reached.change = '{carrier.when}' AND p.tableoid = reached.relation::{_OID} "
        f"AND p.ctid = reached.place::{_TID}"
    )


def _effect(change: RowChange) -> str:
    # A row counts once: where both can happen to it, only the DELETE is carried on.
    return "DELETE" if "DELETE" in change.effects else "UPDATE"


def _matches(change: RowChange, resolved: str) -> str:
    # A SELECT would take a bare name for that of a common table expression; a DELETE doesn't.
    bare = len(tokenize(change.table)) == 1
    source = f"{'ONLY ' if change.only else ''}{resolved if bare else change.table}"
    source += f" AS {change.alias or change.table}" if bare or change.alias else ""
    source += f", {change.from_clause}" if change.from_clause else ""
    # Line breaks end a comment that a slice may end with.
    if change.when is None:
        return f"FROM {source}\nWHERE {change.where}\n"
    # Of other rows than those that match, a WHEN needn't make sense: it could fail.
    when = f"CASE WHEN {change.where}\n THEN {change.when} END"
    return f"FROM {source}\nWHERE ({change.where}\n) AND {when}\n"
