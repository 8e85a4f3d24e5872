"""Which tables there are, and whether their rows are still the ones that were there."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from backstop.postgres import query
from backstop.postgres.code.summary import FIRST_OWN
from backstop.session import Session


@dataclass(frozen=True)
class Presence:
    """One relation that holds something: its name, where its rows are, and its lost columns.

    ``stored`` changes with a TRUNCATE or a rewrite of a table; ``dropped`` counts the columns that
    were dropped.
    """

    label: str
    stored: int
    dropped: int


def look(session: Session) -> Mapping[int, Presence]:
    """Return every table, materialized view and sequence that isn't temporary, by OID."""
    found = query.rows(
        session,
        f"""
        SELECT c.oid, n.nspname || '.' || c.relname AS label,
               -- A materialized view is refreshed, and a sequence altered, into a new file.
               CASE c.relkind WHEN 'r' THEN c.relfilenode ELSE 0 END::pg_catalog.int8 AS stored,
               (SELECT pg_catalog.count(*) FROM pg_catalog.pg_attribute a
                WHERE a.attrelid = c.oid AND a.attnum > 0 AND a.attisdropped) AS dropped
        FROM pg_catalog.pg_class c
        JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
        WHERE c.relkind IN ('r', 'p', 'f', 'm', 'S') AND c.relpersistence <> 't'
          AND c.oid >= {FIRST_OWN}
        """,
    )
    return {
        int(entry["oid"]): Presence(entry["label"], entry["stored"], entry["dropped"])
        for entry in found
    }
