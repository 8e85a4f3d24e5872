"""Whatever a statement takes of an application's schema comes back: Django's, and SQLAlchemy's.

Every statement has a copy of its own of what the framework made. By default a sample is tried;
the variable ``BACKSTOP_PROOF_EVERY_OBJECT`` has all of them tried, one after the other.
"""

from __future__ import annotations

import contextlib
import os

import psycopg2
import pytest
from django.db.backends.postgresql.features import DatabaseFeatures
from psycopg2.extensions import parse_dsn

import backstop
from testing.application_schemas import make_schema
from testing.dumps import dump
from testing.postgres import fresh_database

pytestmark = [pytest.mark.proof, pytest.mark.timeout(3600)]

SAMPLE = 2
EVERY_OBJECT = bool(os.environ.get("BACKSTOP_PROOF_EVERY_OBJECT"))
LARGEST = 8

OWN = """
    FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
    WHERE c.oid >= 16384 AND n.nspname <> 'pg_toast' AND c.relkind = """
STATEMENTS = {
    "table": f"""
        SELECT format('DROP TABLE %I.%I CASCADE', n.nspname, c.relname) {OWN} 'r' ORDER BY 1""",
    "sequence": f"""
        SELECT format('DROP SEQUENCE %I.%I CASCADE', n.nspname, c.relname) {OWN} 'S'
        AND NOT EXISTS (SELECT FROM pg_depend d WHERE d.objid = c.oid AND d.deptype = 'i')
        ORDER BY 1""",
    "column": f"""
        SELECT format('ALTER TABLE %I.%I DROP COLUMN %I CASCADE', t.nspname, t.relname, a.attname)
        FROM (SELECT c.oid, n.nspname, c.relname {OWN} 'r'
              ORDER BY c.relnatts DESC, c.oid LIMIT {LARGEST}) AS t
        JOIN pg_attribute a ON a.attrelid = t.oid WHERE a.attnum > 0 AND NOT a.attisdropped
        ORDER BY 1""",
    "schema": """
        SELECT format('DROP SCHEMA %I CASCADE', nspname) FROM pg_namespace
        WHERE oid >= 16384 AND nspname NOT LIKE 'pg_%' OR nspname = 'public' ORDER BY 1""",
}


class Application:
    """A framework's schema in a database that is the template of others, and its dump."""

    def __init__(self, server, maintenance, template):
        self._server = server
        self._maintenance = maintenance
        self._template = parse_dsn(template)["dbname"]
        self.before = dump(template)
        with contextlib.closing(psycopg2.connect(template)) as connection:
            cursor = connection.cursor()
            self.statements = {}
            for kind, query in STATEMENTS.items():
                cursor.execute(query)
                self.statements[kind] = [statement for (statement,) in cursor.fetchall()]

    def problem(self, statement, store):
        """Run a statement and restore it, each time in a copy; say what isn't as it was."""
        with fresh_database(self._server, self._maintenance, self._template) as dsn:
            raw = psycopg2.connect(dsn)
            raw.autocommit = True
            with contextlib.closing(raw):
                db = backstop.guard(raw, storage=store, actor="it", on_snapshot_failure="raise")
                db.cursor().execute(statement)
            (snapshot,) = backstop.snapshots.list(store)
            report = backstop.restore(snapshot.id, storage=store, dsn=dsn)
            again = backstop.restore(snapshot.id, storage=store, dsn=dsn)
            if not report.complete:
                return report.plan.not_covered or report.conflicts or report.problems
            if again.created or again.changed or any(t.inserted + t.updated for t in again.tables):
                return f"the second restore changed {again.created or again.changed}"
            return None if dump(dsn) == self.before else "the dumps differ"


@pytest.fixture(params=["django", "sqlalchemy"])
def application(request, postgres_server, postgres_maintenance):
    least = DatabaseFeatures.minimum_database_version[0]
    if request.param == "django" and postgres_maintenance.server_version < least * 10000:
        pytest.skip(f"this version of Django needs PostgreSQL {least}")
    with fresh_database(postgres_server, postgres_maintenance) as dsn:
        make_schema(request.param, dsn)
        yield Application(postgres_server, postgres_maintenance, dsn)


def test_what_is_dropped_of_an_application_comes_back(application, tmp_path):
    chosen = [
        statement
        for statements in application.statements.values()
        for number, statement in enumerate(statements)
        if EVERY_OBJECT or number * SAMPLE % len(statements) < SAMPLE
    ]
    problems = {}
    for number, statement in enumerate(chosen):
        problem = application.problem(statement, (tmp_path / str(number)).as_uri())
        if problem is not None:
            problems[statement] = problem
    assert problems == {}
