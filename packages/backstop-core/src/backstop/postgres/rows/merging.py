"""Writing back what a comparison has found to be missing or left by the statement.

Nothing here overwrites a row that isn't as the statement left it, unless the comparison was told
to take it for that.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from backstop.postgres import query, quoting
from backstop.postgres.relations import Relation
from backstop.postgres.rows.comparing import Comparison, States, column_list
from backstop.session import Session


@dataclass(frozen=True)
class Merged:
    """What became of the rows of an image, and how many that the statement left were removed."""

    inserted: int = 0
    updated: int = 0
    unchanged: int = 0
    removed: int = 0
    conflicts: int = 0


def is_empty(session: Session, relation: Relation) -> bool:
    """Whether the relation has no row that we can see."""
    answer = query.row(session, f"SELECT NOT EXISTS (SELECT FROM ONLY {relation.sql}) AS empty")
    return bool(answer["empty"])


def has_to_replace(session: Session, relation: Relation, assigned: Sequence[str]) -> bool:
    """Whether the columns can't be set in place, one row after the other.

    A unique key may forbid what stands in between, and an identity that is always generated takes
    a value only in an INSERT.
    """
    if any(column.always and column.name in assigned for column in relation.columns):
        return True
    answer = query.row(
        session,
        f"""
        SELECT EXISTS (
            SELECT FROM pg_catalog.pg_index i
            WHERE i.indrelid = {relation.oid} AND (i.indisunique OR i.indisexclusion)
              AND (i.indexprs IS NOT NULL OR i.indpred IS NOT NULL OR EXISTS (
                  SELECT FROM pg_catalog.pg_attribute a
                  WHERE a.attrelid = i.indrelid AND a.attnum = ANY (i.indkey)
                    AND a.attname = ANY ({quoting.text_array(list(assigned))})))
        ) AS found
        """,
    )
    return bool(answer["found"])


def count_rows(session: Session, relation: Relation) -> int:
    """Return how many rows the relation has."""
    answer = query.row(session, f"SELECT pg_catalog.count(*) AS count FROM ONLY {relation.sql}")
    return int(answer["count"])


def insert_without_values(session: Session, relation: Relation, rows: int) -> None:
    """Insert rows into a relation that has no column to give a value for."""
    session.execute(f"INSERT INTO {relation.sql} SELECT FROM pg_catalog.generate_series(1, {rows})")


def update_in_place(
    session: Session, comparison: Comparison, untouched: Sequence[str], states: States
) -> Merged:
    """Give rows that the statement left their old values, and insert those that are missing.

    The ``untouched`` columns have the values that they had.
    """
    assignments = ", ".join(
        f"{quoting.identifier(column.name)} = i.{quoting.identifier(column.name)}"
        for column in comparison.columns
        if column.name not in untouched and not column.always
    )
    updated = 0
    if states.left and assignments:
        updated = session.execute(
            f"UPDATE ONLY {comparison.relation.sql} t SET {assignments} "
            f"FROM {comparison.states} s JOIN {comparison.image} i ON i.ctid = s.image "
            "WHERE t.ctid = s.target AND s.state = 'left'"
        )
    inserted = _insert(session, comparison, ["missing"]) if states.missing else 0
    return Merged(
        inserted=inserted,
        updated=updated,
        unchanged=states.same,
        # A missing row that another unique key kept out is in conflict as well.
        conflicts=states.conflict + states.missing - inserted,
    )


def replace(
    session: Session, comparison: Comparison, states: States, unsaved: Sequence[str] = ()
) -> Merged:
    """Remove what the statement left, and insert what was there.

    Of the ``unsaved`` columns, a row whose place another one takes keeps the values.
    """
    if unsaved:
        _keep(session, comparison, unsaved)
    removed = 0
    if states.left or states.extra:
        removed = session.execute(
            f"DELETE FROM ONLY {comparison.relation.sql} WHERE ctid IN (SELECT target "
            f"FROM {comparison.states} WHERE state IN ('left', 'extra'))"
        )
    wanted = states.left + states.missing
    if unsaved:
        inserted = _insert(session, comparison, ["left"], unsaved) if states.left else 0
        inserted += _insert(session, comparison, ["missing"]) if states.missing else 0
    else:
        inserted = _insert(session, comparison, ["left", "missing"]) if wanted else 0
    # One that takes the place of another was updated; whatever is beyond that came or went.
    updated = min(removed, inserted)
    return Merged(
        inserted=inserted - updated,
        updated=updated,
        unchanged=states.same,
        removed=removed - updated,
        conflicts=states.conflict + wanted - inserted,
    )


def _keep(session: Session, comparison: Comparison, unsaved: Sequence[str]) -> None:
    """Remember what rows that are to be removed hold in columns that nothing was saved of."""
    session.execute(
        f"CREATE TEMPORARY TABLE {comparison.kept} AS "
        f"SELECT t.ctid AS backstop_place, {_names(unsaved, 't')} "
        f"FROM ONLY {comparison.relation.sql} t "
        f"JOIN {comparison.states} s ON s.target = t.ctid WHERE s.state = 'left'"
    )


def _insert(
    session: Session, comparison: Comparison, states: Sequence[str], kept: Sequence[str] = ()
) -> int:
    relation, columns = comparison.relation, comparison.columns
    source = f"{comparison.states} s JOIN {comparison.image} i ON i.ctid = s.image"
    names, values = column_list(columns), column_list(columns, "i")
    if kept:
        source += f" JOIN {comparison.kept} k ON k.backstop_place = s.target"
        names += f", {_names(kept)}"
        values += f", {_names(kept, 'k')}"
    # ON CONFLICT refuses tables with a deferrable unique key; there a conflict is an error.
    deferrable = query.row(
        session,
        "SELECT EXISTS (SELECT FROM pg_catalog.pg_index WHERE NOT indimmediate "
        f"AND indrelid = {relation.oid}) AS found",
    )["found"]
    return session.execute(
        f"INSERT INTO {relation.sql} ({names}) OVERRIDING SYSTEM VALUE "
        f"SELECT {values} FROM {source} "
        f"WHERE s.state = ANY ({quoting.text_array(list(states))})"
        + ("" if deferrable else " ON CONFLICT DO NOTHING")
    )


def _names(names: Sequence[str], alias: str | None = None) -> str:
    before = f"{alias}." if alias else ""
    return ", ".join(before + quoting.identifier(name) for name in names)
