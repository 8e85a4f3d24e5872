"""Statements of a guarded psycopg 3 connection: saved, run once, and brought back."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Callable

import psycopg
import pytest
from psycopg import rows, sql

import backstop
from testing.dumps import dump
from testing.guarded import restored

if TYPE_CHECKING:
    from psycopg import Connection

    Work = Callable[[Connection[Any]], Any]

pytestmark = pytest.mark.usefixtures("orders")


def copied_out(connection: Connection[Any]) -> bytes:
    with connection.cursor().copy("COPY (DELETE FROM orders RETURNING id) TO STDOUT") as copy:
        return b"".join(bytes(data) for data in copy)


def piped(connection: Connection[Any]) -> None:
    with connection.pipeline():
        connection.execute("SELECT 1")
        connection.execute("DELETE FROM orders WHERE id > %s", [0])


DESTROYS: dict[str, Work] = {
    "delete": lambda c: c.execute("DELETE FROM orders"),
    "drop": lambda c: c.execute("DROP TABLE orders"),
    "truncate": lambda c: c.cursor().execute(b"TRUNCATE orders"),
    "composed": lambda c: c.execute(sql.SQL("DROP TABLE {}").format(sql.Identifier("orders"))),
    "bound": lambda c: c.execute("DELETE FROM orders WHERE id > %s", [0]),
    "bound by name": lambda c: c.execute("DELETE FROM orders WHERE id > %(id)b", {"id": 0}),
    "prepared": lambda c: c.execute("DELETE FROM orders WHERE id > %s", [0], prepare=True),
    "raw": lambda c: psycopg.RawCursor(c).execute("DELETE FROM orders WHERE id > $1", [0]),
    "client": lambda c: psycopg.ClientCursor(c).execute("DELETE FROM orders WHERE id > %s", [0]),
    "stacked": lambda c: c.execute("SELECT 1; DELETE FROM orders; SELECT 2"),
    "dictionary": lambda c: c.cursor(row_factory=rows.dict_row).execute("DELETE FROM orders"),
    "many": lambda c: c.cursor().executemany(
        "DELETE FROM orders WHERE id > %s AND id <= %s", [(0, 4), (4, 9)]
    ),
    "many returning": lambda c: c.cursor().executemany(
        "DELETE FROM orders WHERE id > %s RETURNING id", [(3,), (0,)], returning=True
    ),
    "stream": lambda c: list(c.cursor().stream("DELETE FROM orders RETURNING *")),
    "copy": copied_out,
    "pipeline": piped,
    "cursor that writes": lambda c: c.execute("WITH d AS (DELETE FROM orders RETURNING *) TABLE d"),
}


@pytest.mark.parametrize("autocommit", [True, False])
@pytest.mark.parametrize("work", DESTROYS.values(), ids=DESTROYS)
def test_what_it_destroys_comes_back(
    by_psycopg: Callable[..., Connection[Any]],
    work: Work,
    autocommit: bool,
    store: str,
    dsn: str,
) -> None:
    before = dump(dsn)
    connection = by_psycopg(autocommit=autocommit, snapshot_at="LOW")
    work(connection)
    if not autocommit:
        connection.commit()
    connection.close()
    assert dump(dsn) != before
    found = backstop.snapshots.list(store)
    assert [str(one.fate.value) for one in found] == ["committed"] * len(found)
    assert sum(one.rows for one in found) == 7
    restored(store, dsn, lambda: dump(dsn), before)
