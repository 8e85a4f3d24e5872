"""Every way in which SQLAlchemy sends a statement passes the guard, and gives the same result."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Any

import pytest
from psycopg2.extensions import AsIs
from sqlalchemy import (
    Column,
    Integer,
    MetaData,
    Numeric,
    Table,
    delete,
    event,
    insert,
    text,
    update,
)
from sqlalchemy.exc import IntegrityError, ProgrammingError
from sqlalchemy.orm import Mapped, Session, declarative_base, mapped_column

import backstop
from testing.server_log import ServerLog

if TYPE_CHECKING:
    from testing.postgres import Server

pytestmark = pytest.mark.usefixtures("orders")

orders = Table(
    "orders", MetaData(), Column("id", Integer, primary_key=True), Column("total", Numeric)
)
Base = declarative_base()


class Order(Base):  # type: ignore[misc, valid-type]
    __tablename__ = "orders"
    id: Mapped[int] = mapped_column(primary_key=True)
    total = mapped_column(Numeric)


def rows_saved(store: str) -> list[int]:
    return [one.rows for one in backstop.snapshots.list(store)]


def test_core_expressions(protected: Any, store: str) -> None:
    engine = protected(snapshot_at="LOW")
    with engine.begin() as connection:
        done = connection.execute(delete(orders).where(orders.c.id > 4).returning(orders.c.id))
        assert done.scalars().all() == [5, 6, 7]
        assert connection.execute(update(orders).values(total=0)).rowcount == 4
    assert rows_saved(store) == [3, 4]


def test_orm_unit_of_work_and_bulk(protected: Any, store: str) -> None:
    engine = protected(snapshot_at="LOW")
    with Session(engine) as session:
        session.add_all([Order(id=8, total=1), Order(id=9, total=2)])
        session.commit()
        session.get(Order, 8).total = 5  # type: ignore[union-attr]
        session.commit()
        session.delete(session.get(Order, 9))
        session.commit()
        session.execute(delete(Order).where(Order.id > 6))
        session.commit()
        assert session.query(Order).count() == 6
    saved = {one.operation: one.rows for one in backstop.snapshots.list(store)}
    assert saved["DELETE"] == 2
    assert saved["UPDATE"] == 1


def test_insertmanyvalues_gives_every_row(protected: Any) -> None:
    engine = protected()
    with engine.begin() as connection:
        done = connection.execute(
            insert(orders).returning(orders.c.id, sort_by_parameter_order=True),
            [{"id": number, "total": 0} for number in range(100, 2200)],
        )
        assert done.scalars().all() == list(range(100, 2200))


@pytest.mark.parametrize("mode", ["values_only", "values_plus_batch"])
def test_executemany(protected: Any, store: str, mode: str) -> None:
    engine = protected({"executemany_mode": mode}, mode="block")
    with engine.begin() as connection:
        connection.execute(
            text("UPDATE orders SET total = :total WHERE id = :id"),
            [{"id": 1, "total": 9}, {"id": 2, "total": 9}],
        )
        with pytest.raises(PermissionError):
            connection.execute(text("UPDATE orders SET total = :t"), [{"t": 1}, {"t": 2}])
        assert connection.scalar(text("SELECT sum(total) FROM orders")) == 43


def test_exec_driver_sql_and_percent_signs(protected: Any, store: str) -> None:
    engine = protected(snapshot_at="LOW")
    with engine.begin() as connection:
        assert connection.exec_driver_sql("SELECT 7 %% 4, '%%'", ()).one() == (3, "%")
        bare = connection.execution_options(no_parameters=True)
        assert bare.exec_driver_sql("SELECT 7 % 4, '%'").one() == (3, "%")
        bare.exec_driver_sql("DELETE FROM orders WHERE id % 2 = 0")
        connection.exec_driver_sql("DELETE FROM orders WHERE id %% 3 = %s", (0,))
        assert connection.execute(delete(orders).where(orders.c.id % 5 == 0)).rowcount == 1
    assert rows_saved(store) == [3, 1, 1]


def test_a_parameter_that_carries_sql_is_judged(protected: Any) -> None:
    with protected(mode="block").connect() as connection:
        with pytest.raises(PermissionError):
            connection.exec_driver_sql("DELETE FROM orders WHERE id = 1 %s", (AsIs("OR true"),))
        with pytest.raises(PermissionError):
            connection.exec_driver_sql("DELETE FROM orders WHERE '%s' = ''", (" OR true --",))


def test_a_listeners_text_is_what_counts(protected: Any) -> None:
    engine = protected(mode="block")

    @event.listens_for(engine, "before_cursor_execute", retval=True)
    def rewrite(conn: Any, cursor: Any, statement: str, *rest: Any) -> Any:
        return statement.replace("SELECT 1", "DELETE FROM orders"), rest[0]

    with engine.connect() as connection, pytest.raises(PermissionError):
        connection.execute(text("SELECT 1"))


def test_another_listener_may_still_execute(protected: Any, store: str) -> None:
    engine = protected()
    seen: list[str] = []

    @event.listens_for(engine, "do_execute")
    def execute(cursor: Any, statement: str, parameters: Any, context: Any) -> bool:
        seen.append(statement)
        cursor.execute(statement, parameters)
        return True

    with engine.begin() as connection:
        assert connection.execute(text("DELETE FROM orders")).rowcount == 7
    assert seen[-1] == "DELETE FROM orders"
    assert rows_saved(store) == [7]


def test_server_side_cursors(protected: Any, store: str) -> None:
    engine = protected()
    with engine.begin() as connection:
        streamed = connection.execution_options(stream_results=True).execute(
            text("SELECT id FROM orders ORDER BY id")
        )
        assert streamed.fetchone() == (1,)
        connection.execution_options(stream_results=False).execute(text("DELETE FROM orders"))
        assert len(streamed.fetchall()) == 6
    assert rows_saved(store) == [7]


def test_errors_are_sqlalchemys_own(protected: Any) -> None:
    engine = protected(on_snapshot_failure="log")
    with engine.connect() as connection:
        with pytest.raises(ProgrammingError, match="UndefinedTable"):
            connection.execute(text("DELETE FROM no_such_table"))
        connection.rollback()
        with pytest.raises(IntegrityError):
            connection.execute(text("INSERT INTO orders VALUES (1, 1)"))


def test_options_name_an_actor_and_a_sanction(protected: Any, store: str) -> None:
    engine = protected(mode="block")
    with engine.begin() as connection:
        connection.execute(
            text("DELETE FROM orders"),
            execution_options={"backstop_actor": "nightly", "backstop_allow": "ticket 4711"},
        )
    with engine.execution_options(backstop_allow="cleaning").begin() as connection:
        connection.execute(text("TRUNCATE orders"))
        with pytest.raises(backstop.ConfigurationError, match="reason is empty"):
            connection.execute(text("SELECT 1"), execution_options={"backstop_allow": ""})
    first, second = backstop.snapshots.list(store)
    assert (first.actor, second.actor) == ("nightly", "tester")
    assert backstop.snapshots.show(first.id, store).manifest.allowed == "ticket 4711"
    assert backstop.snapshots.show(second.id, store).manifest.allowed == "cleaning"


def test_a_lost_connection_is_replaced(protected: Any, connect: Any) -> None:
    engine = protected(on_snapshot_failure="log")
    with engine.connect() as connection:
        pid = connection.scalar(text("SELECT pg_backend_pid()"))
        connect().cursor().execute("SELECT pg_terminate_backend(%s, 5000)", (pid,))
        with pytest.raises(Exception, match="server closed the connection") as raised:
            connection.execute(text("DELETE FROM orders"))
        assert raised.value.connection_invalidated  # type: ignore[attr-defined]
    with engine.connect() as connection:
        assert connection.scalar(text("SELECT count(*) FROM orders")) == 7


def test_every_route_is_recorded(
    protected: Any, caplog: pytest.LogCaptureFixture, postgres_server: Server, dsn: str
) -> None:
    log = ServerLog(postgres_server, dsn)
    engine = protected(mode="monitor")
    caplog.set_level(logging.INFO, "backstop.statement")
    with Session(engine) as session:
        session.add_all([Order(id=8), Order(id=9)])
        session.flush()
        with session.begin_nested():
            session.execute(delete(Order).where(Order.id == 9))
        session.commit()
    with engine.begin() as connection:
        MetaData().reflect(connection)
        orders.drop(connection)
        connection.exec_driver_sql("SELECT 1")
    known = ("BEGIN", "COMMIT", "ROLLBACK")
    # The dialect's own first look at a connection comes by the driver.
    own = ("SHOW", "SELECT T.OID, TYPARRAY")
    sent = [one for one in log.sent() if one not in known and not one.upper().startswith(own)]
    recorded = [one for one in caplog.records if one.name == "backstop.statement"]
    assert len(recorded) >= len(sent) > 8


def test_large_objects_of_the_driver_come_back(
    protected: Any, store: str, dsn: str, connect: Any
) -> None:
    with connect() as setup:
        setup.cursor().execute("SELECT lo_from_bytea(4711, 'content')")
    with protected().begin() as connection:
        connection.connection.lobject(4711, "rw").unlink()
    (snapshot,) = backstop.snapshots.list(store)
    assert snapshot.fate.value == "committed"
    assert backstop.restore(snapshot.id, storage=store, dsn=dsn).complete
    with protected(mode="monitor").connect() as connection:
        assert bytes(connection.scalar(text("SELECT lo_get(4711)"))) == b"content"
