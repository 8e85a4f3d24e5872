"""What the server says that it was sent: the judge of what got past a guard."""

from __future__ import annotations

import contextlib
import re
from typing import TYPE_CHECKING

import psycopg2
import pytest

if TYPE_CHECKING:
    from testing.postgres import Server

_ENTRY = re.compile(r"^(?=\d{4}-\d\d-\d\d \d\d:\d\d:\d\d)", re.MULTILINE)
# A fastpath call is a function's: those of large objects are called by that.
_STATEMENT = re.compile(
    r"[^\n]*? LOG:  (?:statement|execute [^:]*|fastpath function call): (.*)", re.DOTALL
)
_OURS = "/* backstop */"


class ServerLog:
    """The statements that reach one database, from connections opened after this."""

    def __init__(self, server: Server, dsn: str) -> None:
        if server.log_path is None:
            pytest.skip("the server's log is not ours to read")
        self._path = server.log_path
        with contextlib.closing(psycopg2.connect(dsn)) as connection:
            connection.autocommit = True
            name = connection.info.dbname
            connection.cursor().execute(f"ALTER DATABASE {name} SET log_statement = 'all'")
        self._start = self._path.stat().st_size

    def sent(self) -> list[str]:
        """Give what applications sent, in order, without what Backstop sent by itself."""
        return [text for text in self._statements() if not text.startswith(_OURS)]

    def ours(self) -> list[str]:
        """Give what Backstop sent by itself, in order."""
        return [text for text in self._statements() if text.startswith(_OURS)]

    def _statements(self) -> list[str]:
        with self._path.open(encoding="utf-8") as file:
            file.seek(self._start)
            entries = _ENTRY.split(file.read())
        found = (_STATEMENT.match(entry) for entry in entries)
        # A tab marks the further lines of a text.
        return [match.group(1).replace("\n\t", "\n").strip() for match in found if match]
