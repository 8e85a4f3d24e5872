"""The verbs that work on snapshots, on a real server and a folder store."""

from __future__ import annotations

import io
import json
import os
import re
import select
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import closing
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any, Callable, NamedTuple

import psycopg2
import pytest
from psycopg2.extensions import make_dsn

import backstop
from backstop.cli import main
from backstop.storage.folder import FolderStorage

pty = pytest.importorskip("pty")


class Answer(NamedTuple):
    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        return json.loads(self.out)


Run = Callable[..., Answer]


@pytest.fixture
def storage(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    url = (tmp_path / "store").as_uri()
    monkeypatch.setenv("BACKSTOP_STORAGE", url)
    return url


@pytest.fixture
def run(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, dsn: str, storage: str
) -> Run:
    monkeypatch.setenv("BACKSTOP_DSN", dsn)
    monkeypatch.setattr(sys, "stdin", io.StringIO())

    def call(*arguments: str) -> Answer:
        capsys.readouterr()
        code = main(arguments)
        return Answer(code, *capsys.readouterr())

    return call


def execute(dsn: str, *statements: str) -> None:
    with closing(psycopg2.connect(dsn)) as connection, connection, connection.cursor() as cursor:
        for sql in statements:
            cursor.execute(sql)


def fetch(dsn: str, sql: str) -> Any:
    with closing(psycopg2.connect(dsn)) as connection, connection.cursor() as cursor:
        cursor.execute(sql)
        return cursor.fetchall()


def destroy(dsn: str, storage: str, sql: str, *, commit: bool = True) -> str:
    """Send one statement under guard; returns the id of its snapshot."""
    with closing(psycopg2.connect(dsn)) as connection:
        agent = backstop.guard(conn=connection, storage=storage, actor="agent", mode="protect")
        agent.cursor().execute(sql)
        agent.commit() if commit else agent.rollback()
    return backstop.snapshots.list(storage)[-1].id


@pytest.fixture
def users(dsn: str) -> str:
    execute(
        dsn,
        "CREATE TABLE users (id serial PRIMARY KEY, name text NOT NULL)",
        "INSERT INTO users (name) SELECT 'user ' || n FROM generate_series(1, 100) AS n",
    )
    return "users"


@pytest.fixture
def deleted(dsn: str, storage: str, users: str) -> str:
    return destroy(dsn, storage, "DELETE FROM users")


def count(dsn: str) -> int:
    ((rows,),) = fetch(dsn, "SELECT count(*) FROM users")
    return int(rows)


def data_file(storage: str, snapshot_id: str) -> Path:
    (found,) = (Path(storage[len("file://") :]) / "data" / snapshot_id).glob("*.zst")
    return found


def test_an_empty_storage_lists_nothing(run: Run) -> None:
    assert run("snapshots", "list", "--json").json == []
    answer = run("snapshots", "list")
    assert (answer.code, answer.out) == (0, "")
    assert "no snapshots" in answer.err


def test_list_json_has_the_documented_shape(run: Run, deleted: str) -> None:
    answer = run("snapshots", "list", "--json")
    assert (answer.code, answer.err) == (0, "")
    (entry,) = answer.json
    created = datetime.fromisoformat(entry.pop("created_at"))
    assert created.utcoffset() == timedelta(0)
    assert entry.pop("bytes") > 0
    assert entry == {
        "id": deleted,
        "operation": "DELETE",
        "level": "CRITICAL",
        "tables": ["public.users"],
        "rows": 100,
        "actor": "agent",
        "status": "succeeded",
        "fate": "committed",
        "pinned": False,
    }


def test_people_see_the_whole_id(run: Run, deleted: str) -> None:
    line = run("snapshots", "list").out.splitlines()[-1]
    assert line.split()[0] == deleted
    assert "public.users" in line
    assert "committed" in line


def test_show_says_what_a_snapshot_holds(run: Run, dsn: str, storage: str, users: str) -> None:
    dropped = destroy(dsn, storage, "DROP TABLE users")
    document = run("snapshots", "show", dropped, "--json").json
    assert document["id"] == dropped
    assert [table["rows"] for table in document["tables"]] == [100]
    assert "table public.users" in [item["identity"] for item in document["objects"]]
    assert document["fate"] == "committed"
    assert document["not_covered"] == []
    people = run("snapshots", "show", dropped).out
    assert "DROP TABLE users" in people
    assert "table public.users" in people


def test_the_ddl_of_show_recreates_the_table(run: Run, dsn: str, storage: str, users: str) -> None:
    dropped = destroy(dsn, storage, "DROP TABLE users")
    execute(dsn, run("snapshots", "show", dropped, "--sql").out)
    assert count(dsn) == 0
    execute(dsn, "INSERT INTO users (name) VALUES ('next')")


def test_verify_finds_every_kind_of_damage(run: Run, storage: str, deleted: str) -> None:
    assert run("snapshots", "verify", deleted).code == 0
    assert run("snapshots", "verify", deleted, "--json").json["intact"] is True
    file = data_file(storage, deleted)
    whole = file.read_bytes()
    for damaged in (whole[:-1], whole[:20] + b"x" + whole[21:], b""):
        file.write_bytes(damaged)
        answer = run("snapshots", "verify", deleted, "--json")
        assert (answer.code, answer.json["intact"]) == (5, False)
        assert answer.json["problems"]
    file.unlink()
    answer = run("snapshots", "verify", deleted)
    assert answer.code == 5
    assert "is damaged" in answer.out


def test_a_damaged_snapshot_restores_nothing(
    run: Run, dsn: str, storage: str, deleted: str
) -> None:
    file = data_file(storage, deleted)
    file.write_bytes(file.read_bytes()[:-1])
    assert run("restore", deleted).code == 5
    file.unlink()
    assert run("restore", deleted).code == 5
    assert count(dsn) == 0


@pytest.mark.parametrize("verb", [["snapshots", "show"], ["snapshots", "verify"], ["restore"]])
def test_what_cannot_be_found_is_4(
    run: Run, dsn: str, storage: str, deleted: str, verb: list[str]
) -> None:
    assert run(*verb, "zzzz").code == 4
    assert run(*verb, "not an id!").code == 4
    execute(dsn, "INSERT INTO users (name) VALUES ('again')")
    destroy(dsn, storage, "DELETE FROM users")
    answer = run(*verb, deleted[:2])
    assert (answer.code, answer.out) == (4, "")
    assert "2 snapshots" in answer.err


def test_unreachable_storage_is_6(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "key")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "topsecret")
    options = "?region=us-east-1&max_attempts=1&connect_timeout=1"
    for verb in (["snapshots", "list"], ["snapshots", "verify", "1"], ["check"]):
        answer = run(*verb, "--storage", f"s3://bucket@http://127.0.0.1:9{options}")
        assert answer.code == 6
        assert "topsecret" not in answer.out + answer.err


def test_storage_that_breaks_off_is_not_taken_for_damage(
    run: Run, deleted: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = FolderStorage.read

    def read(storage: FolderStorage, key: str) -> Iterator[bytes]:
        if key.startswith("data/"):
            raise backstop.StorageUnreachable("The network is down.")
        return whole(storage, key)

    monkeypatch.setattr(FolderStorage, "read", read)
    assert run("snapshots", "verify", deleted).code == 6
    assert run("restore", deleted).code == 6


def test_an_interrupted_restore_is_130_and_changes_nothing(
    run: Run, dsn: str, deleted: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = FolderStorage.read

    def read(storage: FolderStorage, key: str) -> Iterator[bytes]:
        if key.startswith("data/"):
            raise KeyboardInterrupt
        return whole(storage, key)

    monkeypatch.setattr(FolderStorage, "read", read)
    assert run("restore", deleted).code == 130
    assert count(dsn) == 0


def test_a_dry_run_changes_nothing(run: Run, dsn: str, deleted: str) -> None:
    answer = run("restore", deleted, "--dry-run")
    assert (answer.code, answer.err) == (0, "")
    assert "put back up to 100 rows of public.users" in answer.out
    document = run("restore", deleted, "--dry-run", "--json").json
    assert (document["dry_run"], document["applied"], document["complete"]) == (True, False, None)
    assert count(dsn) == 0


def test_restore_brings_it_back_and_does_nothing_the_second_time(
    run: Run, dsn: str, deleted: str
) -> None:
    answer = run("restore", deleted[:-1], "--json")
    assert answer.code == 0
    document = answer.json
    assert (document["applied"], document["complete"]) == (True, True)
    assert [table["inserted"] for table in document["tables"]] == [100]
    assert count(dsn) == 100
    again = run("restore", deleted, "--json")
    assert again.code == 0
    assert [table["unchanged"] for table in again.json["tables"]] == [100]


def test_people_see_plan_and_progress_apart_from_the_report(
    run: Run, dsn: str, deleted: str
) -> None:
    answer = run("restore", deleted)
    assert answer.code == 0
    assert "Plan" in answer.err
    assert "100%" in answer.err
    assert "Everything came back." in answer.out
    assert dsn not in answer.out + answer.err


def test_later_edits_stay_unless_told_otherwise(run: Run, dsn: str, deleted: str) -> None:
    execute(dsn, "INSERT INTO users VALUES (7, 'edited later')")
    aborted = run("restore", deleted, "--on-conflict", "abort")
    assert (aborted.code, aborted.out, count(dsn)) == (1, "", 1)
    answer = run("restore", deleted)
    assert answer.code == 3
    assert "1 rows of public.users were changed after" in answer.out
    assert fetch(dsn, "SELECT name FROM users WHERE id = 7") == [("edited later",)]
    assert run("restore", deleted, "--on-conflict", "overwrite").code == 0
    assert fetch(dsn, "SELECT name FROM users WHERE id = 7") == [("user 7",)]


def test_what_was_rolled_back_needs_no_restore(
    run: Run, dsn: str, storage: str, users: str
) -> None:
    undone = destroy(dsn, storage, "DELETE FROM users", commit=False)
    answer = run("restore", undone)
    assert answer.code == 0
    assert "rolled back" in answer.out
    assert run("restore", undone, "--json").json["nothing_to_do"]
    assert count(dsn) == 100


def test_into_copies_beside(run: Run, dsn: str, deleted: str) -> None:
    assert run("restore", deleted, "--into", "rescued").code == 0
    assert count(dsn) == 0
    assert fetch(dsn, "SELECT count(*) FROM rescued") == [(100,)]
    assert run("restore", deleted, "--into", "a b c").code == 2


def test_a_database_that_does_not_answer_is_1(run: Run, deleted: str) -> None:
    answer = run("restore", deleted, "--dsn", "postgresql://me:topsecret@127.0.0.1:1/db")
    assert (answer.code, answer.out) == (1, "")
    assert "did not accept the connection" in answer.err
    assert "topsecret" not in answer.err


def test_prune_removes_what_is_old_only(run: Run, storage: str, deleted: str) -> None:
    arguments = ("snapshots", "prune", "--json")
    assert run(*arguments, "--keep-within", "1d").json["snapshots"] == []
    nothing = {"leftovers": [], "pinned": [], "locked": [], "unfinished": 0}
    assert run(*arguments).json == {"dry_run": False, "snapshots": [], **nothing}
    time.sleep(0.01)
    planned = run(*arguments, "--keep-within", "0s", "--dry-run")
    assert planned.json == {"dry_run": True, "snapshots": [deleted], **nothing}
    assert [summary.id for summary in backstop.snapshots.list(storage)] == [deleted]
    answer = run("snapshots", "prune", "--keep-within", "0s")
    assert answer.code == 0
    assert deleted in answer.out
    assert backstop.snapshots.list(storage) == []


def test_a_pinned_snapshot_stays_until_its_pin_is_taken(
    run: Run, storage: str, deleted: str
) -> None:
    prune = ("snapshots", "prune", "--keep-within", "0s", "--json")
    assert run("snapshots", "pin", deleted[:13], "--json").json == {"id": deleted, "pinned": True}
    assert run("snapshots", "list", "--json").json[0]["pinned"] is True
    assert "committed, pinned" in run("snapshots", "list").out
    kept = run(*prune).json
    assert (kept["snapshots"], kept["pinned"]) == ([], [deleted])
    assert deleted in run("snapshots", "prune", "--keep-within", "0s").err
    assert "not pinned" in run("snapshots", "unpin", deleted).out
    assert run(*prune).json["snapshots"] == [deleted]
    assert run("snapshots", "pin", deleted).code == 4


def test_the_rules_of_prune_are_options(run: Run, dsn: str, storage: str, users: str) -> None:
    made = []
    for _ in range(3):
        made.append(destroy(dsn, storage, "DELETE FROM users"))
        execute(dsn, "INSERT INTO users (name) VALUES ('again')")
    prune = ("snapshots", "prune", "--json")
    assert run(*prune, "--keep-last", "0").code == 2
    assert run(*prune, "--keep-last", "1", "--keep-actor", "agent").json["snapshots"] == []
    planned = run(*prune, "--keep-last", "1", "--keep-actor", "other-*", "--dry-run")
    assert planned.json["snapshots"] == made[:2]
    assert run(*prune, "--keep-last", "1").json["snapshots"] == made[:2]
    assert [summary.id for summary in backstop.snapshots.list(storage)] == made[2:]


def test_check_finds_nothing_wrong(run: Run, storage: str, users: str) -> None:
    answer = run("check", "--json")
    assert answer.code == 0
    document = answer.json
    assert document["ok"] is True
    assert document["storage"] == {
        "url": storage,
        "writable": True,
        "readable": True,
        "deletable": True,
        "clock_skew": None,
    }
    assert document["database"]["tables"] == 1
    assert document["database"]["unreadable"] == []
    assert run("check").out.count("ok") == 3


def test_check_names_what_it_cannot_save(
    run: Run, dsn: str, users: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    role = f"clerk_{os.getpid()}"
    execute(
        dsn,
        f"CREATE ROLE {role} LOGIN",
        "CREATE TABLE blind (id int)",
        "CREATE TABLE one_column (id int, other int)",
        "CREATE TABLE hidden (id int)",
        "ALTER TABLE hidden ENABLE ROW LEVEL SECURITY",
        "CREATE TABLE reachable (id int)",
        f"GRANT DELETE ON blind TO {role}",
        f"GRANT SELECT, UPDATE (other) ON one_column TO {role}",
        f"GRANT SELECT, DELETE ON hidden, reachable TO {role}",
    )
    try:
        monkeypatch.setenv("BACKSTOP_DSN", make_dsn(dsn, user=role))
        answer = run("check", "--json")
        assert answer.code == 3
        found = answer.json["database"]
        assert found["unsavable"] == ["public.blind", "public.one_column"]
        assert found["unreadable"] == ["public.blind", "public.users"]
        assert found["filtered"] == ["public.hidden"]
        assert found["user"] == role
        assert len(found["not_owned"]) == 5
        assert found["table_checks"][1] == {
            "table": "public.hidden",
            "problems": [],
            "warnings": ["row security may hide rows from the role"],
        }
        shown = run("check").out
        assert "public.one_column: the role may change it, and not lock it" in shown
        assert "public.blind: the role may change it, and not read all of it" in shown
    finally:
        execute(dsn, f"DROP OWNED BY {role}", f"DROP ROLE {role}")


def test_check_tries_what_rights_alone_do_not_tell(run: Run, dsn: str, users: str) -> None:
    # A table that somebody holds is busy, and not waited for.
    execute(dsn, 'CREATE TABLE "Odd ""name" (id int)')
    with closing(psycopg2.connect(dsn)) as other, other.cursor() as holding:
        holding.execute("LOCK TABLE users")
        answer = run("check", "--json")
        assert answer.code == 0
        assert answer.json["database"]["busy"] == ["public.users"]
        (told,) = answer.json["database"]["table_checks"]
        assert "SQLSTATE 55P03" in told["warnings"][0]
    assert run("check", "--json").json["database"]["table_checks"] == []


def test_check_leaves_no_lock_and_no_change(run: Run, dsn: str, users: str) -> None:
    execute(
        dsn,
        "CREATE FUNCTION noted() RETURNS bool LANGUAGE plpgsql AS "
        "'BEGIN INSERT INTO notes VALUES (1); RETURN true; END'",
        "CREATE TABLE notes (id int)",
        "CREATE TABLE checked (id int)",
        "INSERT INTO checked VALUES (1)",
        "ALTER TABLE checked ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY",
        "CREATE POLICY noting ON checked USING (noted())",
    )
    role = f"owner_{os.getpid()}"
    execute(dsn, f"CREATE ROLE {role} LOGIN", f"ALTER TABLE checked OWNER TO {role}",
            f"GRANT ALL ON notes TO {role}")  # fmt: skip
    try:
        answer = run("check", "--json", "--dsn", make_dsn(dsn, user=role))
        assert answer.code == 3
        told = {one["table"]: one["problems"] for one in answer.json["database"]["table_checks"]}
        assert "SQLSTATE 25006" in told["public.checked"][0]
        assert fetch(dsn, "SELECT count(*) FROM notes") == [(0,)]
    finally:
        execute(dsn, f"DROP OWNED BY {role} CASCADE", f"DROP ROLE {role}")


def test_check_of_the_last_success_is_for_monitoring(
    run: Run, storage: str, dsn: str, users: str
) -> None:
    watch = ("check", "--storage", storage, "--last-success")
    answer = run(*watch, "1h", "--json", "--dsn", "")
    assert answer.code == 4
    assert (answer.json["ok"], answer.json["last_success"]) == (False, None)
    # Looking writes nothing.
    assert not Path(storage[len("file://") :]).exists()
    made = destroy(dsn, storage, "DELETE FROM users")
    young = run(*watch, "1h", "--json", "--dsn", "")
    assert young.code == 0
    assert young.json["last_success"]["id"] == made
    assert 0 <= young.json["last_success"]["age_seconds"] < 3600
    assert run(*watch, "0s").code == 4
    assert run("check", "--last-success", "soon").code == 2


def test_check_warns_of_a_clock_that_is_off(
    run: Run, storage: str, users: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    in_half_an_hour = datetime.now(timezone.utc) + timedelta(minutes=30)
    monkeypatch.setattr(FolderStorage, "clock", lambda self: in_half_an_hour)
    answer = run("check", "--json")
    assert answer.code == 0
    assert 1700 < answer.json["storage"]["clock_skew"] < 1801
    assert abs(answer.json["database"]["clock_skew"]) < 60
    (warned,) = (one for one in answer.json["checks"] if one["check"] == "clock")
    assert warned["state"] == "warning"
    assert "seconds ahead" in warned["detail"]


def test_check_looks_at_the_database_though_storage_fails(run: Run, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    answer = run("check", "--storage", f"{tmp_path.as_uri()}/file/store", "--json")
    assert answer.code == 6
    assert answer.json["storage"] is None
    assert answer.json["database"]["version"]


@pytest.mark.parametrize(
    ("arguments", "reply", "code"),
    [
        (["restore", "ID"], "n", 1),
        (["restore", "ID"], "y", 0),
        (["restore", "ID"], "\x03", 130),
        (["restore", "ID", "--yes"], "", 0),
        (["snapshots", "prune", "--keep-within", "0s"], "n", 1),
        (["snapshots", "prune", "--keep-within", "0s"], "y", 0),
    ],
)
def test_on_a_terminal_it_asks_first(
    run: Run, dsn: str, storage: str, deleted: str, arguments: list[str], reply: str, code: int
) -> None:
    ours, theirs = pty.openpty()
    command = [deleted if word == "ID" else word for word in arguments]
    process = subprocess.Popen(
        [sys.executable, "-m", "backstop", *command],
        stdin=theirs,
        stderr=theirs,
        stdout=subprocess.PIPE,
        start_new_session=True,
        preexec_fn=lambda: _take_terminal(theirs),
    )
    os.close(theirs)
    shown = _converse(ours, reply)
    assert process.stdout is not None
    process.stdout.read()
    assert process.wait(60) == code
    assert ("[y/N]" in shown) == bool(reply)
    changed = code == 0
    if command[0] == "restore":
        assert count(dsn) == (100 if changed else 0)
    else:
        assert len(backstop.snapshots.list(storage)) == (0 if changed else 1)
    process.stdout.close()


def _take_terminal(terminal: int) -> None:
    import fcntl
    import termios

    fcntl.ioctl(terminal, termios.TIOCSCTTY, 0)


def _converse(terminal: int, reply: str) -> str:
    """Answer the question when it comes; returns all that was shown until the end."""
    shown = b""
    answered = False
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        ready, _, _ = select.select([terminal], [], [], 1)
        if not ready:
            # Python may miss a Ctrl-C that comes just before it waits; people press it again.
            if answered and reply == "\x03":
                os.write(terminal, reply.encode())
            continue
        try:
            piece = os.read(terminal, 4096)
        except OSError:
            break  # the other side has been closed
        if not piece:
            break
        shown += piece
        if reply and not answered and b"[y/N]" in shown:
            answered = True
            os.write(terminal, reply.encode() + (b"" if reply == "\x03" else b"\n"))
    os.close(terminal)
    return shown.decode()


def test_restore_finds_the_last_snapshot_of_a_table(run: Run, deleted: str, dsn: str) -> None:
    answer = run("restore", "--last", "--table", "users", "--json")
    assert (answer.code, count(dsn)) == (0, 100)
    assert answer.json["snapshot_id"] == deleted
    assert answer.json["undo"] is None


def test_restore_lists_what_could_be_meant_and_does_nothing(
    run: Run, deleted: str, dsn: str, storage: str
) -> None:
    execute(dsn, "INSERT INTO users (name) VALUES ('new')")
    second = destroy(dsn, storage, "DELETE FROM users")
    answer = run("restore", "--table", "users")
    assert answer.code == 4
    assert "2 snapshots" in answer.err
    assert answer.out.index(second) < answer.out.index(deleted)
    as_json = run("restore", "--table", "users", "--since", "1h", "--json")
    assert (as_json.code, [entry["id"] for entry in as_json.json]) == (4, [second, deleted])
    assert count(dsn) == 0
    both = run("restore", "--table", "public.users", "--all", "--json")
    assert (both.code, count(dsn)) == (0, 101)
    assert [one["snapshot_id"] for one in both.json["restores"]] == [second, deleted]


def test_restore_puts_only_some_rows_back(run: Run, deleted: str, dsn: str) -> None:
    answer = run("restore", deleted, "--where", "id IN (7, 8)")
    assert (answer.code, count(dsn)) == (0, 2)


def test_restore_says_how_to_undo_it(run: Run, users: str, dsn: str, storage: str) -> None:
    destroy(dsn, storage, "UPDATE users SET name = 'x'")
    answer = run("restore", "--last")
    (undo,) = re.findall("To undo this restore: backstop restore ([0-9a-z]{14})", answer.out)
    assert run("restore", undo).code == 0
    assert fetch(dsn, "SELECT DISTINCT name FROM users") == [("x",)]
    destroy(dsn, storage, "UPDATE users SET name = 'y'")
    assert "To undo" not in run("restore", "--last", "--no-undo").out


@pytest.mark.parametrize("when", ["yesterday", "12", "2026-13-01"])
def test_a_time_that_is_none_is_refused(run: Run, when: str) -> None:
    answer = run("snapshots", "list", "--since", when)
    assert answer.code == 2
    assert "neither a time nor an age" in answer.err


def test_list_shows_what_is_meant(run: Run, deleted: str) -> None:
    moment = (datetime.now(timezone.utc) + timedelta(minutes=1)).isoformat()
    for known in (["--until", moment], ["--actor", "agent"], ["--since", "2020-01-01T00:00Z"]):
        assert [entry["id"] for entry in run("snapshots", "list", *known, "--json").json] == [
            deleted
        ]
    answer = run("snapshots", "list", "--operation", "TRUNCATE")
    assert (answer.code, answer.out, answer.err) == (0, "", "No snapshot is like that.\n")
