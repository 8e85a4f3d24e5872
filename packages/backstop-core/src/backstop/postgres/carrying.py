"""Carrying single values over to a type that has been made anew, level by level.

Most values go as JSON, by the names of their fields, which also reaches into arrays. In JSON, a
range is a text that names no fields: it is carried over by its bounds, and what is made of ranges
by its ranges.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from backstop.postgres import query
from backstop.session import Session


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


@dataclass(frozen=True)
class Ranges(Carrying):
    """Ranges, or what is made of them: ``part`` carries what the type is made of.

    ``base`` and ``aside_base`` are the types without the domains over them.
    """

    base: str
    aside_base: str
    part: Carrying

    def kept(self, value: str) -> str:
        """Return a value that stepped aside, with all that it is made of."""
        old = f"({value})::{self.aside_base}"
        return f"CASE WHEN {old} IS NOT NULL THEN {self._anew(old)}::{self.type} END"

    def aside_json(self, value: str) -> str:
        """Return its parts that stepped aside as JSON."""
        return self._json(f"({value})::{self.aside_base}", self.part.aside_json)

    def image_json(self, value: str) -> str:
        """Return its parts as JSON, without what they have lost."""
        return self._json(f"({value})::{self.base}", self.part.image_json)

    def _anew(self, old: str) -> str:
        lower, upper = (self.part.kept(bound) for bound in _bounds(old))
        return (
            f"CASE WHEN pg_catalog.isempty({old}) THEN 'empty' "
            f"ELSE {self.base}({lower}, {upper}, {_inclusion(old)}) END"
        )

    def _json(self, value: str, part: Callable[[str], str]) -> str:
        # Without what a type has lost, bounds can be in another order than a range allows.
        lower, upper = (part(bound) for bound in _bounds(value))
        return (
            f"CASE WHEN {value} IS NOT NULL THEN pg_catalog.jsonb_build_array("
            f"pg_catalog.isempty({value}), {_inclusion(value)}, {lower}, {upper}) END"
        )


@dataclass(frozen=True)
class Multiranges(Ranges):
    """Ranges of ranges."""

    def _anew(self, old: str) -> str:
        ranges = f"SELECT pg_catalog.range_agg({self.part.kept('e.v')}) FROM {_elements(old)}"
        return f"coalesce(({ranges}), '{{}}')"

    def _json(self, value: str, part: Callable[[str], str]) -> str:
        return (
            f"CASE WHEN {value} IS NOT NULL THEN (SELECT coalesce(pg_catalog.jsonb_agg("
            f"{part('e.v')} ORDER BY e.n), '[]') FROM {_elements(value)}) END"
        )


@dataclass(frozen=True)
class Arrays(Multiranges):
    """Arrays of what is made of ranges."""

    def _anew(self, old: str) -> str:
        elements = (
            f"SELECT pg_catalog.array_agg({self.part.kept('e.v')} ORDER BY e.n) "
            f"FROM {_elements(old)}"
        )
        # In any other array, each element would have to find its place: as a text, it is refused
        # where it holds a range that has lost something.
        return (
            f"CASE WHEN pg_catalog.array_ndims({old}) > 1 OR pg_catalog.array_lower({old}, 1) <> 1 "
            f"THEN {old}::pg_catalog.text::{self.base} "
            f"ELSE coalesce(({elements}), '{{}}') END"
        )

    def _json(self, value: str, part: Callable[[str], str]) -> str:
        dimensions = f"pg_catalog.array_dims({value})"
        return f"pg_catalog.jsonb_build_array({dimensions}, {super()._json(value, part)})"


_MADE_OF_RANGES = {"range": Ranges, "multirange": Multiranges, "array": Arrays}


def carrying(session: Session, oid: int, aside_oid: int) -> Carrying:
    """Return what carries values of one type over to another that has come in its place."""
    now, then = _made_of(session, oid), _made_of(session, aside_oid)
    plain = Carrying(now["type"], then["type"])
    if now["base_oid"] == then["base_oid"] or not now["part"] or now["kind"] != then["kind"]:
        return plain
    part = carrying(session, now["part"], then["part"])
    if now["kind"] == "array" and not isinstance(part, Ranges):
        return plain
    kind = _MADE_OF_RANGES[now["kind"]]
    return kind(now["type"], then["type"], now["base"], then["base"], part)


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
                    ELSE 'array' END AS kind,
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


def _elements(value: str) -> str:
    return f"pg_catalog.unnest({value}) WITH ORDINALITY AS e(v, n)"


def _record(value: str, type_name: str) -> str:
    record = f"pg_catalog.jsonb_build_object('v', {value})"
    return f"pg_catalog.jsonb_to_record({record}) AS r(v {type_name})"
