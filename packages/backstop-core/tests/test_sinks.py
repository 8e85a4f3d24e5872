"""Sinks of events: they get every event, and harm nobody when they fail or block."""

from __future__ import annotations

import json
import logging
import multiprocessing
import os
import stat
import subprocess
import sys
import threading
import time

import pytest

import backstop
from backstop.audience import Audience
from backstop.audit import Event
from backstop.context import Context
from backstop.errors import SnapshotFailed
from backstop.modes import Action
from backstop.settings import build_settings
from backstop.sinks import audit_file, listener


def event(sql="DELETE FROM orders", action=Action.RUN, **fields):
    mode = backstop.Mode.PROTECT
    return Event(backstop.classify(sql), mode, "tester", Context(), action, **fields)


def audience(tmp_path, **options):
    return Audience(build_settings((tmp_path / "store").as_uri(), "tester", **options))


def lines(path):
    return [json.loads(line) for line in path.read_text("ascii").splitlines()]


@pytest.fixture
def path(tmp_path):
    return tmp_path / "logs" / "audit.jsonl"


def test_a_line_holds_the_event_by_its_public_names(tmp_path, path):
    failure = SnapshotFailed("no room\nat all")
    audience(tmp_path, audit=path.as_uri()).record(event(snapshot_failure=failure))
    assert backstop.flush_events()
    (found,) = lines(path)
    assert found.pop("time").endswith("+00:00")
    assert found.pop("process.pid") == os.getpid()
    assert found == {
        "severity": "ERROR",
        "db.system.name": "postgresql",
        "db.operation.name": "DELETE",
        "db.collection.name": "orders",
        "db.query.summary": "DELETE orders",
        "backstop.risk.level": "CRITICAL",
        "backstop.risk.reason": event().result.reason,
        "backstop.mode": "protect",
        "backstop.actor": "tester",
        "backstop.action": "run",
        "backstop.duration": 0.0,
        "backstop.snapshot.error": "no room\nat all",
    }


def test_only_the_owner_may_read_the_file(path):
    umask = os.umask(0)
    try:
        audit_file(str(path)).send({"n": 1})
        assert backstop.flush_events()
    finally:
        os.umask(umask)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700


def test_a_statement_at_risk_is_in_the_file_when_it_has_run(tmp_path, path):
    heard = audience(tmp_path, audit=path.as_uri())
    for number in range(1, 20):
        heard.record(event())
        assert len(lines(path)) == number


def test_a_file_that_was_renamed_is_followed_by_a_new_one(path):
    sink = audit_file(str(path))
    for number in range(4):
        sink.send({"n": number})
        assert backstop.flush_events()
        if number == 1:
            path.rename(path.with_suffix(".1"))
    assert [line["n"] for line in lines(path.with_suffix(".1"))] == [0, 1]
    assert [line["n"] for line in lines(path)] == [2, 3]


def test_a_file_that_was_copied_and_emptied_goes_on(path):
    sink = audit_file(str(path))
    for number in range(3):
        sink.send({"n": number})
        assert backstop.flush_events()
        if number == 1:
            os.truncate(path, 0)
    assert [line["n"] for line in lines(path)] == [2]


_WRITER = """
import sys
from backstop.sinks import audit_file
sink = audit_file(sys.argv[1])
for number in range(500):
    sink.send({"writer": sys.argv[2], "n": number, "padding": "x" * 3000})
"""


def test_eight_processes_append_whole_lines_and_lose_none_at_their_end(path):
    writers = [
        subprocess.Popen([sys.executable, "-c", _WRITER, str(path), str(number)])
        for number in range(8)
    ]
    assert [writer.wait(60) for writer in writers] == [0] * 8
    found = lines(path)
    assert len(found) == 8 * 500
    for number in range(8):
        assert [one["n"] for one in found if one["writer"] == str(number)] == list(range(500))


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")
@pytest.mark.filterwarnings("ignore:.*fork:DeprecationWarning")
def test_a_forked_process_writes_its_own_events_once(path):
    sink = audit_file(str(path))
    sink.send({"from": "parent"})
    child = multiprocessing.get_context("fork").Process(target=_send_and_flush, args=(sink,))
    child.start()
    child.join(20)
    assert child.exitcode == 0
    assert backstop.flush_events()
    assert sorted(line["from"] for line in lines(path)) == ["child", "parent"]


def _send_and_flush(sink):
    sink.send({"from": "child"})
    backstop.flush_events()


def test_a_disk_that_is_full_is_told_once_and_the_next_line_is_whole(path, caplog, monkeypatch):
    sink = audit_file(str(path))
    write = os.write
    monkeypatch.setattr(os, "write", lambda descriptor, data: write(descriptor, data[:5]))
    for _ in range(50):
        sink.send({"n": 1})
    assert backstop.flush_events()
    monkeypatch.undo()
    sink.send({"n": 2})
    assert backstop.flush_events()
    assert json.loads(path.read_text().splitlines()[-1]) == {"n": 2}
    (record,) = [one for one in caplog.records if one.name == "backstop.events"]
    assert "is the disk full?" in record.getMessage()


@pytest.mark.parametrize("action", [Action.RUN, Action.BLOCK])
def test_a_sink_that_fails_is_told_once_and_reaches_nobody(tmp_path, caplog, action):
    def fail(event):
        raise RuntimeError("secret-value")

    heard = []
    both = audience(tmp_path, on_event=[fail, heard.append])
    for _ in range(100):
        both.record(event(action=action))
    assert backstop.flush_events()
    assert len(heard) == 100
    (record,) = [one for one in caplog.records if one.name == "backstop.events"]
    assert "RuntimeError" in record.getMessage()
    assert "secret-value" not in caplog.text


def test_a_sink_that_blocks_holds_up_no_statement_and_no_other_sink(tmp_path, path, caplog):
    stuck, heard = threading.Event(), []
    all_of_them = audience(
        tmp_path,
        audit=path.as_uri(),
        on_event=[lambda event: stuck.wait(60), heard.append],
    )
    started = time.perf_counter()
    for _ in range(200):
        all_of_them.record(event())
    assert time.perf_counter() - started < 5
    assert not backstop.flush_events(0.5)
    assert len(heard) == len(lines(path)) == 200
    stuck.set()
    assert backstop.flush_events()


def test_an_audit_file_that_blocks_is_waited_for_once_and_loses_what_no_memory_holds(
    path, caplog, monkeypatch
):
    monkeypatch.setattr("backstop.sinks.background._MOST_WAITING", 50)
    path.parent.mkdir()
    os.mkfifo(path)
    sink = audit_file(str(path))
    started = time.perf_counter()
    for number in range(100):
        sink.send({"n": number}, urgent=True)
    assert time.perf_counter() - started < 2
    (record,) = [one for one in caplog.records if one.name == "backstop.events"]
    assert "is stuck" in record.getMessage()
    with path.open() as pipe:
        first = json.loads(pipe.readline())
        assert first == {"n": 0}
        assert sum(1 for _ in range(50) if pipe.readline()) == 50
    assert backstop.flush_events()


def test_a_log_handler_that_raises_reaches_nobody(tmp_path, path):
    class Broken(logging.Handler):
        def emit(self, record):
            raise RuntimeError

    logger, broken = logging.getLogger("backstop.statement"), Broken()
    logger.addHandler(broken)
    try:
        audience(tmp_path, audit=path.as_uri()).record(event())
    finally:
        logger.removeHandler(broken)
    assert len(lines(path)) == 1


def test_an_event_that_cannot_be_written_down_reaches_nobody(tmp_path, caplog):
    class Unspeakable(backstop.BackstopError):
        def __str__(self):
            raise RuntimeError

    audience(tmp_path, on_event=print).record(event(snapshot_failure=Unspeakable()))
    assert "RuntimeError" in caplog.text


def test_what_a_listener_sends_itself_makes_no_further_events(tmp_path):
    heard = []

    def send_more(document):
        heard.append(document)
        talking.record(event("INSERT INTO audit VALUES (1)"))

    talking = audience(tmp_path, on_event=send_more)
    talking.record(event())
    assert backstop.flush_events()
    assert len(heard) == 1


def test_guards_that_name_the_same_sink_share_it(path):
    assert audit_file(str(path)) is audit_file(str(path))
    assert listener(print) is listener(print)


def test_a_sink_that_nobody_sends_to_has_no_thread(monkeypatch):
    monkeypatch.setattr("backstop.sinks.background._IDLE_SECONDS", 0.01)
    sink = listener(lambda event: None)
    sink.send({})
    assert backstop.flush_events()
    deadline = time.monotonic() + 5
    while sink._thread is not None and time.monotonic() < deadline:
        time.sleep(0.01)
    assert sink._thread is None
    sink.send({})
    assert backstop.flush_events()


def test_everybody_is_deaf_without_a_sink_and_hears_all_with_one(tmp_path):
    alone = audience(tmp_path, mode="monitor")
    assert not alone.wants(backstop.RiskLevel.SAFE)
    assert alone.wants(backstop.RiskLevel.CRITICAL)
    assert audience(tmp_path, mode="monitor", on_event=print).wants(backstop.RiskLevel.SAFE)
