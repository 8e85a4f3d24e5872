"""Leaving a pipeline for what can't be in one, and coming back to it.

In pipeline mode the server takes no COPY and no text of several statements, and the state of the
transaction isn't known while something is queued: nothing can be asked or saved there.
"""

from __future__ import annotations

import contextlib
from collections.abc import Generator, Iterator
from contextlib import contextmanager
from typing import Any, Callable

import psycopg
from psycopg import pq

Wait = Callable[[Generator[Any, Any, Any]], Any]


@contextmanager
def outside(connection: psycopg.Connection[Any], wait: Wait) -> Iterator[None]:
    """Run the block out of the connection's pipeline, if it is in one.

    What is queued is sent and its answers are read first, which raises the errors among them.
    """
    pipeline = connection._pipeline
    if pipeline is None:
        yield
        return
    if pipeline.command_queue or pipeline.result_queue:
        wait(pipeline._sync_gen())
    connection.pgconn.exit_pipeline_mode()
    connection._pipeline = None
    try:
        yield
    finally:
        connection._pipeline = pipeline
        if connection.pgconn.status == pq.ConnStatus.OK:
            connection.pgconn.enter_pipeline_mode()


@contextmanager
def inside(connection: psycopg.Connection[Any], wait: Wait) -> Iterator[None]:
    """Run the block in a pipeline of its own; all answers are read when it ends."""
    pipeline = connection._pipeline = psycopg.Pipeline(connection)
    connection.pgconn.enter_pipeline_mode()
    try:
        yield
        wait(pipeline._sync_gen())
    except BaseException:
        with contextlib.suppress(psycopg.Error):
            wait(pipeline._exit_gen())
        raise
    finally:
        connection._pipeline = None
        if connection.pgconn.status == pq.ConnStatus.OK:
            connection.pgconn.exit_pipeline_mode()


def is_of_executemany(connection: psycopg.Connection[Any]) -> bool:
    """Whether the driver itself has begun the connection's pipeline, for one executemany()."""
    pipeline = connection._pipeline
    return pipeline is not None and pipeline._lock is not connection.lock
