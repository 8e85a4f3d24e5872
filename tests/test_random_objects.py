"""Whatever a statement takes away of random objects that lean on each other comes back.

The variable ``BACKSTOP_PROOF_EXAMPLES`` (a number) widens the search, which then wants more time
than a test may take (``--timeout=0``).
"""

from __future__ import annotations

import os

import psycopg2
import pytest
from hypothesis import HealthCheck, Phase, event, given, note, settings

import backstop
from testing.dumps import dump
from testing.random_objects import losses
from testing.random_types import SCHEMAS

pytestmark = pytest.mark.proof

search = settings(
    max_examples=int(os.environ.get("BACKSTOP_PROOF_EXAMPLES", "25")),
    deadline=None,
    print_blob=True,
    phases=set(Phase) - {Phase.explain},
    report_multiple_bugs=False,
    suppress_health_check=list(HealthCheck),
)

READER = f"backstop_test_reader_{os.getpid()}"
KEEPER = f"backstop_test_keeper_{os.getpid()}"


@pytest.fixture(scope="module", autouse=True)
def roles(postgres_maintenance):
    cursor = postgres_maintenance.cursor()
    # Views of the keeper's may stand on what isn't the keeper's: it may read all that we may.
    cursor.execute("SELECT quote_ident(current_user)")
    cursor.execute(f"CREATE ROLE {READER}; CREATE ROLE {KEEPER} IN ROLE {cursor.fetchone()[0]}")
    yield
    cursor.execute(f"DROP ROLE {READER}, {KEEPER}")


def create(connection, statements):
    """Create the objects, in place of those of the example before."""
    cursor = connection.cursor()
    cursor.execute(f"DROP SCHEMA IF EXISTS {', '.join(SCHEMAS)} CASCADE")
    cursor.execute("SET client_min_messages = warning")
    cursor.execute(";\n".join(statements))


def taken_away(db, statement):
    """Run the statement through the guard; give the error that it ends with."""
    try:
        db.cursor().execute(statement)
    except psycopg2.Error as error:
        return type(error)
    finally:
        db.close()
    return None


def test_whatever_is_taken_of_random_objects_comes_back(connect, guarded, tmp_path, dsn):
    connection = connect()
    connection.autocommit = True
    stores = iter(range(10**9))

    @search
    @given(losses(connection.server_version, READER, KEEPER))
    def comes_back(drawn):
        statements, statement = drawn
        note(";\n".join([*statements, "", statement]))
        create(connection, statements)
        before = dump(dsn)
        store = (tmp_path / str(next(stores))).as_uri()
        error = taken_away(guarded(snapshot_at="LOW", storage=store), statement)
        event(error.__name__ if error else "taken away")
        for snapshot in reversed(backstop.snapshots.list(store)):
            report = backstop.restore(snapshot.id, storage=store, dsn=dsn)
            assert report.complete, report.plan.not_covered or report.conflicts or report.problems
            again = backstop.restore(snapshot.id, storage=store, dsn=dsn)
            assert (again.created, again.changed, again.renamed) == ([], [], [])
            assert not any(table.inserted + table.updated for table in again.tables)
        assert dump(dsn) == before

    comes_back()
