"""Values of a type that is made anew, such as the row type of a table that has lost a column.

The type has the same name as before, and is another one: its values are carried over by the names
of their fields, as JSON, which also reaches into arrays and into types of such types.
"""

from __future__ import annotations

from dataclasses import dataclass

from backstop.postgres import query, quoting
from backstop.postgres.relations import Relation
from backstop.session import Session


@dataclass(frozen=True)
class Retyped:
    """A column whose type is another one than that of the same column which stepped aside.

    Both types are as SQL spells them. In the expressions, ``o`` is the row that stepped aside and
    ``i`` that of the before-image, whose type is the new one.
    """

    name: str
    type: str
    aside_type: str

    @property
    def aside_text(self) -> str:
        """The value that stepped aside, as a text to compare."""
        return f"{_json('o', self.name)}::pg_catalog.text"

    @property
    def image_text(self) -> str:
        """The value of the before-image as it looks without what the type has lost."""
        return f"{_json_as(_json('i', self.name), self.aside_type)}::pg_catalog.text"

    @property
    def kept(self) -> str:
        """The value that stepped aside, where no other is known."""
        return _as(_json("o", self.name), self.type)

    @property
    def restored(self) -> str:
        """The value of the before-image where it wasn't edited since, else what both make up."""
        old, now = _json("i", self.name), _json("o", self.name)
        merged = (
            f"CASE WHEN pg_catalog.jsonb_typeof({now}) = 'object' "
            f"AND pg_catalog.jsonb_typeof({old}) = 'object' "
            f"THEN {old} OPERATOR(pg_catalog.||) {now} ELSE {now} END"
        )
        unedited = f"{self.aside_text} IS NOT DISTINCT FROM {self.image_text}"
        return (
            f"CASE WHEN i.backstop_found AND {unedited} THEN i.{quoting.identifier(self.name)} "
            f"ELSE {_as(merged, self.type)} END"
        )


def retyped_columns(session: Session, aside: str, relation: Relation) -> list[Retyped]:
    """Return the columns of a relation whose type isn't that of the table that stepped aside."""
    found = query.rows(
        session,
        f"""
        SELECT now.attname AS name,
               pg_catalog.format_type(now.atttypid, now.atttypmod) AS type,
               pg_catalog.format_type(aside.atttypid, aside.atttypmod) AS aside_type
        FROM pg_catalog.pg_attribute now
        JOIN pg_catalog.pg_attribute aside ON aside.attname = now.attname
        WHERE now.attrelid = {relation.oid} AND now.attnum > 0 AND NOT now.attisdropped
          AND aside.attrelid = {quoting.literal(aside)}::pg_catalog.regclass
          AND aside.atttypid <> now.atttypid
        ORDER BY now.attnum
        """,
    )
    return [Retyped(entry["name"], entry["type"], entry["aside_type"]) for entry in found]


def _json(alias: str, name: str) -> str:
    return f"pg_catalog.to_jsonb({alias}.{quoting.identifier(name)})"


def _record(value: str, type_name: str) -> str:
    record = f"pg_catalog.jsonb_build_object('v', {value})"
    return f"pg_catalog.jsonb_to_record({record}) AS r(v {type_name})"


def _as(value: str, type_name: str) -> str:
    return f"(SELECT r.v FROM {_record(value, type_name)})"


def _json_as(value: str, type_name: str) -> str:
    return f"(SELECT pg_catalog.to_jsonb(r.v) FROM {_record(value, type_name)})"
