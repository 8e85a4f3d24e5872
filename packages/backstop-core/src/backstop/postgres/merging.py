"""Putting a before-image back into a relation that may have changed since.

The image is loaded into a temporary table and compared with the relation. Values are compared
byte by byte, or as text where two encodings of one value exist, never by an equality that takes
1.0 for 1.00. Nothing here overwrites a row that isn't as the statement left it, unless told to.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from backstop.postgres import query, quoting
from backstop.postgres.relations import Column, Relation
from backstop.session import Session, Source


@dataclass(frozen=True)
class RowMarks:
    """How rows that may be overwritten are known.

    A row is as the statement left it when its xmin is one of ``xids``, or when a recorded restore
    (``restore_xids``) wrote it.
    """

    xids: tuple[str, ...] = ()
    restore_xids: tuple[str, ...] = ()

    def condition(self, alias: str) -> str:
        """Return the marks as an SQL condition on a table's alias."""
        xids = quoting.text_array([*self.xids, *self.restore_xids])
        return f"({alias}.xmin::pg_catalog.text = ANY ({xids}))"


@dataclass(frozen=True)
class Merged:
    """How many rows of an image were put back, were there already, or are in conflict."""

    inserted: int = 0
    updated: int = 0
    unchanged: int = 0
    conflicts: int = 0


@dataclass(frozen=True)
class Surplus:
    """Rows that image and relation share, that only the image has, and that a statement left."""

    same: int
    missing: int
    left: int


def is_empty(session: Session, relation: Relation) -> bool:
    """Whether the relation has no row that we can see."""
    answer = query.row(session, f"SELECT NOT EXISTS (SELECT FROM ONLY {relation.sql}) AS empty")
    return bool(answer["empty"])


def load(session: Session, target: str, columns: Sequence[Column], source: Source) -> int:
    """Copy an image into a table; the settings are pinned already. Returns the rows."""
    return session.copy_in(f"COPY {target} ({_list(columns)}) FROM STDIN (ENCODING 'UTF8')", source)


class Merge:
    """One image and the relation that it belongs to.

    The image holds values for ``columns``, in that order; the relation is locked already.
    """

    def __init__(self, session: Session, relation: Relation, columns: Sequence[Column]) -> None:
        self._session = session
        self._relation = relation
        self._columns = columns
        self._image = f"pg_temp.backstop_image_{relation.oid}"
        self._states = f"pg_temp.backstop_state_{relation.oid}"

    def prepare(self, source: Source) -> int:
        """Load the image into a temporary table and return its rows."""
        self._session.execute(
            f"CREATE TEMPORARY TABLE {self._image} AS SELECT {_list(self._columns)} "
            f"FROM ONLY {self._relation.sql} WITH NO DATA"
        )
        rows = load(self._session, self._image, self._columns, source)
        self._session.execute(f"ANALYZE {self._image}")
        return rows

    def discard(self) -> None:
        """Drop the temporary tables."""
        self._session.execute(f"DROP TABLE IF EXISTS {self._image}, {self._states}")

    def by_key(self, key: Sequence[str], marks: RowMarks, *, overwrite: bool) -> Merged:
        """Match rows by their key, which the statement left alone."""
        keys = [column for column in self._columns if column.name in key]
        matches = " AND ".join(_same_key(column) for column in keys)
        left = "true" if overwrite else marks.condition("t")
        self._state(
            f"""
            SELECT i.ctid AS image, t.ctid AS target,
                   CASE WHEN t.ctid IS NULL THEN 'missing'
                        WHEN {self._same_row()} THEN 'same'
                        WHEN {left} THEN 'left' ELSE 'conflict' END AS state
            FROM {self._image} i LEFT JOIN ONLY {self._relation.sql} t ON {matches}
            """
        )
        counts = self._counts()
        updated = self._update(key) if counts.get("left") else 0
        inserted = self._insert("missing") if counts.get("missing") else 0
        return Merged(
            inserted=inserted,
            updated=updated,
            unchanged=counts.get("same", 0),
            # A missing row that another unique key kept out is in conflict as well.
            conflicts=counts.get("conflict", 0) + counts.get("missing", 0) - inserted,
        )

    def missing_rows(self) -> Merged:
        """Put back, without a key to go by, the rows that are there fewer times than saved."""
        self._state(self._surplus_of_image())
        counts = self._counts()
        inserted = self._insert("missing") if counts.get("missing") else 0
        return Merged(
            inserted=inserted,
            unchanged=counts.get("same", 0),
            conflicts=counts.get("missing", 0) - inserted,
        )

    def compare_surplus(self, marks: RowMarks) -> Surplus:
        """Compare, without a key to go by, all rows of the relation with all that it had."""
        self._state(self._surplus_of_image())
        counts = self._counts()
        left = self._session.fetch(
            f"SELECT pg_catalog.count(*)::pg_catalog.text FROM ({self._left_rows(marks)}) AS l"
        )
        return Surplus(counts.get("same", 0), counts.get("missing", 0), int(left[0][0] or 0))

    def remove_left_rows(self, marks: RowMarks) -> None:
        """Remove what the statement left and the image doesn't have."""
        self._session.execute(
            f"DELETE FROM ONLY {self._relation.sql} WHERE ctid IN ({self._left_rows(marks)})"
        )

    def insert_missing_rows(self) -> int:
        """Put back what the image has and the relation doesn't; returns the rows."""
        return self._insert("missing")

    def _state(self, select: str) -> None:
        self._session.execute(f"CREATE TEMPORARY TABLE {self._states} AS {select}")

    def _counts(self) -> dict[str, int]:
        found = query.rows(
            self._session,
            f"SELECT state, pg_catalog.count(*) AS count FROM {self._states} GROUP BY state",
        )
        return {entry["state"]: int(entry["count"]) for entry in found}

    def _update(self, key: Sequence[str]) -> int:
        changed = [
            column for column in self._columns if column.name not in key and not column.always
        ]
        assignments = ", ".join(
            f"{quoting.identifier(column.name)} = i.{quoting.identifier(column.name)}"
            for column in changed
        )
        if not assignments:
            return 0
        return self._count(
            f"UPDATE ONLY {self._relation.sql} t SET {assignments} "
            f"FROM {self._states} s JOIN {self._image} i ON i.ctid = s.image "
            "WHERE t.ctid = s.target AND s.state = 'left'"
        )

    def _insert(self, state: str) -> int:
        names = _list(self._columns)
        # ON CONFLICT refuses tables with a deferrable unique key; there a conflict is an error.
        deferrable = query.row(
            self._session,
            "SELECT EXISTS (SELECT FROM pg_catalog.pg_index WHERE NOT indimmediate "
            f"AND indrelid = {self._relation.oid}) AS found",
        )["found"]
        return self._count(
            f"INSERT INTO {self._relation.sql} ({names}) OVERRIDING SYSTEM VALUE "
            f"SELECT {_list(self._columns, 'i')} FROM {self._states} s JOIN {self._image} i "
            f"ON i.ctid = s.image WHERE s.state = {quoting.literal(state)}"
            + ("" if deferrable else " ON CONFLICT DO NOTHING")
        )

    def _count(self, sql: str) -> int:
        return self._session.execute(sql)

    def _surplus_of_image(self) -> str:
        return f"""
            SELECT i.image, NULL::pg_catalog.tid AS target,
                   CASE WHEN i.number > coalesce(t.count, 0) THEN 'missing' ELSE 'same' END
                       AS state
            FROM (SELECT ctid AS image, {_row(self._columns)} AS value,
                         pg_catalog.row_number() OVER (PARTITION BY {_row(self._columns)})
                             AS number
                  FROM {self._image}) AS i
            LEFT JOIN (SELECT {_row(self._columns)} AS value, pg_catalog.count(*) AS count
                       FROM ONLY {self._relation.sql} GROUP BY 1) AS t ON t.value = i.value
            """

    def _left_rows(self, marks: RowMarks) -> str:
        return f"""
            SELECT t.place FROM (
                SELECT r.ctid AS place, {marks.condition("r")} AS left, {_row(self._columns, "r")}
                           AS value,
                       pg_catalog.row_number() OVER (
                           PARTITION BY {_row(self._columns, "r")}
                           ORDER BY {marks.condition("r")}) AS number
                FROM ONLY {self._relation.sql} r) AS t
            LEFT JOIN (SELECT {_row(self._columns)} AS value, pg_catalog.count(*) AS count
                       FROM {self._image} GROUP BY 1) AS i ON i.value = t.value
            WHERE t.left AND t.number > coalesce(i.count, 0)
            """

    def _same_row(self) -> str:
        # Without the cast the parser would compare the columns pair by pair.
        image, target = (
            f"ROW({_list(self._columns, alias)})::pg_catalog.record" for alias in ("i", "t")
        )
        return (
            f"({image} OPERATOR(pg_catalog.*=) {target} "
            f"OR {image}::pg_catalog.text = {target}::pg_catalog.text)"
        )


def _same_key(column: Column) -> str:
    name = quoting.identifier(column.name)
    if column.builtin:
        return f"t.{name} = i.{name}"
    # The type's own equality may be in a schema that the search_path doesn't name.
    return f"t.{name}::pg_catalog.text = i.{name}::pg_catalog.text"


def _list(columns: Sequence[Column], alias: str | None = None) -> str:
    before = f"{alias}." if alias else ""
    return ", ".join(before + quoting.identifier(column.name) for column in columns)


def _row(columns: Sequence[Column], alias: str | None = None) -> str:
    return f"ROW({_list(columns, alias)})::pg_catalog.text"
