"""Snapshots that an earlier version wrote are listed, verified and restored, for ever."""

from __future__ import annotations

import shutil
from contextlib import closing

import psycopg2
import pytest

import backstop
from backstop.snapshots import Fate, Status
from testing.dumps import dump
from testing.golden import FOLDER, KEY

GOLDEN = sorted(path for path in FOLDER.iterdir() if path.is_dir())


@pytest.fixture(params=GOLDEN, ids=lambda path: path.name)
def golden(request, tmp_path, monkeypatch):
    """Give one of the golden stores, as a copy: a restore is recorded in it."""
    if (request.param / KEY).exists():
        pytest.importorskip("pyrage")
        monkeypatch.setenv("BACKSTOP_IDENTITY", str(request.param / KEY))
    folder = tmp_path / "golden"
    shutil.copytree(request.param, folder)
    return folder


def execute(dsn, sql):
    with closing(psycopg2.connect(dsn)) as connection, connection:
        connection.cursor().execute(sql)


def test_there_is_one_of_format_1():
    assert [path.name for path in GOLDEN] == ["format-1", "format-1-encrypted"]


def test_every_golden_snapshot_is_listed_and_intact(golden):
    url = (golden / "store").as_uri()
    found = backstop.snapshots.list(url)
    assert [(one.operation, one.rows) for one in found] == [
        ("DELETE", 20),
        ("UPDATE", 20),
        ("DELETE", 3),
        ("UPDATE", 20),
        ("TRUNCATE", 30),
        ("DROP FUNCTION", 0),
        ("ALTER TABLE", 20),
        ("DROP TABLE", 40),
    ]
    assert (found[0].status, found[0].fate) == (Status.SUCCEEDED, Fate.ROLLED_BACK)
    assert found[1].status is Status.FAILED
    assert {(one.status, one.fate) for one in found[2:]} == {(Status.SUCCEEDED, Fate.COMMITTED)}
    for one in found:
        assert backstop.snapshots.verify(one.id, url).problems == ()
        assert backstop.snapshots.show(one.id, url).manifest.actor == "golden"


def test_every_golden_snapshot_comes_back_in_another_database(golden, dsn):
    # What happened there, as in a copy of that database: its rows have other xmins, so that an
    # UPDATE can't know them as it left them, and has to be told that they are.
    execute(dsn, (golden / "setup.sql").read_text("utf-8"))
    before = dump(dsn)
    execute(dsn, (golden / "statements.sql").read_text("utf-8"))
    assert dump(dsn) != before
    url = (golden / "store").as_uri()
    for summary in reversed(backstop.snapshots.list(url)):
        report = backstop.restore(summary.id, storage=url, dsn=dsn, on_conflict="overwrite")
        assert report.complete, (summary, report)
    assert dump(dsn) == before
