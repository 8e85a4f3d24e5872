"""No way round: destructive SQL by everything that psycopg 3 can be asked for, in mode block.

The server's log is the judge. A public callable that isn't in the table fails the test: somebody
has to say whether it sends what it is given.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Callable

import psycopg
import pytest
from psycopg import rows, sql

import backstop
from testing.server_log import ServerLog

if TYPE_CHECKING:
    from psycopg import Connection

    from testing.postgres import Server

    Route = Callable[[Connection[Any]], Any]
    ByPsycopg = Callable[..., Connection[Any]]

pytestmark = pytest.mark.usefixtures("orders")

SQL = "DELETE FROM orders"
RETURNING = "DELETE FROM orders RETURNING id"
COPY = f"COPY ({RETURNING}) TO STDOUT"


class Rewriting(psycopg.Cursor[Any]):
    def execute(self, query: Any, *args: Any, **kwargs: Any) -> Any:
        return super().execute(query.replace("SELECT 1", SQL), *args, **kwargs)


class ByName(psycopg.ClientCursor[Any]):
    __slots__ = ("note",)

    def execute(self, query: Any, *args: Any, **kwargs: Any) -> Any:
        return psycopg.Cursor.execute(self, query, *args, **kwargs)


def copied(cursor: Any, text: Any = COPY, parameters: Any = None) -> None:
    with cursor.copy(text, parameters) as copy:
        for _ in copy:
            pass


def server_cursor(connection: Connection[Any]) -> Any:
    with connection.transaction(), connection.cursor("named") as cursor:
        cursor.execute(f"SELECT 1; {SQL}")


def raw_server_cursor(connection: Connection[Any]) -> Any:
    with psycopg.RawServerCursor(connection, "named") as cursor:
        cursor.execute(f"SELECT 1; {SQL}")


def in_transaction(connection: Connection[Any]) -> Any:
    with connection.transaction() as transaction:
        transaction.connection.execute(SQL)


def in_pipeline(connection: Connection[Any]) -> Any:
    with connection.pipeline():
        connection.execute("SELECT 1")
        connection.execute(SQL)


def many_in_pipeline(connection: Connection[Any]) -> Any:
    with connection.pipeline():
        connection.cursor().executemany("DELETE FROM orders WHERE %s", [(True,), (True,)])


def later_in_pipeline(connection: Connection[Any]) -> Any:
    with connection.pipeline() as pipeline:
        cursor = connection.execute("SELECT 1")
        pipeline.sync()
        cursor.execute(SQL)


def prepared(connection: Connection[Any]) -> Any:
    connection.execute(f"PREPARE wipe AS {SQL}")
    connection.execute("EXECUTE wipe")


def by_factory(connection: Connection[Any]) -> Any:
    connection.cursor_factory = Rewriting
    connection.execute("SELECT 1")


def composed(connection: Connection[Any]) -> Any:
    text = sql.SQL("DROP TABLE {}").format(sql.Identifier("orders"))
    connection.cursor(row_factory=rows.dict_row).execute(text)


def carried(connection: Connection[Any]) -> Any:
    class Raw(str):
        __slots__ = ()

    class RawDumper(psycopg.adapt.Dumper):
        def dump(self, obj: Any) -> bytes:
            return str(obj).encode()

        def quote(self, obj: Any) -> bytes:
            return str(obj).encode()

    cursor = psycopg.ClientCursor(connection)
    cursor.adapters.register_dumper(Raw, RawDumper)
    cursor.execute("SELECT %s", [Raw(f"1; {SQL}")])


def carried_by_copy(connection: Connection[Any]) -> Any:
    copied(connection.cursor(), "COPY (SELECT %s) TO STDOUT; " + SQL, ["a"])


# None: it sends nothing that it is given.
CONNECTION: dict[str, Route | None] = {
    "add_notice_handler": None,
    "add_notify_handler": None,
    "cancel": None,
    "cancel_safe": None,
    "close": None,
    "commit": None,
    "connect": None,  # Another connection, of which nobody has said that it is to be guarded.
    "cursor": lambda c: c.cursor().execute(SQL),
    "execute": lambda c: c.execute(SQL),
    "fileno": None,
    "notifies": None,
    "pipeline": in_pipeline,
    "remove_notice_handler": None,
    "remove_notify_handler": None,
    "rollback": None,
    "set_autocommit": None,
    "set_deferrable": None,
    "set_isolation_level": None,
    "set_read_only": None,
    "tpc_begin": None,
    "tpc_commit": None,
    "tpc_prepare": None,
    "tpc_recover": None,
    "tpc_rollback": None,
    "transaction": in_transaction,
    "wait": lambda c: c.wait(c.cursor()._execute_gen(SQL)),
    "xid": None,
}
CURSOR: dict[str, Route | None] = {
    "close": None,
    "copy": lambda c: copied(c.cursor()),
    "execute": lambda c: c.cursor().execute(SQL),
    "executemany": lambda c: c.cursor().executemany(SQL + " WHERE true OR id = %s", [(1,), (2,)]),
    "fetchall": None,
    "fetchmany": None,
    "fetchone": None,
    "mogrify": None,
    "nextset": None,
    "results": None,
    "scroll": None,
    "set_result": None,
    "setinputsizes": None,
    "setoutputsize": None,
    "stream": lambda c: list(c.cursor().stream(RETURNING)),
}
OTHERS: dict[str, Route] = {
    "bytes": lambda c: c.execute(SQL.encode()),
    "composed": composed,
    "stacked": lambda c: c.execute(f"SELECT 1; {SQL}; SELECT 2"),
    "comment": lambda c: c.execute(f"/* %s */ {SQL}", []),
    "percent sign": lambda c: c.execute(f"{SQL} WHERE id %% 1 = 0 AND true OR %s", [True]),
    "binary": lambda c: c.execute(SQL, binary=True),
    "prepared by the driver": lambda c: c.execute(SQL, prepare=True),
    "prepared": prepared,
    "rewritten by a class": lambda c: Rewriting(c).execute("SELECT 1"),
    "factory": by_factory,
    "base class by name": lambda c: ByName(c).execute(SQL),
    "method by name": lambda c: psycopg.Cursor.execute(c.cursor(), SQL),
    "connection's method by name": lambda c: psycopg.Connection.execute(c, SQL),
    "cursor's connection": lambda c: c.cursor().connection.execute(SQL),
    "made by its class": lambda c: psycopg.Cursor(c).execute(SQL),
    "client": lambda c: psycopg.ClientCursor(c).execute(f"{SQL} WHERE %s", [True]),
    "client many": lambda c: psycopg.ClientCursor(c).executemany(f"{SQL} WHERE %s", [[True]] * 2),
    "client stream": lambda c: list(psycopg.ClientCursor(c).stream(RETURNING)),
    "client copy": lambda c: copied(psycopg.ClientCursor(c)),
    "raw": lambda c: psycopg.RawCursor(c).execute(f"{SQL} WHERE $1", [True]),
    "raw stream": lambda c: list(psycopg.RawCursor(c).stream(RETURNING)),
    "server": server_cursor,
    "raw server": raw_server_cursor,
    "carried by a value": carried,
    "carried by a copy": carried_by_copy,
    "copy from a program": lambda c: copied(c.cursor(), "COPY orders FROM PROGRAM 'true'"),
    "many in a pipeline": many_in_pipeline,
    "later in a pipeline": later_in_pipeline,
}
ROUTES = {
    **{f"Connection.{name}": route for name, route in CONNECTION.items() if route is not None},
    **{f"Cursor.{name}": route for name, route in CURSOR.items() if route is not None},
    **OTHERS,
}


def public(*classes: type) -> set[str]:
    found = ((one, name) for one in classes for name in dir(one) if not name.startswith("_"))
    errors = {name for name in dir(psycopg) if isinstance(getattr(psycopg, name), type)}
    return {name for one, name in found if callable(getattr(one, name)) and name not in errors}


def test_every_public_callable_is_in_the_table() -> None:
    assert public(psycopg.Connection) <= CONNECTION.keys()
    assert (
        public(psycopg.Cursor, psycopg.ClientCursor, psycopg.ServerCursor, psycopg.RawServerCursor)
        <= CURSOR.keys()
    )
    # What they send is data of a COPY, or the driver's own.
    assert public(psycopg.Copy) == {
        *("finish", "read", "read_row", "rows", "set_types", "write", "write_row")
    }
    assert public(psycopg.Pipeline) == {"is_supported", "sync"}
    assert public(psycopg.Transaction) <= {"Status"}


@pytest.mark.parametrize("autocommit", [True, False])
@pytest.mark.parametrize("route", ROUTES.values(), ids=ROUTES)
def test_nothing_gets_past_the_guard(
    by_psycopg: ByPsycopg, postgres_server: Server, dsn: str, route: Route, autocommit: bool
) -> None:
    log = ServerLog(postgres_server, dsn)
    connection = by_psycopg(mode="block", autocommit=autocommit)
    with pytest.raises(backstop.StatementBlocked):
        route(connection)
    # It is as usable as before.
    assert connection.execute("SELECT count(*) FROM orders").fetchone() == (7,)
    connection.rollback()
    sent = " ".join(log.sent())
    assert "count(*)" in sent
    for word in ("DROP", "COPY"):
        assert word not in sent
    assert "DELETE" not in sent.replace("PREPARE wipe AS DELETE", "")


def test_cursors_from_before_the_guard_are_guarded(dsn: str, store: str) -> None:
    with psycopg.connect(dsn) as connection:
        cursor = connection.cursor()
        assert backstop.guard(connection, storage=store, actor="a", mode="block") is connection
        with pytest.raises(backstop.StatementBlocked):
            cursor.execute(SQL)
