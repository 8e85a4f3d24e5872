"""The commands of manage.py say and do what the command line does."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import psycopg2
import pytest
from django.core.management import CommandError, call_command
from django.db import connection, connections, transaction

import backstop
from backstop.cli import main
from testing.server_log import ServerLog

if TYPE_CHECKING:
    from testing.postgres import Connect, Server

pytestmark = pytest.mark.usefixtures("orders")


@pytest.fixture
def snapshot(open_alias: Any, store: str) -> str:
    """Empty the table orders by Django, and name the snapshot."""
    open_alias()
    with connection.cursor() as cursor:
        cursor.execute("DELETE FROM orders")
    (found,) = backstop.snapshots.list(store)
    return found.id


def count() -> int:
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM orders")
        return int(cursor.fetchone()[0])


@pytest.mark.parametrize("as_json", [False, True])
def test_the_listing_is_the_command_lines(
    snapshot: str, store: str, capsys: pytest.CaptureFixture[str], as_json: bool
) -> None:
    call_command("backstop_snapshots", json=as_json)
    shown = capsys.readouterr().out
    assert snapshot in shown
    main(["snapshots", "list", "--storage", store, *(["--json"] if as_json else [])])
    assert shown == capsys.readouterr().out


@pytest.mark.parametrize("options", [["--dry-run"], ["--dry-run", "--json"], [], ["--json"]])
def test_a_restore_says_what_the_command_line_says(
    snapshot: str, store: str, dsn: str, capsys: pytest.CaptureFixture[str], options: list[str]
) -> None:
    call_command("backstop_restore", snapshot[:20], *options)
    shown = capsys.readouterr()
    assert count() == (0 if "--dry-run" in options else 7)
    if "--dry-run" not in options:
        connection.cursor().execute("TRUNCATE orders")
        connection.close()
    assert main(["restore", snapshot, "--dsn", dsn, "--storage", store, *options]) == 0
    again = capsys.readouterr()
    assert again.out == shown.out
    assert again.err == shown.err


def test_the_alias_has_its_own_connection_and_its_own_storage(
    open_alias: Any, snapshot: str, tmp_path: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    elsewhere = (tmp_path / "elsewhere").as_uri()
    open_alias(DATABASES={"replica": {"STORAGE": elsewhere}})
    call_command("backstop_snapshots", database="replica", json=True)
    assert json.loads(capsys.readouterr().out) == []
    with pytest.raises(CommandError) as missing:
        call_command("backstop_restore", snapshot, database="replica")
    assert missing.value.returncode == 4


def test_a_restore_runs_beside_whatever_django_is_in(snapshot: str) -> None:
    with transaction.atomic():
        connection.cursor().execute("SELECT 1")
        call_command("backstop_restore", snapshot, yes=True)
        assert count() == 7


def test_a_restore_isnt_judged(
    snapshot: str, open_alias: Any, postgres_server: Server, dsn: str
) -> None:
    connection.close()
    open_alias(MODE="block")
    log = ServerLog(postgres_server, dsn)
    call_command("backstop_restore", snapshot, on_conflict="overwrite")
    assert count() == 7
    assert not [text for text in log.sent() if "orders" in text and "count" not in text]


def test_what_came_back_in_part_exits_with_three(snapshot: str, connect: Connect) -> None:
    with connect() as connected:
        connected.cursor().execute("INSERT INTO orders VALUES (1, 4711)")
    connected.close()
    with pytest.raises(SystemExit) as ended:
        call_command("backstop_restore", snapshot)
    assert ended.value.code == 3
    assert count() == 7


def test_no_connection_is_said_without_its_secrets(
    snapshot: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(connections["default"].settings_dict, "PORT", "1")
    monkeypatch.setitem(connections["default"].settings_dict, "PASSWORD", "hush")
    with pytest.raises(CommandError, match="'default' accepts no connection") as failed:
        call_command("backstop_restore", snapshot)
    assert failed.value.returncode == 1
    assert "hush" not in str(failed.value)


def test_a_database_that_was_dropped_as_a_whole(
    open_alias: Any, store: str, dsn: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    name = f"{psycopg2.extensions.parse_dsn(dsn)['dbname']}_gone"
    open_alias()
    with connection.cursor() as cursor:
        cursor.execute(f"CREATE DATABASE {name}")
        replica = connections["replica"]
        monkeypatch.setitem(replica.settings_dict, "NAME", name)
        with replica.cursor() as other:
            other.execute("CREATE TABLE kept (id int)")
            other.execute("INSERT INTO kept VALUES (1)")
        replica.close()
        cursor.execute(f"DROP DATABASE {name}")
        (found,) = backstop.snapshots.list(store)
        try:
            # The snapshot itself says that it isn't exact.
            with pytest.raises(SystemExit, match="3"):
                call_command("backstop_restore", found.id, database="replica")
            with replica.cursor() as other:
                other.execute("SELECT * FROM kept")
                assert other.fetchall() == [(1,)]
            replica.close()
        finally:
            cursor.execute(f"DROP DATABASE IF EXISTS {name}")
