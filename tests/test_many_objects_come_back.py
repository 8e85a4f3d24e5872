"""A schema of two hundred tables comes back by one command."""

from __future__ import annotations

import os
import sys
import time

import pytest

import backstop
from testing.dumps import dump
from testing.many_objects import SCHEMA, many_objects

pytestmark = pytest.mark.proof

TABLES = 200


@pytest.fixture(scope="module", autouse=True)
def role(postgres_maintenance):
    cursor = postgres_maintenance.cursor()
    name = f"backstop_reader_{os.getpid()}"
    cursor.execute(f"CREATE ROLE {name}")
    yield name
    cursor.execute(f"DROP ROLE {name}")


def test_a_schema_of_two_hundred_tables_comes_back_by_one_command(
    role, connect, guarded, store, dsn, command, capsys
):
    setup = connect()
    setup.autocommit = True
    setup.cursor().execute(many_objects(TABLES, role))
    setup.close()
    before = dump(dsn)
    connection = guarded()
    started = time.monotonic()
    connection.cursor().execute(f"DROP SCHEMA {SCHEMA} CASCADE")
    dropped = time.monotonic()
    connection.close()
    assert dump(dsn) != before
    (snapshot,) = backstop.snapshots.list(store)
    restoring = time.monotonic()
    done = command("restore", snapshot.id, "--dsn", dsn, "--storage", store)
    restored = time.monotonic()
    with capsys.disabled():
        sys.stdout.write(
            f"\nDROP SCHEMA of {TABLES} tables with its snapshot {dropped - started:.1f} s, "
            f"backstop restore {restored - restoring:.1f} s\n"
        )
    assert dump(dsn) == before
    assert done.returncode == 0, done.stdout + done.stderr
