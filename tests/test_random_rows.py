"""Whatever a random statement destroys in a random schema comes back, and is done as without guard.

The variable ``BACKSTOP_PROOF_EXAMPLES`` (a number) widens the search.
"""

from __future__ import annotations

import os

import psycopg2
import pytest
from hypothesis import HealthCheck, Phase, event, given, note, settings
from hypothesis import strategies as st

import backstop
from testing.random_schemas import ADDED, histories

pytestmark = pytest.mark.proof

search = settings(
    max_examples=int(os.environ.get("BACKSTOP_PROOF_EXAMPLES", "60")),
    deadline=None,
    print_blob=True,
    phases=set(Phase) - {Phase.explain},
    report_multiple_bugs=False,
    suppress_health_check=list(HealthCheck),
)


class Database:
    """The test's database, looked at and changed beside the guard."""

    def __init__(self, connection):
        connection.autocommit = True
        self.cursor = connection.cursor()

    def create(self, schema):
        self.cursor.execute("DROP SCHEMA public CASCADE; CREATE SCHEMA public")
        self.cursor.execute(schema.ddl())

    def rows(self, schema, which=f"({ADDED}) IS NOT true"):
        """Give the rows of every table, sorted: those that the schema was created with."""
        self.cursor.execute(
            " UNION ALL ".join(
                f"SELECT '{table.name}: ' || {table.name}::text FROM {table.name} WHERE {which}"
                for table in schema.tables
            )
        )
        return sorted(row for (row,) in self.cursor.fetchall())

    def tried(self, schema, texts):
        """Give the error that the texts end with without guard, and the rows that they leave."""
        before = self.rows(schema)
        self.cursor.execute("BEGIN")
        try:
            for text in texts:
                self.cursor.execute(text)
            self.cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
            return None, self.rows(schema)
        except psycopg2.Error as error:
            return type(error), before
        finally:
            self.cursor.execute("ROLLBACK")


def ran(db, texts):
    """Run the texts through the guard; give the error that they end with."""
    try:
        for text in texts:
            db.cursor().execute(text)
        db.commit()
    except psycopg2.Error as error:
        db.rollback()
        return type(error)
    finally:
        db.close()
    return None


def restore_all(store, dsn):
    """Restore every snapshot, the newest first, and each twice: the second time nothing changes."""
    reports = []
    for snapshot in reversed(backstop.snapshots.list(store)):
        reports.append(backstop.restore(snapshot.id, storage=store, dsn=dsn))
        note(f"{snapshot.operation}: {reports[-1].tables} {reports[-1].plan.not_covered}")
        backstop.restore(snapshot.id, storage=store, dsn=dsn)
    return reports


def test_whatever_a_random_statement_destroys_comes_back(connect, guarded, tmp_path, dsn):
    database = Database(connect())
    stores = iter(range(10**9))

    @search
    @given(histories(database.cursor.connection.server_version), st.booleans())
    def comes_back(history, autocommit):
        schema, texts = history
        note(f"{schema.ddl()}\n" + "\n".join(texts))
        store = (tmp_path / str(next(stores))).as_uri()
        database.create(schema)
        before = database.rows(schema)
        expected = database.tried(schema, texts)
        autocommit = autocommit and len(texts) == 1
        db = guarded(snapshot_at="LOW", storage=store, autocommit=autocommit)
        error = ran(db, texts)
        after = database.rows(schema)
        event(error.__name__ if error else f"changed something: {after != before}")
        if not any("random()" in text for text in texts):
            assert (error, after) == expected
        added = database.rows(schema, ADDED)
        reports = restore_all(store, dsn)
        assert database.rows(schema) == before
        assert all(report.complete for report in reports)
        if len(texts) == 1 and ";" not in texts[0]:
            undone = reports and texts[0].lstrip().startswith(("INSERT", "MERGE"))
            assert database.rows(schema, ADDED) == ([] if undone else added)

    comes_back()
