"""The demo proves what it says, fails when its restore is taken out, and leaves nothing behind."""

from __future__ import annotations

import json
import logging
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Callable, NamedTuple

import psycopg2
import pytest

import backstop
from backstop.cli import main
from testing.dumps import dump

if TYPE_CHECKING:
    from backstop.recovery import RestoreReport


class Answer(NamedTuple):
    code: int
    out: str
    err: str


Demo = Callable[..., Answer]


@pytest.fixture
def demo(capsys: pytest.CaptureFixture[str], dsn: str) -> Demo:
    """Run the demo in this process, on the test's database."""

    def call(*arguments: str) -> Answer:
        capsys.readouterr()
        code = main(["demo", "--dsn", dsn, *arguments])
        return Answer(code, *capsys.readouterr())

    return call


@pytest.fixture
def temporary() -> Iterator[Path]:
    """Give a temporary folder that the embedded server's user may enter, too."""
    folder = Path(tempfile.mkdtemp(prefix="backstop-test-demo-"))
    folder.chmod(0o755)
    yield folder
    shutil.rmtree(folder, ignore_errors=True)


def start(temporary: Path, *arguments: str) -> subprocess.Popen[str]:
    """Start the demo as a process of its own, among variables that must not lead it astray."""
    environment = {
        **os.environ,
        "TMPDIR": str(temporary),
        "PYTHONUNBUFFERED": "1",
        "BACKSTOP_DSN": "dbname=production",
        "BACKSTOP_STORAGE": "s3://production",
        "BACKSTOP_MODE": "nonsense",
    }
    if "--dsn" not in arguments:
        environment["PGSSLMODE"] = "require"
    return subprocess.Popen(
        [sys.executable, "-m", "backstop", "demo", *arguments],
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        encoding="utf-8",
    )


def processes_of(folder: Path) -> list[str]:
    found = []
    for place in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            command = place.read_bytes().replace(b"\0", b" ").decode(errors="replace")
        except OSError:
            continue  # it has just ended
        if str(folder) in command:
            found.append(command)
    return found


def assert_nothing_left(temporary: Path) -> None:
    deadline = time.monotonic() + 20
    while any(temporary.iterdir()) or processes_of(temporary):
        if time.monotonic() > deadline:
            pytest.fail(f"{list(temporary.rglob('*'))[:10]}, {processes_of(temporary)}")
        time.sleep(0.05)


def schemas(dsn: str) -> list[Any]:
    with closing(psycopg2.connect(dsn)) as connection, connection.cursor() as cursor:
        cursor.execute("SELECT nspname FROM pg_namespace WHERE nspname LIKE 'backstop%'")
        return cursor.fetchall()


def test_on_a_server_of_its_own_everything_comes_back_and_nothing_stays(temporary: Path) -> None:
    with start(temporary, "--json") as process:
        out, story = process.communicate(timeout=120)
    assert process.returncode == 0, story
    document = json.loads(out)
    assert document["complete"] is True
    assert document["seconds"] < 30
    assert len(document["snapshots"]) == 2
    assert document["problems"] == []
    by_name = {table["table"]: table for table in document["tables"]}
    assert set(by_name) == {f"backstop_demo.{name}" for name in ("customers", "products", "orders")}
    assert by_name["backstop_demo.customers"]["destroyed"]["rows"] is None
    assert by_name["backstop_demo.orders"]["destroyed"]["rows"] == 0
    for table in by_name.values():
        assert table["same"] is True
        assert table["before"] == table["after"]
    assert "StatementBlocked" in story
    assert_nothing_left(temporary)


def test_it_shows_each_mode_the_log_the_snapshots_the_plan_and_the_proof(
    demo: Demo, tmp_path: Path
) -> None:
    handlers = list(logging.getLogger("backstop").handlers)
    answer = demo()
    assert (answer.code, answer.err) == (0, "")
    told = iter(answer.out.splitlines())
    for wanted in (
        "Mode monitor",
        "CRITICAL in mode monitor",
        "5,000 rows deleted",
        "Mode block",
        "StatementBlocked: ",
        "Mode protect",
        "agent > DELETE FROM backstop_demo.orders",
        "agent > DROP TABLE backstop_demo.customers CASCADE",
        "dropped",
        "The snapshots",
        "demo-agent",
        "Plan",
        "100%",
        "The proof",
        "✓",
        "Everything came back",
    ):
        assert any(wanted in line for line in told), wanted
    assert logging.getLogger("backstop").handlers == handlers


def test_a_database_and_a_storage_of_the_users_stay_as_they_were(
    demo: Demo, dsn: str, tmp_path: Path
) -> None:
    before = dump(dsn)
    storage = (tmp_path / "store").as_uri()
    answer = demo("--storage", storage)
    assert answer.code == 0
    assert dump(dsn) == before
    assert len(backstop.snapshots.list(storage)) == 2
    assert "2 snapshots stay in" in answer.out
    assert "prune" in answer.out
    # What others have there is no snapshot of the demo's.
    assert demo("--storage", storage).code == 0
    assert dsn not in answer.out + answer.err


def test_a_schema_that_exists_is_left_alone(demo: Demo, dsn: str) -> None:
    with closing(psycopg2.connect(dsn)) as connection, connection:
        connection.cursor().execute("CREATE SCHEMA backstop_demo CREATE TABLE orders (id int)")
    before = dump(dsn)
    answer = demo()
    assert answer.code == 1
    assert "has a schema backstop_demo already" in answer.err
    assert dump(dsn) == before


def test_a_wrong_place_is_said_before_anything_is_made(demo: Demo, dsn: str) -> None:
    assert demo("--storage", "ftp://host").code == 2
    assert demo("--storage", "file:///proc/nothing").code == 6
    assert schemas(dsn) == []
    answer = demo("--dsn", "postgresql://me:topsecret@127.0.0.1:1/db")
    assert answer.code == 1
    assert "topsecret" not in answer.out + answer.err


def test_it_fails_when_its_restore_is_taken_out(
    demo: Demo, dsn: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = backstop.restore

    def pretend(snapshot_id: str, **arguments: Any) -> RestoreReport:
        report = whole(snapshot_id, **{**arguments, "dry_run": True})
        report.applied = True
        return report

    monkeypatch.setattr(backstop, "restore", pretend)
    answer = demo("--json")
    assert answer.code == 1
    document = json.loads(answer.out)
    assert document["complete"] is False
    assert [table["same"] for table in document["tables"]] == [False, True, False]
    assert "NOT everything came back" in answer.err
    assert schemas(dsn) == []


def test_it_fails_when_a_restore_is_incomplete(demo: Demo, monkeypatch: pytest.MonkeyPatch) -> None:
    whole = backstop.restore

    def admit(snapshot_id: str, **arguments: Any) -> RestoreReport:
        report = whole(snapshot_id, **arguments)
        return replace(report, problems=["The owner of something is gone."])

    monkeypatch.setattr(backstop, "restore", admit)
    answer = demo()
    assert answer.code == 1
    assert "The owner of something is gone." in answer.out


def test_it_fails_when_nothing_was_saved(demo: Demo, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(backstop.snapshots, "list", lambda _storage: [])
    assert demo().code == 1


@pytest.mark.parametrize("moment", ["The shop", "Mode monitor", "Mode protect", "The way back"])
def test_interrupted_it_leaves_neither_process_nor_file(temporary: Path, moment: str) -> None:
    with start(temporary) as process:
        stop_at(process, moment, signal.SIGINT)
        out, err = process.communicate(timeout=60)
    assert process.returncode == 130, out + err
    assert "Traceback" not in err
    assert_nothing_left(temporary)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_interrupted_it_leaves_no_schema(temporary: Path, dsn: str, number: signal.Signals) -> None:
    with start(temporary, "--dsn", dsn) as process:
        stop_at(process, "Mode protect", number)
        out, err = process.communicate(timeout=60)
    assert process.returncode == 130, out + err
    assert schemas(dsn) == []
    assert_nothing_left(temporary)


def test_killed_it_leaves_neither_process_nor_file(temporary: Path) -> None:
    with start(temporary) as process:
        stop_at(process, "Mode protect", signal.SIGKILL)
        process.communicate(timeout=60)
    assert_nothing_left(temporary)


def stop_at(process: subprocess.Popen[str], moment: str, number: signal.Signals) -> None:
    assert process.stdout is not None
    for line in process.stdout:
        if moment in line:
            process.send_signal(number)
            return
    pytest.fail(f"never came to {moment!r}")
