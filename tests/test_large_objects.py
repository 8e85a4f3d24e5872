"""Large objects: whatever takes, overwrites or regrants them is seen and saved, and they return."""

from __future__ import annotations

import contextlib
import tracemalloc

import psycopg2
import pytest

import backstop
from testing.dumps import dump

pytestmark = pytest.mark.proof

SETUP = """
CREATE TABLE documents (id int PRIMARY KEY, file oid);
SELECT lo_from_bytea(5001, decode(repeat('ab', 5000), 'hex')), lo_from_bytea(5002, ''),
       lo_from_bytea(5003, 'begins'), lo_from_bytea(5004, decode(repeat('00', 6000), 'hex')),
       lo_from_bytea(5005, 'photograph');
SELECT lo_put(5003, 700000, 'ends');
INSERT INTO documents VALUES (1, 5001), (2, 5005);
COMMENT ON LARGE OBJECT 5001 IS 'the contract';
GRANT SELECT ON LARGE OBJECT 5001 TO PUBLIC;
GRANT ALL ON LARGE OBJECT 5005 TO PUBLIC;
CREATE FUNCTION manage() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
        IF TG_OP = 'DELETE' OR NEW.file <> OLD.file THEN PERFORM lo_unlink(OLD.file); END IF;
        RETURN coalesce(NEW, OLD);
    END $$;
CREATE TRIGGER manage BEFORE DELETE OR UPDATE ON documents
    FOR EACH ROW EXECUTE FUNCTION manage();
CREATE FUNCTION wipe(wanted oid) RETURNS int LANGUAGE sql AS 'SELECT lo_unlink(wanted)';
"""

STATEMENTS = [
    "SELECT lo_unlink(5001)",
    "SELECT lo_unlink(oid) FROM pg_largeobject_metadata",
    "SELECT wipe(5001)",
    "DO $$ BEGIN PERFORM lo_unlink(5004); PERFORM lo_put(file, 1, 'Y') FROM documents; END $$",
    "SELECT lo_put(5001, 10, 'abc')",
    "SELECT lo_put(5001, 10000, 'beyond its end')",
    "SELECT lo_put(file, 1, 'Y') FROM documents",
    "SELECT lowrite(lo_open(5003, 131072), 'other')",
    "SELECT lo_truncate(lo_open(5001, 131072), 2048)",
    "SELECT lo_truncate(lo_open(5003, 131072), 0)",
    "SELECT lo_unlink(5001); SELECT lo_from_bytea(5001, 'another one')",
    "REVOKE SELECT ON LARGE OBJECT 5001 FROM PUBLIC",
    "DELETE FROM documents WHERE id = 1",
    "UPDATE documents SET file = 5002 WHERE id = 2",
    "SELECT lo_unlink(5001); DROP TABLE documents",
    "SELECT lo_put(5001, 0, 'X'); ALTER TABLE documents DROP COLUMN file, ADD COLUMN extra int",
]


def _run(dsn, sql, **arguments):
    with contextlib.closing(psycopg2.connect(dsn, **arguments)) as connection:
        connection.autocommit = True
        cursor = connection.cursor()
        cursor.execute(sql)
        return cursor.fetchall() if cursor.description else []


@pytest.fixture
def files(dsn):
    """Fill the database, as superuser."""
    _run(dsn, SETUP)


@pytest.fixture
def role(postgres_maintenance, dsn):
    """Give a role without special rights, to which all that the set-up makes belongs."""
    name = f"librarian_{postgres_maintenance.info.backend_pid}"
    cursor = postgres_maintenance.cursor()
    cursor.execute(f"CREATE ROLE {name} LOGIN")
    _run(dsn, f"GRANT ALL ON SCHEMA public TO {name}")
    _run(dsn, SETUP, user=name)
    yield name
    _run(dsn, f"DROP OWNED BY {name}")
    cursor.execute(f"DROP ROLE {name}")


@pytest.fixture
def round_trip(dsn, store):
    """Give a function that runs a text as a role, restores it as that role, and compares dumps."""

    def run(sql, role="postgres", **settings):
        before = dump(dsn)
        raw = psycopg2.connect(dsn, user=role)
        raw.autocommit = settings.pop("autocommit", True)
        settings = {"on_snapshot_failure": "raise", "actor": "tester", **settings}
        connection = backstop.guard(raw, storage=store, **settings)
        connection.cursor().execute(sql)
        if not raw.autocommit:
            connection.commit()
        connection.close()
        assert dump(dsn) != before, "the statement changed nothing"
        (snapshot,) = backstop.snapshots.list(store, actor="tester")
        assert backstop.snapshots.verify(snapshot.id, store).problems == ()
        reports = []
        for _ in range(2):
            with contextlib.closing(psycopg2.connect(dsn, user=role)) as own:
                reports.append(backstop.restore(snapshot.id, storage=store, conn=own))
            assert dump(dsn) == before
        assert [report.complete for report in reports] == [True, True]
        assert reports[1].created + reports[1].changed == []
        return reports[0]

    return run


@pytest.mark.parametrize("sql", STATEMENTS)
def test_they_come_back_as_they_were(sql, files, round_trip):
    round_trip(sql)


@pytest.mark.parametrize("sql", [*STATEMENTS[3:12], "DROP OWNED BY CURRENT_USER"])
def test_they_come_back_for_an_ordinary_owner_as_well(sql, role, round_trip):
    round_trip(sql, role)


@pytest.mark.parametrize("sql", STATEMENTS[3:5])
def test_they_come_back_within_a_transaction_of_the_application(sql, files, round_trip):
    round_trip(sql, autocommit=False)


@pytest.mark.parametrize(
    "sql",
    [
        "DELETE FROM pg_largeobject WHERE loid = 5001",
        "DELETE FROM pg_largeobject_metadata WHERE oid = 5001",
        "DELETE FROM pg_largeobject; DELETE FROM pg_largeobject_metadata",
    ],
)
def test_what_a_superuser_removes_from_the_catalog_comes_back(sql, files, round_trip):
    round_trip(sql)


@pytest.mark.parametrize("text", ["'another'", "NULL"])
def test_comments_come_back(text, files, round_trip):
    round_trip(f"COMMENT ON LARGE OBJECT 5001 IS {text}", snapshot_at="LOW")


def test_another_owner_and_dropped_roles_come_back(role, dsn, round_trip):
    round_trip("ALTER LARGE OBJECT 5001 OWNER TO postgres")


def test_tables_and_large_objects_of_a_role_come_back_together(role, dsn, store, round_trip):
    report = round_trip(f"DROP OWNED BY {role}")
    assert {"table public.documents", "large object 5001"} <= set(report.created)
    (snapshot,) = backstop.snapshots.list(store, actor="tester")
    shown = backstop.snapshots.show(snapshot.id, store).manifest
    assert shown.large_objects.oids == (5001, 5002, 5003, 5004, 5005)
    assert shown.bytes == snapshot.bytes > 5000


def test_only_what_changes_is_saved(files, round_trip, store):
    round_trip("SELECT lo_put(file, 1, 'Y') FROM documents WHERE id = 2")
    (snapshot,) = backstop.snapshots.list(store, actor="tester")
    assert backstop.snapshots.show(snapshot.id, store).manifest.large_objects.oids == (5005,)


def test_for_grants_no_contents_are_saved(files, round_trip, store):
    round_trip("REVOKE SELECT ON LARGE OBJECT 5001 FROM PUBLIC")
    (snapshot,) = backstop.snapshots.list(store, actor="tester")
    assert backstop.snapshots.show(snapshot.id, store).manifest.large_objects is None


def test_what_adds_one_needs_no_snapshot(files, guarded, store):
    guarded().cursor().execute("DO $$ BEGIN PERFORM lo_from_bytea(0, 'new'); END $$")
    assert backstop.snapshots.list(store) == []


@pytest.mark.parametrize("of_a_role", [False, True])
def test_holes_stay_holes_and_sizes_stay(of_a_role, role, dsn, round_trip):
    sizes = "SELECT pg_total_relation_size('pg_largeobject') / 1000000"
    user = role if of_a_role else "postgres"
    _run(dsn, "SELECT lo_create(6001); SELECT lo_put(6001, 30000000, 'x')", user=user)
    _run(dsn, "SELECT lo_truncate(lo_open(6001, 131072), 40000000)", user=user)
    round_trip("SELECT lo_unlink(6001)", user)
    assert _run(dsn, sizes) == [(0,)]
    assert _run(dsn, "SELECT lo_lseek(lo_open(6001, 262144), 0, 2)") == [(40_000_000,)]


def test_a_large_one_takes_little_memory(files, dsn, guarded, store):
    random = "SELECT string_agg(sha256(g::text::bytea), '') FROM generate_series(1, 32768) AS g"
    _run(dsn, "SELECT lo_create(6001)")
    for part in range(40):
        _run(dsn, f"SELECT lo_put(6001, {part} * 1048576, ({random}))")
    content = "SELECT md5(lo_get(6001))"
    before = _run(dsn, content)
    connection = guarded()
    tracemalloc.start()
    try:
        connection.cursor().execute("SELECT lo_unlink(6001)")
        (snapshot,) = backstop.snapshots.list(store, actor="tester")
        assert snapshot.bytes > 2 * 40 * 1024**2
        backstop.restore(snapshot.id, storage=store, dsn=dsn)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak < 64 * 1024**2
    assert _run(dsn, content) == before


def test_one_that_has_come_to_hold_something_else_is_left_alone(files, dsn, guarded, store):
    guarded().cursor().execute("SELECT lo_unlink(5001); SELECT lo_unlink(5005)")
    _run(dsn, "SELECT lo_from_bytea(5001, 'of somebody else')")
    (snapshot,) = backstop.snapshots.list(store, actor="tester")
    report = backstop.restore(snapshot.id, storage=store, dsn=dsn)
    assert (
        "The large object 5001 exists with another definition and is left as it is."
        in report.conflicts
    )
    assert not report.complete
    held = "SELECT convert_from(lo_get(5001), 'UTF8'), convert_from(lo_get(5005), 'UTF8')"
    assert _run(dsn, held) == [("of somebody else", "photograph")]


def test_one_that_was_written_again_since_is_left_alone(files, dsn, guarded, store):
    guarded().cursor().execute("SELECT lo_put(5005, 0, 'P')")
    _run(dsn, "SELECT lo_put(5005, 1, 'HOTO')")
    (snapshot,) = backstop.snapshots.list(store, actor="tester")
    report = backstop.restore(snapshot.id, storage=store, dsn=dsn)
    assert not report.complete
    assert report.conflicts
    assert _run(dsn, "SELECT convert_from(lo_get(5005), 'UTF8')") == [("PHOTOgraph",)]


def test_what_was_written_since_is_overwritten_where_that_is_asked_for(files, dsn, guarded, store):
    before = dump(dsn)
    guarded().cursor().execute("SELECT lo_put(5005, 0, 'P'), lo_unlink(5003)")
    _run(dsn, "SELECT lo_put(5005, 1, 'HOTOGRAPHER'), lo_from_bytea(5003, 'of somebody else')")
    (snapshot,) = backstop.snapshots.list(store, actor="tester")
    wanted = {"storage": store, "dsn": dsn, "on_conflict": "overwrite"}
    planned = backstop.restore(snapshot.id, dry_run=True, **wanted).plan.steps
    assert {"change back large object 5003", "change back large object 5005"} <= set(planned)
    report = backstop.restore(snapshot.id, **wanted)
    assert report.complete
    assert dump(dsn) == before
    again = backstop.restore(snapshot.id, **wanted)
    assert again.complete
    assert again.created + again.changed == []


def test_one_that_is_overwritten_stays_with_who_has_it_now(role, dsn, guarded, store):
    content = "SELECT md5(lo_get(5001)), lomowner::regrole::text FROM pg_largeobject_metadata"
    content += " WHERE oid = 5001"
    ((before, _),) = _run(dsn, content)
    guarded().cursor().execute("SELECT lo_unlink(5001)")
    _run(dsn, "SELECT lo_from_bytea(5001, 'of somebody else')")
    (snapshot,) = backstop.snapshots.list(store, actor="tester")
    report = backstop.restore(snapshot.id, storage=store, dsn=dsn, on_conflict="overwrite")
    assert _run(dsn, content) == [(before, "postgres")]
    assert (
        "The owner of large object 5001 exists with another definition and is left as it is."
        in report.conflicts
    )


def test_one_that_is_back_already_is_left_alone(files, dsn, guarded, store):
    guarded().cursor().execute("SELECT lo_unlink(5005)")
    _run(dsn, "SELECT lo_from_bytea(5005, 'photograph'); GRANT ALL ON LARGE OBJECT 5005 TO PUBLIC")
    (snapshot,) = backstop.snapshots.list(store, actor="tester")
    report = backstop.restore(snapshot.id, storage=store, dsn=dsn)
    assert report.complete
    assert report.created + report.changed == []


@pytest.mark.parametrize("autocommit", [True, False])
def test_several_snapshots_newest_first_give_the_first_state(autocommit, files, undone):
    def work(connection):
        cursor = connection.cursor()
        cursor.execute("SELECT lo_put(5005, 0, 'P')")
        cursor.execute("SELECT lo_put(5005, 1, 'H')")
        cursor.execute("SELECT lo_unlink(5005)")

    undone(work, autocommit=autocommit)


def test_others_wait_until_a_superusers_statement_is_committed(files, dsn, guarded):
    connection = guarded(autocommit=False)
    connection.cursor().execute("SELECT lo_unlink(5001)")
    with pytest.raises(psycopg2.errors.LockNotAvailable):
        _run(dsn, "SET lock_timeout = '100ms'; SELECT lo_put(5005, 0, 'P')")
    connection.commit()
    _run(dsn, "SELECT lo_put(5005, 0, 'P')")


def test_what_an_older_view_may_miss_is_said(files, guarded, store):
    connection = guarded(autocommit=False)
    connection.set_session(isolation_level="REPEATABLE READ")
    connection.cursor().execute("SELECT lo_unlink(5001)")
    connection.commit()
    (snapshot,) = backstop.snapshots.list(store, actor="tester")
    assert backstop.snapshots.show(snapshot.id, store).manifest.consistency.value == "not exact"


def test_what_the_role_may_not_read_is_named(role, dsn, store):
    _run(
        dsn,
        "CREATE FUNCTION theirs() RETURNS int LANGUAGE sql SECURITY DEFINER "
        "AS 'SELECT lo_unlink(7001)'; SELECT lo_from_bytea(7001, 'secret')",
    )
    raw = psycopg2.connect(dsn, user=role)
    raw.autocommit = True
    connection = backstop.guard(raw, storage=store, actor="tester")
    connection.cursor().execute("SELECT theirs(), lo_unlink(5005)")
    connection.close()
    (snapshot,) = backstop.snapshots.list(store, actor="tester")
    report = backstop.restore(snapshot.id, storage=store, dsn=dsn)
    assert report.plan.not_covered[-1:] == (
        "The large object 7001 goes or gets other contents, and this role may not read it: "
        "it is not saved.",
    )
    assert "large object 5005" in report.created
    assert not report.complete
    assert _run(dsn, "SELECT oid FROM pg_largeobject_metadata WHERE oid = 7001") == []


HANDLED = (
    "SELECT lowrite(0, 'P')",
    "SELECT loread(0, 2), lowrite(0, 'XY')",
    "SELECT lo_lseek(1, 3, 0), lo_truncate(1, 5)",
)


def test_what_is_written_by_the_handles_of_an_earlier_statement_comes_back(
    files, dsn, guarded, store, caplog
):
    connection = guarded(autocommit=False)
    cursor = connection.cursor()
    before = _run(dsn, "SELECT lo_get(5005), lo_get(5001)")
    with caplog.at_level("INFO", logger="backstop.statement"):
        cursor.execute("SELECT lo_open(5005, 393216), lo_open(5001, 131072)")
        for statement in HANDLED:
            cursor.execute(statement)
    connection.commit()
    # Each wrote once, where the one before had stopped.
    assert _run(dsn, "SELECT convert_from(lo_get(5005), 'UTF8')") == [("PhoXYgraph",)]
    assert _run(dsn, "SELECT length(lo_get(5001))") == [(5,)]
    assert "not saved" not in caplog.text
    snapshots = backstop.snapshots.list(store)
    assert len(snapshots) == len(HANDLED)
    for snapshot in reversed(snapshots):
        assert backstop.restore(snapshot.id, storage=store, dsn=dsn).complete
    assert _run(dsn, "SELECT lo_get(5005), lo_get(5001)") == before


def test_the_command_line_counts_them(files, dsn, guarded, store, command):
    guarded().cursor().execute("SELECT lo_unlink(5001)")
    (snapshot,) = backstop.snapshots.list(store, actor="tester")
    shown = command("snapshots", "show", snapshot.id, "--storage", store)
    assert "large objects: 1, " in shown.stdout
    shown = command("snapshots", "show", snapshot.id, "--storage", store, "--json")
    assert shown.json["large_objects"]["oids"] == [5001]
