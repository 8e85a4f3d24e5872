"""Tables of three shapes, as large as told, for what moves many rows."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

MEGABYTE = 10**6


@dataclass(frozen=True)
class Shape:
    """One table: how it is made, how its rows are, and what stands on it.

    ``rows`` is a query for ``{rows}`` rows, ``width`` roughly the bytes of one as COPY's text.
    """

    name: str
    columns: str
    rows: str
    width: int
    keys: str

    def create(self, connection: Any, megabytes: int) -> int:
        """Make the table of about so many megabytes of text, and return its rows."""
        rows = max(1, megabytes * MEGABYTE // self.width)
        with connection.cursor() as cursor:
            cursor.execute(f"CREATE TABLE {self.name} ({self.columns})")
            cursor.execute(f"INSERT INTO {self.name} {self.rows.format(rows=rows)}")
            cursor.execute(self.keys)
            cursor.execute(f"VACUUM ANALYZE {self.name}")
        return rows


NARROW = Shape(
    "narrow",
    "id bigint, kind integer, total numeric(12, 2), at timestamptz",
    "SELECT g, g % 7, g * 0.37, timestamptz '2024-01-01 00:00Z' + g * interval '1 minute'"
    " FROM generate_series(1, {rows}) AS g",
    47,
    "ALTER TABLE narrow ADD PRIMARY KEY (id); CREATE INDEX ON narrow (at)",
)
WIDE = Shape(
    "wide",
    "id bigint, name text, email text, note text, state text, attributes jsonb, total numeric",
    "SELECT g, 'Customer ' || g, md5(g::text) || '@example.org', repeat(md5((g * 7)::text), 8),"
    " (ARRAY['new', 'paid', 'sent'])[1 + g % 3],"
    " jsonb_build_object('visits', g % 100, 'tags', ARRAY['a', md5((g % 50)::text)]), g * 0.37"
    " FROM generate_series(1, {rows}) AS g",
    420,
    "ALTER TABLE wide ADD PRIMARY KEY (id); CREATE INDEX ON wide (email)",
)
TOAST = Shape(
    "toast",
    "id bigint, document text",
    "SELECT g, (SELECT string_agg(md5((g * 1000 + part)::text), '')"
    " FROM generate_series(1, 320) AS part) FROM generate_series(1, {rows}) AS g",
    10_250,
    "ALTER TABLE toast ADD PRIMARY KEY (id)",
)
SHAPES = (NARROW, WIDE, TOAST)
