"""The two forms of a guarded connection, and what psycopg2's own functions make of them."""

from __future__ import annotations

import gc
import threading
import weakref
from typing import TYPE_CHECKING, Any, Callable

import psycopg2
import pytest
from psycopg2 import extensions, extras, pool, sql

import backstop
import backstop.psycopg2

if TYPE_CHECKING:
    from conftest import Opened
    from testing.postgres import Connect

pytestmark = pytest.mark.usefixtures("orders")


@pytest.fixture
def settings(store: str) -> dict[str, Any]:
    return {"storage": store, "actor": "tester"}


def test_connect_gives_a_real_psycopg2_connection(dsn: str, settings: dict[str, Any]) -> None:
    db: Any = backstop.psycopg2.connect(
        dsn, cursor_factory=extras.DictCursor, application_name="app", max_rows=5, **settings
    )
    assert issubclass(type(db), extensions.connection)
    assert isinstance(db, backstop.GuardedConnection)
    assert (db.connection, db.cursor_factory) == (db, extras.DictCursor)
    assert db.backstop_settings.thresholds.max_rows == 5
    with db, db.cursor() as cursor:
        cursor.execute("SHOW application_name")
        assert cursor.fetchone()["application_name"] == "app"
        cursor.execute("DELETE FROM orders")
    (snapshot,) = backstop.snapshots.list(settings["storage"])
    assert (snapshot.rows, snapshot.fate.value) == (7, "committed")
    db.close()


def test_a_class_of_the_applications_own_is_guarded(opened: Opened) -> None:
    class Counting(extensions.connection):
        commits = 0

        def commit(self) -> None:
            self.commits += 1
            super().commit()

    db: Any = opened(base=Counting)
    assert isinstance(db, Counting)
    db.cursor().execute("DELETE FROM orders")
    db.commit()
    assert db.commits == 1
    (snapshot,) = backstop.snapshots.list(db.backstop_settings.storage)
    assert snapshot.fate.value == "committed"


@pytest.mark.parametrize("kind", [pool.SimpleConnectionPool, pool.ThreadedConnectionPool])
def test_pools_keep_guarded_connections(dsn: str, settings: dict[str, Any], kind: Any) -> None:
    factory = backstop.psycopg2.connection_factory(mode="block", **settings)
    connections = kind(1, 2, dsn, connection_factory=factory)
    db = connections.getconn()
    with pytest.raises(PermissionError):
        db.cursor().execute("DELETE FROM orders")
    connections.putconn(db)
    assert connections.getconn() is db
    connections.closeall()


@pytest.mark.parametrize("form", ["proxy", "subclass"])
def test_no_guard_keeps_its_connection_alive(dsn: str, settings: dict[str, Any], form: str) -> None:
    if form == "proxy":
        db = backstop.guard(psycopg2.connect(dsn), **settings)
    else:
        db = backstop.psycopg2.connect(dsn, **settings)
    cursor = db.cursor()
    cursor.execute("DELETE FROM orders")
    raw = weakref.ref(db.connection)
    gc.disable()
    try:
        # As without a guard, the last reference closes it: nothing waits for a collection.
        del db, cursor
        assert raw() is None
    finally:
        gc.enable()


def test_guarding_what_is_guarded(opened: Opened, settings: dict[str, Any]) -> None:
    db = opened()
    assert backstop.guard(db, **settings) is db
    assert backstop.guard(db.connection, **settings) is db
    with pytest.raises(backstop.ConfigurationError, match="guarded already"):
        backstop.guard(db, mode="block", **settings)


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ({"async_": True}, "async_ is true"),
        ({"connection_factory": lambda dsn: None}, "connection class"),
        ({"connection_factory": extras.LogicalReplicationConnection}, "replication"),
        ({"mode": "protcet"}, "mode is"),
        ({"actor": ""}, "actor is missing"),
    ],
)
def test_what_connect_refuses(
    dsn: str, settings: dict[str, Any], arguments: dict[str, Any], said: str
) -> None:
    with pytest.raises(backstop.ConfigurationError, match=said):
        backstop.psycopg2.connect(dsn, **{**settings, **arguments})


def test_a_guarded_class_is_not_guarded_again(dsn: str, settings: dict[str, Any]) -> None:
    factory = backstop.psycopg2.connection_factory(**settings)
    with pytest.raises(backstop.ConfigurationError, match="guarded already"):
        backstop.psycopg2.connect(dsn, factory, **settings)


@pytest.mark.parametrize(
    "use",
    [
        lambda db: extensions.quote_ident('a"b', db),
        lambda db: extras.quote_ident('a"b', scope=db),
        lambda db: extensions.encrypt_password("p", "u", db, "md5"),
        lambda db: sql.SQL("{} {}").format(sql.Identifier("a"), sql.Literal("b'")).as_string(db),
        lambda db: sql.Literal("b'").as_string(db.cursor()),
        lambda db: db.cursor().execute(sql.SQL("SELECT {}").format(sql.Literal("b'"))),
        lambda db: extras.Json({"a": "b'"}).prepare(db),
        lambda db: extras.wait_select(db),
    ],
)
def test_functions_of_the_driver_take_it(
    opened: Opened, connect: Connect, use: Callable[[Any], Any]
) -> None:
    assert use(opened()) == use(connect())


def test_unpatch_leaves_psycopg2_as_it_was(connect: Connect, settings: dict[str, Any]) -> None:
    places = [
        *((extensions, name) for name in ("register_type", "quote_ident", "encrypt_password")),
        *((one, "prepare") for one in (extras.Json, extras.Inet, extras.HstoreAdapter)),
        *((psycopg2._range, "register_type"), (psycopg2._json, "register_type")),
        (sql.Literal, "as_string"),
    ]
    backstop.psycopg2.unpatch()
    before = [getattr(*place) for place in places]
    backstop.psycopg2.patch()
    backstop.psycopg2.patch()
    assert not any(getattr(*place) is one for place, one in zip(places, before))
    assert sql.Literal("a").as_string(connect()) == "'a'"
    backstop.psycopg2.unpatch()
    assert [getattr(*place) for place in places] == before
    backstop.guard(connect(), **settings)
    assert extensions.quote_ident is not before[1]


@pytest.mark.parametrize(
    "factory",
    [
        lambda *given: configured(extras.DictCursor(*given)),
        lambda *given: configured(extensions.cursor(*given)),
    ],
)
@pytest.mark.parametrize("name", [None, "portal"])
def test_a_function_that_makes_cursors_keeps_its_say(
    opened: Opened, factory: Any, name: str | None
) -> None:
    db: Any = opened(mode="block")
    db.cursor_factory = factory
    cursor = db.cursor(name)
    assert (cursor.itersize, cursor.name, cursor.connection) == (11, name, db)
    with pytest.raises(PermissionError):
        cursor.execute("DELETE FROM orders")


def configured(cursor: Any) -> Any:
    cursor.itersize = 11
    return cursor


def test_a_class_that_calls_its_base_by_name_has_one_event_and_one_snapshot(
    opened: Opened, caplog: pytest.LogCaptureFixture
) -> None:
    class ByName(extensions.cursor):
        def execute(self, query: Any, vars: Any = None) -> None:  # noqa: A002
            extensions.cursor.execute(self, query, vars)

    class Quiet(extras.LoggingCursor):
        def execute(self, query: Any, vars: Any = None) -> None:  # noqa: A002
            super(extras.LoggingCursor, self).execute(query, vars)

    for factory in (ByName, Quiet):
        db = opened()
        cursor = db.cursor(cursor_factory=factory)
        with caplog.at_level("INFO", "backstop.statement"):
            caplog.clear()
            cursor.execute("UPDATE orders SET total = 0")
        db.rollback()
        assert len([one for one in caplog.records if one.name == "backstop.statement"]) == 1


def test_a_cursor_of_the_same_class_can_be_made_of_it(opened: Opened) -> None:
    db = opened(mode="block")
    cursor: Any = type(db.cursor(cursor_factory=extras.DictCursor))(db)
    assert cursor.connection is db
    with pytest.raises(PermissionError):
        cursor.execute("DELETE FROM orders")


def test_a_subclass_of_its_cursors_class_is_guarded_on_any_connection(
    dsn: str, connect: Connect, settings: dict[str, Any]
) -> None:
    own: Any = backstop.psycopg2.connect(dsn, mode="block", **settings)
    kind = type("Kind", (type(own.cursor()),), {})
    for db in (own, backstop.guard(connect(), mode="block", **settings)):
        for cursor in (db.cursor(cursor_factory=kind), kind(db)):
            assert cursor.connection is db
            with pytest.raises(PermissionError):
                cursor.execute("DELETE FROM orders")
    assert kind(connect()).fetchall is not None


def test_a_proxy_is_refused_by_a_class_in_c(connect: Connect, settings: dict[str, Any]) -> None:
    db: Any = backstop.guard(connect(), **settings)
    for kind in (extensions.cursor, extras.DictCursor, extensions.lobject):
        with pytest.raises(TypeError, match=r"must be psycopg2\.extensions\.connection"):
            kind(db)


@pytest.mark.xfail(strict=True, reason="C asks nothing of a class", raises=AssertionError)
def test_a_cursor_class_called_with_a_subclass_is_guarded(
    dsn: str, settings: dict[str, Any]
) -> None:
    db: Any = backstop.psycopg2.connect(dsn, mode="block", **settings)
    try:
        extensions.cursor(db).execute("DELETE FROM orders")
    except PermissionError:
        return
    raise AssertionError


def test_an_error_in_a_wait_callback_is_the_statements(opened: Opened) -> None:
    db = opened()
    cursor = db.cursor()
    cursor.execute("SELECT 1")
    extensions.set_wait_callback(lambda _: 1 // 0)
    try:
        with pytest.raises(ZeroDivisionError):
            cursor.execute("SELECT 2 FROM orders")
    finally:
        extensions.set_wait_callback(None)
    assert db.closed


def test_what_reset_discards_is_looked_up_again(opened: Opened, connect: Connect) -> None:
    with connect() as raw:
        raw.cursor().execute(
            "CREATE SCHEMA tame; CREATE TABLE tame.item (id int PRIMARY KEY);"
            "CREATE TABLE item AS SELECT 1 AS id FROM generate_series(1, 2000)"
        )
    db = opened(mode="block")
    db.cursor().execute("SET search_path = tame")
    db.commit()
    db.cursor().execute("DELETE FROM item WHERE id = 1")
    db.reset()
    with pytest.raises(PermissionError):
        db.cursor().execute("DELETE FROM item WHERE id = 1")


def test_setting_the_isolation_level_rolls_back(opened: Opened) -> None:
    db = opened()
    db.cursor().execute("DELETE FROM orders")
    db.set_isolation_level(3)
    (snapshot,) = backstop.snapshots.list(db.backstop_settings.storage)
    assert snapshot.fate.value == "rolled back"


def test_threads_share_a_guarded_connection(opened: Opened) -> None:
    db = opened()
    failures: list[BaseException] = []

    def work() -> None:
        try:
            for _ in range(10):
                db.cursor().execute("SELECT count(*) FROM orders")
        except BaseException as error:
            failures.append(error)

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []


def test_a_large_object_is_written_once_where_it_stands(opened: Opened) -> None:
    db = opened(snapshot_at="LOW")
    made = db.lobject(0, "rw")
    made.write("content")
    made.seek(3)
    made.write("-")
    db.commit()
    assert db.lobject(made.oid).read() == "con-ent"
