"""Columns of a type that is made anew, such as the row type of a table that has lost a column.

The type has the same name as before, and is another one: its values are carried over.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Any

from backstop.postgres import query, quoting
from backstop.postgres.relations import Relation
from backstop.postgres.remaking.carrying import Carrying, Made, carrying
from backstop.session import Session


@dataclass(frozen=True)
class Retyped:
    """A column whose type is another one than that of the same column which stepped aside.

    In the expressions, ``o`` is the row that stepped aside and ``i`` that of the before-image,
    whose type is the new one.
    """

    name: str
    carrying: Carrying

    @property
    def aside_text(self) -> str:
        """The value that stepped aside, as a text to compare."""
        return f"({self.carrying.aside_json(self._of('o'))})::pg_catalog.text"

    @property
    def image_text(self) -> str:
        """The value of the before-image as it looks without what the type has lost."""
        return f"({self.carrying.image_json(self._of('i'))})::pg_catalog.text"

    @property
    def kept(self) -> str:
        """The value that stepped aside, where no other is known."""
        return self.carrying.kept(self._of("o"))

    @property
    def restored(self) -> str:
        """The value of the before-image where it wasn't edited since, else what both make up."""
        unedited = f"{self.aside_text} IS NOT DISTINCT FROM {self.image_text}"
        return (
            f"CASE WHEN i.backstop_found AND {unedited} THEN {self._of('i')} "
            f"ELSE {self._edited} END"
        )

    @property
    def _edited(self) -> str:
        if isinstance(self.carrying, Made):
            # Bounds are compared with each other: they stay as they were written.
            return self.kept
        old, now = (f"pg_catalog.to_jsonb({self._of(alias)})" for alias in ("i", "o"))
        return self.carrying.from_json(
            f"CASE WHEN pg_catalog.jsonb_typeof({now}) = 'object' "
            f"AND pg_catalog.jsonb_typeof({old}) = 'object' "
            f"THEN {old} OPERATOR(pg_catalog.||) {now} ELSE {now} END"
        )

    def _of(self, alias: str) -> str:
        return f"{alias}.{quoting.identifier(self.name)}"


def retyped_columns(
    session: Session, aside: str, relation: Relation, names: Iterable[str]
) -> list[Retyped]:
    """Return those of some columns whose type isn't the one of the table that stepped aside."""
    found = query.rows(
        session,
        f"""
        SELECT now.attname AS name, now.atttypid AS oid, aside.atttypid AS aside_oid,
               pg_catalog.format_type(now.atttypid, now.atttypmod) AS type,
               pg_catalog.format_type(aside.atttypid, aside.atttypmod) AS aside_type
        FROM pg_catalog.pg_attribute now
        JOIN pg_catalog.pg_attribute aside ON aside.attname = now.attname
        WHERE now.attrelid = {relation.oid} AND now.attnum > 0 AND NOT now.attisdropped
          AND aside.attrelid = {quoting.literal(aside)}::pg_catalog.regclass
          AND aside.atttypid <> now.atttypid
          AND now.attname = ANY ({quoting.text_array(list(names))})
        ORDER BY now.attnum
        """,
    )
    return [Retyped(entry["name"], _carrying(session, entry)) for entry in found]


def _carrying(session: Session, entry: dict[str, Any]) -> Carrying:
    found = carrying(session, entry["oid"], entry["aside_oid"])
    return replace(found, type=entry["type"], aside_type=entry["aside_type"])
