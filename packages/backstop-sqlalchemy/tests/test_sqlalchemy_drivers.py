"""Every driver's row in the table of drivers: what is destroyed by it is saved, and comes back."""

from __future__ import annotations

import asyncio
import datetime
import decimal
import uuid
from typing import TYPE_CHECKING, Any, Callable

import pytest
import sqlalchemy
from sqlalchemy import Connection, bindparam, event, exc, text
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine
from sqlalchemy.pool import NullPool

import backstop
from testing.dumps import dump
from testing.guarded import restored

if TYPE_CHECKING:
    from testing.postgres import Connect

    Work = Callable[[Connection], Any]

DRIVERS = ["psycopg2", "psycopg", "psycopg_async", "asyncpg", "pg8000"]

SETUP = """
CREATE TABLE orders (
    id int PRIMARY KEY, total numeric, made timestamptz, day date, span interval, note text,
    raw bytea, ok bool, ratio float8, tags text[], key uuid, body jsonb
);
INSERT INTO orders SELECT
    g, g / 7.0, timestamptz '2024-02-29 12:00:00+02' + g * interval '1 day', date '2024-02-29' + g,
    g * interval '1 hour', E'back\\\\slash '' quote ' || g, decode(lpad(to_hex(g), 8, '0'), 'hex'),
    g % 2 = 0, g / 3.0, ARRAY['a' || g, NULL, 'c,d'], md5(g::text)::uuid, jsonb_build_object('g', g)
FROM generate_series(1, 7) AS g;
CREATE TABLE lines (id int PRIMARY KEY, order_id int REFERENCES orders ON DELETE CASCADE);
INSERT INTO lines SELECT g, g FROM generate_series(1, 7) AS g;
CREATE VIEW totals AS SELECT sum(total) FROM orders;
"""

# Each finds its rows by a value of one type.
BY_VALUE: dict[str, tuple[Any, Any]] = {
    "id": (sqlalchemy.Integer, 3),
    "total": (sqlalchemy.Numeric, decimal.Decimal("1")),
    "day": (sqlalchemy.Date, datetime.date(2024, 3, 2)),
    "made": (
        sqlalchemy.DateTime(timezone=True),
        datetime.datetime(2024, 3, 2, 10, tzinfo=datetime.timezone.utc),
    ),
    "span": (sqlalchemy.Interval, datetime.timedelta(hours=2)),
    "note": (sqlalchemy.String, "back\\slash ' quote 5"),
    "raw": (sqlalchemy.LargeBinary, b"\0\0\0\4"),
    "ok": (sqlalchemy.Boolean, True),
    "ratio": (sqlalchemy.Float, 5 / 3),
    "tags": (sqlalchemy.ARRAY(sqlalchemy.Text), ["a2", None, "c,d"]),
    "key": (sqlalchemy.Uuid, uuid.UUID("c4ca4238-a0b9-2382-0dcc-509a6f75849b")),
}


class By:
    """An engine over one driver, whose work is done on a Connection whether it blocks or not."""

    def __init__(self, dsn: str, driver: str, **arguments: Any) -> None:
        url = dsn.replace("postgresql://", f"postgresql+{driver}://", 1)
        # An event loop of its own for each work: nothing can be pooled.
        arguments = {"poolclass": NullPool, **arguments}
        self.engine: Any
        if driver in ("psycopg_async", "asyncpg"):
            self.engine = create_async_engine(url, **arguments)
        else:
            self.engine = sqlalchemy.create_engine(url, **arguments)

    def protect(self, store: str, **settings: Any) -> By:
        settings = {"on_snapshot_failure": "raise", "snapshot_at": "LOW", **settings}
        assert backstop.protect_engine(self.engine, store, "tester", **settings) is self.engine
        return self

    def begin(self, work: Work) -> Any:
        return self._done("begin", work)

    def connect(self, work: Work) -> Any:
        return self._done("connect", work)

    def _done(self, how: str, work: Work) -> Any:
        if not isinstance(self.engine, AsyncEngine):
            with getattr(self.engine, how)() as connection:
                return work(connection)

        async def done() -> Any:
            async with getattr(self.engine, how)() as connection:
                return await connection.run_sync(work)

        return asyncio.run(done())


@pytest.fixture(autouse=True)
def tables(connect: Connect) -> None:
    with connect() as connection:
        connection.cursor().execute(SETUP)
    connection.close()


@pytest.fixture(params=DRIVERS)
def driver(request: pytest.FixtureRequest) -> str:
    return str(request.param)


def fates(store: str) -> list[str]:
    return [one.fate.value for one in backstop.snapshots.list(store)]


def comes_back(dsn: str, store: str, by: By, work: Work) -> None:
    before = dump(dsn)
    by.begin(work)
    assert dump(dsn) != before
    assert set(fates(store)) == {"committed"}
    restored(store, dsn, lambda: dump(dsn), before)


@pytest.mark.parametrize(
    ("sql", "level"),
    [
        ("DELETE FROM orders", None),
        ("DROP TABLE orders CASCADE", None),
        ("DELETE FROM orders", "AUTOCOMMIT"),
        ("DROP TABLE orders CASCADE", "AUTOCOMMIT"),
        ("TRUNCATE orders CASCADE", "SERIALIZABLE"),
    ],
)
def test_what_it_destroys_comes_back(
    dsn: str, store: str, driver: str, sql: str, level: str | None
) -> None:
    by = By(dsn, driver, **({} if level is None else {"isolation_level": level}))
    comes_back(dsn, store, by.protect(store), lambda connection: connection.execute(text(sql)))


def test_rows_found_by_values_of_every_type_come_back(dsn: str, store: str, driver: str) -> None:
    def work(connection: Connection) -> None:
        for column, (kind, value) in BY_VALUE.items():
            found = text(
                f"UPDATE orders SET note = note || '.' WHERE {column} = :value"
            ).bindparams(bindparam("value", type_=kind))
            assert connection.execute(found, {"value": value}).rowcount >= 1

    before = dump(dsn)
    By(dsn, driver).protect(store).begin(work)
    assert dump(dsn) != before
    saved = backstop.snapshots.list(store)
    assert [one.rows for one in saved] == [3 if name == "ok" else 1 for name in BY_VALUE]
    for snapshot in reversed(saved):
        assert backstop.restore(snapshot.id, storage=store, dsn=dsn).complete
    assert dump(dsn) == before


def test_many_rows_and_large_values_come_back(
    dsn: str, store: str, driver: str, connect: Connect
) -> None:
    with connect() as connection:
        connection.cursor().execute(
            "CREATE TABLE big AS SELECT g AS id, repeat(md5(g::text), 8) AS filler"
            " FROM generate_series(1, 20000) AS g"
        )
    connection.close()
    by = By(dsn, driver).protect(store)
    comes_back(dsn, store, by, lambda connection: connection.execute(text("DELETE FROM big")))


def test_many_sets_of_values(dsn: str, store: str, driver: str) -> None:
    before = dump(dsn)
    delete = text("DELETE FROM orders WHERE id = :id")
    By(dsn, driver).protect(store).begin(
        lambda connection: connection.execute(delete, [{"id": 2}, {"id": 3}])
    )
    for snapshot in reversed(backstop.snapshots.list(store)):
        assert backstop.restore(snapshot.id, storage=store, dsn=dsn).complete
    assert dump(dsn) == before


def test_fates_are_followed(dsn: str, store: str, driver: str) -> None:
    def work(connection: Connection) -> None:
        delete = text("DELETE FROM orders")
        with connection.begin() as outer:
            with connection.begin_nested() as inner:
                connection.execute(delete)
                inner.rollback()
            connection.execute(text("UPDATE orders SET total = 0"))
            outer.commit()
        connection.execute(delete)
        connection.rollback()
        connection.execute(delete)

    By(dsn, driver).protect(store).connect(work)
    assert fates(store) == ["rolled back", "committed", "rolled back", "rolled back"]


def test_a_failed_transaction_is_left_alone(dsn: str, store: str, driver: str) -> None:
    def work(connection: Connection) -> None:
        with pytest.raises(exc.DBAPIError):
            connection.execute(text("SELECT 1 / 0"))
        with pytest.raises(exc.DBAPIError) as raised:
            connection.execute(text("DELETE FROM orders"))
        assert "SnapshotFailed" not in repr(raised.value)
        connection.rollback()
        assert connection.scalar(text("SELECT count(*) FROM orders")) == 7

    By(dsn, driver).protect(store, on_snapshot_failure="log").connect(work)


def test_blocked_statements_leave_the_connection_usable(dsn: str, store: str, driver: str) -> None:
    def work(connection: Connection) -> None:
        connection.execute(text("INSERT INTO lines VALUES (8, 1)"))
        # The server itself refuses several commands of a prepared statement.
        several = [] if driver == "asyncpg" else ["SELECT 1; DROP TABLE orders"]
        for sql in ("DELETE FROM orders", *several):
            with pytest.raises(backstop.StatementBlocked) as raised:
                connection.exec_driver_sql(sql)
            assert type(raised.value) is backstop.StatementBlocked
        assert connection.in_transaction()
        assert connection.scalar(text("SELECT count(*) FROM lines")) == 8
        connection.commit()
        with pytest.raises(backstop.StatementBlocked):
            connection.execute(text("TRUNCATE lines"))
        assert connection.scalar(text("SELECT count(*) FROM lines")) == 8

    By(dsn, driver).protect(store, mode="block", snapshot_at="IMPACT_CRITICAL").connect(work)


def test_rows_that_stream_are_those_of_a_plain_connection(
    dsn: str, store: str, driver: str
) -> None:
    def work(connection: Connection) -> list[Any]:
        streamed = connection.execution_options(stream_results=True, max_row_buffer=2)
        rows = list(streamed.execute(text("SELECT id, note FROM orders ORDER BY id")))
        return [tuple(row) for row in rows]

    plain = By(dsn, driver).connect(work)
    assert len(plain) == 7
    assert By(dsn, driver).protect(store).connect(work) == plain


def test_options_and_contexts_reach_the_guard(dsn: str, store: str, driver: str) -> None:
    def work(connection: Connection) -> None:
        options = {"backstop_actor": "nightly", "backstop_allow": "ticket 4711"}
        connection.execute(text("DELETE FROM lines"), execution_options=options)
        with backstop.context(actor="agent"), backstop.allow("cleaning"):
            connection.execute(text("DELETE FROM orders"))

    by = By(dsn, driver).protect(store, mode="block", snapshot_at="IMPACT_CRITICAL")
    by.begin(work)
    found = [backstop.snapshots.show(one.id, store) for one in backstop.snapshots.list(store)]
    assert [(one.manifest.actor, one.manifest.allowed) for one in found] == [
        ("nightly", "ticket 4711"),
        ("agent", "cleaning"),
    ]


def test_the_driver_s_own_look_at_types_is_no_statement_of_the_application(
    dsn: str, store: str, driver: str
) -> None:
    seen: list[str] = []
    by = By(dsn, driver).protect(store)
    engine = getattr(by.engine, "sync_engine", by.engine)
    event.listen(engine, "before_cursor_execute", lambda *given: seen.append(given[2]))
    by.begin(lambda connection: connection.execute(text("DELETE FROM orders")))
    assert seen == ["DELETE FROM orders"]
