"""Sequences that belong to tables: serial and identity columns' own."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from backstop.postgres import query, quoting
from backstop.postgres.objects import CatalogObject
from backstop.session import Session


@dataclass(frozen=True)
class Sequence:
    """One sequence that a column owns.

    ``identity`` is the catalog's attidentity: ``a`` or ``d`` for an identity column, else empty.
    ``table`` is the owning table's quoted name, ``table_label`` the one that people read.
    """

    oid: int
    schema: str
    name: str
    table: str
    table_label: str
    column: str
    persistence: str
    identity: str
    type: str
    options: str

    @property
    def sql(self) -> str:
        """The quoted, schema-qualified name."""
        return quoting.qualified(self.schema, self.name)

    @property
    def identifier(self) -> str:
        """Its identity as a catalog object."""
        return f"sequence {self.schema}.{self.name}"


@dataclass(frozen=True)
class Position:
    """The position of one sequence."""

    schema: str
    name: str
    last_value: int
    is_called: bool


def owned(session: Session, tables: list[int]) -> list[Sequence]:
    """Return the sequences that columns of the tables own."""
    found = query.rows(
        session,
        f"""
        SELECT c.oid, n.nspname AS schema, c.relname AS name,
               a.attidentity AS identity, t.oid::pg_catalog.regclass::pg_catalog.text AS table,
               tn.nspname || '.' || t.relname AS table_label, a.attname AS column,
               c.relpersistence AS persistence,
               pg_catalog.format_type(s.seqtypid, NULL) AS type,
               s.seqstart, s.seqincrement, s.seqmin, s.seqmax, s.seqcache, s.seqcycle
        FROM pg_catalog.pg_depend d
        JOIN pg_catalog.pg_class c ON c.oid = d.objid AND c.relkind = 'S'
        JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
        JOIN pg_catalog.pg_sequence s ON s.seqrelid = c.oid
        JOIN pg_catalog.pg_class t ON t.oid = d.refobjid
        JOIN pg_catalog.pg_namespace tn ON tn.oid = t.relnamespace
        JOIN pg_catalog.pg_attribute a ON a.attrelid = t.oid AND a.attnum = d.refobjsubid
        WHERE d.classid = 'pg_catalog.pg_class'::pg_catalog.regclass
          AND d.refclassid = 'pg_catalog.pg_class'::pg_catalog.regclass
          AND d.deptype IN ('a', 'i') AND d.refobjid = ANY ({quoting.oid_array(tables)})
        ORDER BY c.oid
        """,
    )
    return [_sequence(entry) for entry in found]


def definitions(found: list[Sequence]) -> list[CatalogObject]:
    """Return what recreates the sequences, and who owns them."""
    objects = []
    for sequence in found:
        objects += [_identity(sequence)] if sequence.identity else _serial(sequence)
    return objects


def _identity(sequence: Sequence) -> CatalogObject:
    generated = "ALWAYS" if sequence.identity == "a" else "BY DEFAULT"
    return CatalogObject(
        "identity",
        sequence.identifier,
        (
            f"ALTER TABLE {sequence.table} ALTER COLUMN {quoting.identifier(sequence.column)} "
            f"ADD GENERATED {generated} AS IDENTITY "
            f"(SEQUENCE NAME {sequence.sql} {sequence.options})",
        ),
        (f"table {sequence.table_label}",),
    )


def _serial(sequence: Sequence) -> list[CatalogObject]:
    unlogged = "UNLOGGED " if sequence.persistence == "u" else ""
    return [
        CatalogObject(
            "sequence",
            sequence.identifier,
            (f"CREATE {unlogged}SEQUENCE {sequence.sql} AS {sequence.type} {sequence.options}",),
        ),
        CatalogObject(
            "sequence owner",
            f"owner of {sequence.identifier}",
            (
                f"ALTER SEQUENCE {sequence.sql} OWNED BY "
                f"{sequence.table}.{quoting.identifier(sequence.column)}",
            ),
            (sequence.identifier, f"table {sequence.table_label}"),
        ),
    ]


def positions(session: Session, found: list[Sequence]) -> list[Position]:
    """Return the position of each sequence."""
    if not found:
        return []
    entries = query.rows(
        session,
        " UNION ALL ".join(
            f"SELECT {quoting.literal(sequence.schema)}::pg_catalog.text AS schema, "
            f"{quoting.literal(sequence.name)}::pg_catalog.text AS name, last_value, is_called "
            f"FROM {sequence.sql}"
            for sequence in found
        ),
    )
    return [Position(**entry) for entry in entries]


def set_position(session: Session, saved: Position) -> None:
    """Move a sequence to a saved position, unless it stands further already."""
    sequence = quoting.qualified(saved.schema, saved.name)
    session.execute(
        f"""
        SELECT pg_catalog.setval(s.seqrelid, {saved.last_value}, {saved.is_called})
        FROM {sequence} AS now
        JOIN pg_catalog.pg_sequence s
          ON s.seqrelid = pg_catalog.to_regclass({quoting.name_literal(saved.schema, saved.name)})
        WHERE NOT now.is_called
           OR (s.seqincrement > 0 AND now.last_value < {saved.last_value})
           OR (s.seqincrement < 0 AND now.last_value > {saved.last_value})
        """
    )


def _sequence(entry: dict[str, Any]) -> Sequence:
    options = (
        f"START WITH {entry['seqstart']} INCREMENT BY {entry['seqincrement']} "
        f"MINVALUE {entry['seqmin']} MAXVALUE {entry['seqmax']} CACHE {entry['seqcache']}"
        f"{' CYCLE' if entry['seqcycle'] else ''}"
    )
    return Sequence(
        oid=int(entry["oid"]),
        schema=entry["schema"],
        name=entry["name"],
        table=entry["table"],
        table_label=entry["table_label"],
        column=entry["column"],
        persistence=entry["persistence"],
        identity=entry["identity"],
        type=entry["type"],
        options=options,
    )
