"""Which connections are guarded, and how they are otherwise left alone."""

from __future__ import annotations

import threading
from typing import Any

import pytest
from django.apps import apps
from django.db import ProgrammingError, connections
from django.db import connection as default_connection
from django.db.backends.base.base import NO_DB_ALIAS, BaseDatabaseWrapper

import backstop
from backstop.django.databases import is_guarded


def refused(connection: Any) -> bool:
    try:
        connection.cursor().execute("DROP TABLE no_such_table")
    except PermissionError:
        return True
    return False


def test_ready_may_run_again(open_alias: Any, orders: None, store: str) -> None:
    connection = open_alias()
    connection.ensure_connection()
    before = connection.execute_wrappers
    for _ in range(3):
        apps.get_app_config("backstop").ready()
    assert connection.execute_wrappers is before
    assert connection.execute_wrappers == []
    connection.cursor().execute("DELETE FROM orders")
    assert len(backstop.snapshots.list(store)) == 1


def test_connections_that_are_open_already(open_alias: Any) -> None:
    connection = open_alias(MODE="block")
    open_unseen(connection)
    assert not hasattr(connection.connection, "backstop_session")
    apps.get_app_config("backstop").ready()
    with pytest.raises(PermissionError):
        connection.connection.cursor().execute("DROP TABLE no_such_table")
    assert refused(connection)


def test_connections_that_are_open_already_in_another_thread(open_alias: Any) -> None:
    open_alias(MODE="block")
    found: list[bool] = []
    opened, ready = threading.Event(), threading.Event()

    def work() -> None:
        connection = connections["default"]
        open_unseen(connection)
        opened.set()
        ready.wait(10)
        found.append(refused(connection))
        connection.close()

    thread = threading.Thread(target=work)
    thread.start()
    opened.wait(10)
    apps.get_app_config("backstop").ready()
    ready.set()
    thread.join()
    assert found == [True]


def open_unseen(connection: Any) -> None:
    """Open a connection as if the app had not been there."""
    opened = type(connection).get_new_connection(connection, connection.get_connection_params())
    opened.autocommit = True
    connection.connection = opened


def test_other_threads(open_alias: Any) -> None:
    open_alias(MODE="block")
    found: list[bool] = []

    def work() -> None:
        found.append(refused(default_connection))
        default_connection.close()

    thread = threading.Thread(target=work)
    thread.start()
    thread.join()
    assert found == [True]


def test_a_connection_opened_inside_of_a_wrapper_stays_guarded(open_alias: Any) -> None:
    connection = open_alias(MODE="block")
    seen: list[str] = []

    def watch(execute: Any, sql: str, *rest: Any) -> Any:
        seen.append(sql)
        return execute(sql, *rest)

    with connection.execute_wrapper(watch):
        assert refused(connection)
    assert seen == ["DROP TABLE no_such_table"]
    assert connection.execute_wrappers == []
    assert refused(connection)
    assert len(seen) == 1


def test_a_second_driver_connection(open_alias: Any) -> None:
    connection = open_alias(MODE="block")
    assert refused(connection)
    connection.close()
    assert refused(connection)


@pytest.mark.parametrize("many", [False, True])
def test_a_value_that_cannot_be_merged_raises_what_it_raises_without_a_guard(
    open_alias: Any, many: bool
) -> None:
    connection = open_alias(MODE="block")
    with connection.cursor() as cursor:
        run, values = (cursor.executemany, [(object(),)]) if many else (cursor.execute, (object(),))
        with pytest.raises(ProgrammingError, match=r"can('t|not) adapt"):
            run("SELECT %s", values)


@pytest.mark.parametrize(
    ("name", "test_name", "guarded"),
    [
        ("shop", None, True),
        ("tenant_7", None, True),
        ("test_shop", None, False),
        ("test_shop_2", None, False),
        ("test_shopping", None, True),
        ("ci", "ci", False),
        ("ci_gw0", "ci", False),
        ("test_shop", "ci", True),
        ("shop", "shop", True),
    ],
)
def test_test_databases_are_never_guarded(
    monkeypatch: pytest.MonkeyPatch, name: str, test_name: str | None, guarded: bool
) -> None:
    found = connections.settings["default"]
    monkeypatch.setitem(found, "NAME", name)
    monkeypatch.setitem(found["TEST"], "NAME", test_name)
    assert is_guarded(connections.create_connection("default")) is guarded


def test_the_connection_that_makes_test_databases_is_not_guarded() -> None:
    default: Any = connections["default"]
    nowhere: BaseDatabaseWrapper = type(default)(default.settings_dict, alias=NO_DB_ALIAS)
    assert not is_guarded(nowhere)
