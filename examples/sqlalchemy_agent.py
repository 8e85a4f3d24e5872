"""A small shop on SQLAlchemy, and an agent that may ask it anything in SQL.

    DATABASE_URL=postgresql://… python examples/sqlalchemy_agent.py file:///tmp/snapshots

The shop's own engine is guarded in mode "protect": whatever it deletes, it can take back. The agent
gets a second engine on the same database, in mode "block": it is told why a statement is refused,
and what a person has approved runs with the reason on record. No model is asked here: the agent's
statements stand in a list.
"""

from __future__ import annotations

import os
import sys

import sqlalchemy
from sqlalchemy import Engine, ForeignKey, delete, func, select, text
from sqlalchemy.orm import DeclarativeBase, Mapped, Session, mapped_column

import backstop


class Base(DeclarativeBase):
    """What the shop's tables have in common."""


class Customer(Base):
    """Who orders."""

    __tablename__ = "customers"
    id: Mapped[int] = mapped_column(primary_key=True)
    email: Mapped[str]


class Order(Base):
    """What was ordered."""

    __tablename__ = "orders"
    id: Mapped[int] = mapped_column(primary_key=True)
    customer_id: Mapped[int] = mapped_column(ForeignKey("customers.id", ondelete="CASCADE"))
    total: Mapped[int]


def run_sql(engine: Engine, statement: str) -> str:
    """Run one statement of the agent's, and answer in words that it can act on."""
    try:
        with engine.begin() as connection:
            done = connection.execute(text(statement))
            return str(done.fetchmany(20)) if done.returns_rows else f"{done.rowcount} rows"
    except backstop.StatementBlocked as refused:
        return f"Refused: {refused}"
    except sqlalchemy.exc.DBAPIError as error:
        return f"Error: {error.orig}"


AGENT = [
    "SELECT count(*) FROM orders",
    "UPDATE orders SET total = 0",
    "DELETE FROM orders WHERE true",
    "DROP TABLE customers CASCADE",
    "UPDATE orders SET total = 5 WHERE id = 1",
]


def main(storage: str) -> None:
    """Fill the shop, let the agent work, and take back what the shop has deleted itself."""
    url = sqlalchemy.make_url(os.environ["DATABASE_URL"]).set(drivername="postgresql+psycopg2")
    plain = sqlalchemy.create_engine(url)
    for_agent = backstop.protect_engine(
        plain, storage=storage, actor="agent", mode="block", in_place=False
    )
    shop = backstop.protect_engine(plain, storage=storage, actor="shop")

    Base.metadata.create_all(shop)
    with Session(shop) as session:
        session.add_all(Customer(id=number, email=f"{number}@example.org") for number in (1, 2, 3))
        session.flush()
        session.add_all(
            Order(id=number, customer_id=number % 3 + 1, total=number) for number in range(1, 10)
        )
        session.commit()

    for statement in AGENT:
        print(f"agent> {statement}\n{run_sql(for_agent, statement)}")

    with backstop.allow(reason="approved by alice"):
        print(f"approved> {run_sql(for_agent, 'DELETE FROM orders WHERE true')}")

    with Session(shop, info={"backstop_actor": "closing"}) as session:
        session.execute(delete(Customer))
        session.commit()

    for snapshot in reversed(backstop.snapshots.list(storage)):
        print(f"restoring {snapshot.operation} by {snapshot.actor}: {snapshot.rows} rows")
        backstop.restore(snapshot.id, storage=storage, dsn=os.environ["DATABASE_URL"])
    with Session(shop) as session:
        customers = session.scalar(select(func.count()).select_from(Customer))
        orders = session.scalar(select(func.count()).select_from(Order))
        print(f"{customers} customers, {orders} orders")
    for engine in (shop, for_agent):
        engine.dispose()


if __name__ == "__main__":
    main(sys.argv[1])
