"""Every public callable of psycopg2: what destroys by it is refused, and the server never sees it.

A callable that is in none of the tables fails: somebody has to look at it.
"""

from __future__ import annotations

import io
import logging
import re
from typing import TYPE_CHECKING, Any, Callable

import psycopg2
import pytest
from psycopg2 import extensions, extras, pool, sql

import backstop
import backstop.psycopg2
from testing.server_log import ServerLog

if TYPE_CHECKING:
    from conftest import Opened
    from testing.postgres import Connect, Server

DELETE = "DELETE FROM orders"
LARGE = 4711

_CLASSES = [
    extensions.connection,
    extensions.cursor,
    extensions.lobject,
    extras.DictConnection,
    extras.DictCursorBase,
    extras.DictCursor,
    extras.LoggingConnection,
    extras.LoggingCursor,
    extras.MinTimeLoggingConnection,
    extras.MinTimeLoggingCursor,
    extras.NamedTupleConnection,
    extras.NamedTupleCursor,
    extras.RealDictConnection,
    extras.RealDictCursor,
    extras.ReplicationCursor,
    extras.LogicalReplicationConnection,
    extras.PhysicalReplicationConnection,
    pool.AbstractConnectionPool,
    pool.SimpleConnectionPool,
    pool.ThreadedConnectionPool,
]


def callables() -> set[str]:
    """Name every public function and class of the driver, and every method of those that connect.

    Errors, rows and casters of types aren't among them.
    """
    found = set()
    caster = type(extensions.UNICODE)
    for module in (psycopg2, extensions, extras, pool, sql):
        for name, value in vars(module).items():
            ours = str(getattr(value, "__module__", None) or "psycopg2").startswith("psycopg2")
            error = isinstance(value, type) and issubclass(value, (Exception, tuple, dict, list))
            if isinstance(value, caster) or error:
                continue
            if callable(value) and ours and not name.startswith("_"):
                found.add(f"{module.__name__.rpartition('.')[2]}.{name}")
    for one in _CLASSES:
        methods = (name for name, value in vars(one).items() if callable(value))
        found.update(f"{one.__name__}.{name}" for name in methods if not name.startswith("_"))
    return found


def in_class(factory: Any) -> Callable[[Any], Any]:
    return lambda db: db.cursor(cursor_factory=factory).execute(DELETE)


def pooled(kind: Any) -> Callable[[Any], Any]:
    def run(db: Any) -> None:
        settings = db.backstop_settings
        factory = backstop.psycopg2.connection_factory(settings.storage, "pool", settings.mode)
        connections = kind(1, 1, db.dsn, connection_factory=factory)
        try:
            connections.getconn().cursor().execute(DELETE)
        finally:
            connections.closeall()

    return run


class Application(extensions.connection):
    """Has what the cursors that log ask of their connection."""

    def log(self, message: Any, cursor: Any) -> None:
        assert cursor.connection is not None


class Calling(extensions.cursor):
    """Goes past whatever stands between it and psycopg2."""

    def execute(self, query: Any, vars: Any = None) -> None:  # noqa: A002
        extensions.cursor.execute(self, query, vars)


def large_object(do: Callable[[Any], Any]) -> Callable[[Any], Any]:
    return lambda db: do(db.lobject(LARGE, "rw"))


# In each, a function of the guarded connection that destroys.
ROUTES: dict[str, Callable[[Any], Any]] = {
    "connection.cursor": lambda db: db.cursor().execute(DELETE),
    "connection.lobject": lambda db: db.lobject(LARGE, "n").unlink(),
    "cursor.execute": lambda db: db.cursor().execute(query=DELETE, vars=None),
    "cursor.executemany": lambda db: db.cursor().executemany(f"{DELETE} WHERE %s", [(True,)]),
    "cursor.callproc": lambda db: db.cursor().callproc("wipe"),
    "cursor.copy_expert": lambda db: db.cursor().copy_expert(
        f"COPY ({DELETE} RETURNING id) TO STDOUT", io.StringIO()
    ),
    "cursor.copy_from": lambda db: db.cursor().copy_from(io.StringIO("1\n"), "wiping"),
    "cursor.mogrify": lambda db: db.cursor().execute(db.cursor().mogrify(DELETE)),
    "lobject.unlink": lambda db: db.lobject(LARGE, "rw").unlink(),
    "extensions.lobject": lambda db: db.lobject(
        LARGE, lobject_factory=type("Own", (extensions.lobject,), {})
    ).unlink(),
    "DictConnection.cursor": in_class(extras.DictCursor),
    "DictCursor.execute": in_class(extras.DictCursor),
    "DictCursor.callproc": lambda db: db.cursor(None, extras.DictCursor).callproc("wipe"),
    "LoggingConnection.cursor": in_class(extras.DictCursor),
    "NamedTupleConnection.cursor": in_class(extras.NamedTupleCursor),
    "NamedTupleCursor.execute": in_class(extras.NamedTupleCursor),
    "NamedTupleCursor.executemany": lambda db: db.cursor(
        cursor_factory=extras.NamedTupleCursor
    ).executemany(DELETE, [()]),
    "NamedTupleCursor.callproc": lambda db: db.cursor(
        cursor_factory=extras.NamedTupleCursor
    ).callproc("wipe"),
    "RealDictConnection.cursor": in_class(extras.RealDictCursor),
    "RealDictCursor.execute": in_class(extras.RealDictCursor),
    "RealDictCursor.callproc": lambda db: db.cursor(cursor_factory=extras.RealDictCursor).callproc(
        "wipe"
    ),
    "extras.execute_batch": lambda db: extras.execute_batch(
        db.cursor(), f"{DELETE} WHERE id > %s", [(0,), (1,)]
    ),
    "extras.execute_values": lambda db: extras.execute_values(
        db.cursor(), f"WITH gone AS ({DELETE}) INSERT INTO other VALUES %s", [(1,)]
    ),
    "pool.SimpleConnectionPool": pooled(pool.SimpleConnectionPool),
    "pool.ThreadedConnectionPool": pooled(pool.ThreadedConnectionPool),
    "sql.SQL": lambda db: db.cursor().execute(sql.SQL(DELETE)),
    "sql.Composed": lambda db: db.cursor().execute(sql.Composed([sql.SQL(DELETE)])),
    "sql.Identifier": lambda db: db.cursor().execute(
        sql.SQL("DELETE FROM {}").format(sql.Identifier("orders"))
    ),
    "sql.Literal": lambda db: db.cursor().execute(
        sql.SQL("DELETE FROM orders WHERE {}").format(sql.Literal(True))
    ),
    "extensions.AsIs": lambda db: db.cursor().execute("%s", (extensions.AsIs(DELETE),)),
    "LoggingCursor.execute": in_class(extras.LoggingCursor),
    "LoggingCursor.callproc": lambda db: db.cursor(None, extras.LoggingCursor).callproc("wipe"),
    "MinTimeLoggingCursor.execute": in_class(extras.MinTimeLoggingCursor),
    "MinTimeLoggingCursor.callproc": lambda db: db.cursor(
        cursor_factory=extras.MinTimeLoggingCursor
    ).callproc("wipe"),
    "ReplicationCursor.start_replication": lambda db: db.cursor(
        cursor_factory=extras.ReplicationCursor
    ).start_replication_expert(DELETE),
    "SimpleConnectionPool.getconn": pooled(pool.SimpleConnectionPool),
    "ThreadedConnectionPool.getconn": pooled(pool.ThreadedConnectionPool),
    "extensions.cursor": lambda db: type(db.cursor())(db).execute(DELETE),
    # Forms of the above that a name alone doesn't show.
    "bytes": lambda db: db.cursor().execute(DELETE.encode()),
    "a named cursor": lambda db: db.cursor("portal").execute(f"{DELETE} RETURNING id"),
    "a prepared statement": lambda db: prepared(db.cursor()),
    "cursor.connection": lambda db: db.cursor().connection.cursor().execute(DELETE),
    "a class that calls its base by name": in_class(Calling),
    "a function that makes cursors": in_class(lambda *given: extras.DictCursor(*given)),
    "a function that makes plain cursors": in_class(lambda *given: extensions.cursor(*given)),
    "the class's method, by name": lambda db: type(db).cursor(db).execute(DELETE),
    "a block": lambda db: in_block(db),
}


def prepared(cursor: Any) -> None:
    cursor.execute(f"PREPARE wipe AS {DELETE}")
    cursor.execute("EXECUTE wipe")


def in_block(db: Any) -> None:
    with db as entered, entered.cursor() as cursor:
        cursor.execute(DELETE)


# What sends SQL, or calls functions of the server, and destroys nothing of the application's.
SENDERS: dict[str, Callable[[Any], Any]] = {
    "connection.set_client_encoding": lambda db: db.set_client_encoding("LATIN1"),
    "connection.set_session": lambda db: db.set_session("SERIALIZABLE", autocommit=True),
    "connection.set_isolation_level": lambda db: db.set_isolation_level(0),
    "connection.reset": lambda db: db.reset(),
    "connection.tpc_recover": lambda db: db.tpc_recover(),
    "cursor.copy_to": lambda db: db.cursor().copy_to(io.StringIO(), "orders"),
    "cursor.scroll": lambda db: named(db, lambda cursor: cursor.scroll(1)),
    "cursor.fetchone": lambda db: named(db, lambda cursor: cursor.fetchone()),
    "cursor.fetchmany": lambda db: named(db, lambda cursor: cursor.fetchmany(2)),
    "cursor.fetchall": lambda db: named(db, lambda cursor: cursor.fetchall()),
    "cursor.close": lambda db: named(db, lambda cursor: cursor.close()),
    "lobject.read": large_object(lambda opened: opened.read()),
    "lobject.write": large_object(lambda opened: opened.write("data")),
    "lobject.truncate": large_object(lambda opened: opened.truncate(1)),
    "lobject.export": large_object(lambda opened: opened.export("/dev/null")),
    "lobject.seek": large_object(lambda opened: opened.seek(1)),
    "lobject.tell": large_object(lambda opened: opened.tell()),
    "lobject.close": large_object(lambda opened: opened.close()),
    "extras.register_composite": lambda db: extras.register_composite("orders", db),
    "extras.register_hstore": lambda db: missing(lambda: extras.register_hstore(db)),
    "extras.register_range": lambda db: extras.register_range("int4range", "Whole", db),
    "extras.register_json": lambda db: extras.register_json(db, name="jsonb"),
    "extras.register_default_json": lambda db: extras.register_default_json(db),
    "extras.register_default_jsonb": lambda db: extras.register_default_jsonb(db),
    "extras.register_uuid": lambda db: extras.register_uuid(conn_or_curs=db),
    "extras.register_inet": lambda db: with_inet(db),
    "extras.register_ipaddress": lambda db: extras.register_ipaddress(db),
    "extensions.encrypt_password": lambda db: extensions.encrypt_password("a", "b", db),
    "a large object that is made": lambda db: db.lobject(0, "w").write("data"),
    "a large object that is read from a file": lambda db: db.lobject(0, "n", 0, __file__),
}


def named(db: Any, do: Callable[[Any], Any]) -> None:
    cursor = db.cursor("portal", scrollable=True)
    cursor.execute("SELECT id FROM orders")
    do(cursor)


def missing(register: Callable[[], Any]) -> None:
    with pytest.raises(psycopg2.ProgrammingError, match="not found"):
        register()


def with_inet(db: Any) -> None:
    with pytest.warns(DeprecationWarning, match="inet"):
        extras.register_inet(conn_or_curs=db)


# What sends nothing of the application's to the server, or isn't a guarded connection's.
QUIET = {
    *(f"connection.{name}" for name in (
        "cancel", "close", "commit", "fileno", "get_backend_pid", "get_dsn_parameters",
        "get_native_connection", "get_parameter_status", "get_transaction_status", "isexecuting",
        "poll", "rollback", "tpc_begin", "tpc_commit", "tpc_prepare", "tpc_rollback", "xid",
    )),
    *("cursor.cast", "cursor.nextset", "cursor.setinputsizes", "cursor.setoutputsize"),
    *(f"{kind}.{name}" for kind in ("DictCursorBase", "NamedTupleCursor") for name in (
        "fetchall", "fetchmany", "fetchone",
    )),
    *(f"{kind}.{name}" for kind in ("LoggingConnection", "MinTimeLoggingConnection") for name in (
        "filter", "initialize",
    )),
    *(f"{kind}.{name}" for kind in ("SimpleConnectionPool", "ThreadedConnectionPool") for name in (
        "closeall", "putconn",
    )),
    # Commands of the replication protocol, by execute().
    *("ReplicationCursor.create_replication_slot", "ReplicationCursor.drop_replication_slot"),
    "ReplicationCursor.fileno",
    # Values, and what adapts and describes them.
    *(f"extensions.{name}" for name in (
        "Binary", "Boolean", "Column", "DateFromPy", "Diagnostics", "Float", "ISQLQuote", "Int",
        "IntervalFromPy", "NoneAdapter", "Notify", "QuotedString", "SQL_IN", "TimeFromPy",
        "TimestampFromPy", "Xid", "adapt", "get_wait_callback", "libpq_version", "make_dsn",
        "new_array_type", "new_type", "parse_dsn", "quote_ident", "register_adapter",
        "register_type", "set_wait_callback", "ConnectionInfo",
    )),
    *(f"extras.{name}" for name in (
        "CompositeCaster", "DateRange", "DateTimeRange", "DateTimeTZRange", "HstoreAdapter",
        "Inet", "Json", "NumericRange", "Range", "RangeAdapter", "RangeCaster",
        "ReplicationMessage", "UUID_adapter", "quote_ident", "wait_select",
    )),
    *(f"psycopg2.{name}" for name in (
        "Binary", "Date", "DateFromTicks", "Time", "TimeFromTicks", "Timestamp",
        "TimestampFromTicks",
    )),
    *("sql.Composable", "sql.Placeholder", "pool.AbstractConnectionPool"),
    # They open connections that aren't guarded: their cursors and methods are above.
    *("psycopg2.connect", "extensions.connection"),
    *(f"extras.{one.__name__}" for one in _CLASSES if one.__module__ == "psycopg2.extras"),
    "MinTimeLoggingConnection.cursor",
}  # fmt: skip

# What psycopg2 and libpq send of their own accord.
_DRIVER = re.compile(
    r"(BEGIN|COMMIT|ROLLBACK|ABORT|DISCARD ALL|FETCH|MOVE|CLOSE"
    r"|SET default_transaction_\w+|SELECT gid, prepared, owner, database FROM pg_prepared_xacts"
    r"|select proname, oid from pg_catalog.pg_proc|show password_encryption)\b.*"
    r'|"lo_(open|close|lseek|lseek64|tell|tell64)" .*',
    re.DOTALL,
)


@pytest.fixture(autouse=True)
def tables(connect: Connect, orders: None) -> None:
    cursor = connect().cursor()
    cursor.execute(
        "CREATE TABLE other (id int);"
        "CREATE FUNCTION wipe() RETURNS void LANGUAGE sql AS 'DELETE FROM orders';"
        "CREATE TABLE wiping (id int);"
        "CREATE FUNCTION on_wiping() RETURNS trigger LANGUAGE plpgsql AS"
        " $$ BEGIN DELETE FROM orders; RETURN NEW; END $$;"
        "CREATE TRIGGER wiping BEFORE INSERT ON wiping FOR EACH ROW EXECUTE FUNCTION on_wiping();"
        f"SELECT lo_from_bytea({LARGE}, 'content')"
    )
    cursor.connection.commit()


def test_every_callable_of_the_driver_is_in_a_table() -> None:
    missing = callables() - ROUTES.keys() - SENDERS.keys() - QUIET
    assert missing == set()


@pytest.mark.parametrize("name", ROUTES)
def test_what_destroys_is_refused(
    opened: Opened, connect: Connect, postgres_server: Server, dsn: str, name: str
) -> None:
    log = ServerLog(postgres_server, dsn)
    db = opened(mode="block", base=Application)
    with pytest.raises(PermissionError):
        ROUTES[name](db)
    db.rollback()
    reached = [text for text in log.sent() if not _DRIVER.fullmatch(text)]
    assert not [text for text in reached if "DELETE" in text and not text.startswith("PREPARE")]
    cursor = connect().cursor()
    cursor.execute("SELECT count(*), lo_get(%s) FROM orders", (LARGE,))
    assert [(count, bytes(held)) for count, held in cursor] == [(7, b"content")]


@pytest.mark.parametrize("name", [*ROUTES, *SENDERS])
def test_whatever_reaches_the_server_is_recorded(
    opened: Opened,
    caplog: pytest.LogCaptureFixture,
    postgres_server: Server,
    dsn: str,
    name: str,
) -> None:
    log = ServerLog(postgres_server, dsn)
    db = opened(mode="monitor", base=Application)
    with caplog.at_level(logging.DEBUG, "backstop.statement"):
        try:
            {**ROUTES, **SENDERS}[name](db)
        except psycopg2.Error:
            # The server refuses these for their form.
            assert name in ("ReplicationCursor.start_replication", "a named cursor")
    events = [one for one in caplog.records if one.name == "backstop.statement"]
    sent = [text for text in log.sent() if not _DRIVER.fullmatch(text)]
    # One event is any number of calls that export a large object, or make one of a file.
    called = [text for text in sent if text.startswith('"lo')]
    assert len(sent) - len(called) + bool(called) <= len(events), sent
