"""What a change of rows sets off beyond the rows themselves, in sentences for people.

A snapshot names what it doesn't cover. These are the effects that the catalog shows: referential
actions that reach other tables, triggers, rules, and rows that row security hides from us.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from backstop.postgres import query, quoting
from backstop.postgres.relations import Relation
from backstop.session import Session

_ACTIONS = {"c": "CASCADE", "n": "SET NULL", "d": "SET DEFAULT"}


def beyond_rows(
    session: Session, changed: Mapping[Relation, tuple[Sequence[str], Sequence[str]]]
) -> list[str]:
    """Return what is not covered, given each relation's operations and assigned columns."""
    by_oid = {relation.oid: relation for relation in changed}
    if not by_oid:
        return []
    sentences = []
    for entry in _referential_actions(session, list(by_oid)):
        relation = by_oid[int(entry["oid"])]
        operations, assigned = changed[relation]
        sentences += _referential_sentences(relation, entry, operations, assigned)
    for entry in _triggers(session, list(by_oid)):
        relation = by_oid[int(entry["oid"])]
        if set(changed[relation][0]) - {"DROP TABLE"}:
            sentences.append(
                f"{entry['kind']} {entry['name']} on {relation.label} may change other rows, "
                "which are not saved."
            )
    sentences += [
        f"Row security is active on {relation.label}: rows that its policies hide from this "
        "role are not saved."
        for relation in changed
        if relation.row_security
    ]
    return sentences


def _referential_sentences(
    relation: Relation,
    entry: Mapping[str, Any],
    operations: Sequence[str],
    assigned: Sequence[str],
) -> list[str]:
    sentences = []
    if "DELETE" in operations and entry["on_delete"] in _ACTIONS:
        sentences.append(
            f"Rows of {entry['child']} that reference {relation.label} are changed by "
            f"ON DELETE {_ACTIONS[entry['on_delete']]} and are not saved."
        )
    if (
        "UPDATE" in operations
        and entry["on_update"] in _ACTIONS
        and set(entry["referenced"]) & set(assigned)
    ):
        sentences.append(
            f"Rows of {entry['child']} that reference {relation.label} are changed by "
            f"ON UPDATE {_ACTIONS[entry['on_update']]} and are not saved."
        )
    return sentences


def _referential_actions(session: Session, oids: list[int]) -> list[dict[str, Any]]:
    return query.rows(
        session,
        f"""
        SELECT con.confrelid AS oid, con.confdeltype AS on_delete, con.confupdtype AS on_update,
               n.nspname || '.' || c.relname AS child,
               ARRAY(SELECT attname FROM pg_catalog.pg_attribute
                     WHERE attrelid = con.confrelid AND attnum = ANY (con.confkey)) AS referenced
        FROM pg_catalog.pg_constraint con
        JOIN pg_catalog.pg_class c ON c.oid = con.conrelid
        JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
        WHERE con.contype = 'f' AND con.confrelid = ANY ({quoting.oid_array(oids)})
        ORDER BY child, con.conname
        """,
    )


def _triggers(session: Session, oids: list[int]) -> list[dict[str, Any]]:
    return query.rows(
        session,
        f"""
        SELECT tgrelid AS oid, 'Trigger' AS kind, tgname AS name FROM pg_catalog.pg_trigger
        WHERE NOT tgisinternal AND tgenabled <> 'D' AND tgrelid = ANY ({quoting.oid_array(oids)})
        UNION ALL
        SELECT ev_class, 'Rule', rulename FROM pg_catalog.pg_rewrite
        WHERE ev_type <> '1' AND ev_enabled <> 'D' AND ev_class = ANY ({quoting.oid_array(oids)})
        ORDER BY 1, 2, 3
        """,
    )
