"""Every way in which one action of a rival can fall between the steps of a guarded statement.

The judge is independent of what Backstop saves: a rival's action that the server let through had
no effect on a row that the statement touched, so that a restore must give the contents that the
action alone makes of the tables.
"""

from __future__ import annotations

import os
import threading
from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import psycopg2
from psycopg2 import errors

import backstop
from backstop.psycopg2.proxy import ConnectionProxy
from backstop.settings import build_settings
from testing.steps import STORE, Step, Steps

if TYPE_CHECKING:
    from collections.abc import Iterator

    from psycopg2.extensions import connection as Connection  # noqa: N812

    from backstop.recovery import RestoreReport
    from backstop.snapshots import Snapshot
    from testing.contents import Contents, Tables

# How long a rival that holds its transaction open keeps the statement waiting.
_HELD_SECONDS = 0.02
# What a lock of somebody else's answers to a rival that doesn't wait.
_REFUSED = (errors.LockNotAvailable, errors.DeadlockDetected, errors.UndefinedTable)


@dataclass(frozen=True)
class Action:
    """What a rival does, once; ``held`` commits it only when the statement has had to wait."""

    name: str
    sql: str
    held: bool = False

    @property
    def changes_tables(self) -> bool:
        """Whether it leaves other tables than there were."""
        return not self.sql.startswith(("SELECT", "INSERT", "UPDATE", "DELETE", "TRUNCATE"))


@dataclass
class Run:
    """What came of one guarded statement among its rival's actions.

    ``acted`` counts the actions that the server let through; ``first`` is the number of the step
    before which the first was, None without one.
    """

    acted: int = 0
    first: int | None = None
    error: BaseException | None = None
    steps: int = 0
    snapshots: list[Snapshot] = field(default_factory=list)
    reports: list[RestoreReport] = field(default_factory=list)
    after: Contents = field(default_factory=Counter)
    restored: Contents = field(default_factory=Counter)

    @property
    def admits_a_gap(self) -> bool:
        """Whether some snapshot says that it may not hold everything."""
        return any(report.plan.not_covered for report in self.reports)


class Rival:
    """Another connection, which never waits for a lock."""

    def __init__(self, connection: Connection) -> None:
        self.connection = connection
        connection.autocommit = True
        connection.cursor().execute("SET lock_timeout = '1ms'")
        self._timer: threading.Timer | None = None

    def try_to(self, action: Action) -> bool:
        """Do it, unless a lock stands in its way; tell whether it was done."""
        cursor = self.connection.cursor()
        try:
            cursor.execute(f"BEGIN; {action.sql}")
        except _REFUSED:
            cursor.execute("ROLLBACK")
            return False
        if action.held:
            self._timer = threading.Timer(_HELD_SECONDS, cursor.execute, ["COMMIT"])
            self._timer.start()
        else:
            cursor.execute("COMMIT")
        return True

    def finish(self) -> None:
        """Wait until everything is committed."""
        if self._timer is not None:
            self._timer.join()
            self._timer = None


class Interleaving:
    """One database in which statements run among actions of a rival, again and again."""

    def __init__(self, dsn: str, store: str, tables: Tables, steps: Steps) -> None:
        self._store = store
        self._tables = tables
        self._steps = steps
        self._runs = 0
        self._changed = False
        self._rival = Rival(psycopg2.connect(dsn))
        self._raw = psycopg2.connect(dsn)

    def close(self) -> None:
        """Close the connections."""
        self._rival.finish()
        for connection in (self._raw, self._rival.connection):
            connection.close()

    def runs(self, sql: str, action: Action, *, stride: int = 1, **options: Any) -> Iterator[Run]:
        """Run a statement once for each step before which the rival's action can fall.

        An action that a lock refuses is tried again before each later step, and the next run goes
        on ``stride`` steps behind where it was let through. The last run is without an action.
        The variable ``BACKSTOP_PROOF_EVERY_STEP`` makes every stride one step.
        """
        first = 1
        if os.environ.get("BACKSTOP_PROOF_EVERY_STEP"):
            stride = 1
        while True:
            run = self.run(sql, action, first, **options)
            yield run
            if run.first is None:
                return
            first = run.first + stride

    def run(
        self,
        sql: str,
        action: Action,
        first: int,
        *,
        counter: Action | None = None,
        isolation: str = "READ COMMITTED",
        autocommit: bool = False,
    ) -> Run:
        """Run a statement, with the action before its step ``first`` or the next one possible.

        With ``counter``, the rival goes on before every later step: that, the action again, …
        """
        self._tables.reset(redefine=self._changed)
        self._changed = action.changes_tables
        self._runs += 1
        run = Run()
        store = f"{self._store}/{self._runs}"
        self._raw.set_session(isolation_level=isolation, autocommit=autocommit)
        # A guard for each run: what it knows of an earlier one would save it steps.
        guarded = ConnectionProxy(
            self._raw,
            build_settings(store, "tester", snapshot_at="LOW", on_snapshot_failure="raise"),
        )

        def act(step: Step) -> None:
            if step.kind == STORE or "COMMIT" in step.text:
                return
            run.steps += 1
            turn = action if run.acted % 2 == 0 else counter
            if run.steps >= first and turn and self._rival.try_to(turn):
                run.acted += 1
                run.first = run.first or run.steps

        self._steps.watch(act)
        try:
            guarded.cursor().execute(sql)
            if not autocommit:
                act(Step("end", ""))
        except (psycopg2.Error, backstop.BackstopError) as error:
            run.error = error
        finally:
            self._steps.watch(None)
        guarded.rollback() if run.error else guarded.commit()
        self._rival.finish()
        run.after = self._tables.contents()
        self._restore(run, store)
        return run

    def _restore(self, run: Run, store: str) -> None:
        for summary in reversed(backstop.snapshots.list(store)):
            run.snapshots.append(backstop.snapshots.show(summary.id, store))
            run.reports.append(
                backstop.restore(summary.id, storage=store, conn=self._tables.connection)
            )
        run.restored = self._tables.contents()
