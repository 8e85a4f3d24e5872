"""What Backstop adds to ordinary statements, beside what OpenTelemetry's instrumentation adds.

python -m benchmarks.statements [--json] [--check] [--write] [--rounds N]

Processor time of this process, over a unix socket to an embedded PostgreSQL, where nobody takes
the events of either: OpenTelemetry has no SDK, so that its spans go nowhere. Client and server
run on one core.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing, contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import psycopg2
import sqlalchemy
from opentelemetry.instrumentation.psycopg2 import Psycopg2Instrumentor
from opentelemetry.instrumentation.sqlalchemy import SQLAlchemyInstrumentor
from psycopg2 import extensions
from rich.console import Console
from rich.table import Table
from sqlalchemy.orm import Session

import backstop
from backstop.embedded import EmbeddedServer
from benchmarks import statements_django
from benchmarks.report import Report, compared, installed, write
from benchmarks.side_by_side import Bound, Case, measure, on_one_core

PLAIN, MONITOR, PROTECT, TELEMETRY = "plain", "monitor", "protect", "OpenTelemetry"
CONTESTANTS = (MONITOR, PROTECT, TELEMETRY, PLAIN)
ROWS = 1_000
# What a guard may add, in microseconds a statement, and of what telemetry adds.
MOST_ADDED = {"psycopg2": 5.0, "SQLAlchemy": 15.0, "Django": 5.0}
MOST_FOR_LITERALS = 20.0
MOST_OF_TELEMETRY = 0.25

# A schema for each contestant: in transactions that stay open, they would wait for each other.
_SETUP = f"""
CREATE SCHEMA {{0}}; SET search_path = {{0}};
CREATE TABLE items (id int PRIMARY KEY, name text, total numeric);
INSERT INTO items SELECT g, 'name ' || g, g * 0.37 FROM generate_series(1, {ROWS}) AS g;
CREATE TABLE written (id int, name text);
"""

Run = Callable[[str], object]
Statements = dict[str, Run]


@dataclass(frozen=True)
class Kind:
    """One kind of statement: how often it is run at once, and whether its text is always new."""

    name: str
    batch: int
    new_text: bool = False


SELECT_ONE, BY_KEY, UPDATE = Kind("SELECT 1", 300), Kind("SELECT by key", 300), Kind("UPDATE", 200)
LITERAL = Kind("SELECT by key, as a literal", 300, new_text=True)
MANY, PAGE = Kind("executemany of 1,000", 6), Kind("a page of 100 objects", 100)


@dataclass(frozen=True)
class Row:
    """What a statement of a library takes: microseconds of processor time, by contestant."""

    library: str
    kind: Kind
    times: dict[str, float]

    def added(self, name: str) -> float:
        """Return what a contestant takes more than the plain library."""
        return self.times[name] - self.times[PLAIN]

    @property
    def allowed(self) -> float:
        """What the guard may add."""
        if self.kind.new_text:
            return MOST_FOR_LITERALS
        return min(MOST_ADDED[self.library], MOST_OF_TELEMETRY * self.added(TELEMETRY))

    @property
    def holds(self) -> bool:
        """Whether it stays within what it may add, in both modes."""
        return max(self.added(MONITOR), self.added(PROTECT)) <= self.allowed


def _key(text: str) -> int:
    return int(text) % ROWS + 1


def by_cursor(connection: Any) -> Statements:
    """Return what runs each kind of statement by a cursor of a connection's."""
    cursor = connection.cursor()
    many = [(number, "a name") for number in range(1_000)]

    def fetched(sql: str, values: Any = None) -> object:
        cursor.execute(sql, values)
        return cursor.fetchall()

    return {
        SELECT_ONE.name: lambda _: fetched("SELECT 1"),
        BY_KEY.name: lambda text: fetched("SELECT * FROM items WHERE id = %s", (_key(text),)),
        LITERAL.name: lambda text: fetched(f"SELECT * FROM items WHERE id = {text}"),
        UPDATE.name: lambda text: cursor.execute(
            "UPDATE items SET name = %s WHERE id = %s", (text, _key(text))
        ),
        MANY.name: lambda _: cursor.executemany("INSERT INTO written VALUES (%s, %s)", many),
    }


class Base(sqlalchemy.orm.DeclarativeBase):
    """What SQLAlchemy's objects are made of."""


class Item(Base):
    """A row of the table that is read."""

    __tablename__ = "items"
    id: sqlalchemy.orm.Mapped[int] = sqlalchemy.orm.mapped_column(primary_key=True)
    name: sqlalchemy.orm.Mapped[str]
    total: sqlalchemy.orm.Mapped[float]


def of_sqlalchemy(engine: sqlalchemy.Engine, entered: ExitStack) -> Statements:
    """Return what runs each kind of statement on a connection of an engine."""
    connection = entered.enter_context(engine.connect())
    items: Any = sqlalchemy.inspect(Item).local_table
    written = sqlalchemy.table("written", sqlalchemy.column("id"), sqlalchemy.column("name"))
    one: sqlalchemy.Select[Any] = sqlalchemy.select(sqlalchemy.literal_column("1"))
    by_key = sqlalchemy.select(items).where(items.c.id == sqlalchemy.bindparam("key"))
    update = (
        sqlalchemy.update(items)
        .where(items.c.id == sqlalchemy.bindparam("key"))
        .values(name=sqlalchemy.bindparam("new"))
    )
    insert = sqlalchemy.insert(written)
    many = [{"id": number, "name": "a name"} for number in range(1_000)]

    def page(_: str) -> object:
        with Session(connection) as session:
            return session.scalars(sqlalchemy.select(Item).limit(100)).all()

    return {
        SELECT_ONE.name: lambda _: connection.execute(one).all(),
        BY_KEY.name: lambda text: connection.execute(by_key, {"key": _key(text)}).all(),
        LITERAL.name: lambda text: connection.exec_driver_sql(
            f"SELECT * FROM items WHERE id = {text}"
        ).all(),
        UPDATE.name: lambda text: connection.execute(update, {"key": _key(text), "new": text}),
        MANY.name: lambda _: connection.execute(insert, many),
        PAGE.name: page,
    }


@contextmanager
def psycopg2_contestants(dsn: str, settings: dict[str, Any]) -> Iterator[dict[str, Statements]]:
    """Connect once for each contestant."""
    with ExitStack() as entered:
        raw = {
            name: entered.enter_context(closing(psycopg2.connect(_own(dsn, name))))
            for name in CONTESTANTS
        }
        instrument = Psycopg2Instrumentor().instrument_connection
        yield {
            MONITOR: by_cursor(backstop.guard(raw[MONITOR], mode="monitor", **settings)),
            PROTECT: by_cursor(backstop.guard(raw[PROTECT], mode="protect", **settings)),
            TELEMETRY: by_cursor(instrument(raw[TELEMETRY])),
            PLAIN: by_cursor(raw[PLAIN]),
        }


def _own(dsn: str, name: str) -> str:
    """Return a connection string by which a contestant has tables of its own."""
    return f"{dsn} options=-csearch_path={name.lower()}"


@contextmanager
def sqlalchemy_contestants(dsn: str, settings: dict[str, Any]) -> Iterator[dict[str, Statements]]:
    """Make an engine for each contestant."""

    def engine(name: str) -> sqlalchemy.Engine:
        query = extensions.parse_dsn(_own(dsn, name))
        user = query.pop("user")
        made = sqlalchemy.create_engine(
            sqlalchemy.URL.create("postgresql+psycopg2", username=user, query=query)
        )
        entered.callback(made.dispose)
        return made

    with ExitStack() as entered:
        engines = {name: engine(name) for name in CONTESTANTS}
        backstop.protect_engine(engines[MONITOR], mode="monitor", **settings)
        backstop.protect_engine(engines[PROTECT], mode="protect", **settings)
        # It takes no later minor version of SQLAlchemy than it knows.
        SQLAlchemyInstrumentor().instrument(engine=engines[TELEMETRY], skip_dep_check=True)
        entered.callback(SQLAlchemyInstrumentor().uninstrument)
        yield {name: of_sqlalchemy(made, entered) for name, made in engines.items()}


@contextmanager
def django_contestants(dsn: str, settings: dict[str, Any]) -> Iterator[dict[str, Statements]]:
    """Make a connection of Django's for each contestant."""
    dsns = {name: _own(dsn, name) for name in CONTESTANTS}
    modes = {name: name if name in (MONITOR, PROTECT) else None for name in CONTESTANTS}
    with statements_django.connections_of(dsns, modes, settings) as found:
        statements_django.instrument(found[TELEMETRY])
        yield {
            name: {**by_cursor(one), PAGE.name: statements_django.page_of(one)}
            for name, one in found.items()
        }


LIBRARIES = {
    "psycopg2": psycopg2_contestants,
    "SQLAlchemy": sqlalchemy_contestants,
    "Django": django_contestants,
}
KINDS = (SELECT_ONE, BY_KEY, LITERAL, UPDATE, MANY, PAGE)


def set_up(dsn: str) -> None:
    """Make the tables of every contestant."""
    with closing(psycopg2.connect(dsn)) as connection:
        for name in CONTESTANTS:
            connection.cursor().execute(_SETUP.format(name.lower()))
        connection.commit()


def rows(server: EmbeddedServer, folder: Path, rounds: int) -> Iterator[Row]:
    """Measure every kind of statement of every library."""
    # Without a socket's folder, the path would be too long for one.
    dsn = f"host={server.socket_folder or '127.0.0.1'} port={server.port} user=postgres"
    set_up(dsn)
    settings = {"storage": folder.as_uri(), "actor": "benchmark"}
    for library, contestants in LIBRARIES.items():
        with contestants(dsn, settings) as found:
            for kind in KINDS:
                if kind.name not in found[PLAIN]:
                    continue
                runs = {name: statements[kind.name] for name, statements in found.items()}
                case = Case(kind.name, str, kind.batch, Bound(PLAIN, 1.0))
                yield Row(library, kind, measure(case, runs, rounds).times)


def as_table(found: list[Row]) -> Table:
    """Return the rows for people."""
    table = Table(
        "library", "statement", "plain, µs", *(f"+ {name}" for name in _ADDING), "may add"
    )
    for column in table.columns[2:]:
        column.justify = "right"
    for row in found:
        added = (f"{row.added(name):,.1f}" for name in _ADDING)
        allowed = f"{row.allowed:,.1f}{'' if row.holds else ' BROKEN'}"
        table.add_row(row.library, row.kind.name, f"{row.times[PLAIN]:,.1f}", *added, allowed)
    return table


_ADDING = (MONITOR, PROTECT, TELEMETRY)


def report(found: list[Row]) -> Report:
    """Return what the documentation shows."""
    return Report(
        "statements",
        "What a guard adds to ordinary statements",
        "Processor time that a guard adds to statements that it lets pass, in `monitor` and in "
        "`protect`, and what OpenTelemetry's instrumentation adds that has nowhere to send its "
        "spans, to what the plain library takes; over a unix socket, with client and server on one "
        "core.",
        "microseconds a statement",
        {
            f"{row.library}: {row.kind.name}": {
                PLAIN: row.times[PLAIN],
                **{f"+ {name}": max(0.0, row.added(name)) for name in _ADDING},
            }
            for row in found
        },
    )


def main(arguments: list[str] | None = None) -> int:
    """Measure and show; with --check the exit code says whether the bounds hold."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--json", action="store_true", help="print JSON in place of a table")
    parser.add_argument("--check", action="store_true", help="exit with 1 if a bound is broken")
    parser.add_argument("--write", action="store_true", help="write the documentation's page")
    parser.add_argument("--rounds", type=int, default=15, help="how often it is measured")
    options = parser.parse_args(arguments)
    with on_one_core(), EmbeddedServer() as server, TemporaryDirectory() as folder:
        found = list(rows(server, Path(folder), options.rounds))
        version = server.version
    if options.json:
        print(json.dumps([{**asdict(row), "holds": row.holds} for row in found], indent=2))
    else:
        Console(width=120, highlight=False).print(as_table(found))
        print(*compared(report(found)), sep="\n")
    if options.write:
        names = ("psycopg2-binary", "SQLAlchemy", "Django", "opentelemetry-instrumentation")
        write(report(found), {"PostgreSQL": version, **installed(*names)})
    return 1 if options.check and not all(row.holds for row in found) else 0


if __name__ == "__main__":
    sys.exit(main())
