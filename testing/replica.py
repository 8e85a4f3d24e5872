"""A hot standby of an embedded server, where the server's programs can make one."""

from __future__ import annotations

import contextlib
import os
import subprocess
import time
from typing import TYPE_CHECKING, Any

import psycopg2
import pytest

from backstop.embedded._supervisor import free_port

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from backstop.embedded import EmbeddedServer

# What a primary needs that it is to be copied from.
PRIMARY_SETTINGS = {"wal_level": "replica", "max_wal_senders": "4"}

_START_TIMEOUT = 20.0


@contextlib.contextmanager
def replica_of(primary: EmbeddedServer) -> Iterator[str]:
    """Give the DSN of a replica; skip the test where the programs can't make one."""
    copy, postgres = (primary.binaries.folder / name for name in ("pg_basebackup", "postgres"))
    if not copy.exists():
        pytest.skip("the server's programs hold no pg_basebackup")
    folder = primary.folder / "replica"
    folder.mkdir(mode=0o700)
    owner = (primary.folder / "socket").stat()
    os.chown(folder, owner.st_uid, owner.st_gid)
    port = free_port()
    # Each is started as the account that the primary runs as.
    account: dict[str, Any] = {"cwd": folder, "env": {"LC_ALL": "C"}, "stdin": subprocess.DEVNULL}
    if os.geteuid() == 0:
        account.update(user=owner.st_uid, group=owner.st_gid, extra_groups=[])
    login = ["-h", "127.0.0.1", "-p", str(primary.port), "-U", "postgres"]
    subprocess.run(
        [copy, *login, "-D", folder / "data", "-R", "-X", "stream", "-c", "fast"],
        check=True,
        **account,
    )
    sockets = f"unix_socket_directories={folder}"
    with (folder.parent / "replica.log").open("wb") as log:
        server = subprocess.Popen(
            [postgres, "-D", folder / "data", "-p", str(port), "-c", sockets],
            stdout=log,
            stderr=log,
            **account,
        )
    try:
        dsn = f"postgresql://postgres@127.0.0.1:{port}/postgres"
        _wait_for(dsn, folder.parent / "replica.log")
        yield dsn
    finally:
        server.terminate()
        server.kill()
        server.wait()


def _wait_for(dsn: str, log: Path) -> None:
    deadline = time.monotonic() + _START_TIMEOUT
    while True:
        try:
            psycopg2.connect(dsn).close()
        except psycopg2.OperationalError:
            if time.monotonic() > deadline:
                raise AssertionError(log.read_text(errors="replace")) from None
            time.sleep(0.05)
        else:
            return
