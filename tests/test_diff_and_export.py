"""What differs from a snapshot is shown, and its rows are written out, without a restore."""

from __future__ import annotations

import csv
import io
import json

import pytest

import backstop
from backstop.cli import main
from testing.dumps import dump

SHOP = r"""
CREATE SCHEMA shop;
CREATE TABLE shop.users (
    id int GENERATED ALWAYS AS IDENTITY PRIMARY KEY, name text, active bool, born date
);
INSERT INTO shop.users (name, active, born)
SELECT 'user ' || n, n % 2 = 0, date '2000-01-01' + n FROM generate_series(1, 20) AS n;
UPDATE shop.users SET name = E'a "quoted", \\ tab\tnew\nline é' WHERE id = 3;
UPDATE shop.users SET name = '' WHERE id = 4;
UPDATE shop.users SET name = NULL WHERE id = 5;
CREATE TABLE shop.notes (note text);
INSERT INTO shop.notes VALUES ('a'), ('a'), ('b');
CREATE VIEW shop.names AS SELECT name FROM shop.users;
"""


@pytest.fixture
def shop(connect):
    connection = connect()
    connection.autocommit = True
    connection.cursor().execute(SHOP)
    return connection.cursor()


@pytest.fixture
def saved(shop, guarded, store):
    """Give a function that sends one statement under guard, and returns its snapshot's id."""
    connection = guarded(snapshot_at="LOW")

    def send(sql):
        connection.cursor().execute(sql)
        return backstop.snapshots.list(store)[-1].id

    return send


@pytest.fixture
def diff(store, dsn):
    def compared(snapshot_id, **options):
        before = dump(dsn)
        found = backstop.diff(snapshot_id, storage=store, dsn=dsn, **options)
        assert dump(dsn) == before
        return found

    return compared


def counts(table):
    return table.same, table.missing, table.changed, table.extra


def test_rows_are_compared_by_their_key(saved, diff, shop, store, dsn):
    name = saved("DELETE FROM shop.users")
    assert counts(diff(name).tables[0]) == (0, 20, 0, 0)
    backstop.restore(name, storage=store, dsn=dsn)
    assert not diff(name).differs
    shop.execute("DELETE FROM shop.users WHERE id = 1")
    shop.execute("UPDATE shop.users SET active = NOT active WHERE id = 2")
    shop.execute("INSERT INTO shop.users (name) VALUES ('new')")
    found = diff(name)
    (table,) = found.tables
    assert found.differs
    assert counts(table) == (18, 1, 1, 1)
    by_state = {row.state: row for row in table.rows}
    assert by_state["missing"].before["name"] == "user 1"
    assert by_state["missing"].now is None
    changed = by_state["changed"]
    assert (changed.before["active"], changed.now["active"]) == ("true", "false")
    assert by_state["extra"].now["name"] == "new"
    assert len(diff(name, rows=1).tables[0].rows) == 1


def test_rows_outside_of_a_scoped_statement_are_no_extras(saved, diff):
    name = saved("UPDATE shop.users SET name = 'x' WHERE id < 3")
    assert counts(diff(name).tables[0]) == (0, 0, 2, 0)


def test_without_a_key_rows_are_counted_by_value(saved, diff, shop):
    name = saved("DELETE FROM shop.notes")
    shop.execute("INSERT INTO shop.notes VALUES ('a'), ('c')")
    table = diff(name).tables[0]
    assert counts(table) == (1, 2, 0, 1)
    assert sorted(row.before["note"] for row in table.rows if row.before) == ["a", "b"]


def test_tables_columns_and_objects_that_are_gone_are_named(saved, diff, store, dsn):
    dropped = saved("ALTER TABLE shop.users DROP COLUMN name CASCADE")
    found = diff(dropped)
    assert found.tables[0].lost_columns == ("name",)
    assert found.objects["view shop.names"] == "missing"
    assert found.objects["table shop.users"] == "changed"
    name = saved("DROP TABLE shop.users")
    found = diff(name)
    assert not found.tables[0].exists
    assert found.tables[0].missing == 20
    backstop.undo(name, dropped, storage=store, dsn=dsn)
    assert not diff(dropped).differs


def test_the_command_line_shows_the_difference(saved, store, dsn, capsys):
    name = saved("UPDATE shop.users SET born = NULL WHERE id = 7")
    arguments = ["snapshots", "diff", name, "--storage", store, "--dsn", dsn]
    assert main(arguments) == 0
    assert "changed: id=7, born=2000-01-08 → NULL" in capsys.readouterr().out
    assert main([*arguments, "--json"]) == 0
    document = json.loads(capsys.readouterr().out)
    assert document["tables"][0]["rows"][0]["before"]["born"] == "2000-01-08"
    backstop.restore(name, storage=store, dsn=dsn)
    main(arguments)
    assert "Everything is as it was." in capsys.readouterr().out


def exported(store, name, **options):
    file = io.BytesIO()
    rows = backstop.snapshots.export(name, file, storage=store, **options)
    return rows, file.getvalue()


def test_csv_holds_every_value(saved, store, shop, connect):
    shop.execute("CREATE TABLE shop.before AS SELECT * FROM shop.users")
    rows, data = exported(store, saved("DELETE FROM shop.users"))
    assert rows == 20
    read = list(csv.DictReader(io.StringIO(data.decode(), newline="")))
    assert {row["id"]: row["name"] for row in read}["3"] == 'a "quoted", \\ tab\tnew\nline é'
    assert (read[1]["active"], read[1]["born"]) == ("t", "2000-01-03")
    shop.copy_expert("COPY shop.users FROM STDIN (FORMAT csv, HEADER)", io.BytesIO(data))
    shop.execute("SELECT count(*) FROM (TABLE shop.users EXCEPT TABLE shop.before) AS other")
    assert shop.fetchone() == (0,)


def test_sql_puts_the_rows_back(saved, store, shop, dsn):
    before = dump(dsn)
    rows, data = exported(store, saved("TRUNCATE shop.users, shop.notes"), format="sql")
    assert rows == 23
    shop.execute(data.decode())
    assert sorted(dump(dsn).splitlines()) == sorted(before.splitlines())


def test_parquet_holds_the_text_of_every_value(saved, store):
    parquet = pytest.importorskip("pyarrow.parquet")
    rows, data = exported(store, saved("DELETE FROM shop.users"), format="parquet")
    table = parquet.read_table(io.BytesIO(data))
    assert rows == table.num_rows == 20
    names = dict(zip(table.column("id").to_pylist(), table.column("name").to_pylist()))
    assert (names["4"], names["5"]) == ("", None)


def test_what_is_meant_has_to_be_clear(saved, store):
    name = saved("TRUNCATE shop.users, shop.notes")
    with pytest.raises(backstop.ConfigurationError, match=r"shop\.users, shop\.notes"):
        exported(store, name)
    assert exported(store, name, table="notes")[0] == 3
    with pytest.raises(backstop.ConfigurationError, match="no rows of nothing"):
        exported(store, name, table="nothing")
    with pytest.raises(backstop.ConfigurationError, match="format is 'xls'"):
        exported(store, name, format="xls")


def test_the_command_line_writes_a_file(saved, store, tmp_path, capsysbinary):
    name = saved("DELETE FROM shop.notes")
    path = tmp_path / "notes.csv"
    arguments = ["snapshots", "export", name, "--storage", store]
    assert main([*arguments, "--output", str(path)]) == 0
    assert sorted(path.read_text().split()) == ["a", "a", "b", "note"]
    capsysbinary.readouterr()
    assert main([*arguments, "--format", "sql"]) == 0
    out, err = capsysbinary.readouterr()
    assert b"OVERRIDING SYSTEM VALUE VALUES (E'b');" in out
    assert b"3 rows written" in err
