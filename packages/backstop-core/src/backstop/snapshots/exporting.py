"""Writing saved rows out, for people who only want to look: CSV, SQL or Parquet.

The stored text is verified on its way, as in a restore. Values stay the text that PostgreSQL wrote.
"""

from __future__ import annotations

import io
import itertools
import re
from collections.abc import Iterator, Sequence
from typing import IO, Any, Callable, Optional

from backstop.encryption import IdentityArgument, identities_from
from backstop.errors import ConfigurationError, MissingDistribution, SnapshotDamaged
from backstop.postgres import quoting
from backstop.settings import StorageArgument, storage_from
from backstop.snapshots.manifest import SavedTable
from backstop.snapshots.repository import Repository, Snapshot
from backstop.snapshots.selection import names
from backstop.snapshots.stream import ObjectReader

Row = Sequence[Optional[str]]

_ESCAPED = {"b": "\b", "f": "\f", "n": "\n", "r": "\r", "t": "\t", "v": "\v"}
_ESCAPE = re.compile(r"\\(.)", re.DOTALL)
_NULL = r"\N"
_ROWS_AT_ONCE = 10_000


def export(
    snapshot_id: str,
    file: IO[bytes],
    *,
    format: str = "csv",  # noqa: A002
    table: str | None = None,
    storage: StorageArgument | None = None,
    identity: IdentityArgument | None = None,
) -> int:
    """Write the saved rows of a snapshot into a binary file, and return how many.

    ``format`` is "csv" (with a header; NULL is empty, and an empty text is ""), "sql" (INSERTs) or
    "parquet" (every column as text; needs pyarrow). ``table`` says which table, with its schema or
    without; only "sql" takes several at once. ``identity`` is the file with the age identity that
    opens a snapshot that is encrypted.

    Raises SnapshotNotFound, SnapshotDamaged (what was written until then isn't to be trusted),
    StorageError, ConfigurationError, WrongKey and MissingDistribution.
    """
    if format not in _WRITERS:
        raise ConfigurationError(f"format is {format!r}: it takes {', '.join(_WRITERS)}.")
    repository = Repository(storage_from(storage), identities=identities_from(identity))
    snapshot = repository.load(repository.find(snapshot_id))
    tables = _chosen(snapshot, table)
    if format != "sql" and len(tables) != 1:
        raise ConfigurationError(
            f"{format} holds the rows of one table: name it by table. This snapshot has "
            f"{', '.join(saved.label for saved in tables) or 'no rows'}."
        )
    return sum(_WRITERS[format](saved, _rows(repository, saved), file) for saved in tables)


def _chosen(snapshot: Snapshot, table: str | None) -> list[SavedTable]:
    saved = snapshot.manifest.tables
    found = [one for one in saved if table is None or names(table, one.label)]
    if table is not None and not found:
        raise ConfigurationError(
            f"The snapshot has no rows of {table}: it has "
            f"{', '.join(one.label for one in saved) or 'none at all'}."
        )
    return found


def _rows(repository: Repository, table: SavedTable) -> Iterator[Row]:
    """Give the saved rows of a table; raises SnapshotDamaged where they aren't what was saved."""
    count = 0
    for line in _lines(repository.reader(table.objects)):
        count += 1
        yield [_value(text) for text in line.split("\t")] if table.columns else []
    if count != table.rows:
        raise SnapshotDamaged(
            f"The stored rows of {table.label} are {count:,}; the manifest says {table.rows:,}."
        )


def _lines(reader: ObjectReader) -> Iterator[str]:
    rest = b""
    while piece := reader.read():
        *lines, rest = (rest + piece).split(b"\n")
        yield from (line.decode() for line in lines)


def _value(text: str) -> str | None:
    if "\\" not in text:
        return text
    if text == _NULL:
        return None
    return _ESCAPE.sub(lambda match: _ESCAPED.get(match[1], match[1]), text)


def _write_csv(table: SavedTable, rows: Iterator[Row], file: IO[bytes]) -> int:
    text = io.StringIO(newline="")
    text.write(",".join(_csv_value(column.name) for column in table.columns) + "\n")
    count = 0
    for row in rows:
        count += 1
        text.write(",".join(map(_csv_value, row)) + "\n")
        if count % _ROWS_AT_ONCE == 0:
            file.write(_taken(text))
    file.write(_taken(text))
    return count


def _csv_value(value: str | None) -> str:
    if value is None:
        return ""
    if value == "" or any(character in value for character in ',"\r\n'):
        return '"' + value.replace('"', '""') + '"'
    return value


def _taken(text: io.StringIO) -> bytes:
    data = text.getvalue().encode()
    text.seek(0)
    text.truncate()
    return data


def _write_sql(table: SavedTable, rows: Iterator[Row], file: IO[bytes]) -> int:
    columns = ", ".join(quoting.identifier(column.name) for column in table.columns)
    target = quoting.qualified(table.schema, table.name)
    insert = f"INSERT INTO {target} ({columns}) OVERRIDING SYSTEM VALUE VALUES ("
    if not table.columns:
        insert = f"INSERT INTO {target} DEFAULT VALUES"
    file.write(f"-- {table.rows:,} rows of {table.label}\n".encode())
    count = 0
    for row in rows:
        count += 1
        values = ", ".join("NULL" if value is None else quoting.literal(value) for value in row)
        file.write(f"{insert}{values}{')' if table.columns else ''};\n".encode())
    return count


def _write_parquet(table: SavedTable, rows: Iterator[Row], file: IO[bytes]) -> int:
    try:
        import pyarrow  # type: ignore[import-not-found,unused-ignore]
        from pyarrow import parquet  # type: ignore[import-not-found,unused-ignore]
    except ImportError:
        raise MissingDistribution(
            "Parquet needs pyarrow: pip install backstop-core[parquet]"
        ) from None
    schema: Any = pyarrow.schema([(column.name, pyarrow.string()) for column in table.columns])
    count = 0
    with parquet.ParquetWriter(file, schema) as writer:
        while batch := list(itertools.islice(rows, _ROWS_AT_ONCE)):
            values = [pyarrow.array(column, pyarrow.string()) for column in zip(*batch)]
            writer.write_table(pyarrow.Table.from_arrays(values, schema=schema))
            count += len(batch)
    return count


_WRITERS: dict[str, Callable[[SavedTable, Iterator[Row], IO[bytes]], int]] = {
    "csv": _write_csv,
    "sql": _write_sql,
    "parquet": _write_parquet,
}
FORMATS = tuple(_WRITERS)
"""What saved rows can be written as."""
