"""Taking the rows of a table over into one that is made anew, with columns that it has lost.

Values of columns that are there as before are taken from the table that stepped aside, so that what
was written since stays; those that are gone, or were converted, from the before-image.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence

from backstop.postgres import quoting
from backstop.postgres.comparing import Comparison, as_text
from backstop.postgres.objects import CatalogObject, Part
from backstop.postgres.relations import Relation
from backstop.session import Session


class Rebuilding:
    """One table that is made anew: as it was, as it stepped aside, and the relation it is now.

    Columns of ``added`` have come in place of others of the same name.
    """

    def __init__(
        self,
        session: Session,
        before: CatalogObject,
        aside: CatalogObject,
        aside_name: str,
        relation: Relation,
        added: Collection[str] = (),
    ) -> None:
        self._session = session
        self.relation = relation
        self._aside = aside_name
        stored = {column.name for column in relation.columns}
        known = {part.name: part for part in aside.parts}
        self._kept: list[Part] = []
        self._converted: list[Part] = []
        self._lost: list[Part] = []
        for part in before.parts:
            if part.name not in stored:
                continue
            if part.name not in known or part.name in added:
                self._lost.append(part)
            elif known[part.name].definition == part.definition:
                self._kept.append(part)
            else:
                self._converted.append(part)

    def copy(self) -> int:
        """Take all rows over, where nothing but what they have now is known; returns how many."""
        columns = [*self._kept, *self._converted]
        values = [
            *(_of("o", part) for part in self._kept),
            *(f"{_of('o', part)}::{self._type(part)}" for part in self._converted),
        ]
        return self._insert(columns, values, f"ONLY {self._aside} o")

    def fill(self, saved: Comparison, key: Sequence[str], xids: Sequence[str]) -> int:
        """Take all rows over with what was saved of them; returns how many there are.

        Rows that have one of ``xids`` as their xmin are as the statement left them: of any other,
        the value that it has now is converted back.
        """
        columns = [*self._kept, *self._converted, *self._lost]
        unedited = f"o.xmin::pg_catalog.text = ANY ({quoting.text_array(list(xids))})"
        values = [
            *(_of("o", part) for part in self._kept),
            *(
                f"CASE WHEN i.found AND {unedited} THEN {_of('i', part)} "
                f"ELSE {_of('o', part)}::{self._type(part)} END"
                for part in self._converted
            ),
            *(_of("i", part) for part in self._lost),
        ]
        names = {part.name for part in self._kept}
        if key and names.issuperset(key):
            left, right = (
                f"(SELECT xmin, * FROM ONLY {self._aside})",
                f"(SELECT true AS found, * FROM {saved.image})",
            )
            same = " AND ".join(
                f"o.{quoting.identifier(name)} = i.{quoting.identifier(name)}" for name in key
            )
        else:
            left, right = (
                self._numbered(f"ONLY {self._aside}", "xmin"),
                self._numbered(saved.image, "true AS found"),
            )
            same = "o.backstop_value = i.backstop_value AND o.backstop_number = i.backstop_number"
        return self._insert(columns, values, f"{left} o LEFT JOIN {right} i ON {same}")

    def _numbered(self, source: str, also: str) -> str:
        """Return rows with a number among those that are equal in all that was kept."""
        names = ", ".join(quoting.identifier(part.name) for part in self._kept)
        value = as_text(f"ROW({names})")
        return (
            f"(SELECT {also}, *, {value} AS backstop_value, "
            f"pg_catalog.row_number() OVER (PARTITION BY {value}) AS backstop_number "
            f"FROM {source})"
        )

    def _insert(self, columns: Sequence[Part], values: Sequence[str], source: str) -> int:
        target = f"{self.relation.sql}"
        if not columns:
            return self._session.execute(f"INSERT INTO {target} SELECT FROM {source}")
        names = ", ".join(quoting.identifier(part.name) for part in columns)
        return self._session.execute(
            f"INSERT INTO {target} ({names}) OVERRIDING SYSTEM VALUE "
            f"SELECT {', '.join(values)} FROM {source}"
        )

    def _type(self, part: Part) -> str:
        return next(column.type for column in self.relation.columns if column.name == part.name)


def _of(alias: str, part: Part) -> str:
    return f"{alias}.{quoting.identifier(part.name)}"
