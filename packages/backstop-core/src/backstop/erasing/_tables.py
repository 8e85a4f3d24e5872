"""The stored rows of one relation of a snapshot: which of them are meant, and all others anew."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timezone
from typing import TypeVar

from backstop.errors import ConfigurationError, SnapshotDamaged, describe
from backstop.postgres.rows.choosing import StoredRows
from backstop.session import Session
from backstop.snapshots.manifest import Erasure, SavedTable, WrittenRows
from backstop.snapshots.replacing import Replacement, kept_until
from backstop.snapshots.repository import Repository
from backstop.snapshots.stream import DataObject, ObjectReader, RowStream

_SYNTAX_ERROR = "42601"

Stored = TypeVar("Stored", SavedTable, WrittenRows)


class Unsearchable(Exception):
    """Why the rows of one relation could not be searched, in a sentence."""


@dataclass(frozen=True)
class Condition:
    """Which rows are meant: a condition in SQL, and what it may call their table.

    It is evaluated under ``settings``.
    """

    text: str
    alias: str
    settings: Mapping[str, str]


class TableErasure:
    """One saved relation, and what the statement left there, with the rows that are meant.

    ``rows`` and ``written`` count these. ``remaining`` says what could not be searched.
    """

    def __init__(
        self,
        session: Session,
        repository: Repository,
        table: SavedTable,
        left: WrittenRows | None,
        condition: Condition,
    ) -> None:
        self.table = table
        self.left = left if left is not None and left.rows else None
        self.rows = 0
        self.written = 0
        self.remaining: list[str] = []
        self._session = session
        self._repository = repository
        self._condition = condition
        types = {column.name: column.type for column in table.columns}
        self._before = StoredRows(session, "before", types)
        columns = self.left.columns if self.left is not None else ()
        self._after = StoredRows(session, "after", {name: types[name] for name in columns})

    def find(self) -> None:
        """Load the stored rows, and find those that are meant.

        Raises SnapshotDamaged where they aren't what was saved, Unsearchable where the database
        can't read them or evaluate the condition, and ConfigurationError where that isn't one.
        """
        table = self.table
        self._load(self._before, table)
        if self.left is not None:
            self._load(self._after, self.left)
        if table.rows and not self._choose(self._before):
            names = ", ".join(column.name for column in table.columns)
            self.remaining.append(
                f"The condition needs a column of {table.label} that isn't saved: it has {names}."
            )
            return
        self.rows = self._before.count()
        if self.left is None:
            return
        if not self._choose(self._after):
            self.remaining.append(
                f"Of the rows that the statement left in {table.label} only the values of "
                f"{', '.join(self.left.columns)} are stored: a condition on these alone finds the "
                "rest of them."
            )
        if table.key and set(table.key) <= set(self.left.columns):
            self._after.choose_like(self._before, table.key)
        self.written = self._after.count()
        if table.moves_rows and self.written < self.rows:
            self.remaining.append(
                f"The statement left {self.rows - self.written:,} of these rows of {table.label} "
                "with other values, and the condition doesn't find them. Search for these, too."
            )

    def kept_until(self) -> datetime | None:
        """Return until when storage itself keeps what holds rows that are meant; None if not."""
        return kept_until(self._repository, self._replaced())

    def rewrite(
        self, replacement: Replacement, kept: datetime | None
    ) -> tuple[SavedTable, WrittenRows | None]:
        """Store all rows that stay, and return what describes them.

        Until when storage keeps the others nobody can ask afterwards: that is noted.
        """
        table, left = self.table, self.left
        if self.rows:
            table = self._kept(table, self._before, replacement.stream(f"{table.oid}"))
        if left is not None and self.written:
            left = self._kept(left, self._after, replacement.stream(f"{table.oid}-after"))
        end = kept.astimezone(timezone.utc).isoformat() if kept is not None else None
        erasure = Erasure(replacement.at, self.rows, self.written, end)
        return replace(table, erased=(*table.erased, erasure)), left if self.written else None

    def _replaced(self) -> Iterator[DataObject]:
        if self.rows:
            yield from self.table.objects
        if self.left is not None and self.written:
            yield from self.left.objects

    def _choose(self, rows: StoredRows) -> bool:
        condition = self._condition
        try:
            return rows.choose(condition.text, condition.alias, condition.settings)
        except Exception as error:
            # Its message may quote the condition.
            code = self._session.sqlstate(error)
            if code == _SYNTAX_ERROR:
                raise ConfigurationError(
                    "where is not a condition that PostgreSQL can read (SQLSTATE 42601)."
                ) from None
            if code is None:
                raise
            raise Unsearchable(
                f"The condition can't be used on the rows of {self.table.label} (SQLSTATE {code})."
            ) from None

    def _load(self, rows: StoredRows, stored: SavedTable | WrittenRows) -> None:
        try:
            found = rows.load(self._repository.reader(stored.objects))
        except Exception as error:
            if self._session.sqlstate(error) is None:
                raise
            raise Unsearchable(
                f"This database can't read the rows of {self.table.label}: {describe(error)}. Use "
                "one that has the types of its columns, or prune the snapshot."
            ) from None
        if found != stored.rows:
            raise SnapshotDamaged(
                f"The stored rows of {self.table.label} are {found:,}; "
                f"the manifest says {stored.rows:,}."
            )

    def _kept(self, stored: Stored, rows: StoredRows, stream: RowStream) -> Stored:
        count = 0
        with stream:
            for line in _others(self._repository.reader(stored.objects), rows.numbers()):
                stream.write(line)
                count += 1
        return replace(stored, rows=count, bytes=stream.bytes, objects=tuple(stream.objects))


def _others(reader: ObjectReader, gone: Iterator[int]) -> Iterator[bytes]:
    """Give the stored rows, byte by byte as they are, but for those at some places."""
    next_gone = next(gone, None)
    for number, line in enumerate(_lines(reader), start=1):
        if number == next_gone:
            next_gone = next(gone, None)
        else:
            yield line


def _lines(reader: ObjectReader) -> Iterator[bytes]:
    """Give the rows of COPY text, which has no newline inside of a value."""
    begun: list[bytes] = []
    while piece := reader.read():
        first, *others = piece.split(b"\n")
        # A row may take many pieces: they are put together once.
        begun.append(first)
        for other in others:
            yield b"".join(begun) + b"\n"
            begun = [other]
