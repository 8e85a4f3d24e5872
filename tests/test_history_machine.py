"""Whatever was destroyed, edited and rolled back before: a restore does what the model does.

The model knows each version of a row by a token. A restore gives a row back the version that its
statement found, where the row is still the version that the statement left; or where it is gone.

The variable ``BACKSTOP_PROOF_EXAMPLES`` (a number) widens the search.
"""

from __future__ import annotations

import contextlib
import itertools
import os
from dataclasses import dataclass, field

import psycopg2
import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    precondition,
    rule,
    run_state_machine_as_test,
)

import backstop
from backstop.snapshots import Fate

pytestmark = pytest.mark.proof

TABLES = {
    "stock": "id int PRIMARY KEY, n int, note text",
    "tally": "id int, n int, note text",
}
SIZE = 6
tables = st.sampled_from(list(TABLES))
identities = st.integers(1, SIZE)


@dataclass(frozen=True)
class Version:
    """A row as one statement left it; two that hold the same are still two."""

    id: int
    n: int
    note: str | None
    token: int

    @property
    def values(self):
        return self.id, self.n, self.note


@dataclass
class Destruction:
    """What one statement did to a table: each version that it found, and the one it left."""

    snapshot: str
    table: str
    changes: list[tuple[Version, Version | None]]

    @property
    def moved(self):
        """Whether it set the keys of rows that it left."""
        return any(new is not None and new.id != old.id for old, new in self.changes)


@dataclass
class Transaction:
    """The destructions of one transaction, and the rows of each table at its savepoints."""

    destructions: list[Destruction] = field(default_factory=list)
    undone: list[Destruction] = field(default_factory=list)
    savepoints: list[tuple[int, dict[str, list[Version]]]] = field(default_factory=list)
    start: dict[str, list[Version]] = field(default_factory=dict)


class History(RuleBasedStateMachine):
    """One guarded connection, its transactions, and another connection that edits between them."""

    def __init__(self, server, store):
        super().__init__()
        self.dsn, self.store = server, store
        self.tokens = itertools.count(1)
        self.rows = {}
        self.open = None
        self.ended = []
        self.closing = contextlib.ExitStack()

    @initialize()
    def create(self):
        raw = self.closing.enter_context(contextlib.closing(psycopg2.connect(self.dsn)))
        other = self.closing.enter_context(contextlib.closing(psycopg2.connect(self.dsn)))
        other.autocommit = True
        self.other = other.cursor()
        for name, columns in TABLES.items():
            self.other.execute(f"DROP TABLE IF EXISTS {name}; CREATE TABLE {name} ({columns})")
            self.rows[name] = []
            for number in range(1, SIZE + 1):
                self.insert(self.other, name, number)
        self.db = backstop.guard(
            raw, storage=self.store, actor="machine", snapshot_at="LOW", on_snapshot_failure="raise"
        )

    def teardown(self):
        self.closing.close()

    # What the model needs.

    def version(self, identity, n, note):
        return Version(identity, n, note, next(self.tokens))

    def insert(self, cursor, table, identity):
        new = self.version(identity, identity % 3, "new")
        cursor.execute(f"INSERT INTO {table} VALUES (%s, %s, %s)", new.values)
        self.rows[table].append(new)

    def check(self, cursor):
        for name, rows in self.rows.items():
            cursor.execute(f"SELECT id, n, note FROM {name} ORDER BY 1, 2, 3")
            assert cursor.fetchall() == sorted(row.values for row in rows)

    def destroy(self, table, sql, change):
        """Run a statement; ``change`` gives what it makes of a row: itself, None or new values."""
        if self.open is None:
            self.open = Transaction(start=self.copies())
        known = {snapshot.id for snapshot in backstop.snapshots.list(self.store)}
        cursor = self.db.cursor()
        cursor.execute(sql)
        changes, left = [], []
        for row in self.rows[table]:
            values = change(row)
            new = values if values is row or values is None else self.version(*values)
            left += [new] if new else []
            changes += [(row, new)] if new is not row else []
        self.rows[table] = left
        self.check(cursor)
        new = [s.id for s in backstop.snapshots.list(self.store) if s.id not in known]
        assert len(new) == 1 or (not changes and not new)
        if new:
            self.open.destructions.append(Destruction(new[0], table, changes))

    def copies(self):
        return {name: list(rows) for name, rows in self.rows.items()}

    # What happens.

    @rule(table=tables, limit=identities)
    def delete(self, table, limit):
        self.destroy(
            table,
            f"DELETE FROM {table} WHERE id > {limit}",
            lambda row: None if row.id > limit else row,
        )

    @rule(table=tables, limit=st.integers(0, SIZE))
    def update(self, table, limit):
        self.destroy(
            table,
            f"UPDATE {table} SET n = n + 1, note = NULL WHERE id > {limit}",
            lambda row: (row.id, row.n + 1, None) if row.id > limit else row,
        )

    @rule(table=tables, limit=identities)
    def move(self, table, limit):
        self.destroy(
            table,
            f"UPDATE {table} SET id = -id WHERE abs(id) <= {limit}",
            lambda row: (-row.id, row.n, row.note) if abs(row.id) <= limit else row,
        )

    @rule(table=tables)
    def truncate(self, table):
        self.destroy(table, f"TRUNCATE {table}", lambda row: None)

    @rule(identity=identities)
    def upsert(self, identity):
        if any(row.id == identity for row in self.rows["stock"]):
            self.destroy(
                "stock",
                f"INSERT INTO stock VALUES ({identity}) ON CONFLICT (id) DO UPDATE SET n = 9",
                lambda row: (row.id, 9, row.note) if row.id == identity else row,
            )

    @rule(table=tables, identity=identities)
    def add(self, table, identity):
        """Insert a row of an id that never was, in the transaction, if there is one."""
        if self.open is None:
            self.insert(self.other, table, 100 + next(self.tokens))
        else:
            self.insert(self.db.cursor(), table, 100 + next(self.tokens))

    @precondition(lambda self: self.open is not None)
    @rule()
    def savepoint(self):
        self.db.cursor().execute(f"SAVEPOINT s{len(self.open.savepoints)}")
        self.open.savepoints.append((len(self.open.destructions), self.copies()))

    @precondition(lambda self: self.open is not None and self.open.savepoints)
    @rule(data=st.data())
    def rollback_to(self, data):
        number = data.draw(st.integers(0, len(self.open.savepoints) - 1))
        self.db.cursor().execute(f"ROLLBACK TO SAVEPOINT s{number}")
        done, rows = self.open.savepoints[number]
        del self.open.savepoints[number + 1 :]
        self.open.undone += self.open.destructions[done:]
        del self.open.destructions[done:]
        self.rows = {name: list(some) for name, some in rows.items()}
        self.check(self.db.cursor())

    @precondition(lambda self: self.open is not None and self.open.savepoints)
    @rule()
    def release(self):
        self.open.savepoints.pop()
        self.db.cursor().execute(f"RELEASE SAVEPOINT s{len(self.open.savepoints)}")

    @precondition(lambda self: self.open is not None)
    @rule()
    def commit(self):
        self.db.commit()
        self.ended.append(self.open)
        self.open = None

    @precondition(lambda self: self.open is not None)
    @rule()
    def rollback(self):
        self.db.rollback()
        self.rows = self.open.start
        self.open.undone += self.open.destructions
        self.open.destructions = []
        self.ended.append(self.open)
        self.open = None
        self.check(self.other)

    @precondition(lambda self: self.open is None)
    @rule(table=tables, identity=identities)
    def edit(self, table, identity):
        """Change a row later, from outside, to what nothing else writes.

        Not where keys were set: there, one later edit keeps all rows from going back.
        """
        if table == "stock" and any(one.moved for t in self.ended for one in t.destructions):
            return
        n = 1000 + next(self.tokens)
        self.other.execute(f"UPDATE {table} SET n = {n} WHERE id = {identity}")
        self.rows[table] = [
            self.version(row.id, n, row.note) if row.id == identity else row
            for row in self.rows[table]
        ]

    # What comes back.

    def restore(self, destruction):
        backstop.restore(destruction.snapshot, storage=self.store, dsn=self.dsn)

    @precondition(lambda self: self.open is None and self.ended)
    @rule()
    def restore_what_was_rolled_back(self):
        for transaction in self.ended:
            for destruction in transaction.undone:
                snapshot = backstop.snapshots.show(destruction.snapshot, self.store)
                assert snapshot.fate is Fate.ROLLED_BACK
                self.restore(destruction)
        self.check(self.other)

    @precondition(lambda self: self.open is None and self.ended)
    @rule(twice=st.booleans())
    def restore_newest_transaction(self, twice):
        """Newest first, and for good: a transaction that was restored is history."""
        transaction = self.ended.pop()
        for destruction in reversed(transaction.destructions):
            self.rows[destruction.table] = restored(self.rows[destruction.table], destruction)
            for _ in range(1 + twice):
                self.restore(destruction)
                self.check(self.other)


def restored(rows, destruction):
    """Return what the rows are after a restore of one destruction."""
    keyed = destruction.table == "stock"
    left = {new.token: old for old, new in destruction.changes if new is not None}
    gone = [old for old, new in destruction.changes if new is None]
    if not keyed and not left.keys() <= {row.token for row in rows}:
        # Which row is which can't be told any more: all of an UPDATE's rows go back or none.
        left = {}
    rows = [left.get(row.token, row) for row in rows]
    taken = {row.id for row in rows} if keyed else set()
    return rows + [old for old in gone if old.id not in taken]


def test_every_history_can_be_taken_back(dsn, tmp_path):
    numbers = itertools.count()

    def machine():
        return History(dsn, (tmp_path / str(next(numbers))).as_uri())

    run_state_machine_as_test(
        machine,
        settings=settings(
            max_examples=int(os.environ.get("BACKSTOP_PROOF_EXAMPLES", "15")),
            stateful_step_count=16,
            deadline=None,
            print_blob=True,
            phases=set(Phase) - {Phase.explain},
            suppress_health_check=list(HealthCheck),
        ),
    )
