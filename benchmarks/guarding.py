"""What a guarded connection or engine adds to a statement that there is nothing to do about.

python -m benchmarks.guarding [--json] [--check] [--write] [--rounds N]

A known text in mode "monitor", over a unix socket to an embedded PostgreSQL, where nobody takes
its events; in this process's own time, as the rest is the server's. Both run on one core.
"""

from __future__ import annotations

import argparse
import json
import platform
import sys
from collections.abc import Sequence
from contextlib import ExitStack, closing
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Callable

import psycopg2
import sqlalchemy

import backstop
import backstop.psycopg2
from backstop.embedded import EmbeddedServer
from benchmarks.report import Report, compared, write
from benchmarks.side_by_side import Bound, Case, Outcome, as_documents, measure, on_one_core, show

TITLE = "What watching a statement takes"
PLAIN, PROXY, SUBCLASS = "psycopg2", "backstop.guard", "backstop.psycopg2.connect"
SEVERAL_MICROSECONDS = Bound(PLAIN, 1.0, over=5.0)


def select_one(_: int) -> str:
    """Return always the same text."""
    return "SELECT 1"


CASE = Case("SELECT 1 in monitor", select_one, 500, SEVERAL_MICROSECONDS)
OVER_CORE = {
    driver: Case(
        "SELECT 1 through Core in monitor",
        select_one,
        500,
        Bound(f"SQLAlchemy, {driver}", 1.0, over=15.0),
    )
    for driver in ("psycopg2", "psycopg")
}


def execute(connection: Any) -> Callable[[str], object]:
    """Return what executes a text on a connection, and fetches its row."""
    cursor = connection.cursor()

    def run(sql: str) -> object:
        cursor.execute(sql)
        return cursor.fetchone()

    return run


def execute_by_core(engine: sqlalchemy.Engine, opened: ExitStack) -> Callable[[str], object]:
    """Return what executes a text on a connection of an engine, and fetches its row."""
    opened.callback(engine.dispose)
    connection = opened.enter_context(engine.connect())

    def run(sql: str) -> object:
        return connection.execute(sqlalchemy.text(sql)).fetchone()

    return run


def outcomes_by_core(
    server: EmbeddedServer, settings: dict[str, Any], rounds: int
) -> list[Outcome]:
    """Measure a guarded engine beside a plain one, through SQLAlchemy's Core."""
    found = []
    for driver, case in OVER_CORE.items():
        query = {"host": str(server.socket_folder or "127.0.0.1"), "port": str(server.port)}
        url = sqlalchemy.URL.create(f"postgresql+{driver}", username="postgres", query=query)
        with ExitStack() as opened:
            guarded = backstop.protect_engine(sqlalchemy.create_engine(url), **settings)
            contestants = {
                f"backstop.protect_engine, {driver}": execute_by_core(guarded, opened),
                case.bound.rival: execute_by_core(sqlalchemy.create_engine(url), opened),
            }
            found.append(measure(case, contestants, rounds))
    return found


def outcomes(server: EmbeddedServer, settings: dict[str, Any], rounds: int) -> list[Outcome]:
    """Measure each form of a guarded connection beside a plain one."""
    # Without a socket's folder, the path would be too long for one.
    dsn = f"host={server.socket_folder or '127.0.0.1'} port={server.port} user=postgres"
    plain, wrapped = psycopg2.connect(dsn), psycopg2.connect(dsn)
    with (
        closing(plain),
        closing(backstop.guard(wrapped, **settings)) as proxy,
        closing(backstop.psycopg2.connect(dsn, **settings)) as subclass,
    ):
        forms = {PROXY: proxy, SUBCLASS: subclass}
        return [
            measure(CASE, {name: execute(form), PLAIN: execute(plain)}, rounds)
            for name, form in forms.items()
        ]


def main(arguments: list[str] | None = None) -> int:
    """Measure and show; with --check the exit code says whether the bound holds."""

    def both(server: EmbeddedServer, settings: dict[str, Any], rounds: int) -> list[Outcome]:
        return outcomes(server, settings, rounds) + outcomes_by_core(server, settings, rounds)

    return run_measurement(both, "guarding", TITLE, __doc__, arguments)


def run_measurement(
    outcomes: Callable[[EmbeddedServer, dict[str, Any], int], list[Outcome]],
    name: str,
    title: str,
    description: str | None,
    arguments: list[str] | None = None,
) -> int:
    """Do as the command line says, with a server and settings for guards.

    ``name`` and ``title`` are those of the report.
    """
    parser = argparse.ArgumentParser(description=(description or "").splitlines()[0])
    parser.add_argument("--json", action="store_true", help="print JSON in place of tables")
    parser.add_argument("--check", action="store_true", help="exit with 1 if a bound is broken")
    parser.add_argument("--write", action="store_true", help="write the documentation's page")
    parser.add_argument("--rounds", type=int, default=15, help="how often it is measured")
    options = parser.parse_args(arguments)
    with on_one_core(), EmbeddedServer() as server, TemporaryDirectory() as folder:
        settings: dict[str, Any] = {
            "storage": Path(folder).as_uri(),
            "actor": "benchmark",
            "mode": "monitor",
        }
        found = outcomes(server, settings, options.rounds)
        if options.json:
            print(json.dumps(as_documents(found), indent=2))
        else:
            print(f"Python {platform.python_version()}, PostgreSQL {server.version}; medians")
            for outcome in found:
                show([outcome])
            print(*compared(report(name, title, found)), sep="\n")
        if options.write:
            write(report(name, title, found), {"PostgreSQL": server.version})
    return 1 if options.check and not all(outcome.holds for outcome in found) else 0


def report(name: str, title: str, outcomes: Sequence[Outcome]) -> Report:
    """Return what the documentation shows, a row for each form of guard."""
    rows = {}
    for outcome in outcomes:
        guarded, plain = outcome.times
        rows[guarded] = {"plain": outcome.times[plain], "guarded": outcome.times[guarded]}
    return Report(
        name,
        title,
        "SELECT 1 over a unix socket, executed and fetched in `monitor` where no logger takes its "
        "event, in this process's time; client and server run on one core.",
        "microseconds a statement",
        rows,
    )


if __name__ == "__main__":
    sys.exit(main())
