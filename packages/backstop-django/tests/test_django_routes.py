"""No way round: destructive SQL by everything that Django's connections can be asked for.

In mode block, and the server's log is the judge.
"""

from __future__ import annotations

import asyncio
import io
import threading
from typing import TYPE_CHECKING, Any, Callable

import psycopg2.extras
import pytest
from asgiref.sync import sync_to_async
from django.db import connection, connections, migrations, models, transaction
from django.db.migrations.state import ProjectState
from django.http import HttpResponse
from django.test import AsyncClient, override_settings
from django.urls import path

import backstop
from backstop.django import conf
from testing.driver import DRIVER
from testing.server_log import ServerLog

if TYPE_CHECKING:
    from testing.postgres import Connect, Server

    Route = Callable[[], Any]

DELETE = "DELETE FROM orders"
RETURNING = f"{DELETE} RETURNING id"
COPY = f"COPY ({RETURNING}) TO STDOUT"
LARGE = 4711


class Ware(models.Model):
    class Meta:
        app_label = "backstop"
        db_table = "orders"
        managed = False

    def __str__(self) -> str:
        return f"ware {self.pk}"


def run(sql: str = DELETE, on: Any = connection) -> None:
    with on.cursor() as cursor:
        cursor.execute(sql)


def rewritten() -> None:
    def rewrite(execute: Any, _: str, *rest: Any) -> Any:
        return execute(DELETE, *rest)

    with connection.execute_wrapper(rewrite):
        run("SELECT 1")


def temporarily() -> None:
    with connection.temporary_connection() as cursor:
        cursor.execute(DELETE)


def chunked() -> None:
    with transaction.atomic(), connection.chunked_cursor() as cursor:
        cursor.execute(f"SELECT 1; {DELETE}")


def in_schema_editor(do: Callable[[Any], Any]) -> Route:
    def route() -> None:
        with connection.schema_editor() as editor:
            do(editor)

    return route


def migrated(operation: Any) -> Route:
    def route() -> None:
        with connection.schema_editor() as editor:
            state = ProjectState()
            operation.database_forwards("shop", editor, state, state)

    return route


def own_guard() -> None:
    """Do as the recipe says."""
    settings = conf.guard_for("default").settings
    connection.ensure_connection()
    guarded = backstop.guard(connection.connection, **conf.arguments(conf.configured()))
    assert guarded is connection.connection
    assert guarded.backstop_settings == settings
    guarded.cursor().execute(DELETE)


def reconnected() -> None:
    run("SELECT 1")
    connection.close()
    connection.connect()
    connection.connection.cursor().execute(DELETE)


def by_hand() -> None:
    made = connections.create_connection("default")
    try:
        run(on=made)
    finally:
        made.close()


def copied() -> None:
    made = connection.copy()
    made.connect()
    try:
        made.connection.cursor().execute(DELETE)
    finally:
        made.close()


def in_a_thread(route: Route) -> Route:
    def threaded() -> None:
        errors = []

        def work() -> None:
            try:
                route()
            except BaseException as error:
                errors.append(error)
            finally:
                connections.close_all()

        thread = threading.Thread(target=work)
        thread.start()
        thread.join()
        if errors:
            raise errors[0]

    return threaded


async def a_view(request: Any) -> HttpResponse:
    try:
        if request.GET["how"] == "orm":
            await Ware.objects.all().adelete()
        elif request.GET["how"] == "update":
            await Ware.objects.aupdate(id=1)
        else:
            await sync_to_async(below)()
    finally:
        await sync_to_async(connections.close_all)()
    return HttpResponse()


urlpatterns = [path("", a_view)]


def in_an_async_view(how: str) -> Route:
    def route() -> None:
        with override_settings(ROOT_URLCONF=__name__, ALLOWED_HOSTS=["testserver"]):
            asyncio.run(AsyncClient().get("/", {"how": how}))  # type: ignore[arg-type]

    return route


def below(alias: str = "default", sql: str = DELETE) -> None:
    wrapper = connections[alias]
    wrapper.ensure_connection()
    wrapper.connection.cursor().execute(sql)


ROUTES: dict[str, Route] = {
    "raw delete": lambda: Ware.objects.all()._raw_delete("default"),
    "update": lambda: Ware.objects.update(id=1),
    "raw": lambda: list(Ware.objects.raw(RETURNING)),
    "another alias": lambda: Ware.objects.using("replica").update(id=1),
    "cursor.execute": run,
    "cursor.executemany": lambda: connection.cursor().executemany(f"{DELETE} WHERE %s", [(True,)]),
    "cursor.callproc": lambda: connection.cursor().callproc("wipe"),
    "cursor.cursor": lambda: connection.cursor().cursor.execute(DELETE),
    "cursor.cursor.connection": lambda: (
        connection.cursor().cursor.connection.cursor().execute(DELETE)
    ),
    "chunked_cursor": chunked,
    "a wrapper that rewrites": rewritten,
    "temporary_connection": temporarily,
    "schema_editor.delete_model": in_schema_editor(lambda editor: editor.delete_model(Ware)),
    "schema_editor.execute": in_schema_editor(lambda editor: editor.execute(DELETE)),
    "RunSQL": migrated(migrations.RunSQL(DELETE)),
    "RunPython": migrated(migrations.RunPython(lambda apps, editor: run())),
    "flush": lambda: connection.ops.execute_sql_flush(["TRUNCATE orders"]),
    "dbapi cursor": below,
    "dbapi cursor of another alias": lambda: below("replica"),
    "dbapi cursor, after a reconnect": reconnected,
    "backstop.guard": own_guard,
    "create_connection": by_hand,
    "connection.copy": copied,
    "a thread": in_a_thread(run),
    "a thread, dbapi cursor": in_a_thread(below),
    "an async view, ORM": in_an_async_view("orm"),
    "an async view, update": in_an_async_view("update"),
    "an async view, dbapi cursor": in_an_async_view("below"),
}


def large_object() -> None:
    with transaction.atomic():
        connection.connection.lobject(LARGE, "n").unlink()


PSYCOPG2: dict[str, Route] = {
    "copy_expert": lambda: connection.cursor().copy_expert(COPY, io.StringIO()),
    "copy_from": lambda: connection.cursor().copy_from(io.StringIO("1\n"), "wiping"),
    "lobject": large_object,
    "execute_values": lambda: psycopg2.extras.execute_values(
        connection.cursor().cursor, f"WITH gone AS ({DELETE}) INSERT INTO other VALUES %s", [(1,)]
    ),
    "execute_batch": lambda: psycopg2.extras.execute_batch(
        connection.cursor(), f"{DELETE} WHERE id > %s", [(0,), (1,)]
    ),
    "RealDictCursor": lambda: connection.connection.cursor(
        cursor_factory=psycopg2.extras.RealDictCursor
    ).execute(DELETE),
    "a named cursor": lambda: connection.connection.cursor("portal").execute(RETURNING),
}


def taken(rows: Any) -> None:
    with rows as copy:
        list(copy)


def in_transaction() -> None:
    with connection.connection.transaction() as block:
        block.connection.execute(DELETE)


def server_side() -> None:
    with connection.create_cursor("portal") as cursor:
        cursor.execute(f"SELECT 1; {DELETE}")


def in_pipeline() -> None:
    with connection.connection.pipeline():
        connection.connection.execute(DELETE)


PSYCOPG: dict[str, Route] = {
    "copy": lambda: taken(connection.cursor().copy(COPY)),
    "stream": lambda: list(connection.cursor().stream(RETURNING)),
    "connection.execute": lambda: connection.connection.execute(DELETE),
    "pipeline": in_pipeline,
    "transaction": in_transaction,
    "ServerSideCursor": server_side,
}


@pytest.fixture(autouse=True)
def tables(connect: Connect, orders: None) -> None:
    with connect() as connected:
        connected.cursor().execute(
            "CREATE TABLE other (id int);"
            "CREATE FUNCTION wipe() RETURNS void LANGUAGE sql AS 'DELETE FROM orders';"
            "CREATE TABLE wiping (id int);"
            "CREATE FUNCTION on_wiping() RETURNS trigger LANGUAGE plpgsql AS"
            " $$ BEGIN DELETE FROM orders; RETURN NEW; END $$;"
            "CREATE TRIGGER wiping BEFORE INSERT ON wiping"
            " FOR EACH ROW EXECUTE FUNCTION on_wiping();"
            f"SELECT lo_from_bytea({LARGE}, 'content')"
        )
    connected.close()


@pytest.mark.parametrize("name", {**ROUTES, **(PSYCOPG2 if DRIVER == "psycopg2" else PSYCOPG)})
def test_what_destroys_is_refused(
    open_alias: Any, connect: Connect, postgres_server: Server, dsn: str, name: str
) -> None:
    log = ServerLog(postgres_server, dsn)
    open_alias(MODE="block").ensure_connection()
    with pytest.raises(PermissionError):
        {**ROUTES, **PSYCOPG2, **PSYCOPG}[name]()
    destructive = ("DELETE", "UPDATE", "TRUNCATE", "DROP", "wipe", "wiping", "lo_unlink")
    assert not [text for text in log.sent() if any(word in text for word in destructive)]
    cursor = connect().cursor()
    cursor.execute("SELECT count(*), lo_get(%s) FROM orders", (LARGE,))
    assert [(count, bytes(held)) for count, held in cursor] == [(7, b"content")]


def test_a_statement_is_judged_once(open_alias: Any, caplog: pytest.LogCaptureFixture) -> None:
    wrapper = open_alias(MODE="monitor")
    wrapper.ensure_connection()
    caplog.set_level("DEBUG", "backstop.statement")
    for route in (run, own_guard_in_monitor, lambda: list(Ware.objects.all())):
        caplog.clear()
        route()
        assert len([one for one in caplog.records if one.name == "backstop.statement"]) == 1


def own_guard_in_monitor() -> None:
    guarded = backstop.guard(connection.connection, **conf.arguments(conf.configured()))
    guarded.cursor().execute("SELECT 1")


def test_a_guard_of_the_projects_own_stays(open_alias: Any, store: str) -> None:
    import backstop.psycopg2

    if DRIVER != "psycopg2":
        pytest.skip("psycopg 3 has no class of a guarded connection to name")
    wrapper = open_alias(MODE="monitor")
    factory = backstop.psycopg2.connection_factory(store, "own", "block")
    wrapper.settings_dict["OPTIONS"]["connection_factory"] = factory
    try:
        with pytest.raises(PermissionError):
            run()
    finally:
        del wrapper.settings_dict["OPTIONS"]["connection_factory"]
