"""The story: one agent, three modes, two disasters, and everything back."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager
from typing import TYPE_CHECKING

import psycopg2
from rich.console import Console
from rich.text import Text

import backstop
from backstop.cli._restored import print_plan
from backstop.cli.listing import summaries_table
from backstop.cli.progress import progress_bar
from backstop.demo._place import Place, open_place
from backstop.demo._report import Checksum, DemoReport, TableProof
from backstop.demo._shop import (
    CUSTOMERS,
    ORDERS,
    SCHEMA,
    TABLES,
    checksums,
    open_shop,
    structure_problems,
)
from backstop.demo._stage import Stage
from backstop.storage import open_storage

if TYPE_CHECKING:
    from psycopg2.extensions import connection as Connection  # noqa: N812

    from backstop.psycopg2 import GuardedConnection
    from backstop.snapshots import SnapshotSummary

ACTOR = "demo-agent"
_DELETE = f"DELETE FROM {ORDERS}"
_DROP = f"DROP TABLE {CUSTOMERS} CASCADE"


def run(console: Console, *, dsn: str | None = None, storage: str | None = None) -> DemoReport:
    """Run the demo on an embedded PostgreSQL and a temporary folder, or on the user's own.

    Nothing stays behind but the snapshots in a storage of the user's. Raises BackstopError where
    it can't begin.
    """
    started = time.monotonic()
    stage = Stage(console)
    stage.title(
        "Backstop demo", "An agent destroys a small shop. Backstop saves it, and brings it back."
    )
    with ExitStack() as owned:
        with console.status("Opening the shop …"):
            place = owned.enter_context(open_place(dsn, storage))
            owned.enter_context(open_shop(place.dsn))
            owner = owned.enter_context(closing(psycopg2.connect(place.dsn)))
        tables, taken, problems = _Story(stage, place, owner).tell()
        if place.keeps_snapshots:
            _say_what_stays(stage, place, taken)
    report = DemoReport(tables, taken, tuple(problems), time.monotonic() - started)
    _conclude(stage, report)
    return report


class _Story:
    """The acts, in order; ``owner`` is the shop's own connection, which no guard watches."""

    def __init__(self, stage: Stage, place: Place, owner: Connection) -> None:
        self.stage = stage
        self.place = place
        self.owner = owner
        self.problems: list[str] = []

    def tell(self) -> tuple[tuple[TableProof, ...], tuple[str, ...], list[str]]:
        """Play every act; returns what it proves, the snapshots' ids, and what went wrong."""
        before = self.open()
        self.monitor()
        self.block()
        earlier = {summary.id for summary in backstop.snapshots.list(self.place.storage)}
        self.protect()
        destroyed = checksums(self.owner)
        self.show_damage(before, destroyed)
        taken = self.snapshots(earlier)
        self.restore(taken)
        proofs = self.prove(before, destroyed)
        return proofs, tuple(summary.id for summary in taken), self.problems

    def open(self) -> dict[str, Checksum]:
        """Show the shop as it is before anything happens."""
        self.stage.act(1, "The shop")
        server = self.place.server
        self.stage.say(
            f"An embedded PostgreSQL {server}, thrown away afterwards."
            if server
            else f"Your database, in a schema of its own: {SCHEMA}."
        )
        found = checksums(self.owner)
        self.stage.show(
            ("table", "rows", "checksum"),
            [(name, _rows(found[name]), _short(found[name])) for name in TABLES],
        )
        return found

    def monitor(self) -> None:
        """Let the agent delete, under a guard that only looks; then roll back."""
        self.stage.act(2, "Mode monitor: log it, let it run")
        with self.guarded("monitor") as agent:
            rows = self.send(agent, _DELETE)
            self.stage.say(f"It ran: {rows:,} rows deleted, nothing saved.", "red")
            agent.rollback()
            self.stage.say("This once, the agent's transaction is rolled back.")

    def block(self) -> None:
        """Let the agent delete, under a guard that refuses."""
        self.stage.act(3, "Mode block: refuse it")
        with self.guarded("block") as agent:
            try:
                self.send(agent, _DELETE)
            except backstop.StatementBlocked as error:
                self.stage.error(error)
            else:
                self.problems.append(f"Mode block let this through: {_DELETE}")
                agent.rollback()

    def protect(self) -> None:
        """Let the agent destroy two tables for good, under a guard that saves them first."""
        self.stage.act(4, "Mode protect: save it, let it run")
        with self.guarded("protect") as agent:
            for sql in (_DELETE, _DROP):
                self.send(agent, sql)
                agent.commit()
        self.stage.say("Both committed. The agent got no error; the shop is gone:", "red")

    def show_damage(self, before: dict[str, Checksum], destroyed: dict[str, Checksum]) -> None:
        """Show what the agent left."""
        self.stage.show(
            ("table", "rows before", "rows now"),
            [(name, _rows(before[name]), _rows(destroyed[name])) for name in TABLES],
        )

    def snapshots(self, earlier: set[str]) -> list[SnapshotSummary]:
        """List what Backstop saved since, as `backstop snapshots list` does."""
        self.stage.act(5, "The snapshots")
        taken = [
            summary
            for summary in backstop.snapshots.list(self.place.storage)
            if summary.id not in earlier and summary.actor == ACTOR
        ]
        console = self.stage.console
        console.print(summaries_table(taken, console.width))
        if len(taken) != 2:
            self.problems.append(f"There are {len(taken)} snapshots of 2 statements.")
        return taken

    def restore(self, taken: list[SnapshotSummary]) -> None:
        """Bring every snapshot back, newest first, as `backstop restore` does."""
        self.stage.act(6, "The way back, newest first")
        console = self.stage.console
        for summary in reversed(taken):
            storage, dsn = self.place.storage, self.place.dsn
            planned = backstop.restore(summary.id, storage=storage, dsn=dsn, dry_run=True)
            print_plan(console, planned.plan)
            with progress_bar(console) as progress:
                report = backstop.restore(summary.id, storage=storage, dsn=dsn, progress=progress)
            rows = sum(table.inserted + table.updated for table in report.tables)
            self.stage.say(
                f"Put back {rows:,} rows and {len(report.created)} objects in one transaction.",
                "green",
            )
            if not report.complete:
                self.problems.append(f"Snapshot {summary.id} did not come back as a whole.")
                self.problems += [*report.conflicts, *report.problems, *report.plan.not_covered]
            if summary is not taken[0]:
                console.print()

    def prove(
        self, before: dict[str, Checksum], destroyed: dict[str, Checksum]
    ) -> tuple[TableProof, ...]:
        """Compare the tables with what they were, and try their keys."""
        self.stage.act(7, "The proof")
        after = checksums(self.owner)
        proofs = tuple(
            TableProof(name, before[name], destroyed[name], after[name]) for name in TABLES
        )
        self.stage.show(
            ("table", "rows", "checksum before", "checksum after", "same"),
            [
                (
                    proof.name,
                    _rows(proof.after),
                    _short(proof.before),
                    _short(proof.after),
                    Text("✓", style="bold green") if proof.same else Text("NO", style="bold red"),
                )
                for proof in proofs
            ],
        )
        structure = structure_problems(self.owner)
        if not structure:
            self.stage.say("Keys and counters work: an order without a customer is refused again.")
        self.problems += structure
        return proofs

    @contextmanager
    def guarded(self, mode: str) -> Iterator[GuardedConnection]:
        """Give the agent a connection of its own under guard, and show Backstop's log meanwhile."""
        with closing(psycopg2.connect(self.place.dsn)) as connection, self.stage.showing_the_log():
            # One line, on a connection that the application has anyway: this is all of it.
            yield backstop.guard(
                conn=connection, storage=self.place.storage, actor=ACTOR, mode=mode
            )

    def send(self, agent: GuardedConnection, sql: str) -> int:
        """Send one statement as the agent does; returns its number of rows."""
        self.stage.statement(sql)
        with agent.cursor() as cursor:
            cursor.execute(sql)
            return cursor.rowcount


def _say_what_stays(stage: Stage, place: Place, taken: tuple[str, ...]) -> None:
    stage.say(
        f"The demo's {len(taken)} snapshots stay in {open_storage(place.storage).url}, which is "
        "yours. `backstop snapshots prune --keep-within AGE` removes them with everything else "
        "there that is older than AGE."
    )


def _conclude(stage: Stage, report: DemoReport) -> None:
    for problem in report.problems:
        stage.say(problem, "bold red")
    if report.complete:
        sentence = f"Everything came back: all {len(report.tables)} tables, to the last byte."
    else:
        lost = [table.name for table in report.tables if not table.same]
        sentence = f"NOT everything came back. {', '.join(lost) or 'See above.'}"
    stage.verdict(f"{sentence} {report.seconds:.1f} s.", good=report.complete)


def _rows(checksum: Checksum) -> str:
    return "dropped" if checksum.rows is None else f"{checksum.rows:,}"


def _short(checksum: Checksum) -> str:
    return checksum.md5[:12] if checksum.md5 else "none"
