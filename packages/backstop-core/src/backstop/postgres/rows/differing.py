"""What a before-image and the rows that its relation has now differ in, without changing either.

The before-image is loaded into a temporary table, which the transaction's end takes away. Columns
that the relation has lost are loaded as text.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from backstop.postgres import query, quoting
from backstop.postgres.relations import Relation
from backstop.postgres.rows.comparing import as_text
from backstop.session import Session, Source

_TEXT = "pg_catalog.text"


@dataclass(frozen=True)
class RowsCompared:
    """How many rows are in each state, and the first of those that differ.

    Each of ``rows`` has its ``state`` (missing, changed or extra), and the values ``before`` and
    ``now`` as text by column, None where there is no such row.
    """

    counts: Mapping[str, int]
    rows: Sequence[Mapping[str, object]]


class ImageBeside:
    """A before-image beside the relation that it is of, if that is there.

    ``columns`` are those of the image, in the order of its rows.
    """

    def __init__(
        self, session: Session, number: int, columns: Sequence[str], relation: Relation | None
    ) -> None:
        self._session = session
        self._relation = relation
        self._image = f"pg_temp.backstop_difference_{number}"
        self._columns = columns
        present = {column.name for column in relation.columns} if relation is not None else set()
        self._shared = [name for name in columns if name in present]

    def load(self, source: Source) -> int:
        """Load the before-image; returns its rows."""
        shared = set(self._shared)
        selected = ", ".join(
            quoting.identifier(name)
            if name in shared
            else f"NULL::{_TEXT} AS {quoting.identifier(name)}"
            for name in self._columns
        )
        origin = f"FROM ONLY {self._relation.sql}" if self._relation is not None else ""
        self._session.execute(
            f"CREATE TEMPORARY TABLE {self._image} ON COMMIT DROP AS "
            f"SELECT {selected} {origin} WITH NO DATA"
        )
        names = ", ".join(map(quoting.identifier, self._columns))
        return self._session.copy_in(
            f"COPY {self._image} ({names}) FROM STDIN (ENCODING 'UTF8')", source
        )

    def compare(self, key: Sequence[str], most: int, *, extra: bool) -> RowsCompared:
        """Compare by the key, or where there is none by all values; ``most`` rows are given.

        ``extra`` is whether rows that the image doesn't hold count.
        """
        if self._relation is None:
            compared = f"SELECT 'missing' AS state, {self._values('i')} AS before, NULL AS now "
            compared += f"FROM {self._image} i"
        elif key and set(key) <= set(self._shared):
            compared = self._by_key(self._relation, key, extra=extra)
        else:
            compared = self._by_value(self._relation, extra=extra)
        self._session.execute(
            f"CREATE TEMPORARY TABLE {self._image}_states ON COMMIT DROP AS {compared}"
        )
        counted = query.rows(
            self._session,
            f"SELECT state, pg_catalog.count(*) AS count FROM {self._image}_states GROUP BY 1",
        )
        rows = query.rows(
            self._session,
            f"SELECT state, before, now FROM {self._image}_states WHERE state <> 'same' "
            f"LIMIT {most}",
        )
        return RowsCompared({entry["state"]: entry["count"] for entry in counted}, rows)

    def _by_key(self, relation: Relation, key: Sequence[str], *, extra: bool) -> str:
        same_key = " AND ".join(
            f"{as_text(f'i.{quoting.identifier(name)}')} = "
            f"{as_text(f't.{quoting.identifier(name)}')}"
            for name in key
        )
        join = "FULL" if extra else "LEFT"
        return f"""
            SELECT CASE WHEN t.place IS NULL THEN 'missing' WHEN i.place IS NULL THEN 'extra'
                        WHEN {self._row("i")} = {self._row("t")} THEN 'same'
                        ELSE 'changed' END AS state,
                   CASE WHEN i.place IS NOT NULL THEN {self._values("i")} END AS before,
                   CASE WHEN t.place IS NOT NULL THEN {self._values("t")} END AS now
            FROM (SELECT ctid AS place, * FROM {self._image}) AS i
            {join} JOIN (SELECT ctid AS place, * FROM ONLY {relation.sql}) AS t ON {same_key}
            """

    def _by_value(self, relation: Relation, *, extra: bool) -> str:
        """Return what is missing or extra as one side has more rows of its value than the other."""
        sides = [
            f"(SELECT {self._row('r')} AS value, {self._values('r')} AS shown, "
            f"pg_catalog.row_number() OVER (PARTITION BY {self._row('r')}) AS number "
            f"FROM {source} r)"
            for source in (self._image, f"ONLY {relation.sql}")
        ]
        join = "FULL" if extra else "LEFT"
        return f"""
            SELECT CASE WHEN t.value IS NULL THEN 'missing' WHEN i.value IS NULL THEN 'extra'
                        ELSE 'same' END AS state, i.shown AS before, t.shown AS now
            FROM {sides[0]} AS i {join} JOIN {sides[1]} AS t
            ON i.value = t.value AND i.number = t.number
            """

    def _row(self, alias: str) -> str:
        names = ", ".join(f"{alias}.{quoting.identifier(name)}" for name in self._shared)
        return as_text(f"ROW({names})")

    def _values(self, alias: str) -> str:
        """Return an expression for the values of a row, as text by column."""
        columns = self._shared if self._relation is not None else self._columns
        values = ", ".join(f"{alias}.{quoting.identifier(name)}::{_TEXT}" for name in columns)
        names = quoting.text_array(list(columns))
        return f"pg_catalog.json_object({names}, ARRAY[{values}]::{_TEXT}[])"
