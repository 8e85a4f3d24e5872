"""Taking the rows of a table over into one that is made anew, with columns that it has lost.

Values of columns that are there as before are taken from the table that stepped aside, so that what
was written since stays; those that are gone, were converted or replaced, from the before-image.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from backstop.postgres import query, quoting
from backstop.postgres.objects import CatalogObject, Part
from backstop.postgres.relations import Relation
from backstop.postgres.remaking.filling import unfilled
from backstop.postgres.remaking.later import replaced_parts
from backstop.postgres.remaking.pairing import paired
from backstop.postgres.remaking.retyping import Retyped, retyped_columns
from backstop.postgres.rows.comparing import Comparison, RowMarks, as_text
from backstop.postgres.transaction.savepoints import released
from backstop.session import Session

_CANNOT_COERCE = "42846"


class Rebuilding:
    """One table that is made anew: as it was, as it stepped aside, and the relation it is now."""

    def __init__(
        self,
        session: Session,
        before: CatalogObject,
        aside: CatalogObject,
        aside_name: str,
        relation: Relation,
    ) -> None:
        self._session = session
        self.relation = relation
        self._aside = aside_name
        stored = {column.name for column in relation.columns}
        known = {part.name: part for part in aside.parts}
        replaced = {part.name for part in replaced_parts(before, aside)}
        same = {
            part.name
            for part in before.parts
            if part.name in known and known[part.name].definition == part.definition
        }
        retyped = {
            column.name: column for column in retyped_columns(session, aside_name, relation, same)
        }
        self._kept: list[Part] = []
        self._converted: list[Part] = []
        self._replaced: list[Part] = []
        self._lost: list[Part] = []
        self._retyped: list[Retyped] = []
        self._now_as_then: dict[str, str] = {}
        for part in before.parts:
            if part.name not in stored:
                continue
            if part.name not in known:
                self._lost.append(part)
            elif part.name in retyped:
                self._retyped.append(retyped[part.name])
            elif part.name in replaced:
                self._replaced.append(part)
            elif part.name not in same:
                self._converted.append(part)
            else:
                self._kept.append(part)

    @property
    def lost(self) -> list[str]:
        """The columns that the table had lost."""
        return [part.name for part in self._lost]

    def copy(self) -> int:
        """Take all rows over, where nothing but what they have now is known; returns how many."""
        values = {part.name: _of("o", part) for part in self._kept}
        values.update((part.name, self._now(part)) for part in (*self._converted, *self._replaced))
        values.update((column.name, column.kept) for column in self._retyped)
        return self._insert(values, f"ONLY {self._aside} o")

    def fill(
        self, saved: Comparison, key: Sequence[str], marks: RowMarks, *, overwrite: bool
    ) -> tuple[int, int]:
        """Take all rows over with what was saved of them.

        Of a column that was converted or replaced, the value that it has now stays where somebody
        has written the row, or the cell, since the statement, unless ``overwrite``. Returns how
        many rows there are, and how many of them keep such a value in place of another one.
        """
        known = {column.name for column in saved.columns}
        shared = [part.name for part in self._kept if part.name in known]
        retyped = [column for column in self._retyped if column.name in known]
        pairs = paired(self._aside, saved.image, key, shared, retyped)
        edited = {} if overwrite else self._edited(marks)
        values = {part.name: _of("o", part) for part in self._kept}
        for part in (*self._converted, *self._replaced):
            if part.name not in known:
                values[part.name] = self._now(part)
                continue
            stays = f"i.backstop_found IS NULL OR {edited.get(part.name, 'false')}"
            values[part.name] = (
                f"CASE WHEN {stays} THEN {self._now(part)} ELSE {_of('i', part)} END"
            )
        for column in self._retyped:
            values[column.name] = column.restored if column in retyped else column.kept
        values.update((part.name, _of("i", part)) for part in self._lost if part.name in known)
        conflicts = self._count_conflicts(
            pairs, {name: edit for name, edit in edited.items() if name in known}
        )
        return self._insert(values, pairs), conflicts

    def _edited(self, marks: RowMarks) -> dict[str, str]:
        """Return the conditions that cells of columns were written since the statement."""
        unedited = marks.condition("o")
        edited = {part.name: f"(NOT {unedited})" for part in self._converted}
        for part in self._replaced:
            empty = unfilled(self._session, self._aside, part.name, "o")
            edited[part.name] = f"(NOT {unedited} AND NOT {empty})"
        return edited

    def _count_conflicts(self, pairs: str, edited: Mapping[str, str]) -> int:
        if not edited:
            return 0
        # Only what was edited can be looked at: the server's own conversions may not lead back.
        found = " OR ".join(
            f"CASE WHEN {edited[part.name]} THEN {as_text(_of('i', part))} "
            f"IS DISTINCT FROM {as_text(self._now(part))} ELSE false END"
            for part in (*self._converted, *self._replaced)
            if part.name in edited
        )
        counted = query.row(
            self._session,
            f"SELECT pg_catalog.count(*) AS found FROM {pairs} "
            f"WHERE i.backstop_found AND ({found})",
        )
        return int(counted["found"])

    def _now(self, part: Part) -> str:
        """Return the value that it has now as one of the type that it had."""
        if part.name not in self._now_as_then:
            column = next(column for column in self.relation.columns if column.name == part.name)
            found = f"{_of('o', part)}::{column.type}"
            if not self._is_valid(found):
                # Not all types are cast to all others, but each is written as text.
                found = f"{_of('o', part)}::pg_catalog.text::{column.type}"
            self._now_as_then[part.name] = found
        return self._now_as_then[part.name]

    def _is_valid(self, expression: str) -> bool:
        try:
            with released(self._session, "backstop_cast"):
                self._session.execute(f"SELECT {expression} FROM ONLY {self._aside} o LIMIT 0")
        except Exception as error:
            if self._session.sqlstate(error) == _CANNOT_COERCE:
                return False
            raise
        return True

    def _insert(self, values: Mapping[str, str], source: str) -> int:
        target = self.relation.sql
        if not values:
            return self._session.execute(f"INSERT INTO {target} SELECT FROM {source}")
        names = ", ".join(quoting.identifier(name) for name in values)
        return self._session.execute(
            f"INSERT INTO {target} ({names}) OVERRIDING SYSTEM VALUE "
            f"SELECT {', '.join(values.values())} FROM {source}"
        )


def _of(alias: str, part: Part) -> str:
    return f"{alias}.{quoting.identifier(part.name)}"
