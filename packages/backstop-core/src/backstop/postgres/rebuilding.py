"""Taking the rows of a table over into one that is made anew, with columns that it has lost.

Values of columns that are there as before are taken from the table that stepped aside, so that what
was written since stays; those that are gone, or were converted, from the before-image.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence

from backstop.postgres import quoting
from backstop.postgres.comparing import Comparison
from backstop.postgres.objects import CatalogObject, Part
from backstop.postgres.pairing import paired
from backstop.postgres.relations import Relation
from backstop.postgres.retyping import Retyped, retyped_columns
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
        self._retyped: list[Retyped] = []
        retyped = {column.name: column for column in retyped_columns(session, aside_name, relation)}
        for part in before.parts:
            if part.name not in stored:
                continue
            if part.name not in known or part.name in added:
                self._lost.append(part)
            elif known[part.name].definition != part.definition:
                self._converted.append(part)
            elif part.name in retyped:
                self._retyped.append(retyped[part.name])
            else:
                self._kept.append(part)

    def copy(self) -> int:
        """Take all rows over, where nothing but what they have now is known; returns how many."""
        values = {part.name: _of("o", part) for part in self._kept}
        values.update(
            (part.name, f"{_of('o', part)}::{self._type(part)}") for part in self._converted
        )
        values.update((column.name, column.kept) for column in self._retyped)
        return self._insert(values, f"ONLY {self._aside} o")

    def fill(self, saved: Comparison, key: Sequence[str], xids: Sequence[str]) -> int:
        """Take all rows over with what was saved of them; returns how many there are.

        Rows that have one of ``xids`` as their xmin are as the statement left them: of any other,
        the value that it has now is converted back.
        """
        unedited = f"o.xmin::pg_catalog.text = ANY ({quoting.text_array(list(xids))})"
        values = {part.name: _of("o", part) for part in self._kept}
        values.update(
            (
                part.name,
                f"CASE WHEN i.backstop_found AND {unedited} THEN {_of('i', part)} "
                f"ELSE {_of('o', part)}::{self._type(part)} END",
            )
            for part in self._converted
        )
        values.update((column.name, column.restored) for column in self._retyped)
        values.update((part.name, _of("i", part)) for part in self._lost)
        kept = [part.name for part in self._kept]
        return self._insert(values, paired(self._aside, saved.image, key, kept, self._retyped))

    def _insert(self, values: Mapping[str, str], source: str) -> int:
        target = self.relation.sql
        if not values:
            return self._session.execute(f"INSERT INTO {target} SELECT FROM {source}")
        names = ", ".join(quoting.identifier(name) for name in values)
        return self._session.execute(
            f"INSERT INTO {target} ({names}) OVERRIDING SYSTEM VALUE "
            f"SELECT {', '.join(values.values())} FROM {source}"
        )

    def _type(self, part: Part) -> str:
        return next(column.type for column in self.relation.columns if column.name == part.name)


def _of(alias: str, part: Part) -> str:
    return f"{alias}.{quoting.identifier(part.name)}"
