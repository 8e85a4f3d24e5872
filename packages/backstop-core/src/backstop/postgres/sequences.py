"""Where sequences stand, and how they are moved back there."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from backstop.postgres import query, quoting
from backstop.session import Session


@dataclass(frozen=True)
class Position:
    """The position of one sequence."""

    schema: str
    name: str
    last_value: int
    is_called: bool


def owned(session: Session, tables: list[int]) -> list[int]:
    """Return the sequences, by OID, that columns of the tables own, identity columns included."""
    if not tables:
        return []
    found = query.rows(
        session,
        f"""
        SELECT c.oid FROM pg_catalog.pg_depend d
        JOIN pg_catalog.pg_class c ON c.oid = d.objid AND c.relkind = 'S'
        WHERE d.classid = 'pg_catalog.pg_class'::pg_catalog.regclass
          AND d.refclassid = 'pg_catalog.pg_class'::pg_catalog.regclass
          AND d.deptype IN ('a', 'i') AND d.refobjid = ANY ({quoting.oid_array(tables)})
        ORDER BY c.oid
        """,
    )
    return [int(entry["oid"]) for entry in found]


def positions(session: Session, oids: Iterable[int]) -> list[Position]:
    """Return the position of each sequence that exists."""
    wanted = sorted(oids)
    if not wanted:
        return []
    found = query.rows(
        session,
        f"""
        SELECT n.nspname AS schema, c.relname AS name FROM pg_catalog.pg_class c
        JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
        WHERE c.oid = ANY ({quoting.oid_array(wanted)}) ORDER BY c.oid
        """,
    )
    if not found:
        return []
    entries = query.rows(
        session,
        " UNION ALL ".join(
            f"SELECT {quoting.literal(entry['schema'])}::pg_catalog.text AS schema, "
            f"{quoting.literal(entry['name'])}::pg_catalog.text AS name, last_value, is_called "
            f"FROM {quoting.qualified(entry['schema'], entry['name'])}"
            for entry in found
        ),
    )
    return [Position(**entry) for entry in entries]


def set_position(session: Session, saved: Position, left: Position | None = None) -> None:
    """Move a sequence to a saved position, unless it stands further already.

    Where it still is as ``left``, nobody has drawn a number since, and it is moved back as well.
    """
    untouched = ""
    if left is not None:
        untouched = f"OR (now.last_value = {left.last_value} AND now.is_called = {left.is_called})"
    sequence = quoting.qualified(saved.schema, saved.name)
    session.execute(
        f"""
        SELECT pg_catalog.setval(s.seqrelid, {saved.last_value}, {saved.is_called})
        FROM {sequence} AS now
        JOIN pg_catalog.pg_sequence s
          ON s.seqrelid = pg_catalog.to_regclass({quoting.name_literal(saved.schema, saved.name)})
        WHERE NOT now.is_called
           OR (s.seqincrement > 0 AND now.last_value < {saved.last_value})
           OR (s.seqincrement < 0 AND now.last_value > {saved.last_value})
           {untouched}
        """
    )
