"""Foreign keys that carry a change of rows on to other tables."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from backstop.postgres import query, quoting
from backstop.session import Session

_EFFECTS = {"c": "CASCADE", "n": "SET NULL", "d": "SET DEFAULT"}


@dataclass(frozen=True)
class Referrer:
    """A table that a foreign key ties to ``referenced``, with actions that change its rows.

    ``on_delete`` and ``on_update`` are CASCADE, SET NULL, SET DEFAULT, or None where the key
    refuses the change. ``columns`` are its own, ``referenced_columns`` those that it points at.
    """

    oid: int
    referenced: int
    on_delete: str | None
    on_update: str | None
    columns: tuple[str, ...]
    referenced_columns: tuple[str, ...]


def referrers(session: Session, oids: Iterable[int]) -> list[Referrer]:
    """Return the tables whose rows change with rows of these relations."""
    found = query.rows(
        session,
        f"""
        SELECT con.conrelid AS oid, con.confrelid AS referenced,
               con.confdeltype AS on_delete, con.confupdtype AS on_update,
               ARRAY(SELECT attname FROM pg_catalog.pg_attribute
                     WHERE attrelid = con.conrelid AND attnum = ANY (con.conkey)) AS columns,
               ARRAY(SELECT attname FROM pg_catalog.pg_attribute
                     WHERE attrelid = con.confrelid AND attnum = ANY (con.confkey))
                   AS referenced_columns
        FROM pg_catalog.pg_constraint con
        WHERE con.contype = 'f' AND con.confrelid = ANY ({quoting.oid_array(list(oids))})
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
        )
        for entry in found
    ]
