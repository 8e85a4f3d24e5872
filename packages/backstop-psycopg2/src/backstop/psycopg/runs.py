"""The driver's own run of one statement, in the forms that a guard needs.

A statement that just runs is run as the driver does it. One that is saved or watched has to be
over when its run returns, and may be run again.
"""

from __future__ import annotations

from typing import Any, Callable

import psycopg

from backstop.drivers import psycopg_statements as statements
from backstop.psycopg import calls, pipelines
from backstop.psycopg.calls import Call
from backstop.psycopg.held import HeldCopy, HeldStream
from backstop.psycopg.pipelines import Wait
from backstop.statement import Statement

Held = Callable[[Any], None]


def statement_of(call: Call) -> Statement | None:
    """Return the statement that a cursor is about to send; None for what psycopg will refuse."""
    cursor = call.owner
    query = call.argument(0, "statement" if call.name == calls.COPY else "query")
    if call.name == calls.EXECUTE:
        return statements.single(cursor, query, call.argument(1, "params"))
    if call.name in calls.EXECUTE_MANY:
        # They are read here, and may be needed again.
        sets = list(call.argument(1, "params_seq"))
        call.replace(1, "params_seq", sets)
        return statements.many(cursor, query, sets) if sets else None
    parameters = call.argument(1, "params")
    if call.name == calls.DECLARE:
        return statements.declared(cursor, query, parameters)
    if call.name == calls.COPY:
        return statements.copied(cursor, query, parameters)
    return statements.single(cursor, query, parameters)


class Run:
    """One statement's run."""

    def __init__(self, connection: psycopg.Connection[Any], wait: Wait, call: Call) -> None:
        self.held: HeldCopy | HeldStream | None = None
        self._connection = connection
        self._wait = wait
        self._call = call

    def as_the_driver(self) -> None:
        """Run it, or begin it, or queue it, as the driver would."""
        self._wait(self._call.generator())
        pipeline = self._connection._pipeline
        if pipeline is not None and pipelines.is_of_executemany(self._connection):
            # The driver does so next: its errors are the statement's.
            self._wait(pipeline._sync_gen())

    def as_a_whole(self) -> None:
        """Run it to its end; what it answers in pieces is held. Only outside of a pipeline."""
        connection, wait, call = self._connection, self._wait, self._call
        self.held = None
        if call.name in calls.EXECUTE_MANY:
            with pipelines.inside(connection, wait):
                wait(call.generator())
            return
        wait(call.generator())
        if call.name == calls.STREAM:
            self.held = HeldStream(connection, wait)
        elif (
            call.name == calls.COPY and call.owner.pgresult.status == psycopg.pq.ExecStatus.COPY_OUT
        ):
            self.held = HeldCopy(connection, wait)

    def rows(self) -> int | None:
        """Return the rows that the statement has touched, None where that is unknown."""
        if self.held is not None:
            return self.held.rows
        cursor = self._call.owner
        if self._call.name in calls.EXECUTE_MANY and not cursor._results:
            return int(cursor.rowcount)
        if self._call.name in calls.EXECUTE_MANY:
            return sum(result.command_tuples or 0 for result in cursor._results)
        rows: int | None = cursor._results[-1].command_tuples if cursor._results else None
        return rows
