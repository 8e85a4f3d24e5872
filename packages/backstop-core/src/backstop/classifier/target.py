"""The table whose rows are at stake in a condition."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

_KEYS = frozenset({"id", "pk", "uuid", "oid", "ctid"})


@dataclass(frozen=True)
class Target:
    """The table whose rows are at stake, under the name by which its columns are qualified.

    ``table`` is its own name; ``joined`` says that other tables stand beside it, ``itself`` that
    one of them holds the same rows, ``bare`` that a name without a qualifier may be its column;
    ``ctes`` are the visible WITH entries, by token indexes.
    """

    name: str
    table: str
    joined: bool = False
    itself: bool = False
    bare: bool = True
    ctes: dict[str, tuple[int, int]] = field(default_factory=dict)

    def has_key(self, columns: Iterable[str]) -> bool:
        """Whether one of the columns is a key by its name: never NULL, never zero."""
        names = {f"{self.table}_id", f"{self.table.rstrip('s')}_id", *_KEYS}
        return not names.isdisjoint(columns)
