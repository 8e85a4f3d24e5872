"""Writing rows back without setting anything off: triggers and rules silent, keys checked last.

Everything is done by ALTER TABLE inside the transaction that restores, which the owner of a table
may do as well as a superuser, and is put back exactly as it was before the transaction ends.
Foreign keys stay in force: they are only checked later. Two kinds of constraints step aside
altogether: those that are NOT VALID, whose old rows nothing would let in again, and foreign keys
that would carry the removal of a row, which only makes room for its old version, on to others.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from backstop.postgres import query, quoting
from backstop.postgres.model import switches
from backstop.postgres.relations import Relation, of_the_user
from backstop.session import Session

_ENABLE = {"O": "ENABLE", "R": "ENABLE REPLICA", "A": "ENABLE ALWAYS"}


@contextmanager
def quiet(
    session: Session, relations: Sequence[Relation], exchanged: Sequence[Relation] = ()
) -> Iterator[None]:
    """Keep triggers and rules of the relations from firing, and check foreign keys at the end.

    ``exchanged`` are those of which rows are removed to be inserted again. Raises the driver's
    error for a missing right, and for a foreign key that doesn't hold.
    """
    oids = [relation.oid for relation in relations]
    aside = _aside(session, oids, [relation.oid for relation in exchanged])
    states = switches.of_constraints(session, [int(entry["oid"]) for entry in aside])
    for entry in aside:
        session.execute(f"ALTER TABLE {entry['sql']} DROP CONSTRAINT {_name(entry)}")
    fired = _switches(session, oids)
    keys = _foreign_keys(session, oids)
    for entry in fired:
        session.execute(f"ALTER TABLE {entry['sql']} DISABLE {_switch(entry)}")
    for entry in keys:
        session.execute(f"{_constraint(entry)} DEFERRABLE INITIALLY DEFERRED")
    session.execute("SET CONSTRAINTS ALL DEFERRED")
    yield
    session.execute("SET CONSTRAINTS ALL IMMEDIATE")
    for entry in keys:
        session.execute(
            f"{_constraint(entry)} {'DEFERRABLE' if entry['deferrable'] else 'NOT DEFERRABLE'} "
            f"INITIALLY {'DEFERRED' if entry['deferred'] else 'IMMEDIATE'}"
        )
    for entry in fired:
        session.execute(f"ALTER TABLE {entry['sql']} {_ENABLE[entry['enabled']]} {_switch(entry)}")
    for entry in aside:
        _put_back(session, entry)
    for statement in states:
        session.execute(statement)


def _put_back(session: Session, entry: dict[str, Any]) -> None:
    session.execute(f"ALTER TABLE {entry['sql']} ADD CONSTRAINT {_name(entry)} {entry['def']}")
    if entry["comment"] is not None:
        session.execute(
            f"COMMENT ON CONSTRAINT {_name(entry)} ON {entry['sql']} "
            f"IS {quoting.literal(entry['comment'])}"
        )


def _name(entry: dict[str, Any]) -> str:
    return quoting.identifier(entry["name"])


def _switch(entry: dict[str, Any]) -> str:
    return f"{entry['kind']} {_name(entry)}"


def _constraint(entry: dict[str, Any]) -> str:
    return f"ALTER TABLE {entry['sql']} ALTER CONSTRAINT {_name(entry)}"


def _aside(session: Session, oids: list[int], exchanged: list[int]) -> list[dict[str, Any]]:
    # Of a partitioned table the constraint of the root counts, and those of the parts go with it.
    return query.rows(
        session,
        f"""
        WITH RECURSIVE family AS (
            SELECT oid, oid = ANY ({quoting.oid_array(exchanged)}) AS exchanged
            FROM pg_catalog.unnest({quoting.oid_array(oids)}) AS oid
            UNION
            SELECT i.inhparent, family.exchanged FROM family
            JOIN pg_catalog.pg_inherits i ON i.inhrelid = family.oid
        )
        SELECT con.oid,
               con.conrelid::pg_catalog.regclass::pg_catalog.text AS sql, con.conname AS name,
               pg_catalog.pg_get_constraintdef(con.oid) AS def,
               pg_catalog.obj_description(con.oid, 'pg_constraint') AS comment
        FROM pg_catalog.pg_constraint con
        WHERE con.conparentid = 0 AND con.coninhcount = 0 AND (
            con.contype IN ('c', 'f', 'n') AND NOT con.convalidated
                AND con.conrelid IN (SELECT oid FROM family)
            OR con.contype = 'f' AND con.confrelid IN (SELECT oid FROM family WHERE exchanged))
        ORDER BY con.oid
        """,
    )


def _switches(session: Session, oids: list[int]) -> list[dict[str, Any]]:
    return query.rows(
        session,
        f"""
        SELECT t.tgrelid::pg_catalog.regclass::pg_catalog.text AS sql, 'TRIGGER' AS kind,
               t.tgname AS name, t.tgenabled AS enabled
        FROM pg_catalog.pg_trigger t
        WHERE {of_the_user("t")} AND t.tgenabled <> 'D'
          AND t.tgrelid = ANY ({quoting.oid_array(oids)})
        UNION ALL
        SELECT ev_class::pg_catalog.regclass::pg_catalog.text, 'RULE', rulename, ev_enabled
        FROM pg_catalog.pg_rewrite
        WHERE ev_enabled <> 'D' AND ev_class = ANY ({quoting.oid_array(oids)})
        ORDER BY 1, 2, 3
        """,
    )


def _foreign_keys(session: Session, oids: list[int]) -> list[dict[str, Any]]:
    # A partition's share of a key can't be altered: its root is.
    return query.rows(
        session,
        f"""
        WITH RECURSIVE key AS (
            SELECT oid, conparentid FROM pg_catalog.pg_constraint
            WHERE contype = 'f' AND conrelid = ANY ({quoting.oid_array(oids)})
            UNION
            SELECT parent.oid, parent.conparentid
            FROM key JOIN pg_catalog.pg_constraint parent ON parent.oid = key.conparentid
        )
        SELECT con.conrelid::pg_catalog.regclass::pg_catalog.text AS sql, con.conname AS name,
               con.condeferrable AS deferrable, con.condeferred AS deferred
        FROM key JOIN pg_catalog.pg_constraint con ON con.oid = key.oid
        WHERE con.conparentid = 0
        ORDER BY con.oid
        """,
    )
