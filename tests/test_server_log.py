"""The server's own log is the judge: whatever it ran, Backstop recorded or sent itself."""

from __future__ import annotations

import logging
import re

import pytest
from psycopg2 import extras, sql

import backstop

_LOGGED = re.compile(r"LOG:  (?:statement|execute [^:]+): (.*)")
# What the driver sends of its own accord; its calls pass the guard as commit() and rollback().
_DRIVER = re.compile(r"(BEGIN|COMMIT|ROLLBACK)\b.*")


def application(db):
    """Use a connection in as many ways as a small application does."""
    with db, db.cursor() as cursor:
        cursor.execute("CREATE TABLE item (id int PRIMARY KEY, name text)")
        cursor.executemany("INSERT INTO item VALUES (%s, %s)", [(1, "a"), (2, "b%")])
        extras.execute_values(cursor, "INSERT INTO item VALUES %s", [(3, "c"), (4, "d")])
        extras.execute_batch(
            cursor, "UPDATE item SET name = %s WHERE id = %s", [("x", 1), ("y", 2)]
        )
        cursor.execute(sql.SQL("SELECT {} FROM item").format(sql.Identifier("name")))
        assert len(cursor.fetchall()) == 4
    with db, db.cursor().connection.cursor(cursor_factory=extras.RealDictCursor) as cursor:
        cursor.execute(b"SELECT id FROM item WHERE name = 'b%%' OR id = %s", (3,))
        assert cursor.fetchone() == {"id": 3}
        cursor.callproc("lower", ["ABC"])
    with db, db.cursor("server_side") as cursor:
        cursor.execute("SELECT generate_series(1, 10)")
        assert cursor.fetchmany(3) == [(1,), (2,), (3,)]
    with db, db.cursor() as cursor:
        cursor.execute("DELETE FROM item WHERE id = %(id)s", {"id": 4})
        cursor.execute("SAVEPOINT s; TRUNCATE item; ROLLBACK TO s")
        cursor.execute("DELETE FROM item")
        cursor.execute("DROP TABLE item")


@pytest.mark.parametrize("mode", ["protect", "monitor"])
def test_no_statement_reaches_the_server_unrecorded(mode, connect, store, caplog, postgres_server):
    if postgres_server.log_path is None:
        pytest.skip("the server is not ours, and neither is its log")
    marker = f"test_{id(caplog)}"
    raw = connect(application_name=marker)
    raw.cursor().execute("SET log_statement = 'all'")
    raw.commit()
    start = postgres_server.log_path.stat().st_size
    with caplog.at_level(logging.DEBUG, logger="backstop.statement"):
        application(backstop.guard(raw, storage=store, actor="app", mode=mode))
    with postgres_server.log_path.open(encoding="utf-8") as log:
        log.seek(start)
        ran = [match[1] for line in log if marker in line and (match := _LOGGED.search(line))]
    recorded = [record.backstop["db.operation.name"] for record in caplog.records]
    unknown = [
        text
        for text in ran
        if not text.startswith("/* backstop */") and not _DRIVER.fullmatch(text)
    ]
    # FETCH and CLOSE of a server-side cursor are the driver's part of a statement on record.
    unknown = [text for text in unknown if not re.match(r'FETCH FORWARD|CLOSE "server_side"', text)]
    # An executemany is one event, however many sets of parameters it has: two here. So is what is
    # run, taken back and run again, to see what goes with a table.
    again = ["DROP TABLE item"] if mode == "protect" else []
    assert unknown.count("DROP TABLE item") == 1 + len(again)
    assert len(unknown) == len(recorded) + 1 + len(again)
    assert recorded[-3:] == ["TRUNCATE", "DELETE", "DROP TABLE"]
    assert any(text.startswith("/* backstop */") for text in ran) is (mode == "protect")
