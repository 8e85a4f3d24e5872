"""Comparing what was saved of a relation with the rows that it has now.

Both sides' images are loaded into temporary tables. Values are compared byte by byte, or as text
where two encodings of one value exist, never by an equality that takes 1.0 for 1.00. The answer is
a table of states, one for each row of the before-image and for each that the statement left beside:

    same       it is there as it was
    left       it is there as the statement left it
    missing    it isn't there
    extra      the statement left it, and the before-image has nothing in its place
    conflict   somebody has changed it since, or may have
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
class States:
    """How many rows are in each state."""

    same: int = 0
    left: int = 0
    missing: int = 0
    extra: int = 0
    conflict: int = 0

    @property
    def to_do(self) -> bool:
        """Whether anything would be written."""
        return bool(self.left or self.missing or self.extra)


class Comparison:
    """The images of one relation beside the relation, which is locked already.

    The before-image holds values for ``columns``, in that order. ``image``, ``states`` and ``kept``
    are the names of the temporary tables.
    """

    def __init__(self, session: Session, relation: Relation, columns: Sequence[Column]) -> None:
        self.relation = relation
        self.columns = columns
        self.image = f"pg_temp.backstop_image_{relation.oid}"
        self.states = f"pg_temp.backstop_state_{relation.oid}"
        self.kept = f"pg_temp.backstop_kept_{relation.oid}"
        self._after = f"pg_temp.backstop_after_{relation.oid}"
        self._session = session
        self._has_after = False

    def load(self, source: Source) -> int:
        """Load the before-image and return its rows."""
        return self._load(self.image, self.columns, source)

    def keep_only(self, condition: str) -> int:
        """Keep the rows of the before-image that fulfil a condition of the user's; return them."""
        self._session.execute(
            f"DELETE FROM {self.image} AS {quoting.identifier(self.relation.name)} "
            f"WHERE ({condition}) IS NOT TRUE"
        )
        answer = query.row(self._session, f"SELECT pg_catalog.count(*) AS rows FROM {self.image}")
        return int(answer["rows"])

    def load_after(self, columns: Sequence[Column], source: Source) -> int:
        """Load what the statement left, by the columns that tell rows apart; return the rows."""
        self._has_after = True
        return self._load(self._after, columns, source)

    def by_key(self, key: Sequence[str], marks: RowMarks, *, overwrite: bool) -> States:
        """Compare row by row, by a key."""
        keys = [column for column in self.columns if column.name in key]
        left = "true" if overwrite else marks.condition("t")
        beside = ""
        if self._has_after:
            beside = f"""
                UNION ALL
                SELECT NULL, t.ctid, CASE WHEN {left} THEN 'extra' ELSE 'conflict' END
                FROM {self._after} a
                JOIN ONLY {self.relation.sql} t ON {_same_key(keys, "t", "a")}
                WHERE NOT EXISTS (SELECT FROM {self.image} i WHERE {_same_key(keys, "a", "i")})
                """
        return self._classified(
            f"""
            SELECT i.ctid AS image, t.ctid AS target,
                   CASE WHEN t.ctid IS NULL THEN 'missing'
                        WHEN {self._same_row()} THEN 'same'
                        WHEN {left} THEN 'left' ELSE 'conflict' END AS state
            FROM {self.image} i
            LEFT JOIN ONLY {self.relation.sql} t ON {_same_key(keys, "t", "i")}
            {beside}
            """
        )

    def by_value(self, marks: RowMarks, *, left_something: bool) -> States:
        """Compare, without a key to go by, how many rows there are of each value.

        ``left_something`` is whether the statement may have left other rows in their place. These
        are exchanged for what was there: all, if all are still as it left them, or else none.
        """
        if not left_something:
            return self._classified(self._surplus("missing"))
        if not self._has_after:
            # What it left can't be told from what was written later.
            return self._classified(self._surplus("conflict"))
        self._session.execute(
            f"CREATE TEMPORARY TABLE {self._values} AS {self._counted_values(marks)}"
        )
        answer = query.row(
            self._session,
            "SELECT coalesce(pg_catalog.bool_and(removed = 0 OR removed <= marked "
            "AND after <= here), true) AS intact, "
            f"coalesce(pg_catalog.bool_or(removed > 0), false) AS exchanges FROM {self._values}",
        )
        if not answer["exchanges"]:
            select = self._surplus("missing")
        elif answer["intact"]:
            select = self._exchange(marks)
        else:
            select = self._surplus("conflict")
        return self._classified(select)

    def discard(self) -> None:
        """Drop the temporary tables."""
        tables = (self.image, self._after, self._values, self.states, self.kept)
        self._session.execute(f"DROP TABLE IF EXISTS {', '.join(tables)}")

    @property
    def _values(self) -> str:
        return f"pg_temp.backstop_values_{self.relation.oid}"

    def _load(self, table: str, columns: Sequence[Column], source: Source) -> int:
        self._session.execute(
            f"CREATE TEMPORARY TABLE {table} AS SELECT {column_list(columns)} "
            f"FROM ONLY {self.relation.sql} WITH NO DATA"
        )
        rows = copy_in(self._session, table, columns, source)
        self._session.execute(f"ANALYZE {table}")
        return rows

    def _classified(self, select: str) -> States:
        self._session.execute(f"CREATE TEMPORARY TABLE {self.states} AS {select}")
        found = query.rows(
            self._session,
            f"SELECT state, pg_catalog.count(*) AS count FROM {self.states} GROUP BY state",
        )
        return States(**{entry["state"]: int(entry["count"]) for entry in found})

    def _surplus(self, state: str) -> str:
        """Each row of the image; those that aren't there often enough are in ``state``."""
        return f"""
            SELECT i.image, NULL::pg_catalog.tid AS target,
                   CASE WHEN i.number > coalesce(t.count, 0) THEN {quoting.literal(state)}
                        ELSE 'same' END AS state
            FROM ({self._numbered_image()}) AS i
            LEFT JOIN (SELECT {self._value("r")} AS value, pg_catalog.count(*) AS count
                       FROM ONLY {self.relation.sql} r GROUP BY 1) AS t ON t.value = i.value
            """

    def _exchange(self, marks: RowMarks) -> str:
        return f"""
            SELECT i.image, NULL::pg_catalog.tid AS target,
                   CASE WHEN i.number <= v.added THEN 'missing' ELSE 'same' END AS state
            FROM ({self._numbered_image()}) AS i JOIN {self._values} v ON v.value = i.value
            UNION ALL
            SELECT NULL, t.place, 'extra'
            FROM (SELECT r.ctid AS place, {self._value("r")} AS value,
                         pg_catalog.row_number() OVER (PARTITION BY {self._value("r")}) AS number
                  FROM ONLY {self.relation.sql} r WHERE {marks.condition("r")}) AS t
            JOIN {self._values} v ON v.value = t.value
            WHERE t.number <= v.removed
            """

    def _numbered_image(self) -> str:
        return f"""
            SELECT i.ctid AS image, {self._value("i")} AS value,
                   pg_catalog.row_number() OVER (PARTITION BY {self._value("i")}) AS number
            FROM {self.image} i
            """

    def _counted_values(self, marks: RowMarks) -> str:
        """For each value: how many rows of it have to go and come, were left, and are here."""
        return f"""
            SELECT value, greatest(sum(after) - sum(saved), 0) AS removed,
                   greatest(sum(saved) - sum(after), 0) AS added,
                   sum(after) AS after, sum(here) AS here, sum(marked) AS marked
            FROM (
                SELECT {self._value("i")} AS value, 1 AS saved, 0 AS after, 0 AS here, 0 AS marked
                FROM {self.image} i
                UNION ALL
                SELECT {self._value("a")}, 0, 1, 0, 0 FROM {self._after} a
                UNION ALL
                SELECT {self._value("r")}, 0, 0, 1, {marks.condition("r")}::pg_catalog.int4
                FROM ONLY {self.relation.sql} r
            ) AS counted
            GROUP BY value
            """

    def _same_row(self) -> str:
        # Without the cast the parser would compare the columns pair by pair.
        image, target = (
            f"ROW({column_list(self.columns, alias)})::pg_catalog.record" for alias in ("i", "t")
        )
        return f"({image} OPERATOR(pg_catalog.*=) {target} OR {as_text(image)} = {as_text(target)})"

    def _value(self, alias: str) -> str:
        return as_text(f"ROW({column_list(self.columns, alias)})")


def copy_in(session: Session, table: str, columns: Sequence[Column], source: Source) -> int:
    """Copy stored rows into a table; the settings are pinned already. Returns the rows."""
    return session.copy_in(
        f"COPY {table} ({column_list(columns)}) FROM STDIN (ENCODING 'UTF8')", source
    )


def as_text(expression: str) -> str:
    """Return an expression as text that is equal only to the same bytes, whatever its columns."""
    return f'({expression}::pg_catalog.text COLLATE pg_catalog."C")'


def column_list(columns: Sequence[Column], alias: str | None = None) -> str:
    """Return the columns as SQL writes them, of an alias if there is one."""
    before = f"{alias}." if alias else ""
    return ", ".join(before + quoting.identifier(column.name) for column in columns)


def _same_key(keys: Sequence[Column], left: str, right: str) -> str:
    return " AND ".join(_same(column, left, right) for column in keys)


def _same(column: Column, left: str, right: str) -> str:
    name = quoting.identifier(column.name)
    if column.builtin:
        return f"{left}.{name} = {right}.{name}"
    # The type's own equality may be in a schema that the search_path doesn't name.
    return f"{as_text(f'{left}.{name}')} = {as_text(f'{right}.{name}')}"
