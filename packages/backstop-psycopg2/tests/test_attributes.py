"""Every public attribute of psycopg2's classes: a guarded one does, says and takes the same.

An attribute that is in no table fails: somebody has to look at it.
"""

from __future__ import annotations

import io
import select
from operator import attrgetter
from typing import TYPE_CHECKING, Any, Callable

import psycopg2
import pytest
from psycopg2 import extensions, extras

if TYPE_CHECKING:
    from conftest import Opened
    from testing.postgres import Connect

Table = dict[str, Callable[[Any], Any]]

ERRORS = (
    *("DataError", "DatabaseError", "Error", "IntegrityError", "InterfaceError", "InternalError"),
    *("NotSupportedError", "OperationalError", "ProgrammingError", "Warning"),
)


def public(kind: type) -> set[str]:
    return {name for name in dir(kind) if not name.startswith("_")}


def raised(run: Callable[[], Any]) -> Any:
    """Give the type and the words of what a call raises, or what it returns.

    For wrong arguments, Python's words aren't those of C.
    """
    try:
        return run()
    except TypeError:
        return TypeError
    except Exception as error:
        return type(error), str(error)


def assigned(name: str, *values: Any, of: Callable[[Any], Any] = lambda db: db) -> Any:
    """Read an attribute, and read it again after each of the values has been assigned to it."""

    def observe(db: Any) -> list[Any]:
        owner = of(db)
        found = [raised(lambda: getattr(owner, name))]
        for value in values:
            found.append(raised(lambda value=value: setattr(owner, name, value)))
            found.append(raised(lambda: getattr(owner, name)))
        return found

    return observe


def after(name: str, *args: Any, then: str = "status") -> Callable[[Any], Any]:
    """Call a method in a transaction, and look at the state that follows."""

    def observe(db: Any) -> Any:
        db.cursor().execute("UPDATE orders SET total = 0 WHERE id = 1")
        answer = raised(lambda: getattr(db, name)(*args))
        return answer, getattr(db, then), raised(lambda: db.info.transaction_status), db.closed

    return observe


def registered(name: str) -> Callable[[Any], Any]:
    def observe(db: Any) -> Any:
        before = dict(getattr(db, name))
        kind = extensions.new_type((25,), "LOUD", lambda value, _: value and value.upper())
        extensions.register_type(kind, db)
        cursor = db.cursor()
        cursor.execute("SELECT 'a'::text")
        return before, set(getattr(db, name)), cursor.fetchone()

    return observe


def prepared(end: str) -> Callable[[Any], Any]:
    def observe(db: Any) -> Any:
        db.tpc_begin(db.xid(1, "global", "branch"))
        db.cursor().execute("SELECT 1")
        # The server of the tests has no prepared transactions.
        return raised(db.tpc_prepare), raised(getattr(db, end)), db.status

    return observe


def notified(db: Any) -> Any:
    db.autocommit = True
    db.cursor().execute("LISTEN channel; NOTIFY channel, 'text'")
    first = [(one.channel, one.payload) for one in db.notifies]
    db.notifies = []
    return first, db.notifies


def noticed(db: Any) -> Any:
    db.cursor().execute("DO $$ BEGIN RAISE NOTICE 'hello'; END $$")
    first = list(db.notices)
    db.notices = ["mine"]
    return first, db.notices


def cancelled(db: Any) -> Any:
    return db.cancel(), raised(lambda: db.cursor().execute("SELECT 1"))


def made_cursor(db: Any) -> Any:
    named = db.cursor("portal", extras.DictCursor, True, scrollable=True)
    facts = named.name, named.withhold, named.scrollable, isinstance(named, extras.DictCursor)
    return facts, raised(lambda: db.cursor(wrong=1)), raised(lambda: db.cursor(cursor_factory=int))


def made_large_object(db: Any) -> Any:
    opened = db.lobject(0, "wb", 4712)
    db.rollback()
    return opened.oid, opened.mode, opened.closed, raised(lambda: db.lobject(1, "impossible"))


CONNECTION: Table = {
    **{name: attrgetter(name) for name in ERRORS},
    **{
        name: assigned(name, 1)
        for name in ("async", "async_", "closed", "encoding", "protocol_version", "server_version")
    },
    "autocommit": assigned("autocommit", True, False, "no"),
    "binary_types": registered("binary_types"),
    "cancel": cancelled,
    "close": after("close", then="closed"),
    "commit": after("commit"),
    "cursor": made_cursor,
    "cursor_factory": assigned("cursor_factory", extras.DictCursor, None),
    "deferrable": assigned("deferrable", True, "default"),
    "dsn": assigned("dsn", "other"),
    "fileno": lambda db: select.select([], [db], [], 1)[1] == [db] and db.fileno() > 0,
    "get_backend_pid": lambda db: db.get_backend_pid() == db.info.backend_pid,
    "get_dsn_parameters": lambda db: db.get_dsn_parameters(),
    "get_native_connection": lambda db: type(db.get_native_connection()),
    "get_parameter_status": lambda db: [
        db.get_parameter_status(name) for name in ("server_version", "none")
    ],
    "get_transaction_status": after("get_transaction_status"),
    "info": lambda db: (db.info.dbname, db.info.user, db.info.status, db.info.options),
    "isexecuting": lambda db: db.isexecuting(),
    "isolation_level": assigned("isolation_level", "serializable", None, 99),
    "lobject": made_large_object,
    "notices": noticed,
    "notifies": notified,
    "pgconn_ptr": lambda db: type(db.pgconn_ptr),
    "poll": lambda db: db.poll(),
    "readonly": assigned("readonly", True, None),
    "reset": after("reset"),
    "rollback": after("rollback"),
    "set_client_encoding": lambda db: (
        raised(lambda: db.set_client_encoding("latin-1")),
        db.encoding,
        raised(lambda: db.set_client_encoding("none")),
        raised(lambda: db.set_client_encoding()),
    ),
    "set_isolation_level": after("set_isolation_level", 3, then="isolation_level"),
    "set_session": lambda db: (
        db.set_session(isolation_level="SERIALIZABLE", readonly=True, deferrable=True),
        *(db.isolation_level, db.readonly, db.deferrable, db.autocommit),
        raised(lambda: (db.cursor().execute("SELECT 1"), db.set_session(readonly=False))),
    ),
    "status": after("commit"),
    "string_types": registered("string_types"),
    "tpc_begin": after("tpc_begin", "xid"),
    "tpc_commit": prepared("tpc_commit"),
    "tpc_prepare": prepared("tpc_prepare"),
    "tpc_recover": lambda db: (db.tpc_recover(), db.status),
    "tpc_rollback": prepared("tpc_rollback"),
    "xid": lambda db: tuple(db.xid(1, "global", "branch")),
}


def read(name: str, *args: Any, **kwargs: Any) -> Callable[[Any], Any]:
    """Call a method of a cursor with rows to fetch, and look at where that leaves it."""

    def observe(db: Any) -> Any:
        cursor = db.cursor()
        cursor.execute("SELECT id, total FROM orders ORDER BY id")
        answer = raised(lambda: getattr(cursor, name)(*args, **kwargs))
        facts = cursor.rowcount, cursor.rownumber, cursor.closed, cursor.statusmessage
        return answer, facts, raised(cursor.fetchone), raised(lambda: next(cursor)), cursor.query

    return observe


def of_cursor(name: str, *values: Any) -> Callable[[Any], Any]:
    return assigned(name, *values, of=selecting)


def selecting(db: Any) -> Any:
    cursor = db.cursor()
    cursor.execute("SELECT 1 AS one")
    return cursor


def copied_from(db: Any) -> Any:
    cursor = db.cursor()
    cursor.copy_from(io.StringIO("8|-\n9|1\n"), "orders", "|", "-", 10, columns=["id", "total"])
    cursor.execute("SELECT * FROM orders WHERE id > 7 ORDER BY id")
    wrong = raised(lambda: cursor.copy_from(io.StringIO(), "orders", nothing=1))
    return cursor.fetchall(), wrong, raised(lambda: cursor.copy_from(1, "orders"))


def copied_to(db: Any) -> Any:
    cursor, file = db.cursor(), io.StringIO()
    cursor.copy_to(file, table="orders", sep="|", null="-", columns=("id",))
    return file.getvalue(), cursor.rowcount, raised(lambda: cursor.copy_to(file))


def copied_by_expert(db: Any) -> Any:
    cursor, file = db.cursor(), io.BytesIO()
    cursor.copy_expert(sql="COPY orders TO STDOUT", file=file, size=16)
    return file.getvalue(), raised(lambda: cursor.copy_expert("COPY nothing FROM STDIN", file))


def calls(name: str, *each: tuple[Any, ...]) -> Callable[[Any], Any]:
    """Call a method several times; what it raises leaves the transaction usable."""

    def observe(db: Any) -> list[Any]:
        db.autocommit = True
        found = []
        for args in each:
            cursor = db.cursor()
            answer = raised(lambda args=args, cursor=cursor: getattr(cursor, name)(*args))
            rows = raised(cursor.fetchall)
            found.append((answer, rows, cursor.rowcount, cursor.query, cursor.statusmessage))
        return found

    return observe


def named(name: str, *values: Any) -> Callable[[Any], Any]:
    return assigned(name, *values, of=lambda db: db.cursor("portal"))


CURSOR: Table = {
    "arraysize": of_cursor("arraysize", 5, "no"),
    "binary_types": of_cursor("binary_types", {}),
    "callproc": calls(
        "callproc", ("lower", ["A"]), ("lower", {"wrong": 1}), ("pi",), ("none", ()), (1,), ()
    ),
    "cast": lambda db: (db.cursor().cast(23, "1"), raised(lambda: db.cursor().cast())),
    "close": read("close"),
    "closed": of_cursor("closed", True),
    "connection": lambda db: (
        db.cursor().connection is db,
        raised(lambda: setattr(db.cursor(), "connection", 1)) is not None,
    ),
    "copy_expert": copied_by_expert,
    "copy_from": copied_from,
    "copy_to": copied_to,
    "description": lambda db: [tuple(column) for column in selecting(db).description],
    "execute": calls(
        "execute",
        ("SELECT %s, '%%'", (1,)),
        ("SELECT %(a)s", {"a": "b"}),
        (b"SELECT 1",),
        ("",),
        ("SELEC",),
        ("SELECT %s", 1),
        ("SELECT %s %s", (1,)),
        (1,),
        (),
        ("INSERT INTO orders VALUES (8) RETURNING id",),
    ),
    "executemany": calls(
        "executemany",
        ("INSERT INTO orders VALUES (%s)", [(9,), (10,)]),
        ("INSERT INTO orders VALUES (%s)", {(11,): None}.keys()),
        ("INSERT INTO orders VALUES (%s)", [(12,), (12,)]),
        ("SELECT 1", []),
        ("SELECT 1", None),
        ("SELECT 1", [1]),
        (1, [(1,)]),
        (),
    ),
    "fetchall": read("fetchall"),
    "fetchmany": read("fetchmany", size=2),
    "fetchone": read("fetchone"),
    "itersize": of_cursor("itersize", 5),
    "lastrowid": of_cursor("lastrowid", 1),
    "mogrify": calls("mogrify", ("%s, %%", ("a'b",)), ("%s", ()), (1,)),
    "name": named("name", "other"),
    "nextset": read("nextset"),
    "pgresult_ptr": lambda db: type(selecting(db).pgresult_ptr),
    "query": of_cursor("query", b"other"),
    "row_factory": of_cursor("row_factory", None),
    "rowcount": of_cursor("rowcount", 5),
    "rownumber": of_cursor("rownumber", 5),
    "scroll": read("scroll", 3, mode="absolute"),
    "scrollable": named("scrollable", True, False, None),
    "setinputsizes": read("setinputsizes", [1]),
    "setoutputsize": read("setoutputsize", 1, 2),
    "statusmessage": of_cursor("statusmessage", "other"),
    "string_types": of_cursor("string_types", {}),
    "typecaster": of_cursor("typecaster", None),
    "tzinfo_factory": of_cursor("tzinfo_factory", None),
    "withhold": named("withhold", True, False),
}


def on_large_object(*steps: tuple[Any, ...], end: bool = False) -> Callable[[Any], Any]:
    """Write to a large object, and take some steps on it."""

    def observe(db: Any) -> list[Any]:
        opened = db.lobject(0, "rw", 4712)
        opened.write("content")
        found = [raised(lambda one=one: getattr(opened, one[0])(*one[1:])) for one in steps]
        facts = opened.oid, opened.mode, opened.closed
        left = raised(lambda: db.lobject(4712, "r").read())
        return [found, facts, left]

    return observe


LOBJECT: Table = {
    "close": on_large_object(("close",), ("read",)),
    "closed": on_large_object(),
    "export": on_large_object(("export", "/dev/null"), ("export", 1), ("export",)),
    "mode": on_large_object(),
    "oid": on_large_object(),
    "read": on_large_object(("seek", 0), ("read", 3), ("read",), ("read", "a")),
    "seek": on_large_object(("seek", 1), ("seek", -1, 2), ("seek",), ("tell",)),
    "tell": on_large_object(("tell",)),
    "truncate": on_large_object(("truncate", 3), ("truncate",), ("truncate", "a")),
    "unlink": on_large_object(("unlink",), ("unlink",)),
    "write": on_large_object(("write", b"\x00"), ("write", "more"), ("write", 1), ("write",)),
}
KINDS = [
    (extensions.connection, CONNECTION),
    (extensions.cursor, CURSOR),
    (extensions.lobject, LOBJECT),
]


@pytest.mark.parametrize(("kind", "table"), KINDS)
def test_every_attribute_is_in_the_table(kind: type, table: Table) -> None:
    assert public(kind) == set(table)


@pytest.mark.usefixtures("orders")
@pytest.mark.parametrize("mode", ["monitor", "protect"])
@pytest.mark.parametrize(
    "observe",
    [
        pytest.param(observe, id=f"{kind.__name__}.{name}")
        for kind, table in KINDS
        for name, observe in table.items()
    ],
)
def test_guarded_equals_raw(
    opened: Opened, connect: Connect, observe: Callable[[Any], Any], mode: str
) -> None:
    raw = connect()
    expected = observe(raw)
    if not raw.closed:
        raw.reset()
        cleared(raw)
    assert observe(opened(mode=mode)) == expected


def cleared(raw: Any) -> None:
    raw.autocommit = True
    raw.cursor().execute(
        "DELETE FROM orders WHERE id > 7; SELECT lo_unlink(oid) FROM pg_largeobject_metadata"
    )


@pytest.mark.parametrize(
    "do",
    [
        repr,
        bool,
        callable,
        len,
        iter,
        lambda db: db(),
        lambda db: db[0],
        lambda db: db.none,
        lambda db: setattr(db, "none", 1),
        lambda db: delattr(db, "none"),
        lambda db: db.execute,
        lambda db: __import__("copy").copy(db),
        lambda db: __import__("copy").deepcopy(db),
        lambda db: __import__("pickle").dumps(db),
        lambda db: isinstance(db, extensions.connection),
        lambda db: (db == db) is (db in {db}) is not (db != db),
        lambda db: psycopg2.extensions.quote_ident('a"b', db),
        lambda db: db < db,
    ],
)
def test_what_python_asks_of_any_object(
    opened: Opened, connect: Connect, do: Callable[[Any], Any]
) -> None:
    def words(db: Any) -> str:
        said = str(raised(lambda: do(db)))
        return said.partition(" object at ")[0].replace("Guardedconnection", "connection")

    # A class of an application's may have attributes of its own; psycopg2's has none.
    raw, guarded = connect(), opened()
    assert words(guarded).replace("ConnectionProxy", "psycopg2.extensions.connection") in (
        words(raw),
        words(connect(connection_factory=type("connection", (extensions.connection,), {}))),
    )
