"""What switches the server's own triggers of constraints, where they aren't on as usual.

ALTER TABLE … DISABLE TRIGGER ALL does that: foreign keys aren't kept then. The triggers have
names that hold the OID of their constraint, so they are found when they are to be switched.
"""

from __future__ import annotations

from typing import Any

from backstop.postgres import query, quoting
from backstop.postgres.model.catalog import relations
from backstop.postgres.objects import CatalogObject
from backstop.session import Session

# One letter each, as pg_trigger has them.
_STATES = {"O": "ENABLE", "D": "DISABLE", "R": "ENABLE REPLICA", "A": "ENABLE ALWAYS"}


def read(session: Session, version: int) -> list[CatalogObject]:  # noqa: ARG001
    """Return what switches the triggers of each constraint, by the table that they are on.

    A partition's share of a constraint counts as the whole's, on the partition.
    """
    return [_switch(entry) for entry in _entries(session)]


def of_constraints(session: Session, oids: list[int]) -> list[str]:
    """Return the statements that switch the triggers of some constraints as they are now."""
    return [
        _switching(entry, entry["states"])
        for entry in _entries(session)
        if entry["constraint"] in map(str, oids)
    ]


def _switch(entry: dict[str, Any]) -> CatalogObject:
    kind = "foreign key" if entry["type"] == "f" else "constraint"
    constraint = f"{kind} {entry['owner_label']}.{entry['name']}"
    table = entry["label"]
    return CatalogObject(
        "constraint switch",
        f"switch of {constraint} on {table}",
        (_switching(entry, entry["states"]),),
        (constraint, f"table {table}", f"table {entry['owner_label']}", f"partition {table}"),
        "last",
        drop=(_switching(entry, {}),),
        replaces=True,
    )


def _switching(entry: dict[str, Any], states: dict[str, str]) -> str:
    """Write what switches each trigger by the function that it calls, and all others on."""
    actions = " ".join(
        f"WHEN {quoting.literal(function)} THEN '{_STATES[state]}'"
        for function, state in sorted(states.items())
    )
    action = f"CASE called.proname {actions} ELSE 'ENABLE' END" if actions else "'ENABLE'"
    body = f"""
        DECLARE switch pg_catalog.text;
        BEGIN
            FOR switch IN
                WITH RECURSIVE share AS (
                    SELECT con.oid FROM pg_catalog.pg_constraint con
                    WHERE con.conname = {quoting.literal(entry["name"])}
                      AND con.conrelid = {quoting.literal(entry["owner"])}::pg_catalog.regclass
                    UNION
                    SELECT con.oid FROM share
                    JOIN pg_catalog.pg_constraint con ON con.conparentid = share.oid
                )
                SELECT pg_catalog.format('ALTER TABLE ONLY %s %s TRIGGER %I',
                           t.tgrelid::pg_catalog.regclass, {action}, t.tgname)
                FROM share
                JOIN pg_catalog.pg_trigger t ON t.tgconstraint = share.oid
                JOIN pg_catalog.pg_proc called ON called.oid = t.tgfoid
                WHERE t.tgrelid = {quoting.literal(entry["sql"])}::pg_catalog.regclass
            LOOP
                EXECUTE switch;
            END LOOP;
        END
    """
    lines = (line.strip() for line in body.splitlines())
    return f"DO LANGUAGE plpgsql {quoting.literal(' '.join(filter(None, lines)))}"


def _entries(session: Session) -> list[dict[str, Any]]:
    return query.rows(
        session,
        f"""
        WITH RECURSIVE switched AS (
            SELECT t.oid, t.tgconstraint AS constraint FROM pg_catalog.pg_trigger t
            WHERE t.tgisinternal AND t.tgenabled <> 'O' AND t.tgconstraint <> 0
            UNION
            SELECT switched.oid, con.conparentid FROM switched
            JOIN pg_catalog.pg_constraint con ON con.oid = switched.constraint
            WHERE con.conparentid <> 0
        )
        SELECT con.oid AS constraint, con.contype AS type, con.conname AS name,
               n.nspname || '.' || owner.relname AS owner_label,
               pg_catalog.quote_ident(n.nspname) || '.' || pg_catalog.quote_ident(owner.relname)
                   AS owner,
               r.sql, r.label,
               pg_catalog.json_object_agg(called.proname, t.tgenabled) AS states
        FROM switched
        JOIN pg_catalog.pg_constraint con
          ON con.oid = switched.constraint AND con.conparentid = 0 AND con.contype <> 't'
        JOIN pg_catalog.pg_class owner ON owner.oid = con.conrelid
        JOIN pg_catalog.pg_namespace n ON n.oid = owner.relnamespace
        JOIN pg_catalog.pg_trigger t ON t.oid = switched.oid
        JOIN pg_catalog.pg_proc called ON called.oid = t.tgfoid
        JOIN ({relations("rp")}) AS r ON r.oid = t.tgrelid
        GROUP BY con.oid, con.contype, con.conname, n.nspname, owner.relname, r.oid, r.sql, r.label
        ORDER BY con.oid, r.oid
        """,
    )
