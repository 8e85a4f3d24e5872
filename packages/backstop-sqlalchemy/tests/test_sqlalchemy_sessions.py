"""What an ORM session says of its statements: who sends them, and who sanctioned them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from sqlalchemy import delete, text
from sqlalchemy.orm import Session, declarative_base, mapped_column, sessionmaker
from sqlalchemy.types import Integer

import backstop

if TYPE_CHECKING:
    from sqlalchemy import Engine

pytestmark = pytest.mark.usefixtures("orders")


class Order(declarative_base()):  # type: ignore[misc]
    __tablename__ = "orders"
    id = mapped_column(Integer, primary_key=True)


@pytest.fixture
def engine(protected: Any) -> Engine:
    return protected(mode="block")  # type: ignore[no-any-return]


def said(store: str) -> list[tuple[str, str | None]]:
    found = (backstop.snapshots.show(one.id, store) for one in backstop.snapshots.list(store))
    return [(one.manifest.actor, one.manifest.allowed) for one in found]


def test_a_sessions_info_speaks_for_all_that_it_sends(engine: Engine, store: str) -> None:
    info = {"backstop_actor": "nightly", "backstop_allow": "ticket 4711"}
    with Session(engine, info=info) as session:
        session.execute(delete(Order))
        session.commit()
        session.add_all([Order(id=1), Order(id=2)])
        session.flush()
        session.query(Order).delete()
        session.commit()
    assert said(store) == [("nightly", "ticket 4711")] * 2


def test_info_that_comes_later_counts(engine: Engine, store: str) -> None:
    make = sessionmaker(engine)
    with make() as session:
        assert session.query(Order).count() == 7
        with pytest.raises(backstop.StatementBlocked):
            session.execute(text("DELETE FROM orders"))
        session.info["backstop_allow"] = "cleaning"
        session.execute(text("DELETE FROM orders"))
        with session.begin_nested():
            session.execute(text("TRUNCATE orders"))
        session.commit()
    assert said(store) == [("tester", "cleaning")] * 2


def test_a_statements_own_options_come_first(engine: Engine, store: str) -> None:
    with Session(engine, info={"backstop_actor": "a", "backstop_allow": "b"}) as session:
        session.execute(delete(Order), execution_options={"backstop_actor": "c"})
        session.commit()
    assert said(store) == [("c", "b")]


def test_it_ends_with_the_session(engine: Engine, store: str) -> None:
    with engine.connect() as connection:
        with Session(connection, info={"backstop_allow": "cleaning"}) as session:
            session.execute(delete(Order))
            session.rollback()
        connection.rollback()
        with pytest.raises(backstop.StatementBlocked):
            connection.execute(delete(Order))


def test_contexts_reach_what_a_session_sends(engine: Engine, store: str) -> None:
    with Session(engine) as session:
        session.add(Order(id=8))
        with backstop.context(actor="agent"), backstop.allow("ticket 4711"):
            session.execute(delete(Order))
            session.commit()
    assert said(store) == [("agent", "ticket 4711")]
