"""Values of redacted columns are never stored; everything else comes back, and that is said."""

from __future__ import annotations

import logging

import pytest

import backstop
from backstop.cli import main
from testing.stores import stored_text

pytestmark = pytest.mark.proof

SCHEMA = """
CREATE TABLE person (
    id int PRIMARY KEY, name text, ssn text, email text NOT NULL UNIQUE, note text DEFAULT 'none'
);
CREATE TABLE visit (person int REFERENCES person ON DELETE CASCADE, place text, ssn text);
CREATE TABLE event (id int, at date, ssn text NOT NULL, PRIMARY KEY (id, at))
    PARTITION BY RANGE (at);
CREATE TABLE event_2026 PARTITION OF event FOR VALUES FROM ('2026-01-01') TO ('2027-01-01');
CREATE TABLE base (id int PRIMARY KEY, ssn text);
CREATE TABLE derived (PRIMARY KEY (id)) INHERITS (base);
INSERT INTO person SELECT g, 'name ' || g, 'secret ' || g, g || '@secret.example', 'secret note'
    FROM generate_series(1, 9) g;
INSERT INTO visit SELECT g, 'place ' || g, 'secret ' || g FROM generate_series(1, 9) g;
INSERT INTO event SELECT g, '2026-03-01', 'secret ' || g FROM generate_series(1, 9) g;
INSERT INTO derived SELECT g, 'secret ' || g FROM generate_series(1, 9) g;
"""
REDACT = ["ssn", "person.email", "public.person.note"]


@pytest.fixture(autouse=True)
def filled(connect):
    with connect() as connection:
        connection.cursor().execute(SCHEMA)


@pytest.fixture
def rows(connect):
    connection = connect()
    connection.autocommit = True

    def fetch(sql):
        cursor = connection.cursor()
        cursor.execute(sql)
        return cursor.fetchall()

    return fetch


@pytest.fixture
def there_and_back(guarded, store, dsn, rows):
    """Give a function that runs a statement and restores it, twice; the answer is the first."""

    def run(sql, *looks, redact=REDACT, **options):
        guarded(snapshot_at="LOW", redact=redact).cursor().execute(sql)
        snapshot = backstop.snapshots.list(store)[-1]
        assert "secret" not in stored_text(store)
        report = backstop.restore(snapshot.id, storage=store, dsn=dsn, **options)
        after = [rows(look) for look in looks]
        backstop.restore(snapshot.id, storage=store, dsn=dsn, **options)
        assert [rows(look) for look in looks] == after
        assert not report.complete
        assert "as redact names it" in " ".join(report.plan.not_covered)
        assert "secret" not in stored_text(store)
        return report, *after

    return run


PEOPLE = "SELECT id, name, ssn, email, note FROM person ORDER BY id"
WITHOUT = [(number, f"name {number}", None, None, "none") for number in range(1, 10)]
WITH = [(n, f"name {n}", f"secret {n}", f"{n}@secret.example", "secret note") for n in range(1, 10)]


def test_deleted_rows_come_back_without_the_values(there_and_back):
    report, people, visits = there_and_back(
        "DELETE FROM person WHERE id > 3", PEOPLE, "SELECT count(*) FROM visit"
    )
    assert people == WITH[:3] + WITHOUT[3:]
    assert visits == [(9,)]
    assert report.problems == [
        "public.person.email takes NULL now, as its values were not saved: "
        "fill it, then SET NOT NULL again."
    ]


@pytest.mark.parametrize(
    "sql", ["TRUNCATE person CASCADE", "DROP TABLE person CASCADE", "DROP TABLE visit, person"]
)
def test_lost_tables_come_back_without_the_values(there_and_back, sql):
    report, people, visits = there_and_back(
        sql, PEOPLE, "SELECT person, place, ssn FROM visit ORDER BY 1"
    )
    assert people == WITHOUT
    assert len(report.problems) == 1
    assert [visit[:2] for visit in visits] == [(n, f"place {n}") for n in range(1, 10)]


def test_an_update_is_undone_and_what_is_not_saved_stays(there_and_back):
    _, people = there_and_back("UPDATE person SET name = 'x', ssn = 'public ' || id", PEOPLE)
    assert people == [(*row[:2], f"public {row[0]}", *row[3:]) for row in WITH]


def test_a_row_that_has_to_make_room_keeps_what_is_not_saved(there_and_back, connect):
    with connect() as connection:
        connection.cursor().execute("ALTER TABLE person ADD UNIQUE (name) DEFERRABLE")
    _, people = there_and_back("UPDATE person SET name = 'name ' || (id % 9 + 1)", PEOPLE)
    assert people == WITH


@pytest.mark.parametrize(
    ("sql", "look"),
    [
        ("UPDATE person SET id = id + 100 WHERE id NOT IN (SELECT person FROM visit)", PEOPLE),
        ("UPDATE visit SET place = 'x'", "SELECT * FROM visit ORDER BY 1"),
    ],
)
def test_rows_that_no_key_tells_stay_before_what_is_not_saved_is_lost(
    there_and_back, connect, rows, sql, look
):
    with connect() as connection:
        connection.cursor().execute("DELETE FROM visit WHERE person > 5")
    report, left = there_and_back(sql, look)
    assert any("stay as the statement left them" in problem for problem in report.problems)
    assert all(any(str(value).startswith("secret") for value in row) for row in left)


def test_they_are_put_back_without_it_where_that_is_asked_for(there_and_back):
    _, visits = there_and_back(
        "UPDATE visit SET place = 'x'",
        "SELECT * FROM visit ORDER BY 1",
        on_conflict="overwrite",
    )
    assert visits == [(n, f"place {n}", None) for n in range(1, 10)]


@pytest.mark.parametrize("fast", [False, True])
def test_a_dropped_column_comes_back_empty(there_and_back, fast):
    report, people = there_and_back("ALTER TABLE person DROP COLUMN email", PEOPLE, fast=fast)
    assert people == [(*row[:3], None, row[4]) for row in WITH]
    assert len(report.problems) == 1


def test_a_converted_column_keeps_what_it_has_in_its_old_type(there_and_back):
    _, people, types = there_and_back(
        "ALTER TABLE person ALTER ssn TYPE int USING id * 10",
        PEOPLE,
        "SELECT atttypid::regtype::text FROM pg_attribute WHERE attname = 'ssn' "
        "AND attrelid = 'person'::regclass",
    )
    assert people == [(*row[:2], str(row[0] * 10), *row[3:]) for row in WITH]
    assert types == [("text",)]


@pytest.mark.parametrize("sql", ["DELETE FROM event", "TRUNCATE event", "DROP TABLE event"])
def test_partitions_are_redacted_by_the_name_of_their_table(there_and_back, sql):
    report, events = there_and_back(sql, "SELECT id, ssn FROM event", redact=["event.ssn"])
    assert sorted(events) == [(n, None) for n in range(1, 10)]
    assert any(problem.startswith("public.event.ssn takes") for problem in report.problems)


def test_children_are_redacted_by_the_name_of_their_parent(there_and_back):
    _, found = there_and_back("DELETE FROM base", "SELECT * FROM derived", redact=["base.ssn"])
    assert sorted(found) == [(n, None) for n in range(1, 10)]


def test_what_a_cascade_takes_is_redacted(there_and_back):
    _, visits = there_and_back(
        "DELETE FROM person WHERE id = 1", "SELECT ssn FROM visit WHERE person = 1"
    )
    assert visits == [(None,)]


def test_rows_beside_their_table_come_without_the_values(guarded, store, dsn, rows):
    guarded(redact=REDACT).cursor().execute("DELETE FROM visit")
    (snapshot,) = backstop.snapshots.list(store)
    report = backstop.restore(snapshot.id, storage=store, dsn=dsn, into="visit_before")
    assert not report.complete
    assert sorted(rows("SELECT * FROM visit_before"))[0] == (1, "place 1")


@pytest.mark.parametrize("name", ["person.id", "event.at", "id"])
def test_a_column_that_rows_are_known_by_cannot_be_redacted(guarded, store, rows, name):
    table = "event" if name == "event.at" else "person"
    with pytest.raises(backstop.SnapshotFailed, match=r"redact names .*Take it out of redact"):
        guarded(redact=[name]).cursor().execute(f"DELETE FROM {table}")
    assert rows(f"SELECT count(*) FROM {table}") == [(9,)]
    assert backstop.snapshots.list(store) == []


def test_a_name_that_means_no_column_is_told_when_its_table_is_seen(guarded, caplog):
    caplog.set_level(logging.WARNING, "backstop.snapshots")
    connection = guarded(redact=["person.sssn", "nowhere.ssn", "p*.nothing", "person.email"])
    connection.cursor().execute("DELETE FROM visit")
    assert [record for record in caplog.records if record.name == "backstop.snapshots"] == []
    connection.cursor().execute("TRUNCATE person CASCADE")
    told = {r.getMessage() for r in caplog.records if r.name == "backstop.snapshots"}
    assert told == {
        "redact names 'person.sssn', and public.person has no such column: "
        "nothing of it is left out."
    }


def test_the_plan_and_the_command_line_name_what_is_not_covered(guarded, store, dsn, capsys):
    guarded(redact=["person.email"]).cursor().execute("TRUNCATE person CASCADE")
    (snapshot,) = backstop.snapshots.list(store)
    manifest = backstop.snapshots.show(snapshot.id, store).manifest
    (table,) = [table for table in manifest.tables if table.name == "person"]
    assert table.redacted == ("email",)
    assert "email" not in {column.name for column in table.columns}
    arguments = ["restore", snapshot.id, "--storage", store, "--dsn", dsn]
    assert main([*arguments, "--dry-run"]) == 0
    assert "public.person.email are not saved" in " ".join(capsys.readouterr().out.split())
    assert main([*arguments, "--yes"]) == 3


def test_the_environment_names_columns_too(guarded, store, rows, monkeypatch):
    monkeypatch.setenv("BACKSTOP_REDACT", "ssn, visit.place")
    guarded().cursor().execute("DELETE FROM visit")
    (snapshot,) = backstop.snapshots.list(store)
    (table,) = backstop.snapshots.show(snapshot.id, store).manifest.tables
    assert table.redacted == ("place", "ssn")


def test_redact_works_with_encryption(guarded, store, dsn, rows, tmp_path):
    pyrage = pytest.importorskip("pyrage")
    identity = pyrage.x25519.Identity.generate()
    (tmp_path / "key.txt").write_text(str(identity))
    connection = guarded(redact=REDACT, encrypt_to=[str(identity.to_public())])
    connection.cursor().execute("TRUNCATE person CASCADE")
    (snapshot,) = backstop.snapshots.list(store)
    key = tmp_path / "key.txt"
    report = backstop.restore(snapshot.id, storage=store, dsn=dsn, identity=key)
    assert not report.complete
    assert rows(PEOPLE) == WITHOUT
