"""One person's rows are erased from every snapshot on request, and all else of it comes back."""

from __future__ import annotations

import json
from contextlib import closing
from datetime import timedelta

import psycopg2
import pytest

import backstop
from backstop.cli import main
from backstop.snapshots import identifiers
from backstop.snapshots.repository import Repository
from backstop.storage import open_storage
from backstop.storage.folder import FolderStorage
from testing.dumps import dump
from testing.stores import stored_text

pytestmark = pytest.mark.proof

ADA = "(21, 'Ada Person', 'ada@secret', 'sad', 'secret note')"
SCHEMA = f"""
CREATE SCHEMA shop;
CREATE TYPE shop.mood AS ENUM ('sad', 'ok');
CREATE TABLE shop.users (
    id int PRIMARY KEY, name text, email text, mood shop.mood DEFAULT 'ok', note text
);
CREATE TABLE shop.visits (user_id int, place text);
CREATE TABLE shop.events (id int, at date, who text, PRIMARY KEY (id, at)) PARTITION BY RANGE (at);
CREATE TABLE shop.events_2026 PARTITION OF shop.events
    FOR VALUES FROM ('2026-01-01') TO ('2027-01-01') PARTITION BY RANGE (at);
CREATE TABLE shop.events_2026_1 PARTITION OF shop.events_2026
    FOR VALUES FROM ('2026-01-01') TO ('2026-07-01');
CREATE TABLE shop.events_2026_2 PARTITION OF shop.events_2026
    FOR VALUES FROM ('2026-07-01') TO ('2027-01-01');
INSERT INTO shop.users SELECT g, 'name ' || g, g || '@mail', 'ok', E'tab\\t\\\\ line\\n' || g
    FROM generate_series(1, 20) g;
INSERT INTO shop.users VALUES {ADA};
INSERT INTO shop.visits SELECT g, 'place ' || g FROM generate_series(1, 20) g;
INSERT INTO shop.visits VALUES (21, 'secret place'), (21, 'secret place');
INSERT INTO shop.events SELECT g, date '2026-01-01' + g * 17, 'name ' || g
    FROM generate_series(1, 20) g;
INSERT INTO shop.events VALUES (21, '2026-02-01', 'secret'), (22, '2026-09-01', 'secret');
"""
THE_PERSON = "id = 21"


@pytest.fixture(autouse=True)
def filled(connect):
    with connect() as connection:
        connection.cursor().execute(SCHEMA)


@pytest.fixture
def run(guarded):
    """Give a function that runs statements, each saved before."""

    def run_saved(*statements, **settings):
        with closing(guarded(snapshot_at="LOW", **settings)) as connection:
            for sql in statements:
                connection.cursor().execute(sql)

    return run_saved


@pytest.fixture
def execute(connect):
    """Give a function that runs SQL beside the guard."""

    def run_beside(sql):
        with closing(connect()) as connection, connection, connection.cursor() as cursor:
            cursor.execute(sql)
            return cursor.fetchall() if cursor.description else []

    return run_beside


@pytest.fixture
def erase(store, dsn):
    """Give a function that erases."""

    def erase_from(table="shop.users", where=THE_PERSON, **options):
        return backstop.erase(table, where, **{"storage": store, "dsn": dsn, **options})

    return erase_from


def is_intact(store, **options):
    for one in backstop.snapshots.list(store):
        assert backstop.snapshots.verify(one.id, store, **options).problems == ()
    return True


def everything_stored(store):
    storage = open_storage(store)
    return {name: storage.get(name) for name in storage.list("")}


STATEMENTS = [
    "DELETE FROM shop.users",
    "DELETE FROM shop.users WHERE id > 10",
    "UPDATE shop.users SET name = 'x'",
    "TRUNCATE shop.users",
    "DROP TABLE shop.users",
    "ALTER TABLE shop.users DROP COLUMN email",
    "INSERT INTO shop.users (id, name) SELECT g, 'x' FROM generate_series(15, 30) g "
    "ON CONFLICT (id) DO UPDATE SET name = excluded.name",
]


@pytest.mark.parametrize("sql", STATEMENTS)
def test_the_rows_are_gone_and_all_others_come_back(run, erase, execute, store, dsn, sql):
    execute("DELETE FROM shop.users WHERE id = 21")
    without = dump(dsn)
    execute(f"INSERT INTO shop.users VALUES {ADA}")
    run(sql)
    if "DROP TABLE" not in sql:
        execute("DELETE FROM shop.users WHERE id = 21")
    report = erase()
    assert (report.rows, report.complete, report.table) == (1, True, "shop.users")
    assert "secret" not in stored_text(store)
    assert "Ada" not in stored_text(store)
    assert is_intact(store)
    (summary,) = backstop.snapshots.list(store)
    restored = backstop.restore(summary.id, storage=store, dsn=dsn)
    assert dump(dsn) == without
    sentence = "1 row of shop.users was erased on request, and doesn't come back."
    assert restored.plan.not_covered == (sentence,)
    assert (restored.conflicts, restored.problems) == ([], [])
    again = backstop.restore(summary.id, storage=store, dsn=dsn)
    assert dump(dsn) == without
    assert not any(table.inserted or table.updated or table.removed for table in again.tables)


def test_a_row_that_is_still_there_is_left_alone(run, erase, execute, store, dsn):
    run(
        "INSERT INTO shop.users SELECT g, 'x' FROM generate_series(20, 22) g "
        "ON CONFLICT (id) DO UPDATE SET name = excluded.name"
    )
    report = erase()
    assert [(one.rows, one.written) for one in report.snapshots] == [(1, 1)]
    (summary,) = backstop.snapshots.list(store)
    backstop.restore(summary.id, storage=store, dsn=dsn)
    assert execute("SELECT id, name FROM shop.users WHERE id > 19 ORDER BY 1") == [
        (20, "name 20"),
        (21, "x"),
    ]


def test_rows_without_a_key_are_erased_on_both_sides(run, erase, execute, store, dsn):
    run("UPDATE shop.visits SET place = 'at ' || place WHERE user_id > 15")
    execute("DELETE FROM shop.visits WHERE user_id = 21")
    report = erase("visits", "visits.user_id = 21")
    assert [(one.rows, one.written) for one in report.snapshots] == [(2, 2)]
    assert "secret" not in stored_text(store)
    (summary,) = backstop.snapshots.list(store)
    backstop.restore(summary.id, storage=store, dsn=dsn)
    assert execute("SELECT * FROM shop.visits ORDER BY 1") == [
        (number, f"place {number}") for number in range(1, 21)
    ]


def test_what_only_the_old_values_tell_is_named(run, erase):
    run("UPDATE shop.visits SET place = 'elsewhere' WHERE user_id > 15")
    report = erase("shop.visits", "place = 'secret place'")
    assert (report.rows, report.complete) == (2, False)
    assert (
        "left 2 of these rows of shop.visits with other values" in report.snapshots[0].remaining[0]
    )
    assert erase("shop.visits", "user_id = 21").complete


def test_what_is_stored_by_its_key_alone_is_named(run, erase, store):
    run(
        "INSERT INTO shop.users (id, name) VALUES (21, 'x'), (40, 'y') "
        "ON CONFLICT (id) DO UPDATE SET name = excluded.name"
    )
    report = erase(where="email = 'ada@secret'")
    assert (report.rows, report.complete) == (1, False)
    assert "only the values of id are stored" in report.snapshots[0].remaining[0]
    # Its own key was found by that of the row.
    assert report.snapshots[0].written == 1


@pytest.mark.parametrize(
    ("sql", "table"),
    [
        ("DELETE FROM shop.events", "shop.events"),
        ("DROP TABLE shop.events", "shop.events"),
        ("DELETE FROM shop.events_2026_1", "events"),
        ("TRUNCATE shop.events_2026", "events_2026"),
    ],
)
def test_partitions_are_meant_by_the_name_of_their_table(run, erase, store, dsn, sql, table):
    run(sql)
    report = erase(table, "who = 'secret'")
    assert report.rows == (1 if sql.endswith("_1") else 2)
    assert "secret" not in stored_text(store)
    assert is_intact(store)
    (summary,) = backstop.snapshots.list(store)
    assert backstop.restore(summary.id, storage=store, dsn=dsn).conflicts == []


def test_every_snapshot_is_searched_also_of_what_never_happened(run, guarded, erase, store):
    run("UPDATE shop.users SET note = 'a' WHERE id > 18", "DELETE FROM shop.visits")
    connection = guarded(autocommit=False, snapshot_at="LOW")
    connection.cursor().execute("DELETE FROM shop.users WHERE id = 21")
    connection.rollback()
    run("DELETE FROM shop.users WHERE id < 5", "DELETE FROM shop.users")
    first = backstop.snapshots.list(store)[0].id
    backstop.snapshots.pin(first, store)
    before = everything_stored(store)
    planned = erase(dry_run=True)
    assert everything_stored(store) == before
    report = erase()
    assert report.snapshots == planned.snapshots
    assert [(one.rows, one.pinned) for one in report.snapshots] == [
        (1, True),
        (1, False),
        (1, False),
    ]
    assert report.searched == 4
    again = erase()
    assert (again.snapshots, again.searched, again.complete) == ((), 4, True)


def test_several_erasures_add_up(run, erase, store, dsn, execute):
    run("DELETE FROM shop.users")
    erase()
    erase(where="id IN (3, 4)")
    (summary,) = backstop.snapshots.list(store)
    assert summary.rows == 18
    (table,) = backstop.snapshots.show(summary.id, store).manifest.tables
    assert [one.rows for one in table.erased] == [1, 2]
    report = backstop.restore(summary.id, storage=store, dsn=dsn, into="users_before")
    assert [line.partition(" of ")[0] for line in report.plan.not_covered] == ["1 row", "2 rows"]
    assert execute("SELECT count(*) FROM users_before") == [(18,)]


def test_all_rows_of_a_snapshot_can_go(run, erase, store, dsn):
    run("DELETE FROM shop.users WHERE id = 21")
    erase()
    assert is_intact(store)
    assert [one.rows for one in backstop.snapshots.list(store)] == [0]
    (summary,) = backstop.snapshots.list(store)
    assert backstop.restore(summary.id, storage=store, dsn=dsn).conflicts == []


def test_no_database_table_is_needed_but_the_types_are(run, erase, execute, store):
    run("DROP TABLE shop.users")
    assert erase(dry_run=True).rows == 1
    execute("DROP TYPE shop.mood")
    report = erase()
    assert (report.rows, report.complete) == (0, False)
    (one,) = report.snapshots
    assert one.id == backstop.snapshots.list(store)[0].id
    assert 'type "shop.mood" does not exist' in one.remaining[0]


def test_a_redacted_column_is_named_where_the_condition_needs_it(run, erase, store):
    run("DELETE FROM shop.users WHERE id > 20", redact=["shop.users.email"])
    run("DELETE FROM shop.users")
    report = erase(where="email = 'ada@secret' OR id = 20")
    assert (report.rows, report.complete) == (1, False)
    first, second = report.snapshots
    assert (first.rows, second.rows, second.remaining) == (0, 1, ())
    assert "needs a column of shop.users that isn't saved" in first.remaining[0]


def test_an_unanswered_statement_is_named(run, erase, store):
    run("UPDATE shop.users SET name = 'x'")
    storage = open_storage(store)
    storage.delete(list(storage.list("outcomes/")))
    report = erase()
    assert (report.rows, report.complete) == (1, False)
    assert "may not have ended yet" in report.snapshots[0].remaining[0]


def test_a_condition_sees_what_the_role_sees_and_writes_nothing(run, erase, execute, dsn):
    execute(
        "CREATE FUNCTION public.is_meant(int) RETURNS bool LANGUAGE plpgsql AS "
        "$$ BEGIN INSERT INTO shop.visits VALUES ($1, 'written'); RETURN true; END $$;"
        "CREATE FUNCTION public.is_ada(text) RETURNS bool LANGUAGE sql AS "
        "$$ SELECT $1 LIKE 'Ada%' $$"
    )
    run("DELETE FROM shop.users")
    before = dump(dsn)
    report = erase(where="is_meant(id)")
    assert (report.rows, report.complete) == (0, False)
    assert "25006" in report.snapshots[0].remaining[0]
    assert erase(where="is_ada(users.name)").rows == 1
    assert dump(dsn) == before


def test_a_wrong_condition_is_refused_and_never_repeated(run, erase, store):
    run("DELETE FROM shop.users")
    before = everything_stored(store)
    for where in ("", "id = 7; DROP TABLE x", "id = 7) OR (true", "id = = 7"):
        with pytest.raises(backstop.ConfigurationError) as raised:
            erase(where=where)
        assert "7" not in str(raised.value).replace('"id = 7"', "")
    assert everything_stored(store) == before


def test_errors_of_the_condition_name_no_value(run, erase):
    run("DELETE FROM shop.users")
    report = erase(where="id = 'Ada Lovelace'::int")
    assert not report.complete
    assert "Ada" not in repr(report)


@pytest.mark.parametrize("sql", ["DELETE FROM shop.users", "DROP TABLE shop.users, shop.orders"])
def test_rows_that_refer_to_erased_ones_are_named(run, erase, execute, store, dsn, sql):
    execute(
        "CREATE TABLE shop.orders (id int PRIMARY KEY, "
        "user_id int REFERENCES shop.users ON DELETE CASCADE);"
        "INSERT INTO shop.orders SELECT g, g FROM generate_series(1, 21) g"
    )
    run(sql)
    assert [one.referring for one in erase().snapshots] == [("shop.orders",)]
    (summary,) = backstop.snapshots.list(store)
    with pytest.raises(backstop.RestoreFailed, match="foreign key"):
        backstop.restore(summary.id, storage=store, dsn=dsn)
    assert [one.referring for one in erase("shop.orders", "user_id = 21").snapshots] == [()]
    assert backstop.restore(summary.id, storage=store, dsn=dsn).conflicts == []
    assert execute("SELECT count(*) FROM shop.orders JOIN shop.users u ON u.id = user_id") == [
        (20,)
    ]


def test_a_damaged_snapshot_is_named_and_the_others_are_erased_from(run, erase, store):
    run("DELETE FROM shop.users WHERE id > 20")
    storage = open_storage(store)
    (key,) = (key for key in storage.list("data/") if key.endswith(".zst"))
    storage.put(key, storage.get(key)[:-9])
    run("UPDATE shop.users SET name = 'x'", "DROP TABLE shop.users")
    (manifest,) = storage.list(f"manifests/{backstop.snapshots.list(store)[-1].id}/")
    storage.put(manifest, b"{}")
    report = erase(where="id > 18")
    assert [(one.rows, one.complete) for one in report.snapshots] == [
        (0, False),
        (2, True),
        (0, False),
    ]
    assert all("is damaged" in one.remaining[0] for one in report.snapshots[::2])


def test_a_manifest_that_may_be_there_keeps_its_rows(run, erase, store, monkeypatch):
    run("DELETE FROM shop.users")
    put = FolderStorage.put

    def put_and_fail(storage, key, body):
        put(storage, key, body)
        if key.startswith("manifests/"):
            raise backstop.StorageError("no answer")

    with monkeypatch.context() as patch:
        patch.setattr(FolderStorage, "put", put_and_fail)
        with pytest.raises(backstop.StorageError, match="no answer"):
            erase()
    assert is_intact(store)
    assert [one.rows for one in backstop.snapshots.list(store)] == [20]
    assert erase().complete
    assert "secret" not in stored_text(store)


def test_a_name_has_to_be_clear(run, erase, execute):
    execute("CREATE TABLE public.users (id int PRIMARY KEY); INSERT INTO users VALUES (21)")
    run("DELETE FROM shop.users", "DELETE FROM public.users")
    with pytest.raises(backstop.ConfigurationError, match=r"public\.users or shop\.users"):
        erase("users")
    with pytest.raises(backstop.SnapshotNotFound, match=r"holds rows of shop\.nobody"):
        erase("shop.nobody")
    assert erase("public.users").rows == 1


def test_what_stays_is_stored_byte_for_byte(run, erase, store):
    run("DELETE FROM shop.users")

    def lines():
        (summary,) = backstop.snapshots.list(store)
        repository = Repository(open_storage(store))
        (table,) = repository.load(summary.id).manifest.tables
        return repository.reader(table.objects).read(2**20).splitlines(keepends=True)

    before = lines()
    erase(where="id IN (1, 7, 21)")
    assert lines() == [line for line in before if line.split(b"\t")[0] not in (b"1", b"7", b"21")]


def test_rows_longer_than_what_is_read_at_once_stay_whole(run, erase, execute, store, dsn):
    execute(
        "UPDATE shop.users SET note = (SELECT pg_catalog.string_agg(pg_catalog.md5((g * id)::text),"
        " E'\\n') FROM generate_series(1, 30000) g) WHERE id > 18"
    )
    execute("DELETE FROM shop.users WHERE id = 21")
    without = dump(dsn)
    execute("INSERT INTO shop.users SELECT 21, name, email, mood, note FROM shop.users LIMIT 1")
    run("DELETE FROM shop.users")
    assert erase().rows == 1
    assert is_intact(store)
    (summary,) = backstop.snapshots.list(store)
    backstop.restore(summary.id, storage=store, dsn=dsn)
    assert dump(dsn) == without


class Interrupted(BaseException):
    """What ends a process between two steps."""


def test_an_erasure_that_is_interrupted_anywhere_leaves_the_old_or_the_new(
    run, execute, store, dsn, monkeypatch, tmp_path
):
    run(
        "DELETE FROM shop.users",
        "INSERT INTO shop.users (id, name) VALUES (21, 'x')",
        "INSERT INTO shop.users (id, name) VALUES (21, 'y'), (22, 'z') "
        "ON CONFLICT (id) DO UPDATE SET name = excluded.name",
    )
    whole = everything_stored(store)
    states = set()
    # So that what was left just now is old enough for prune.
    monkeypatch.setattr("backstop.snapshots.retention._IN_PROGRESS", timedelta(days=-1))
    for stop in range(1, 60):
        copy = (tmp_path / f"copy-{stop}").as_uri()
        for name, body in whole.items():
            open_storage(copy).put(name, body)
        calls = iter(range(1, 1000))

        def stopping(original, calls=calls, stop=stop):
            def called(storage, *arguments):
                # From then on nothing works, as in a process that is gone.
                if next(calls) >= stop:
                    raise Interrupted
                return original(storage, *arguments)

            return called

        with monkeypatch.context() as patch:
            for name in ("write", "delete"):
                patch.setattr(FolderStorage, name, stopping(getattr(FolderStorage, name)))
            try:
                backstop.erase("shop.users", THE_PERSON, storage=copy, dsn=dsn)
                finished = True
            except Interrupted:
                finished = False
        assert is_intact(copy)
        states.add(tuple(one.rows for one in backstop.snapshots.list(copy)))
        assert backstop.erase("shop.users", THE_PERSON, storage=copy, dsn=dsn).complete
        assert is_intact(copy)
        assert "secret" not in stored_text(copy)
        backstop.snapshots.prune(copy)
        assert is_intact(copy)
        keys = list(open_storage(copy).list(""))
        assert not any("erasing-" in key for key in keys)
        # Of one table, no row is left to be stored.
        assert len(keys) == len(whole) - 1
        if finished:
            break
    assert stop >= 12
    assert states == {(21, 1), (20, 1), (20, 0)}


def test_another_erasure_at_the_same_moment_is_noticed(run, erase, store, dsn, monkeypatch):
    run("DELETE FROM shop.users")
    put = FolderStorage.put
    done = []

    def put_later(storage, key, body):
        if key.startswith("manifests/") and not done:
            done.append(key)
            # By way of another database, whose locks this one doesn't see.
            monkeypatch.setattr("backstop.erasing._snapshot.wait_for_others", lambda *_: None)
            assert backstop.erase("shop.users", "id = 3", storage=store, dsn=dsn).complete
        put(storage, key, body)

    monkeypatch.setattr(FolderStorage, "put", put_later)
    report = erase()
    assert "at the same moment" in report.snapshots[0].remaining[0]
    assert is_intact(store)
    assert erase().rows == 1
    assert is_intact(store)
    assert [one.rows for one in backstop.snapshots.list(store)] == [19]


def test_a_restore_meanwhile_has_the_old_rows_or_fails(
    run, erase, execute, store, dsn, monkeypatch
):
    run("DELETE FROM shop.users")
    (summary,) = backstop.snapshots.list(store)
    read, erased = FolderStorage.read, []

    def read_after_erasure(storage, key):
        if key.startswith("data/") and not erased:
            erased.append(key)
            backstop.erase("shop.users", THE_PERSON, storage=store, dsn=dsn)
        return read(storage, key)

    monkeypatch.setattr(FolderStorage, "read", read_after_erasure)
    with pytest.raises(backstop.ObjectNotFound):
        backstop.restore(summary.id, storage=store, dsn=dsn)
    assert execute("SELECT count(*) FROM shop.users") == [(0,)]


def test_encrypted_snapshots_need_the_key_and_stay_encrypted(run, erase, store, dsn, tmp_path):
    pyrage = pytest.importorskip("pyrage")
    identities = [pyrage.x25519.Identity.generate() for _ in range(2)]
    for number, identity in enumerate(identities):
        (tmp_path / f"{number}.txt").write_text(str(identity))
    to = [str(identity.to_public()) for identity in identities]
    run("DELETE FROM shop.users WHERE id > 20", encrypt_to=to)
    run("DROP TABLE shop.users", encrypt_to=to[:1])
    before = everything_stored(store)
    report = erase()
    assert [one.rows for one in report.snapshots] == [0, 0]
    assert all("is encrypted" in one.remaining[0] for one in report.snapshots)
    report = erase(identity=tmp_path / "1.txt")
    assert [(one.rows, one.complete) for one in report.snapshots] == [(1, True), (0, False)]
    assert everything_stored(store) != before
    run("CREATE TABLE shop.users (id int)")
    assert erase(identity=tmp_path / "0.txt", where="id = 20").rows == 1
    for number in (0, 1):
        first, *_ = backstop.snapshots.list(store)
        assert (
            backstop.snapshots.verify(first.id, store, identity=tmp_path / f"{number}.txt").problems
            == ()
        )
    data = [name for name in everything_stored(store) if "erased" in name]
    assert data
    assert all(name.endswith(".age") for name in data)


def test_encrypted_rows_that_refer_to_erased_ones_are_named(run, erase, execute, store, tmp_path):
    pyrage = pytest.importorskip("pyrage")
    identity = pyrage.x25519.Identity.generate()
    (tmp_path / "key.txt").write_text(str(identity))
    execute(
        "CREATE TABLE shop.orders (id int PRIMARY KEY, user_id int REFERENCES shop.users);"
        "INSERT INTO shop.orders VALUES (1, 21)"
    )
    # Only its definitions tell of the key now, and these are sealed.
    run("DROP TABLE shop.users, shop.orders", encrypt_to=[str(identity.to_public())])
    (one,) = erase(identity=tmp_path / "key.txt").snapshots
    assert (one.rows, one.referring) == (1, ("shop.orders",))


def test_a_bucket_is_erased_from_too(run, erase, rclone_endpoint, dsn, execute):
    url = rclone_endpoint.create_bucket()
    run("DELETE FROM shop.users", storage=url)
    assert erase(storage=url).complete
    assert is_intact(url)
    (summary,) = backstop.snapshots.list(url)
    backstop.restore(summary.id, storage=url, dsn=dsn)
    assert execute("SELECT count(*) FROM shop.users") == [(20,)]


def test_what_a_lock_of_the_bucket_keeps_is_named(run, erase, moto_endpoint, dsn, capsys):
    name = f"locked-{identifiers.new_id()}"
    moto_endpoint.client.create_bucket(Bucket=name, ObjectLockEnabledForBucket=True)
    url = f"s3://{name}@{moto_endpoint.url}?object_lock=30d"
    run("DELETE FROM shop.users", storage=url)
    arguments = ["--storage", url, "--dsn", dsn, "--erase", "users", "--where", THE_PERSON]
    # Also as long as they are only to be kept, and by everyone who asks later.
    for options in (["--dry-run"], [], [], ["--dry-run"]):
        assert main(["snapshots", "prune", *arguments, *options]) == 3
        assert "earlier versions, which the bucket keeps until 20" in capsys.readouterr().err
    assert is_intact(url)
    assert [one.rows for one in backstop.snapshots.list(url)] == [20]


def test_the_command_line_says_the_same(run, store, dsn, capsys):
    run("DELETE FROM shop.users")
    command = ["snapshots", "prune", "--storage", store, "--dsn", dsn, "--erase", "users"]
    assert main([*command, "--where", THE_PERSON, "--dry-run"]) == 0
    (summary,) = backstop.snapshots.list(store)
    assert f"{summary.id}: 1 rows of shop.users" in capsys.readouterr().out
    assert main([*command, "--where", THE_PERSON, "--json"]) == 0
    document = json.loads(capsys.readouterr().out)
    assert (document["rows"], document["complete"], document["dry_run"]) == (1, True, False)
    assert document["snapshots"][0]["id"] == summary.id
    assert main([*command, "--where", THE_PERSON]) == 0
    assert "No saved row of shop.users was found" in capsys.readouterr().err
    assert main([*command, "--where", "nothing = 7"]) == 3
    assert "Not erased" in capsys.readouterr().err
    assert main([*command[:-1], "nobody", "--where", THE_PERSON]) == 4
    assert main(["snapshots", "show", summary.id, "--storage", store]) == 0
    assert "1 row of shop.users was erased on request" in capsys.readouterr().out


def test_options_that_do_not_go_together_are_refused(store, capsys):
    for options, said in (
        (["--erase", "users"], "--erase needs --where"),
        (["--where", "id = 7"], "needs --erase"),
        (["--erase", "users", "--where", "id = 7", "--keep-last", "3"], "run prune twice"),
    ):
        assert main(["snapshots", "prune", "--storage", store, *options]) == 2
        assert said in " ".join(capsys.readouterr().err.split())


def test_a_lost_connection_is_told_and_no_condition_with_it(run, store, dsn):
    run("DELETE FROM shop.users")
    with pytest.raises(backstop.ConnectionFailed, match="Run it again"):
        backstop.erase(
            "shop.users",
            "pg_terminate_backend(pg_backend_pid()) AND name = 'Ada'",
            storage=store,
            dsn=dsn,
        )
    assert is_intact(store)


def test_a_connection_of_the_users_is_left_idle(run, store, connect):
    run("DELETE FROM shop.users")
    with closing(connect()) as connection:
        assert backstop.erase("shop.users", THE_PERSON, storage=store, conn=connection).rows == 1
        assert connection.status == psycopg2.extensions.STATUS_READY
