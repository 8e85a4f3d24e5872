"""A side copy: the saved rows in a table of their own, to look at."""

from __future__ import annotations

from backstop.errors import ConfigurationError, SnapshotDamaged
from backstop.postgres import quoting
from backstop.postgres.transaction.savepoints import PINNED, change_settings
from backstop.recovery.report import TableReport
from backstop.recovery.rows import CountedReader
from backstop.session import Session
from backstop.snapshots.manifest import SavedTable
from backstop.syntax.lexer import LexError, TokenKind, tokenize


def copy_aside(
    session: Session, table: SavedTable, into: str, source: CountedReader
) -> TableReport:
    """Create the table ``into`` (a name as in SQL) and copy the saved rows there.

    It has the saved columns with their types, no keys, indexes or defaults.
    """
    name = _checked(into)
    columns = ", ".join(
        f"{quoting.identifier(column.name)} {column.type}" for column in table.columns
    )
    session.execute(f"CREATE TABLE {name} ({columns})")
    # The name was resolved under the role's own search_path; from here on ours holds.
    resolved = session.fetch(
        f"SELECT {quoting.literal(name)}::pg_catalog.regclass::pg_catalog.oid::pg_catalog.text"
    )[0][0]
    change_settings(session, PINNED)
    target = session.fetch(f"SELECT {resolved}::pg_catalog.regclass::pg_catalog.text")[0][0]
    names = ", ".join(quoting.identifier(column.name) for column in table.columns)
    rows = session.copy_in(f"COPY {target} ({names}) FROM STDIN (ENCODING 'UTF8')", source)
    if rows != table.rows:
        raise SnapshotDamaged(
            f"The stored rows of {table.label} are {rows:,}; the manifest says {table.rows:,}."
        )
    return TableReport(table.label, table.rows, inserted=rows)


def _checked(into: str) -> str:
    try:
        tokens = tokenize(into)
    except LexError:
        tokens = []
    names, dots = tokens[::2], tokens[1::2]
    if (
        len(tokens) not in (1, 3)
        or any(token.kind not in (TokenKind.WORD, TokenKind.QUOTED) for token in names)
        or any(token.text != "." for token in dots)
    ):
        raise ConfigurationError(
            f"into is {into!r}: give the name of a new table, such as users_before "
            'or rescue."Users".'
        )
    return into
