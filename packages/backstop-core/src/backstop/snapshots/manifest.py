"""The manifest, the outcome and the fate of a snapshot (format 1).

docs/reference/manifest.md describes the format for readers outside of this code. Fields are
only ever added.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum

from backstop.postgres.model.difference import Rename
from backstop.postgres.objects import CatalogObject
from backstop.postgres.sequences import Position
from backstop.snapshots.stream import DataObject

FORMAT = 1


class Consistency(str, Enum):
    """How sure it is that a snapshot holds exactly what the statement destroyed.

    EXACT: read under a lock, in the statement's own transaction. BEFORE: read in a transaction
    of its own just before. NOT_EXACT: the transaction's view may be older than the rows.
    """

    EXACT = "exact"
    BEFORE = "before"
    NOT_EXACT = "not exact"


class Status(str, Enum):
    """Whether the statement itself succeeded, as far as is known."""

    SUCCEEDED = "succeeded"
    FAILED = "failed"
    UNKNOWN = "unknown"


class Fate(str, Enum):
    """What became of the statement's transaction, as far as is known."""

    COMMITTED = "committed"
    ROLLED_BACK = "rolled back"
    UNKNOWN = "unknown"


@dataclass(frozen=True)
class SavedColumn:
    """One column of a before-image, in the order of the stored text."""

    name: str
    type: str


@dataclass(frozen=True)
class Erasure:
    """What was erased of one relation on request: never which condition the rows fulfilled.

    ``rows`` are those of the before-image, ``written`` those of what the statement left. A bucket
    that had the objects locked keeps them as earlier versions, at least until ``kept_until``.
    """

    at: str
    rows: int
    written: int = 0
    kept_until: str | None = None

    def sentence(self, label: str) -> str:
        """Say what a restore doesn't bring back of it."""
        if not self.rows:
            one = self.written == 1
            what = "a row" if one else f"{self.written:,} rows"
            return (
                f"What the statement left of {what} of {label} was erased on request, so a "
                f"restore doesn't know {'it' if one else 'them'} again."
            )
        if self.rows == 1:
            return f"1 row of {label} was erased on request, and doesn't come back."
        return f"{self.rows:,} rows of {label} were erased on request, and don't come back."


@dataclass(frozen=True)
class SavedTable:
    """The before-image of one relation.

    ``operations`` are what the statement does to its rows, INSERT only where that is to be undone;
    ``whole`` says that every row was
    saved, not only those that the statement finds; ``bytes`` are uncompressed. ``assigned``
    are the columns that an UPDATE sets. ``writers`` are the newest ids that the rows had as their
    xmin, a hundred at most; none where they aren't known. ``redacted`` are the columns whose values
    are not saved on purpose. ``parents`` are the labels of the tables that it is a partition of or
    inherits from. ``erased`` is what it doesn't hold any more.
    """

    oid: int
    schema: str
    name: str
    operations: tuple[str, ...]
    whole: bool
    columns: tuple[SavedColumn, ...]
    key: tuple[str, ...]
    assigned: tuple[str, ...]
    rows: int
    bytes: int
    objects: tuple[DataObject, ...]
    writers: tuple[str, ...] = ()
    redacted: tuple[str, ...] = ()
    parents: tuple[str, ...] = ()
    erased: tuple[Erasure, ...] = ()

    @property
    def label(self) -> str:
        """The name as people read it."""
        return f"{self.schema}.{self.name}"

    @property
    def left_rows(self) -> bool:
        """Whether the statement left rows behind: other versions of these, or new ones."""
        return bool({"UPDATE", "INSERT"} & set(self.operations))

    @property
    def is_altered(self) -> bool:
        """Whether columns, or their values, went, so that the table has to be made anew."""
        return "ALTER TABLE" in self.operations

    @property
    def undoes_inserts(self) -> bool:
        """Whether a restore takes rows out again that the statement inserted."""
        return "INSERT" in self.operations

    @property
    def moves_rows(self) -> bool:
        """Whether no key tells which row of an UPDATE is which: it has none, or it was set."""
        return self.left_rows and not self.undoes_inserts and not self.keeps_keys

    @property
    def keeps_keys(self) -> bool:
        """Whether there is a key that an UPDATE didn't set."""
        return bool(self.key) and not set(self.key) & set(self.assigned)


@dataclass(frozen=True)
class SavedLargeObjects:
    """The contents of large objects, by their OIDs, in one stream.

    Each of its ``rows`` holds OID, offset, bytes and their SHA-256; the last row of each large
    object has no bytes, and its size as the offset. What lies between is zeros. ``bytes`` are those
    of the stream, uncompressed.
    """

    oids: tuple[int, ...]
    rows: int
    bytes: int
    objects: tuple[DataObject, ...]


@dataclass(frozen=True)
class DatabaseInfo:
    """Where a snapshot was taken: enough to know the database again, nothing to get in."""

    name: str
    oid: int
    system_identifier: str
    server_version: int
    user: str


@dataclass(frozen=True)
class StatementInfo:
    """The statement, with every literal of its text masked."""

    operation: str
    level: str
    reason: str
    text: str


@dataclass(frozen=True)
class Manifest:
    """Everything that is known of a snapshot before its statement runs for good.

    ``objects`` are those that the statement drops or changes, as they were, and ``left`` those of
    them that are still there, as it leaves them. ``made`` are what it adds that a restore takes
    away again, ``renamed`` what it gives another name or schema. Where it drops the ``database``
    itself, ``create_database`` are the statements that create that again. ``large_objects`` are the
    contents of those among the ``objects``. ``partitioned`` are the labels of partitioned tables
    whose partitions are among the ``tables``, ``triggered`` those of tables with triggers that no
    run had shown the effects of: the outcome says what they have touched.

    Where rows of what the statement left were erased, ``written`` is what holds in place of the
    outcome's.

    Where the rows are encrypted, ``encrypted_to`` are the public keys of the recipients. As long as
    something is ``sealed``, nothing but the names of objects is known.
    """

    id: str
    created_at: str
    version: str
    actor: str
    mode: str
    context: Mapping[str, str]
    allowed: str | None
    statement: StatementInfo
    database: DatabaseInfo
    transaction_id: str
    isolation: str
    consistency: Consistency
    tables: tuple[SavedTable, ...] = ()
    sequences: tuple[Position, ...] = ()
    objects: tuple[CatalogObject, ...] = ()
    left: tuple[CatalogObject, ...] = ()
    made: tuple[CatalogObject, ...] = ()
    renamed: tuple[Rename, ...] = ()
    create_database: tuple[str, ...] = ()
    large_objects: SavedLargeObjects | None = None
    not_covered: tuple[str, ...] = ()
    encrypted_to: tuple[str, ...] = ()
    sealed: str = ""
    partitioned: tuple[str, ...] = ()
    triggered: tuple[str, ...] = ()
    written: tuple[WrittenRows, ...] | None = None
    format: int = FORMAT

    @property
    def holds_objects(self) -> bool:
        """Whether it holds anything but rows and positions of sequences."""
        return bool(self.objects or self.made or self.renamed)

    @property
    def rows(self) -> int:
        """How many rows the snapshot holds."""
        return sum(table.rows for table in self.tables)

    @property
    def bytes(self) -> int:
        """How many bytes its rows and the contents of its large objects take, uncompressed."""
        contents = self.large_objects.bytes if self.large_objects is not None else 0
        return contents + sum(table.bytes for table in self.tables)


@dataclass(frozen=True)
class WrittenRows:
    """How the rows that a statement left in one relation are known again.

    Such a row has one of ``xids`` as its xmin; where there are none, they aren't known. Where the
    statement may have set a key or inserted rows, the values that it left in ``columns`` are stored
    as well: ``rows`` of them, in ``objects``.
    """

    oid: int
    xids: tuple[str, ...]
    columns: tuple[str, ...] = ()
    rows: int = 0
    bytes: int = 0
    objects: tuple[DataObject, ...] = ()


@dataclass(frozen=True)
class Outcome:
    """What the statement did: ``rows`` is the driver's rowcount, None where it gave none.

    ``sequences`` is where it left those of the manifest that are still there, and ``left`` are the
    large objects of the manifest that are, with their owners and grants; as long as something is
    ``sealed``, nothing but their names.
    """

    status: Status
    rows: int | None = None
    consistency: Consistency | None = None
    written: tuple[WrittenRows, ...] = ()
    not_covered: tuple[str, ...] = ()
    sequences: tuple[Position, ...] = ()
    left: tuple[CatalogObject, ...] = ()
    sealed: str = ""
    format: int = field(default=FORMAT)
