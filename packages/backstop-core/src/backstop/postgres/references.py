"""Foreign keys that carry a change of rows on to other tables."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from backstop.postgres import query, quoting
from backstop.postgres.relations import Relation
from backstop.session import Session

_EFFECTS = {"c": "CASCADE", "n": "SET NULL", "d": "SET DEFAULT"}


@dataclass(frozen=True)
class Referrer:
    """A table that a foreign key ties to ``referenced``, with actions that change its rows.

    ``on_delete`` and ``on_update`` are CASCADE, SET NULL, SET DEFAULT, or None where the key
    refuses the change. ``columns`` are its own, ``referenced_columns`` those that each points at,
    ``operators`` what compares a referenced column with its own. Of a partitioned table it is
    the root that is tied, on either side.
    """

    oid: int
    referenced: int
    on_delete: str | None
    on_update: str | None
    columns: tuple[str, ...]
    referenced_columns: tuple[str, ...]
    operators: tuple[str, ...]

    def carries(self, effect: str, assigned: Iterable[str]) -> str | None:
        """Return what happens to rows that refer to one, DELETE or UPDATE, if anything does.

        ``effect`` is what happens to that row; an UPDATE sets the columns ``assigned``.
        """
        if effect == "DELETE" and self.on_delete is not None:
            return "DELETE" if self.on_delete == "CASCADE" else "UPDATE"
        moves = self.on_update is not None and not set(assigned).isdisjoint(self.referenced_columns)
        return "UPDATE" if effect == "UPDATE" and moves else None

    def moved(self, relation: Relation, assigned: Iterable[str]) -> set[str]:
        """Return what an UPDATE of a relation may set of it, as far as matters for the key.

        Generated columns are computed anew, and a trigger may set any.
        """
        if relation.triggers:
            return set(self.referenced_columns)
        plain = {column.name for column in relation.columns}
        return {*assigned, *(set(self.referenced_columns) - plain)}


def referring(session: Session, labels: Iterable[str]) -> set[str]:
    """Return the labels of the tables with foreign keys to these, whatever the keys do."""
    found = query.rows(
        session,
        f"""
        SELECT DISTINCT n.nspname || '.' || c.relname AS label
        FROM pg_catalog.pg_constraint con
        JOIN pg_catalog.pg_class c ON c.oid = con.conrelid
        JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
        JOIN pg_catalog.pg_class other ON other.oid = con.confrelid
        JOIN pg_catalog.pg_namespace o ON o.oid = other.relnamespace
        WHERE con.contype = 'f'
          AND o.nspname || '.' || other.relname = ANY ({quoting.text_array(sorted(labels))})
        """,
    )
    return {entry["label"] for entry in found}


def referrers(session: Session, oids: Iterable[int]) -> list[Referrer]:
    """Return what is tied to these relations, or to a table that one is a partition of."""
    found = query.rows(
        session,
        f"""
        WITH RECURSIVE family AS (
            SELECT pg_catalog.unnest({quoting.oid_array(list(oids))}) AS oid
            UNION
            SELECT i.inhparent FROM family
            JOIN pg_catalog.pg_class c ON c.oid = family.oid AND c.relispartition
            JOIN pg_catalog.pg_inherits i ON i.inhrelid = family.oid
        )
        SELECT con.conrelid AS oid, con.confrelid AS referenced,
               con.confdeltype AS on_delete, con.confupdtype AS on_update, pair.*
        FROM pg_catalog.pg_constraint con
        CROSS JOIN LATERAL (
            SELECT pg_catalog.array_agg(own.attname ORDER BY k.number) AS columns,
                   pg_catalog.array_agg(other.attname ORDER BY k.number) AS referenced_columns,
                   pg_catalog.array_agg(
                       'OPERATOR(' || pg_catalog.quote_ident(n.nspname) || '.' || o.oprname || ')'
                       ORDER BY k.number) AS operators
            FROM ROWS FROM (
                pg_catalog.unnest(con.conkey), pg_catalog.unnest(con.confkey),
                pg_catalog.unnest(con.conpfeqop)
            ) WITH ORDINALITY AS k (own, other, operator, number)
            JOIN pg_catalog.pg_attribute own
              ON own.attrelid = con.conrelid AND own.attnum = k.own
            JOIN pg_catalog.pg_attribute other
              ON other.attrelid = con.confrelid AND other.attnum = k.other
            JOIN pg_catalog.pg_operator o ON o.oid = k.operator
            JOIN pg_catalog.pg_namespace n ON n.oid = o.oprnamespace
        ) AS pair
        WHERE con.contype = 'f' AND con.conparentid = 0
          AND con.confrelid IN (SELECT oid FROM family)
          AND (con.confdeltype IN ('c', 'n', 'd') OR con.confupdtype IN ('c', 'n', 'd'))
        ORDER BY con.oid
        """,
    )
    return [
        Referrer(
            oid=int(entry["oid"]),
            referenced=int(entry["referenced"]),
            on_delete=_EFFECTS.get(entry["on_delete"]),
            on_update=_EFFECTS.get(entry["on_update"]),
            columns=tuple(entry["columns"]),
            referenced_columns=tuple(entry["referenced_columns"]),
            operators=tuple(entry["operators"]),
        )
        for entry in found
    ]
