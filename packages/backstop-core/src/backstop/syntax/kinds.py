"""The kinds of changes that a text can make to what is there."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Change:
    """One removal or overwriting; ``start`` and ``end`` are its position in the text."""

    operation: str
    start: int
    end: int


@dataclass(frozen=True)
class RowChange(Change):
    """A DELETE, an UPDATE or a MERGE. All texts are slices as written, names included.

    ``with_clause`` holds the common table expressions that are written before the statement
    (``WITH …``, without a trailing comma); ``with_writes`` says that one of them writes, so that
    it must not be run to read a before-image. ``from_clause`` is what follows USING or FROM,
    ``where`` what follows WHERE, each without its keyword; ``current_of`` is the cursor of a
    WHERE CURRENT OF; ``columns`` are the columns that it assigns. Of a MERGE, ``from_clause`` is
    its source and ``where`` its ON; ``actions`` are what its WHEN clauses do: DELETE, UPDATE,
    INSERT; ``when``, made of slices, is true for the found rows that they change, if not for all.
    """

    table: str
    only: bool = False
    alias: str | None = None
    with_clause: str | None = None
    with_writes: bool = False
    from_clause: str | None = None
    where: str | None = None
    current_of: str | None = None
    columns: tuple[str, ...] = ()
    actions: tuple[str, ...] = ()
    when: str | None = None

    @property
    def effects(self) -> tuple[str, ...]:
        """What may happen to a row that it finds: DELETE, UPDATE, or one of both."""
        if not self.actions:
            return (self.operation,)
        return tuple(action for action in self.actions if action != "INSERT")

    @property
    def inserts(self) -> bool:
        """Whether it may add rows to its table as well."""
        return "INSERT" in self.actions


@dataclass(frozen=True)
class TableReference:
    """A table as TRUNCATE names it."""

    name: str
    only: bool


@dataclass(frozen=True)
class Truncation(Change):
    """A TRUNCATE."""

    tables: tuple[TableReference, ...]
    restart_identity: bool = False
    cascade: bool = False


@dataclass(frozen=True)
class TableDrop(Change):
    """A DROP TABLE."""

    tables: tuple[str, ...]
    if_exists: bool = False
    cascade: bool = False


@dataclass(frozen=True)
class Unreadable(Change):
    """A statement that removes or overwrites rows in a way that slices can't tell.

    A MERGE is one if it changes what its source doesn't match; ``table`` is the target where it
    is clear.
    """

    table: str | None = None

    @property
    def effects(self) -> tuple[str, ...]:
        """What may happen to a row that is there: DELETE, UPDATE, or one of both."""
        if self.operation in ("MERGE", "EXECUTE"):
            return ("DELETE", "UPDATE")
        return ("UPDATE",) if self.operation == "INSERT" else (self.operation,)

    @property
    def inserts(self) -> bool:
        """Whether it may add rows to its table as well."""
        return self.operation in ("INSERT", "MERGE")


@dataclass(frozen=True)
class Upsert(Unreadable):
    """An INSERT … ON CONFLICT DO UPDATE: which rows it overwrites, only a run tells.

    ``columns`` are those that it assigns in these rows, and ``moved`` those of them that may get
    another value than the one which conflicts. It changes no more rows than it is given:
    ``rows`` of them by VALUES, or else those of ``query``, a slice. ``with_clause`` and
    ``with_writes`` are as those of a `RowChange`.
    """

    columns: tuple[str, ...] = ()
    moved: tuple[str, ...] = ()
    rows: int | None = None
    query: str | None = None
    with_clause: str | None = None
    with_writes: bool = False
