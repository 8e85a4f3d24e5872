"""Carrying single values over to a type that has been made anew, level by level.

Most values go as JSON, by the names of their fields, which also reaches into arrays. In JSON, a
range is a text that names no fields: it is carried over by its bounds, and what is made of ranges
by its parts.
"""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from backstop.postgres import query, quoting
from backstop.session import Session

# PostgreSQL's MAXDIM.
_MOST_DIMENSIONS = 6


@dataclass(frozen=True)
class Carrying:
    """A type and the one in its place that stepped aside, both as SQL spells them.

    As JSON, values of both can be compared: those of the new one without what the type has lost.
    """

    type: str
    aside_type: str

    def kept(self, value: str) -> str:
        """Return a value that stepped aside as one of the new type."""
        return self.from_json(f"pg_catalog.to_jsonb({value})")

    def from_json(self, value: str) -> str:
        """Return JSON as a value of the new type."""
        return f"(SELECT r.v FROM {_record(value, self.type)})"

    def aside_json(self, value: str) -> str:
        """Return a value that stepped aside as JSON."""
        return f"pg_catalog.to_jsonb({value})"

    def image_json(self, value: str) -> str:
        """Return a value of the new type as JSON, without what the type has lost."""
        record = _record(f"pg_catalog.to_jsonb({value})", self.aside_type)
        return f"(SELECT pg_catalog.to_jsonb(r.v) FROM {record})"


ToJson = Callable[[Carrying, str], str]


@dataclass(frozen=True)
class Made(Carrying):
    """Ranges, and types that are made of them: each part is carried over by itself.

    ``base`` and ``aside_base`` are the types without the domains over them.
    """

    base: str
    aside_base: str

    def kept(self, value: str) -> str:
        """Return a value that stepped aside, with all that it is made of."""
        old = f"({value})::{self.aside_base}"
        return f"CASE WHEN {_is_there(old)} THEN {self._anew(old)}::{self.type} END"

    def aside_json(self, value: str) -> str:
        """Return its parts that stepped aside as JSON."""
        return self._as_json(f"({value})::{self.aside_base}", _aside_json)

    def image_json(self, value: str) -> str:
        """Return its parts as JSON, without what they have lost."""
        return self._as_json(f"({value})::{self.base}", _image_json)

    def _as_json(self, value: str, to_json: ToJson) -> str:
        return f"CASE WHEN {_is_there(value)} THEN {self._json(value, to_json)} END"

    @abstractmethod
    def _anew(self, old: str) -> str:
        """Return a value, which is not NULL, as one of the new type."""

    @abstractmethod
    def _json(self, value: str, to_json: ToJson) -> str:
        """Return a value, which is not NULL, as JSON."""


@dataclass(frozen=True)
class Ranges(Made):
    """Ranges of what ``part`` carries over."""

    part: Carrying

    def _anew(self, old: str) -> str:
        lower, upper = (self.part.kept(bound) for bound in _bounds(old))
        return (
            f"CASE WHEN pg_catalog.isempty({old}) THEN 'empty' "
            f"ELSE {self.base}({lower}, {upper}, {_inclusion(old)}) END"
        )

    def _json(self, value: str, to_json: ToJson) -> str:
        # Without what a type has lost, bounds can be in another order than a range allows.
        lower, upper = (to_json(self.part, bound) for bound in _bounds(value))
        return (
            f"pg_catalog.jsonb_build_array(pg_catalog.isempty({value}), {_inclusion(value)}, "
            f"{lower}, {upper})"
        )


@dataclass(frozen=True)
class Multiranges(Made):
    """Ranges of ranges, each of which ``part`` carries over."""

    part: Carrying

    def _anew(self, old: str) -> str:
        ranges = f"SELECT pg_catalog.range_agg({self.part.kept('e.v')}) FROM {_elements(old)}"
        return f"coalesce(({ranges}), '{{}}')"

    def _json(self, value: str, to_json: ToJson) -> str:
        return _json_array(value, to_json(self.part, "e.v"))


@dataclass(frozen=True)
class Arrays(Made):
    """Arrays of what ``part`` carries over."""

    part: Carrying

    def _anew(self, old: str) -> str:
        # As text, the only form in which an array of any dimensions can be made of its elements.
        spelled = f"({self.part.kept('e.v')})::pg_catalog.text"
        quoted = rf"""'"' || pg_catalog.regexp_replace({spelled}, '([\\"])', '\\\1', 'g') || '"'"""
        opened, closed = _dimensions("o.v", "e.n - 1"), _dimensions("o.v", "e.n")
        elements = (
            f"SELECT pg_catalog.string_agg(pg_catalog.repeat('{{', {opened}) || "
            f"coalesce({quoted}, 'NULL') || pg_catalog.repeat('}}', {closed}), ',' ORDER BY e.n) "
            f"FROM {_elements('o.v')}"
        )
        return (
            f"(SELECT coalesce(pg_catalog.array_dims(o.v) || '=' || ({elements}), '{{}}') "
            f"FROM (SELECT {old} AS v) AS o)::{self.base}"
        )

    def _json(self, value: str, to_json: ToJson) -> str:
        elements = _json_array(value, to_json(self.part, "e.v"))
        return f"pg_catalog.jsonb_build_array(pg_catalog.array_dims({value}), {elements})"


@dataclass(frozen=True)
class Rows(Made):
    """Rows of fields by their names; what carries a field over that was lost is None."""

    fields: Mapping[str, Carrying | None]

    def _anew(self, old: str) -> str:
        values = (
            "NULL" if part is None else part.kept(_field(old, name))
            for name, part in self.fields.items()
        )
        return f"ROW({', '.join(values)})"

    def _json(self, value: str, to_json: ToJson) -> str:
        values = (
            to_json(part, _field(value, name))
            for name, part in self.fields.items()
            if part is not None
        )
        return f"pg_catalog.jsonb_build_array({', '.join(values)})"


_OF_PARTS: Mapping[str, Callable[..., Carrying]] = {
    "range": Ranges,
    "multirange": Multiranges,
    "array": Arrays,
}


def carrying(session: Session, oid: int, aside_oid: int) -> Carrying:
    """Return what carries values of one type over to another that has come in its place."""
    now = _made_of(session, oid)
    then = now if oid == aside_oid else _made_of(session, aside_oid)
    names = (now["type"], then["type"])
    bases = (now["base"], then["base"])
    if now["base_oid"] == then["base_oid"] or now["kind"] != then["kind"]:
        return Carrying(*names)
    if now["fields"]:
        fields = {
            name: carrying(session, field, then["fields"][name]) if name in then["fields"] else None
            for name, field in now["fields"].items()
        }
        if any(isinstance(part, Made) for part in fields.values()):
            return Rows(*names, *bases, fields)
    if now["part"] and then["part"]:
        part = carrying(session, now["part"], then["part"])
        if now["kind"] != "array" or isinstance(part, Made):
            return _OF_PARTS[now["kind"]](*names, *bases, part)
    return Carrying(*names)


def _made_of(session: Session, oid: int) -> dict[str, Any]:
    """Return what a type is made of, by way of the domains over it."""
    return query.row(
        session,
        f"""
        WITH RECURSIVE over AS (
            SELECT {oid}::pg_catalog.oid AS oid
            UNION ALL
            SELECT domain.typbasetype FROM over
            JOIN pg_catalog.pg_type domain ON domain.oid = over.oid AND domain.typtype = 'd'
        )
        SELECT pg_catalog.format_type({oid}, NULL) AS type, t.oid AS base_oid,
               pg_catalog.format_type(t.oid, NULL) AS base,
               CASE t.typtype WHEN 'r' THEN 'range' WHEN 'm' THEN 'multirange'
                    WHEN 'c' THEN 'row' ELSE 'array' END AS kind,
               coalesce((
                   SELECT pg_catalog.json_object_agg(a.attname, a.atttypid ORDER BY a.attnum)
                   FROM pg_catalog.pg_attribute a
                   WHERE a.attrelid = t.typrelid AND a.attnum > 0 AND NOT a.attisdropped
               ), '{{}}') AS fields,
               CASE t.typtype
                    WHEN 'r' THEN (
                        SELECT r.rngsubtype FROM pg_catalog.pg_range r WHERE r.rngtypid = t.oid)
                    WHEN 'm' THEN (
                        -- Servers without multiranges have no column for this in pg_range.
                        SELECT d.refobjid FROM pg_catalog.pg_depend d
                        WHERE d.classid = 'pg_catalog.pg_type'::pg_catalog.regclass
                          AND d.refclassid = d.classid AND d.objid = t.oid AND d.deptype = 'i')
                    ELSE nullif(t.typelem, 0) END AS part
        FROM over JOIN pg_catalog.pg_type t ON t.oid = over.oid AND t.typtype <> 'd'
        """,
    )


def _bounds(value: str) -> tuple[str, str]:
    return f"pg_catalog.lower({value})", f"pg_catalog.upper({value})"


def _inclusion(value: str) -> str:
    return (
        f"(CASE WHEN pg_catalog.lower_inc({value}) THEN '[' ELSE '(' END OPERATOR(pg_catalog.||) "
        f"CASE WHEN pg_catalog.upper_inc({value}) THEN ']' ELSE ')' END)"
    )


def _field(value: str, name: str) -> str:
    return f"({value}).{quoting.identifier(name)}"


def _is_there(value: str) -> str:
    # A row of NULLs is NULL as well, but not as JSON.
    return f"pg_catalog.to_jsonb({value}) IS NOT NULL"


def _aside_json(part: Carrying, value: str) -> str:
    return part.aside_json(value)


def _image_json(part: Carrying, value: str) -> str:
    return part.image_json(value)


def _json_array(value: str, element: str) -> str:
    return (
        f"(SELECT coalesce(pg_catalog.jsonb_agg({element} ORDER BY e.n), '[]') "
        f"FROM {_elements(value)})"
    )


def _elements(value: str) -> str:
    # In FROM, an element that is a row would fall apart into its columns.
    elements = f"SELECT pg_catalog.unnest({value}) AS v"
    return f"(SELECT u.v, pg_catalog.row_number() OVER () AS n FROM ({elements}) AS u) AS e"


def _dimensions(array: str, elements: str) -> str:
    """Return how many dimensions of an array are whole after so many of its elements."""
    sizes = [
        f"coalesce(pg_catalog.array_length({array}, {number}), 1)"
        for number in range(1, _MOST_DIMENSIONS + 1)
    ]
    whole = (
        f"(pg_catalog.array_ndims({array}) >= {number} AND "
        f"({elements}) % ({' * '.join(sizes[number - 1 :])}) = 0)::pg_catalog.int4"
        for number in range(1, _MOST_DIMENSIONS + 1)
    )
    return f"({' + '.join(whole)})"


def _record(value: str, type_name: str) -> str:
    record = f"pg_catalog.jsonb_build_object('v', {value})"
    return f"pg_catalog.jsonb_to_record({record}) AS r(v {type_name})"
