"""Runs a statement on a real server, sees what it does, and objects to a level that is too low.

The rules are those of `backstop.classify`: what the server refuses as a write, or what changes
data, definitions, sequences or the session's privileges, must not be SAFE; what takes or
overwrites every row of a table in each of three independently filled copies, or destroys an object
that can't be had back, must be CRITICAL.

The referee's role is no superuser and may create neither roles nor databases: the server itself
refuses it COPY … PROGRAM, files of the server, ALTER SYSTEM and everything that reaches beyond its
own database. What it could still do to its own session is left out by `NOT_RUN`.
"""

from __future__ import annotations

import contextlib
import itertools
import os
import re
from io import StringIO
from typing import TYPE_CHECKING, Any, NamedTuple

import psycopg2
import pytest
from psycopg2 import errorcodes, extensions

from backstop import RiskLevel, classify
from testing import live_schema
from testing.live_schema import COPIES

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from psycopg2.extensions import connection as Connection  # noqa: N812

    from testing.postgres import Server

_numbers = itertools.count(1)

# Each would end or block the session that runs it, or reach another server, and show nothing.
NOT_RUN = re.compile(
    r"(?i)pg_terminate_backend|pg_cancel_backend|pg_sleep|dblink|CREATE\s+SUBSCRIPTION"
)

_SETUP = """
    SET LOCAL search_path = {copy}, public;
    SET LOCAL statement_timeout = '2s';
    SET LOCAL referee.open = 'yes';
    SET LOCAL transaction_read_only = {read_only};
"""
_SESSION = """
    SELECT current_user::text, session_user::text,
           current_setting('standard_conforming_strings'),
           current_setting('session_replication_role')
"""
# Sequences are asked one by one: pg_sequences shows the value only to who may use it.
_SEQUENCES = "SELECT " + ", ".join(
    f"(SELECT (last_value, is_called)::text FROM {copy}.{name})"
    for copy in COPIES
    for name in ("counter", "s")
)
_OBJECTS = """
    SELECT 'relation ' || oid FROM pg_class
    WHERE relkind IN ('r', 'p', 'm', 'S', 'f') AND relnamespace >= 16384
    UNION ALL SELECT 'type ' || t.oid FROM pg_type AS t LEFT JOIN pg_class AS c ON c.oid = typrelid
    WHERE typtype IN ('d', 'e', 'c', 'r') AND typnamespace >= 16384
    AND coalesce(relkind, 'c') = 'c'
    UNION ALL SELECT 'schema ' || oid FROM pg_namespace WHERE oid >= 16384
    UNION ALL SELECT 'extension ' || oid FROM pg_extension
    UNION ALL SELECT 'large object ' || oid FROM pg_largeobject_metadata
"""
# Few are left behind, while a list of those that are there would be long.
_DROPPED_COLUMNS = """
    SELECT 'column ' || attrelid || '.' || attnum FROM pg_attribute
    WHERE attisdropped AND attrelid >= 16384
"""
# Without what vacuum and analyze write by themselves, and what databases share with others.
_CATALOGS = """
    SELECT string_agg(format('SELECT %L, md5(string_agg(c::text, '''' ORDER BY c::text))
                              FROM (SELECT %s FROM %s) AS c', relname, columns, relname),
                      ' UNION ALL ')
    FROM pg_class AS r, LATERAL (
        SELECT string_agg(quote_ident(attname), ', ') AS columns FROM pg_attribute
        WHERE attrelid = r.oid AND attnum > 0 AND NOT attisdropped
        AND attname !~ '^rel(pages|tuples|all.*|.*xid)$'
    ) AS a
    WHERE relnamespace = 'pg_catalog'::regnamespace AND relkind = 'r' AND NOT relisshared
    AND relname !~ '^pg_(statistic|user_mapping$|largeobject$)'
"""


class Outcome(NamedTuple):
    """What running a text came to: the SQLSTATE and the message of its error, if it had one."""

    state: str = ""
    message: str = ""

    @property
    def failed(self) -> bool:
        """Whether there was an error, the server's or the driver's."""
        return bool(self.message)

    @property
    def is_refused_write(self) -> bool:
        """Whether a read-only transaction refused it as a write; locking rows is exempt."""
        locks = self.message.startswith("cannot execute SELECT FOR ")
        return self.state == errorcodes.READ_ONLY_SQL_TRANSACTION and not locks


class Referee:
    """Judges levels on one database, which it fills with `live_schema`.

    What it runs is undone by rolling back. A text that ends the transaction (COMMIT, say) does so
    before the referee has seen anything, which then fills the database again.
    """

    def __init__(self, connection: Connection, seed: int = 0) -> None:
        self._connection = connection
        self._seed = seed
        self.ran = 0
        self._prepare()

    def objection(self, sql: str) -> str | None:
        """Return what is wrong with the level of a text, or nothing.

        A text that the server refuses (with another error than for writing) proves nothing.
        """
        if NOT_RUN.search(sql):
            return None
        level = classify(sql).level
        if level is RiskLevel.CRITICAL:
            return None
        found = self._unsafe(sql) if level is RiskLevel.SAFE else self._destroyed(sql)
        return f"{level.value}, but {found}: {sql}" if found else None

    def objections_in_turn(self, statements: Sequence[str]) -> list[str]:
        """Return what is wrong with the levels of statements that build on each other.

        They run in one transaction, so that an example finds the tables of the one before it; what
        fails is passed over. Whether the rows of a table vanish is not looked at.
        """
        found: list[str] = []
        with self._undone():
            self._execute(_SETUP.format(copy=COPIES[0], read_only="off"))
            objects = self._find_objects()
            for sql in statements:
                level = classify(sql).level
                problem = None
                if level is RiskLevel.SAFE:
                    problem = self._unsafe_in_turn(sql)
                elif self._attempt(sql):
                    before, objects = objects, self._find_objects()
                    gone = before.gone(objects)
                    if gone and level < RiskLevel.CRITICAL:
                        problem = f"{min(gone)} is gone"
                if problem is not None:
                    found.append(f"{level.value}, but {problem}: {sql}")
        return found

    def _unsafe_in_turn(self, sql: str) -> str | None:
        self._execute("SAVEPOINT reading; SET LOCAL transaction_read_only = on")
        outcome = self._attempted(sql)
        self._execute("ROLLBACK TO SAVEPOINT reading")
        if outcome.is_refused_write:
            return "a read-only transaction refuses it"
        before = self._row(_SESSION), self._row(_SEQUENCES)
        changed = self._attempt(sql) and (self._row(_SESSION), self._row(_SEQUENCES)) != before
        return "it changes the session or a sequence" if changed else None

    def _attempt(self, sql: str) -> bool:
        """Run a text, or nothing of it; return whether it ran."""
        self._execute("SAVEPOINT attempt")
        if self._attempted(sql).failed:
            self._execute("ROLLBACK TO SAVEPOINT attempt")
            return False
        return True

    def _attempted(self, sql: str) -> Outcome:
        try:
            self._execute(sql)
        except psycopg2.Error as error:
            return Outcome(error.pgcode or "", str(error))
        self.ran += 1
        return Outcome()

    def try_out(self, sql: str) -> Outcome:
        """Run a text on the first of the copies, and undo what it did."""
        with self._undone():
            return self.run(sql)

    def run(self, sql: str, copy: str = COPIES[0], *, read_only: bool = False) -> Outcome:
        """Run a text in a transaction that stays open, on one of the copies."""
        setup = _SETUP.format(copy=copy, read_only="on" if read_only else "off")
        self._execute(setup)
        try:
            try:
                self._execute(sql)
            except psycopg2.ProgrammingError as error:
                if error.pgcode is not None or "COPY" not in str(error):
                    raise
                # The driver has another call for COPY … STDIN and STDOUT.
                self._connection.rollback()
                self._execute(setup)
                with self._connection.cursor() as cursor:
                    cursor.copy_expert(sql, StringIO())
        except psycopg2.Error as error:
            return Outcome(error.pgcode or "", str(error))
        self.ran += 1
        return Outcome()

    def _unsafe(self, sql: str) -> str | None:
        """Return why a text may not be SAFE."""
        with self._undone():
            outcome = self.run(sql, read_only=True)
        if outcome.is_refused_write:
            return "a read-only transaction refuses it"
        if "cannot run inside a transaction block" in outcome.message:
            return "it can't run in a transaction block, as only what writes can't"
        with self._undone():
            # A rollback doesn't put them back.
            sequences = self._row(_SEQUENCES)
            if self.run(sql).failed:
                return None
            if self._lost():
                return None
            if self._row(_SESSION) != self._session:
                return "it changes the session's privileges, or how its texts are read"
            if self._row(_SEQUENCES) != sequences:
                return "it moves a sequence"
            # Without a transaction id nothing was written; locking rows takes one as well.
            if self._row("SELECT pg_current_xact_id_if_assigned()")[0] is None:
                return None
        with self._undone():
            before = self._everything()
            self._connection.rollback()
            self.run(sql)
            return "it changes something" if self._everything() != before else None

    def _destroyed(self, sql: str) -> str | None:
        """Return why a text must be CRITICAL."""
        common: set[str] | None = None
        for copy in COPIES:
            with self._undone():
                if self.run(sql, copy).failed or self._lost():
                    return None
                self._execute("RESET ROLE")
                gone = self._objects.gone(self._find_objects())
                if gone:
                    return f"{min(gone)} is gone"
                wiped = self._wiped(copy)
            common = wiped if common is None else common & wiped
            if not common:
                return None
        return f"every row of {', '.join(sorted(common or ()))} is gone or overwritten"

    def _wiped(self, copy: str) -> set[str]:
        """Return the copy's tables of which no row is as it was, by their first names."""
        tables = self._tables[copy]
        found = self._rows(
            "SELECT oid, oid::regclass::text, pg_relation_filenode(oid) FROM pg_class "
            f"WHERE oid IN ({', '.join(map(str, tables))})"
        )
        kept: set[str] = set()
        for oid, name, place in found:
            table = tables[oid]
            if place == table.place:
                # The transaction that wrote a row is part of it, so that overwriting shows.
                count = f"SELECT count(*) FROM ONLY {name} WHERE xmin = '{self._filled_by}'"
                lost = self._row(count)[0] == 0
            else:
                lost = self._contents(name, table.columns) != table.contents
            if not lost:
                kept.add(table.name)
        return {table.name for table in tables.values()} - kept

    def _contents(self, name: str, columns: list[int]) -> list[str | None]:
        """Return a checksum for each column (by number) of a table: its values as text, sorted."""
        names = dict(
            self._rows(
                "SELECT attnum, quote_ident(attname) FROM pg_attribute "
                f"WHERE attrelid = '{name}'::regclass"
            )
        )
        sums = ", ".join(
            f"md5(string_agg({names[column]}::text, ',' ORDER BY {names[column]}::text))"
            for column in columns
        )
        return list(self._row(f"SELECT {sums} FROM ONLY {name}"))

    def _prepare(self) -> None:
        live_schema.drop(self._connection)
        live_schema.create(self._connection, self._seed)
        self._tables: dict[str, dict[int, _Table]] = {}
        for copy in COPIES:
            self._execute(f"SET LOCAL search_path = {copy}")
            self._tables[copy] = {}
            for table in (*live_schema.FILLED, "events_0", "events_1"):
                oid, place = self._row(
                    f"SELECT '{table}'::regclass::oid, pg_relation_filenode('{table}')"
                )
                if place is None:  # A partitioned table holds no rows itself.
                    continue
                columns = [
                    number
                    for (number,) in self._rows(
                        "SELECT attnum FROM pg_attribute WHERE attnum > 0 "
                        f"AND attrelid = '{table}'::regclass ORDER BY 1"
                    )
                ]
                contents = self._contents(table, columns)
                # A partition counts as a part of its table.
                name = table.split("_")[0]
                self._tables[copy][oid] = _Table(name, place, columns, contents)
        self._filled_by = self._row(f"SELECT DISTINCT xmin::text FROM {COPIES[0]}.users")[0]
        self._session = self._row(_SESSION)
        self._objects = self._find_objects()
        self._connection.rollback()

    def _find_objects(self) -> _Objects:
        present, dropped = (
            frozenset(key for (key,) in self._rows(query)) for query in (_OBJECTS, _DROPPED_COLUMNS)
        )
        return _Objects(present, dropped)

    def _everything(self) -> list[tuple[Any, ...]]:
        """Return a checksum of the rows and the catalogs; slow, and hardly ever needed."""
        self._execute("RESET ROLE")
        tables = " UNION ALL ".join(
            f"SELECT '{copy}.{table}', md5(string_agg(t::text, '' ORDER BY t::text)) "
            f"FROM ONLY {copy}.{table} AS t"
            for copy in COPIES
            for table in (*live_schema.FILLED, "events_0", "events_1", "empty")
        )
        return sorted([*self._rows(tables), *self._rows(self._row(_CATALOGS)[0])])

    @contextlib.contextmanager
    def _undone(self) -> Iterator[None]:
        """Undo everything at the end; put the tables back if the text ended the transaction."""
        try:
            yield
        finally:
            lost = self._lost()
            self._connection.rollback()
            # They outlive the transaction.
            self._execute("DEALLOCATE ALL")
            if lost:
                self._prepare()

    def _lost(self) -> bool:
        """Whether the text ended the transaction that should have held it."""
        info = self._connection.info
        if info.transaction_status == extensions.TRANSACTION_STATUS_INERROR:
            return False
        if info.transaction_status != extensions.TRANSACTION_STATUS_INTRANS:
            return True
        # SET LOCAL ends with the transaction.
        return bool(self._row("SELECT current_setting('referee.open', true)")[0] != "yes")

    def _execute(self, sql: str) -> None:
        with self._connection.cursor() as cursor:
            cursor.execute(sql)

    def _rows(self, sql: str) -> list[tuple[Any, ...]]:
        with self._connection.cursor() as cursor:
            cursor.execute(sql)
            return cursor.fetchall()

    def _row(self, sql: str) -> tuple[Any, ...]:
        return self._rows(sql)[0]


@pytest.fixture(scope="module")
def referee(postgres_server: Server, postgres_maintenance: Connection) -> Iterator[Referee]:
    """Give a referee with a database and a role of its own for the module."""
    name = f"backstop_referee_{os.getpid()}_{next(_numbers)}"
    with postgres_maintenance.cursor() as cursor:
        cursor.execute(f"CREATE ROLE {name} LOGIN PASSWORD '{name}'")
        cursor.execute(f"CREATE DATABASE {name} TEMPLATE template0 OWNER {name}")
        dsn = postgres_server.dsn(name)
        with contextlib.closing(psycopg2.connect(dsn, user=name, password=name)) as connection:
            yield Referee(connection)
        cursor.execute(f"DROP DATABASE {name} WITH (FORCE)")
        cursor.execute(f"DROP ROLE {name}")


class _Objects(NamedTuple):
    """The objects that are there, and the columns that no longer are."""

    present: frozenset[str]
    dropped: frozenset[str]

    def gone(self, later: _Objects) -> frozenset[str]:
        return (self.present - later.present) | (later.dropped - self.dropped)


class _Table(NamedTuple):
    name: str
    place: int
    columns: list[int]
    contents: list[str | None]
